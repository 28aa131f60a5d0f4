//! Customers who stand in no store: a file of profiles, with what belongs to it.
use crate::cli::{GoalChoice, Place};
use crate::config::settings::Settings;
use crate::config::{SCHEMA_PROFILES, SEGMENTS_PROFILES, offers_file, schema_file};
use crate::exit::{Exit, OrExit, stop};
use crate::prompts::Profiles;
use crate::run_settings::{TextFile, read_segments};
use crate::stages::{fingerprint, unread_code};
use crate::telemetry::say;
use crate::wordings;
use crate::workbench::{load_settings, text_of, today};
use jiff::civil::Date;
use std::path::{Path, PathBuf};
use winback_core::brief::{Segments, Sources};
use winback_core::digest::Digest;
use winback_core::goal::{Goal, GoalInputs};
use winback_core::locale::Locale;
use winback_core::offer::{Catalogue, Offer, OfferId};
use winback_core::schema::TableSchema;
use winback_core::segment::assign::Segmenter;
use winback_core::spelling::nearest;
use winback_core::template::Templates;

/// Which profiles, and what they are read with.
#[derive(Debug, clap::Args)]
pub struct ProfileArgs {
    /// A file of profiles, one row a customer [default: the customers of the newest run, with what is planned for them]
    #[arg(long, value_name = "FILE")]
    pub input: Option<PathBuf>,
    /// Make the customers of --input this offer of offers.toml [default: none, only help]
    #[arg(long, value_name = "OFFER", requires = "input")]
    pub offer: Option<String>,
    /// What the columns of --input are [default: profiles.toml of the folder, else the eleven columns of a profile]
    #[arg(long, value_name = "FILE", requires = "input")]
    pub schema: Option<PathBuf>,
    /// Who of --input belongs to which segment [default: profiles.segments.toml of the folder, else the five built-in ones]
    #[arg(long, value_name = "FILE", requires = "input")]
    pub segments: Option<PathBuf>,
    /// The day from which days are counted [default: today, or the day of the run]
    #[arg(long, value_name = "DATE", requires = "input")]
    pub as_of: Option<Date>,
}

/// Everything that mails to people of a file are written from.
pub struct ProfileHouse {
    /// The settings of the folder.
    pub settings: Settings,
    /// The words.
    pub templates: Templates,
    /// The columns that the file has.
    pub schema: TableSchema,
    /// The hash of the file.
    pub origin: Digest,
    catalogue: Catalogue,
    offer: Option<OfferId>,
    segmenter: Segmenter,
    goal: Option<Goal>,
    day: Date,
}

impl ProfileHouse {
    /// Opens a file of profiles; returns it with what belongs to it.
    pub fn open(at: &Place, args: &ProfileArgs, input: &Path, goal: Option<GoalChoice>) -> anyhow::Result<(Self, Profiles)> {
        const HINT: &str = "docs/prompts.md tells what is expected of a file of profiles";
        let settings = load_settings(&at.home)?;
        let templates = wordings::load(&at.home, &settings.company)?;
        let schema = text_of(&at.home, "profiles.toml", args.schema.as_deref(), SCHEMA_PROFILES)?;
        let schema =
            schema_file::parse(&schema.name, &schema.text).or_hint(Exit::BadConfig, "docs/adding.md tells how a schema is written")?;
        let which = fingerprint(input)?;
        let (profiles, schema) = Profiles::open(input, schema, &which).or_hint(unread_code(input), HINT)?;
        for column in profiles.ignored() {
            say(&format!("note: column {} ({:?}) of {} is {}, and not used", column.number, column.name, input.display(), column.why));
        }
        let catalogue = offers(&text_of(&at.home, "offers.toml", None, offers_file::DEFAULT)?)?;
        let offer = args.offer.as_deref().map(|id| find(&catalogue, id)).transpose()?;
        let goal = goal.map_or(settings.goal, |GoalChoice(goal)| goal);
        if let Some(goal) = goal {
            let inputs = GoalInputs { kind: offer.map(|offer| offer.kind), theme: None, days_inactive: None };
            goal.check(inputs).or_hint(Exit::Usage, "profiles name no reason; --offer ID names an offer, --goal auto chooses")?;
        }
        let offer = offer.map(|offer| offer.id.clone());
        let segmenter = segmenter(at, args, &schema, &settings)?;
        let day = args.as_of.unwrap_or_else(today);
        Ok((Self { settings, templates, schema, origin: which.sha256, catalogue, offer, segmenter, goal, day }, profiles))
    }

    /// Returns what briefs are drawn from.
    pub fn sources(&self) -> Sources<'_> {
        let segments = Some(Segments { segmenter: &self.segmenter, day: self.day });
        let (schema, catalogue, company) = (&self.schema, &self.catalogue, &self.settings.company);
        Sources { schema, catalogue, company, goal: self.goal, day: self.day, segments }
    }

    /// Returns the offer that everybody is made.
    pub fn offer(&self) -> Option<&Offer> {
        self.offer.as_ref().and_then(|id| self.catalogue.offer(id))
    }
}

/// Returns the language of customers for whom the table names none.
pub fn first_language(settings: &Settings) -> Locale {
    settings.languages.first().copied().unwrap_or(Locale::ZhTw)
}

/// Refuses to write over what is read, or over what is there.
pub fn refuse_output(output: &Path, read: &[&Path], force: bool) -> anyhow::Result<()> {
    let out = output.display();
    let same = |other: &Path| matches!((output.canonicalize(), other.canonicalize()), (Ok(one), Ok(two)) if one == two);
    if let Some(read) = read.iter().find(|path| same(path)) {
        return Err(stop(Exit::Usage, format!("{out} is read and would be written, too ({})", read.display()), "name another --output"));
    }
    if output.is_dir() {
        return Err(stop(Exit::Usage, format!("{out} is a folder"), "name a file in it, such as enhanced_emails.jsonl"));
    }
    if output.symlink_metadata().is_ok() && !force {
        return Err(stop(Exit::Usage, format!("{out} is there already, and nothing was written"), "name another --output, or add --force"));
    }
    Ok(())
}

fn segmenter(at: &Place, args: &ProfileArgs, schema: &TableSchema, settings: &Settings) -> anyhow::Result<Segmenter> {
    let text = text_of(&at.home, "profiles.segments.toml", args.segments.as_deref(), SEGMENTS_PROFILES)?;
    let bounds = settings.value.bounds(schema).or_hint(Exit::BadConfig, "docs/adding.md shows each way to measure value")?;
    read_segments(&text, schema, bounds)
}

fn offers(file: &TextFile) -> anyhow::Result<Catalogue> {
    let read = offers_file::parse(&file.text, &file.name).or_hint(Exit::BadConfig, "winback offers lint checks the whole file")?;
    Ok(read.catalogue)
}

fn find<'a>(catalogue: &'a Catalogue, id: &str) -> anyhow::Result<&'a Offer> {
    let ids = || catalogue.offers.iter().map(|offer| offer.id.0.as_str());
    let hint = || match nearest(id, ids()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("the offers are {}", ids().collect::<Vec<_>>().join(", ")),
    };
    let found = catalogue.offers.iter().find(|offer| offer.id.0.as_str() == id);
    found.ok_or_else(|| stop(Exit::Usage, format!("there is no offer {id:?} in offers.toml"), hint()))
}
