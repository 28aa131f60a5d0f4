//! Mails to a segment or to everybody, into one file.
use super::{Mail, Wanted};
use crate::cli::Place;
use crate::cli::write::{alike, effort_text};
use crate::exit::{Exit, OrExit, stop};
use crate::local_writer::{OrWriter as _, Staff};
use crate::progress_bar::Bar;
use crate::prompts::{Person, Planned};
use crate::report::{self, count, table};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;
use winback_connectors::file::NewFile;
use winback_core::author::{Effort, Letter};
use winback_core::brief::{Sources, segment_of};
use winback_core::defect::{Defect, Outcome};
use winback_core::likeness::{Batch, Likeness};
use winback_core::locale::Locale;
use winback_core::message::Brief;
use winback_core::pipeline::write::Scribe;
use winback_core::progress::{Progress as _, Work};
use winback_core::schema::Role;
use winback_core::segment::SegmentId;
use winback_core::spelling::nearest;

/// To how many customers is written at once.
const CUSTOMERS_AT_ONCE: usize = 128;
/// How many faults are named; all are counted.
const NAMED: usize = 20;
const HINT: &str = "nothing is left half-made";

/// What became of everybody.
#[derive(Default, Serialize)]
struct Report {
    /// Customers written to.
    customers: u64,
    /// Mails in the file.
    mails: u64,
    /// Mails that keep a finding and no text, for a person to look at.
    held: u64,
    /// Customers for whom there is nothing to write, with why.
    left_out: u64,
    /// Rows of the file that cannot be read.
    rejected: u64,
    /// Customers whom the plan leaves alone, or who did not agree to mails.
    left_alone: BTreeMap<String, u64>,
    /// Mails by what wrote them.
    writers: BTreeMap<String, u64>,
    /// Mails for which the built-in writer stepped in, by the check that the model's last one failed first.
    stepped_in: BTreeMap<String, u64>,
    /// What the mails took of a model.
    effort: Effort,
    /// Who writes for whom; `null` for the built-in writer.
    staff: Option<Staff>,
    /// How long writing and reviewing took.
    write_seconds: f64,
    /// How alike the mails of each language are.
    likeness: BTreeMap<Locale, Likeness>,
    /// The first faults.
    faults: Vec<String>,
}

/// Refuses a segment that the rules do not name, where no column names segments.
pub(super) fn known_segment(sources: &Sources<'_>, segment: Option<&SegmentId>) -> anyhow::Result<()> {
    let (Some(segment), Some(segments)) = (segment, sources.segments) else { return Ok(()) };
    let known: Vec<&str> = segments.segmenter.segments().map(|(name, _)| name.as_str()).collect();
    if sources.schema.with_role(&Role::Segment).is_some() || known.contains(&segment.as_str()) {
        return Ok(());
    }
    let hint = match nearest(segment.as_str(), known.iter().copied()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the segments are {}", known.join(", ")),
    };
    Err(stop(Exit::Usage, format!("the rules name no segment {segment}"), hint))
}

