//! `winback export`
use crate::cli::{Language, Place, show};
use crate::desk::context;
use crate::example;
use crate::exit::{Exit, stop};
use crate::handout::{Count, Handout, Order, Wanted};
use crate::report;
use crate::telemetry::say;
use crate::workbench::{OrStorage, Overrides, Workbench};
use clap::ValueEnum;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use winback_connectors::message_export::{Format, holds_drafts};
use winback_core::campaign::ApprovalState;
use winback_core::message::Channel;
use winback_core::offer::OfferId;
use winback_core::portfolio::{Context, Filter, PortfolioReader};
use winback_core::risk::{RiskLevel, ValueTier};
use winback_core::run::Stage;
use winback_core::segment::SegmentId;
use winback_core::store::CampaignStore;

/// Hand messages out as files: drafts for a mail program, tables, call sheets, a sheet to read
///
/// What was written and passed its review is handed out as it is stored. A customer's messages are in the language that
/// the table gives for the customer, else in those of --lang, else in the first of write.languages of winback.toml.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The form
    #[arg(long, value_enum)]
    pub format: FormatName,
    /// Where to; a folder for eml, else a file
    #[arg(long, value_name = "PATH")]
    pub out: PathBuf,
    /// Replace what an earlier export left there
    #[arg(long)]
    pub overwrite: bool,
    /// Only customers whose id holds this text
    #[arg(long, value_name = "TEXT")]
    pub search: Option<String>,
    /// Only customers of this risk: high, medium or low
    #[arg(long, value_parser = show::parse_level)]
    pub risk: Option<RiskLevel>,
    /// Only customers of this value: high, mid, low or unknown
    #[arg(long, value_parser = parse_tier)]
    pub value: Option<Value>,
    /// Only customers to whom this offer is planned
    #[arg(long, value_name = "ID")]
    pub offer: Option<String>,
    /// Only customers of this segment; (none) for those in none
    #[arg(long, value_name = "NAME", value_parser = parse_segment)]
    pub segment: Option<Segment>,
    /// Only customers about whom a person decided so: approved or declined
    #[arg(long, value_parser = parse_approval)]
    pub approval: Option<ApprovalState>,
    /// Only customers whose action a person approved
    #[arg(long, conflicts_with = "approval")]
    pub only_approved: bool,
    /// Only so many, those most worth keeping first
    #[arg(long, value_name = "N", conflicts_with = "random")]
    pub top: Option<u64>,
    /// Only so many, drawn by chance
    #[arg(long, value_name = "N")]
    pub random: Option<u64>,
    /// The same seed draws the same customers [default: training.seed of winback.toml]
    #[arg(long, requires = "random")]
    pub seed: Option<u64>,
    /// The language of customers for whom the table gives none, several times for several; with markdown, the language to read
    #[arg(long, value_enum, value_name = "LANGUAGE")]
    pub lang: Vec<Language>,
    /// Only this channel, several times for several [default: all that the form can hold]
    #[arg(long, value_enum, value_name = "CHANNEL")]
    pub channel: Vec<ChannelName>,
}

/// A form on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatName {
    /// A folder of mails that Thunderbird and Outlook open as drafts
    Eml,
    /// A table for mailing tools, a row for each customer and language
    Csv,
    /// The same table for Excel
    XlsxCsv,
    /// JSON Lines, an object for each customer and language, with facts and ledger
    Json,
    /// Call sheets to print
    Html,
    /// A sheet to read messages with what each claim rests on
    Markdown,
}

/// A channel on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ChannelName {
    /// Mails
    Email,
    /// Short messages
    Sms,
    /// Call scripts
    Call,
}

impl From<FormatName> for Format {
    fn from(name: FormatName) -> Self {
        match name {
            FormatName::Eml => Format::Eml,
            FormatName::Csv => Format::Csv,
            FormatName::XlsxCsv => Format::ExcelCsv,
            FormatName::Json => Format::Json,
            FormatName::Html => Format::Html,
            FormatName::Markdown => Format::Markdown,
        }
    }
}

impl From<ChannelName> for Channel {
    fn from(name: ChannelName) -> Self {
        match name {
            ChannelName::Email => Channel::Email,
            ChannelName::Sms => Channel::Sms,
            ChannelName::Call => Channel::Call,
        }
    }
}

/// The value of a customer; `None` stands for one whose charge is not known.
#[derive(Clone, Copy, Debug)]
pub struct Value(Option<ValueTier>);

fn parse_tier(text: &str) -> Result<Value, String> {
    match text {
        "unknown" => Ok(Value(None)),
        _ => ValueTier::from_tag(text).map(|tier| Value(Some(tier))).ok_or_else(|| "expected high, mid, low or unknown".to_owned()),
    }
}

