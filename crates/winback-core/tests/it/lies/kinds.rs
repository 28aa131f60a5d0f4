//! The kinds of lie. A kind has sentences in each language, and some put a false word in the place of a true one.
use super::case::{Case, pick};
use super::plant::{say, swap};
use std::sync::LazyLock;
use winback_core::locale::Locale;
use winback_core::message::{Channel, Content, Draft};
use winback_core::offer::OfferKind;

/// One kind of lie.
#[derive(Clone, Copy, Debug)]
pub struct Kind {
    /// What a report calls it.
    pub name: &'static str,
    /// The channels in which it can always be planted.
    pub channels: &'static [Channel],
}

/// Kinds that are not sentences, or not for every place.
const OTHERS: [Kind; 8] = [
    Kind { name: "other-language", channels: &Channel::ALL },
    Kind { name: "promise-bent", channels: &[Channel::Email, Channel::Call] },
    Kind { name: "text-and-html-differ", channels: &[Channel::Email] },
    Kind { name: "footer-reason", channels: &[Channel::Email] },
    Kind { name: "signature", channels: &[Channel::Email] },
    Kind { name: "html-button", channels: &[Channel::Email] },
    Kind { name: "html-attribute", channels: &[Channel::Email] },
    Kind { name: "html-entities", channels: &[Channel::Email] },
];

/// Kinds whose sentences are told in the other language too.
const ABROAD: [&str; 8] = ["gift", "half-price", "cashback", "unlimited", "device", "lifetime", "free-months", "guarantee"];

type Table = Vec<(&'static str, Vec<&'static str>)>;

static ENGLISH: LazyLock<Table> = LazyLock::new(|| table(include_str!("en.txt")));
static TAIWAN: LazyLock<Table> = LazyLock::new(|| table(include_str!("zh-TW.txt")));
static MAINLAND: LazyLock<Table> = LazyLock::new(|| table(include_str!("zh-CN.txt")));

fn table(text: &'static str) -> Table {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(": ")).map(|(kind, wordings)| (kind, wordings.split(" | ").collect())).collect()
}

/// Returns every kind.
pub fn all() -> Vec<Kind> {
    let told = ENGLISH.iter().filter(|(name, _)| OTHERS.iter().all(|kind| kind.name != *name));
    told.map(|(name, _)| Kind { name, channels: &Channel::ALL }).chain(OTHERS).collect()
}

/// Returns the sentences of a kind in a language; none for the kinds that are not sentences.
pub fn sentences(name: &str, locale: Locale) -> &'static [&'static str] {
    let table = match locale {
        Locale::ZhTw => &TAIWAN,
        Locale::ZhCn => &MAINLAND,
        Locale::En => &ENGLISH,
    };
    table.iter().find(|(kind, _)| *kind == name).map_or(&[], |(_, sentences)| sentences)
}

impl Kind {
    /// Returns the draft with one lie of this kind in it; `None` where it would be no lie or has no place.
    pub fn plant(self, case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
        if !self.is_false(case) {
            return None;
        }
        match self.name {
            "other-language" => abroad(case, draft, seed),
            "text-and-html-differ" => differ(case, draft, seed),
            "promise-bent" => bent(case, draft, seed),
            "footer-reason" => footer(case, draft, seed),
            "signature" => signature(case, draft, seed),
            "html-button" | "html-attribute" | "html-entities" => in_html(self.name, case, draft, seed),
            _ if pick(seed, 30, 2) == 0 => self.swap(case, draft, seed).or_else(|| self.say(case, draft, seed)),
            _ => self.say(case, draft, seed).or_else(|| self.swap(case, draft, seed)),
        }
    }

    /// Returns whether what the kind says is false of the brief, for the kinds that are sometimes true.
    fn is_false(self, case: &Case) -> bool {
        let kind = case.brief.kind;
        let costs = matches!(kind, Some(OfferKind::Discount | OfferKind::PlanChange));
        match self.name {
            "free-of-charge" | "zero-price" | "homoglyph" => costs,
            "renewal-denied" => costs || kind == Some(OfferKind::Upgrade),
            "free-months" => !matches!(kind, Some(OfferKind::FreeTrial | OfferKind::Service)),
            "price-frozen" => !matches!(kind, Some(OfferKind::Upgrade | OfferKind::PlanChange)),
            // Some plans do keep a price for as long as they run.
            "words-around-facts" => kind == Some(OfferKind::Discount),
            "percent-months-swapped" => case.percent() != case.months(),
            "deadline-moved" => case.text("offer.until").is_some(),
            "deadline-invented" => case.text("offer.until").is_none(),
            _ => true,
        }
    }

