//! Call sheets to print: one page break a customer, everything in one file.
use super::words::{self, Words};
use super::{Dispatch, Letterhead};
use crate::file::{NewFile, WriteError, unwritten};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use winback_core::message::{CallScript, Channel, Content, Objection};
use winback_core::script::CallStep;
use winback_core::slot::escape_html;

const STYLE: &str = include_str!("call_sheets.css");
/// Nothing is loaded and nothing runs, whatever stands in a cell.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'";
/// How many empty lines a sheet has for notes.
const NOTE_LINES: usize = 3;

/// The file on its way.
pub(super) struct CallSheets {
    path: PathBuf,
    file: NewFile,
}

impl CallSheets {
    pub fn create(path: &Path, head: &Letterhead<'_>) -> Result<Self, WriteError> {
        let mut sheets = Self { path: path.to_owned(), file: NewFile::create(path)? };
        let title = format!("{} · {}", head.company.name.en, head.source);
        sheets.add(&format!(
            "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n<title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n",
            escaped(&title)
        ))?;
        Ok(sheets)
    }

    pub fn push(&mut self, head: &Letterhead<'_>, dispatch: &Dispatch<'_>) -> Result<(), WriteError> {
        match dispatch.content(Channel::Call) {
            Some(Content::Call(script)) => self.add(&Sheet { head, dispatch, script, words: words::of(dispatch.locale) }.html()),
            _ => Ok(()),
        }
    }

    pub fn finish(mut self) -> Result<(), WriteError> {
        self.add("</body>\n</html>\n")?;
        self.file.commit()
    }

    fn add(&mut self, html: &str) -> Result<(), WriteError> {
        self.file.write_all(html.as_bytes()).map_err(|error| unwritten(&self.path, error))
    }
}

/// Returns a text as HTML shows it as it is.
fn escaped(text: &str) -> String {
    let mut html = String::with_capacity(text.len());
    escape_html(text, &mut html);
    html
}

struct Sheet<'a> {
    head: &'a Letterhead<'a>,
    dispatch: &'a Dispatch<'a>,
    script: &'a CallScript,
    words: &'a Words,
}

impl Sheet<'_> {
    fn html(&self) -> String {
        let mut html = String::with_capacity(8 * 1024);
        let _ = writeln!(html, "<article lang=\"{}\">", self.dispatch.locale.tag());
        self.top(&mut html);
        let script = self.script;
        let steps = [(CallStep::Opening, &script.opening), (CallStep::Reason, &script.reason), (CallStep::Offer, &script.offer)];
        for (step, text) in steps {
            self.step(&mut html, step, text);
        }
        self.objections(&mut html);
        self.never(&mut html);
        self.step(&mut html, CallStep::Close, &script.close);
        self.bottom(&mut html);
        html.push_str("</article>\n");
        html
    }

    fn top(&self, html: &mut String) {
        let (words, dispatch) = (self.words, self.dispatch);
        let line = words.line.replace("{}", &dispatch.customer.line.to_string());
        let phone = match &dispatch.recipient.call {
            Ok(Some(number)) => number.as_str(),
            _ => words.no_phone,
        };
        let choice = dispatch.plan.and_then(|plan| plan.decision.choice());
        let offer =
            choice.and_then(|choice| self.head.catalogue.offer(&choice.offer)).map(|offer| offer.name.get(dispatch.locale).as_str());
        let due = dispatch.plan.and_then(|plan| plan.due).map(|due| due.to_string());
        let owner = dispatch.plan.map(|plan| plan.owner.get(dispatch.locale).as_str());
        let id = escaped(dispatch.customer.id.as_str());
        let _ = write!(html, "<header><h1>{} · <bdi>{id}</bdi></h1>\n<p class=\"where\">{}</p>\n<dl>", words.title, escaped(&line));
        let known = [(words.phone, Some(phone)), (words.action, offer), (words.owner, owner), (words.due, due.as_deref())];
        for (name, value) in known.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            let _ = write!(html, "<div><dt>{name}</dt><dd><bdi>{}</bdi></dd></div>", escaped(value));
        }
        html.push_str("</dl></header>\n");
    }

    fn step(&self, html: &mut String, step: CallStep, text: &str) {
        let _ = writeln!(html, "<section><h2>{}</h2><p>{}</p></section>", self.words.step(step), escaped(text));
    }

    fn objections(&self, html: &mut String) {
        let _ = writeln!(html, "<h2>{}</h2>\n<div class=\"answers\">", self.words.objections);
        for objection in &self.script.objections {
            let _ = writeln!(
                html,
                "<div class=\"answer\"><p class=\"says\">{} <span class=\"where\">{}</span></p><p>{}</p><p class=\"where\">→ {}</p></div>",
                self.words.says.replace("{}", &escaped(&objection.customer)),
                self.place(objection),
                escaped(&objection.answer),
                escaped(&self.words.then(&objection.then, self.script)),
            );
        }
        html.push_str("</div>\n");
    }

    /// Returns after which steps the customer may say it.
    fn place(&self, objection: &Objection) -> String {
        if CallStep::SPOKEN.iter().all(|step| objection.after.contains(step)) {
            return self.words.any_time.to_owned();
        }
        let steps: Vec<&str> = objection.after.iter().map(|step| self.words.step(*step)).collect();
        self.words.after.replace("{}", &steps.join(self.words.comma))
    }

    fn never(&self, html: &mut String) {
        let forbidden = self.script.forbidden.iter().map(|text| format!("<li>{}</li>", escaped(text)));
        let _ = writeln!(
            html,
            "<section class=\"never\"><h2>{}</h2><ul>{}</ul></section>",
            self.words.forbidden,
            forbidden.collect::<String>()
        );
    }

    fn bottom(&self, html: &mut String) {
        let boxes = self.script.outcomes.iter().map(|outcome| {
            format!(
                "<li><span class=\"box\"></span>{} <span class=\"where\">{}</span></li>",
                escaped(&outcome.label),
                escaped(&outcome.code)
            )
        });
        let words = self.words;
        let _ = writeln!(
            html,
            "<section><h2>{}</h2><ul class=\"outcomes\">{}</ul></section>\n<section><h2>{}</h2>{}<div class=\"fields\"><span>{}</span><span>{}</span></div></section>",
            words.outcome,
            boxes.collect::<String>(),
            words.notes,
            "<div class=\"rule\"></div>".repeat(NOTE_LINES),
            words.caller,
            words.day,
        );
    }
}
