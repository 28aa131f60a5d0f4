//! Who may use the dashboard.
use crate::config::fault::ConfigError;
use crate::config::reader::Entry;
use winback_core::digest::Digest;

/// A person who may use the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name, for the history.
    pub name: String,
    /// What the person may do.
    pub role: PersonRole,
    /// The SHA-256 of the person's token.
    pub token_sha256: Digest,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonRole {
    /// Reads everything and tries other thresholds.
    Analyst,
    /// Plans campaigns and edits offers.
    Marketer,
    /// Approves what goes out.
    Approver,
    /// Calls customers and notes the outcome.
    Agent,
    /// Does all of that and manages people.
    Admin,
}

const ROLES: [(&str, PersonRole); 5] = [
    ("analyst", PersonRole::Analyst),
    ("marketer", PersonRole::Marketer),
    ("approver", PersonRole::Approver),
    ("agent", PersonRole::Agent),
    ("admin", PersonRole::Admin),
];

/// Returns the people of the sections `[[people]]`; two of them cannot share a name or a token.
pub fn read_people(entry: &Entry<'_>) -> Result<Vec<Person>, ConfigError> {
    let mut people: Vec<Person> = Vec::new();
    for item in entry.list("sections [[people]]")? {
        let person = read_person(&item)?;
        if people.iter().any(|known| known.name == person.name) {
            return Err(item.other(format!("{:?} is listed twice in [[people]]", person.name)));
        }
        if people.iter().any(|known| known.token_sha256 == person.token_sha256) {
            return Err(item.other(format!("{:?} has the token of another person; give each their own", person.name)));
        }
        people.push(person);
    }
    Ok(people)
}

fn read_person(item: &Entry<'_>) -> Result<Person, ConfigError> {
    let section = item.section("[[people]]", &["name", "role", "token_sha256"])?;
    let role = section.need("role", "one of analyst, marketer, approver, agent, admin")?;
    let word = role.word(&ROLES.map(|(tag, _)| tag))?;
    let token = section.need("token_sha256", "the SHA-256 of the person's token")?;
    let digits = token.text("64 hexadecimal digits")?.to_ascii_lowercase();
    if digits.len() != 64 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        // A person may have written the token itself here: the error must not repeat it.
        return Err(
            token.other("\"token_sha256\" must be the SHA-256 of the token, 64 hexadecimal digits; never write the token itself".into())
        );
    }
    Ok(Person {
        name: section.need("name", "the person's name")?.filled_text("the person's name")?.to_owned(),
        role: ROLES.into_iter().find(|(tag, _)| *tag == word).map(|(_, role)| role).ok_or_else(|| role.expected("a role"))?,
        token_sha256: Digest(digits),
    })
}