    /// Says a sentence of the kind, the first that the brief can fill and the draft has room for.
    fn say(self, case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
        say_one_of(sentences(self.name, case.locale()), case, draft, seed)
    }

    /// Puts a false word in the place of a true one.
    fn swap(self, case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
        let groups = swaps(self.name, case.locale());
        let turn = pick(seed, 31, groups.len());
        let fill = |group: &&[(&str, &str)]| -> Option<Vec<(String, String)>> {
            group.iter().map(|(from, to)| Some((filled(case, from, seed)?, filled(case, to, seed)?))).collect()
        };
        (0..groups.len()).filter_map(|n| groups.get((turn + n) % groups.len())).filter_map(fill).find_map(|pairs| swap(draft, &pairs))
    }
}

/// Fills in a part of a sentence, which keeps its small letter.
fn filled(case: &Case, text: &str, seed: u64) -> Option<String> {
    case.fill(&format!("-{text}"), seed).map(|text| text[1..].to_owned())
}

fn say_one_of(sentences: &[&str], case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let turn = pick(seed, 32, sentences.len());
    let rotated = (0..sentences.len()).filter_map(|n| sentences.get((turn + n) % sentences.len()));
    rotated.filter_map(|sentence| case.fill(sentence, seed)).find_map(|sentence| say(case, draft, &sentence, seed))
}

fn abroad(case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let elsewhere = match case.locale() {
        Locale::En => [Locale::ZhTw, Locale::ZhCn][pick(seed, 33, 2)],
        _ => Locale::En,
    };
    let kind = Kind { name: ABROAD[pick(seed, 34, ABROAD.len())], channels: &Channel::ALL };
    if kind.is_false(case) { say_one_of(sentences(kind.name, elsewhere), case, draft, seed) } else { None }
}

/// Puts another word into the promise, wherever the draft states it whole.
fn bent(case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let promise = case.text("offer.promise")?;
    let groups = swaps("promise-bent", case.locale());
    let turn = pick(seed, 37, groups.len());
    let bent = (0..groups.len()).filter_map(|n| groups.get((turn + n) % groups.len())?.first());
    bent.filter(|(from, _)| promise.contains(from)).find_map(|(from, to)| swap(draft, &[(promise.to_owned(), promise.replace(from, to))]))
}

/// Says a lie in the text alone or in the HTML alone.
fn differ(case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let Content::Email(honest) = &draft.content else { return None };
    let kinds = ["percent-changed", "gift", "months-changed", "free-months", "cashback", "deadline-invented"];
    let kind = Kind { name: kinds[pick(seed, 35, kinds.len())], channels: &[Channel::Email] };
    let mut changed = kind.swap(case, draft, seed).or_else(|| kind.say(case, draft, seed))?;
    let Content::Email(mail) = &mut changed.content else { return None };
    if pick(seed, 36, 2) == 0 {
        mail.html = honest.html.clone();
    } else {
        (mail.subject, mail.preheader, mail.text) = (honest.subject.clone(), honest.preheader.clone(), honest.text.clone());
    }
    (changed != *draft).then_some(changed)
}

/// Puts another reason for the mail into its footer.
fn footer(case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let Content::Email(mail) = &draft.content else { return None };
    let reason = mail.text.split_once("\n--\n")?.1.lines().next()?;
    let told = sentences("footer-reason", case.locale());
    swap(draft, &[(reason.to_owned(), told[pick(seed, 50, told.len())].to_owned())])
}

/// Signs with another name.
fn signature(case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let Content::Email(_) = &draft.content else { return None };
    let told = sentences("signature", case.locale());
    swap(draft, &[(case.text("company.team")?.to_owned(), told[pick(seed, 51, told.len())].to_owned())])
}

/// Tells a lie where only the HTML has room for one: on the button, in an attribute, or spelt in entities.
fn in_html(place: &str, case: &Case, draft: &Draft, seed: u64) -> Option<Draft> {
    let kind = Kind { name: ABROAD[pick(seed, 52, ABROAD.len())], channels: &[Channel::Email] };
    let told = sentences(kind.name, case.locale());
    let sentence = case.fill(told[pick(seed, 53, told.len())], seed).filter(|_| kind.is_false(case))?;
    let mut draft = draft.clone();
    let Content::Email(mail) = &mut draft.content else { return None };
    let button = mail.html.find("<a class=\"button\"").or_else(|| mail.html.find("<a "))?;
    let (before, link) = mail.html.split_at(button);
    let (tag, rest) = link.split_once('>')?;
    mail.html = match place {
        "html-button" => format!("{before}{tag}>{sentence}{}", &rest[rest.find("</a>")?..]),
        "html-attribute" => format!("{before}{tag} title=\"{sentence}\">{rest}"),
        _ => {
            let spelt: String = sentence.chars().map(|c| format!("&#{};", u32::from(c))).collect();
            let end = rest.find("</td></tr>")? + "</td></tr>".len();
            format!("{before}{tag}>{}\n<tr><td>{spelt}</td></tr>{}", &rest[..end], &rest[end..])
        }
    };
    Some(draft)
}

