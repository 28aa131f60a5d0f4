//! Guesses what each column is, from its name and its cells.
use super::sketch::ColumnSketch;
use super::words::{AMOUNTS, FLAGS, LABEL_FLAGS, LABELS, PERSONAL, ROLES, THEMES, TRAITS, plain};
use winback_core::schema::Theme;

/// The most different words of a category.
const MOST_LEVELS: usize = 20;

/// What a column may be.
pub struct Guess {
    pub kind: Kind,
    /// The role as the file writes it; none for a plain feature.
    pub role: Option<&'static str>,
    pub unused: Option<String>,
    pub missing: Option<String>,
    pub theme: Theme,
}

/// The type, with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    Text,
    Number { min: f64, max: f64 },
    Money,
    Flag { yes: Vec<String>, no: Vec<String> },
    Category(Vec<String>),
    Date,
}

impl Kind {
    /// Returns the word of the file.
    pub fn word(&self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Number { .. } => "number",
            Kind::Money => "money",
            Kind::Flag { .. } => "flag",
            Kind::Category(_) => "category",
            Kind::Date => "date",
        }
    }
}

impl Guess {
    /// Returns whether the column feeds the model.
    pub fn is_feature(&self) -> bool {
        self.unused.is_none()
            && matches!(self.role, None | Some("monthly_charge" | "total_charge" | "usage" | "tenure" | "contract" | "trait"))
    }
}

/// Returns one guess for each column.
pub fn guess_columns(columns: &[ColumnSketch]) -> Vec<Guess> {
    let kinds: Vec<Kind> = columns.iter().map(guess_kind).collect();
    let mut roles: Vec<Option<&'static str>> = vec![None; columns.len()];
    if let Some(id) = find_id(columns) {
        roles[id] = Some("id");
    }
    let free = |roles: &[Option<&str>], at: usize| roles[at].is_none();
    let by_name = |name: &str| columns.iter().position(|column| plain(&column.name) == name);
    let label = LABELS.iter().filter_map(|name| by_name(name)).find(|&at| free(&roles, at) && matches!(kinds[at], Kind::Flag { .. }));
    if let Some(label) = label {
        roles[label] = Some("label");
    }
    for (role, names) in ROLES {
        let found = names.iter().filter_map(|name| by_name(name)).find(|&at| free(&roles, at) && role_fits(role, &columns[at], &kinds[at]));
        if let Some(at) = found {
            roles[at] = Some(role);
        }
    }
    for (at, column) in columns.iter().enumerate() {
        if free(&roles, at) && TRAITS.contains(&plain(&column.name).as_str()) && why_unused(column, &kinds[at]).is_none() {
            roles[at] = Some("trait");
        }
    }
    let tenure = roles.iter().position(|role| *role == Some("tenure")).map(|at| &columns[at]);
    columns.iter().zip(kinds).zip(roles).map(|((column, kind), role)| finish(column, kind, role, tenure)).collect()
}

fn role_fits(role: &str, column: &ColumnSketch, kind: &Kind) -> bool {
    match role {
        "monthly_charge" | "total_charge" => is_amount(column),
        "tenure" => matches!(kind, Kind::Number { .. }),
        "usage" => matches!(kind, Kind::Number { min, .. } if *min >= 0.0),
        "contract" => matches!(kind, Kind::Category(_)),
        "email" => !matches!(kind, Kind::Flag { .. }) && column.values.keys().all(|value| value.contains('@')),
        // A PhoneService written Yes and No is no telephone number.
        _ => !matches!(kind, Kind::Flag { .. }),
    }
}

/// The id is filled and different in every row; a name that says so wins over the first such column.
fn find_id(columns: &[ColumnSketch]) -> Option<usize> {
    let fits = |column: &ColumnSketch| column.rows > 0 && column.empty == 0 && !column.repeats && column.decimals == 0;
    let named = |column: &ColumnSketch| {
        let name = plain(&column.name);
        name == "id"
            || name.ends_with("id")
            || name.ends_with("no")
            || name.ends_with("number")
            || name.ends_with("編號")
            || name.ends_with("编号")
    };
    let contact = |column: &ColumnSketch| ROLES.iter().any(|(_, names)| names.contains(&plain(&column.name).as_str()));
    let candidates = || (0..columns.len()).filter(|&at| fits(&columns[at]) && !contact(&columns[at]));
    candidates().find(|&at| named(&columns[at])).or_else(|| candidates().next())
}

