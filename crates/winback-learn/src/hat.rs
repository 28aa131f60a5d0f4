//! Broken lines: a value between two knots belongs partly to each (linear B-splines, "hats").

/// Returns a number on a scale on which a step means a ratio and zero stays zero: sign(x) · ln(1 + |x|).
pub fn scale(x: f64) -> f64 {
    x.abs().ln_1p().copysign(x)
}

/// Returns the left knot of a value's interval and the share of the right one; values outside count as the nearest knot.
pub fn place(at: &[f64], value: f64) -> (u16, f64) {
    let last = at.len() - 2;
    let left = at[1..=last].iter().filter(|&&knot| knot <= value).count();
    let share = (value - at[left]) / (at[left + 1] - at[left]);
    (left as u16, share.clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_belongs_to_the_knots_around_it() {
        let at = [0.0, 1.0, 3.0];
        let check = |value: f64, expected: (u16, f64)| assert_eq!(place(&at, value), expected, "{value}");
        check(-9.0, (0, 0.0));
        check(0.25, (0, 0.25));
        check(1.0, (1, 0.0));
        check(2.0, (1, 0.5));
        check(3.0, (1, 1.0));
        check(1e300, (1, 1.0));
        assert_eq!(place(&[0.0, 4.0], 1.0), (0, 0.25));
    }

    #[test]
    fn the_scale_keeps_order_and_sign() {
        let values = [-1e300, -5.0, 0.0, 1e-9, 2.0, 1e300];
        assert!(values.windows(2).all(|pair| scale(pair[0]) < scale(pair[1])));
        assert!(values.iter().all(|&value| scale(value).is_finite() && scale(-value) == -scale(value)));
    }
}
