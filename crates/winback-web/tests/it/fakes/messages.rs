//! Messages in three languages with what each of their claims rests on, as the writer and its review would make them.
use super::{catalogue, table, usd};
use winback_core::claim::{Sense, Unit, Value};
use winback_core::customer::Customer;
use winback_core::digest::Digest;
use winback_core::goal::Goal;
use winback_core::locale::Locale;
use winback_core::message::*;
use winback_core::money::{Currency, Money};
use winback_core::offer::OfferId;
use winback_core::schema::Role;
use winback_core::script::{CallStep, Next};
use winback_core::segment::SegmentId;
use winback_core::store::Writing;

/// A claim by its words: the part, the words, what they state, what they rest on.
type Claim = (&'static str, String, Value, Binding);

/// Returns messages in every language, as the desk would write them.
pub fn write(customer: &Customer) -> Vec<Writing> {
    Locale::ALL.into_iter().map(|locale| Pen::new(customer, locale).writing()).collect()
}

/// Returns what writing comes to where every channel is held back.
pub fn held(customer: &Customer) -> Vec<Writing> {
    let finding =
        |channel, part: &str, detail: &str| Finding { channel, part: part.into(), check: "claims-bound".into(), detail: detail.into() };
    let findings = vec![
        finding(
            Channel::Email,
            "text",
            "\"as much as 40%\" (characters 61 to 75) rests on no fact of this customer and no approved wording; state the offer's 15% or leave it out",
        ),
        finding(Channel::Sms, "text", "\"today only\" (characters 30 to 40) is a deadline; the offer runs until 2026-12-31"),
        finding(Channel::Call, "answer 2", "\"the cheapest plan\" is a superlative; remove it, or write it into a template and approve it"),
    ];
    let writing = |locale| Writing {
        position: customer.position,
        customer: customer.id.clone(),
        locale,
        messages: vec![],
        findings: findings.clone(),
        withheld: vec![],
    };
    Locale::ALL.into_iter().map(writing).collect()
}

/// Writes for one customer in one language.
struct Pen<'a> {
    customer: &'a Customer,
    locale: Locale,
    name: String,
    charge: String,
    minor: i64,
}

fn fact(id: &str) -> Binding {
    Binding::Fact { id: id.into() }
}

fn percent_off() -> Value {
    Value::Percent { hundredths: 1_500, sense: Sense::Off }
}

fn span(count: i64, unit: Unit) -> Value {
    Value::Span { count, unit }
}

fn last_day(year: Option<i16>) -> Value {
    Value::Day { year, month: Some(12), day: Some(31) }
}

impl<'a> Pen<'a> {
    fn new(customer: &'a Customer, locale: Locale) -> Self {
        let name = customer.text(&table(), &Role::FirstName).unwrap_or_default().to_owned();
        let charge = customer.monthly_charge(&table()).unwrap_or(Money::new(8_000, usd()));
        Self { customer, locale, name, charge: charge.to_string(), minor: charge.minor }
    }

    fn say(&self, zh_tw: &str, zh_cn: &str, en: &str) -> String {
        let text = match self.locale {
            Locale::ZhTw => zh_tw,
            Locale::ZhCn => zh_cn,
            Locale::En => en,
        };
        text.replace("{name}", &self.name).replace("{charge}", &self.charge)
    }

    fn phone(&self) -> String {
        self.say("0800-000-123", "400-000-123", "0800 000 123")
    }

    fn monthly(&self) -> Value {
        let currency = Currency::parse("USD").unwrap();
        Value::Money { minor: self.minor, currency: Some(currency), per: Some(Unit::Month), sense: Sense::Paid }
    }

    fn phrase(&self, file: &str, line: u32) -> Binding {
        Binding::Phrase { file: format!("{}/{file}.jinja", self.locale.tag()), line }
    }

    fn writing(&self) -> Writing {
        let messages = vec![self.email(), self.sms(), self.call()];
        Writing {
            position: self.customer.position,
            customer: self.customer.id.clone(),
            locale: self.locale,
            messages,
            findings: vec![],
            withheld: Vec::new(),
        }
    }

