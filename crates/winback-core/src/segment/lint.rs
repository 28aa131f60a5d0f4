//! What is wrong with a file of segments, found before it is used; each finding has its line.
use crate::risk::ValueBy;
use crate::schema::{ColumnKind, Role, TableSchema};
use crate::segment::SegmentId;
use crate::segment::bind::{Bound, BoundRule, Wants, bind};
use crate::segment::rules::SegmentRules;
use crate::spelling::nearest;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("segments.toml, line {line}: {text}")]
pub struct SegmentFinding {
    /// Whether the file cannot be used; else a person may want to know.
    pub is_error: bool,
    /// The line, counted from 1.
    pub line: u64,
    /// What kind of finding it is.
    pub fault: SegmentFault,
    /// What was found and what was expected.
    pub text: String,
}

/// The kinds of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentFault {
    /// The file has no segments.
    Empty,
    /// A segment stands twice, or two names differ in case alone.
    Duplicate,
    /// A condition names a column or role that the table does not have.
    UnknownColumn,
    /// A condition that cannot be asked of its column.
    Condition,
    /// Conditions of one segment exclude one another.
    Contradiction,
    /// Earlier segments take everyone who fits.
    Unreachable,
    /// Nobody of this table can belong to the segment.
    Never,
    /// A voice or an adapter belongs to no segment.
    Orphan,
}

impl SegmentFinding {
    /// Returns a finding with which the file cannot be used.
    pub fn error(line: u64, fault: SegmentFault, text: String) -> Self {
        Self { is_error: true, line, fault, text }
    }

    fn warning(line: u64, fault: SegmentFault, text: String) -> Self {
        Self { is_error: false, line, fault, text }
    }
}

/// Two segments that a customer can fit at once; the first one is taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overlap {
    /// The segment that is taken.
    pub taken: SegmentId,
    /// The one that fits, too.
    pub also: SegmentId,
}

