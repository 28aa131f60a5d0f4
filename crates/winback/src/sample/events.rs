//! What customers did lately: logins, complaints, use. Drawn without looking at
//! who left, so that no model can learn the label from them; every line says so.
use super::customer::Customer;
use super::{Ids, Order, SampleError, customer_random};
use std::io::Write;

/// Writes the events of the last `days` days before `as_of` for the customers of an order, as
/// `customer_id,date,kind,amount,source`; amounts are 1 for logins and complaints and megabytes for use.
pub fn write_events(order: &Order, as_of: jiff::civil::Date, days: u32, out: &mut impl Write) -> Result<(), SampleError> {
    let ids = Ids::new(order)?;
    writeln!(out, "customer_id,date,kind,amount,source")?;
    for index in 0..order.rows {
        let customer = Customer::draw(&mut customer_random(order.seed, index));
        // A stream of its own: reading events changes no customer.
        let mut random = customer_random(!order.seed, index);
        let id = ids.id(index);
        let fading = random.chance(0.2);
        let daily = customer.usage_days() as f64 / 90.0;
        for back in (1..=days).rev() {
            let day = as_of.saturating_sub(jiff::Span::new().days(i64::from(back)));
            let recent = if fading && back * 2 <= days { 0.4 } else { 1.0 };
            if random.chance(0.3 * recent) {
                writeln!(out, "{id},{day},login,1,synthetic")?;
            }
            if random.chance(0.004) {
                writeln!(out, "{id},{day},complaint,1,synthetic")?;
            }
            if random.chance(daily * recent) {
                writeln!(out, "{id},{day},usage,{},synthetic", 50 + random.below(4_000))?;
            }
        }
    }
    Ok(out.flush()?)
}
