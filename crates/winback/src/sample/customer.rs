//! One fictional customer: who they are, what they bought, what they pay, and whether they left.
use super::random::{Random, logistic};
use std::io::{self, Write};

/// One row of the portfolio.
pub struct Customer {
    female: bool,
    senior: bool,
    partner: bool,
    dependents: bool,
    pub tenure: u64,
    phone: bool,
    multiple_lines: bool,
    internet: Internet,
    add_ons: [bool; 6],
    contract: usize,
    paperless: bool,
    payment: usize,
    pub monthly_cents: u64,
    total_cents: u64,
    /// The hidden probability of leaving.
    pub hidden: f64,
    left: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Internet {
    Dsl,
    Fiber,
    None,
}

const CONTRACTS: [&str; 3] = ["Month-to-month", "One year", "Two year"];
const CONTRACT_MONTHS: [u64; 3] = [1, 12, 24];
const PAYMENTS: [&str; 4] = ["Electronic check", "Mailed check", "Bank transfer (automatic)", "Credit card (automatic)"];
const LONGEST_TENURE: u64 = 72;
/// What security, backup, protection, support, television and films cost a month, in cents.
const ADD_ON_CENTS: [u64; 6] = [500, 500, 500, 500, 1000, 1000];

impl Customer {
    /// Draws a customer. Each choice depends on those before it, as in life: long-standing
    /// customers hold longer contracts, and the price follows from the services.
    pub fn draw(random: &mut Random) -> Self {
        let (female, senior) = (random.chance(0.495), random.chance(0.162));
        let partner = random.chance(if senior { 0.50 } else { 0.48 });
        let dependents = random.chance(if partner { 0.52 } else { 0.09 } * if senior { 0.3 } else { 1.0 });
        let tenure = draw_tenure(random, partner);
        let contract = draw_contract(random, tenure);
        let internet = [Internet::Dsl, Internet::Fiber, Internet::None][random.weighted(&internet_weights(contract, senior))];
        let phone = internet != Internet::Dsl || random.chance(0.72);
        let multiple_lines = phone && random.chance(0.15 + 0.006 * tenure as f64 + if internet == Internet::Fiber { 0.15 } else { 0.0 });
        let add_ons = draw_add_ons(random, internet, tenure, contract);
        let paperless = random.chance(match internet {
            Internet::Fiber => 0.77,
            Internet::Dsl => 0.55,
            Internet::None => 0.29,
        });
        let payment = random.weighted(&payment_weights(internet, tenure));
        let monthly_cents = draw_price(random, internet, (phone, multiple_lines), add_ons);
        let total_cents = draw_total(random, tenure, monthly_cents);
        let mut customer = Self {
            female,
            senior,
            partner,
            dependents,
            tenure,
            phone,
            multiple_lines,
            internet,
            add_ons,
            contract,
            paperless,
            payment,
            monthly_cents,
            total_cents,
            hidden: 0.0,
            left: false,
        };
        customer.hidden = customer.churn_probability();
        customer.left = random.chance(customer.hidden);
        customer
    }

    /// The hidden truth the model has to find; nobody leaves before the first bill.
    fn churn_probability(&self) -> f64 {
        if self.tenure == 0 {
            return 0.0;
        }
        let has = |yes: bool, weight: f64| if yes { weight } else { 0.0 };
        let [security, backup, protection, support, television, films] = self.add_ons;
        let years = self.tenure as f64 / 12.0;
        let log_odds = -0.62 - 0.62 * years + 0.048 * years * years
            + [0.55, -0.55, -1.75][self.contract]
            + match self.internet {
                Internet::Fiber => 0.95,
                Internet::Dsl => 0.0,
                Internet::None => -1.05,
            }
            + [0.48, -0.05, -0.08, -0.12][self.payment]
            + has(self.paperless, 0.35)
            + has(self.senior, 0.28)
            + has(self.dependents, -0.2)
            + has(self.multiple_lines, 0.2)
            + has(security, -0.48)
            + has(backup, -0.15)
            + has(protection, -0.1)
            + has(support, -0.46)
            + has(television, 0.22)
            + has(films, 0.22)
            // Newcomers who already pay a lot leave soonest: a bend a straight model cannot follow.
            + has(self.tenure <= 6 && self.monthly_cents >= 8_000, 0.35);
        // Tempered, so that chance keeps its part: about 26 % leave, and the best ranking has an area near 0.86.
        logistic(0.84 * log_odds - 0.40)
    }

    /// Writes the 21 cells of the public file.
    pub fn write(&self, id: &str, out: &mut impl Write) -> io::Result<()> {
        let word = |yes: bool| if yes { "Yes" } else { "No" };
        let gender = if self.female { "Female" } else { "Male" };
        write!(
            out,
            "{id},{gender},{},{},{},{},{}",
            u8::from(self.senior),
            word(self.partner),
            word(self.dependents),
            self.tenure,
            word(self.phone)
        )?;
        let lines = if self.phone { word(self.multiple_lines) } else { "No phone service" };
        write!(out, ",{lines},{}", self.internet.word())?;
        for add_on in self.add_ons {
            write!(out, ",{}", if self.internet == Internet::None { "No internet service" } else { word(add_on) })?;
        }
        write!(out, ",{},{},{},", CONTRACTS[self.contract], word(self.paperless), PAYMENTS[self.payment])?;
        write_amount(self.monthly_cents, out)?;
        out.write_all(b",")?;
        match self.tenure {
            0 => out.write_all(b" ")?,
            _ => write_amount(self.total_cents, out)?,
        }
        write!(out, ",{}", word(self.left))
    }

