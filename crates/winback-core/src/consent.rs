//! Consent and addresses: on which channels a customer must not, or cannot, be
//! written to. The stricter rule wins: where the table asks for consent, an empty
//! cell is no consent.
use crate::customer::{Cell, Customer};
use crate::locale::Locale;
use crate::message::Channel;
use crate::schema::{ColumnIndex, Role, TableSchema};
use serde::{Deserialize, Serialize};

/// A channel that is not written for, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Withheld {
    /// The channel.
    pub channel: Channel,
    /// Why.
    pub why: WhyWithheld,
}

/// Why a channel is not written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WhyWithheld {
    /// The table says that the customer did not agree.
    NoConsent,
    /// The table has a column for consent, and it is empty for this customer.
    ConsentUnknown,
    /// The table has a column for the e-mail address or telephone number, and it is empty for this customer.
    NoAddress,
}

/// What a table says about how its customers can be reached.
#[derive(Clone, Debug)]
pub struct Reach {
    /// By channel, in the order of [`Channel::ALL`]: the column of the consent and that of the address.
    columns: [(Option<ColumnIndex>, Option<ColumnIndex>); 3],
}

impl Reach {
    /// Looks the columns up. An optional column counts only where `given`, the optional columns that the file has,
    /// names it: a file without telephone numbers does not say that nobody has one.
    pub fn of(schema: &TableSchema, given: &[String]) -> Self {
        let there = |role: &Role| {
            let column = schema.with_role(role)?;
            let known = schema.columns.get(column)?;
            (!known.optional || given.contains(&known.name)).then_some(column)
        };
        let of = |channel: Channel| match channel {
            Channel::Email => (there(&Role::EmailConsent), there(&Role::Email)),
            Channel::Sms => (there(&Role::SmsConsent), there(&Role::Phone)),
            Channel::Call => (there(&Role::CallConsent), there(&Role::Phone)),
        };
        Self { columns: Channel::ALL.map(of) }
    }

    /// Returns the channels on which a customer is not written to, in the order of [`Channel::ALL`].
    pub fn withheld(&self, customer: &Customer) -> Vec<Withheld> {
        let cell = |column: ColumnIndex| customer.cells.get(column).unwrap_or(&Cell::Missing);
        let pairs = Channel::ALL.into_iter().zip(self.columns);
        let why = |(channel, (consent, address)): (Channel, (Option<ColumnIndex>, Option<ColumnIndex>))| {
            let why = match (consent.map(cell), address.map(cell)) {
                (Some(Cell::Flag(false)), _) => WhyWithheld::NoConsent,
                (Some(consent), _) if *consent != Cell::Flag(true) => WhyWithheld::ConsentUnknown,
                (_, Some(address)) if !is_filled(address) => WhyWithheld::NoAddress,
                _ => return None,
            };
            Some(Withheld { channel, why })
        };
        pairs.filter_map(why).collect()
    }
}

fn is_filled(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if !text.trim().is_empty())
}

impl WhyWithheld {
    /// Every reason, the strictest first.
    pub const ALL: [WhyWithheld; 3] = [WhyWithheld::NoConsent, WhyWithheld::ConsentUnknown, WhyWithheld::NoAddress];
}

