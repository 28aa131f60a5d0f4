//! Geometry of the drawings: where each bar and point stands. The drawings are SVG without script or inline style.
mod curves;
mod losses;
mod waterfall;

pub(crate) use curves::{CostCurve, Span, cost, curve, down, line, spans};
pub(crate) use losses::{Losses, losses};
pub(crate) use waterfall::{Change, Waterfall, Words, waterfall};

use winback_core::model::ReliabilityBin;
use winback_core::risk::{RiskLevel, RiskThresholds};

/// A bar of the histogram, in units of its drawing.
pub(crate) struct Bar {
    pub x: u32,
    pub y: u32,
    pub height: u32,
    /// The risk level that colours it: that of the middle of its range.
    pub level: &'static str,
    /// The range in words: `5–10 %`.
    pub range: String,
    pub customers: u64,
    /// Whether the axis names the lower end.
    pub ticked: bool,
    pub from: usize,
}

/// The height of the tallest bar.
const HEIGHT: u32 = 150;
/// The room above the bars.
const TOP: u32 = 20;

/// Returns one bar for each twentieth, 30 units wide with 2 between.
pub(crate) fn histogram(counts: &[u64], thresholds: &RiskThresholds) -> Vec<Bar> {
    let tallest = counts.iter().copied().max().unwrap_or(0).max(1);
    let share = 100 / counts.len().max(1);
    (0..)
        .zip(counts)
        .map(|(place, &customers)| {
            let scaled = u32::try_from(u128::from(customers) * u128::from(HEIGHT) / u128::from(tallest)).unwrap_or(HEIGHT);
            let height = if customers > 0 { scaled.max(2) } else { 0 };
            let from = place as usize * share;
            let middle = (from as f64 + share as f64 / 2.0) / 100.0;
            let y = TOP + HEIGHT - height;
            let range = format!("{from}–{} %", from + share);
            Bar { x: place * 32, y, height, level: level_at(middle, thresholds), range, customers, ticked: from.is_multiple_of(20), from }
        })
        .collect()
}

fn level_at(probability: f64, thresholds: &RiskThresholds) -> &'static str {
    match probability {
        p if p >= thresholds.high() => RiskLevel::High.tag(),
        p if p >= thresholds.medium() => RiskLevel::Medium.tag(),
        _ => RiskLevel::Low.tag(),
    }
}

/// A bar of points, from the middle line of a drawing 200 units wide.
pub(crate) struct PointBar {
    pub x: i32,
    pub width: i32,
    pub raises: bool,
}

/// Returns the bar of a number of tenths, `widest` being the greatest number of tenths of the drawing.
pub(crate) fn point_bar(tenths: i32, widest: i32) -> PointBar {
    let width = if tenths == 0 { 0 } else { (tenths.abs() * 98 / widest.max(1)).max(1) };
    PointBar { x: if tenths >= 0 { 100 } else { 100 - width }, width, raises: tenths > 0 }
}

/// A point of the reliability diagram in a square of 300 units, the origin below left.
pub(crate) struct Dot {
    pub x: u32,
    pub y: u32,
    pub radius: u32,
    pub from: String,
    pub customers: u64,
    pub mean_score: String,
    pub left: String,
    /// Where the interval begins and ends, from above, and the interval in words; absent on earlier cards.
    pub interval: Option<(u32, u32, String)>,
}

/// Returns one point for each bin that has customers; larger bins have larger points.
pub(crate) fn reliability(bins: &[ReliabilityBin]) -> Vec<Dot> {
    let most = bins.iter().map(|bin| bin.customers).max().unwrap_or(1).max(1) as f64;
    let place = |share: f64| (share.clamp(0.0, 1.0) * 300.0).round() as u32;
    let dot = |bin: &ReliabilityBin| Dot {
        x: place(bin.mean_score),
        y: 300 - place(bin.left),
        radius: 4 + (8.0 * (bin.customers as f64 / most).sqrt()) as u32,
        from: format!("{:.0}–{:.0} %", bin.from * 100.0, bin.from * 100.0 + 10.0),
        customers: bin.customers,
        mean_score: format!("{:.1}%", bin.mean_score * 100.0),
        left: format!("{:.1}%", bin.left * 100.0),
        interval: (bin.high > 0.0).then(|| {
            let words = format!("{:.1}–{:.1}%", bin.low * 100.0, bin.high * 100.0);
            (300 - place(bin.high), 300 - place(bin.low), words)
        }),
    };
    bins.iter().filter(|bin| bin.customers > 0).map(dot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_fit_their_drawing() {
        let counts: Vec<u64> = (0..20).map(|n| n * 1_000_000_000_000).collect();
        let bars = histogram(&counts, &RiskThresholds::default());
        assert!(bars.iter().all(|bar| bar.y + bar.height == TOP + HEIGHT && bar.height <= HEIGHT));
        assert_eq!((bars[0].height, bars[19].height), (0, HEIGHT));
        assert_eq!([bars[7].level, bars[8].level, bars[14].level], ["low", "medium", "high"]);
        assert!(histogram(&[], &RiskThresholds::default()).is_empty());
    }

    #[test]
    fn point_bars_stand_on_their_side_of_the_middle() {
        let check = |tenths: i32, x: i32, width: i32| {
            let bar = point_bar(tenths, 200);
            assert_eq!((bar.x, bar.width), (x, width), "{tenths}");
        };
        check(200, 100, 98);
        check(-200, 2, 98);
        check(0, 100, 0);
        check(1, 100, 1);
        check(-1, 99, 1);
    }
}
