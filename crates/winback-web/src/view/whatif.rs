//! What the offers of the catalogue would change for one customer, scored again by the model.
use super::{Amount, Named};
use crate::guard::Visit;
use crate::problem::Problem;
use crate::state::WebState;
use crate::strings::{Strings, fill};
use crate::words;
use serde::Serialize;
use std::sync::Arc;
use winback_core::counterfactual::{Chosen, Counterfactual, MOST_TOGETHER, Way};
use winback_core::offer::OfferId;
use winback_core::pipeline::whatif::{WhatIf, is_line};
use winback_core::portfolio::{Context, CustomerFile};

/// What the offers of the catalogue would change for one customer.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WhatIfView {
    /// The probability to get under, from 0 to 1.
    pub under: f64,
    /// The same as people read it.
    pub under_text: String,
    /// The probability as the row is, from 0 to 1.
    pub now: f64,
    /// The same as people read it.
    pub now_text: String,
    /// Whether the customer is under the line already.
    pub already: bool,
    /// How many sets of offers were scored.
    pub tried: usize,
    /// Whether larger sets were left out that cost more than those scored.
    pub dearer_left_out: bool,
    /// The answer, as sentences.
    pub answer: Vec<String>,
    /// The cheapest set that gets under the line; absent where none suffices.
    pub cheapest: Option<WayView>,
    /// The set that lowers the probability most.
    pub lowest: Option<WayView>,
    /// Each offer by itself, the one that lowers the probability most first.
    pub single: Vec<WayView>,
    /// What became of the offers that the request chose.
    pub chosen: Option<ChosenView>,
}

/// A set of offers and what the model says of the row with them.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WayView {
    /// The offers.
    pub offers: Vec<Named>,
    /// What they cost together.
    pub cost: Amount,
    /// The probability with them, from 0 to 1.
    pub probability: f64,
    /// The same as people read it.
    pub probability_text: String,
    /// Whether that is under the line.
    pub enough: bool,
    /// What changes in the row.
    pub changes: Vec<Named>,
}

/// What became of the offers that the request chose.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct ChosenView {
    /// The offers as they were chosen.
    pub offers: Vec<Named>,
    /// What the model says; absent where they cannot be taken.
    pub way: Option<WayView>,
    /// What becomes of them, or why they cannot be taken, as a sentence.
    pub text: String,
}

impl WhatIfView {
    /// Returns whether an offer is among those chosen.
    pub(crate) fn marked(&self, offer: &str) -> bool {
        self.chosen.iter().flat_map(|chosen| &chosen.offers).any(|chosen| chosen.tag == offer)
    }
}

/// Reads the line of `?under=`, where the risk becomes medium when it is not given.
pub(crate) fn line_of(context: &Context, visit: &Visit) -> Result<f64, Problem> {
    let text = visit.param("under").trim();
    let bad = || Problem::BadQuery { name: "under".to_owned(), value: text.to_owned(), expected: "0 < under ≤ 1".to_owned() };
    match text {
        "" => Ok(context.thresholds.medium()),
        text => text.parse().ok().filter(|line| is_line(*line)).ok_or_else(bad),
    }
}

/// Returns whether an address asks anything; looking at a customer alone does not.
pub(crate) fn is_asked(visit: &Visit) -> bool {
    visit.query.iter().any(|(name, value)| (name == "under" || name == "offer") && !value.trim().is_empty())
}

/// Asks for the line and the offers of an address: `?under=0.4&offer=a&offer=b`.
pub(crate) async fn read(
    state: &WebState,
    context: &Arc<Context>,
    file: &CustomerFile,
    visit: &Visit,
    s: &Strings,
) -> Result<WhatIfView, Problem> {
    let line = line_of(context, visit)?;
    let named = visit.query.iter().filter(|(name, value)| name == "offer" && !value.is_empty());
    let mut chosen: Vec<OfferId> = Vec::new();
    for (_, id) in named {
        let id = OfferId(id.clone());
        if !chosen.contains(&id) {
            chosen.push(id);
        }
    }
    let told = state.desk.what_if(context, file, line, &chosen).await?;
    Ok(Teller { context, s, line, now: told.found.now.to_string() }.view(&told, &chosen))
}

