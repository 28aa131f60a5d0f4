//! `winback generate`
mod batch;

use crate::cli::profiles::{ProfileArgs, ProfileHouse, first_language, refuse_output};
use crate::cli::show::{find, writings_text};
use crate::cli::write::effort_text;
use crate::cli::{GoalChoice, Language, Place, parse_goal};
use crate::config::settings::writer::WriterKind;
use crate::desk::context;
use crate::exit::{Exit, OrExit, stop};
use crate::local_writer::{OrWriter as _, Staff, hired};
use crate::prompts::{People, Person, Planned, Profiles};
use crate::report;
use crate::telemetry::say;
use crate::workbench::{Desktop, OrStorage as _, Workbench};
use serde::Serialize;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;
use winback_core::author::{Effort, Letter};
use winback_core::brief::{NoBrief, Sources};
use winback_core::customer::Customer;
use winback_core::defect::Problem;
use winback_core::id::{CustomerId, Position};
use winback_core::locale::Locale;
use winback_core::message::{Brief, Content, Email, Fact, Finding, RefusedMail, WriterVersion};
use winback_core::offer::Offer;
use winback_core::pipeline::write::{Scribe, reach};
use winback_core::run::Stage;
use winback_core::search;
use winback_core::segment::SegmentId;
use winback_core::store::Writing;

/// How many ids are named when one is not there.
const NEAREST_IDS: usize = 5;

/// Write the mail of one customer, of a segment or of everybody, and show how it came about; nothing is stored
///
/// It is the mail that winback write would store, by the same writer and through the same review.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The customer's id
    #[arg(long, value_name = "ID", required_unless_present_any = ["segment", "all"], conflicts_with_all = ["segment", "all", "output"])]
    pub id: Option<String>,
    /// Everybody of this segment
    #[arg(long, value_name = "NAME", value_parser = SegmentId::parse, requires = "output", conflicts_with = "all")]
    pub segment: Option<SegmentId>,
    /// Everybody who is to be written to
    #[arg(long, requires = "output")]
    pub all: bool,
    /// The file for many mails, one JSON object a line; it appears when it is whole
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Replace the output when it is there already
    #[arg(long, requires = "output")]
    pub force: bool,
    /// Only this language [default: write.languages of winback.toml; of --input each customer's own]
    #[arg(long, value_name = "LANGUAGE")]
    pub lang: Option<Language>,
    /// What the mail wants to happen: activation, recall or push; auto chooses for each customer
    /// [default: write.goal of winback.toml]
    #[arg(long, value_name = "GOAL", value_parser = parse_goal)]
    pub goal: Option<GoalChoice>,
    /// Who writes: the wordings of the templates, or the language model of `writer` [default: writer.kind of winback.toml]
    #[arg(long, value_enum, value_name = "WRITER")]
    pub writer: Option<WriterKind>,
    #[command(flatten)]
    pub profiles: ProfileArgs,
}

/// Writes to customers of the newest run, or of a file of profiles.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    if let Some(output) = &args.output {
        let read: Vec<&Path> = args.profiles.input.iter().map(PathBuf::as_path).collect();
        refuse_output(output, &read, args.force)?;
    }
    match &args.profiles.input {
        Some(input) => to_profiles(at, args, input).await,
        None => to_run(at, args).await,
    }
}

async fn to_run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let (bench, run) = Workbench::at_newest(at, Stage::Plan).await?;
    let context = context(&run).or_storage()?;
    let reach = reach(&run, &context.table).or_storage()?;
    let mut scribe = bench.scribe(&Desktop::of(&context));
    scribe.sources.goal = args.goal.map_or(bench.run_settings.goal, |GoalChoice(goal)| goal);
    let person = match &args.id {
        Some(id) => {
            let file = find(&bench, &context, id).await?;
            Some(Person::of_run(file.customer, file.plan, &reach))
        }
        None => None,
    };
    let people = People::Run { bench: &bench, context: &context, reach, from: Position(0) };
    let languages: Vec<Locale> = args.lang.map_or(bench.settings.languages.clone(), |language| vec![language.into()]);
    let wanted = Wanted { args, person, people, languages: Languages::These(&languages), offer: None };
    wanted.write(at, scribe, || hired(&at.home, &bench.settings.writer, args.writer, at.quiet)).await
}

