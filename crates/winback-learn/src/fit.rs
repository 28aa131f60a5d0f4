//! The fit: the exact minimum of the penalised negative log-likelihood, by Newton's method.
//!
//! A million rows are not needed to know the curvature: the fit first solves a deterministic sample,
//! then walks to the minimum of all rows with the sample's second derivatives, which needs only the
//! gradient of all rows; where that is too slow, it takes full Newton steps.
use crate::cholesky::{Factor, Square, dot};
use crate::design::{Design, Sums};
use crate::encode::{Encoder, Knots};

/// How many rows tell the curvature well enough to begin with.
const SAMPLE_ROWS: usize = 24_000;
/// The fit ends when the loss (in nats, all rows together) can fall by no more than half of this.
const TOLERANCE: f64 = 1e-16;
const MOST_STEPS: usize = 200;
/// Log-odds no row reaches unless the columns tell the labels apart perfectly.
const SEPARATED: f64 = 30.0;

/// The coefficients as the penalty sees them, and what they mean for each slot.
///
/// A word's coefficient is its slot's value. A number has one for its slope and one for each change
/// of slope, per standard deviation, so that the penalty pulls a broken line towards a straight one.
struct Basis {
    /// Per slot, the coefficients that make its value.
    slots: Vec<Vec<(usize, f64)>>,
    coefficients: usize,
}

struct Problem<'a> {
    design: &'a Design,
    basis: &'a Basis,
    l2: f64,
}

/// Loss and derivatives by coefficient, the penalty included.
struct Point {
    loss: f64,
    gradient: Vec<f64>,
    furthest: f64,
    hessian: Option<Square>,
}

/// Returns the value of every slot (the intercept first) at the minimum, or why there is none.
pub fn fit(design: &Design, encoders: &[Encoder], l2: f64) -> Result<Vec<f64>, String> {
    let basis = Basis::of(encoders);
    let problem = Problem { design, basis: &basis, l2 };
    let rate = design.rate();
    let mut start = vec![0.0; basis.coefficients];
    start[0] = (rate / (1.0 - rate)).ln();
    let (found, furthest) = match problem.sampled(&start) {
        Some(found) => found,
        None => problem.newton(start)?,
    };
    if l2 == 0.0 && furthest > SEPARATED {
        return Err("the columns tell every customer who left from those who stayed, so without a penalty \
                    the coefficients grow without bound; set l2 above 0"
            .into());
    }
    let values = basis.values(&found);
    if values.iter().all(|value| value.is_finite()) { Ok(values) } else { Err("a coefficient is not finite".into()) }
}

impl Problem<'_> {
    /// Returns the minimum found by way of a sample; `None` where the sample does not lead there.
    fn sampled(&self, start: &[f64]) -> Option<(Vec<f64>, f64)> {
        let step = self.design.rows() / SAMPLE_ROWS;
        if step < 4 {
            return None;
        }
        let sample = self.design.every(step);
        let weight = self.design.rows() as f64 / sample.rows() as f64;
        let part = Problem { design: &sample, basis: self.basis, l2: self.l2 / weight };
        let (near, _) = part.newton(start.to_vec()).ok().filter(|_| (1e-6..1.0 - 1e-6).contains(&sample.rate()))?;
        let mut hessian = part.at(&near, true).hessian?;
        hessian.entries.iter_mut().for_each(|entry| *entry *= weight);
        self.chord(near, &Factor::of(firm(hessian)).ok()?)
    }

    /// Walks with fixed second derivatives; gives up when a step gains less than half a digit.
    fn chord(&self, mut coefficients: Vec<f64>, factor: &Factor) -> Option<(Vec<f64>, f64)> {
        let mut last = f64::INFINITY;
        loop {
            let point = self.at(&coefficients, false);
            let step = factor.solve(&point.gradient);
            let gain = dot(&step, &point.gradient);
            if gain <= TOLERANCE {
                return Some((coefficients, point.furthest));
            }
            if gain.is_nan() || gain > 0.3 * last {
                return self.newton(coefficients).ok();
            }
            last = gain;
            coefficients.iter_mut().zip(&step).for_each(|(value, step)| *value -= step);
        }
    }

    fn newton(&self, mut coefficients: Vec<f64>) -> Result<(Vec<f64>, f64), String> {
        let mut point = self.at(&coefficients, true);
        for _ in 0..MOST_STEPS {
            let hessian = firm(point.hessian.take().unwrap_or_else(|| Square::zeros(0)));
            let factor = Factor::of(hessian).map_err(|_| "the second derivatives are not positive".to_owned())?;
            let step = factor.solve(&point.gradient);
            if dot(&step, &point.gradient) <= TOLERANCE {
                return Ok((coefficients, point.furthest));
            }
            (coefficients, point) = self.descend(&coefficients, &point, &step)?;
        }
        Err(format!("the minimum was not reached in {MOST_STEPS} steps"))
    }

    /// Takes a step, halved until it lowers the loss.
    fn descend(&self, from: &[f64], point: &Point, step: &[f64]) -> Result<(Vec<f64>, Point), String> {
        for halvings in 0..40 {
            let share = 0.5_f64.powi(halvings);
            let to: Vec<f64> = from.iter().zip(step).map(|(value, step)| value - share * step).collect();
            let reached = self.at(&to, true);
            if reached.loss <= point.loss + 1e-12 * point.loss.abs() {
                return Ok((to, reached));
            }
        }
        Err("no step lowers the loss any further".into())
    }

    fn at(&self, coefficients: &[f64], with_hessian: bool) -> Point {
        let sums = self.design.sums(&self.basis.values(coefficients), with_hessian);
        let penalty = 0.5 * self.l2 * coefficients[1..].iter().map(|value| value * value).sum::<f64>();
        let mut point = self.basis.pull_back(sums);
        point.loss += penalty;
        point.gradient[1..].iter_mut().zip(&coefficients[1..]).for_each(|(slope, value)| *slope += self.l2 * value);
        if let Some(hessian) = &mut point.hessian {
            (1..hessian.size).for_each(|i| hessian.entries[i * hessian.size + i] += self.l2);
        }
        point
    }
}

