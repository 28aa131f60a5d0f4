//! The command line: one file a command, nothing but words and wiring.
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use winback_core::goal::{Goal, UnknownGoal};
use winback_core::locale::Locale;

pub mod actions;
pub mod adapters;
pub mod assess;
pub mod data;
pub mod demo;
pub mod doctor;
pub mod drift;
pub mod exam;
pub mod explain;
pub mod export;
pub mod fairness;
pub mod features;
pub mod generate;
pub mod import;
pub mod init;
pub mod lm;
pub mod make_mini;
pub mod model;
pub mod offers;
pub mod plan;
pub mod profiles;
pub mod prompts;
pub mod run;
pub mod sample;
pub mod segments;
pub mod serve;
pub mod show;
pub mod templates;
pub mod thresholds;
pub mod train;
pub mod whatif;
pub mod write;

/// Finds the customers you are about to lose, says why, chooses what to offer them, and writes to each of them.
#[derive(Debug, Parser)]
#[command(name = "winback", version, after_help = crate::exit::EXIT_CODES, max_term_width = 100)]
pub struct Cli {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
    /// The folder that holds winback.toml and everything Winback keeps
    #[arg(long, global = true, default_value = ".", env = "WINBACK_HOME", value_name = "FOLDER")]
    pub home: PathBuf,
    /// Print the report as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub quiet: bool,
}

/// Where a command works and how it speaks.
#[derive(Clone, Debug)]
pub struct Place {
    /// The folder.
    pub home: PathBuf,
    /// Whether to print JSON.
    pub json: bool,
    /// Whether to show no progress.
    pub quiet: bool,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a sample portfolio, do the whole job on it and open the dashboard
    Demo(demo::Args),
    /// Write the commented configuration: winback.toml, schema.toml, offers.toml, segments.toml and the message templates
    Init(init::Args),
    /// Do the whole job on a file: import, train, assess, plan, write
    Run(run::Args),
    /// Read a CSV file into the store, every rejected row named
    Import(import::Args),
    /// Write data/processed/churn_features.csv
    Features(features::Args),
    /// Train the churn model on the newest import
    Train(train::Args),
    /// Score every customer, with reasons
    Assess(assess::Args),
    /// Choose what to offer to whom
    Plan(plan::Args),
    /// Write e-mails, short messages and call scripts
    Write(write::Args),
    /// Write the mail of one customer, of a segment or of everybody, and show how it came about; nothing is stored
    Generate(generate::Args),
    /// Write prompts and the mails that answer them: examples to learn from
    Prompts(prompts::Args),
    /// Hand messages out as files: drafts for a mail program, tables, call sheets, a sheet to read
    Export(export::Args),
    /// Show everything about one customer
    Show(show::Args),
    /// Serve the dashboard and the API
    Serve(serve::Args),
    /// Approve, decline or list planned actions, and hand them over
    #[command(subcommand)]
    Actions(actions::Action),
    /// Check, show or try out the offers and their rules
    #[command(subcommand)]
    Offers(offers::Action),
    /// Check the message templates, or try them on a customer
    #[command(subcommand)]
    Templates(templates::Action),
    /// Divide customers into segments: by rules, by groups that the data show, by what they bought
    #[command(subcommand)]
    Segments(segments::Action),
    /// Show how many customers a change of the risk thresholds would move
    Thresholds(thresholds::Args),
    /// Show how far the customers of an import have moved from those of an earlier one
    Drift(drift::Args),
    /// Show what the scores would be if nothing but a trait (gender, age) were different
    Fairness(fairness::Args),
    /// Show which offers would bring a customer under a line, scored again by the model
    Whatif(whatif::Args),
    /// Run a language model on this machine: a dense Qwen3 with its adapters
    #[command(subcommand)]
    Lm(lm::Action),
    /// Teach adapters, one for each segment, and choose which version writes
    #[command(subcommand)]
    Adapters(adapters::Action),
    /// Download public data sets
    #[command(subcommand)]
    Data(data::Action),
    /// Download language models from Hugging Face, and check those that are here
    #[command(subcommand)]
    Model(model::Action),
    /// Write a generated, Telco-shaped sample file
    Sample(sample::Args),
    /// Say where each setting comes from, or print the agents' JSON schemas
    #[command(subcommand)]
    Explain(explain::Action),
    /// Check that this machine and this folder have what Winback needs
    Doctor,
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
}

/// A language on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Language {
    /// Traditional Chinese (Taiwan)
    #[value(name = "zh-TW")]
    ZhTw,
    /// Simplified Chinese (mainland China)
    #[value(name = "zh-CN")]
    ZhCn,
    /// English
    #[value(name = "en")]
    En,
}

/// A goal on the command line: one of them, or the choice left to each customer's case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoalChoice(pub Option<Goal>);

/// Returns the goal of a word, or the list of goals.
pub fn parse_goal(text: &str) -> Result<GoalChoice, UnknownGoal> {
    if text.trim().eq_ignore_ascii_case("auto") { Ok(GoalChoice(None)) } else { Goal::parse(text).map(|goal| GoalChoice(Some(goal))) }
}

impl From<Language> for Locale {
    fn from(language: Language) -> Self {
        match language {
            Language::ZhTw => Locale::ZhTw,
            Language::ZhCn => Locale::ZhCn,
            Language::En => Locale::En,
        }
    }
}
