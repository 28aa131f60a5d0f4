//! What a card tells of a model as a whole, on tables in which the truth was planted.
use crate::hard_tables::{numbers, table, who, words};
use crate::telco_table::options;
use std::sync::Arc;
use winback_core::feature::{FeatureColumn, FeatureTable, Repeats};
use winback_core::locale::Localized;
use winback_core::model::{
    Background, ChurnModel, ChurnTrainer, Effect, EffectAt, EffectPoint, Importance, ModelCard, TrainOptions, Warning,
};
use winback_core::progress::Silent;
use winback_core::schema::Expectation;
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
    let table = grouped(planted(2_000, 5), &[0, 1]);
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

/// An interval of 95 % may leave out the truth now and then, but seldom.
#[test]
fn intervals_of_noise_hold_nothing_at_all_in_most_tables() {
    let left_out = |seed: u64| {
        let card = card_of(&LogisticTrainer, &planted(400, seed), &with(Background::default()));
        let noise = importance(&card, "noise");
        usize::from(noise.low > 0.0 || noise.high < 0.0)
    };
    let all: usize = (100..140).map(left_out).sum();
    assert!(all <= 6, "{all} of 40 intervals leave out 0");
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
    let without = card_of(&LogisticTrainer, &set(&planted(2_000, 3), 1, numbers(vec![1.0; 2_000])), &with(Background::default()));
    let single = importance(&without, "x").log_loss_rise;
    assert!((both / single - 1.0).abs() < 0.05, "both at once are what one is without its twin: {both} {single}");
}

/// A service whose "no" three add-ons repeat: shuffled without them, two thirds of what it tells would stay.
#[test]
fn columns_that_repeat_an_answer_are_shuffled_with_it() {
    let mut random = SplitMix64::new(21);
    let rows = 2_000;
    let service: Vec<&str> = (0..rows).map(|_| ["fiber", "dsl", "no"][random.below(3) as usize]).collect();
    let mut add_on = || -> Vec<&str> {
        service.iter().map(|service| if *service == "no" { "none" } else { ["yes", "no"][random.below(2) as usize] }).collect()
    };
    let (one, two, three) = (add_on(), add_on(), add_on());
    let labels: Vec<Option<bool>> = service.iter().map(|service| Some(random.below(100) < if *service == "no" { 5 } else { 45 })).collect();
    let (services, answers) = (["fiber", "dsl", "no"], ["yes", "no", "none"]);
    let parent = ("service", words(&service, &services));
    let children = [("one", words(&one, &answers)), ("two", words(&two, &answers)), ("three", words(&three, &answers))];
    // Without it many customers would be equal and share a fold.
    let other = || ("other", numbers((0..rows).map(|row| (row * 7 % 1_000) as f64).collect()));
    let alone = table(vec![parent.clone(), other()], labels.clone());
    let mut family = table([parent].into_iter().chain(children).chain([other()]).collect(), labels);
    for child in 1..4 {
        Arc::make_mut(&mut family.schema).features[child].repeats = Some(Repeats { level: "none".into(), group: 0 });
    }
    let [single, card] = [alone, family].map(|table| card_of(&LogisticTrainer, &table, &with(Background::default())));
    let (single, service) = (importance(&single, "service"), importance(&card, "service"));
    assert!((0.8..1.3).contains(&(service.log_loss_rise / single.log_loss_rise)), "{service:?} {single:?}");
    assert_eq!(service.columns, ["service", "one", "two", "three"]);
    for child in ["one", "two", "three"] {
        let child = importance(&card, child);
        assert!(child.log_loss_rise.abs() < 0.005 && child.columns.len() == 1, "{child:?}");
    }
}

/// Returns a table with one column replaced.
fn set(table: &FeatureTable, feature: usize, column: FeatureColumn) -> FeatureTable {
    let mut changed = table.clone();
    changed.columns[feature] = column;
    changed
}