    fn facts(&self) -> Vec<Fact> {
        let offer = |field: &str| FactSource::Offer { offer: OfferId("annual-15".into()), field: field.into() };
        let cell = |column: &str| FactSource::Cell { line: self.customer.line, column: column.into() };
        let company = |field: &str| FactSource::Company { field: field.into() };
        let fact = |id: &str, text: String, value: Option<Value>, source| Fact { id: id.into(), text, value, source };
        let name = catalogue().offers[0].name.get(self.locale).clone();
        vec![
            fact("offer.name", name, None, offer("name")),
            fact("offer.percent", self.say("85 折", "85 折", "15%"), Some(percent_off()), offer("percent")),
            fact("offer.months", self.say("6 個月", "6 个月", "6 months"), Some(span(6, Unit::Month)), offer("months")),
            fact(
                "offer.until",
                self.say("2026 年 12 月 31 日", "2026 年 12 月 31 日", "31 December 2026"),
                Some(last_day(Some(2026))),
                offer("valid_until"),
            ),
            fact("charge.monthly", self.charge.clone(), Some(self.monthly()), cell("MonthlyCharges")),
            fact("internet", self.say("光纖", "光纤", "Fiber optic"), None, cell("InternetService")),
            fact("company.name", self.say("北極星電信", "北极星电信", "Northstar"), None, company("name")),
            fact("company.phone", self.phone(), None, company("phone")),
        ]
    }

    /// Returns a message whose ledger holds these claims, each at the first place of its words in its part.
    fn message(&self, content: Content, claims: Vec<Claim>) -> Message {
        let place = |(part, words, value, bound): Claim| {
            let parts = content.parts();
            let (_, text) = parts.iter().find(|(name, _)| *name == part).unwrap();
            assert!(text.contains(&words), "{words:?} is not in {text:?}");
            let start = text.find(&words).unwrap();
            LedgerEntry { part: part.into(), start: start as u32, end: (start + words.len()) as u32, value, bound }
        };
        let mut ledger: Vec<LedgerEntry> = claims.into_iter().map(place).collect();
        let order: Vec<String> = content.parts().iter().map(|(name, _)| name.to_string()).collect();
        ledger.sort_by_key(|entry| (order.iter().position(|part| *part == entry.part), entry.start));
        let used = |fact: &Fact| ledger.iter().any(|entry| entry.bound == Binding::Fact { id: fact.id.clone() });
        Message::from_store(MessageRecord {
            position: self.customer.position,
            customer: self.customer.id.clone(),
            locale: self.locale,
            offer: Some(OfferId("annual-15".into())),
            writer: WriterVersion::of_words("built-in", Digest::of(b"words")),
            facts: self.facts().into_iter().filter(used).collect(),
            goal: Goal::Push,
            segment: SegmentId::parse("HighValue_Active").ok(),
            ledger,
            checks: ["claims-bound", "length", "offer-of-the-plan"].map(String::from).to_vec(),
            refused: Vec::new(),
            content,
        })
    }

    fn email(&self) -> Message {
        let subject = self.say(
            "年約 85 折，為您保留到 12 月 31 日",
            "年付 85 折，为您保留到 12 月 31 日",
            "15% off a yearly contract, kept for you until 31 December",
        );
        let preheader = self.say(
            "接下來 6 個月的月費都算在內，要不要換由您決定。",
            "接下来 6 个月的月费都包含在内，换不换由您决定。",
            "It covers your next 6 months, and the choice is yours.",
        );
        let text = self.say(EMAIL_ZH_TW, EMAIL_ZH_CN, EMAIL_EN);
        let paragraphs = text.replace('&', "&amp;").replace('<', "&lt;").replace("\n\n", "</p><p>").replace('\n', "<br>");
        let html = format!(
            "<!doctype html><html><body style=\"font-family:sans-serif;padding:24px;color:#222;line-height:1.6\"><h1 style=\"color:#0b5f5c;font-size:20px\">{subject}</h1><p>{paragraphs}</p></body></html>"
        );
        let claims = vec![
            ("subject", self.say("85 折", "85 折", "15% off"), percent_off(), fact("offer.percent")),
            ("subject", self.say("12 月 31 日", "12 月 31 日", "31 December"), last_day(None), fact("offer.until")),
            ("preheader", self.say("6 個月", "6 个月", "6 months"), span(6, Unit::Month), fact("offer.months")),
            (
                "text",
                self.say("北極星電信", "北极星电信", "Northstar"),
                Value::Name { name: self.say("北極星電信", "北极星电信", "Northstar") },
                fact("company.name"),
            ),
            ("text", self.say("光纖", "光纤", "fibre"), Value::Name { name: self.say("光纖", "光纤", "fibre") }, fact("internet")),
            (
                "text",
                self.say("每月的費用是 {charge}", "每月的费用是 {charge}", "{charge} a month"),
                self.monthly(),
                fact("charge.monthly"),
            ),
            ("text", self.say("6 個月", "6 个月", "6 months"), span(6, Unit::Month), fact("offer.months")),
            ("text", self.say("85 折", "85 折", "15% less"), percent_off(), fact("offer.percent")),
            ("text", self.say("2026 年 12 月 31 日", "2026 年 12 月 31 日", "31 December 2026"), last_day(Some(2026)), fact("offer.until")),
            (
                "text",
                self.say("由專人為您說明", "由专人为您说明", "a person answers"),
                Value::Promise {
                    of: "guarantee".into(), words: self.say("由專人為您說明", "由专人为您说明", "a person answers")
                },
                self.phrase("email", 31),
            ),
            ("text", self.phone(), Value::Contact { text: self.phone() }, fact("company.phone")),
        ];
        self.message(Content::Email(Email { subject, preheader, text, html }), claims)
    }

