//! Draws that are the same on every platform.

/// The SplitMix64 generator (Steele, Lea and Flood, 2014).
pub struct Random(u64);

impl Random {
    /// Returns a generator for a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns the next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// Returns a number in [0, 1) with 53 random bits.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a whole number below `limit`, which must be above 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        // The high half of the product; its bias is below limit / 2^64.
        ((u128::from(self.bits()) * u128::from(limit)) >> 64) as u64
    }

    /// Returns true with a probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// Returns a place in the list of weights, each as likely as its share.
    pub fn weighted(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            if rest < *weight {
                return place;
            }
            rest -= weight;
        }
        weights.len().saturating_sub(1)
    }

    /// Returns one of the items.
    pub fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }
}

/// Returns 1 / (1 + e^-x) for |x| ≤ 30, with products alone, so that every platform gives the same bits.
pub fn logistic(x: f64) -> f64 {
    let x = x.clamp(-30.0, 30.0);
    // e^x = (e^(x/4096))^4096, the inner one by its series to the fourth term.
    let t = x / 4096.0;
    let mut power = 1.0 + t * (1.0 + t / 2.0 * (1.0 + t / 3.0 * (1.0 + t / 4.0)));
    for _ in 0..12 {
        power *= power;
    }
    power / (1.0 + power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logistic_function_is_exact_enough() {
        for x in [-20.0, -3.3, -0.5, 0.0, 0.1, 2.0, 12.0] {
            let expected = 1.0 / (1.0 + f64::exp(-x));
            assert!((logistic(x) - expected).abs() < 1e-9, "{x}");
        }
    }

    #[test]
    fn the_first_draws_are_those_of_the_published_generator() {
        let mut random = Random::new(0);
        assert_eq!([random.bits(), random.bits()], [0xE220_A839_7B1D_CDAF, 0x6E78_9E6A_A1B9_65F4]);
    }
}
