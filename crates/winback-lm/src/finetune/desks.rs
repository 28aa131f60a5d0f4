//! Pieces of work side by side, as many as there are threads, and the memory that they compute in, kept from one to the next.
use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Does some pieces of work, at most one for each thread at the same time: a thread that waits for a part of its piece begins
/// no other one, so that no more desks are needed than there are threads.
pub(super) fn side_by_side<T: Send>(pieces: Vec<T>, work: impl Fn(T) + Sync) {
    let threads = rayon::current_num_threads().min(pieces.len());
    let pieces = Mutex::new(pieces.into_iter());
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
    (0..threads).into_par_iter().with_max_len(1).for_each(|_| {
        while let Some(piece) = next() {
            work(piece);
        }
    });
}

/// As many desks as were ever used at once. Whoever works takes any, and puts it back; nothing is told by what lies on it.
#[derive(Debug)]
pub(super) struct Desks<T>(Mutex<Vec<T>>);

impl<T> Default for Desks<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Desks<T> {
    /// Calls a function with a desk that nobody else uses; a new one where all are in use.
    pub(super) fn with<R>(&self, new: impl FnOnce() -> T, work: impl FnOnce(&mut T) -> R) -> R {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = lock().pop();
        let mut desk = taken.unwrap_or_else(new);
        let result = work(&mut desk);
        lock().push(desk);
        result
    }
}
