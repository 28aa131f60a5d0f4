//! What would bring a customer under a line: every set of up to [`MOST_TOGETHER`] offers that the customer can have
//! is put into the customer's row and scored again by the model itself, and the cheapest set that reaches the line
//! is named. Only the catalogue's own actions are tried; who the customer is and what has happened never moves.
//!
//! The answer is the model's, not a proof: it says how customers whose rows look so were scored, and a row that
//! looks otherwise is not yet a customer who stays.
use crate::agents::campaign_designer::{DesignInput, unavailable};
use crate::customer::{Cell, Customer};
use crate::feature::{FeatureSchema, TooManyLevels, features};
use crate::model::{ChurnModel, SchemaMismatch};
use crate::money::Money;
use crate::offer::{Catalogue, Offer, OfferId};
use crate::risk::Probability;
use crate::row::read_cell;
use crate::schema::{ColumnIndex, Role, TableSchema};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The most offers that are tried together.
pub const MOST_TOGETHER: usize = 3;
/// The most sets of offers that are scored: each offer by itself always, and of the larger sets the cheapest. Forty
/// offers that go together would make 10,700.
pub const MOST_SETS: usize = 2_000;

/// What the offers of a catalogue change in the rows of a table.
#[derive(Clone, Debug)]
pub struct Moves<'a> {
    schema: &'a TableSchema,
    catalogue: &'a Catalogue,
    /// Per offer that changes something.
    offers: Vec<Move<'a>>,
}

/// What one offer changes.
#[derive(Clone, Debug)]
struct Move<'a> {
    offer: &'a Offer,
    cells: Vec<(ColumnIndex, Cell)>,
    /// Per cent off the monthly charge.
    off: Option<u8>,
}

/// A change that no offer can make.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadChange {
    /// The column tells who the customer is or what has happened.
    #[error("offer {:?} changes {column:?}, which no offer can: it has the role {role}; take it out of `changes`", offer.0)]
    Immovable {
        /// The offer.
        offer: OfferId,
        /// The column.
        column: String,
        /// Its role, in words.
        role: &'static str,
    },
    /// The value is none that the column can have.
    #[error("offer {:?} changes {column:?} to {value:?}; expected {expected}", offer.0)]
    NoValue {
        /// The offer.
        offer: OfferId,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// What the column holds.
        expected: String,
    },
}

/// Why no answer could be found.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// The rows could not be made into features.
    #[error(transparent)]
    Features(#[from] TooManyLevels),
    /// The model is of another table.
    #[error(transparent)]
    Model(#[from] SchemaMismatch),
}

impl BadChange {
    /// Returns the offer and the column.
    pub fn place(&self) -> (&OfferId, &str) {
        match self {
            Self::Immovable { offer, column, .. } | Self::NoValue { offer, column, .. } => (offer, column),
        }
    }
}

/// What to search for one customer.
#[derive(Clone, Copy)]
pub struct Question<'a> {
    /// What the customer may be offered, as the campaign designer is told.
    pub input: &'a DesignInput,
    /// The customer.
    pub customer: &'a Customer,
    /// The probability to get under.
    pub line: f64,
    /// The day, which decides which offers are valid.
    pub today: Date,
}

/// What would bring a customer under a line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Counterfactual {
    /// The probability to get under.
    pub line: f64,
    /// The probability as the row is.
    pub now: Probability,
    /// The cheapest set of offers that gets under the line; `None` where no set suffices.
    pub cheapest: Option<Way>,
    /// Each offer by itself, the one that lowers the probability most first.
    pub single: Vec<Way>,
    /// The set that lowers the probability most.
    pub lowest: Option<Way>,
    /// How many sets were scored.
    pub tried: usize,
    /// Whether sets of two or more that cost more than those tried were left out, because there are more than
    /// [`MOST_SETS`].
    #[serde(default)]
    pub dearer_left_out: bool,
}

/// A set of offers and what the model says of the row with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Way {
    /// The offers, in the catalogue's order.
    pub offers: Vec<OfferId>,
    /// What they cost together, in minor units of the catalogue's currency.
    pub cost_minor: i64,
    /// The probability with them.
    pub probability: Probability,
    /// The columns that change, by name.
    pub columns: Vec<String>,
}

/// What became of a set of offers that somebody chose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// The model scored the row with them.
    Scored(Way),
    /// The customer cannot have this offer, or it changes nothing that the table holds of the customer.
    Closed(OfferId),
    /// These two cannot be taken together: they change one column to different values, or both lower the bill.
    Clash(OfferId, OfferId),
}

impl<'a> Moves<'a> {
    /// Reads what the offers change in a table. A column that the table does not have is left out.
    pub fn of(schema: &'a TableSchema, catalogue: &'a Catalogue) -> Result<Self, BadChange> {
        let offers: Vec<Move<'a>> = catalogue.offers.iter().map(|offer| Move::of(schema, offer)).collect::<Result<_, _>>()?;
        Ok(Self { schema, catalogue, offers })
    }

