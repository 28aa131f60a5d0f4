//! Three companies in three currencies, their offers, and the briefs of many different customers.
use super::case::{Case, pick};
use crate::sample::{DAY, House, JULIA, OFFERS, Who, customer, plan};
use jiff::civil::{Date, date};
use std::sync::Arc;
use winback_core::brief::{NoBrief, Sources, brief};
use winback_core::customer::{Cell, Customer};
use winback_core::goal::Goal;
use winback_core::locale::{Locale, Localized};
use winback_core::message::{Brief, Company};
use winback_core::money::Currency;
use winback_core::offer::{Offer, OfferId, OfferKind, Terms};
use winback_core::risk::ValueTier;
use winback_core::schema::{Role, Theme};

const NAMES: [Option<&str>; 7] =
    [Some("Julia"), None, Some("王小明"), Some("Anna & Tom"), Some("李"), Some("José-María"), Some("Mr O\u{2019}Neil")];
const TIERS: [Option<ValueTier>; 4] = [Some(ValueTier::High), Some(ValueTier::Mid), Some(ValueTier::Low), None];
const SEGMENTS: [Option<&str>; 6] =
    [None, Some("HighValue_Active"), Some("Need_Reengagement"), Some("Regular_Active"), Some("Dormant"), Some("Parent_Active")];
const CHARGES: [Option<i64>; 5] = [Some(8_535), Some(59_900), Some(129_900), None, Some(19_800)];

/// A house with the ids of its offers; the last entry is a contact without an offer.
pub struct Place {
    pub house: House,
    pub offers: Vec<Option<String>>,
}

/// Returns the three companies.
pub fn places() -> Vec<Place> {
    let sample = Place { house: House::new(), offers: OFFERS.iter().map(|id| id.map(str::to_owned)).collect() };
    vec![sample, seahorse(), greenleaf()]
}

/// Returns so many cases: every language, company, offer, theme, tier, goal, segment and sort of name in turn.
pub fn cases(places: &[Place], count: usize) -> Vec<Case> {
    (0..count).map(|n| case(places, n)).collect()
}

fn case(places: &[Place], n: usize) -> Case {
    let locale = Locale::ALL[n % Locale::ALL.len()];
    let place = &places[n / 3 % places.len()];
    let offer = place.offers[n / 9 % place.offers.len()].as_deref();
    let seed = n as u64;
    let id = format!("C-{n}");
    let who = Who {
        id: &id,
        name: NAMES[pick(seed, 40, NAMES.len())],
        charge: CHARGES[pick(seed, 41, CHARGES.len())],
        theme: Theme::ALL.into_iter().map(Some).chain([None]).nth(pick(seed, 42, 9)).flatten(),
        tier: TIERS[pick(seed, 43, TIERS.len())],
        offer,
    };
    let goals = [Some(Goal::Activation), Some(Goal::Recall), Some(Goal::Push), None];
    let goal = goals[pick(seed, 44, goals.len())];
    let extra = Extra { segment: SEGMENTS[pick(seed, 45, SEGMENTS.len())], days: [None, Some(45.0), Some(90.0)][pick(seed, 46, 3)] };
    // A goal that this customer does not allow, or a promise without its number, is left to the rules.
    let made = place.brief(who, extra, (locale, goal), seed).or_else(|_| place.brief(who, extra, (locale, None), seed));
    let brief = made.or_else(|_| place.brief(Who { charge: Some(49_900), ..who }, extra, (locale, None), seed)).unwrap();
    place.case_of(brief)
}

/// What a wider table says of a customer.
#[derive(Clone, Copy)]
struct Extra {
    segment: Option<&'static str>,
    days: Option<f64>,
}

impl Place {
    fn case_of(&self, brief: Brief) -> Case {
        let offers = self.house.catalogue.offers.iter().map(|offer| offer.name.clone()).collect();
        Case { brief, offers, currency: self.house.schema.currency }
    }