async fn to_profiles(at: &Place, args: &Args, input: &Path) -> anyhow::Result<ExitCode> {
    let (house, mut profiles) = ProfileHouse::open(at, &args.profiles, input, args.goal)?;
    let person = args.id.as_deref().map(|id| profile(&mut profiles, id, input)).transpose()?;
    let (own, asked) = (first_language(&house.settings), args.lang.map(Locale::from));
    let languages = asked.as_ref().map_or(Languages::Own { otherwise: own }, |asked| Languages::These(std::slice::from_ref(asked)));
    let people = People::Profiles(Box::new(profiles));
    let seed = house.settings.training.seed;
    let scribe = Scribe { sources: house.sources(), templates: &house.templates, locales: &[], seed, author: None };
    let wanted = Wanted { args, person, people, languages, offer: house.offer() };
    wanted.write(at, scribe, || hired(&at.home, &house.settings.writer, args.writer, at.quiet)).await
}

/// Returns the person of an id in a file of profiles, or names the ids that come nearest.
fn profile(profiles: &mut Profiles, id: &str, input: &Path) -> anyhow::Result<Person> {
    let wanted = CustomerId::parse(id).or_exit(Exit::Usage)?;
    let (mut found, mut unread) = (None, 0);
    profiles.look_for(&wanted);
    while let Some(page) = profiles.next_page().or_hint(Exit::BadInput, "docs/data.md tells what is expected of a file")? {
        unread += page.rows - page.people.len() as u64;
        if let Some(person) = page.people.into_iter().find(|person| person.customer.id == wanted) {
            let own = page.defects.iter().filter(|defect| defect.line == person.customer.line && defect.problem == Problem::Contradiction);
            own.for_each(|defect| say(&format!("note: {}: {defect}", input.display())));
            found = Some(person);
        }
    }
    let file = input.display();
    if let Some(lines) = profiles.twice(&wanted) {
        let what = format!("the id {id:?} stands twice in {file}, on lines {} and {}", lines[0], lines[1]);
        return Err(stop(Exit::BadInput, what, "keep one of the two rows"));
    }
    if let Some(line) = profiles.unread() {
        let what = match &found {
            Some(person) => {
                format!("the id {id:?} stands twice in {file}, on lines {} and {line}, which cannot be read", person.customer.line)
            }
            None => format!("the row of the customer {id:?} on line {line} of {file} cannot be read"),
        };
        return Err(stop(Exit::BadInput, what, "winback prompts --input names what is wrong with it; correct it, or keep one of two rows"));
    }
    found.ok_or_else(|| {
        let near = search::nearest(&search::fold(id), profiles.ids().cloned(), NEAREST_IDS);
        let near = near.iter().map(CustomerId::as_str).collect::<Vec<_>>().join(", ");
        let hint = match (near.is_empty(), unread) {
            (false, _) => format!("the nearest ids: {near}"),
            (true, 0) => "ids stand in the column of the role id".to_owned(),
            (true, rows) => format!("{rows} rows cannot be read; winback prompts --input names them"),
        };
        stop(Exit::Usage, format!("there is no customer {id:?} in {file}"), hint)
    })
}

/// In which languages a customer is written to.
#[derive(Clone, Copy)]
enum Languages<'a> {
    /// In these.
    These(&'a [Locale]),
    /// In the one that the table names, or else in another.
    Own {
        /// The other.
        otherwise: Locale,
    },
}

impl Languages<'_> {
    fn of(self, customer: &Customer, sources: &Sources<'_>) -> Vec<Locale> {
        match self {
            Self::These(these) => these.to_vec(),
            Self::Own { otherwise } => vec![customer.locale(sources.schema).unwrap_or(otherwise)],
        }
    }
}

/// To whom is to be written, and how.
struct Wanted<'a> {
    args: &'a Args,
    /// The one customer; `None` for many.
    person: Option<Person>,
    people: People<'a>,
    languages: Languages<'a>,
    /// The offer that customers without a plan are made.
    offer: Option<&'a Offer>,
}

impl<'a> Wanted<'a> {
    /// Writes; the writer is called when it is sure that there is something to do.
    async fn write(
        self,
        at: &Place,
        scribe: Scribe<'a>,
        hire: impl FnOnce() -> anyhow::Result<Option<crate::local_writer::LocalWriter>>,
    ) -> anyhow::Result<ExitCode> {
        let briefs = self.person.as_ref().map(|person| self.briefs_of_one(&scribe, person)).transpose()?;
        batch::known_segment(&scribe.sources, self.args.segment.as_ref())?;
        let local = hire()?;
        let scribe = Scribe { author: local.as_ref().map(|local| &local.author), ..scribe };
        let staff = local.as_ref().map(|local| &local.staff);
        match (briefs, &self.args.output) {
            (Some(briefs), _) => one(at, &scribe, staff, &briefs).await,
            (None, Some(output)) => self.many(at, &scribe, staff, output).await,
            (None, None) => Err(stop(Exit::Usage, "many mails need a file", "name it with --output FILE")),
        }
    }