fn mean_probability(model: &dyn ChurnModel, table: &FeatureTable) -> f64 {
    let all = model.assess(table, &who(table.rows())).unwrap();
    all.iter().map(|one| one.probability.value()).sum::<f64>() / all.len() as f64
}

fn effect<'a>(card: &'a ModelCard, column: &str) -> &'a Effect {
    card.effects.iter().find(|effect| effect.column == column).unwrap()
}

#[test]
fn effects_are_what_the_model_says_of_everybody_with_that_value() {
    let table = planted(700, 4);
    // With folds the scores are calibrated, and so are the curves.
    for ((family, trainer), folds) in trainers().into_iter().zip([0, 3, 3, 0]) {
        let trained = trainer.train(&table, &options(folds, 2.0), &Silent).unwrap();
        assert_eq!(trained.card.effects.iter().map(|effect| effect.column.as_str()).collect::<Vec<_>>(), ["x", "copy", "noise", "sex"]);
        for (feature, effect) in trained.card.effects.iter().enumerate() {
            for point in &effect.points {
                let column = match &point.at {
                    EffectAt::Number(value) => numbers(vec![*value; 700]),
                    EffectAt::Word(word) => words(&[word.as_str(); 700], &SEXES),
                };
                let expected = mean_probability(&*trained.model, &set(&table, feature, column));
                assert!((point.probability - expected).abs() < 1e-12, "{family} {} {:?}", effect.column, point.at);
            }
        }
        let FeatureColumn::Number(x) = &table.columns[0] else { unreachable!("a number") };
        let unit = effect(&trained.card, "x").unit_effect.unwrap();
        let moved = set(&table, 0, numbers(x.iter().map(|x| x + unit.step).collect()));
        let expected = mean_probability(&*trained.model, &moved) - mean_probability(&*trained.model, &table);
        assert!((unit.points - 100.0 * expected).abs() < 1e-9 && unit.step == 0.2, "{family} {unit:?}");
    }
}

/// One column decides by a line in log-odds: its curve is that line's logistic function.
#[test]
fn the_curve_of_a_planted_line_is_its_logistic_function() {
    let mut random = SplitMix64::new(6);
    let rows = 20_000;
    let (x, chance) = (uniform(&mut random, rows), uniform(&mut random, rows));
    let truth = |x: f64| 1.0 / (1.0 + (2.0 - 3.0 * x).exp());
    let labels = x.iter().zip(&chance).map(|(x, chance)| Some(*chance < truth(*x))).collect();
    let card = card_of(&LogisticTrainer, &table(vec![("x", numbers(x))], labels), &options(0, 1.0));
    let curve = effect(&card, "x");
    assert_eq!(curve.points.len(), 21);
    for point in &curve.points {
        let EffectAt::Number(value) = point.at else { unreachable!("a number") };
        assert!((point.probability - truth(value)).abs() < 0.03, "{value}: {} {}", point.probability, truth(value));
        assert!((point.share - value).abs() < 0.02, "as many customers lie below a number from 0 to 1 as it says");
    }
}

/// A service and a support that only says "none" where there is no service; some of the first rows contradict that.
fn service_and_support(rows: usize, contradicting: usize) -> FeatureTable {
    let mut random = SplitMix64::new(8);
    let service: Vec<&str> = (0..rows).map(|_| ["fiber", "dsl", "no"][random.below(3) as usize]).collect();
    let support = |service: &&str| if *service == "no" { "none" } else { ["yes", "no"][random.below(2) as usize] };
    let mut support: Vec<&str> = service.iter().map(support).collect();
    (0..rows).filter(|row| service[*row] != "no").take(contradicting).for_each(|row| support[row] = "none");
    let leaves = |row: usize| match (service[row], support[row]) {
        ("no", _) => row.is_multiple_of(10),
        (_, "yes") => row.is_multiple_of(4),
        _ => row.is_multiple_of(2),
    };
    let levels: [&str; 3] = ["yes", "no", "none"];
    let columns = vec![("service", words(&service, &["fiber", "dsl", "no"])), ("support", words(&support, &levels))];
    let mut table = table(columns, (0..rows).map(|row| Some(leaves(row))).collect());
    Arc::make_mut(&mut table.schema).features[1].repeats = Some(Repeats { level: "none".into(), group: 0 });
    table
}