/// A segment; `None` stands for customers in none.
#[derive(Clone, Debug)]
pub struct Segment(Option<SegmentId>);

/// What the command line calls the customers in no segment; no segment can have this name.
const NO_SEGMENT: &str = "(none)";

fn parse_segment(text: &str) -> Result<Segment, String> {
    match text {
        NO_SEGMENT => Ok(Segment(None)),
        _ => SegmentId::parse(text).map(|segment| Segment(Some(segment))).map_err(|error| error.to_string()),
    }
}

fn parse_approval(text: &str) -> Result<ApprovalState, String> {
    match text {
        "approved" => Ok(ApprovalState::Approved),
        "declined" => Ok(ApprovalState::Declined),
        _ => Err("expected approved or declined".to_owned()),
    }
}

/// Hands out messages of the newest run.
pub async fn run(at: &Place, args: &Args) -> anyhow::Result<ExitCode> {
    let wanted = wanted(args)?;
    let bench = Workbench::open(&at.home, at.quiet, &Overrides::default()).await?;
    let run = bench.newest(Stage::Plan).await?;
    let context = context(&run).or_storage()?;
    offer_is_known(&context, &wanted.filter)?;
    segment_is_known(&bench, &context, &wanted.filter).await?;
    replaceable(&args.out, wanted.format, args.overwrite)?;
    let count = Handout { bench: &bench, context: &context, wanted: &wanted }.write(&args.out).await?;
    if count.exported > 0 && wanted.format == Format::Eml && bench.settings.sender.is_none() {
        say("note: the mails name no sender; give company.email in winback.toml, or let your mail program put in its own");
    }
    if count.exported > 0 && wanted.format == Format::Eml {
        // A draft is one click away from being sent.
        example::note(&bench, &run, &context.company);
    } else if count.exported > 0 {
        example::note_for_real_customers(&bench, &run, &context.company).await?;
    }
    let hint = hint(&bench, &context, &wanted, &count).await?;
    report::print(at.json, &count, || text(&count, &args.out, hint.as_deref()))?;
    Ok(code(&count))
}

fn wanted(args: &Args) -> anyhow::Result<Wanted> {
    let format = Format::from(args.format);
    let asked: Vec<Channel> = args.channel.iter().map(|&name| name.into()).collect();
    let can = format.channels();
    if let Some(channel) = asked.iter().find(|channel| !can.contains(channel)) {
        let holds = can.iter().map(|channel| channel.tag()).collect::<Vec<_>>().join(", ");
        let why = format!("the form {} holds {holds} only, not {}", format.tag(), channel.tag());
        return Err(stop(Exit::Usage, why, "leave out --channel, or choose csv, json or markdown"));
    }
    let filter = Filter {
        search: args.search.clone(),
        level: args.risk,
        tier: args.value.map(|Value(tier)| tier),
        offer: args.offer.clone().map(OfferId),
        segment: args.segment.clone().map(|Segment(segment)| segment),
        approval: if args.only_approved { Some(ApprovalState::Approved) } else { args.approval },
        ..Filter::default()
    };
    let order = match (args.top, args.random) {
        (Some(top), _) => Order::Top(top),
        (None, Some(count)) => Order::Random { count, seed: args.seed },
        (None, None) => Order::All,
    };
    let channels = if asked.is_empty() { can.to_vec() } else { asked };
    Ok(Wanted { format, filter, order, channels, languages: args.lang.iter().map(|&name| name.into()).collect() })
}

/// Checks that nothing stands at the path, or only what may be replaced.
fn replaceable(out: &Path, format: Format, overwrite: bool) -> anyhow::Result<()> {
    let shown = out.display();
    if std::fs::symlink_metadata(out).is_err() {
        return Ok(());
    }
    if !overwrite {
        return Err(stop(Exit::Usage, format!("{shown} is there already"), "name another path, or add --overwrite to replace it"));
    }
    match (format, out.is_dir()) {
        (Format::Eml, true) if holds_drafts(out) => Ok(()),
        (Format::Eml, true) => {
            let why = format!("{shown} is a folder that winback export did not make, so it is not replaced");
            Err(stop(Exit::Usage, why, "name a folder that does not exist yet"))
        }
        (Format::Eml, false) => Err(stop(Exit::Usage, format!("{shown} is a file, and eml makes a folder"), "name another path")),
        (_, true) => Err(stop(Exit::Usage, format!("{shown} is a folder, and {} makes a file", format.tag()), "name another path")),
        (_, false) => Ok(()),
    }
}

