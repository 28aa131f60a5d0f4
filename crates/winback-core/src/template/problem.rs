//! What can be wrong with a template file, each with what to do.
use super::MAX_FILE_BYTES;
use super::section::MOST_CONDITIONS;
use crate::manners::Offence;

/// What is wrong with a template file, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct TemplateError {
    /// The file, below the template folder.
    pub file: String,
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: TemplateProblem,
}

/// What is wrong with a template file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateProblem {
    /// A file that is not one of the known ones.
    #[error("Winback has no template of this name; {}", told(nearest.as_deref(), "the names are those that `winback init` writes, such as en/email.jinja, and segments/NAME.jinja"))]
    UnknownFile {
        /// The known file that is spelt most alike.
        nearest: Option<String>,
    },
    /// A file of a segment's voice whose name is no segment's.
    #[error("{0}; rename the file to the segment's name, as in segments/VIP.jinja")]
    BadSegment(String),
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("the file has {0} bytes; at most {MAX_FILE_BYTES} are read. Shorten it")]
    TooLarge(u64),
    /// Bytes that are no UTF-8.
    #[error("byte {byte} of this line is not UTF-8 text; save the file as UTF-8")]
    NotUtf8 {
        /// The byte of the line, counted from 1.
        byte: usize,
    },
    /// Words before the first section.
    #[error("this text stands before the first section; put a line such as [opening] above it, or # in front of it")]
    NoSection,
    /// A section that the file cannot have.
    #[error("there is no section [{name}] in this file; {}", told(nearest.as_deref(), &format!("the sections are {known}")))]
    UnknownSection {
        /// The section's name.
        name: String,
        /// The names the file can have.
        known: String,
        /// The name that is spelt most alike.
        nearest: Option<String>,
    },
    /// A condition that is not understood.
    #[error("the condition {word:?} is not known; {hint}")]
    UnknownCondition {
        /// The condition as it is written.
        word: String,
        /// What was expected.
        hint: String,
    },
    /// A condition that is given twice.
    #[error("{0}= stands twice in this line; keep one, with several words as in {0}=a,b")]
    Repeated(String),
    /// A section that needs an id has none.
    #[error("a section [{0}] needs an id, as in [{0} id=no-time]")]
    NoId(&'static str),
    /// An objection that does not say where the call goes.
    #[error(
        "an objection needs to say where the call goes after the answer: then= with an outcome's id (then=call_back) or a step (then=reason)"
    )]
    NoThen,
    /// A section of a segment's voice that does not say its language.
    #[error(
        "a section of a segment's voice names the file and the language: [email.opening lang=zh-TW], [sms.sms lang=en], [call.reason lang=zh-CN]"
    )]
    NoLanguage,
    /// A section without text.
    #[error("the section is empty; write its text below the line or remove it")]
    Empty,
    /// Something put in that is no name.
    #[error(
        "{{{{ {0} }}}} puts in something that is no name; write words as they are, outside of the braces, and put in facts by their names alone, as in {{{{ offer.name }}}}"
    )]
    NoName(String),
    /// More conditions than a person can check the outcomes of.
    #[error("the wording has {0} conditions (if and elif) and may have {MOST_CONDITIONS}; write several sections instead")]
    TooManyConditions(usize),
    /// Loops, macros, includes and the like.
    #[error(
        "{{% {0} %}} is not allowed in a template; only if, elif, else and endif are (and set in a layout); write one section for each case instead"
    )]
    TagNotAllowed(String),
    /// A name that is neither a fact, a slot nor a part.
    #[error("{0:?} is no fact, slot or part; {1}")]
    UnknownName(String, String),
    /// Not a valid template.
    #[error("the template is not valid: {0}")]
    Syntax(String),
    /// A claim that a template cannot approve.
    #[error(
        "{0:?} is a promise the company must approve first; add the phrase to the company's approved phrases, [[approved]] in winback.toml, or take it out"
    )]
    NeedsApproval(String),
    /// A case for which no wording can be used.
    #[error("no wording of [{part}] fits {case} without facts that may be missing; add a section [{part}] without conditions")]
    Uncovered {
        /// The section's name.
        part: &'static str,
        /// The case: `kind=discount theme=price`.
        case: String,
    },
    /// A case in which the segment avoids every general wording and has none of its own.
    #[error(
        "{phrase:?} of [avoid] leaves too few wordings for {case}; add a section [{head}] to this file, or take the phrase off the list"
    )]
    AllAvoided {
        /// The first phrase of the list because of which a wording is passed over.
        phrase: String,
        /// The head of the section that is lacking.
        head: String,
        /// The case: `kind=discount theme=price`.
        case: String,
    },
    /// The same wording for the same cases twice.
    #[error("this wording stands on line {0} already, for the same cases; remove one")]
    Duplicate(usize),
    /// An objection that leads to an outcome that does not exist.
    #[error("then={then} is neither a step (opening, reason, offer, close) nor an outcome; {hint}")]
    NoOutcome {
        /// The word after `then=`.
        then: String,
        /// What was expected.
        hint: String,
    },
    /// Conditions that never hold together.
    #[error("this wording can never be chosen: no customer has {0}; change the conditions or remove it")]
    Impossible(String),
    /// A wording before which another always goes.
    #[error(
        "this wording can never be chosen: {0} is more specific and always goes before it; give them the same conditions, or remove one"
    )]
    Shadowed(String),
    /// A digit in a wording.
    #[error(
        "the digit {0:?} is typed into the wording; numbers come from facts alone, such as {{{{ offer.percent }}}} or {{{{ offer.until }}}}. Put the fact there, or write a keyword as a letter"
    )]
    Digit(char),
    /// A phrase that is never said.
    #[error("{0}")]
    Rude(Offence),
    /// A prompt's section of a segment whose name is no segment's.
    #[error("{0}; write the segment's name there, as in [segment.VIP]")]
    BadSegmentSection(String),
    /// A prompt's file without a section that every prompt needs.
    #[error("the section [{0}] is missing, and every prompt needs it; copy it from the built-in file, which winback init writes")]
    LacksSection(&'static str),
    /// A section of a prompt that does not put in what it is for.
    #[error("[{section}] does not put in {{{{ {name} }}}}; write it where that belongs")]
    LacksName {
        /// The section.
        section: &'static str,
        /// The name.
        name: &'static str,
    },
    /// A section of a prompt that is too long.
    #[error("[{section}] has {characters} characters and may have {most}; shorten it")]
    TooLong {
        /// The section.
        section: &'static str,
        /// Its length.
        characters: usize,
        /// The most.
        most: usize,
    },
    /// A role of several lines.
    #[error("the role is one line, and this is another; put it into the first, or under [never]")]
    RoleLines,
    /// A slot in the role line.
    #[error("the role line puts in the slot {0:?}; it is the same for everybody, so no personal data stands in it. Take it out")]
    RoleSlot(String),
    /// An order to a model, or a mark of its own, in the words of a prompt.
    #[error("[{section}] holds {found:?}, which a model could take for an order or for the end of its turn; say it in plain words")]
    Order {
        /// The section.
        section: &'static str,
        /// What was found.
        found: String,
    },
    /// A folder with the name of a template.
    #[error("a folder stands here, and the built-in words would hold; put a file here, or name the folder otherwise")]
    Folder,
    /// A line of `[avoid]` that is no phrase.
    #[error("{0:?} is no phrase to avoid; write plain words, one phrase a line")]
    NoPhrase(String),
    /// A line of `[limits]` that is no limit.
    #[error("{line:?} is no limit; {hint}")]
    NoLimit {
        /// The line.
        line: String,
        /// What was expected.
        hint: String,
    },
}

fn told(nearest: Option<&str>, known: &str) -> String {
    nearest.map_or_else(|| known.to_owned(), |near| format!("did you mean {near}?"))
}