/// Returns everything wrong with the rules for a table, by line. `by` is what the value tier is measured by.
pub fn lint(rules: &SegmentRules, schema: &TableSchema, by: ValueBy) -> Vec<SegmentFinding> {
    let mut findings = Vec::new();
    if rules.segments.is_empty() {
        let text = "the file has no segment; expected at least one section [[segment]], or no file for the built-in five".to_owned();
        findings.push(SegmentFinding::error(1, SegmentFault::Empty, text));
    }
    findings.extend(duplicates(rules));
    let mut bound: Vec<BoundRule> = Vec::new();
    for rule in &rules.segments {
        match bind(rule, schema, by) {
            Err(finding) => findings.push(finding),
            Ok(rule) => {
                findings.extend(alone(&rule));
                findings.extend(shadow(&rule, &bound));
                bound.push(rule);
            }
        }
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

/// Returns the pairs of segments that a customer can fit at once, as far as the rules tell.
pub fn overlaps(rules: &SegmentRules, schema: &TableSchema, by: ValueBy) -> Vec<Overlap> {
    let bound: Vec<BoundRule> =
        rules.segments.iter().filter_map(|rule| bind(rule, schema, by).ok()).filter(|rule| rule.never.is_none()).collect();
    let mut pairs = Vec::new();
    for (place, first) in bound.iter().enumerate() {
        let open = bound[place + 1..].iter().filter(|second| !apart(first, second));
        pairs.extend(open.map(|second| Overlap { taken: first.id.clone(), also: second.id.clone() }));
    }
    pairs
}

/// What a folder keeps for a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A voice of its own.
    Voice,
    /// Adapters; whether one of them writes.
    Adapter {
        /// Whether mails are written by a model, and one of them is in use.
        writes: bool,
    },
}

/// Returns a finding for each voice and adapter that no segment has: its segment was renamed or taken out. In a table that
/// names segments itself it may still be of one of those, so it is a warning there, as is an adapter that writes nothing.
pub fn orphans<'a>(
    rules: &SegmentRules,
    schema: &TableSchema,
    kept: impl IntoIterator<Item = (&'a SegmentId, Kept)>,
) -> Vec<SegmentFinding> {
    let known: BTreeSet<&SegmentId> = rules.segments.iter().map(|rule| &rule.id).collect();
    let column = schema.with_role(&Role::Segment).map(|at| &schema.columns[at]);
    let levels = column.and_then(|column| if let ColumnKind::Category { levels } = &column.kind { Some(levels) } else { None });
    let told = |segment: &SegmentId| levels.is_some_and(|levels| levels.iter().any(|level| level == segment.as_str()));
    let orphan = |(segment, kept): (&SegmentId, Kept)| {
        let near = nearest(segment.as_str(), known.iter().map(|id| id.as_str()));
        let (text, is_error) = match kept {
            Kept::Voice => {
                let to = near.map_or("the new name".to_owned(), |near| format!("{near}.jinja"));
                let what =
                    format!("templates/segments/{segment}.jinja is the voice of a segment that is not here; if the segment was renamed");
                (format!("{what}, rename the file to {to}, else take the file away"), true)
            }
            Kept::Adapter { writes } => {
                let to = near.unwrap_or("the new name");
                let what = format!("the adapters in the folder {segment} are of a segment that is not here; if the segment was renamed");
                (format!("{what}, teach one for {to} (winback adapters train), and take the folder away"), writes)
            }
        };
        SegmentFinding { is_error: is_error && column.is_none(), line: 1, fault: SegmentFault::Orphan, text }
    };
    kept.into_iter().filter(|(segment, _)| !known.contains(*segment) && !told(segment)).map(orphan).collect()
}

fn duplicates(rules: &SegmentRules) -> Vec<SegmentFinding> {
    let mut findings = Vec::new();
    for (place, rule) in rules.segments.iter().enumerate() {
        let same = |other: &&super::rules::SegmentRule| other.id.as_str().to_lowercase() == rule.id.as_str().to_lowercase();
        if let Some(first) = rules.segments[..place].iter().find(same) {
            let text = format!("the segment {} stands on line {} already; give each its own name, whatever the case", rule.id, first.line);
            findings.push(SegmentFinding::error(rule.line, SegmentFault::Duplicate, text));
        }
    }
    findings
}

fn alone(rule: &BoundRule) -> Option<SegmentFinding> {
    if let Some(lacks) = &rule.never {
        let text = format!("nobody of this table belongs to {}: the table has nothing for {lacks}", rule.id);
        return Some(SegmentFinding::warning(rule.line, SegmentFault::Never, text));
    }
    let clash = rule.when.iter().enumerate().any(|(at, one)| rule.when[at + 1..].iter().any(|other| excludes(one, other)));
    let text = || format!("the conditions of {} exclude one another, so nobody fits: {}", rule.id, rule.words.en);
    clash.then(|| SegmentFinding::error(rule.line, SegmentFault::Contradiction, text()))
}

/// Returns a finding where one earlier segment takes everybody who fits a later one.
fn shadow(rule: &BoundRule, earlier: &[BoundRule]) -> Option<SegmentFinding> {
    let wider = |other: &&BoundRule| {
        other.never.is_none() && other.when.iter().all(|condition| rule.when.iter().any(|own| implies(own, condition)))
    };
    let taker = earlier.iter().find(wider)?;
    let text = format!(
        "nobody is left for {}: everybody who fits it fits {} (line {}), which comes first; put {} before it",
        rule.id, taker.id, taker.line, rule.id
    );
    (rule.never.is_none()).then(|| SegmentFinding::error(rule.line, SegmentFault::Unreachable, text))
}

/// Returns whether nobody can fit both.
fn apart(first: &BoundRule, second: &BoundRule) -> bool {
    first.when.iter().any(|one| second.when.iter().any(|other| excludes(one, other)))
}

fn excludes(one: &Bound, other: &Bound) -> bool {
    if one.reads != other.reads {
        return false;
    }
    match (&one.wants, &other.wants) {
        (Wants::Words(a), Wants::Words(b)) => !a.iter().any(|word| b.contains(word)),
        (Wants::Flag(a), Wants::Flag(b)) => a != b,
        (Wants::Tier(a), Wants::Tier(b)) => !a.iter().any(|tier| b.contains(tier)),
        (Wants::Numbers(a), Wants::Numbers(b)) => !a.iter().any(|number| b.contains(number)),
        (Wants::Numbers(a), Wants::Between(low, high)) | (Wants::Between(low, high), Wants::Numbers(a)) => {
            !a.iter().any(|number| low <= number && number < high)
        }
        (Wants::Between(low, high), Wants::Between(other_low, other_high)) => low.max(*other_low) >= high.min(*other_high),
        (Wants::Missing(a), Wants::Missing(b)) => a != b,
        (Wants::Missing(missing), _) | (_, Wants::Missing(missing)) => *missing,
        _ => false,
    }
}

/// Returns whether a customer for whom the first holds is always one for whom the second does.
fn implies(one: &Bound, other: &Bound) -> bool {
    if one.reads != other.reads {
        return false;
    }
    match (&one.wants, &other.wants) {
        (Wants::Words(a), Wants::Words(b)) => a.iter().all(|word| b.contains(word)),
        (Wants::Flag(a), Wants::Flag(b)) => a == b,
        (Wants::Tier(a), Wants::Tier(b)) => a.iter().all(|tier| b.contains(tier)),
        (Wants::Numbers(a), Wants::Numbers(b)) => a.iter().all(|number| b.contains(number)),
        (Wants::Numbers(a), Wants::Between(low, high)) => a.iter().all(|number| low <= number && number < high),
        (Wants::Between(low, high), Wants::Between(other_low, other_high)) => low >= other_low && high <= other_high,
        (Wants::Missing(a), Wants::Missing(b)) => a == b,
        (_, Wants::Missing(false)) => true,
        _ => false,
    }
}
