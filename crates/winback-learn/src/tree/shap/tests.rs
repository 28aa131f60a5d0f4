//! Shapley values against their definition, against the shap package, and what they must hold.
use super::super::Ensemble;
use super::super::bins::{Bins, Codes, ColumnBins};
use super::super::code_set::CodeSet;
use super::super::node::{Leaf, Node, Split, Tree};
use super::*;
use crate::split::SplitMix64;
use proptest::prelude::*;
use serde::Deserialize;
use winback_core::feature::FeatureGroup;
use winback_core::locale::Localized;
use winback_core::schema::Theme;

const CODES: u32 = 6;

/// A schema of as many columns, each its own reason.
fn schema(columns: usize) -> FeatureSchema {
    let feature = |place: usize| Feature {
        name: format!("c{place}"),
        numeric: true,
        column: place,
        group: place as u16,
        repeats: None,
        synthetic: false,
    };
    let group =
        |place: usize| FeatureGroup { name: format!("c{place}"), label: Localized::same("c"), theme: Theme::Usage, features: vec![place] };
    FeatureSchema { features: (0..columns).map(feature).collect(), groups: (0..columns).map(group).collect() }
}

fn ensemble(columns: usize, offset: f64, trees: Vec<Tree>) -> Ensemble {
    let bins = ColumnBins::Number { borders: (0..CODES - 2).map(f64::from).collect(), missing_rows: 1 };
    Ensemble { bins: Bins { columns: vec![bins; columns] }, offset, trees }
}

/// Draws a tree; `bushy` of four nodes above the deepest level are questions.
fn drawn_tree(columns: usize, depth: usize, bushy: u32, random: &mut SplitMix64) -> Tree {
    let mut nodes = vec![Node::Leaf(Leaf { value: 0.0, cover: 0.0 })];
    grow(&mut nodes, 0, (columns, depth, bushy), random);
    for at in (0..nodes.len()).rev() {
        if let Node::Split(split) = &nodes[at] {
            let cover = split.children.iter().map(|&child| nodes[child as usize].cover()).sum();
            nodes[at] = Node::Split(Split { cover, ..split.clone() });
        }
    }
    Tree { nodes }
}

fn grow(nodes: &mut Vec<Node>, at: usize, (columns, depth, bushy): (usize, usize, u32), random: &mut SplitMix64) {
    if depth == 0 || (at > 0 && random.below(4) >= bushy) {
        let value = f64::from(random.below(2_001)) / 1_000.0 - 1.0;
        nodes[at] = Node::Leaf(Leaf { value, cover: f64::from(1 + random.below(40)) });
        return;
    }
    let children = [nodes.len(), nodes.len() + 1];
    nodes.extend([nodes[0].clone(), nodes[0].clone()]);
    let bits = 1 + random.below((1 << CODES) - 2);
    let left = CodeSet::of(|code| u32::from(code) < CODES && bits >> code & 1 == 1);
    nodes[at] = Node::Split(Split { column: random.below(columns as u32) as u16, left, children: children.map(|c| c as u32), cover: 0.0 });
    children.into_iter().for_each(|child| grow(nodes, child, (columns, depth - 1, bushy), random));
}

fn drawn_codes(columns: usize, rows: usize, random: &mut SplitMix64) -> Codes {
    let mut column = |_| (0..rows).map(|_| random.below(CODES) as u8).collect();
    Codes { columns: (0..columns).map(&mut column).collect() }
}