fn code(count: &Count) -> ExitCode {
    match () {
        () if count.exported == 0 && count.held + count.unreachable == 0 => ExitCode::from(Exit::Usage as u8),
        () if count.exported == 0 => ExitCode::from(Exit::Failure as u8),
        () if count.held + count.unreachable + count.partly > 0 => ExitCode::from(Exit::Partial as u8),
        () => ExitCode::SUCCESS,
    }
}

/// Checks that the offer asked for is one of the run.
fn offer_is_known(context: &Context, filter: &Filter) -> anyhow::Result<()> {
    let catalogue = &context.catalogue;
    match filter.offer.as_ref().filter(|id| catalogue.offer(id).is_none()) {
        None => Ok(()),
        Some(unknown) => {
            let known = catalogue.offers.iter().map(|offer| offer.id.to_string()).collect::<Vec<_>>().join(", ");
            Err(stop(Exit::Usage, format!("there is no offer {:?}", unknown.0), format!("the offers are {known}")))
        }
    }
}

/// Checks that the segment asked for is one of the run, and that the run has kept segments.
async fn segment_is_known(bench: &Workbench, context: &Context, filter: &Filter) -> anyhow::Result<()> {
    let Some(asked) = &filter.segment else { return Ok(()) };
    let tallies = bench.store.overview(context.run.id).await.or_storage()?.segments;
    if tallies.is_empty() {
        let why = format!("run {} was assessed before segments were kept", context.run.id);
        return Err(stop(
            Exit::Usage,
            why,
            "winback assess --again scores it anew, segments included; then winback plan and winback write",
        ));
    }
    let rules = context.segmenter.segments().map(|(id, _)| id);
    let mut known: Vec<&SegmentId> = tallies.iter().filter_map(|tally| tally.segment.as_ref()).chain(rules).collect();
    known.sort();
    known.dedup();
    match asked {
        Some(asked) if !known.contains(&asked) => {
            let known = known.iter().map(|id| id.as_str()).chain([NO_SEGMENT]).collect::<Vec<_>>().join(", ");
            Err(stop(Exit::Usage, format!("there is no segment {:?}", asked.as_str()), format!("the segments are {known}")))
        }
        _ => Ok(()),
    }
}

/// Returns what to type where nobody was handed out and nothing was kept back.
async fn hint(bench: &Workbench, context: &Context, wanted: &Wanted, count: &Count) -> anyhow::Result<Option<String>> {
    if count.exported + count.held + count.unreachable > 0 {
        return Ok(None);
    }
    if let Some(state) = wanted.filter.approval
        && bench.store.decisions(context.run.id, state).await.or_storage()?.is_empty()
    {
        let (word, verb) = if state == ApprovalState::Approved { ("approved", "approve") } else { ("declined", "decline") };
        return Ok(Some(format!("nothing is {word} yet: winback actions {verb} --top 20 --by NAME")));
    }
    let to_contact = count.not_written + count.not_chosen;
    Ok(Some(match wanted.order {
        _ if count.customers == count.filtered_out => "no customer fits the filter; ask for others".to_owned(),
        _ if to_contact == 0 => "the plan leaves all of them alone; ask for others, or winback show ID tells why".to_owned(),
        Order::Top(0) => "--top 0 asks for nobody; ask for 1 or more, or leave it out".to_owned(),
        Order::Random { count: 0, .. } => "--random 0 asks for nobody; ask for 1 or more, or leave it out".to_owned(),
        _ => "ask for other customers, or write for more of them: winback write --all".to_owned(),
    }))
}

fn text(count: &Count, out: &Path, hint: Option<&str>) -> String {
    let rows = [
        (count.exported, "handed out".to_owned()),
        (count.held, "held: no message passed its review".to_owned()),
        (count.unreachable, "without an address or consent for any of the channels".to_owned()),
        (count.not_written, "to be contacted, not written for in the language (winback write --all)".to_owned()),
        (count.not_chosen, "left out by --top or --random".to_owned()),
        (count.left_alone, "left alone by the plan".to_owned()),
        (count.filtered_out, "left out by the filter".to_owned()),
    ];
    let rows = rows.into_iter().filter(|(customers, _)| *customers > 0).map(|(customers, what)| vec![report::count(customers), what]);
    let mut text = match count.exported {
        0 => format!("Nothing was written, and {} does not exist.", out.display()),
        _ => format!("{} messages in {}", report::count(count.messages), out.display()),
    };
    text.push_str(&format!("\n{} customers:\n{}", report::count(count.customers), report::table(&[], rows)));
    if count.partly > 0 {
        text.push_str(&format!("\nOf those handed out, {} lack some message:", report::count(count.partly)));
    }
    for reason in &count.first_reasons {
        text.push_str(&format!("\n  {reason}"));
    }
    if let Some(hint) = hint {
        text.push_str(&format!("\nhint: {hint}"));
    }
    text
}