/// One row of dirty data turns nothing off, and is told.
#[test]
fn a_family_follows_although_a_row_contradicts_it() {
    let rows = 600;
    for dirty in [0, 1, 3] {
        let table = service_and_support(rows, dirty);
        let trained = LogisticTrainer.train(&table, &options(0, 0.5), &Silent).unwrap();
        let service = effect(&trained.card, "service");
        assert_eq!((service.followed_by.as_slice(), service.disagreeing), (["support".to_owned()].as_slice(), dirty as u64));
        assert_eq!((service.customers, effect(&trained.card, "support").followed_by.len()), (600, 0));
        let answers: [&str; 3] = ["yes", "no", "none"];
        let nobody = set(&set(&table, 0, words(&vec!["no"; rows], &["fiber", "dsl", "no"])), 1, words(&vec!["none"; rows], &answers));
        let expected = mean_probability(&*trained.model, &nobody);
        assert!((service.points[2].probability - expected).abs() < 1e-12, "{dirty}: support follows the service");
        let FeatureColumn::Category { codes, .. } = &table.columns[1] else { unreachable!("words") };
        let asked = codes.iter().filter(|&&code| code != 2).count() as u64;
        assert_eq!(effect(&trained.card, "support").customers, asked, "of the others the question makes no sense");
        let text = winback_learn::card_markdown(&trained.card);
        assert!(text.contains("followed by support") && text.contains(&format!("| support | {asked} |")), "{text}");
        assert_eq!(text.contains("without the other"), dirty > 0);
    }
    let as_many = effect(&LogisticTrainer.train(&service_and_support(60, 40), &options(0, 0.5), &Silent).unwrap().card, "service").clone();
    assert!(as_many.followed_by.is_empty() && as_many.disagreeing == 0, "nothing is repeated: {as_many:?}");
}

#[test]
fn a_word_that_repeats_a_parents_answer_is_no_value_of_its_own() {
    let (rows, table) = (600, service_and_support(600, 0));
    let levels: [&str; 3] = ["yes", "no", "none"];
    let FeatureColumn::Category { codes, .. } = &table.columns[0] else { unreachable!("words") };
    let service: Vec<&str> = codes.iter().map(|&code| ["fiber", "dsl", "no"][usize::from(code)]).collect();
    let FeatureColumn::Category { codes, .. } = &table.columns[1] else { unreachable!("words") };
    let support: Vec<&str> = codes.iter().map(|&code| levels[usize::from(code)]).collect();
    let trained = LogisticTrainer.train(&table, &options(0, 0.5), &Silent).unwrap();
    let told = |column: &str| {
        let word = |point: &EffectPoint| match &point.at {
            EffectAt::Word(word) => (word.clone(), point.probability),
            EffectAt::Number(value) => (value.to_string(), point.probability),
        };
        effect(&trained.card, column).points.iter().map(word).collect::<Vec<_>>()
    };
    assert_eq!(told("support").iter().map(|(word, _)| word.as_str()).collect::<Vec<_>>(), ["yes", "no"]);
    let nobody = set(&set(&table, 0, words(&vec!["no"; rows], &["fiber", "dsl", "no"])), 1, words(&vec!["none"; rows], &levels));
    let (word, probability) = told("service").remove(2);
    assert_eq!(word, "no");
    assert!((probability - mean_probability(&*trained.model, &nobody)).abs() < 1e-12, "support follows the service");
    let asked: Vec<usize> = (0..rows).filter(|&row| support[row] != "none").collect();
    let some = |word: &'static str| {
        let service: Vec<&str> = asked.iter().map(|&row| service[row]).collect();
        let columns = vec![words(&service, &["fiber", "dsl", "no"]), words(&vec![word; asked.len()], &levels)];
        FeatureTable { schema: table.schema.clone(), columns, labels: vec![None; asked.len()] }
    };
    assert!((told("support")[0].1 - mean_probability(&*trained.model, &some("yes"))).abs() < 1e-12);
}

