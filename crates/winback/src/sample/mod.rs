//! Makes fictional portfolios shaped like the public Telco file, row by row, in
//! constant memory. The same seed gives the same bytes on every platform: all
//! arithmetic is integer or plain IEEE sums and products.
mod customer;
pub mod events;
mod names;
mod profiles;
pub mod random;

pub use profiles::write_profiles;

use customer::Customer;
use random::Random;
use std::io::{self, Write};

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Order {
    /// How many customers.
    pub rows: u64,
    /// Decides every draw.
    pub seed: u64,
    /// Whether each row also has contact details; `None` gives the 21 columns of the public file.
    pub contacts: Option<Contacts>,
}

/// How contact details are made.
#[derive(Clone, Copy, Debug)]
pub struct Contacts {
    /// The day on which the portfolio is as it is; contracts end after it.
    pub as_of: jiff::civil::Date,
}

/// Why no sample was written.
#[derive(Debug, thiserror::Error)]
pub enum SampleError {
    /// More rows than there are ids.
    #[error("{asked} rows are more than the {MAX_ROWS} ids that can be made; ask for fewer")]
    TooMany {
        /// The rows asked for.
        asked: u64,
    },
    /// The output took no more.
    #[error("the sample could not be written")]
    Write(#[from] io::Error),
}

/// How many different ids there are.
pub const MAX_ROWS: u64 = (ID_SPACE - ID_CLASS) / ID_MODULUS;

/// All ids `0000-AAAAA` to `9999-ZZZZZ`, read as numbers.
const ID_SPACE: u64 = 10_000 * LETTERS;
const LETTERS: u64 = 26_u64.pow(5);

/// No id of the public file, read as a number, leaves this rest; so no sample id is ever one of them.
const ID_MODULUS: u64 = 715;
const ID_CLASS: u64 = 405;

/// The header of the public file.
pub const HEADER: &str = "customerID,gender,SeniorCitizen,Partner,Dependents,tenure,PhoneService,MultipleLines,InternetService,OnlineSecurity,\
OnlineBackup,DeviceProtection,TechSupport,StreamingTV,StreamingMovies,Contract,PaperlessBilling,PaymentMethod,MonthlyCharges,TotalCharges,Churn";

/// The columns that contact details add.
const CONTACT_HEADER: &str = ",FirstName,Email,Phone,Language,ContractEnd";

/// Writes a portfolio as CSV: UTF-8, commas, line feeds.
pub fn write_sample(order: &Order, out: &mut impl Write) -> Result<(), SampleError> {
    let ids = Ids::new(order)?;
    let contact_header = if order.contacts.is_some() { CONTACT_HEADER } else { "" };
    writeln!(out, "{HEADER}{contact_header}")?;
    for index in 0..order.rows {
        let mut random = customer_random(order.seed, index);
        let customer = Customer::draw(&mut random);
        let id = ids.id(index);
        customer.write(&id, out)?;
        if let Some(contacts) = order.contacts {
            names::write_contacts(&mut random, &id, customer.contract_end(contacts.as_of), out)?;
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Returns the draws of one customer, which do not depend on the others.
fn customer_random(seed: u64, index: u64) -> Random {
    Random::new(seed ^ index.wrapping_mul(0xD134_2543_DE82_EF95))
}

/// Gives each row its id: a walk through all ids that meets none twice.
struct Ids {
    step: u64,
    start: u64,
}

impl Ids {
    fn new(order: &Order) -> Result<Self, SampleError> {
        if order.rows > MAX_ROWS {
            return Err(SampleError::TooMany { asked: order.rows });
        }
        let mut random = Random::new(order.seed);
        let mut step = MAX_ROWS / 3 + random.below(MAX_ROWS / 3);
        while greatest_common_divisor(step, MAX_ROWS) != 1 {
            step += 1;
        }
        Ok(Self { step, start: random.below(MAX_ROWS) })
    }

    fn id(&self, index: u64) -> String {
        // Both factors are below 2^28, so the product fits.
        let number = ID_CLASS + ID_MODULUS * ((self.start + index * self.step) % MAX_ROWS);
        let mut letters = number % LETTERS;
        let mut tail = [b'A'; 5];
        for letter in tail.iter_mut().rev() {
            *letter += (letters % 26) as u8;
            letters /= 26;
        }
        let tail: String = tail.iter().map(|&letter| char::from(letter)).collect();
        format!("{:04}-{tail}", number / LETTERS)
    }
}

/// Returns whether an id may be one of a generated table. No id of the public file is; of others, one in 715.
pub fn is_sample_id(id: &str) -> bool {
    let Some((digits, letters)) = id.split_once('-').filter(|(digits, letters)| digits.len() == 4 && letters.len() == 5) else {
        return false;
    };
    let tail =
        letters.bytes().try_fold(0_u64, |so_far, letter| letter.is_ascii_uppercase().then(|| so_far * 26 + u64::from(letter - b'A')));
    let head = digits.bytes().all(|digit| digit.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    head.zip(tail).is_some_and(|(head, tail)| (head * LETTERS + tail) % ID_MODULUS == ID_CLASS)
}

fn greatest_common_divisor(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { greatest_common_divisor(b, a % b) }
}

#[cfg(test)]
mod tests;
