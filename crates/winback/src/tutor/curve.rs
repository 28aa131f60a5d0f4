//! The losses of a run as a drawing: SVG without script, with its words in the reader's language.
use std::fmt::Write as _;

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 320.0;
/// The room left for the numbers at the axes: left, top, right, bottom.
const MARGIN: [f64; 4] = [56.0, 40.0, 16.0, 36.0];
/// The most points of a line; of longer runs, neighbours are averaged.
const MOST_POINTS: usize = 400;

/// Words in zh-TW, zh-CN and English, as SVG chooses among them (`systemLanguage`); the last one holds for everybody else.
const LEARNED: [&str; 3] = ["學習用的範例", "用于学习的样例", "learned from"];
const KEPT_BACK: [&str; 3] = ["保留的範例", "留出的样例", "kept back"];
const AXES: [&str; 3] = ["每個詞元的損失（nat），依步數", "每个词元的损失（nat），按步数", "loss, nats a token, by step"];

/// Returns the drawing: the loss of each step, and that of the examples kept back where they were tried.
pub fn svg(losses: &[f64], trials: &[(u32, f64)]) -> String {
    let steps = losses.len().max(1) as f64;
    let all = || losses.iter().copied().chain(trials.iter().map(|(_, loss)| *loss)).filter(|loss| loss.is_finite());
    let (least, most) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    let (least, most) = if most > least { (least, most) } else { (least.min(0.0), least.max(0.0) + 1.0) };
    let [left, top, right, bottom] = MARGIN;
    let x = |step: f64| left + (WIDTH - left - right) * step / steps;
    let y = |loss: f64| top + (HEIGHT - top - bottom) * (most - loss.clamp(least, most)) / (most - least);
    let point = |(step, loss): (f64, f64)| format!("{:.1},{:.1}", x(step), y(loss));
    let learned: Vec<String> = averaged(losses).into_iter().map(point).collect();
    let tried: Vec<(f64, f64)> = trials.iter().map(|(step, loss)| (f64::from(*step), *loss)).collect();
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" font-family=\"sans-serif\" font-size=\"12\">\n"
    );
    // Writing to a text cannot fail.
    let _ = writeln!(text, "<rect width=\"{WIDTH}\" height=\"{HEIGHT}\" fill=\"#fff\"/>");
    for share in [0.0, 0.25, 0.5, 0.75, 1.0] {
        let (loss, at) = (least + (most - least) * share, y(least + (most - least) * share));
        let _ = writeln!(text, "<line x1=\"{left}\" x2=\"{:.1}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#ddd\"/>", WIDTH - right);
        let _ = writeln!(text, "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#444\">{loss:.2}</text>", left - 6.0, at + 4.0);
        let step = (steps * share).round();
        let _ = writeln!(
            text,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#444\">{step}</text>",
            x(step),
            HEIGHT - bottom + 16.0
        );
    }
    let _ = writeln!(text, "<polyline points=\"{}\" fill=\"none\" stroke=\"#8aa4c8\"/>", learned.join(" "));
    let line: Vec<String> = tried.iter().copied().map(point).collect();
    let _ = writeln!(text, "<polyline points=\"{}\" fill=\"none\" stroke=\"#b3261e\" stroke-width=\"2\"/>", line.join(" "));
    for (step, loss) in tried {
        let _ = writeln!(text, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"3\" fill=\"#b3261e\"/>", x(step), y(loss));
    }
    text += &words(left, 20.0, "#5a7aa8", LEARNED);
    text += &words(left + 180.0, 20.0, "#b3261e", KEPT_BACK);
    text += &words(left + 330.0, 20.0, "#444", AXES);
    text + "</svg>\n"
}

/// Returns a word in three languages.
fn words(x: f64, y: f64, colour: &str, [taiwan, mainland, english]: [&str; 3]) -> String {
    let text = |languages: &str, word: &str| format!("<text{languages} x=\"{x}\" y=\"{y}\" fill=\"{colour}\">{word}</text>");
    let [taiwan, mainland] = [(" systemLanguage=\"zh-TW,zh-Hant\"", taiwan), (" systemLanguage=\"zh-CN,zh-Hans,zh\"", mainland)]
        .map(|(of, word)| text(of, word));
    format!("<switch>{taiwan}{mainland}{}</switch>\n", text("", english))
}

/// Returns steps, counted from 1, with their losses; of many, the means of neighbours.
fn averaged(losses: &[f64]) -> Vec<(f64, f64)> {
    let some = losses.len().div_ceil(MOST_POINTS).max(1);
    let mean = |(at, losses): (usize, &[f64])| {
        let count = losses.len() as f64;
        ((at * some) as f64 + (count + 1.0) / 2.0, losses.iter().sum::<f64>() / count)
    };
    losses.chunks(some).enumerate().map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drawing_holds_every_run() {
        let losses: Vec<f64> = (0..1000).map(|step| 3.0 - f64::from(step) / 500.0).collect();
        let drawn = svg(&losses, &[(0, 3.0), (500, 2.1), (1000, 1.2)]);
        assert_eq!(drawn.matches("<circle").count(), 3);
        assert_eq!((drawn.matches("<switch>").count(), drawn.matches("systemLanguage").count()), (3, 6));
        let inside = |number: &str| number.parse::<f64>().is_ok_and(|number| (0.0..=WIDTH).contains(&number));
        let points = drawn.split("points=\"").nth(1).unwrap().split('"').next().unwrap();
        assert_eq!(points.split(' ').count(), 334);
        assert!(points.split([' ', ',']).all(inside), "{points}");
        for (losses, trials) in [(vec![], vec![]), (vec![1.0], vec![(0, 1.0)]), (vec![f64::NAN, 2.0], vec![(0, 2.0), (2, f64::NAN)])] {
            assert!(svg(&losses, &trials).ends_with("</svg>\n"));
        }
    }
}
