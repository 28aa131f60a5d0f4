//! Who wrote a mail, and which mails before it were refused.
use super::Named;
use super::customer::{FindingView, finding_view};
use crate::strings::Strings;
use serde::Serialize;
use winback_core::message::MessageRecord;
use winback_core::template::{BY_BUILT_IN, BY_EDITED};

/// What wrote a mail.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct WriterView {
    /// The writer: `built-in`, or a model with its adapter and version.
    pub writer: Named,
    /// Of a model the first digits of the hashes of what its texts come of and of its adapter, as its service tells them.
    pub model_version: Option<String>,
    /// Of a model the first digits of the hash of the prompt that it answered.
    pub prompt_version: Option<String>,
    /// Whether it stepped in for a model whose mails were refused.
    pub stepped_in: bool,
    /// The mails of a model that were refused before, in their order.
    pub refused: Vec<RefusedView>,
}

/// A mail that was not taken.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct RefusedView {
    /// What wrote it.
    pub writer: String,
    /// Everything that was wrong with it.
    pub findings: Vec<FindingView>,
}

impl WriterView {
    /// Returns who wrote the mail of a record.
    pub(crate) fn of(record: &MessageRecord, s: &Strings) -> Self {
        let name = record.writer.name.as_str();
        let refused = record.refused.iter().map(|mail| RefusedView {
            writer: mail.writer.name.clone(),
            findings: mail.findings.iter().map(|finding| finding_view(finding, s)).collect(),
        });
        Self {
            writer: Named::new(name, if [BY_BUILT_IN, BY_EDITED].contains(&name) { s.writer_built_in } else { name }),
            model_version: record.writer.model.as_ref().map(|model| model.version.clone()),
            prompt_version: record.writer.model.as_ref().map(|model| model.prompt.short().to_owned()),
            stepped_in: record.stepped_in_for().is_some(),
            refused: refused.collect(),
        }
    }
}
