//! The waterfall: from the average customer's probability over each reason's points to the customer's own.
//!
//! A row has its words above its bar, and what stands across is a share of the width, so that the words keep their
//! size while the bars grow with the page.
use crate::strings::fill;
use winback_core::agents::data_analyst::display_points;

/// How many reasons have a row of their own; those behind them share one.
const MOST_STEPS: usize = 8;
/// The height of a row, in CSS pixels.
const ROW: i32 = 42;
/// How far below the top of its row a bar begins.
const BAR_TOP: i32 = 21;
/// The height of a bar.
const BAR: i32 = 14;
/// The room below the last row, for the words of the scale.
const SCALE: i32 = 24;
/// The part of the width that bars may take, in per cent; the figures stand in the rest.
const BARS: f64 = 86.0;

/// One reason, for the drawing.
pub(crate) struct Change {
    /// The reason's name for people.
    pub label: String,
    /// Tenths of a percentage point, signed.
    pub tenths: i32,
}

/// The words of the rows that are no reason of their own.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    /// The first row: the average customer.
    pub first: &'static str,
    /// The last row: this customer.
    pub last: &'static str,
    /// The row of the reasons that share one; `{n}` is how many they are.
    pub others: &'static str,
}

/// The drawing, in CSS pixels from top to bottom and in per cent of its width across.
pub(crate) struct Waterfall {
    pub height: i32,
    pub steps: Vec<Step>,
    pub marks: Vec<Mark>,
    /// Where the bars end and the scale begins.
    pub floor: i32,
}

/// One row: a probability from 0, or a reason from where the one above it ended.
pub(crate) struct Step {
    pub label: String,
    /// What stands at the end of the row: `26.5%`, `+12.3`.
    pub figure: String,
    /// `whole`, `raise` or `lower`.
    pub kind: &'static str,
    pub words_y: i32,
    pub bar_y: i32,
    pub x: String,
    pub width: String,
    /// Where the row ends; the next one begins there.
    pub end: String,
    /// How far down the thread to the next row reaches; absent after the last.
    pub thread: Option<(i32, i32)>,
}

/// A line of the scale.
pub(crate) struct Mark {
    pub x: String,
    pub text: String,
    /// How its words stand to it: `start` or `middle`.
    pub anchor: &'static str,
}

/// The ends of the scale, in tenths of a per cent.
struct Scale {
    low: i32,
    high: i32,
}

impl Scale {
    /// Returns the scale on which everything has room: from 0, or below it where the reasons pass it on the way.
    fn of(totals: &[i32]) -> Self {
        let high = totals.iter().copied().max().unwrap_or(0).max(100);
        let low = totals.iter().copied().min().unwrap_or(0).min(0);
        Self { low, high }
    }

    fn share(&self, tenths: i32) -> f64 {
        BARS * f64::from(tenths - self.low) / f64::from(self.high - self.low)
    }

    /// Returns the lines at round probabilities; none where there is no probability.
    fn marks(&self) -> Vec<Mark> {
        let step = match self.high - self.low {
            ..251 => 50,
            251..501 => 100,
            501.. => 250,
        };
        let round = (0..=1000).step_by(step).filter(|tenths| (self.low..=self.high).contains(tenths));
        round
            .map(|tenths| {
                let share = self.share(tenths);
                let anchor = match share {
                    ..4.0 => "start",
                    _ => "middle",
                };
                Mark { x: place(share), text: format!("{}%", tenths / 10), anchor }
            })
            .collect()
    }
}