/// Returns every customer twice.
fn take_twice(table: &FeatureTable) -> FeatureTable {
    let column = |column: &FeatureColumn| match column {
        FeatureColumn::Number(values) => FeatureColumn::Number(values.repeat(2)),
        FeatureColumn::Category { codes, levels } => FeatureColumn::Category { codes: codes.repeat(2), levels: levels.clone() },
    };
    FeatureTable { schema: table.schema.clone(), columns: table.columns.iter().map(column).collect(), labels: table.labels.repeat(2) }
}

/// A price of which more customers leave the lower it is, against what the business expects.
#[test]
fn a_sign_against_business_sense_is_told_and_a_right_one_is_not() {
    let half = planted(750, 9);
    // Each customer once more with the opposite noise, so that not even chance gives it a sign.
    let mut table = take_twice(&half);
    if let FeatureColumn::Number(noise) = &mut table.columns[2] {
        noise[750..].iter_mut().for_each(|noise| *noise = 1.0 - *noise);
    }
    let told = |feature: usize, expected: Expectation| {
        let background = Background { expected: [(feature, expected)].into(), ..Background::default() };
        let mut card = card_of(&LogisticTrainer, &table, &TrainOptions { background, ..options(0, 2.0) });
        card.warnings.retain(|warning| matches!(warning, Warning::SignAgainstSense { .. }));
        card.warnings
    };
    assert!(told(0, Expectation::Rises).is_empty());
    for expected in [Expectation::Rises, Expectation::Falls] {
        assert!(told(2, expected).is_empty(), "what moves nothing has no sign");
    }
    let wrong = told(0, Expectation::Falls);
    let [Warning::SignAgainstSense { column, along, against, probability_from, probability_to, explained_by, .. }] = &wrong[..] else {
        unreachable!("{wrong:?}")
    };
    assert_eq!((column.as_str(), explained_by.as_slice()), ("x", ["copy".to_owned()].as_slice()));
    assert!(against > along && probability_to > probability_from && (against - along - (probability_to - probability_from)).abs() < 1e-12);
}

/// Nearly everybody complained of nothing; the few who did stay.
#[test]
fn a_number_that_is_nearly_always_the_same_has_its_curve_and_its_sign() {
    let rows = 4_000;
    let complaints = |row: usize| if row.is_multiple_of(200) { (3 + row / 200 % 6) as f64 } else { 0.0 };
    let other: Vec<f64> = (0..rows).map(|row| (row % 101) as f64).collect();
    let columns = vec![("complaints", numbers((0..rows).map(complaints).collect())), ("other", numbers(other))];
    let table = table(columns, (0..rows).map(|row| Some(complaints(row) == 0.0 && row % 3 == 0)).collect());
    let background = Background { expected: [(0, Expectation::Rises)].into(), ..Background::default() };
    let card = card_of(&LogisticTrainer, &table, &TrainOptions { background, ..options(0, 1.0) });
    let curve = effect(&card, "complaints");
    assert_eq!(
        curve.points.iter().map(|point| point.at.clone()).collect::<Vec<_>>(),
        [0.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0].map(EffectAt::Number)
    );
    let sign = |warning: &Warning| matches!(warning, Warning::SignAgainstSense { column, .. } if column == "complaints");
    assert!(card.warnings.iter().any(sign), "{:?} {curve:?}", card.warnings);
}