    fn brief(&self, who: Who<'_>, extra: Extra, told: (Locale, Option<Goal>), seed: u64) -> Result<Brief, NoBrief> {
        let sources = Sources {
            schema: &self.house.schema,
            catalogue: &self.house.catalogue,
            company: &self.house.company,
            goal: told.1,
            day: DAY,
            segments: None,
        };
        brief(&sources, &self.customer(who, extra), &plan(who), told.0, seed)
    }

    fn customer(&self, who: Who<'_>, extra: Extra) -> Customer {
        let mut customer = customer(who);
        if self.house.schema.columns.len() > customer.cells.len() {
            customer.cells.push(extra.segment.map_or(Cell::Missing, |name| Cell::Text(Arc::from(name))));
            customer.cells.push(extra.days.map_or(Cell::Missing, Cell::Number));
        }
        customer
    }
}

/// A house with another company, currency and offers, whose table also has a segment and the days without a visit.
fn place(currency: &str, company: Company, offers: Vec<Offer>) -> Place {
    let currency = Currency::parse(currency).unwrap();
    let mut house = House::new();
    let mut segment = house.schema.columns[0].clone();
    (segment.name, segment.role) = ("Segment".into(), Role::Segment);
    let mut days = segment.clone();
    (days.name, days.role, days.tell) = ("DaysSinceVisit".into(), Role::DaysInactive, true);
    house.schema.columns.extend([segment, days]);
    house.schema.currency = currency;
    house.catalogue.currency = currency;
    house.company = company;
    let ids = offers.iter().map(|offer| Some(offer.id.0.clone())).chain([None]).collect();
    house.catalogue.offers = offers;
    Place { house, offers: ids }
}

fn offer(like: &Offer, id: &str, kind: OfferKind, words: [Localized; 2], terms: (Option<u8>, Option<u16>, Option<Date>)) -> Offer {
    let [name, promise] = words;
    let mut offer = like.clone();
    (offer.id, offer.kind, offer.name, offer.promise) = (OfferId(id.into()), kind, name, promise);
    (offer.terms, offer.valid_until) = (Terms { percent: terms.0, months: terms.1 }, terms.2);
    offer
}

fn seahorse() -> Place {
    let company = Company {
        approved: Vec::new(),
        name: Localized::new("海馬寬頻股份有限公司", "海马宽带有限公司", "Seahorse Broadband Ltd"),
        short_name: Localized::new("海馬寬頻", "海马宽带", "Seahorse"),
        address: Localized::new("臺中市西屯區海馬一路 88 號 5 樓", "厦门市思明区海马一路 88 号 5 楼", "88 Reef Road, Port Ellis"),
        phone: "04-2255-0188".into(),
        team: Localized::new("客戶關係部", "客户关系部", "The Seahorse team"),
        unsubscribe_url: "https://seahorse.example/u/".into(),
    };
    let like = House::new().catalogue.offers[0].clone();
    let offers = vec![
        offer(
            &like,
            "half-year-20",
            OfferKind::Discount,
            [
                Localized::new("半年輕鬆付", "半年轻松付", "Half-year saver"),
                Localized::new(
                    "續約後 {months} 個月內，月費減 {percent}%，每月少付 {saving}。",
                    "续约后 {months} 个月内，月费减 {percent}%，每月少付 {saving}。",
                    "When you renew, your monthly charge is {percent}% lower for {months} months: {saving} less each month.",
                ),
            ],
            (Some(20), Some(6), Some(date(2027, 3, 31))),
        ),
        offer(
            &like,
            "wifi-up",
            OfferKind::Upgrade,
            [
                Localized::new("Wi-Fi 升級", "Wi-Fi 升级", "Wi-Fi upgrade"),
                Localized::new(
                    "{months} 個月內，家中 Wi-Fi 升一級，月費不變。",
                    "{months} 个月内，家里 Wi-Fi 升一档，月费不变。",
                    "For {months} months, your Wi-Fi moves up one step; the price stays the same.",
                ),
            ],
            (None, Some(18), Some(date(2026, 12, 24))),
        ),
        offer(
            &like,
            "light-plan",
            OfferKind::PlanChange,
            [
                Localized::new("光纖 300 方案", "光纤 300 套餐", "Fibre 300 plan"),
                Localized::new(
                    "簽約 {months} 個月，月費減 {percent}%。",
                    "签约 {months} 个月，月费减 {percent}%。",
                    "With a contract of {months} months, your monthly charge is {percent}% lower.",
                ),
            ],
            (Some(12), Some(24), None),
        ),
        offer(
            &like,
            "esim-try",
            OfferKind::FreeTrial,
            [
                Localized::new("eSIM Go 體驗", "eSIM Go 体验", "eSIM Go trial"),
                Localized::new(
                    "eSIM Go 免費使用 {months} 個月，到期自動結束。",
                    "eSIM Go 免费使用 {months} 个月，到期自动结束。",
                    "eSIM Go is yours at no charge for {months} month, and it ends by itself.",
                ),
            ],
            (None, Some(1), Some(date(2027, 1, 15))),
        ),
    ];
    place("TWD", company, offers)
}

