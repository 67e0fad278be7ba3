//! Who ran when: a drawing for each model and language, a line a task, a colour for each that ran them.

use crate::report::{Label, Report, Timeline, timeline};
use crate::timeline::{MODELS, TASKS};

use super::markup::{both, escaped, placed};
use super::table::{language, name};

const WIDTH: f64 = 340.0;
const LEFT: f64 = 14.0;
const RIGHT: f64 = 330.0;
const LINE: f64 = 13.0;

/// The section; empty where there are none.
pub fn written(report: &Report) -> String {
    let mut figures = String::new();
    for model in MODELS {
        for (index, of_model) in report.timelines.iter().enumerate() {
            if of_model.model == model {
                figures += &figure(report, of_model, index);
            }
        }
    }
    if figures.is_empty() {
        return String::new();
    }
    let who = both(&Label::new("线程或进程", "thread or process"));
    let swatches: String = (0..TASKS)
        .map(|runner| format!("<span><i class=\"r{runner}\"></i>{runner}</span> "))
        .collect();
    let waits = both(&Label::new("等待", "waiting"));
    let legend = format!(
        "<p class=\"legend\">{who}: {swatches}<span><i class=\"waits\"></i>{waits}</span></p>\n"
    );
    let title = both(&timeline::title());
    let (tasks, scales) = (timeline::tasks(), timeline::scales());
    let signs = Label::new(
        "颜色为运行它的线程或进程；虚线为等待：时间、核或 GIL。",
        "The colour is the thread or process that ran it; a dotted line is waiting: for its time, a core or the GIL.",
    );
    let zh = escaped(&format!("{}{}{}", tasks.zh, scales.zh, signs.zh));
    let en = escaped(&format!("{} {} {}", tasks.en, scales.en, signs.en));
    let text = format!("<p>{zh}</p>\n<p lang=\"en\" class=\"en\">{en}</p>\n");
    format!(
        "<section id=\"timelines\">\n<h2>{title}</h2>\n{text}{legend}<div class=\"pairs\">\n{figures}</div>\n</section>\n"
    )
}

fn figure(report: &Report, of_model: &Timeline, index: usize) -> String {
    let (class, language) = language(of_model.language);
    let seconds = placed(
        "span",
        "figure",
        &format!("/timelines/{index}/text"),
        &of_model.text,
    );
    let label = name(&of_model.model);
    let caption = format!(
        "<span class=\"of {class}\"><b>{language}</b></span> {} {seconds}",
        both(&label)
    );
    let described = format!("{language} {} · {}", escaped(&label.zh), escaped(&label.en));
    let drawing = drawn(of_model, timeline::scale(report, of_model));
    let height = f64::from(TASKS) * LINE + 16.0;
    format!(
        "<figure class=\"card\">\n<figcaption>{caption}</figcaption>\n\
         <svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{described}\">\n{drawing}</svg>\n</figure>\n"
    )
}

fn drawn(of_model: &Timeline, scale: f64) -> String {
    let at = |seconds: f64| LEFT + seconds / scale * (RIGHT - LEFT);
    let bottom = f64::from(TASKS) * LINE;
    let mut text = String::new();
    // Every 20 ms, or every 100 where that would be too many to read.
    let step = if scale > 0.2 { 0.1 } else { 0.02 };
    for tick in (0..)
        .map(|index| f64::from(index) * step)
        .take_while(|tick| *tick <= scale)
    {
        let (x, y, label) = (at(tick), bottom + 12.0, tick * 1e3);
        let unit = if tick == 0.0 { "" } else { " ms" };
        text += &format!(
            "<path class=\"grid\" d=\"M{x:.1} 0V{bottom:.1}\"/>\n<text class=\"tick\" x=\"{x:.1}\" y=\"{y:.1}\">{label:.0}{unit}</text>\n"
        );
    }
    for task in 0..TASKS {
        let (top, baseline) = (f64::from(task) * LINE + 2.0, f64::from(task) * LINE + 10.0);
        text += &format!("<text class=\"task\" x=\"0\" y=\"{baseline:.1}\">{task}</text>\n");
        let spans = || of_model.spans.iter().filter(|span| span.task == task);
        let begin = spans().map(|span| span.begin).reduce(f64::min).map(at);
        let end = spans().map(|span| span.end).reduce(f64::max).map(at);
        if let Some((begin, end)) = begin.zip(end) {
            let middle = top + 4.5;
            text += &format!("<path class=\"waits\" d=\"M{begin:.2} {middle:.1}H{end:.2}\"/>\n");
        }
        for span in spans() {
            let (x, width) = (at(span.begin), (at(span.end) - at(span.begin)).max(0.4));
            let runner = span.runner % TASKS;
            text += &format!(
                "<rect class=\"r{runner}\" x=\"{x:.2}\" y=\"{top}\" width=\"{width:.2}\" height=\"9\"/>\n"
            );
        }
    }
    text
}