    /// Returns the briefs of a person, one a language.
    fn briefs(&self, scribe: &Scribe<'_>, person: &Person) -> Result<Vec<Brief>, NoBrief> {
        let locales = self.languages.of(&person.customer, &scribe.sources).into_iter();
        locales.map(|locale| person.brief(&scribe.sources, self.offer, (locale, scribe.seed))).collect()
    }

    fn briefs_of_one(&self, scribe: &Scribe<'_>, person: &Person) -> anyhow::Result<Vec<Brief>> {
        if let Planned::LeftAlone(why) = &person.planned {
            let what = format!("nobody writes to customer {}: {why}", person.customer.id);
            return Err(stop(Exit::Usage, what, "winback show ID tells what is planned, and why"));
        }
        self.briefs(scribe, person).or_hint(Exit::Usage, "try another --goal, or --goal auto")
    }
}

/// A mail and how it came about, as a program reads it.
#[derive(Serialize)]
struct Mail<'a> {
    customer: &'a CustomerId,
    language: Locale,
    segment: Option<&'a SegmentId>,
    goal: winback_core::goal::Goal,
    offer: Option<&'a winback_core::offer::OfferId>,
    /// Who wrote it; `null` where it is held.
    writer: Option<&'a WriterVersion>,
    mail: Option<&'a Email>,
    /// The facts used.
    facts: &'a [Fact],
    /// The checks passed.
    checks: &'a [String],
    /// What the model wrote before that was refused.
    refused: &'a [RefusedMail],
    /// What keeps the customer without a mail.
    findings: &'a [Finding],
    effort: Effort,
}

impl<'a> Mail<'a> {
    fn of(brief: &'a Brief, letter: &'a Letter) -> Self {
        let record = letter.outcome.as_ref().ok().map(|message| message.record());
        let mail = record.and_then(|record| if let Content::Email(mail) = &record.content { Some(mail) } else { None });
        Self {
            customer: &brief.customer,
            language: brief.locale,
            segment: brief.segment.as_ref(),
            goal: brief.goal,
            offer: brief.offer.as_ref(),
            writer: record.map(|record| &record.writer),
            mail,
            facts: record.map_or(&[], |record| &record.facts),
            checks: record.map_or(&[], |record| &record.checks),
            refused: record.map_or(&[], |record| &record.refused),
            findings: letter.outcome.as_ref().err().map_or(&[], Vec::as_slice),
            effort: letter.effort,
        }
    }
}

/// Returns whether the mail is the one that was asked for: not held, and nobody stepped in.
fn is_as_asked(letter: &Letter) -> bool {
    letter.outcome.as_ref().is_ok_and(|message| message.record().stepped_in_for().is_none())
}

/// Writes to one customer and shows the mails.
async fn one(at: &Place, scribe: &Scribe<'_>, staff: Option<&Staff>, briefs: &[Brief]) -> anyhow::Result<ExitCode> {
    let start = Instant::now();
    let letters = scribe.letters(&briefs.iter().collect::<Vec<_>>()).await.or_writer()?;
    let seconds = start.elapsed().as_secs_f64();
    let mails: Vec<Mail<'_>> = briefs.iter().zip(&letters).map(|(brief, letter)| Mail::of(brief, letter)).collect();
    let load = staff.map(|staff| staff.load_seconds);
    let json =
        json!({ "customer": briefs.first().map(|brief| &brief.customer), "mails": mails, "seconds": { "load": load, "write": seconds } });
    report::print(at.json, &json, || {
        let mut effort = Effort::default();
        letters.iter().for_each(|letter| effort.add(&letter.effort));
        let writings: Vec<Writing> = briefs.iter().zip(&letters).map(|(brief, letter)| writing(brief, letter)).collect();
        let told = load.map_or_else(String::new, |load| format!("; the model was loaded in {load:.3} s before\n{}", effort_text(&effort)));
        format!("{}written and reviewed in {seconds:.3} s{told}", writings_text(&writings))
    })?;
    Ok(if letters.iter().all(is_as_asked) { ExitCode::SUCCESS } else { ExitCode::from(Exit::Partial as u8) })
}

fn writing(brief: &Brief, letter: &Letter) -> Writing {
    Writing {
        position: brief.position,
        customer: brief.customer.clone(),
        locale: brief.locale,
        messages: letter.outcome.iter().cloned().collect(),
        findings: letter.outcome.as_ref().err().cloned().unwrap_or_default(),
        withheld: Vec::new(),
    }
}