impl Withheld {
    /// Returns the channel and why it is not written for, as a sentence.
    pub fn text(self, locale: Locale) -> &'static str {
        let texts = match (self.channel, self.why) {
            (Channel::Email, WhyWithheld::NoConsent) => {
                ["未寫電子郵件：客戶不同意接收。", "未写电子邮件：客户不同意接收。", "No e-mail: the customer has not agreed to it."]
            }
            (Channel::Sms, WhyWithheld::NoConsent) => {
                ["未寫簡訊：客戶不同意接收。", "未写短信：客户不同意接收。", "No text message: the customer has not agreed to it."]
            }
            (Channel::Call, WhyWithheld::NoConsent) => [
                "未寫電話腳本：客戶不同意接聽。",
                "未写电话脚本：客户不同意接听。",
                "No call script: the customer has not agreed to calls.",
            ],
            (Channel::Email, WhyWithheld::ConsentUnknown) => [
                "未寫電子郵件：資料沒有記錄客戶是否同意。",
                "未写电子邮件：数据没有记录客户是否同意。",
                "No e-mail: the data do not say whether the customer agreed to it.",
            ],
            (Channel::Sms, WhyWithheld::ConsentUnknown) => [
                "未寫簡訊：資料沒有記錄客戶是否同意。",
                "未写短信：数据没有记录客户是否同意。",
                "No text message: the data do not say whether the customer agreed to it.",
            ],
            (Channel::Call, WhyWithheld::ConsentUnknown) => [
                "未寫電話腳本：資料沒有記錄客戶是否同意。",
                "未写电话脚本：数据没有记录客户是否同意。",
                "No call script: the data do not say whether the customer agreed to calls.",
            ],
            (Channel::Email, WhyWithheld::NoAddress) => {
                ["未寫電子郵件：沒有電子郵件地址。", "未写电子邮件：没有邮箱地址。", "No e-mail: there is no e-mail address."]
            }
            (Channel::Sms, WhyWithheld::NoAddress) => {
                ["未寫簡訊：沒有電話號碼。", "未写短信：没有电话号码。", "No text message: there is no telephone number."]
            }
            (Channel::Call, WhyWithheld::NoAddress) => {
                ["未寫電話腳本：沒有電話號碼。", "未写电话脚本：没有电话号码。", "No call script: there is no telephone number."]
            }
        };
        match locale {
            Locale::ZhTw => texts[0],
            Locale::ZhCn => texts[1],
            Locale::En => texts[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fakes::samples;
    use crate::schema::{Column, ColumnKind};

    /// The sample table with an address, a number and a consent for each channel.
    fn table() -> TableSchema {
        let mut table = samples::schema();
        let flag = table.columns[6].kind.clone();
        for (name, role, kind) in [
            ("Email", Role::Email, ColumnKind::Text),
            ("Phone", Role::Phone, ColumnKind::Text),
            ("MailOk", Role::EmailConsent, flag.clone()),
            ("SmsOk", Role::SmsConsent, flag.clone()),
            ("CallOk", Role::CallConsent, flag),
        ] {
            table.columns.push(Column { name: name.into(), role, kind, ..table.columns[6].clone() });
        }
        table
    }

    fn check(table: &TableSchema, cells: [Cell; 5], given: &[String], expected: &[(Channel, WhyWithheld)]) {
        let mut customer = samples::customer(1);
        customer.cells.extend(cells);
        let found = Reach::of(table, given).withheld(&customer);
        let found: Vec<(Channel, WhyWithheld)> = found.into_iter().map(|one| (one.channel, one.why)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_stricter_of_consent_and_address_wins() {
        use Channel::{Call, Email, Sms};
        use WhyWithheld::{ConsentUnknown, NoAddress, NoConsent};
        let text = |text: &str| Cell::Text(text.into());
        let (yes, no, none) = (Cell::Flag(true), Cell::Flag(false), Cell::Missing);
        let all = [text("a@example.com"), text("555"), yes.clone(), yes.clone(), yes.clone()];
        check(&table(), all.clone(), &[], &[]);
        let one = |place: usize, cell: Cell| {
            let mut cells = all.clone();
            cells[place] = cell;
            cells
        };
        check(&table(), one(2, no.clone()), &[], &[(Email, NoConsent)]);
        check(&table(), one(3, none.clone()), &[], &[(Sms, ConsentUnknown)]);
        check(&table(), one(4, no.clone()), &[], &[(Call, NoConsent)]);
        check(&table(), one(0, none.clone()), &[], &[(Email, NoAddress)]);
        check(&table(), one(1, text("  ")), &[], &[(Sms, NoAddress), (Call, NoAddress)]);
        let nothing = [none.clone(), none.clone(), no, none, yes];
        check(&table(), nothing.clone(), &[], &[(Email, NoConsent), (Sms, ConsentUnknown), (Call, NoAddress)]);
        // Columns the schema allows to be absent count only where the file has them.
        let mut optional = table();
        optional.columns.iter_mut().skip(7).for_each(|column| column.optional = true);
        check(&optional, nothing.clone(), &[], &[]);
        check(&optional, nothing, &["Phone".into(), "SmsOk".into()], &[(Sms, ConsentUnknown), (Call, NoAddress)]);
        check(&samples::schema(), [const { Cell::Missing }; 5], &[], &[]);
    }

    #[test]
    fn every_reason_is_said_in_every_language() {
        let mut said = std::collections::HashSet::new();
        for (channel, why) in Channel::ALL.into_iter().flat_map(|channel| WhyWithheld::ALL.map(|why| (channel, why))) {
            assert!(Locale::ALL.into_iter().all(|locale| said.insert(Withheld { channel, why }.text(locale))), "{channel:?} {why:?}");
        }
    }
}