/// Adds to the diagonal what rounding may have taken, so that columns that say the same do not stop the fit.
fn firm(mut hessian: Square) -> Square {
    let size = hessian.size;
    let largest = (0..size).map(|i| hessian.entries[i * size + i]).fold(0.0, f64::max);
    (0..size).for_each(|i| hessian.entries[i * size + i] += 1e-10 * largest);
    hessian
}

impl Basis {
    fn of(encoders: &[Encoder]) -> Self {
        let mut basis = Self { slots: vec![vec![(0, 1.0)]], coefficients: 1 };
        for encoder in encoders {
            match encoder {
                Encoder::Unused { .. } => {}
                Encoder::Words(words) => (0..words.slots).for_each(|_| basis.push_word()),
                Encoder::Number(knots) => basis.push_number(knots),
            }
        }
        basis
    }

    fn push_word(&mut self) {
        self.slots.push(vec![(self.coefficients, 1.0)]);
        self.coefficients += 1;
    }

    fn push_number(&mut self, knots: &Knots) {
        let first = self.coefficients;
        let middle = knots.at[knots.at.len() / 2];
        for &at in &knots.at {
            let mut parts = vec![(first, (at - middle) / knots.deviation)];
            let bends = knots.at[1..knots.at.len() - 1].iter().enumerate();
            parts.extend(bends.filter(|(_, knot)| **knot < at).map(|(bend, knot)| (first + 1 + bend, (at - knot) / knots.deviation)));
            self.slots.push(parts);
        }
        self.coefficients += knots.at.len() - 1;
    }

    /// Returns the values of the slots.
    fn values(&self, coefficients: &[f64]) -> Vec<f64> {
        self.slots.iter().map(|parts| parts.iter().map(|&(place, amount)| amount * coefficients[place]).sum()).collect()
    }

    /// Returns derivatives by coefficient from derivatives by slot.
    fn pull_back(&self, sums: Sums) -> Point {
        let mut gradient = vec![0.0; self.coefficients];
        for (parts, slope) in self.slots.iter().zip(&sums.gradient) {
            parts.iter().for_each(|&(place, amount)| gradient[place] += amount * slope);
        }
        Point { loss: sums.loss, gradient, furthest: sums.furthest, hessian: sums.hessian.map(|by_slot| self.pull_back_twice(&by_slot)) }
    }

    fn pull_back_twice(&self, by_slot: &Square) -> Square {
        let (slots, size) = (by_slot.size, self.coefficients);
        let mut half = vec![0.0; slots * size];
        for row in 0..slots {
            for (column, parts) in self.slots.iter().enumerate() {
                let (low, high) = if column <= row { (column, row) } else { (row, column) };
                let entry = by_slot.entries[high * slots + low];
                parts.iter().for_each(|&(place, amount)| half[row * size + place] += amount * entry);
            }
        }
        let mut hessian = Square::zeros(size);
        for (row, parts) in self.slots.iter().enumerate() {
            for &(place, amount) in parts {
                let line = &mut hessian.entries[place * size..(place + 1) * size];
                line.iter_mut().zip(&half[row * size..(row + 1) * size]).for_each(|(sum, entry)| *sum += amount * entry);
            }
        }
        hessian
    }
}
