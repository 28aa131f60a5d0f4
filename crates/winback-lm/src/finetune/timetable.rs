//! Which texts each step of a run learns from. An epoch's steps are made when it begins: all of ten thousand epochs would
//! take more memory than what is learned.
use super::recipe::Recipe;
use super::run::{gathered, shuffled};

/// The steps of a run.
#[derive(Clone, Debug)]
pub(super) struct Timetable {
    /// How many tokens each text has.
    rows: Vec<usize>,
    /// After how many steps each epoch ends.
    ends: Vec<u32>,
    /// The epoch whose steps are at hand, and the texts of each, in the batches in which they go through the model.
    open: Option<(usize, Vec<Vec<Vec<usize>>>)>,
}

impl Timetable {
    /// Returns the steps for texts of so many tokens.
    pub fn new(rows: Vec<usize>, recipe: &Recipe) -> Self {
        let mut steps = 0_u32;
        let ends = (0..recipe.epochs).map(|epoch| {
            let count = groups(&shuffled(rows.len(), recipe.seed, epoch), &rows, recipe.tokens_per_step);
            steps = steps.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
            steps
        });
        Self { ends: ends.collect(), rows, open: None }
    }

    /// Returns how many steps there are.
    pub fn steps(&self) -> u32 {
        self.ends.last().copied().unwrap_or(0)
    }

    /// Returns how many steps the first epoch has.
    pub fn of_an_epoch(&self) -> u32 {
        self.ends.first().copied().unwrap_or(0)
    }

    /// Returns the batches of a step, counted from 0; none behind the last.
    pub fn step(&mut self, step: u32, recipe: &Recipe) -> &[Vec<usize>] {
        let epoch = self.ends.partition_point(|end| *end <= step);
        if self.open.as_ref().is_none_or(|(open, _)| *open != epoch) {
            self.open = Some((epoch, self.steps_of(epoch, recipe)));
        }
        let before = epoch.checked_sub(1).map_or(0, |before| self.ends[before]);
        let steps = self.open.as_ref().map_or(&[][..], |(_, steps)| steps);
        steps.get((step - before) as usize).map_or(&[], Vec::as_slice)
    }

    /// Returns the steps of an epoch: every text once, in an order of its own, and the batches of each step.
    fn steps_of(&self, epoch: usize, recipe: &Recipe) -> Vec<Vec<Vec<usize>>> {
        let Some(epoch) = u32::try_from(epoch).ok().filter(|epoch| *epoch < recipe.epochs) else { return Vec::new() };
        let steps = gathered(&shuffled(self.rows.len(), recipe.seed, epoch), &self.rows, recipe.tokens_per_step);
        steps.into_iter().map(|step| gathered(&step, &self.rows, recipe.tokens_at_once)).collect()
    }
}

/// Returns how many groups [`gathered`] makes.
fn groups(texts: &[usize], rows: &[usize], most: usize) -> usize {
    let (mut count, mut tokens) = (0, 0);
    for text in texts {
        if count == 0 || tokens + rows[*text] > most {
            (count, tokens) = (count + 1, 0);
        }
        tokens += rows[*text];
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_those_of_all_epochs_at_once_and_one_epoch_is_at_hand() {
        let rows: Vec<usize> = (0..40).map(|at| 1 + at * 7 % 23).collect();
        for tokens_per_step in [1, 20, 64, 10_000] {
            let recipe = Recipe { epochs: 7, tokens_per_step, tokens_at_once: 30, seed: 3, ..Recipe::default() };
            let mut table = Timetable::new(rows.clone(), &recipe);
            let epochs = |epoch: u32| gathered(&shuffled(rows.len(), 3, epoch), &rows, tokens_per_step);
            let all: Vec<_> = (0..7).flat_map(epochs).map(|step| gathered(&step, &rows, 30)).collect();
            assert_eq!((table.steps() as usize, table.of_an_epoch() as usize), (all.len(), epochs(0).len()));
            for (at, step) in all.iter().enumerate() {
                assert_eq!(table.step(at as u32, &recipe), step, "{tokens_per_step}: {at}");
                assert!(table.open.as_ref().is_some_and(|(_, steps)| steps.len() <= rows.len()), "more than an epoch is at hand");
            }
            // A run that goes on begins in the middle.
            assert_eq!(Timetable::new(rows.clone(), &recipe).step(all.len() as u32 - 1, &recipe), &all[all.len() - 1]);
            assert_eq!(table.step(all.len() as u32, &recipe), &[] as &[Vec<usize>]);
        }
    }
}
