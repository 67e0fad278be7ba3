//! A bar for each model and language of a measure, with its spread: from 0, or logarithmic where they span decades.

use crate::models;
use crate::report::{Label, MeasureReport, Outcome, Verdict, figures};

use super::markup::{both, escaped, placed};
use super::table::{language, name};

/// In the SVG's units, about pixels on a small screen.
const WIDTH: f64 = 340.0;
const LEFT: f64 = 50.0;
const RIGHT: f64 = 244.0;
const BAR: f64 = 13.0;
const LABEL: f64 = 19.0;

/// From how many times the least on the greatest is drawn on a logarithmic axis.
const DECADES: f64 = 20.0;

/// What a bar shows.
struct Bar<'a> {
    model: &'a str,
    class: &'static str,
    language: &'static str,
    /// The value, the least and the greatest; none where nothing may be claimed.
    values: Option<[f64; 3]>,
    text: &'a str,
    /// Of the text in the JSON.
    place: String,
}

fn bars<'a>(measure: &'a MeasureReport, place: &str) -> Vec<Bar<'a>> {
    let mut bars = Vec::new();
    for (c, cell) in measure.cells.iter().enumerate() {
        let (class, language) = language(cell.language);
        let values = match (&cell.outcome, &cell.speed_up) {
            (Outcome::None { .. }, _) => continue,
            (Outcome::Measured { .. }, Some(ratio)) if measure.shows_speed_up => {
                let claimed = ratio.verdict != Verdict::NotConclusive;
                claimed.then_some([ratio.value, ratio.low, ratio.high])
            }
            // What the others are held against is 1.
            (_, None) if measure.shows_speed_up && cell.model == models::ALL[0].name => continue,
            (Outcome::Measured { figures }, _) => Some([figures.median, figures.low, figures.high]),
            (Outcome::NotConclusive { .. } | Outcome::Failed { .. }, _) => None,
        };
        let Some(text) = cell.text.first() else {
            continue;
        };
        bars.push(Bar {
            model: &cell.model,
            class,
            language,
            values: values
                .filter(|values| values.iter().all(|value| value.is_finite() && *value > 0.0)),
            text,
            place: format!("{place}/cells/{c}/text/0"),
        });
    }
    bars
}

/// The chart, or that there is nothing to draw.
pub fn written(measure: &MeasureReport, place: &str) -> String {
    let bars = bars(measure, place);
    if bars.is_empty() {
        return format!(
            "<p class=\"open\">{}</p>\n",
            both(&Label::new("没有数据", "no figures"))
        );
    }
    if bars.iter().all(|bar| bar.values.is_none()) {
        let place = &bars[0].place;
        return format!("<p>{}</p>\n", placed("span", "open", place, bars[0].text));
    }
    let unit = if measure.shows_speed_up {
        "×"
    } else {
        measure.unit.as_str()
    };
    let axis = Axis::over(bars.iter().filter_map(|bar| bar.values), unit);
    let (mut y, mut text) = (0.0, String::new());
    for model in models::ALL {
        let of_model: Vec<&Bar> = bars.iter().filter(|bar| bar.model == model.name).collect();
        if of_model.is_empty() {
            continue;
        }
        let label = name(model.name);
        let label = format!("{} · {}", escaped(&label.zh), escaped(&label.en));
        text += &format!(
            "<text class=\"model\" x=\"0\" y=\"{:.1}\">{label}</text>\n",
            y + 13.0
        );
        y += LABEL;
        for bar in of_model {
            text += &drawn(bar, axis.as_ref(), y);
            y += BAR;
        }
        y += 3.0;
    }
    if let Some(axis) = &axis {
        text = axis.drawn(y) + &text;
        y += 18.0;
    }
    let title = format!(
        "{} · {}",
        escaped(&measure.label.zh),
        escaped(&measure.label.en)
    );
    let legend = match &axis {
        Some(axis) => format!("<p class=\"axis\">{}</p>\n", both(&axis.label(measure))),
        None => String::new(),
    };
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {y:.0}\" role=\"img\" aria-label=\"{title}\">\n{text}</svg>\n{legend}"
    )
}

