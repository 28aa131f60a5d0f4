//! Whether the parts of a model file fit together.
use super::{ArtifactError, BlendBody, Body, CalibratedBody, Learned, TreeBody};
use crate::calibrate::Calibration;
use crate::encode::Encoder;
use crate::explain::ColumnModel;
use crate::tree::bins::ColumnBins;
use winback_core::feature::{Feature, FeatureSchema};

/// The largest value a slot may have, in log-odds; far beyond any that penalised training gives.
const MAX_VALUE: f64 = 1e4;

/// Checks that the parts of a model file fit together and that every number is finite.
pub(crate) fn check(learned: &Learned) -> Result<(), ArtifactError> {
    match learned {
        Learned::Logistic(body) => check_logistic(body),
        Learned::Trees(body) => check_trees(body),
        Learned::Blend(body) => check_blend(body),
        Learned::Calibrated(body) => check_calibrated(body),
    }
}

fn check_calibrated(body: &CalibratedBody) -> Result<(), ArtifactError> {
    let wrong = |text: &str| Err(ArtifactError::Inconsistent(text.to_owned()));
    if matches!(*body.model, Learned::Calibrated(_)) {
        return wrong("it is calibrated twice");
    }
    if let Some(fault) = body.calibration.fault() {
        return wrong(fault);
    }
    let chosen = body.trials.iter().any(|trial| trial.method == body.calibration.method());
    if !(chosen || body.trials.is_empty() && body.calibration == Calibration::None) {
        return wrong("its calibration is none of those that were tried");
    }
    if body.trials.iter().any(|trial| !trial.log_loss.is_finite()) {
        return wrong("a trial of its calibration has no finite log loss");
    }
    check(&body.model)
}

fn check_blend(body: &BlendBody) -> Result<(), ArtifactError> {
    check_logistic(&body.logistic)?;
    check_trees(&body.trees)?;
    match body.logistic.schema == body.trees.schema && body.logistic.data == body.trees.data {
        true => Ok(()),
        false => Err(ArtifactError::Inconsistent("its halves learned from different tables".into())),
    }
}

fn check_trees(body: &TreeBody) -> Result<(), ArtifactError> {
    let wrong = |text: String| Err(ArtifactError::Inconsistent(text));
    let (schema, columns) = (&body.schema, &body.ensemble.bins.columns);
    if columns.len() != schema.features.len() {
        return wrong(format!("{} columns for {} features", columns.len(), schema.features.len()));
    }
    check_groups(schema)?;
    for (feature, bins) in schema.features.iter().zip(columns) {
        let fits = match bins {
            ColumnBins::Unused { .. } => true,
            ColumnBins::Number { .. } => feature.numeric,
            ColumnBins::Words { .. } => !feature.numeric,
        };
        if !fits {
            return wrong(format!("column {:?} is read as another kind than it is", feature.name));
        }
        check_reason(feature, schema.groups.len()).or_else(|what| wrong(format!("column {:?} {what}", feature.name)))?;
    }
    body.ensemble.check().or_else(wrong)
}

fn check_groups(schema: &FeatureSchema) -> Result<(), ArtifactError> {
    match schema.groups.iter().find(|group| group.features.iter().any(|&feature| feature >= schema.features.len())) {
        Some(group) => Err(ArtifactError::Inconsistent(format!("the reason {:?} names a feature that is not there", group.name))),
        None => Ok(()),
    }
}

fn check_reason(feature: &Feature, groups: usize) -> Result<(), &'static str> {
    let parent = feature.repeats.as_ref().map_or(0, |repeats| usize::from(repeats.group));
    let there = usize::from(feature.group) < groups && parent < groups;
    if there { Ok(()) } else { Err("belongs to a reason that is not there") }
}

fn check_logistic(body: &Body) -> Result<(), ArtifactError> {
    let (schema, columns) = (&body.schema, &body.coefficients.columns);
    let wrong = |text: String| Err(ArtifactError::Inconsistent(text));
    if columns.len() != schema.features.len() {
        return wrong(format!("{} columns for {} features", columns.len(), schema.features.len()));
    }
    if !(body.coefficients.intercept.abs() <= MAX_VALUE && body.l2.is_finite()) {
        return wrong("the intercept or the penalty is no usable number".into());
    }
    check_groups(schema)?;
    schema.features.iter().zip(columns).try_for_each(|(feature, column)| {
        check_column(feature, column, schema.groups.len()).or_else(|what| wrong(format!("column {:?} {what}", feature.name)))
    })
}

fn check_column(feature: &Feature, column: &ColumnModel, groups: usize) -> Result<(), &'static str> {
    if column.name != feature.name {
        return Err("has the name of another");
    }
    check_reason(feature, groups)?;
    if column.values.len() != column.encoder.slots() || column.shares.len() != column.encoder.slots() {
        return Err("has another number of values than of slots");
    }
    if column.values.iter().any(|value| value.is_nan() || value.abs() > MAX_VALUE) {
        return Err("has a value that is no usable number");
    }
    if column.shares.iter().any(|share| !(0.0..=1.0 + 1e-9).contains(share)) {
        return Err("has a share outside 0 to 1");
    }
    check_encoder(&column.encoder, feature.numeric)
}

fn check_encoder(encoder: &Encoder, numeric: bool) -> Result<(), &'static str> {
    match encoder {
        Encoder::Unused { .. } => Ok(()),
        Encoder::Words(_) if numeric => Err("is a number with words"),
        Encoder::Number(_) if !numeric => Err("is a category with knots"),
        Encoder::Words(words) => {
            let beyond = words.missing >= words.slots || words.other.is_some_and(|slot| slot >= words.slots);
            if beyond || words.words.len() > usize::from(words.slots) { Err("has a word without a slot") } else { Ok(()) }
        }
        Encoder::Number(knots) => {
            let rising = knots.at.len() >= 2 && knots.at.windows(2).all(|pair| pair[0] < pair[1]);
            let finite = knots.at.iter().chain([&knots.median, &knots.deviation]).all(|value| value.is_finite());
            if rising && finite { Ok(()) } else { Err("has knots that do not rise") }
        }
    }
}
