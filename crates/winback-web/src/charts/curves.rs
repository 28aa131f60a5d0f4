//! Lines in a square of 300 units, the origin below left: ROC, precision–recall, what calls bring, effects.
use winback_core::model::{Calls, CurvePoint};

/// The side of the square.
const SIDE: f64 = 300.0;

/// Returns the points of a line for `<polyline>`, x and y from 0 to 1.
pub(crate) fn line(points: impl IntoIterator<Item = (f64, f64)>) -> String {
    let point = |(x, y): (f64, f64)| format!("{:.1},{:.1}", x.clamp(0.0, 1.0) * SIDE, SIDE - y.clamp(0.0, 1.0) * SIDE);
    points.into_iter().map(point).collect::<Vec<_>>().join(" ")
}

/// Returns the points of a curve for `<polyline>`.
pub(crate) fn curve(points: &[CurvePoint]) -> String {
    line(points.iter().map(|point| (point.x, point.y)))
}

/// Returns how far down a share stands in the square.
pub(crate) fn down(share: f64) -> String {
    format!("{:.1}", SIDE - share.clamp(0.0, 1.0) * SIDE)
}

/// What calling more and more customers brings.
pub(crate) struct CostCurve {
    pub precision: String,
    /// The outline of the precision's interval.
    pub band: String,
    pub recall: String,
    /// The most calls, where the square ends.
    pub most: u64,
}

/// Returns the drawing; `None` with fewer than two numbers of calls.
pub(crate) fn cost(calls: &[Calls]) -> Option<CostCurve> {
    let most = calls.iter().map(|calls| calls.calls).max().filter(|_| calls.len() > 1)?;
    let at = |calls: &Calls| calls.calls as f64 / most as f64;
    let upper = calls.iter().map(|calls| (at(calls), calls.precision_high));
    let lower = calls.iter().rev().map(|calls| (at(calls), calls.precision_low));
    Some(CostCurve {
        precision: line(calls.iter().map(|calls| (at(calls), calls.precision))),
        band: line(upper.chain(lower)),
        recall: line(calls.iter().map(|calls| (at(calls), calls.recall))),
        most,
    })
}

/// Where a value and its interval stand, in per cent of the width.
pub(crate) struct Span {
    pub low: String,
    pub high: String,
    pub mean: String,
    /// Where 0 stands.
    pub zero: String,
}

/// Returns where values with their intervals (mean, low, high) stand on a scale that holds all of them and 0.
pub(crate) fn spans(values: &[(f64, f64, f64)]) -> Vec<Span> {
    let least = values.iter().map(|value| value.1).fold(0.0, f64::min);
    let most = values.iter().map(|value| value.2).fold(0.0, f64::max);
    let width = if most > least { most - least } else { 1.0 };
    // A mark stands half over its place, so the ends keep clear of the edge.
    let place = |value: f64| format!("{:.2}%", 2.0 + 96.0 * (value.clamp(least, most) - least) / width);
    let span = |&(mean, low, high): &(f64, f64, f64)| Span { low: place(low), high: place(high), mean: place(mean), zero: place(0.0) };
    values.iter().map(span).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_in_their_square() {
        assert_eq!(line([(0.0, 0.0), (0.5, 0.25), (2.0, -1.0)]), "0.0,300.0 150.0,225.0 300.0,300.0");
        assert_eq!((down(1.0), down(0.0)), ("0.0".into(), "300.0".into()));
        assert_eq!(curve(&[]), "");
    }

    #[test]
    fn the_band_of_a_cost_curve_holds_its_line() {
        let calls = |calls: u64, precision: f64| Calls {
            calls,
            threshold: 0.5,
            left: 1,
            precision,
            precision_low: precision - 0.1,
            precision_high: precision + 0.1,
            recall: 0.5,
            lift: 2.0,
        };
        let drawing = cost(&[calls(100, 0.8), calls(400, 0.5)]).unwrap();
        assert_eq!(drawing.precision, "75.0,60.0 300.0,150.0");
        assert_eq!(drawing.band, "75.0,30.0 300.0,120.0 300.0,180.0 75.0,90.0");
        assert_eq!(drawing.most, 400);
        assert!(cost(&[calls(100, 0.8)]).is_none() && cost(&[]).is_none());
    }

    #[test]
    fn intervals_share_one_scale_with_nothing() {
        let drawn = spans(&[(0.5, 0.2, 1.0), (-0.5, -1.0, 0.1)]);
        let all: Vec<_> =
            drawn.iter().map(|span| (span.low.as_str(), span.mean.as_str(), span.high.as_str(), span.zero.as_str())).collect();
        assert_eq!(all, [("59.60%", "74.00%", "98.00%", "50.00%"), ("2.00%", "26.00%", "54.80%", "50.00%")]);
        assert_eq!(spans(&[(0.0, 0.0, 0.0)])[0].mean, "2.00%");
    }
}