type Pairs = &'static [(&'static str, &'static str)];

/// Returns the groups of words a kind puts in the place of others; all of a group change at once.
fn swaps(name: &str, locale: Locale) -> &'static [Pairs] {
    match locale {
        Locale::En => english_swaps(name),
        Locale::ZhTw => taiwan_swaps(name),
        Locale::ZhCn => mainland_swaps(name),
    }
}

fn english_swaps(name: &str) -> &'static [Pairs] {
    match name {
        "percent-in-words" => &[&[("{p}%", "{Pw} percent")], &[("{p}%", "{Pw} per cent")]],
        "months-in-words" => &[&[("{m} month", "{Mw} month")]],
        "months-changed" => &[&[("{m} month", "{M} month")]],
        "months-to-years" => &[&[("{m} months", "{m} years")]],
        "months-to-weeks" => &[&[("{m} months", "{m} weeks")]],
        "per-month-to-once" => {
            &[&[("{saving} less each month", "{saving} less, once")], &[("{saving} less each month", "{saving} less in total")]]
        }
        "saving-per-day" => &[&[("less each month", "less each week")]],
        "percent-months-swapped" => &[&[("{p}%", "{m}%"), ("{m} months", "{p} months")]],
        "up-to" => &[&[("{p}%", "up to {p}%")], &[("{p}%", "{p}% to 80%")], &[("{p}%", "as much as {p}%")]],
        "at-least" => &[&[("{p}%", "at least {p}%")], &[("{p}%", "more than {p}%")], &[("{saving} less", "at least {saving} less")]],
        "comparison-turned" => &[&[("{p}% lower", "{p}% higher")], &[("{saving} less", "{saving} more")]],
        "percent-of-another-thing" => &[&[("{p}% lower", "{p}% faster")]],
        "offer-renamed" => &[&[("{offer}", "{offer} Plus")], &[("{offer}", "Super {offer}")]],
        "starts-without-consent" => &[
            &[("Nothing changes unless you say yes", "Everything changes unless you say no")],
            &[("nothing changes unless you say yes", "everything changes from today")],
            &[("it ends by itself", "it goes on until you end it")],
        ],
        "promise-bent" => &[
            &[("the price stays the same", "the price goes down")],
            &[("your price stays the same", "your price falls")],
            &[("moves up to the next speed", "moves up to the highest speed")],
            &[("a one-year contract", "a two-year contract")],
            &[("is yours at no charge", "and repairs are yours at no charge")],
            &[("A specialist goes through", "Our chief engineer goes through")],
            &[("monthly charge", "internet and television charge")],
            &[("it ends by itself", "it can be renewed for free")],
        ],
        _ => shared_swaps(name),
    }
}

fn taiwan_swaps(name: &str) -> &'static [Pairs] {
    match name {
        "percent-in-words" => &[&[("{p}%", "百分之{Pw}")]],
        "percent-otherwise" => &[&[("{p}%", "{P} 個百分點")]],
        "tenths" => &[&[("{p}%", "{Tw}成")]],
        "months-in-words" => &[&[("{m} 個月", "{Mw}個月")]],
        "months-changed" => &[&[("{m} 個月", "{M} 個月")]],
        "months-to-years" => &[&[("{m} 個月", "{m} 年")]],
        "months-to-weeks" => &[&[("{m} 個月", "{m} 週")]],
        "per-month-to-once" => &[&[("每月少付", "一次少付")], &[("每月少付", "總共少付")]],
        "saving-per-day" => &[&[("每月少付", "每天少付")], &[("每月少付", "每週少付")]],
        "percent-months-swapped" => &[&[("{p}%", "{m}%"), ("{m} 個月", "{p} 個月")]],
        "up-to" => &[&[("{p}%", "最多 {p}%")], &[("{p}%", "{p}% 到 80%")]],
        "at-least" => &[&[("{p}%", "至少 {p}%")], &[("{p}%", "{p}% 以上")], &[("少付 {saving}", "至少少付 {saving}")]],
        "comparison-turned" => &[&[("月費少", "月費多")], &[("少付", "多付")]],
        "percent-of-another-thing" => &[&[("月費少 {p}%", "網速快 {p}%")]],
        "offer-renamed" => &[&[("{offer}", "{offer}尊榮版")], &[("{offer}", "超級{offer}")]],
        "starts-without-consent" => &[
            &[("在您同意之前，一切都維持原狀", "不論您是否回覆，優惠都會立即開始")],
            &[("沒有您的同意，一切都不會變動", "一切都會自動變動")],
            &[("不會自動收費", "會自動收費")],
        ],
        "promise-bent" => &[
            &[("月費不變", "月費更低")],
            &[("月費不調整", "月費調降")],
            &[("下一級速度", "最高速度")],
            &[("一年合約", "兩年合約")],
            &[("簽一年約", "簽兩年約")],
            &[("技術支援", "技術支援和到府維修")],
            &[("由專人", "由總工程師")],
            &[("月費", "月費和通話費")],
        ],
        _ => shared_swaps(name),
    }
}

