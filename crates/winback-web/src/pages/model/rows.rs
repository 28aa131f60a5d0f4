//! The rows of the page about models, in words: importance, effects, people, drift.
use crate::charts::{self, Span};
use crate::strings::{Strings, fill};
use crate::view::models::Watched;
use crate::words;
use winback_core::agents::data_analyst::display_points;
use winback_core::drift::told::{Words, Writes, index, percent};
use winback_core::drift::{Bin, ColumnDrift, Reading};
use winback_core::fairness::{FlipReport, TraitFlip};
use winback_core::locale::Locale;
use winback_core::model::{Effect, EffectAt, GroupScore, Importance};
use winback_core::portfolio::Context;
use winback_core::schema::Role;

/// Puts parts of a card into words.
#[derive(Clone, Copy)]
pub(super) struct Teller<'a> {
    pub context: &'a Context,
    pub s: &'static Strings,
}

/// How much the model leans on one reason.
pub(super) struct ImportanceRow {
    pub label: String,
    pub synthetic: bool,
    pub clear: bool,
    pub span: Span,
    pub rise: String,
    pub interval: String,
    pub auc: String,
}

/// One column's effect.
pub(super) struct EffectRow {
    pub label: String,
    /// Every value with its probability, for those who do not see the drawing.
    pub told: String,
    /// The line of a number, in the square; empty for words.
    pub line: String,
    pub least: String,
    pub greatest: String,
    /// The bars of words: word, width in per cent, probability.
    pub bars: Vec<(String, String, String)>,
    pub unit: Option<String>,
}

/// The words of a column that says who a customer is.
pub(super) struct GroupRow {
    pub word: String,
    pub customers: u64,
    pub left: String,
    pub left_interval: String,
    pub mean: String,
    pub auc: String,
    pub log_loss: String,
    pub ece: String,
}

/// What would change if nothing but one column were different.
pub(super) struct FlipRow {
    pub label: String,
    pub mean: String,
    pub most: String,
    pub other_level: u64,
    pub words: Vec<(String, String)>,
}

/// The flips of a run.
pub(super) struct Flips {
    pub told: Vec<String>,
    pub rows: Vec<FlipRow>,
}

/// How one column moved.
pub(super) struct DriftRow {
    pub label: String,
    pub psi: String,
    pub chance: String,
    /// The class of its badge, and the reading in words.
    pub reading: (&'static str, &'static str),
    pub most: String,
}

/// How the customers moved.
pub(super) struct DriftTold {
    pub told: Vec<String>,
    pub rows: Vec<DriftRow>,
    /// The heads of the table: by chance, reading, what moved most.
    pub heads: [String; 3],
}

