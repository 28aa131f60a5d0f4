//! Recency, frequency and monetary value of orders, scored in fifths (Hughes 1994): when a customer last bought, how often,
//! for how much. 5 is best in each.
//!
//! Customers of equal value have equal scores: a score is the fifth in which the middle of their tie lies, so that a fifth
//! can be larger or smaller than 20 %. Orders of one day are one purchase. A day whose orders come to 0 or less (a gift, a
//! refund) adds to the money and is no purchase.
use crate::id::CustomerId;
use crate::locale::Locale;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One line of an order file.
#[derive(Clone, Debug, PartialEq)]
pub struct Order {
    /// Who bought.
    pub customer: CustomerId,
    /// When.
    pub date: Date,
    /// For how much, in hundredths.
    pub amount_cents: i64,
}

/// What a customer bought, and the three scores from 1 to 5.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RfmScore {
    /// The customer.
    pub customer: CustomerId,
    /// Days from the last purchase to the day that counts.
    pub days: i32,
    /// On how many days the customer bought.
    pub purchases: u32,
    /// For how much in all, in hundredths, refunds taken off.
    pub spent_cents: i64,
    /// How recent the last purchase is.
    pub recency: u8,
    /// How often.
    pub frequency: u8,
    /// How much.
    pub monetary: u8,
    /// The kind of customer that the scores make.
    pub kind: RfmKind,
}

/// Kinds of customers by recency and frequency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RfmKind {
    /// Lately and often.
    Champion,
    /// Often, and not long ago.
    Loyal,
    /// Lately, and for the first time.
    New,
    /// Lately, not yet often.
    Promising,
    /// Once often, not lately.
    AtRisk,
    /// A while ago, some times.
    Fading,
    /// Long ago and seldom.
    Lost,
}

/// All customers with their scores, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RfmTable {
    /// The customers who bought something.
    pub scores: Vec<RfmScore>,
    /// Customers all of whose days came to 0 or less; they have no score.
    pub without_purchase: u64,
    /// Orders after the day that counts; they do not count.
    pub later_orders: u64,
    /// Customers with a single purchase, who share one frequency score.
    pub bought_once: u64,
}

impl RfmKind {
    /// Every kind, the best first.
    pub const ALL: [RfmKind; 7] =
        [RfmKind::Champion, RfmKind::Loyal, RfmKind::New, RfmKind::Promising, RfmKind::AtRisk, RfmKind::Fading, RfmKind::Lost];

    /// Returns the kind of two scores; `once` tells that there was a single purchase.
    pub fn of(recency: u8, frequency: u8, once: bool) -> Self {
        match (recency, frequency) {
            (4.., _) if once => RfmKind::New,
            (4.., 4..) => RfmKind::Champion,
            (3.., 4..) => RfmKind::Loyal,
            (4.., _) => RfmKind::Promising,
            (3, _) => RfmKind::Fading,
            (_, 4..) => RfmKind::AtRisk,
            (2, 3) => RfmKind::Fading,
            _ => RfmKind::Lost,
        }
    }

    /// Returns the name for people.
    pub fn name(self, locale: Locale) -> &'static str {
        let [taiwan, mainland, english] = match self {
            RfmKind::Champion => ["最佳客戶", "核心客户", "Best customers"],
            RfmKind::Loyal => ["忠實客戶", "忠实客户", "Loyal"],
            RfmKind::New => ["新客戶", "新客户", "New"],
            RfmKind::Promising => ["有潛力的客戶", "潜力客户", "Promising"],
            RfmKind::AtRisk => ["常客，但很久沒來", "常客，但很久没来", "Once frequent, not lately"],
            RfmKind::Fading => ["漸漸疏遠的客戶", "逐渐疏远的客户", "Fading"],
            RfmKind::Lost => ["久未購買的客戶", "长期未购买的客户", "Long gone"],
        };
        match locale {
            Locale::ZhTw => taiwan,
            Locale::ZhCn => mainland,
            Locale::En => english,
        }
    }
}

