//! Judging one mail: its slots, its claims, how like the reference it is.
use super::desk::Written;
use super::held_out::Case;
use winback_core::agents::communication::{mail_form, review_mail, review_reply};
use winback_core::digest::Digest;
use winback_core::example::MailSource;
use winback_core::gallery::{MailWriter, WrittenMail, is_chinese};
use winback_core::locale::Locale;
use winback_core::mail_form::MailForm;
use winback_core::message::{Finding, WriterVersion};
use winback_core::template::Templates;
use winback_lm::evaluation::Sums;
use winback_lm::text_metrics::{BleuCounts, ChrfCounts, Perplexity, Tokenizer};

/// Who judges.
pub struct Judge<'a> {
    /// The wordings that mails are reviewed by.
    pub templates: &'a Templates,
    /// What wrote them: no template, so that its slots are looked at as a stranger's.
    pub model: &'a Digest,
}

impl Judge<'_> {
    /// Returns a mail with what is wrong with it, and what is summed of it. Of the reference itself nothing is compared.
    pub fn judge(&self, case: &Case, reference: &str, (writer, written): (MailWriter, &Written)) -> (WrittenMail, Sums) {
        let Written { text, is_cut_off, reference: foreseen } = written;
        let (slot_pass, slots, form) = slots(case, text);
        let reviewed = case.brief.as_ref().map(|brief| {
            let writer = WriterVersion::of_words("evaluation", self.model.clone());
            review_reply(self.templates, brief, text, writer).err().unwrap_or_default()
        });
        let mut findings: Vec<String> = reviewed.iter().flatten().chain(&slots).map(told).collect();
        if *is_cut_off {
            findings.push("cut-off: it came to no end".to_owned());
        }
        let mut known = std::collections::HashSet::new();
        findings.retain(|finding| known.insert(finding.clone()));
        let [slot_pass, review_pass] =
            [slot_pass, reviewed.map(|findings| findings.is_empty())].map(|pass| pass.map(|pass| pass && !is_cut_off));
        let reads = form.zip(case.brief.as_ref()).map(|(form, brief)| form.filled(&brief.facts).to_text(brief.locale));
        let is_compared = writer != MailWriter::Reference;
        let tokenizer = tokenizer(case.locale, reference);
        let counted = |pass: Option<bool>| pass.map_or([0, 0], |pass| [1, u64::from(pass)]);
        let sums = Sums {
            mails: 1,
            references: *foreseen,
            bleu: if is_compared { BleuCounts::of(text, &[reference], tokenizer) } else { BleuCounts::default() },
            chrf: if is_compared { ChrfCounts::of(text, &[reference]) } else { ChrfCounts::default() },
            slots: counted(slot_pass),
            reviews: counted(review_pass),
            words: Tokenizer::Zh.words(text).split_whitespace().count() as u64,
            is_compared,
        };
        let perplexity = Sums { references: *foreseen, ..Sums::default() }.measure(winback_core::gallery::Measure::Perplexity);
        let mail = WrittenMail { writer, text: text.clone(), reads, perplexity, slot_pass, review_pass, findings, is_cut_off: *is_cut_off };
        (mail, sums)
    }

    /// Returns the built-in writer's mail beside one that the company once sent; none where the brief is not known, or where
    /// the example's mail is the built-in writer's own.
    pub fn built_in(&self, case: &Case) -> Option<WrittenMail> {
        let brief = case.brief.as_ref().filter(|_| case.told.source == Some(MailSource::PastMail))?;
        let form = mail_form(self.templates, brief).ok()?;
        // It is no stranger: where it greets without the name a person chose that.
        let writer = WriterVersion::of_words(self.templates.name(), self.templates.digest().clone());
        let findings: Vec<String> = review_mail(self.templates, brief, &form, writer).err().unwrap_or_default().iter().map(told).collect();
        Some(WrittenMail {
            writer: MailWriter::BuiltIn,
            text: form.to_text(brief.locale),
            reads: Some(form.filled(&brief.facts).to_text(brief.locale)),
            perplexity: None,
            slot_pass: None,
            review_pass: Some(findings.is_empty()),
            findings,
            is_cut_off: false,
        })
    }

    /// Judges the mail that the example holds.
    pub fn reference(&self, case: &Case, text: &str) -> (WrittenMail, Sums) {
        let written = Written { text: text.to_owned(), is_cut_off: false, reference: Perplexity::default() };
        self.judge(case, text, (MailWriter::Reference, &written))
    }
}

/// Returns whether the slots of a text are right (`None` where its language is not known), what is wrong with them, and
/// the mail that it is.
fn slots(case: &Case, text: &str) -> (Option<bool>, Vec<Finding>, Option<MailForm>) {
    let Some(locale) = case.locale else { return (None, Vec::new(), None) };
    match MailForm::parse(text.trim_start_matches('\n'), locale) {
        Ok(form) => {
            let faults = case.markers.faults(&form);
            (Some(faults.is_empty()), faults, Some(form))
        }
        Err(error) => {
            let channel = winback_core::message::Channel::Email;
            let fault = Finding { channel, part: "text".into(), check: "mail-form".into(), detail: error.to_string() };
            (Some(false), vec![fault], None)
        }
    }
}

fn told(finding: &Finding) -> String {
    format!("{}: {}: {}", finding.part, finding.check, finding.detail)
}

/// Returns how BLEU takes texts apart: by their language, else by whether the reference is Chinese.
fn tokenizer(locale: Option<Locale>, reference: &str) -> Tokenizer {
    if is_chinese(locale, reference) { Tokenizer::Zh } else { Tokenizer::Thirteen }
}
