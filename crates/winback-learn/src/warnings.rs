//! Warnings of a card: effects against what the business expects, and numbers that others give.
use crate::collinear::{self, Given};
use winback_core::feature::{FeatureIndex, FeatureTable};
use winback_core::model::{Background, Effect, EffectAt, Warning};
use winback_core::schema::Expectation;

/// How far a curve must move against what is expected, as a probability, before anybody is warned.
const WORTH_TELLING: f64 = 0.01;

/// Returns the warnings, those about effects first.
pub(crate) fn of(table: &FeatureTable, rows: &[u32], effects: &[Effect], (background, seed): (&Background, u64)) -> Vec<Warning> {
    let given = collinear::of(table, rows, seed);
    let name = |feature: FeatureIndex| table.schema.features[feature].name.clone();
    let names = |given: &Given| given.by.iter().map(|&feature| name(feature)).collect::<Vec<String>>();
    let sign = |(&feature, &expected): (&FeatureIndex, &Expectation)| {
        let effect = effects.iter().find(|effect| effect.column == table.schema.features[feature].name)?;
        against_sense(effect, expected, given.iter().find(|given| given.feature == feature).map(|given| (names(given), given.product)))
    };
    let signs: Vec<Warning> = background.expected.iter().filter_map(sign).collect();
    // A warning about a sign says already what gives the column.
    let told = |given: &&Given| signs.iter().any(|sign| sign.column() == name(given.feature));
    let collinear = given.iter().filter(|given| !told(given)).map(|given| Warning::Collinear {
        column: name(given.feature),
        explained_by: names(given),
        product: given.product,
        r_squared: given.r_squared,
    });
    signs.iter().cloned().chain(collinear).collect()
}

/// Returns a warning where a curve moves further against what is expected than along it.
fn against_sense(effect: &Effect, expected: Expectation, given: Option<(Vec<String>, bool)>) -> Option<Warning> {
    let number = |at: &EffectAt| match at {
        EffectAt::Number(value) => Some(*value),
        EffectAt::Word(_) => None,
    };
    let points: Vec<(f64, f64)> = effect.points.iter().filter_map(|point| Some((number(&point.at)?, point.probability))).collect();
    let (&(from, probability_from), &(to, probability_to)) = (points.first()?, points.last()?);
    let sign = if expected == Expectation::Rises { 1.0 } else { -1.0 };
    let moves = || points.windows(2).map(|pair| sign * (pair[1].1 - pair[0].1));
    let (along, against) = (moves().map(|by| by.max(0.0)).sum::<f64>(), moves().map(|by| (-by).max(0.0)).sum::<f64>());
    let (explained_by, product) = given.unwrap_or_default();
    let column = effect.column.clone();
    let warning =
        Warning::SignAgainstSense { column, expected, from, to, probability_from, probability_to, along, against, explained_by, product };
    (against > along && against - along >= WORTH_TELLING).then_some(warning)
}
