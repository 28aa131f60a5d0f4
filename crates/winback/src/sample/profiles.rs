//! Fictional profiles, with the eleven columns that `winback prompts --input` reads. Nothing in them is about anybody.
use super::random::Random;
use super::{Ids, Order, SampleError, customer_random, names};
use std::io::{self, Write};

/// The columns of a profile.
const HEADER: &str = "ID,Gender,Marital_Status,Age,KidAge,Education,Profession,Work_Experience,FamilySize,Income,Level";
/// The columns that contact details add.
const CONTACT_HEADER: &str = ",First_Name,Language,Days_Inactive";

const PROFESSIONS: [&str; 12] =
    ["Teacher", "Nurse", "Engineer", "Sales", "Accountant", "Driver", "Cook", "Designer", "Lawyer", "Farmer", "Artist", "Homemaker"];
const EDUCATION: [&str; 5] = ["Junior high", "Senior high", "Bachelor", "Master", "Doctorate"];

/// Writes profiles as CSV: UTF-8, commas, line feeds. The same order gives the same bytes.
pub fn write_profiles(order: &Order, out: &mut impl Write) -> Result<(), SampleError> {
    let ids = Ids::new(order)?;
    writeln!(out, "{HEADER}{}", if order.contacts.is_some() { CONTACT_HEADER } else { "" })?;
    for index in 0..order.rows {
        let mut random = customer_random(order.seed, index);
        write_profile(&mut random, &ids.id(index), out)?;
        if order.contacts.is_some() {
            names::write_name_and_language(&mut random, out)?;
            let away = [random.below(30), 30 + random.below(60), 90 + random.below(200)][random.weighted(&[0.7, 0.15, 0.15])];
            write!(out, ",{away}")?;
        }
        out.write_all(b"\n")?;
    }
    Ok(out.flush()?)
}

/// Writes the eleven cells of somebody whose numbers fit each other.
fn write_profile(random: &mut Random, id: &str, out: &mut impl Write) -> io::Result<()> {
    let gender = ["Female", "Male", ""][random.weighted(&[0.5, 0.47, 0.03])];
    let age = 18 + random.below(62);
    let married = random.chance(if age < 28 { 0.2 } else { 0.6 });
    let marital = if married { "Married" } else { ["Single", "Divorced"][random.weighted(&[0.8, 0.2])] };
    let most_kids = if married && age >= 24 { 3 } else { 1 };
    let kids = if age < 20 || !random.chance(if married { 0.6 } else { 0.1 }) { 0 } else { 1 + random.below(most_kids) };
    let kid_ages: Vec<String> = (0..kids).map(|_| random.below(age - 18).min(40).to_string()).collect();
    let education = EDUCATION[random.weighted(&[0.08, 0.32, 0.44, 0.13, 0.03])];
    let profession = random.pick(&PROFESSIONS);
    let work = random.below((age - 16).min(45));
    let family = 1 + u64::from(married) + kids + u64::from(random.chance(0.2));
    let income = 12_000 * (20 + random.below(60) + 2 * work.min(20));
    let level = ["High", "Medium", "Low"][random.weighted(&[0.2, 0.5, 0.3])];
    write!(out, "{id},{gender},{marital},{age},{},{education},{profession},{work},{family},{income},{level}", kid_ages.join(";"))
}
