//! Makes examples to learn from: for each customer what a language model is asked, and the mail that answers it. Page by
//! page, in bounded memory; a broken-off job goes on with the page it was at.
mod people;
mod profiles;
mod report;

pub use people::{People, Person, Planned};
pub use profiles::Profiles;
pub use report::Report;

use crate::exit::{Exit, OrExit, stop};
use crate::progress_bar::Bar;
use crate::telemetry::say;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use winback_connectors::examples::write_example;
use winback_connectors::growing_file::{GrowingFile, Kept};
use winback_connectors::past_mails::PastMails;
use winback_core::brief::Sources;
use winback_core::digest::Digest;
use winback_core::example::{Example, Made, Maker, NotMade, ReviewBasis};
use winback_core::likeness::Batch;
use winback_core::locale::Locale;
use winback_core::message::Brief;
use winback_core::offer::Offer;
use winback_core::progress::{Progress as _, Work};
use winback_core::schema::TableSchema;
use winback_core::template::Templates;

/// Makes examples of customers.
pub struct Job<'a> {
    /// What briefs are drawn from.
    pub sources: Sources<'a>,
    /// The words of mails and prompts.
    pub templates: &'a Templates,
    /// The language of every prompt; `None` for each customer's own.
    pub locale: Option<Locale>,
    /// The language of customers for whom the table names none.
    pub otherwise: Locale,
    /// The offer that customers without a plan are made.
    pub offer: Option<&'a Offer>,
    /// The mails that the company sent before.
    pub past: &'a PastMails,
    /// Chooses among equally good wordings.
    pub seed: u64,
}

impl Job<'_> {
    /// Writes an example of each customer into a file, and returns what became of everybody. `origin` tells where the
    /// customers are from; with equal customers and settings the file has equal bytes.
    pub async fn run(&self, people: &mut People<'_>, origin: &Digest, (out, bar): (&Path, &Bar)) -> anyhow::Result<Report> {
        const HINT: &str = "what is written so far is kept: run the command again, and it goes on";
        let (mut file, kept) = GrowingFile::begin(out, &self.identity(origin)?).or_hint(Exit::Storage, "name another --output")?;
        let mut report: Report = match kept {
            Kept::State(report) => report,
            Kept::Nothing => Report::default(),
            Kept::Broken => {
                say(&format!("note: what an earlier start left beside {} is not what it wrote; this one begins anew", out.display()));
                Report::default()
            }
        };
        report.went_on_after = report.customers;
        let mut batches: BTreeMap<Locale, Batch> = BTreeMap::new();
        file.each_line(|line| again(line, &mut batches)).or_hint(Exit::Storage, HINT)?;
        bar.begin(Work::Write, None);
        let mut pages = 0;
        while let Some(page) = people.next_page().await? {
            pages += 1;
            bar.advance(page.rows);
            if pages <= report.pages {
                continue;
            }
            report.page(&page);
            for person in &page.people {
                if let Some(line) = self.line(person, &mut report, &mut batches) {
                    file.push(&line).or_hint(Exit::Storage, HINT)?;
                }
            }
            file.keep(&report).or_hint(Exit::Storage, HINT)?;
        }
        bar.done();
        if report.written == 0 {
            file.discard();
            let code = if report.is_whole() { Exit::Usage } else { Exit::BadInput };
            return Err(stop(
                code,
                report.nobody(),
                "correct the rows that are named; winback show ID tells what is planned for one, and why",
            ));
        }
        file.finish().or_hint(Exit::Storage, HINT)?;
        report.likeness = batches.iter().map(|(locale, batch)| (*locale, batch.finish())).collect();
        report.unused_mails = (self.past.mails.len() as u64).saturating_sub(report.past_mails_seen);
        Ok(report)
    }

    /// Returns the hash of everything that decides on the file.
    fn identity(&self, origin: &Digest) -> anyhow::Result<Digest> {
        let sources = &self.sources;
        let prompts = Locale::ALL.map(|locale| self.templates.prompt_words(locale).digest().clone());
        let words = json!({
            "program": env!("CARGO_PKG_VERSION"),
            "lines": 2,
            "origin": origin,
            "schema": sources.schema.digest(),
            "told": sources.schema.columns.iter().map(|column| column.tell).collect::<Vec<_>>(),
            "offers": sources.catalogue.digest,
            "company": sources.company,
            "goal": sources.goal,
            "day": sources.day,
            "segments_day": sources.segments.map(|segments| segments.day),
            "segments": sources.segments.map(|segments| format!("{:?}", segments.segmenter)),
            "templates": self.templates.digest(),
            "prompts": prompts,
            "locales": [self.locale, Some(self.otherwise)],
            "offer": self.offer.map(|offer| &offer.id),
            "mails": self.past.digest,
            "seed": self.seed,
        });
        Ok(Digest::of(&serde_json::to_vec(&words)?))
    }

    /// Returns the line of one customer's example, and counts what became of the customer.
    fn line(&self, person: &Person, report: &mut Report, batches: &mut BTreeMap<Locale, Batch>) -> Option<String> {
        let past = self.past.mails.get(&person.customer.id);
        report.past_mails_seen += u64::from(past.is_some());
        if let Planned::LeftAlone(why) = &person.planned {
            report.left_alone(why);
            return None;
        }
        let locale = self.locale.or_else(|| person.customer.locale(self.sources.schema)).unwrap_or(self.otherwise);
        let maker = Maker { templates: self.templates, schema: self.sources.schema };
        let brief = person.brief(&self.sources, self.offer, (locale, self.seed));
        let made = brief
            .map_err(NotMade::from)
            .and_then(|brief| maker.make(&brief, past.map(|past| (past, &person.customer))).map(|made| (brief, made)));
        match made {
            Ok((brief, made)) => {
                report.made(locale, &made);
                batches.entry(locale).or_default().push(made.mail.body(), &made.prompt.user);
                Some(example_line(&brief, &made, (person.customer.line, self.sources.schema, self.templates)))
            }
            Err(why) => {
                report.not_made(&person.customer, &why);
                None
            }
        }
    }
}

/// Returns an example as a line of a file, with what a review of mails to the customer needs. The line is that of the
/// customer in the table.
pub fn example_line(brief: &Brief, made: &Made, (line, schema, templates): (u64, &TableSchema, &Templates)) -> String {
    let own = json!({
        "customer": brief.customer,
        "goal": brief.goal,
        "line": line,
        "locale": brief.locale,
        "offer": brief.offer,
        "review": ReviewBasis::of(brief),
        "source": made.source,
        "versions": {
            "prompt": made.prompt.digest,
            "prompt_words": made.prompt.words,
            "schema": schema.digest(),
            "words": templates.digest(),
        },
    });
    let example = Example {
        line: 0,
        segment: made.segment.clone(),
        role: Some(made.prompt.system.clone()),
        input: made.prompt.user.clone(),
        output: made.mail.to_text(brief.locale),
        customer: None,
    };
    write_example(&example, Some(&own))
}

/// Counts a line that was written by an earlier start among those that are compared.
fn again(line: &str, batches: &mut BTreeMap<Locale, Batch>) {
    let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { return };
    let text = |key: &str| line[key].as_str().unwrap_or_default();
    let Some(locale) = line["winback"]["locale"].as_str().and_then(Locale::from_tag) else { return };
    // The body stands behind the first empty line.
    let body = text("output").split_once("\n\n").map_or("", |(_, body)| body);
    batches.entry(locale).or_default().push(body, text("input"));
}