/// Scores the customers of some orders on a day.
pub fn rfm(orders: &[Order], day: Date) -> RfmTable {
    let mut days: BTreeMap<&CustomerId, BTreeMap<Date, i64>> = BTreeMap::new();
    let mut table = RfmTable::default();
    for order in orders {
        if order.date > day {
            table.later_orders += 1;
            continue;
        }
        let sum = days.entry(&order.customer).or_default().entry(order.date).or_default();
        *sum = sum.saturating_add(order.amount_cents);
    }
    for (customer, days) in days {
        let bought: Vec<Date> = days.iter().filter(|(_, cents)| **cents > 0).map(|(date, _)| *date).collect();
        let Some(last) = bought.last() else {
            table.without_purchase += 1;
            continue;
        };
        table.bought_once += u64::from(bought.len() == 1);
        table.scores.push(RfmScore {
            customer: customer.clone(),
            days: last.until(day).map_or(0, |span| span.get_days()),
            purchases: u32::try_from(bought.len()).unwrap_or(u32::MAX),
            spent_cents: days.values().fold(0, |sum: i64, cents| sum.saturating_add(*cents)),
            recency: 0,
            frequency: 0,
            monetary: 0,
            kind: RfmKind::Lost,
        });
    }
    score(&mut table.scores);
    table
}

fn score(scores: &mut [RfmScore]) {
    let recency = fifths(scores.iter().map(|one| -i64::from(one.days)));
    let frequency = fifths(scores.iter().map(|one| i64::from(one.purchases)));
    let monetary = fifths(scores.iter().map(|one| one.spent_cents));
    for (at, one) in scores.iter_mut().enumerate() {
        (one.recency, one.frequency, one.monetary) = (recency[at], frequency[at], monetary[at]);
        one.kind = RfmKind::of(one.recency, one.frequency, one.purchases == 1);
    }
}

/// Returns the fifth of each value, 5 for the greatest; equal values share the fifth of their middle.
fn fifths(values: impl Iterator<Item = i64>) -> Vec<u8> {
    let values: Vec<i64> = values.collect();
    let mut sorted = values.clone();
    sorted.sort_unstable();
    let fifth = |value: i64| {
        let (below, to) = (sorted.partition_point(|other| *other < value), sorted.partition_point(|other| *other <= value));
        // The middle of the tie, in halves of a place, against five equal parts.
        let middle = below + to;
        (1 + 5 * middle.saturating_sub(1) / (2 * sorted.len()).max(1)).min(5) as u8
    };
    values.into_iter().map(fifth).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const DAY: Date = date(2026, 11, 21);

    fn order(customer: &str, date: Date, amount_cents: i64) -> Order {
        Order { customer: CustomerId::parse(customer).unwrap(), date, amount_cents }
    }

    #[test]
    fn five_customers_have_the_five_scores() {
        let orders: Vec<Order> = (1..=5_i8)
            .flat_map(|who| (0..who).map(move |turn| order(&format!("C{who}"), date(2026, 10, 2 * who + turn), i64::from(who) * 100)))
            .collect();
        let table = rfm(&orders, DAY);
        let told: Vec<_> = table.scores.iter().map(|one| (one.recency, one.frequency, one.monetary)).collect();
        assert_eq!(told, [(1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 4, 4), (5, 5, 5)]);
        assert_eq!((table.scores[4].purchases, table.scores[4].spent_cents, table.scores[4].days), (5, 2_500, 38));
        assert_eq!(table.scores.iter().map(|one| one.kind).collect::<Vec<_>>()[3..], [RfmKind::Champion; 2]);
    }

    #[test]
    fn ties_share_a_score_and_odd_days_are_told() {
        let mut orders: Vec<Order> = (0..10).map(|who| order(&format!("C{who}"), date(2026, 11, 1), 500)).collect();
        assert!(rfm(&orders, DAY).scores.iter().all(|one| (one.recency, one.frequency, one.monetary) == (3, 3, 3)));
        orders.push(order("C1", date(2026, 11, 1), 700)); // the same day
        orders.push(order("C2", date(2026, 11, 9), -500)); // a refund
        orders.push(order("Gift", date(2026, 11, 2), 0));
        orders.push(order("C3", date(2026, 11, 22), 500)); // still to come
        let table = rfm(&orders, DAY);
        assert_eq!((table.scores.len(), table.without_purchase, table.later_orders, table.bought_once), (10, 1, 1, 10));
        assert_eq!((table.scores[1].purchases, table.scores[1].spent_cents), (1, 1_200));
        assert_eq!((table.scores[2].purchases, table.scores[2].spent_cents, table.scores[2].days), (1, 0, 20));
        assert_eq!(rfm(&[], DAY), RfmTable::default());
    }

    proptest! {
        #[test]
        fn more_is_never_scored_less(values in prop::collection::vec(-50_i64..50, 1..60)) {
            let scores = fifths(values.iter().copied());
            for (a, one) in values.iter().zip(&scores) {
                prop_assert!((1..=5).contains(one));
                for (b, other) in values.iter().zip(&scores) {
                    prop_assert!(a > b || one <= other, "{} {} {} {}", a, b, one, other);
                    prop_assert!(a != b || one == other);
                }
            }
        }
    }
}