/// One typing error in two columns is no reason to say that one gives the other, nor to overlook that others do.
#[test]
fn outliers_make_no_columns_alike_and_hide_none_that_are() {
    let mut random = SplitMix64::new(31);
    let rows = 1_000;
    let (mut a, mut b, c) = (uniform(&mut random, rows), uniform(&mut random, rows), uniform(&mut random, rows));
    let mut total: Vec<f64> = (0..rows).map(|row| (b[row] + 0.2) * (c[row] + 0.2)).collect();
    (a[7], b[7]) = (1e9, 1e9);
    total[11] *= 1e9;
    let columns = vec![("a", numbers(a)), ("b", numbers(b)), ("c", numbers(c)), ("total", numbers(total))];
    let card = card_of(&LogisticTrainer, &table(columns, (0..rows).map(|row| Some(row % 3 == 0)).collect()), &options(0, 2.0));
    let [Warning::Collinear { column, explained_by, product: true, r_squared }] = &card.warnings[..] else {
        unreachable!("{:?}", card.warnings)
    };
    assert_eq!((column.as_str(), explained_by.as_slice()), ("total", ["b".to_owned(), "c".to_owned()].as_slice()));
    assert!((0.98..=1.0).contains(r_squared), "{r_squared}");
}

#[test]
fn words_beyond_the_most_frequent_are_counted_as_left_out() {
    let rows = 600;
    let names: Vec<String> = (0..60).map(|word| format!("w{word:02}")).collect();
    let levels: Vec<&str> = names.iter().map(String::as_str).collect();
    let each: Vec<&str> = (0..rows).map(|row| levels[row % 60]).collect();
    let x = numbers((0..rows).map(|row| (row * 37 % 101) as f64).collect());
    let table = table(vec![("x", x), ("city", words(&each, &levels))], (0..rows).map(|row| Some(row * 37 % 101 > 60)).collect());
    let background = Background { traits: vec![1], units: [(0, Localized::same("months"))].into(), ..Background::default() };
    let card = card_of(&LogisticTrainer, &table, &with(background));
    let validation = card.validation.as_ref().unwrap();
    assert_eq!((validation.groups.len(), validation.outside_groups.get("city")), (50, Some(&100)));
    assert!(validation.groups.iter().all(|group| group.customers == 10 && group.ece10.is_none()));
    let text = winback_learn::card_markdown(&card);
    assert!(text.contains("100 customers with rarer words of city are left out."), "{text}");
    assert!(text.contains(" months | "), "a step has the unit of the schema: {text}");
}

#[test]
fn numbers_that_others_give_are_named_with_what_gives_them() {
    let mut random = SplitMix64::new(12);
    let rows = 800;
    let (months, fee, noise) = (uniform(&mut random, rows), uniform(&mut random, rows), uniform(&mut random, rows));
    let plan: Vec<&str> = (0..rows).map(|_| ["s", "m", "l"][random.below(3) as usize]).collect();
    let total: Vec<f64> = (0..rows).map(|row| (months[row] + 0.2) * (fee[row] + 0.2) + 0.01 * noise[row]).collect();
    let price: Vec<f64> =
        (0..rows).map(|row| if plan[row] == "l" { 30.0 } else { 10.0 } + if noise[row] > 0.5 { 8.0 } else { 0.0 }).collect();
    let extra: Vec<&str> = noise.iter().map(|noise| if *noise > 0.5 { "yes" } else { "no" }).collect();
    let columns = vec![
        ("months", numbers(months)),
        ("fee", numbers(fee)),
        ("total", numbers(total)),
        ("plan", words(&plan, &["s", "m", "l"])),
        ("extra", words(&extra, &["yes", "no"])),
        ("price", numbers(price)),
    ];
    let table = table(columns, (0..rows).map(|row| Some(row % 3 == 0)).collect());
    let card = card_of(&LogisticTrainer, &table, &options(0, 2.0));
    let of = |column: &str| card.warnings.iter().find(|warning| warning.column() == column);
    let Some(Warning::Collinear { explained_by, product: true, r_squared, .. }) = of("total") else { unreachable!("{:?}", card.warnings) };
    assert!(explained_by == &["months", "fee"] && *r_squared > 0.98, "{explained_by:?} {r_squared}");
    let Some(Warning::Collinear { explained_by, product: false, r_squared, .. }) = of("price") else { unreachable!("{:?}", card.warnings) };
    assert!(explained_by == &["plan", "extra"] && *r_squared > 0.999, "{explained_by:?} {r_squared}");
    assert_eq!(card.warnings.len(), 2, "{:?}", card.warnings);
}