fn guess_kind(column: &ColumnSketch) -> Kind {
    let filled = column.filled();
    let values: Vec<&String> = column.values.keys().collect();
    if let Some(flag) = guess_flag(&values, column.more_values) {
        return flag;
    }
    if filled == 0 {
        return Kind::Text;
    }
    if column.numbers == filled {
        return if is_amount(column) && (column.scale == 2 || names_amount(column)) { Kind::Money } else { roomy(column) };
    }
    if column.dates == filled {
        return Kind::Date;
    }
    if !column.more_values && values.len() <= MOST_LEVELS && column.repeats {
        return Kind::Category(values.into_iter().cloned().collect());
    }
    Kind::Text
}

fn guess_flag(values: &[&String], more: bool) -> Option<Kind> {
    let [first, second] = values else { return None };
    if more {
        return None;
    }
    let is = |value: &String, word: &str| value.to_lowercase() == word;
    FLAGS.iter().chain(&LABEL_FLAGS).find_map(|(yes, no)| {
        let (one, other) = ((*first).clone(), (*second).clone());
        match () {
            () if is(first, yes) && is(second, no) => Some(Kind::Flag { yes: vec![one], no: vec![other] }),
            () if is(first, no) && is(second, yes) => Some(Kind::Flag { yes: vec![other], no: vec![one] }),
            () => None,
        }
    })
}

fn is_amount(column: &ColumnSketch) -> bool {
    column.numbers > 0 && column.numbers == column.filled() && column.min >= 0.0 && column.scale <= 2
}

fn names_amount(column: &ColumnSketch) -> bool {
    let name = plain(&column.name);
    ROLES.iter().take(2).any(|(_, names)| names.contains(&name.as_str())) || AMOUNTS.iter().any(|part| name.contains(part))
}

/// The limits leave room: what is not negative so far is not negative, and tomorrow's customers may have more.
fn roomy(column: &ColumnSketch) -> Kind {
    let reach = 10.0 * column.min.abs().max(column.max.abs()).max(1.0);
    Kind::Number { min: if column.min >= 0.0 { 0.0 } else { -reach.ceil() }, max: reach.ceil() }
}

fn finish(column: &ColumnSketch, kind: Kind, role: Option<&'static str>, tenure: Option<&ColumnSketch>) -> Guess {
    let kind = match role {
        Some("id" | "first_name" | "email" | "phone" | "language") => Kind::Text,
        Some("monthly_charge" | "total_charge") => Kind::Money,
        _ => kind,
    };
    let unused = if role.is_none() { why_unused(column, &kind) } else { None };
    let mut guess = Guess { theme: theme(&column.name, role), kind, role, unused, missing: None };
    if column.empty > 0 && guess.is_feature() {
        guess.missing = Some(match tenure.filter(|tenure| role == Some("total_charge") && tenure.min == 0.0) {
            Some(tenure) => format!("{{ zero_when_zero = {} }}", super::quoted(tenure.name.trim())),
            None => "\"learn\"".into(),
        });
    }
    guess
}

fn why_unused(column: &ColumnSketch, kind: &Kind) -> Option<String> {
    let constant = column.values.len() <= 1 && !column.more_values;
    match kind {
        _ if column.filled() == 0 => Some("Every cell is empty.".into()),
        _ if PERSONAL.contains(&plain(&column.name).as_str()) => {
            Some("It tells who the customer is, and a model must not learn from that.".into())
        }
        _ if constant => Some("Every customer has the same value, so it cannot tell one from another.".into()),
        Kind::Text => Some("It is free text, or has too many different words.".into()),
        Kind::Date => Some("A date is worth something only against the day the table was made.".into()),
        _ => None,
    }
}

fn theme(name: &str, role: Option<&str>) -> Theme {
    match role {
        Some("monthly_charge") => Theme::Price,
        Some("total_charge" | "tenure") => Theme::Loyalty,
        Some("contract") => Theme::Contract,
        Some("usage") => Theme::Usage,
        _ => {
            let name = plain(name);
            THEMES.iter().find(|(part, _)| name.contains(part)).map_or(Theme::Profile, |(_, theme)| *theme)
        }
    }
}

/// Returns the word with which other columns repeat this column's "no", and that answer as the schema writes it.
pub fn family_words(sketch: &ColumnSketch, guess: &Guess, guesses: &[Guess]) -> Option<(String, String)> {
    let name = plain(&sketch.name);
    if name.is_empty() {
        return None;
    }
    let wanted = format!("no{name}");
    let levels = guesses.iter().filter_map(|guess| if let Kind::Category(levels) = &guess.kind { Some(levels) } else { None });
    let word = levels.flatten().find(|level| plain(level) == wanted)?.clone();
    let answer = match &guess.kind {
        Kind::Flag { .. } => "no".to_owned(),
        Kind::Category(levels) => levels.iter().find(|level| plain(level) == "no")?.clone(),
        _ => return None,
    };
    Some((word, answer))
}