fn greenleaf() -> Place {
    let company = Company {
        approved: Vec::new(),
        name: Localized::new("青禾雲端", "青禾云服务有限公司", "Greenleaf Cloud"),
        short_name: Localized::new("青禾雲端", "青禾云", "Greenleaf"),
        address: Localized::new("新北市板橋區青禾街 3 號", "杭州市西湖区青禾路 3 号", "3 Orchard Lane, Riverton"),
        phone: "400-600-3377".into(),
        team: Localized::new("會員服務組", "会员服务组", "Your Greenleaf team"),
        unsubscribe_url: String::new(),
    };
    let like = House::new().catalogue.offers[0].clone();
    let offers = vec![
        offer(
            &like,
            "spring-30",
            OfferKind::Discount,
            [
                Localized::new("暖春優惠", "暖春优惠", "Spring saver"),
                Localized::new(
                    "連續 {months} 個月，月費少 {percent}%。",
                    "连续 {months} 个月，月费少 {percent}%。",
                    "Your monthly charge is {percent}% lower for {months} months.",
                ),
            ],
            (Some(30), Some(3), Some(date(2027, 2, 28))),
        ),
        offer(
            &like,
            "pro-up",
            OfferKind::Upgrade,
            [
                Localized::new("Pro 版升級", "Pro 版升级", "Move to Pro"),
                Localized::new(
                    "帳戶升到 Pro 版，月費不變。",
                    "账户升到 Pro 版，月费不变。",
                    "Your account moves to Pro; the price stays the same.",
                ),
            ],
            (None, None, Some(date(2027, 5, 5))),
        ),
        offer(
            &like,
            "backup-try",
            OfferKind::FreeTrial,
            [
                Localized::new("Backup 備份體驗", "Backup 备份体验", "Backup trial"),
                Localized::new(
                    "Backup 備份免費使用 {months} 個月，到期不會自動收費。",
                    "Backup 备份免费使用 {months} 个月，到期不会自动收费。",
                    "Backup is yours at no charge for {months} months, and it ends by itself.",
                ),
            ],
            (None, Some(2), None),
        ),
        offer(
            &like,
            "named-contact",
            OfferKind::Service,
            [
                Localized::new("專屬顧問", "专属顾问", "Personal adviser"),
                Localized::new(
                    "{months} 個月內，由同一位顧問為您服務，不收費用。",
                    "{months} 个月内，由同一位顾问为您服务，不收费用。",
                    "For {months} months, the same adviser looks after you, at no charge.",
                ),
            ],
            (None, Some(6), Some(date(2027, 4, 30))),
        ),
    ];
    place("CNY", company, offers)
}

/// Returns the case of a customer who pays 500 a month, for drafts written by hand; `None` where the goal is not theirs.
pub fn one(place: &Place, offer: Option<&str>, locale: Locale, goal: Option<Goal>) -> Option<Case> {
    let who = Who { offer, charge: Some(50_000), ..JULIA };
    let brief = place.brief(who, Extra { segment: None, days: None }, (locale, goal), 7).ok()?;
    Some(place.case_of(brief))
}
