//! 95 % intervals of shares and of differences between them, by scores: they hold where few or no failures were seen, of
//! which a bootstrap cannot draw any.

/// The quantile of the standard normal distribution that 97.5 % lie below.
const Z: f64 = 1.959_963_984_540_054;

/// Returns the 95 % interval of a share (Wilson 1927).
pub fn wilson(hits: u64, of: u64) -> (f64, f64) {
    of_share(hits as f64 / of as f64, of as f64)
}

/// Returns the 95 % interval of a share of so many (Wilson 1927).
pub fn of_share(share: f64, of: f64) -> (f64, f64) {
    let centre = (share + Z * Z / (2.0 * of)) / (1.0 + Z * Z / of);
    let half = Z / (1.0 + Z * Z / of) * (share * (1.0 - share) / of + Z * Z / (4.0 * of * of)).sqrt();
    // Rounding must not leave the shares there are, nor make a zero negative.
    ((centre - half).max(0.0) + 0.0, (centre + half).min(1.0))
}

/// Returns the difference of two shares of different cases with its 95 % interval, as (low, difference, high): method 10 of
/// Newcombe 1998 ("Interval estimation for the difference between independent proportions"). Of each share: hits, cases.
pub fn between([one, other]: [(u64, u64); 2]) -> (f64, f64, f64) {
    let (p1, p2) = (one.0 as f64 / one.1 as f64, other.0 as f64 / other.1 as f64);
    around([(p1, wilson(one.0, one.1)), (p2, wilson(other.0, other.1))], 0.0)
}

/// How often two passed or failed on the same cases. What several mails of one customer made of it counts as parts of one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Paired {
    /// Where both passed.
    pub both: f64,
    /// Where the first one alone passed.
    pub first: f64,
    /// Where the second one alone passed.
    pub second: f64,
    /// Where neither passed.
    pub neither: f64,
}

impl Paired {
    /// Returns the first one's share of passes less the second one's, with its 95 % interval, as (low, difference, high):
    /// method 10 of Newcombe 1998 ("Improved confidence intervals for the difference between binomial proportions based on
    /// paired data"). `None` without cases.
    pub fn difference(&self) -> Option<(f64, f64, f64)> {
        let Self { both, first, second, neither } = *self;
        let of = both + first + second + neither;
        if of <= 0.0 {
            return None;
        }
        // What the two have in common, lessened by half a case for each of them where they agree.
        let alike = both * neither - first * second;
        let alike = if alike > 0.0 { (alike - of / 2.0).max(0.0) } else { alike };
        let spread = ((both + first) * (second + neither) * (both + second) * (first + neither)).sqrt();
        let correlation = if spread > 0.0 { alike / spread } else { 0.0 };
        let share = |passed: f64| (passed / of, of_share(passed / of, of));
        Some(around([share(both + first), share(both + second)], correlation))
    }
}

/// Returns the difference of two shares, each with its interval, where they go together as much as `correlation` says.
fn around([(p1, (l1, u1)), (p2, (l2, u2))]: [(f64, (f64, f64)); 2], correlation: f64) -> (f64, f64, f64) {
    let side = |one: f64, other: f64| (one * one - 2.0 * correlation * one * other + other * other).max(0.0).sqrt();
    let difference = p1 - p2;
    (difference - side(p1 - l1, u2 - p2), difference, difference + side(u1 - p1, p2 - l2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: (f64, f64, f64), [low, value, high]: [f64; 3]) {
        let apart = (found.0 - low).abs().max((found.1 - value).abs()).max((found.2 - high).abs());
        assert!(apart < 6e-5, "{found:?} and not {low} {value} {high}");
    }

    /// The examples of Newcombe's two papers of 1998, as they are printed there.
    #[test]
    fn differences_are_those_of_newcombes_examples() {
        near(Paired { both: 36.0, first: 12.0, second: 2.0, neither: 0.0 }.difference().unwrap(), [0.0569, 0.2, 0.3404]);
        near(between([(56, 70), (48, 80)]), [0.0524, 0.2, 0.3339]);
        near(between([(10, 10), (0, 10)]), [0.6075, 1.0, 1.0]);
        assert_eq!(Paired::default().difference(), None);
    }

    #[test]
    fn a_share_of_none_or_all_ends_where_shares_end() {
        for of in 1..200 {
            let (low, high) = (wilson(0, of).0, wilson(of, of).1);
            assert!(low.is_sign_positive() && low < 1e-12 && high <= 1.0 && high > 1.0 - 1e-12, "{of}: {low} {high}");
        }
    }

    #[test]
    fn what_fails_together_tells_more_than_what_fails_apart() {
        let together = Paired { both: 80.0, first: 0.0, second: 0.0, neither: 20.0 }.difference().unwrap();
        let apart = Paired { both: 60.0, first: 20.0, second: 20.0, neither: 0.0 }.difference().unwrap();
        assert!(together.0 > -0.03 && apart.0 < -0.11, "{together:?} {apart:?}");
        // A hundredth of the cases tells as much of the share and less for sure.
        let few = Paired { both: 0.8, first: 0.0, second: 0.0, neither: 0.2 }.difference().unwrap();
        assert!(few.1 == together.1 && few.0 < -0.5, "{few:?}");
    }
}