/// What a tree is worth when only the columns in `told` are, by definition.
fn worth(tree: &Tree, at: usize, told: usize, row: (&Codes, usize), background: Option<&Codes>) -> f64 {
    if let Some(background) = background {
        let rows = background.columns[0].len();
        let mixed = |other: usize| Codes {
            columns: (0..background.columns.len())
                .map(|c| vec![if told >> c & 1 == 1 { row.0.columns[c][row.1] } else { background.columns[c][other] }])
                .collect(),
        };
        return (0..rows).map(|other| tree.value(&mixed(other), 0)).sum::<f64>() / rows as f64;
    }
    match &tree.nodes[at] {
        Node::Leaf(leaf) => leaf.value,
        Node::Split(split) if told >> split.column & 1 == 1 => {
            worth(tree, split.next(row.0.columns[usize::from(split.column)][row.1]), told, row, None)
        }
        Node::Split(split) => {
            let part = |&child: &u32| tree.nodes[child as usize].cover() / split.cover * worth(tree, child as usize, told, row, None);
            split.children.iter().map(part).sum()
        }
    }
}

/// The definition: the mean over all orders of what telling a column adds.
fn by_definition(trees: &[Tree], columns: usize, row: (&Codes, usize), background: Option<&Codes>) -> Vec<f64> {
    let worths: Vec<f64> =
        (0..1 << columns).map(|told| trees.iter().map(|tree| worth(tree, 0, told, row, background)).sum::<f64>()).collect();
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    let one = |column: usize| {
        let weight =
            |told: usize| factorial(told.count_ones()) * factorial(columns as u32 - told.count_ones() - 1) / factorial(columns as u32);
        let without = (0..1_usize << columns).filter(|told| told >> column & 1 == 0);
        without.map(|told| weight(told) * (worths[told | 1 << column] - worths[told])).sum()
    };
    (0..columns).map(one).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn values_are_those_of_the_definition(seed in any::<u64>(), columns in 1_usize..7, depth in 1_usize..9, bushy in 2_u32..5) {
        let mut random = SplitMix64::new(seed);
        // Full trees only up to the depth that is cut into parts; deeper ones thinned out.
        let bushy = if depth > SHALLOW { 3 } else { bushy };
        let trees: Vec<Tree> = (0..2).map(|_| drawn_tree(columns, depth, bushy, &mut random)).collect();
        let (codes, background) = (drawn_codes(columns, 5, &mut random), drawn_codes(columns, 4, &mut random));
        let ensemble = ensemble(columns, -0.7, trees);
        prop_assert_eq!(ensemble.check(), Ok(()));
        for untold in [Untold::PathDependent, Untold::Interventional(background.clone())] {
            let rows = if let Untold::Interventional(_) = untold { Some(&background) } else { None };
            let explainer = Explainer::of(&ensemble, &schema(columns), untold.clone());
            let found = explainer.explain(&codes, 0..5);
            for row in 0..5 {
                let expected = by_definition(&ensemble.trees, columns, (&codes, row), rows);
                let found = &found[row * columns..][..columns];
                for (found, expected) in found.iter().zip(&expected) {
                    prop_assert!((found - expected).abs() < 1e-12, "{} {}", found, expected);
                }
                let sum = explainer.base() + found.iter().sum::<f64>();
                prop_assert!((sum - ensemble.log_odds(&codes, row)).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn the_order_of_columns_changes_nothing(seed in any::<u64>(), depth in 1_usize..9) {
        let mut random = SplitMix64::new(seed);
        let columns = 5;
        let trees: Vec<Tree> = (0..3).map(|_| drawn_tree(columns, depth, 3, &mut random)).collect();
        let codes = drawn_codes(columns, 7, &mut random);
        let mut order: Vec<usize> = (0..columns).collect();
        random.shuffle(&mut order);
        let moved = |tree: &Tree| {
            let node = |node: &Node| match node {
                Node::Split(split) => Node::Split(Split { column: order[usize::from(split.column)] as u16, ..split.clone() }),
                Node::Leaf(leaf) => Node::Leaf(*leaf),
            };
            Tree { nodes: tree.nodes.iter().map(node).collect() }
        };
        let mut moved_codes = codes.clone();
        (0..columns).for_each(|column| moved_codes.columns[order[column]] = codes.columns[column].clone());
        let there = ensemble(columns, 0.0, trees.iter().map(moved).collect());
        let here = ensemble(columns, 0.0, trees);
        let explain = |ensemble: &Ensemble, codes: &Codes| Explainer::of(ensemble, &schema(columns), Untold::PathDependent).explain(codes, 0..7);
        let (here, there) = (explain(&here, &codes), explain(&there, &moved_codes));
        for row in 0..7 {
            for column in 0..columns {
                prop_assert_eq!(here[row * columns + column], there[row * columns + order[column]]);
            }
        }
    }
}

#[test]
fn any_number_of_rows_is_explained_as_each_alone() {
    let mut random = SplitMix64::new(4);
    let trees: Vec<Tree> = [3, 8].iter().map(|&depth| drawn_tree(4, depth, 4, &mut random)).collect();
    let codes = drawn_codes(4, 2 * BLOCK + 9, &mut random);
    let explainer = Explainer::of(&ensemble(4, 0.0, trees), &schema(4), Untold::PathDependent);
    let all = explainer.explain(&codes, 0..2 * BLOCK + 9);
    for row in [0, 1, BLOCK - 1, BLOCK, 2 * BLOCK + 8] {
        assert_eq!(explainer.explain(&codes, row..row + 1), all[row * 4..][..4]);
    }
}

#[test]
fn columns_of_a_reason_count_together_and_a_repeated_answer_counts_to_its_parent() {
    let mut random = SplitMix64::new(8);
    let trees: Vec<Tree> = (0..4).map(|_| drawn_tree(3, 4, 4, &mut random)).collect();
    let mut ensemble = ensemble(3, 0.3, trees);
    let words = ["a", "b", "none", "d"].map(str::to_owned).to_vec();
    ensemble.bins.columns[2] = ColumnBins::Words { words, other_rows: 0, rare_words: 0, missing_rows: 0 };
    let apart = schema(3);
    let mut together = schema(3);
    together.features[1].group = 0;
    together.features[2].repeats = Some(winback_core::feature::Repeats { level: "none".into(), group: 0 });
    let codes = drawn_codes(3, 40, &mut random);
    let each = Explainer::of(&ensemble, &apart, Untold::PathDependent).explain(&codes, 0..40);
    let grouped = Explainer::of(&ensemble, &together, Untold::PathDependent).explain(&codes, 0..40);
    for row in 0..40 {
        let (each, grouped) = (&each[row * 3..][..3], &grouped[row * 3..][..3]);
        let repeats = codes.columns[2][row] == 2;
        let expected = if repeats { [each[0] + each[1] + each[2], 0.0, 0.0] } else { [each[0] + each[1], 0.0, each[2]] };
        assert_eq!(grouped, expected);
    }
}

#[derive(Deserialize)]
struct Fixture {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    trees: Vec<Dumped>,
    rows: Vec<Vec<Option<f64>>>,
    background: Vec<Vec<Option<f64>>>,
    scores: Vec<f64>,
    path_dependent: Told,
    interventional: Told,
}

#[derive(Deserialize)]
struct Told {
    base: f64,
    values: Vec<Vec<f64>>,
}

/// A node as XGBoost dumps it: "yes" is taken below the condition.
#[derive(Deserialize)]
struct Dumped {
    nodeid: u32,
    cover: f64,
    leaf: Option<f64>,
    split: Option<String>,
    split_condition: Option<f64>,
    yes: Option<u32>,
    missing: Option<u32>,
    #[serde(default)]
    children: Vec<Dumped>,
}

impl Dumped {
    fn column(&self) -> Option<usize> {
        self.split.as_ref().map(|name| name[1..].parse().unwrap())
    }

    fn each<'a>(&'a self, visit: &mut dyn FnMut(&'a Self)) {
        visit(self);
        self.children.iter().for_each(|child| child.each(visit));
    }

    fn push(&self, borders: &[Vec<f64>], nodes: &mut Vec<Node>, at: usize) {
        let (Some(column), Some(condition)) = (self.column(), self.split_condition) else {
            nodes[at] = Node::Leaf(Leaf { value: self.leaf.unwrap(), cover: self.cover });
            return;
        };
        let border = borders[column].iter().position(|&border| border == below(condition)).unwrap();
        let missing = borders[column].len() + 1;
        let missing_left = self.missing == self.yes;
        let left = CodeSet::of(|code| if usize::from(code) == missing { missing_left } else { usize::from(code) <= border });
        let children = [nodes.len() as u32, nodes.len() as u32 + 1];
        nodes.extend([0, 1].map(|_| Node::Leaf(Leaf { value: 0.0, cover: 0.0 })));
        nodes[at] = Node::Split(Split { column: column as u16, left, children, cover: self.cover });
        let yes = usize::from(Some(self.children[0].nodeid) != self.yes);
        self.children[yes].push(borders, nodes, children[0] as usize);
        self.children[1 - yes].push(borders, nodes, children[1] as usize);
    }
}

/// Rows lie on a grid of eighths, so that "below the condition" is "up to a little less".
fn below(condition: f64) -> f64 {
    condition - 1.0 / 1_024.0
}

fn of_case(case: &Case) -> Ensemble {
    let columns = case.rows[0].len();
    let mut borders = vec![Vec::new(); columns];
    let mut visit = |node: &Dumped| {
        if let Some(column) = node.column() {
            borders[column].push(below(node.split_condition.unwrap()));
        }
    };
    case.trees.iter().for_each(|tree| tree.each(&mut visit));
    for borders in &mut borders {
        borders.sort_by(f64::total_cmp);
        borders.dedup();
    }
    let tree = |dumped: &Dumped| {
        let mut nodes = vec![Node::Leaf(Leaf { value: 0.0, cover: 0.0 })];
        dumped.push(&borders, &mut nodes, 0);
        Tree { nodes }
    };
    let trees = case.trees.iter().map(tree).collect();
    let bins = borders.into_iter().map(|borders| ColumnBins::Number { borders, missing_rows: 0 }).collect();
    Ensemble { bins: Bins { columns: bins }, offset: 0.0, trees }
}

fn table(rows: &[Vec<Option<f64>>]) -> winback_core::feature::FeatureTable {
    let column =
        |place: usize| winback_core::feature::FeatureColumn::Number(rows.iter().map(|row| row[place].unwrap_or(f64::NAN)).collect());
    let columns = rows[0].len();
    winback_core::feature::FeatureTable {
        schema: std::sync::Arc::new(schema(columns)),
        columns: (0..columns).map(column).collect(),
        labels: vec![None; rows.len()],
    }
}

#[test]
fn values_are_those_of_the_shap_package() {
    let fixture: Fixture = serde_json::from_str(include_str!("../../../tests/fixtures/xgboost_shap.json")).unwrap();
    for case in &fixture.cases {
        let ensemble = of_case(case);
        let columns = ensemble.bins.columns.len();
        let codes = ensemble.encode(&table(&case.rows));
        for (row, score) in case.scores.iter().enumerate() {
            assert!((ensemble.log_odds(&codes, row) - score).abs() < 1e-6, "{} row {row}", case.name);
        }
        let background = ensemble.encode(&table(&case.background));
        for (untold, told) in [(Untold::PathDependent, &case.path_dependent), (Untold::Interventional(background), &case.interventional)] {
            let explainer = Explainer::of(&ensemble, &schema(columns), untold);
            assert!((explainer.base() - told.base).abs() < 1e-6, "{}: base {} and {}", case.name, explainer.base(), told.base);
            let found = explainer.explain(&codes, 0..case.rows.len());
            for (row, expected) in told.values.iter().enumerate() {
                for (found, expected) in found[row * columns..].iter().zip(expected) {
                    assert!((found - expected).abs() < 1e-6, "{} row {row}: {found} and {expected}", case.name);
                }
            }
        }
    }
}
