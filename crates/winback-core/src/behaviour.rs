//! Behaviour before a date: logins, complaints and the change in use, computed
//! from dated events, or invented for a demonstration without ever seeing the label.
use crate::id::CustomerId;
use jiff::civil::Date;
use sha2::{Digest as _, Sha256};

/// What a customer did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// Signed in once.
    Login,
    /// Complained once.
    Complaint,
    /// Used the product; the event's amount says how much.
    Usage,
}

impl EventKind {
    /// Returns the kind of a word as event files write it: `login`, `complaint` or `usage`.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().to_ascii_lowercase().as_str() {
            "login" => Some(Self::Login),
            "complaint" => Some(Self::Complaint),
            "usage" => Some(Self::Usage),
            _ => None,
        }
    }
}

/// One dated event of a customer.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Event {
    /// The day.
    pub date: Date,
    /// What happened.
    pub kind: EventKind,
    /// How much was used, in the company's own unit; not looked at for other kinds.
    pub amount: f64,
}

/// What a customer did lately.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Behaviour {
    /// Logins in the last 30 days, the date itself included.
    pub recent_login_count: u32,
    /// Complaints in the last 90 days.
    pub complain_count: u32,
    /// 1 − use in the last 30 days ÷ use in the 30 days before; negative when use grew,
    /// `None` when there was no use to compare with.
    pub usage_drop_rate: Option<f64>,
}

/// Adds up one customer's events as of a date. Events after the date do not count:
/// a model must not see what came later.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BehaviourSums {
    as_of: Date,
    logins: u32,
    complaints: u32,
    usage: f64,
    usage_before: f64,
}

impl BehaviourSums {
    /// Begins without events.
    pub fn new(as_of: Date) -> Self {
        Self { as_of, logins: 0, complaints: 0, usage: 0.0, usage_before: 0.0 }
    }

    /// Adds one event; returns false when it lies outside the window of its kind and does not count.
    pub fn add(&mut self, event: &Event) -> bool {
        let age_days = days_between(event.date, self.as_of);
        match (event.kind, age_days) {
            (EventKind::Login, 0..30) => self.logins = self.logins.saturating_add(1),
            (EventKind::Complaint, 0..90) => self.complaints = self.complaints.saturating_add(1),
            (EventKind::Usage, 0..30) => self.usage += event.amount,
            (EventKind::Usage, 30..60) => self.usage_before += event.amount,
            _ => return false,
        }
        true
    }

    /// Returns the three figures.
    pub fn behaviour(&self) -> Behaviour {
        let usage_drop_rate = (self.usage_before > 0.0).then(|| 1.0 - self.usage / self.usage_before);
        Behaviour { recent_login_count: self.logins, complain_count: self.complaints, usage_drop_rate }
    }
}

/// Returns how many days `later` is after `earlier`; negative when it is before.
fn days_between(earlier: Date, later: Date) -> i32 {
    earlier.until(later).map_or(i32::MIN, |span| span.get_days())
}

/// Returns invented behaviour for demonstrations, drawn from the seed and the id alone.
///
/// It never sees the label, so it holds no information about who left: a model that
/// improves with it is overfitting. Columns made of it are marked synthetic.
pub fn synthetic(seed: u64, id: &CustomerId) -> Behaviour {
    let draws = uniform_draws(seed, id);
    let logins = geometric(draws[0], 12.0).min(60);
    let complaints = geometric(draws[1], 0.3).min(9);
    let drop = ((draws[2] + draws[3]) - 1.0) * 0.6;
    Behaviour { recent_login_count: logins, complain_count: complaints, usage_drop_rate: Some((drop * 1000.0).round() / 1000.0) }
}

/// Returns four numbers in [0, 1) from the hash of a seed and an id.
fn uniform_draws(seed: u64, id: &CustomerId) -> [f64; 4] {
    let mut hasher = Sha256::new();
    hasher.update(b"winback synthetic behaviour 1\0");
    hasher.update(seed.to_le_bytes());
    hasher.update(id.as_str().as_bytes());
    let hash = hasher.finalize();
    let mut draws = [0.0; 4];
    for (draw, bytes) in draws.iter_mut().zip(hash.chunks_exact(8)) {
        let word = bytes.iter().fold(0_u64, |word, &byte| (word << 8) | u64::from(byte));
        // 53 bits are what an f64 holds exactly.
        *draw = (word >> 11) as f64 / (1_u64 << 53) as f64;
    }
    draws
}

/// Returns the count at a quantile of the geometric distribution with a mean.
fn geometric(quantile: f64, mean: f64) -> u32 {
    let stay = mean / (1.0 + mean);
    ((1.0 - quantile).ln() / stay.ln()).floor() as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn behaviour(events: &[(Date, EventKind, f64)]) -> Behaviour {
        let mut sums = BehaviourSums::new(date(2024, 3, 31));
        for &(date, kind, amount) in events {
            sums.add(&Event { date, kind, amount });
        }
        sums.behaviour()
    }

    #[test]
    fn events_count_inside_their_windows_only() {
        let check = |day: Date, kind: EventKind, expected: (u32, u32, Option<f64>)| {
            let base = (date(2024, 2, 15), EventKind::Usage, 10.0);
            let found = behaviour(&[base, (day, kind, 4.0)]);
            assert_eq!((found.recent_login_count, found.complain_count, found.usage_drop_rate), expected, "{day} {kind:?}");
        };
        check(date(2024, 3, 31), EventKind::Login, (1, 0, Some(1.0)));
        check(date(2024, 3, 2), EventKind::Login, (1, 0, Some(1.0)));
        check(date(2024, 3, 1), EventKind::Login, (0, 0, Some(1.0)));
        check(date(2024, 4, 1), EventKind::Login, (0, 0, Some(1.0)));
        check(date(2024, 1, 2), EventKind::Complaint, (0, 1, Some(1.0)));
        check(date(2024, 1, 1), EventKind::Complaint, (0, 0, Some(1.0)));
        check(date(2024, 3, 2), EventKind::Usage, (0, 0, Some(0.6)));
        check(date(2024, 3, 1), EventKind::Usage, (0, 0, Some(1.0)));
        check(date(2024, 1, 31), EventKind::Usage, (0, 0, Some(1.0)));
        check(date(2024, 4, 1), EventKind::Usage, (0, 0, Some(1.0)));
    }

    #[test]
    fn use_that_grew_is_a_negative_drop_and_no_baseline_is_no_rate() {
        let grew = behaviour(&[(date(2024, 2, 20), EventKind::Usage, 10.0), (date(2024, 3, 20), EventKind::Usage, 15.0)]);
        assert_eq!(grew.usage_drop_rate, Some(-0.5));
        assert_eq!(behaviour(&[(date(2024, 3, 20), EventKind::Usage, 15.0)]).usage_drop_rate, None);
    }

    #[test]
    fn invented_behaviour_depends_on_seed_and_id_alone() {
        let id = |text: &str| CustomerId::parse(text).unwrap();
        assert_eq!(synthetic(7, &id("A")), synthetic(7, &id("A")));
        assert_ne!(synthetic(7, &id("A")), synthetic(8, &id("A")));
        let many: Vec<Behaviour> = (0..2_000).map(|i| synthetic(7, &id(&i.to_string()))).collect();
        let mean = many.iter().map(|b| f64::from(b.recent_login_count)).sum::<f64>() / 2_000.0;
        assert!((10.0..13.0).contains(&mean), "{mean}");
        assert!(many.iter().all(|b| b.usage_drop_rate.is_some_and(|rate| rate.abs() <= 0.6)));
    }
}