#[test]
fn each_kind_of_customer_has_its_measures() {
    let table = planted(1_000, 13);
    let background = Background { traits: vec![3], ..Background::default() };
    let validation = card_of(&LogisticTrainer, &table, &with(background)).validation.unwrap();
    let words: Vec<_> = validation.groups.iter().map(|group| (group.column.as_str(), group.word.as_deref())).collect();
    assert_eq!(words, [("sex", Some("f")), ("sex", Some("m"))]);
    assert_eq!(validation.groups.iter().map(|group| group.customers).sum::<u64>(), 1_000);
    let loss: f64 = validation.groups.iter().map(|group| group.log_loss * group.customers as f64).sum();
    assert!((loss / 1_000.0 - validation.pooled.log_loss).abs() < 1e-12, "the groups are parts of the whole");
    let (low, high) = (validation.intervals.unwrap().low, validation.intervals.unwrap().high);
    assert!(low.roc_auc < validation.mean.roc_auc && validation.mean.roc_auc < high.roc_auc);
}

/// A number that is not finite would be `null` in the file, and the card could not be read again.
#[test]
fn the_card_of_a_hard_table_loads() {
    let mut random = SplitMix64::new(15);
    let rows = 300;
    let x = uniform(&mut random, rows);
    let wild = |row: usize| [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300, -1e300, 0.0, 1.0][row % 7];
    let huge: Vec<f64> = x.iter().map(|x| 1e150 * x).collect();
    let names: Vec<String> = (0..rows).map(|row| format!("w{row}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let columns = vec![
        ("x", numbers(x.clone())),
        ("wild", numbers((0..rows).map(wild).collect())),
        ("huge", numbers(huge.clone())),
        ("larger", numbers(huge.iter().map(|huge| huge * 1e150).collect())),
        ("empty", numbers(vec![f64::NAN; rows])),
        ("same", numbers(vec![3.0; rows])),
        ("each", words(&names, &names)),
        ("nowhere", words(&vec!["a"; rows], &["b"])),
    ];
    let table = table(columns, x.iter().map(|x| Some(f64::from(random.below(1_000)) / 1_000.0 < *x)).collect());
    let expected = (0..6).map(|feature| (feature, Expectation::Falls)).collect();
    let background = Background { traits: (0..8).collect(), expected, ..Background::default() };
    for (family, trainer) in trainers() {
        let card = card_of(&*trainer, &table, &with(background.clone()));
        let text = serde_json::to_string(&card).unwrap();
        let read: ModelCard = serde_json::from_str(&text).unwrap_or_else(|error| unreachable!("{family}: {error}"));
        assert_eq!(serde_json::to_string(&read).unwrap(), text, "{family}");
        let validation = read.validation.unwrap();
        assert!(validation.groups.iter().filter(|group| group.column == "each").count() <= 50, "{family}");
        assert!(!winback_learn::card_markdown(&card).contains("NaN"), "{family}");
    }
}

#[test]
fn the_same_seed_gives_the_same_card() {
    let table = planted(600, 14);
    let background = Background { traits: vec![3], expected: [(0, Expectation::Falls)].into(), ..Background::default() };
    for (family, trainer) in trainers() {
        let text = || serde_json::to_string(&card_of(&*trainer, &table, &with(background.clone()))).unwrap();
        let card = text();
        assert!(card == text(), "{family}");
        let read: ModelCard = serde_json::from_str(&card).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), card, "{family}");
    }
}
