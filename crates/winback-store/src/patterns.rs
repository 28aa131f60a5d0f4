//! What many plans have in common, kept once. A portfolio of a million
//! customers has a few hundred patterns: the rule, the offers considered, the
//! owner, the day. What differs from customer to customer is a few numbers.
use std::collections::HashMap;
use winback_core::campaign::{CampaignPlan, Decision, ExpectedEffect, Usage};
use winback_core::digest::Digest;
use winback_core::id::{CustomerId, Position};

/// The numbers of one plan that its pattern leaves out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Figures {
    tenure_months: f64,
    drop_rate: f64,
    probability_before: f64,
    probability_after: f64,
    kept_margin_minor: i64,
}

const FIGURES_BYTES: usize = 5 * 8;

impl Figures {
    fn of(plan: &CampaignPlan) -> Self {
        let drop_rate = match plan.inputs.usage {
            Usage::Changed { drop_rate } => drop_rate,
            Usage::NotMeasured => 0.0,
        };
        let tenure_months = plan.inputs.tenure_months.unwrap_or(0.0);
        let base = Self { tenure_months, drop_rate, ..Self::default() };
        match plan.decision.choice().map(|choice| choice.effect) {
            None => base,
            Some(ExpectedEffect { probability_before, probability_after, kept_margin_minor, .. }) => {
                Self { probability_before, probability_after, kept_margin_minor, ..base }
            }
        }
    }

    /// Returns the numbers as bytes, each in eight, little-endian.
    pub fn encode(&self) -> Vec<u8> {
        let floats = [self.tenure_months, self.drop_rate, self.probability_before, self.probability_after];
        floats.iter().flat_map(|number| number.to_le_bytes()).chain(self.kept_margin_minor.to_le_bytes()).collect()
    }

    /// Returns the numbers of some bytes, or says that there are too many or too few.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let wrong = || format!("{} bytes of figures, expected {FIGURES_BYTES}", bytes.len());
        let (chunks, []) = bytes.as_chunks::<8>() else { return Err(wrong()) };
        let &[tenure, drop, before, after, kept] = chunks else { return Err(wrong()) };
        Ok(Self {
            tenure_months: f64::from_le_bytes(tenure),
            drop_rate: f64::from_le_bytes(drop),
            probability_before: f64::from_le_bytes(before),
            probability_after: f64::from_le_bytes(after),
            kept_margin_minor: i64::from_le_bytes(kept),
        })
    }
}

/// What a pattern leaves out, read back from a row.
pub(crate) struct Particulars {
    /// The customer's place in the run.
    pub position: Position,
    /// The customer.
    pub customer: CustomerId,
    /// What the offer costs, in minor units.
    pub cost_minor: i64,
    /// What the offer is expected to bring net, in minor units.
    pub net_minor: i64,
    /// The other numbers.
    pub figures: Figures,
}

/// The patterns of one page of plans, by their text.
#[derive(Default)]
pub(crate) struct Patterns {
    ids: HashMap<String, i64>,
}

impl Patterns {
    /// Returns the id of a plan's pattern and the plan's own numbers.
    pub fn split(&mut self, plan: &CampaignPlan, nobody: &CustomerId) -> Result<(i64, Figures), String> {
        let mut pattern = plan.clone();
        blank(&mut pattern, nobody);
        let text = serde_json::to_string(&pattern).map_err(|error| error.to_string())?;
        let id = match self.ids.get(&text) {
            Some(id) => *id,
            None => {
                let id = content_id(&text);
                self.ids.insert(text, id);
                id
            }
        };
        Ok((id, Figures::of(plan)))
    }

    /// Returns every pattern met, with its id.
    pub fn into_rows(self) -> impl Iterator<Item = (i64, String)> {
        self.ids.into_iter().map(|(text, id)| (id, text))
    }
}

/// Puts a plan together from its pattern and its particulars.
pub(crate) fn join(pattern: &CampaignPlan, own: Particulars) -> CampaignPlan {
    let mut plan = pattern.clone();
    plan.position = own.position;
    plan.customer = own.customer;
    if let Some(tenure) = &mut plan.inputs.tenure_months {
        *tenure = own.figures.tenure_months;
    }
    if let Usage::Changed { drop_rate } = &mut plan.inputs.usage {
        *drop_rate = own.figures.drop_rate;
    }
    if let Decision::Offer(choice) = &mut plan.decision {
        choice.cost_minor = own.cost_minor;
        choice.effect.net_minor = own.net_minor;
        choice.effect.kept_margin_minor = own.figures.kept_margin_minor;
        choice.effect.probability_before = own.figures.probability_before;
        choice.effect.probability_after = own.figures.probability_after;
    }
    plan
}

fn blank(plan: &mut CampaignPlan, nobody: &CustomerId) {
    plan.position = Position(0);
    plan.customer = nobody.clone();
    plan.inputs.tenure_months = plan.inputs.tenure_months.map(|_| 0.0);
    if let Usage::Changed { drop_rate } = &mut plan.inputs.usage {
        *drop_rate = 0.0;
    }
    if let Decision::Offer(choice) = &mut plan.decision {
        choice.cost_minor = 0;
        let horizon_months = choice.effect.horizon_months;
        choice.effect =
            ExpectedEffect { probability_before: 0.0, probability_after: 0.0, kept_margin_minor: 0, net_minor: 0, horizon_months };
    }
}

/// Returns an id made from the text alone, so that two pages agree on it without asking the store.
fn content_id(text: &str) -> i64 {
    let digits = Digest::of(text.as_bytes()).0;
    digits.get(..15).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use winback_core::fakes::samples;

    proptest! {
        #[test]
        fn a_plan_is_its_pattern_and_its_figures(place in 0u32..1000, tenure in 0.0..1e4f64, before in 0.0..1.0f64, kept in any::<i64>()) {
            let mut plan = samples::plan(place);
            plan.inputs.tenure_months = Some(tenure);
            if let Decision::Offer(choice) = &mut plan.decision {
                choice.effect.probability_before = before;
                choice.effect.kept_margin_minor = kept;
            }
            let nobody = CustomerId::parse("-").unwrap();
            let mut patterns = Patterns::default();
            let (id, figures) = patterns.split(&plan, &nobody).unwrap();
            let (known, text) = patterns.into_rows().next().unwrap();
            let (cost_minor, net_minor) = plan.decision.choice().map_or((0, 0), |choice| (choice.cost_minor, choice.effect.net_minor));
            let figures = Figures::decode(&figures.encode()).unwrap();
            let own = Particulars { position: plan.position, customer: plan.customer.clone(), cost_minor, net_minor, figures };
            prop_assert_eq!(known, id);
            prop_assert_eq!(join(&serde_json::from_str(&text).unwrap(), own), plan);
        }
    }

    #[test]
    fn plans_of_one_kind_share_a_pattern() {
        let nobody = CustomerId::parse("-").unwrap();
        let mut patterns = Patterns::default();
        for place in 0..300 {
            patterns.split(&samples::plan(place), &nobody).unwrap();
        }
        let count = patterns.into_rows().count();
        assert!(count <= 15, "{count} patterns for 300 plans of 15 kinds");
    }

    #[test]
    fn figures_of_another_length_are_refused() {
        for length in [0, 8, 39, 41, 48] {
            assert!(Figures::decode(&vec![0; length]).is_err(), "{length}");
        }
    }
}