    fn sms(&self) -> Message {
        let text = self.say(
            "【北極星】改為年約，6 個月月費 85 折，保留到 12/31。詳洽 0800-000-123，拒收請回 R",
            "【北极星】改为年付，6 个月月费 85 折，保留到 12/31。详询 400-000-123，拒收请回复 R",
            "Northstar: yearly plan, 15% off 6 months, to 31 Dec. 0800 000 123 STOP",
        );
        let claims = vec![
            ("text", self.say("6 個月", "6 个月", "6 months"), span(6, Unit::Month), fact("offer.months")),
            ("text", self.say("85 折", "85 折", "15% off"), percent_off(), fact("offer.percent")),
            ("text", self.say("12/31", "12/31", "31 Dec"), last_day(None), fact("offer.until")),
            ("text", self.phone(), Value::Contact { text: self.phone() }, fact("company.phone")),
        ];
        self.message(Content::Sms(Sms { text }), claims)
    }

    fn call(&self) -> Message {
        let objection = |id: &str, then: &str, customer: String, answer: String| Objection {
            id: id.into(),
            after: vec![CallStep::Offer],
            then: Next::of(then),
            customer,
            answer,
        };
        let outcome = |code: &str, label: String| CallOutcome { code: code.into(), label };
        let script = CallScript {
            opening: self.say(
                "您好，我是北極星電信的 {{agent_name}}。請問是 {name} 嗎？現在方便說話嗎？",
                "您好，我是北极星电信的 {{agent_name}}。请问是 {name} 吗？现在方便说话吗？",
                "Good afternoon, this is {{agent_name}} from Northstar. Am I speaking with {name}? Is this a good moment?",
            ),
            reason: self.say(
                "今天打來，是想確認目前的合約是否還適合您。",
                "今天打来，是想确认目前的合同是否还适合您。",
                "I am calling to check whether your contract still suits you.",
            ),
            offer: self.say(
                "如果改為年約，接下來 6 個月的月費可享 85 折，這項方案保留到 12 月 31 日。您覺得合適嗎？",
                "如果改为年付，接下来 6 个月的月费可享 85 折，这个套餐保留到 12 月 31 日。您觉得合适吗？",
                "On a yearly contract your next 6 months cost 15% less. The offer is open until 31 December. Would that help you?",
            ),
            objections: vec![
                objection(
                    "bound",
                    "declined",
                    self.say("我不想被綁約。", "我不想被合约绑住。", "I do not want to be bound."),
                    self.say(
                        "我了解。維持現狀也完全沒有問題，您什麼都不用做。",
                        "我理解。维持现状也完全没有问题，您什么都不用做。",
                        "I understand. You can stay as you are; there is nothing to do.",
                    ),
                ),
                objection(
                    "dear",
                    "close",
                    self.say("我覺得月費太貴。", "我觉得月费太贵。", "It costs too much."),
                    self.say(
                        "您目前每月付 {charge}，改為年約後 6 個月內都是 85 折。",
                        "您目前每月付 {charge}，改为年付后 6 个月内都是 85 折。",
                        "You pay {charge} a month now; on the yearly contract 6 months are 15% lower.",
                    ),
                ),
            ],
            forbidden: vec![self.say("不提客戶可能離開。", "不提客户可能离开。", "Do not say that we expected the customer to leave.")],
            close: self.say("謝謝您撥時間，祝您順心。", "感谢您抽出时间，祝您顺心。", "Thank you for your time. Have a good day."),
            outcomes: vec![
                outcome("accepted", self.say("接受方案", "接受套餐", "Accepted")),
                outcome("declined", self.say("不需要", "不需要", "Declined")),
                outcome("no_answer", self.say("無人接聽", "无人接听", "No answer")),
            ],
        };
        self.message(Content::Call(script), self.call_claims())
    }