    /// Returns how many days of the last ninety the customer used the network, were they like others of their kind.
    pub fn usage_days(&self) -> u64 {
        match self.internet {
            Internet::Fiber => 70,
            Internet::Dsl => 60,
            Internet::None => 25,
        }
    }

    /// Returns the day the running contract ends, after `as_of`.
    pub fn contract_end(&self, as_of: jiff::civil::Date) -> jiff::civil::Date {
        let term = CONTRACT_MONTHS[self.contract];
        let months = term - self.tenure % term;
        let span = jiff::Span::new().months(i64::try_from(months).unwrap_or(1));
        as_of.saturating_add(span)
    }
}

impl Internet {
    fn word(self) -> &'static str {
        match self {
            Internet::Dsl => "DSL",
            Internet::Fiber => "Fiber optic",
            Internet::None => "No",
        }
    }
}

/// Many newcomers, many who stayed as long as the company keeps books, few between.
fn draw_tenure(random: &mut Random, partner: bool) -> u64 {
    let loyal = if partner { 0.34 } else { 0.14 };
    match random.weighted(&[0.0017, 0.36 * (1.0 - loyal), 0.64 * (1.0 - loyal), loyal]) {
        0 => 0,
        1 => 1 + random.below(12).min(random.below(12)),
        2 => 1 + random.below(LONGEST_TENURE),
        _ => LONGEST_TENURE - random.below(24).min(random.below(24)),
    }
}

fn draw_contract(random: &mut Random, tenure: u64) -> usize {
    let share = tenure as f64 / LONGEST_TENURE as f64;
    if tenure == 0 {
        // Only those bound by a contract are on the books before their first month.
        return 1 + usize::from(random.chance(0.8));
    }
    random.weighted(&[0.93 - 0.78 * share, 0.06 + 0.30 * share * (1.6 - share), 0.02 + 0.62 * share * share])
}

fn internet_weights(contract: usize, senior: bool) -> [f64; 3] {
    let [dsl, fiber, none] = [[0.32, 0.55, 0.13], [0.40, 0.36, 0.24], [0.37, 0.25, 0.38]][contract];
    if senior { [dsl * 0.7, fiber * 1.5, none * 0.25] } else { [dsl, fiber, none] }
}

fn draw_add_ons(random: &mut Random, internet: Internet, tenure: u64, contract: usize) -> [bool; 6] {
    let long = 0.0045 * tenure as f64 + 0.06 * contract as f64;
    let usual = match internet {
        Internet::None => return [false; 6],
        Internet::Dsl => [0.30, 0.22, 0.18, 0.30, 0.20, 0.20],
        Internet::Fiber => [0.10, 0.22, 0.22, 0.10, 0.38, 0.38],
    };
    let mut taken = usual.map(|share| random.chance(share + long));
    // Who takes television usually takes films too.
    if random.chance(0.45) {
        taken[5] = taken[4];
    }
    taken
}

fn payment_weights(internet: Internet, tenure: u64) -> [f64; 4] {
    let automatic = 0.10 + 0.0045 * tenure as f64;
    match internet {
        Internet::Fiber => [0.55, 0.08, automatic, automatic],
        Internet::Dsl => [0.28, 0.26, automatic, automatic],
        Internet::None => [0.08, 0.50, automatic, automatic],
    }
}

fn draw_price(random: &mut Random, internet: Internet, (phone, lines): (bool, bool), add_ons: [bool; 6]) -> u64 {
    let base = match internet {
        Internet::Fiber => 5_000,
        Internet::Dsl => 2_500,
        Internet::None => 0,
    };
    let phones = if phone { 1_980 } else { 0 } + if lines { 500 } else { 0 };
    let extras: u64 = ADD_ON_CENTS.iter().zip(add_ons).filter(|(_, taken)| *taken).map(|(cents, _)| cents).sum();
    // Old price lists differ by up to a dollar, in steps of five cents.
    base + phones + extras + 5 * random.below(41) - 100
}

/// Prices moved a little over the years, so the total is near, not at, months times price.
fn draw_total(random: &mut Random, tenure: u64, monthly_cents: u64) -> u64 {
    if tenure <= 1 {
        return tenure * monthly_cents;
    }
    let drift: u64 = (0..4).map(|_| random.below(41)).sum();
    let exact = tenure * monthly_cents * (920 + drift) / 1_000;
    exact / 5 * 5
}

/// Writes cents as the public file does: `29.85`, `56.9`, `70`.
fn write_amount(cents: u64, out: &mut impl Write) -> io::Result<()> {
    match (cents / 100, cents % 100) {
        (whole, 0) => write!(out, "{whole}"),
        (whole, rest) if rest.is_multiple_of(10) => write!(out, "{whole}.{}", rest / 10),
        (whole, rest) => write!(out, "{whole}.{rest:02}"),
    }
}