impl Wanted<'_> {
    /// Writes to many customers, and puts the file in its place when it is whole.
    pub(super) async fn many(mut self, at: &Place, scribe: &Scribe<'_>, staff: Option<&Staff>, output: &Path) -> anyhow::Result<ExitCode> {
        let mut file = NewFile::create(output).or_hint(Exit::Storage, "name another --output")?;
        let (mut done, start, bar) = (Report { staff: staff.cloned(), ..Report::default() }, Instant::now(), Bar::new(at.quiet));
        let mut texts: BTreeMap<Locale, Batch> = BTreeMap::new();
        bar.begin(Work::Write, None);
        while let Some(page) = self.people.next_page().await? {
            done.defects(&page.defects, page.rows - page.people.len() as u64);
            for people in page.people.chunks(CUSTOMERS_AT_ONCE) {
                let briefs: Vec<Brief> = people.iter().flat_map(|person| self.taken(scribe, person, &mut done)).collect();
                let letters = scribe.letters(&briefs.iter().collect::<Vec<_>>()).await.or_writer()?;
                for (brief, letter) in briefs.iter().zip(&letters) {
                    done.count(letter);
                    if let Some((text, content)) = letter.outcome.as_ref().ok().and_then(|message| scribe.compared(message.record())) {
                        texts.entry(brief.locale).or_default().push(&text, &content);
                    }
                    let line = serde_json::to_string(&Mail::of(brief, letter))?;
                    writeln!(file, "{line}").or_hint(Exit::Storage, HINT)?;
                }
                bar.advance(people.len() as u64);
            }
        }
        bar.done();
        done.write_seconds = start.elapsed().as_secs_f64();
        done.likeness = texts.iter().map(|(locale, texts)| (*locale, texts.finish())).collect();
        if done.customers == 0 {
            let hint = "winback show ID tells what is planned for one, and why; winback segments list names the segments";
            return Err(stop(Exit::Usage, format!("there is nobody to write to; {}", done.why_nobody()), hint));
        }
        file.commit().or_hint(Exit::Storage, HINT)?;
        report::print(at.json, &done, || done.text(output))?;
        Ok(if done.is_as_asked() { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
    }

    /// Returns the briefs of a person who is written to, and counts everybody who is wanted.
    fn taken(&self, scribe: &Scribe<'_>, person: &Person, done: &mut Report) -> Vec<Brief> {
        if self.args.segment.is_some() && segment_of(&scribe.sources, &person.customer) != self.args.segment {
            return Vec::new();
        }
        if let Planned::LeftAlone(why) = &person.planned {
            *done.left_alone.entry(why.clone()).or_default() += 1;
            return Vec::new();
        }
        match self.briefs(scribe, person) {
            Ok(briefs) => {
                done.customers += 1;
                briefs
            }
            Err(why) => {
                done.left_out += 1;
                done.name(format!("line {}: {why}", person.customer.line));
                Vec::new()
            }
        }
    }
}

impl Report {
    fn defects(&mut self, defects: &[Defect], rejected: u64) {
        self.rejected += rejected;
        defects.iter().filter(|defect| defect.outcome == Outcome::RowRejected).for_each(|defect| self.name(defect.to_string()));
    }

    fn name(&mut self, fault: String) {
        if self.faults.len() < NAMED {
            self.faults.push(fault);
        }
    }

    fn count(&mut self, letter: &Letter) {
        self.mails += 1;
        self.effort.add(&letter.effort);
        match &letter.outcome {
            Ok(message) => {
                let record = message.record();
                *self.writers.entry(record.writer.name.clone()).or_default() += 1;
                if let Some(check) = record.stepped_in_for().and_then(|refused| refused.findings.first()) {
                    *self.stepped_in.entry(check.check.clone()).or_default() += 1;
                }
            }
            Err(findings) => {
                self.held += 1;
                findings.iter().for_each(|found| self.name(format!("{}: {} ({})", found.part, found.detail, found.check)));
            }
        }
    }

    fn is_as_asked(&self) -> bool {
        self.held + self.left_out + self.rejected == 0 && self.stepped_in.is_empty()
    }

    fn why_nobody(&self) -> String {
        let alone = self.left_alone.iter().map(|(why, customers)| format!("{}: {why}", count(*customers)));
        let rows = (self.rejected > 0).then(|| format!("{} rows cannot be read", count(self.rejected)));
        let out = (self.left_out > 0).then(|| format!("{} have nothing that could be written", count(self.left_out)));
        let told = alone.chain(rows).chain(out).collect::<Vec<_>>().join("; ");
        if told.is_empty() { "nobody is in the segment".to_owned() } else { told }
    }

    fn text(&self, output: &Path) -> String {
        let writers = self.writers.iter().map(|(name, mails)| (*mails, format!("written by {name}")));
        let stepped_in =
            self.stepped_in.iter().map(|(check, mails)| (*mails, format!("of these in place of a model's that did not pass: {check}")));
        let others = [
            (self.held, "held, for a person to look at".to_owned()),
            (self.left_out, "customers left out, because nothing could be written".to_owned()),
            (self.rejected, "rows left out, because they cannot be read".to_owned()),
        ];
        let alone = self.left_alone.iter().map(|(why, customers)| (*customers, format!("left alone: {why}")));
        let rows = writers.chain(stepped_in).chain(others).chain(alone).filter(|(number, _)| *number > 0);
        let rows = rows.map(|(number, what)| vec![format!("  {}", count(number)), what]);
        let mut text = format!(
            "{} mails to {} customers in {}, in {:.1} s:\n{}",
            count(self.mails),
            count(self.customers),
            output.display(),
            self.write_seconds,
            table(&[], rows)
        );
        if let Some(staff) = &self.staff {
            text.push_str(&format!("\n{}; it was loaded in {:.1} s before", effort_text(&self.effort), staff.load_seconds));
        }
        text.extend(self.likeness.iter().filter(|(_, likeness)| likeness.compared > 1).map(|(locale, likeness)| alike(*locale, likeness)));
        text.extend(self.faults.iter().map(|fault| format!("\n  {fault}")));
        text
    }
}
