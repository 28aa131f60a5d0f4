//! What a wording may put in: the facts and slots of one customer by their names.
use super::part::NAMES;
use minijinja::Value;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::BTreeMap;

/// The fields of a group for the template engine: `name` and `promise` of `offer`.
pub(crate) type Fields = BTreeMap<&'static str, Value>;

/// The texts of one customer by name.
#[derive(Debug, Default)]
pub(crate) struct Texts<'a> {
    texts: [Option<Cow<'a, str>>; NAMES.len()],
    groups: OnceCell<Fields>,
}

impl<'a> Texts<'a> {
    /// Gives a name its text; what no wording can name is left out.
    pub(crate) fn put(&mut self, name: &str, text: impl Into<Cow<'a, str>>) {
        if let Some(place) = place_of(name).and_then(|at| self.texts.get_mut(at)) {
            *place = Some(text.into());
        }
    }

    /// Returns one bit for each name that has a text.
    pub(crate) fn has(&self) -> u32 {
        self.texts.iter().enumerate().fold(0, |has, (at, text)| has | u32::from(text.is_some()) << at)
    }

    /// Returns the text of a name by its place.
    pub(super) fn text(&self, at: usize) -> Option<&str> {
        self.texts.get(at)?.as_deref()
    }

    /// Returns the texts in their groups, as the template engine reads them.
    pub(crate) fn groups(&self) -> &Fields {
        self.groups.get_or_init(|| {
            let mut groups = BTreeMap::<&str, Fields>::new();
            for (name, text) in NAMES.iter().zip(&self.texts) {
                let Some((group, field)) = name.split_once('.') else { continue };
                let fields = groups.entry(group).or_default();
                if let Some(text) = text {
                    fields.insert(field, Value::from(&**text));
                }
            }
            groups.into_iter().map(|(group, fields)| (group, Value::from(fields))).collect()
        })
    }
}

/// Returns the place of a name among [`NAMES`].
pub(crate) fn place_of(name: &str) -> Option<usize> {
    NAMES.iter().position(|known| *known == name)
}