    /// Returns everything that the offers change and cannot.
    pub fn faults(schema: &TableSchema, catalogue: &Catalogue) -> Vec<BadChange> {
        catalogue.offers.iter().filter_map(|offer| Move::of(schema, offer).err()).collect()
    }

    /// Returns what would bring a customer under a line.
    pub fn search(
        &self,
        question: Question<'_>,
        model: &dyn ChurnModel,
        schema: &Arc<FeatureSchema>,
    ) -> Result<Counterfactual, SearchError> {
        let (sets, dearer_left_out) = self.sets(question);
        let mut rows = vec![question.customer.clone()];
        rows.extend(sets.iter().map(|set| self.with(question.customer, set)));
        let table = features(self.schema, schema, &rows)?;
        let who: Vec<_> = rows.iter().map(|row| (row.position, row.id.clone())).collect();
        let mut scores = model.assess(&table, &who)?.into_iter().map(|assessed| assessed.probability);
        let now = scores.next().unwrap_or(question.input.probability);
        let ways: Vec<Way> = sets.iter().zip(scores).map(|(set, probability)| self.way(question, set, probability)).collect();
        let mut single: Vec<Way> = ways.iter().filter(|way| way.offers.len() == 1).cloned().collect();
        single.sort_by(|a, b| a.probability.value().total_cmp(&b.probability.value()));
        let under = ways.iter().filter(|way| way.probability.value() < question.line);
        let cheapest = under.min_by(|a, b| a.order().partial_cmp(&b.order()).unwrap_or(std::cmp::Ordering::Equal)).cloned();
        let lowest = ways.iter().min_by(|a, b| a.probability.value().total_cmp(&b.probability.value())).cloned();
        Ok(Counterfactual { line: question.line, now, cheapest, single, lowest, tried: ways.len(), dearer_left_out })
    }

    /// Returns what the model says of the row with some offers taken, as many as somebody chose; or why they cannot be.
    pub fn score(
        &self,
        question: Question<'_>,
        chosen: &[OfferId],
        model: &dyn ChurnModel,
        schema: &Arc<FeatureSchema>,
    ) -> Result<Chosen, SearchError> {
        let open = self.open(question);
        if let Some(closed) = chosen.iter().find(|id| open.iter().all(|one| one.offer.id != **id)) {
            return Ok(Chosen::Closed(closed.clone()));
        }
        let set: Vec<&Move<'_>> = open.into_iter().filter(|one| chosen.contains(&one.offer.id)).collect();
        for (place, one) in set.iter().enumerate() {
            if let Some(other) = set[..place].iter().find(|other| !one.goes_with(other)) {
                return Ok(Chosen::Clash(other.offer.id.clone(), one.offer.id.clone()));
            }
        }
        let row = self.with(question.customer, &set);
        let who = [(row.position, row.id.clone())];
        let scored = model.assess(&features(self.schema, schema, &[row])?, &who)?;
        let probability = scored.first().map_or(question.input.probability, |assessed| assessed.probability);
        Ok(Chosen::Scored(self.way(question, &set, probability)))
    }

    /// Returns the offers that the customer can have and that change the row.
    fn open(&self, question: Question<'_>) -> Vec<&Move<'a>> {
        let changes = |one: &&Move<'a>| self.with(question.customer, &[one]) != *question.customer;
        let open = |one: &&Move<'a>| unavailable(one.offer, question.input, self.catalogue, question.today).is_none();
        self.offers.iter().filter(open).filter(changes).collect()
    }

    /// Returns the sets of offers that the customer can have together and that change the row, each once: every offer by
    /// itself and the cheapest larger sets, up to [`MOST_SETS`]; and whether dearer ones are left out.
    fn sets(&self, question: Question<'_>) -> (Vec<Vec<&Move<'a>>>, bool) {
        let open = self.open(question);
        let costs: Vec<i64> = open.iter().map(|one| self.cost(question, &[one])).collect();
        let cost = |set: &[usize]| set.iter().map(|at| costs[*at]).fold(0, i64::saturating_add);
        // By price, so that the pair from which a set of three is made is the cheapest in it.
        let mut order: Vec<usize> = (0..open.len()).collect();
        order.sort_by_key(|at| (costs[*at], *at));
        let room = MOST_SETS.saturating_sub(open.len());
        let cheapest = |sets: &mut Vec<Vec<usize>>| {
            sets.sort_by_key(|set| cost(set));
            let more = sets.len() > room;
            sets.truncate(room);
            more
        };
        let (mut larger, mut left_out) = (Vec::new(), false);
        let mut last: Vec<Vec<usize>> = order.iter().map(|at| vec![*at]).collect();
        for _ in 1..MOST_TOGETHER {
            let fits = |set: &Vec<usize>, next: usize| set.iter().all(|other| open[next].goes_with(open[*other]));
            let longer = |set: &Vec<usize>| -> Vec<Vec<usize>> {
                let behind = order.iter().skip_while(|at| set.last() != Some(*at)).skip(1);
                let next = behind.filter(|next| fits(set, **next));
                next.map(|next| set.iter().copied().chain([*next]).collect()).collect()
            };
            last = last.iter().flat_map(longer).collect();
            left_out |= cheapest(&mut last);
            larger.extend(last.iter().cloned());
        }
        left_out |= cheapest(&mut larger);
        let mut sets: Vec<Vec<usize>> = (0..open.len()).map(|at| vec![at]).chain(larger).collect();
        sets.iter_mut().for_each(|set| set.sort_unstable());
        sets.sort_by(|a, b| (a.len(), a).cmp(&(b.len(), b)));
        (sets.iter().map(|set| set.iter().map(|at| open[*at]).collect()).collect(), left_out)
    }

    /// Returns what some offers cost together, in minor units.
    fn cost(&self, question: Question<'_>, set: &[&Move<'_>]) -> i64 {
        let charge = question.input.monthly_minor.filter(|minor| *minor >= 0).map(|minor| Money::new(minor, self.catalogue.currency));
        set.iter().map(|one| one.offer.cost.for_charge(charge).minor).fold(0, i64::saturating_add)
    }