/// Returns the drawing of some changes, the strongest first, from a probability to another in tenths of a per cent.
pub(crate) fn waterfall(base: i32, changes: &[Change], total: i32, words: Words) -> Waterfall {
    let own = if changes.len() > MOST_STEPS + 1 { MOST_STEPS } else { changes.len() };
    let (own, rest) = changes.split_at(own);
    let mut rows = vec![(words.first.to_owned(), percent(base), "whole", 0, base)];
    let together =
        || Change { label: fill(words.others, &[("n", &rest.len().to_string())]), tenths: rest.iter().map(|change| change.tenths).sum() };
    let rest = (!rest.is_empty()).then(together);
    let mut at = base;
    for change in own.iter().chain(&rest) {
        let kind = if change.tenths < 0 { "lower" } else { "raise" };
        rows.push((change.label.clone(), display_points(change.tenths), kind, at, at + change.tenths));
        at += change.tenths;
    }
    rows.push((words.last.to_owned(), percent(total), "whole", 0, total));
    let scale = Scale::of(&rows.iter().map(|row| row.4).collect::<Vec<_>>());
    let count = rows.len();
    let steps: Vec<Step> = (0..).zip(rows).map(|(row, told)| step(&scale, row, told, row as usize + 1 < count)).collect();
    let floor = ROW * i32::try_from(count).unwrap_or(i32::MAX / ROW);
    Waterfall { height: floor + SCALE, steps, marks: scale.marks(), floor }
}

fn step(scale: &Scale, row: i32, told: (String, String, &'static str, i32, i32), goes_on: bool) -> Step {
    let (label, figure, kind, from, to) = told;
    let (left, right) = (scale.share(from.min(to)), scale.share(from.max(to)));
    let top = row * ROW;
    Step {
        label,
        figure,
        kind,
        words_y: top + 15,
        bar_y: top + BAR_TOP,
        x: place(left),
        width: place((right - left).max(if from == to { 0.0 } else { 0.3 })),
        end: place(scale.share(to)),
        thread: goes_on.then_some((top + BAR_TOP + BAR, top + ROW + BAR_TOP)),
    }
}

fn place(share: f64) -> String {
    format!("{share:.2}%")
}

fn percent(tenths: i32) -> String {
    format!("{}.{}%", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(base: i32, changes: &[i32]) -> Waterfall {
        let total = base + changes.iter().sum::<i32>();
        let changes: Vec<Change> = changes.iter().map(|&tenths| Change { label: "a".into(), tenths }).collect();
        waterfall(base, &changes, total, Words { first: "first", last: "last", others: "{n} others" })
    }

    fn number(text: &str) -> f64 {
        text.trim_end_matches('%').parse().unwrap()
    }

    #[test]
    fn every_row_begins_where_the_one_above_it_ended() {
        for changes in [vec![200, -100, 50], vec![900, -800], vec![-300, 20], vec![5, 4, 3, 3, 2, 2, 1, 1, 1, 0, -1], vec![]] {
            let drawing = drawn(265, &changes);
            for pair in drawing.steps.windows(2).filter(|pair| pair[1].kind != "whole") {
                let (x, width) = (number(&pair[1].x), number(&pair[1].width));
                let starts = [x, x + width].iter().any(|edge| (edge - number(&pair[0].end)).abs() < 0.35);
                assert!(starts, "{changes:?}: {} {}", pair[0].end, pair[1].x);
            }
            let last = drawing.steps.last().unwrap();
            let before = &drawing.steps[drawing.steps.len() - 2];
            assert_eq!(last.end, before.end, "{changes:?}: the points add up to the customer's own probability");
            assert!(drawing.steps.iter().all(|step| number(&step.x) >= 0.0 && number(&step.x) + number(&step.width) <= BARS + 0.31));
        }
    }

    #[test]
    fn the_weakest_reasons_share_a_row_and_none_is_lost() {
        let drawing = drawn(265, &[50, 40, 30, -25, 20, 15, -12, 10, 9, -8, 7, 1]);
        let told: Vec<_> = drawing.steps.iter().map(|step| (step.label.as_str(), step.figure.as_str())).collect();
        assert_eq!((told.len(), told[9], told[10]), (11, ("4 others", "+0.9"), ("last", "40.2%")));
        assert_eq!(drawn(265, &[1; 9]).steps.len(), 11, "one reason alone keeps its own name");
    }

    #[test]
    fn the_scale_names_only_what_can_be() {
        let marks = |drawing: &Waterfall| drawing.marks.iter().map(|mark| mark.text.clone()).collect::<Vec<_>>().join(" ");
        assert_eq!(marks(&drawn(265, &[900, -800])), "0% 25% 50% 75% 100%");
        assert_eq!(marks(&drawn(265, &[-400, 180])), "0% 10% 20%");
        assert_eq!(marks(&drawn(40, &[1])), "0% 5% 10%");
    }
}
