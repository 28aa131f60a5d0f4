//! Who a visitor is and what that person may do.
use winback_core::digest::Digest;

/// A person who may use the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The name that stands beside decisions.
    pub name: String,
    /// What the person may do.
    pub role: PersonRole,
    /// The SHA-256 of the person's token, in lower-case hex. The token itself is never kept.
    pub token_sha256: String,
}

/// What a person may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PersonRole {
    /// Looks, and tries thresholds.
    Analyst,
    /// Also has messages written.
    Marketer,
    /// Also approves and declines.
    Approver,
    /// Looks, and calls customers.
    Agent,
    /// Everything.
    Admin,
}

/// Something not everyone may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ability {
    PreviewThresholds,
    Write,
    Approve,
}

impl PersonRole {
    pub(crate) fn may(self, ability: Ability) -> bool {
        match ability {
            Ability::PreviewThresholds => self != PersonRole::Agent,
            Ability::Write => matches!(self, PersonRole::Marketer | PersonRole::Approver | PersonRole::Admin),
            Ability::Approve => matches!(self, PersonRole::Approver | PersonRole::Admin),
        }
    }
}

/// Returns the person whose token this is. Hashes are compared, so timing tells nothing about a token.
pub(crate) fn person_of<'a>(people: &'a [Person], token: &str) -> Option<&'a Person> {
    let hash = Digest::of(token.as_bytes()).0;
    people.iter().find(|person| person.token_sha256.eq_ignore_ascii_case(&hash))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_open_what_they_should() {
        let check = |role: PersonRole, abilities: [bool; 3]| {
            assert_eq!(
                [Ability::PreviewThresholds, Ability::Write, Ability::Approve].map(|ability| role.may(ability)),
                abilities,
                "{role:?}"
            );
        };
        check(PersonRole::Analyst, [true, false, false]);
        check(PersonRole::Marketer, [true, true, false]);
        check(PersonRole::Approver, [true, true, true]);
        check(PersonRole::Agent, [false, false, false]);
        check(PersonRole::Admin, [true, true, true]);
    }
}
