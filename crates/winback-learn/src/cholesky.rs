//! Cholesky's factor of a symmetric positive definite matrix, for Newton's steps.

/// A square matrix, row by row.
#[derive(Clone, Debug)]
pub struct Square {
    /// The number of rows.
    pub size: usize,
    /// The entries, row by row.
    pub entries: Vec<f64>,
}

/// The lower triangle L with L Lᵀ = A.
pub struct Factor(Square);

/// A matrix that is not positive definite.
#[derive(Debug)]
pub struct NotPositive;

impl Square {
    /// Returns the matrix of zeros.
    pub fn zeros(size: usize) -> Self {
        Self { size, entries: vec![0.0; size * size] }
    }

    /// Returns a row.
    pub fn row(&self, row: usize) -> &[f64] {
        &self.entries[row * self.size..(row + 1) * self.size]
    }
}

impl Factor {
    /// Factors a matrix, of which only the lower triangle is read.
    pub fn of(mut matrix: Square) -> Result<Self, NotPositive> {
        let size = matrix.size;
        for row in 0..size {
            let (above, this) = matrix.entries.split_at_mut(row * size);
            for column in 0..row {
                let pivot_row = &above[column * size..column * size + column + 1];
                let sum = dot(&this[..column], &pivot_row[..column]);
                this[column] = (this[column] - sum) / pivot_row[column];
            }
            let pivot = this[row] - dot(&this[..row], &this[..row]);
            if pivot.is_nan() || pivot <= this[row].abs() * 1e-14 {
                return Err(NotPositive);
            }
            this[row] = pivot.sqrt();
        }
        Ok(Self(matrix))
    }

    /// Returns x with A x = b.
    pub fn solve(&self, b: &[f64]) -> Vec<f64> {
        let (mut x, size) = (b.to_vec(), self.0.size);
        for row in 0..size {
            let lower = self.0.row(row);
            x[row] = (x[row] - dot(&lower[..row], &x[..row])) / lower[row];
        }
        for row in (0..size).rev() {
            x[row] /= self.0.row(row)[row];
            let known = x[row];
            let lower = self.0.row(row);
            x[..row].iter_mut().zip(lower).for_each(|(value, entry)| *value -= entry * known);
        }
        x
    }
}

/// Returns the sum of products.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn solving_undoes_multiplying(raw in prop::collection::vec(-3.0_f64..3.0, 25), x in prop::collection::vec(-5.0_f64..5.0, 5)) {
            let mut a = Square::zeros(5);
            for i in 0..5 {
                for j in 0..5 {
                    let own = if i == j { 1.0 } else { 0.0 };
                    a.entries[i * 5 + j] = own + (0..5).map(|k| raw[i * 5 + k] * raw[j * 5 + k]).sum::<f64>();
                }
            }
            let b: Vec<f64> = (0..5).map(|i| dot(a.row(i), &x)).collect();
            let found = Factor::of(a).unwrap().solve(&b);
            for (found, expected) in found.iter().zip(&x) {
                prop_assert!((found - expected).abs() < 1e-8, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_matrix_that_is_not_positive_definite_is_refused() {
        for entries in [vec![0.0, 0.0, 0.0, 1.0], vec![1.0, 1.0, 1.0, 1.0], vec![1.0, 0.0, 0.0, f64::NAN]] {
            assert!(Factor::of(Square { size: 2, entries }).is_err());
        }
    }
}