fn drawn(bar: &Bar, axis: Option<&Axis>, y: f64) -> String {
    let (class, language) = (bar.class, bar.language);
    let middle = y + BAR / 2.0;
    let baseline = middle + 3.5;
    let mut text = format!(
        "<text class=\"lang\" x=\"{:.0}\" y=\"{baseline:.1}\">{language}</text>\n",
        LEFT - 4.0
    );
    let mut end = LEFT;
    if let Some(([value, low, high], axis)) = bar.values.zip(axis) {
        let [value, low, high] = [value, low, high].map(|value| axis.at(value));
        let (top, height, width) = (y + 2.0, BAR - 4.0, value - LEFT);
        text += &format!(
            "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{width:.1}\" height=\"{height}\"/>\n\
             <path class=\"spread\" d=\"M{low:.1} {middle:.1}H{high:.1}\"/>\n"
        );
        end = value.max(high);
    }
    // Of a failure the first words: all of them are in the table.
    let text_of = match bar.text.split_once(": ") {
        Some((first, _)) => format!("<tspan>{}…</tspan>", escaped(first)),
        None => placed("tspan", "figure", &bar.place, bar.text),
    };
    text + &format!(
        "<text class=\"value\" x=\"{:.1}\" y=\"{baseline:.1}\">{text_of}</text>\n",
        end + 4.0
    )
}

/// From where to where, and how.
struct Axis<'a> {
    from: f64,
    to: f64,
    logarithmic: bool,
    ticks: Vec<f64>,
    unit: &'a str,
}

impl<'a> Axis<'a> {
    /// None where there is no value. Logarithmic ones begin at a tick well below the least value, so that
    /// every bar can be seen.
    fn over(values: impl Iterator<Item = [f64; 3]> + Clone, unit: &'a str) -> Option<Self> {
        let least = values
            .clone()
            .map(|[value, low, _]| low.min(value))
            .reduce(f64::min)?;
        let most = values
            .map(|[value, _, high]| high.max(value))
            .reduce(f64::max)?;
        if most / least < DECADES {
            let step = round_step(most / 4.0);
            let count = (most / step).ceil().max(1.0) as u32;
            return Some(Self {
                from: 0.0,
                to: f64::from(count) * step,
                logarithmic: false,
                ticks: (0..=count).map(|index| f64::from(index) * step).collect(),
                unit,
            });
        }
        let mut ticks: Vec<f64> = decades(unit)
            .filter(|tick| *tick > least / 20.0 && *tick < most * 10.0)
            .collect();
        while ticks.len() > 1 && ticks[1] <= least {
            ticks.remove(0);
        }
        let (from, to) = (*ticks.first()?, ticks.last()?.max(most));
        // As many as can be read beside each other.
        let every = ticks.len().div_ceil(5);
        let ticks = ticks.into_iter().step_by(every).collect();
        Some(Self {
            from: from.min(least / 1.5),
            to,
            logarithmic: true,
            ticks,
            unit,
        })
    }

    fn at(&self, value: f64) -> f64 {
        let share = match self.logarithmic {
            true => (value / self.from).ln() / (self.to / self.from).ln(),
            false => value / self.to,
        };
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }

    fn drawn(&self, bottom: f64) -> String {
        let mut text = String::new();
        for &tick in &self.ticks {
            let (x, y, label) = (self.at(tick), bottom + 11.0, escaped(&self.tick(tick)));
            text += &format!(
                "<path class=\"grid\" d=\"M{x:.1} 2V{bottom:.1}\"/>\n<text class=\"tick\" x=\"{x:.1}\" y=\"{y:.1}\">{label}</text>\n"
            );
        }
        text
    }

