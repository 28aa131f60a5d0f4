//! Gauss–Legendre points. The weight of a coalition of k among n players, k! (n - 1 - k)! / n!, is the integral of
//! t^k (1 - t)^(n - 1 - k) over 0 to 1, so a Shapley value of a product of n factors is the integral of a polynomial
//! of degree n - 1, which half as many points give exactly.

/// Returns points within 0 to 1 and their weights, exact for polynomials of degree 2 `count` - 1.
pub(crate) fn points(count: usize) -> Vec<(f64, f64)> {
    let n = count as f64;
    let point = |place: usize| {
        let mut x = (std::f64::consts::PI * (place as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 1.0;
        for _ in 0..64 {
            let (value, before) = legendre(count, x);
            slope = n * (x * value - before) / (x * x - 1.0);
            let step = value / slope;
            x -= step;
            if step.abs() <= 1e-16 {
                break;
            }
        }
        (0.5 * (1.0 - x), 1.0 / ((1.0 - x * x) * slope * slope))
    };
    (0..count).map(point).collect()
}

/// Returns the Legendre polynomials of degree `count` and `count` - 1.
fn legendre(count: usize, x: f64) -> (f64, f64) {
    let (mut value, mut before) = (x, 1.0);
    for k in 2..=count {
        let k = k as f64;
        (value, before) = (((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k, value);
    }
    (value, before)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_integrated_exactly() {
        for count in 1..=8 {
            let points = points(count);
            for power in 0..2 * count {
                let sum: f64 = points.iter().map(|(t, weight)| weight * t.powi(power as i32)).sum();
                assert!((sum - 1.0 / (power as f64 + 1.0)).abs() < 1e-15, "{count} points, power {power}: {sum}");
            }
        }
    }
}