    /// Returns the customer's row with some offers taken.
    fn with(&self, customer: &Customer, set: &[&Move<'_>]) -> Customer {
        let mut row = customer.clone();
        for (column, cell) in set.iter().flat_map(|one| &one.cells) {
            if let Some(place) = row.cells.get_mut(*column) {
                *place = cell.clone();
            }
        }
        let charge = self.schema.with_role(&Role::MonthlyCharge).and_then(|column| row.cells.get_mut(column));
        if let (Some(Cell::Money(minor)), Some(off)) = (charge, set.iter().find_map(|one| one.off)) {
            let saved = i128::from(*minor) * i128::from(off) / 100;
            *minor = minor.saturating_sub(i64::try_from(saved).unwrap_or(i64::MAX));
        }
        row
    }

    fn way(&self, question: Question<'_>, set: &[&Move<'_>], probability: Probability) -> Way {
        let row = self.with(question.customer, set);
        let changed = row.cells.iter().zip(&question.customer.cells).enumerate().filter(|(_, (after, before))| after != before);
        Way {
            offers: set.iter().map(|one| one.offer.id.clone()).collect(),
            cost_minor: self.cost(question, set),
            probability,
            columns: changed.filter_map(|(column, _)| Some(self.schema.columns.get(column)?.name.clone())).collect(),
        }
    }
}

impl Counterfactual {
    /// Returns whether any set lowers the probability.
    pub fn lowers(&self) -> bool {
        self.lowest.as_ref().is_some_and(|way| way.probability.value() < self.now.value())
    }
}

impl Way {
    /// The cheaper first, then the fewer offers, then the lower probability.
    fn order(&self) -> (i64, usize, f64) {
        (self.cost_minor, self.offers.len(), self.probability.value())
    }
}

impl<'a> Move<'a> {
    fn of(schema: &TableSchema, offer: &'a Offer) -> Result<Self, BadChange> {
        let mut cells = Vec::new();
        for (name, value) in &offer.changes {
            let Some(column) = schema.index_of(name) else { continue };
            let known = &schema.columns[column];
            if !known.role.is_movable() {
                return Err(BadChange::Immovable { offer: offer.id.clone(), column: name.clone(), role: in_words(&known.role) });
            }
            let cell = read_cell(schema, known, value).map_err(|expected| BadChange::NoValue {
                offer: offer.id.clone(),
                column: name.clone(),
                value: value.clone(),
                expected,
            })?;
            cells.push((column, cell));
        }
        Ok(Self { offer, cells, off: offer.terms.percent.filter(|_| offer.lowers_bill()) })
    }

    /// Returns whether two offers can be taken together: they change no column to different values, and not both
    /// lower the bill.
    fn goes_with(&self, other: &Self) -> bool {
        let clash = |(column, cell): &(ColumnIndex, Cell)| other.cells.iter().any(|(theirs, value)| theirs == column && value != cell);
        !(self.cells.iter().any(clash) || self.off.is_some() && other.off.is_some())
    }
}

fn in_words(role: &Role) -> &'static str {
    match role {
        Role::Trait => "trait (who the customer is)",
        Role::Tenure => "tenure (what has happened)",
        Role::TotalCharge => "total_charge (what has happened)",
        Role::Usage => "usage (what has happened)",
        Role::DaysInactive => "days_inactive (what has happened)",
        _ => "no feature of the model",
    }
}