fn mainland_swaps(name: &str) -> &'static [Pairs] {
    match name {
        "percent-in-words" => &[&[("{p}%", "百分之{Pw}")]],
        "percent-otherwise" => &[&[("{p}%", "{P} 个百分点")]],
        "tenths" => &[&[("{p}%", "{Tw}成")]],
        "months-in-words" => &[&[("{m} 个月", "{Mw}个月")]],
        "months-changed" => &[&[("{m} 个月", "{M} 个月")]],
        "months-to-years" => &[&[("{m} 个月", "{m} 年")]],
        "months-to-weeks" => &[&[("{m} 个月", "{m} 周")]],
        "per-month-to-once" => &[&[("每月少付", "一次少付")], &[("每月少付", "总共少付")]],
        "saving-per-day" => &[&[("每月少付", "每天少付")], &[("每月少付", "每周少付")]],
        "percent-months-swapped" => &[&[("{p}%", "{m}%"), ("{m} 个月", "{p} 个月")]],
        "up-to" => &[&[("{p}%", "最多 {p}%")], &[("{p}%", "{p}% 到 80%")]],
        "at-least" => &[&[("{p}%", "至少 {p}%")], &[("{p}%", "{p}% 以上")], &[("少付 {saving}", "至少少付 {saving}")]],
        "comparison-turned" => &[&[("月费少", "月费多")], &[("少付", "多付")]],
        "percent-of-another-thing" => &[&[("月费少 {p}%", "网速快 {p}%")]],
        "offer-renamed" => &[&[("{offer}", "{offer}尊享版")], &[("{offer}", "超级{offer}")]],
        "starts-without-consent" => &[
            &[("您同意之前，一切照旧", "不管您是否回复，优惠都会马上开始")],
            &[("没有您的同意，一切都不会变动", "一切都会自动变动")],
            &[("不会自动收费", "会自动收费")],
        ],
        "promise-bent" => &[
            &[("月费不变", "月费更低")],
            &[("提升一档", "提升到最高档")],
            &[("一年合约", "两年合约")],
            &[("技术支持", "技术支持和上门维修")],
            &[("由专人", "由总工程师")],
            &[("月费", "月费和通话费")],
        ],
        _ => shared_swaps(name),
    }
}

fn shared_swaps(name: &str) -> &'static [Pairs] {
    match name {
        "percent-changed" => &[&[("{p}%", "{P}%")]],
        "percent-full-width" => &[&[("{p}%", "{Pfw}％")], &[("{p}%", "{Pfw}%")]],
        "saving-charge-swapped" => &[&[("{saving}", "{charge}"), ("{charge}", "{saving}")]],
        "other-currency" => &[&[("{saving}", "{Sx}")]],
        "price-made-up" => &[&[("{charge}", "{S}")]],
        "total-made-up" => &[&[("{saving}", "{S}")]],
        "deadline-moved" => &[&[("{until}", "{Date}")]],
        "wrong-phone" => &[&[("{phone}", "{Phone}")], &[("{phone}", "{phone} / {Phone}")]],
        "wrong-address" => &[&[("{address}", "{address} / 99 Elm Street")], &[("{address}", "{address}、市場街 7 號")]],
        "digits-split" => &[&[("{p}%", "{Psp}%")]],
        "other-digits" => &[&[("{p}%", "{Par}%")], &[("{p}%", "{Pci}%")], &[("{p}%", "{Pro}%")]],
        _ => &[],
    }
}