/// Puts an answer into words.
struct Teller<'a> {
    context: &'a Context,
    s: &'a Strings,
    line: f64,
    now: String,
}

impl Teller<'_> {
    fn view(&self, told: &WhatIf, chosen: &[OfferId]) -> WhatIfView {
        let found = &told.found;
        let named = || chosen.iter().map(|id| self.offer(id)).collect();
        WhatIfView {
            under: self.line,
            under_text: share(self.line),
            now: found.now.value(),
            now_text: self.now.clone(),
            already: found.now.value() < self.line,
            tried: found.tried,
            dearer_left_out: found.dearer_left_out,
            answer: self.answer(found),
            cheapest: found.cheapest.as_ref().map(|way| self.way(way)),
            lowest: found.lowest.as_ref().map(|way| self.way(way)),
            single: found.single.iter().map(|way| self.way(way)).collect(),
            chosen: told.chosen.as_ref().map(|told| self.chosen(told, named())),
        }
    }

    fn answer(&self, found: &Counterfactual) -> Vec<String> {
        let s = self.s;
        if found.tried == 0 {
            return vec![s.whatif_nothing.to_owned()];
        }
        let tried = fill(s.whatif_tried, &[("n", &found.tried.to_string()), ("most", &MOST_TOGETHER.to_string())]);
        let left_out = found.dearer_left_out.then(|| s.whatif_left_out.to_owned());
        let furthest = if found.lowers() { s.whatif_lowest } else { s.whatif_none_lowers };
        let mut told = match (&found.cheapest, &found.lowest) {
            _ if found.now.value() < self.line => vec![fill(s.whatif_already, &[("now", &self.now), ("line", &share(self.line))])],
            (Some(way), _) => vec![self.say(s.whatif_cheapest, way)],
            (None, lowest) => {
                let none = fill(s.whatif_none, &[("line", &share(self.line))]);
                [none].into_iter().chain(lowest.as_ref().map(|way| self.say(furthest, way))).collect()
            }
        };
        told.push(s.joined(&[Some(tried), left_out].into_iter().flatten().collect::<Vec<_>>()));
        told
    }

    fn say(&self, sentence: &str, way: &Way) -> String {
        let told = self.way(way);
        let values = [
            ("way", names(&told.offers)),
            ("now", self.now.clone()),
            ("then", told.probability_text),
            ("line", share(self.line)),
            ("cost", told.cost.text),
        ];
        fill(sentence, &values.each_ref().map(|(name, value)| (*name, value.as_str())))
    }

    fn chosen(&self, chosen: &Chosen, offers: Vec<Named>) -> ChosenView {
        let s = self.s;
        let label = |id: &OfferId| self.offer(id).label;
        match chosen {
            Chosen::Scored(way) => ChosenView { offers, text: self.say(s.whatif_comes_to, way), way: Some(self.way(way)) },
            Chosen::Closed(offer) => ChosenView { offers, way: None, text: fill(s.whatif_closed, &[("offer", &label(offer))]) },
            Chosen::Clash(one, other) => {
                ChosenView { offers, way: None, text: fill(s.whatif_clash, &[("one", &label(one)), ("other", &label(other))]) }
            }
        }
    }

    fn way(&self, way: &Way) -> WayView {
        WayView {
            offers: way.offers.iter().map(|id| self.offer(id)).collect(),
            cost: Amount::spent(self.context, way.cost_minor),
            probability: way.probability.value(),
            probability_text: way.probability.to_string(),
            enough: way.probability.value() < self.line,
            changes: way.columns.iter().map(|name| Named::new(name, &words::column(self.context, name, self.s))).collect(),
        }
    }

    fn offer(&self, id: &OfferId) -> Named {
        Named::new(&id.0, &words::offer_name(self.context, id, self.s.locale))
    }
}

/// Returns the names of some offers that are taken together.
pub(crate) fn names(offers: &[Named]) -> String {
    offers.iter().map(|offer| offer.label.as_str()).collect::<Vec<_>>().join(" + ")
}

/// Returns a line as people read it: `40%`, `37.5%`.
fn share(line: f64) -> String {
    format!("{}%", winback_core::customer::display_number(line * 100.0))
}