    /// A round number: without the digits that it has not.
    fn tick(&self, value: f64) -> String {
        if value == 0.0 {
            return "0".to_owned();
        }
        let text = match self.unit {
            "×" => format!("{value:.2}×"),
            unit => figures::value(value, unit),
        };
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(end);
        let number = match number.contains('.') {
            true => number.trim_end_matches('0').trim_end_matches('.'),
            false => number,
        };
        format!("{number}{unit}")
    }

    fn label(&self, measure: &MeasureReport) -> Label {
        let (zh, en) = match self.unit {
            "s" => ("时间", "time"),
            "B" => ("内存", "memory"),
            "1/s" => ("每秒次数", "per second"),
            "×" => (
                "相对顺序执行的倍数（顺序 = 1）",
                "times as good as sequential (= 1)",
            ),
            _ => ("个数", "number"),
        };
        let (log_zh, log_en) = match self.logarithmic {
            true => ("，对数刻度", ", logarithmic"),
            false => ("", ""),
        };
        let (more_zh, more_en) = match measure.more_is_better || measure.shows_speed_up {
            true => ("越长越好", "longer is better"),
            false => ("越短越好", "shorter is better"),
        };
        Label::new(
            format!("{zh}{log_zh}；{more_zh}"),
            format!("{en}{log_en}; {more_en}"),
        )
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below.
fn round_step(least: f64) -> f64 {
    let power = 10f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let fitting = steps.into_iter().find(|step| *step >= least * 0.999);
    fitting.unwrap_or(10.0 * power)
}

/// Powers of ten from 1e-12 on; of bytes 1, 10 and 100 of each unit.
fn decades(unit: &str) -> impl Iterator<Item = f64> {
    let is_bytes = unit == "B";
    (-12..=18).map(
        move |power: i32| match (is_bytes, power.div_euclid(3), power.rem_euclid(3)) {
            (true, thousands, rest) => 1024f64.powi(thousands) * 10f64.powi(rest),
            (false, ..) => 10f64.powi(power),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(values: &[f64], unit: &'static str) -> (bool, Vec<String>) {
        let values = values.iter().map(|&value| [value; 3]);
        let axis = Axis::over(values, unit).expect("there are values");
        (
            axis.logarithmic,
            axis.ticks.iter().map(|&tick| axis.tick(tick)).collect(),
        )
    }

    #[test]
    fn an_axis_is_logarithmic_where_values_span_decades() {
        let (logarithmic, ticks) = axis(&[12e-6, 150e-6, 3.2e-3], "s");
        assert!(logarithmic);
        assert_eq!(ticks, ["10 µs", "100 µs", "1 ms", "10 ms"]);
        let (logarithmic, ticks) = axis(&[300.0, 9_000.0, 400_000.0], "B");
        assert!(logarithmic);
        assert_eq!(ticks, ["100 B", "1 KiB", "10 KiB", "100 KiB", "1 MiB"]);
    }

    #[test]
    fn else_it_begins_at_nothing_and_has_round_steps() {
        assert_eq!(
            axis(&[1.02, 1.94], "×"),
            (
                false,
                vec!["0", "0.5×", "1×", "1.5×", "2×"]
                    .into_iter()
                    .map(str::to_owned)
                    .collect()
            )
        );
        let (logarithmic, ticks) = axis(&[9_480.0, 1_930.0], "1/s");
        assert!(!logarithmic);
        assert_eq!(ticks, ["0", "5 k/s", "10 k/s"]);
    }

    #[test]
    fn bars_lie_within_the_axis() {
        for values in [&[1e-6, 2.0][..], &[3.0], &[5.0, 5.0], &[19.9, 1.0]] {
            let axis =
                Axis::over(values.iter().map(|&value| [value; 3]), "s").expect("there are values");
            for &value in values {
                let at = axis.at(value);
                assert!(at > LEFT + 1.0 && at <= RIGHT, "{value} at {at}");
            }
        }
    }
}