impl Teller<'_> {
    pub(super) fn importance(&self, rows: &[Importance]) -> Vec<ImportanceRow> {
        let values: Vec<(f64, f64, f64)> = rows.iter().map(|row| (row.log_loss_rise, row.low, row.high)).collect();
        let row = |(row, span): (&Importance, Span)| ImportanceRow {
            label: row.label.get(self.s.locale).clone(),
            synthetic: row.synthetic,
            clear: row.is_clear(),
            span,
            rise: signed(row.log_loss_rise),
            interval: format!("{} – {}", signed(row.low), signed(row.high)),
            auc: signed(row.auc_drop),
        };
        rows.iter().zip(charts::spans(&values)).map(row).collect()
    }

    /// Returns the effects, the widest first, on one scale: from nothing to `most`.
    pub(super) fn effects(&self, effects: &[Effect]) -> (Vec<EffectRow>, String) {
        let chances = || effects.iter().flat_map(|effect| &effect.points).map(|point| point.probability);
        let most = ((chances().fold(0.0, f64::max) * 10.0).ceil() / 10.0).clamp(0.1, 1.0);
        let width = |effect: &Effect| {
            let all = || effect.points.iter().map(|point| point.probability);
            all().fold(0.0, f64::max) - all().fold(1.0, f64::min)
        };
        let mut sorted: Vec<&Effect> = effects.iter().filter(|effect| !effect.points.is_empty()).collect();
        sorted.sort_by(|a, b| width(b).total_cmp(&width(a)));
        (sorted.into_iter().map(|effect| self.effect(effect, most)).collect(), format!("{:.0}%", most * 100.0))
    }

    fn effect(&self, effect: &Effect, most: f64) -> EffectRow {
        let at = |at: &EffectAt| match at {
            EffectAt::Number(value) => words::number(self.context, &effect.column, *value, self.s),
            EffectAt::Word(word) => words::word(self.context, &effect.column, word, self.s),
        };
        let values: Vec<(String, String)> = effect.points.iter().map(|point| (at(&point.at), percent(point.probability))).collect();
        let told = values.iter().map(|(value, chance)| format!("{value} {chance}")).collect::<Vec<_>>().join(self.s.list_comma);
        let numbers: Vec<(f64, f64)> = effect
            .points
            .iter()
            .filter_map(|point| if let EffectAt::Number(value) = point.at { Some((value, point.probability)) } else { None })
            .collect();
        let (least, greatest) = (numbers.first().map_or(0.0, |first| first.0), numbers.last().map_or(0.0, |last| last.0));
        let across = if greatest > least { greatest - least } else { 1.0 };
        let label = words::column(self.context, &effect.column, self.s);
        let bars = || {
            effect
                .points
                .iter()
                .zip(&values)
                .map(|(point, (value, chance))| (value.clone(), format!("{:.1}%", 100.0 * point.probability / most), chance.clone()))
        };
        EffectRow {
            told: fill(self.s.models.effects_curve, &[("column", &label), ("points", &told)]),
            label,
            line: charts::line(numbers.iter().map(|(value, chance)| ((value - least) / across, chance / most))),
            least: values.first().map(|value| value.0.clone()).unwrap_or_default(),
            greatest: values.last().map(|value| value.0.clone()).unwrap_or_default(),
            bars: if numbers.is_empty() { bars().collect() } else { Vec::new() },
            unit: effect.unit_effect.map(|unit| {
                let step = words::number(self.context, &effect.column, unit.step, self.s);
                fill(self.s.models.effects_unit, &[("step", &step), ("points", &points(unit.points / 100.0))])
            }),
        }
    }

    /// Returns the measures by column: the column's name and a row for each word.
    pub(super) fn groups(&self, groups: &[GroupScore]) -> Vec<(String, Vec<GroupRow>)> {
        let mut told: Vec<(String, Vec<GroupRow>)> = Vec::new();
        for group in groups {
            let label = words::column(self.context, &group.column, self.s);
            match told.last_mut().filter(|(column, _)| *column == label) {
                Some((_, rows)) => rows.push(self.group(group)),
                None => told.push((label, vec![self.group(group)])),
            }
        }
        told
    }

    fn group(&self, group: &GroupScore) -> GroupRow {
        let word = |word: &String| words::word(self.context, &group.column, word, self.s);
        GroupRow {
            word: group.word.as_ref().map_or_else(|| self.s.models.group_empty.to_owned(), word),
            customers: group.customers,
            left: percent(group.left_share),
            left_interval: format!("{}–{}", percent(group.left_low), percent(group.left_high)),
            mean: percent(group.mean_score),
            auc: group.roc_auc.map_or_else(|| "—".to_owned(), |auc| format!("{auc:.4}")),
            log_loss: format!("{:.4}", group.log_loss),
            ece: group.ece10.map_or_else(|| "—".to_owned(), |error| format!("{error:.4}")),
        }
    }

    pub(super) fn flips(&self, watched: &Watched) -> Flips {
        let m = self.s.models;
        let Some(report) = &watched.fairness else {
            let why = watched.fairness_failed.as_ref();
            let told = why.map_or_else(|| m.flips_none.to_owned(), |why| fill(m.flips_failed, &[("why", why)]));
            return Flips { told: vec![told], rows: Vec::new() };
        };
        let count = |number: u64| winback_core::money::group_thousands(&number.to_string());
        let mut told = Vec::new();
        if !report.flips.is_empty() {
            let scored = fill(m.flips_told, &[("n", &count(report.scored))]);
            let sample = report.is_sample().then(|| fill(m.flips_sample, &[("all", &count(report.customers))]));
            told.push(self.s.joined(&[Some(scored), sample].into_iter().flatten().collect::<Vec<_>>()));
        }
        let numbers = self.not_flipped(report);
        told.extend((!numbers.is_empty()).then(|| fill(m.flips_numbers, &[("names", &numbers.join(self.s.list_comma))])));
        if told.is_empty() {
            told.push(m.groups_none.to_owned());
        }
        Flips { told, rows: report.flips.iter().map(|flip| self.flip(flip)).collect() }
    }

    /// Returns the columns that say who a customer is and were not flipped: numbers.
    fn not_flipped(&self, report: &FlipReport) -> Vec<String> {
        let traits = self.context.table.columns.iter().filter(|column| column.role == Role::Trait);
        let left_out = traits.filter(|column| report.flips.iter().all(|flip| flip.column != column.name));
        left_out.map(|column| column.label.get(self.s.locale).clone()).collect()
    }

    fn flip(&self, flip: &TraitFlip) -> FlipRow {
        let told = |share: f64| fill(self.s.models.points_unit, &[("n", &format!("{:.1}", share * 100.0))]);
        FlipRow {
            label: words::column(self.context, &flip.column, self.s),
            mean: told(flip.mean_change),
            most: told(flip.most_change),
            other_level: flip.other_level,
            words: flip
                .words
                .iter()
                .map(|word| (words::word(self.context, &flip.column, &word.word, self.s), percent(word.mean_if_all)))
                .collect(),
        }
    }

    pub(super) fn drift(&self, watched: &Watched) -> DriftTold {
        let (m, words) = (self.s.models, self.words());
        let heads = [words.chance, words.reading, words.most].map(words::capital);
        let Some(run) = &watched.drift else {
            let told = match &watched.drift_failed {
                Some(why) => fill(m.drift_failed, &[("why", why)]),
                None if watched.profile.is_none() => m.drift_unmeasured.to_owned(),
                None => m.drift_none.to_owned(),
            };
            return DriftTold { told: vec![told], rows: Vec::new(), heads };
        };
        let drift = &run.drift;
        let mut told = words.told(run, &|name| words::column(self.context, name, self.s));
        told.extend((!drift.columns.is_empty()).then(|| words.how.to_owned()));
        let mut columns: Vec<&ColumnDrift> = drift.columns.iter().collect();
        columns.sort_by(|a, b| {
            (b.stability.reading, b.stability.psi).partial_cmp(&(a.stability.reading, a.stability.psi)).unwrap_or(std::cmp::Ordering::Equal)
        });
        DriftTold { told, rows: columns.into_iter().map(|column| self.drifted(column)).collect(), heads }
    }

    fn words(&self) -> &'static Words {
        Words::of(self.s.locale)
    }

    fn drifted(&self, column: &ColumnDrift) -> DriftRow {
        let class = match column.stability.reading {
            Reading::TooFew => "",
            Reading::Stable => "level-low",
            Reading::Watch => "level-medium",
            Reading::Changed => "level-high",
        };
        let number = |value: f64| words::number(self.context, &column.column, value, self.s);
        let word = |word: &str| words::word(self.context, &column.column, word, self.s);
        let part = |bin: &Bin| self.words().bin(bin, &Writes { number: &number, word: &word });
        let most = column.most.as_ref();
        let most = most.map(|most| format!("{}{}{} → {}", part(&most.bin), self.s.colon, percent(most.before), percent(most.now)));
        DriftRow {
            label: words::column(self.context, &column.column, self.s),
            psi: index(column.stability.psi),
            chance: index(column.stability.chance),
            reading: (class, self.words().read(column.stability.reading)),
            most: most.unwrap_or_else(|| "—".to_owned()),
        }
    }
}

/// Returns the sentences of a card that a person should read before believing an effect.
pub(super) fn warnings(card: &winback_core::model::ModelCard, context: &Context, s: &'static Strings) -> Vec<String> {
    let label = |name: &str| words::column(context, name, s);
    let locale: Locale = s.locale;
    card.warnings.iter().map(|warning| warning.told(locale, &label)).collect()
}

/// Returns a difference of measures: `+0.0123`, `−0.0004`.
fn signed(value: f64) -> String {
    let size = format!("{:.4}", value.abs());
    let zero = size.chars().all(|sign| sign == '0' || sign == '.');
    format!(
        "{}{size}",
        if zero {
            ""
        } else if value < 0.0 {
            "−"
        } else {
            "+"
        }
    )
}

/// Returns a share as points with their sign: `+2.3`.
fn points(share: f64) -> String {
    display_points((share * 1000.0).round() as i32)
}
