use comparison::report::*;
fn main() {
    let text = std::fs::read_to_string(std::env::args().nth(1).unwrap()).unwrap();
    let mut r: Report = serde_json::from_str(&text).unwrap();
    for row in &mut r.rows {
        for m in &mut row.measures {
            for c in &mut m.cells {
                if let Outcome::NotConclusive { figures, .. } = &c.outcome {
                    c.outcome = Outcome::Measured {
                        figures: figures.clone(),
                    };
                }
                for x in [&mut c.ratio, &mut c.speed_up].into_iter().flatten() {
                    x.verdict = if x.low <= 1.0 && x.high >= 1.0 {
                        Verdict::NoDifference
                    } else if x.value > 1.0 {
                        Verdict::Better
                    } else {
                        Verdict::Worse
                    };
                    x.text = figures::ratio(x.value, x.low, x.high, x.verdict);
                }
                c.best = c.model == "tasks";
                c.text = figures::cell(c, &m.unit, m.shows_speed_up);
            }
        }
    }
    for (i, a) in r.advice.iter_mut().enumerate() {
        a.finding = [
            Finding::Confirmed,
            Finding::Shared,
            Finding::Contradicted,
            Finding::Measured,
        ][i % 4];
    }
    print!("{}", html::written(&r));
}
