//! What learns: an adapter, or a whole model.

/// Weights as lists of numbers, always in one order.
pub trait Weights: Clone {
    /// Returns the numbers, list by list.
    fn slices(&self) -> Vec<&[f32]>;

    /// Returns the same, to change.
    fn slices_mut(&mut self) -> Vec<&mut [f32]>;

    /// Returns for each list whether its numbers shrink a little with every step.
    fn shrinks(&self) -> Vec<bool>;

    /// Returns the same lists of zeros, to add gradients to.
    fn zeros(&self) -> Self {
        let mut zeros = self.clone();
        zeros.slices_mut().into_iter().for_each(|slice| slice.fill(0.0));
        zeros
    }

    /// Returns how many numbers there are.
    fn parameters(&self) -> usize {
        self.slices().iter().map(|slice| slice.len()).sum()
    }
}