    fn call_claims(&self) -> Vec<Claim> {
        vec![
            (
                "opening",
                self.say("北極星電信", "北极星电信", "Northstar"),
                Value::Name { name: self.say("北極星電信", "北极星电信", "Northstar") },
                fact("company.name"),
            ),
            ("offer", self.say("6 個月", "6 个月", "6 months"), span(6, Unit::Month), fact("offer.months")),
            ("offer", self.say("85 折", "85 折", "15% less"), percent_off(), fact("offer.percent")),
            ("offer", self.say("12 月 31 日", "12 月 31 日", "31 December"), last_day(None), fact("offer.until")),
            (
                "answer 1",
                self.say("什麼都不用做", "什么都不用做", "nothing to do"),
                Value::Promise { of: "free".into(), words: self.say("什麼都不用做", "什么都不用做", "nothing to do") },
                self.phrase("call", 74),
            ),
            ("answer 2", self.say("每月付 {charge}", "每月付 {charge}", "{charge} a month"), self.monthly(), fact("charge.monthly")),
            ("answer 2", self.say("6 個月", "6 个月", "6 months"), span(6, Unit::Month), fact("offer.months")),
            ("answer 2", self.say("85 折", "85 折", "15% lower"), percent_off(), fact("offer.percent")),
        ]
    }
}

const EMAIL_ZH_TW: &str = "{name} 您好：\n\n謝謝您一直使用北極星電信的光纖網路。您目前每月的費用是 {charge}。\n\n如果改為年約，接下來 6 個月的月費可享 85 折。這項方案為您保留到 2026 年 12 月 31 日；維持現狀也沒有問題，您什麼都不用做。\n\n想了解細節，歡迎來電 0800-000-123，由專人為您說明。\n\n北極星電信 客服團隊\n\n--\n北極星電信股份有限公司，臺北市信義區松仁路 7 號\n您收到這封信，是因為您是我們的客戶。不想再收到這類信件，請點：\nhttps://northstar.example/unsubscribe/7f3a9c2e51b84d06";
const EMAIL_ZH_CN: &str = "{name}，您好：\n\n感谢您一直使用北极星电信的光纤网络。您目前每月的费用是 {charge}。\n\n如果改为年付，接下来 6 个月的月费可享 85 折。这个套餐为您保留到 2026 年 12 月 31 日；维持现状也没有问题，您什么都不用做。\n\n想了解详情，欢迎致电 400-000-123，由专人为您说明。\n\n北极星电信 客服团队\n\n--\n北极星电信有限公司，上海市浦东新区世纪大道 7 号\n您收到这封邮件，是因为您是我们的客户。如不想再收到此类邮件，请点击：\nhttps://northstar.example/unsubscribe/7f3a9c2e51b84d06";
const EMAIL_EN: &str = "Hello {name},\n\nThank you for staying with Northstar and its fibre network. You pay {charge} a month at present.\n\nOn a yearly contract your next 6 months cost 15% less. The offer is open to you until 31 December 2026. If you would rather keep things as they are, there is nothing to do.\n\nIf you have a question, call 0800 000 123; a person answers.\n\nYour team at Northstar\n\n--\nNorthstar Ltd, 7 Harbour Road, Leeds LS1 4AP\nYou receive this mail because you are our customer. To stop mails like this one, open:\nhttps://northstar.example/unsubscribe/7f3a9c2e51b84d06";
