//! What can be told of templates before anybody is written to: whether each
//! wording is fit to be sent, can be chosen, and whether no case is without one.
mod cases;
mod reach;
mod words;

use super::{TemplateError, Templates};
use std::collections::HashSet;

pub(super) use words::{spoken, without_tags};

impl Templates {
    /// Adds everything that is wrong with the wordings. What a file that could not be read whole might still say
    /// is not held against the others.
    pub(super) fn lint(&self, errors: &mut Vec<TemplateError>) {
        let broken: HashSet<String> = errors.iter().map(|error| error.file.clone()).collect();
        errors.extend(self.unfit_words());
        errors.extend(self.never_chosen(&broken));
        errors.extend(self.uncovered(&broken));
    }
}
