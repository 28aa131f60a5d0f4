//! How a customer can be reached: the address that the table gives for a channel, or why there is none.
use crate::mail_address::MailAddress;
use winback_core::customer::{Cell, Customer};
use winback_core::message::Channel;
use winback_core::schema::{Role, TableSchema};

/// The fewest and most digits of a telephone number (ITU-T E.164 allows 15).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 5..=15;

/// Which columns about contact a file has. A schema may name columns that the file lacks, and a cell alone does not tell
/// an empty one from one that was never there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactColumns {
    there: Vec<Role>,
}

impl ContactColumns {
    const ROLES: [Role; 5] = [Role::Email, Role::Phone, Role::EmailConsent, Role::SmsConsent, Role::CallConsent];

    /// Returns the columns that every file of the schema has.
    pub fn of(schema: &TableSchema) -> Self {
        let required = |role: &Role| schema.with_role(role).and_then(|at| schema.columns.get(at)).is_some_and(|column| !column.optional);
        Self { there: Self::ROLES.into_iter().filter(required).collect() }
    }

    /// Learns from one customer that a file has a column: the cell holds something.
    pub fn see(&mut self, schema: &TableSchema, customer: &Customer) {
        for role in Self::ROLES {
            if !self.there.contains(&role) && *customer.cell(schema, &role) != Cell::Missing {
                self.there.push(role);
            }
        }
    }

    /// Returns whether there is nothing more to learn.
    pub fn is_settled(&self, schema: &TableSchema) -> bool {
        Self::ROLES.iter().all(|role| schema.with_role(role).is_none() || self.there.contains(role))
    }
}

/// Where one customer can be reached, by channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// The address for mails.
    pub email: Result<Option<MailAddress>, Unreached>,
    /// The number for short messages, as it is dialled.
    pub sms: Result<Option<String>, Unreached>,
    /// The number for calls, as it is dialled.
    pub call: Result<Option<String>, Unreached>,
}

/// Why a customer cannot be reached through a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Unreached {
    /// The table has a column for it, and this customer's cell is empty.
    #[error("the cell is empty")]
    Missing,
    /// The cell holds something else.
    #[error("the cell holds no {0} that can be used")]
    Broken(&'static str),
    /// The table has a column for consent, and it does not say yes.
    #[error("the table does not say that the customer agreed")]
    NoConsent,
}

impl Recipient {
    /// Reads a customer's row. `Ok(None)` stands for a file without such a column: the message is made, and whoever
    /// sends it adds the address.
    pub fn of(schema: &TableSchema, columns: &ContactColumns, customer: &Customer) -> Self {
        let row = Row { schema, columns, customer };
        Self { email: row.email(), sms: row.phone(&Role::SmsConsent), call: row.phone(&Role::CallConsent) }
    }

    /// Returns why a channel is closed.
    pub fn unreached(&self, channel: Channel) -> Option<Unreached> {
        match channel {
            Channel::Email => self.email.as_ref().err().copied(),
            Channel::Sms => self.sms.as_ref().err().copied(),
            Channel::Call => self.call.as_ref().err().copied(),
        }
    }
}

struct Row<'a> {
    schema: &'a TableSchema,
    columns: &'a ContactColumns,
    customer: &'a Customer,
}

impl Row<'_> {
    fn email(&self) -> Result<Option<MailAddress>, Unreached> {
        self.agreed(&Role::EmailConsent)?;
        let Some(text) = self.contact(&Role::Email)? else { return Ok(None) };
        MailAddress::parse(text).map(Some).map_err(|_| Unreached::Broken("e-mail address"))
    }

    fn phone(&self, consent: &Role) -> Result<Option<String>, Unreached> {
        self.agreed(consent)?;
        let Some(text) = self.contact(&Role::Phone)? else { return Ok(None) };
        dialled(text).map(Some).ok_or(Unreached::Broken("telephone number"))
    }

    /// Returns nothing where the table has no such column.
    fn contact(&self, role: &Role) -> Result<Option<&str>, Unreached> {
        if !self.columns.there.contains(role) {
            return Ok(None);
        }
        let text = self.customer.text(self.schema, role).map(str::trim).filter(|text| !text.is_empty());
        text.map(Some).ok_or(Unreached::Missing)
    }

    /// A cell that does not say yes is no consent, also an empty one.
    fn agreed(&self, role: &Role) -> Result<(), Unreached> {
        let agreed = !self.columns.there.contains(role) || *self.customer.cell(self.schema, role) == Cell::Flag(true);
        if agreed { Ok(()) } else { Err(Unreached::NoConsent) }
    }
}

/// Returns a telephone number as it is dialled: digits, and a `+` before them where it stands there.
fn dialled(text: &str) -> Option<String> {
    let marks = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{A0}');
    let plain: String = text.chars().filter(|&c| !marks(c)).collect();
    let digits = plain.strip_prefix('+').unwrap_or(&plain);
    (PHONE_DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_dialled_without_its_marks() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(dialled(text).as_deref(), expected, "{text:?}");
        check("+886 2 2712-3456", Some("+886227123456"));
        check("(02) 2712.3456", Some("0227123456"));
        check("0912345678", Some("0912345678"));
        check("110", None);
        check("=1+1", None);
        check("12345678901234567", None);
        check("0912 345 678 ext 9", None);
        check("++1 555 0100", None);
    }
}
