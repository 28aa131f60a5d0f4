//! What a card tells of a model as a whole, on tables in which the truth was planted.
use crate::hard_tables::{numbers, table, words};
use crate::telco_table::options;
use std::sync::Arc;
use winback_core::feature::FeatureTable;
use winback_core::model::{Background, ChurnTrainer, Importance, ModelCard, TrainOptions};
use winback_core::progress::Silent;
use winback_learn::split::SplitMix64;
use winback_learn::tree::{BoostingOptions, ForestOptions, TreeOptions};
use winback_learn::{BlendTrainer, LogisticTrainer, TreeTrainer};

const SEXES: [&str; 2] = ["f", "m"];

/// Returns numbers from 0 to 1.
fn uniform(random: &mut SplitMix64, rows: usize) -> Vec<f64> {
    (0..rows).map(|_| f64::from(random.below(1_000)) / 1_000.0).collect()
}

/// A table in which `x` decides who leaves, `copy` repeats it, and `noise` and `sex` have no part in it.
fn planted(rows: usize, seed: u64) -> FeatureTable {
    let mut random = SplitMix64::new(seed);
    let (x, noise, chance) = (uniform(&mut random, rows), uniform(&mut random, rows), uniform(&mut random, rows));
    let sex: Vec<&str> = (0..rows).map(|_| SEXES[random.below(2) as usize]).collect();
    let labels = x.iter().zip(&chance).map(|(x, chance)| Some(*chance < 0.1 + 0.6 * x)).collect();
    let columns = vec![("x", numbers(x.clone())), ("copy", numbers(x)), ("noise", numbers(noise)), ("sex", words(&sex, &SEXES))];
    table(columns, labels)
}

fn boosting() -> TreeOptions {
    TreeOptions::Boosting(BoostingOptions { trees: 25, bags: 1, ..BoostingOptions::default() })
}

fn trainers() -> Vec<(&'static str, Box<dyn ChurnTrainer>)> {
    let forest = TreeOptions::Forest(ForestOptions { trees: 30, ..ForestOptions::default() });
    vec![
        ("logistic", Box::new(LogisticTrainer)),
        ("boosted", Box::new(TreeTrainer { options: boosting() })),
        ("forest", Box::new(TreeTrainer { options: forest })),
        ("blend", Box::new(BlendTrainer { trees: boosting() })),
    ]
}

fn with(background: Background) -> TrainOptions {
    TrainOptions { background, ..options(5, 2.0) }
}

fn card_of(trainer: &dyn ChurnTrainer, table: &FeatureTable, options: &TrainOptions) -> ModelCard {
    trainer.train(table, options, &Silent).unwrap().card
}

fn importance<'a>(card: &'a ModelCard, group: &str) -> &'a Importance {
    card.validation.as_ref().unwrap().importance.iter().find(|one| one.group == group).unwrap()
}

/// Tells columns as one reason.
fn grouped(mut table: FeatureTable, together: &[usize]) -> FeatureTable {
    let schema = Arc::make_mut(&mut table.schema);
    let leader = together[0];
    schema.groups[leader].features = together.to_vec();
    together.iter().for_each(|&feature| schema.features[feature].group = leader as u16);
    let kept: Vec<usize> = (0..schema.groups.len()).filter(|group| *group == leader || !together.contains(group)).collect();
    schema.features.iter_mut().for_each(|feature| {
        feature.group = kept.iter().position(|group| *group == usize::from(feature.group)).unwrap() as u16;
    });
    schema.groups = kept.iter().map(|&group| schema.groups[group].clone()).collect();
    table
}

#[test]
fn what_decides_is_important_and_noise_is_not_in_every_family() {
    let table = grouped(planted(2_000, 3), &[0, 1]);
    for (family, trainer) in trainers() {
        let card = card_of(&*trainer, &table, &with(Background::default()));
        let (x, noise) = (importance(&card, "x"), importance(&card, "noise"));
        assert!(x.is_clear() && x.log_loss_rise > 0.02 && x.auc_drop_low > 0.0, "{family}: {x:?}");
        assert!(noise.low <= 0.0 && 0.0 <= noise.high && noise.log_loss_rise.abs() < 0.02, "{family}: {noise:?}");
        assert_eq!(x.columns, ["x", "copy"]);
        let validation = card.validation.unwrap();
        assert_eq!((validation.importance[0].group.as_str(), validation.importance.len()), ("x", 3), "{family}");
        assert_eq!((validation.importance_rows, validation.importance_repeats), (2_000, 5));
    }
}

/// A column and its twin: alone, each hides behind the other.
#[test]
fn twins_are_shuffled_together() {
    let (apart, together) = (planted(2_000, 3), grouped(planted(2_000, 3), &[0, 1]));
    let of = |table: &FeatureTable| card_of(&LogisticTrainer, table, &with(Background::default()));
    let (apart, together) = (of(&apart), of(&together));
    let alone = importance(&apart, "x").log_loss_rise.max(importance(&apart, "copy").log_loss_rise);
    let both = importance(&together, "x").log_loss_rise;
    assert!(both > 1.5 * alone && alone > 0.0, "{both} {alone}");
}
