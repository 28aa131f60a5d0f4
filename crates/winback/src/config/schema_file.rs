//! Reads `schema.toml`: what each column of the company's table is, in words a
//! marketer-analyst can write.
use super::fault::ConfigError;
use super::reader::{Document, Entry, Section};
use super::schema_column::read_column;
use winback_core::locale::Localized;
use winback_core::money::Currency;
use winback_core::number::DecimalMark;
use winback_core::schema::{Column, ColumnIndex, ColumnKind, Family, MissingRule, ReasonGroup, SchemaError, TableSchema, Theme};

/// Reads and checks a schema. `file` is the name shown in errors.
pub fn parse(file: &str, text: &str) -> Result<TableSchema, ConfigError> {
    let document = Document::new(file, text);
    let root = document.parse()?;
    let root = Section::new(document, "the file", (root.get_ref(), 0..0), &["table", "column", "group", "family"])?;
    let table = root
        .need("table", "a section [table] that says how the file is written")?
        .section("[table]", &["name", "delimiter", "decimal_mark", "currency", "peer_column"])?;
    let entries = root.need("column", "one section [[column]] for each column")?.list("sections [[column]]")?;
    let columns = entries.iter().map(read_column).collect::<Result<Vec<Column>, _>>()?;
    let names = Names { columns: &columns };
    let schema = TableSchema {
        name: table.need("name", "a short name such as \"telco\"")?.filled_text("a short name such as \"telco\"")?.to_owned(),
        delimiter: table.get("delimiter").map_or(Ok(b','), |entry| delimiter(&entry))?,
        decimal_mark: table.get("decimal_mark").map_or(Ok(DecimalMark::Point), |entry| decimal_mark(&entry))?,
        currency: currency(&table.need("currency", "a currency code such as \"USD\"")?)?,
        peer_column: table.get("peer_column").map(|entry| names.find(&entry)).transpose()?,
        groups: sections(&root, "group")?.iter().map(|entry| names.group(entry)).collect::<Result<_, _>>()?,
        families: sections(&root, "family")?.iter().map(|entry| names.family(entry)).collect::<Result<_, _>>()?,
        columns: columns.clone(),
    };
    check_missing_rules(&names, &entries)?;
    schema.check().map_err(|error| locate(&error, &root, &entries, &columns))
}

fn sections<'a>(root: &Section<'a>, key: &'static str) -> Result<Vec<Entry<'a>>, ConfigError> {
    root.get(key).map_or(Ok(Vec::new()), |entry| entry.list(&format!("sections [[{key}]]")))
}

fn delimiter(entry: &Entry<'_>) -> Result<u8, ConfigError> {
    const EXPECTED: &str = "the character between cells: \",\", \";\", \"|\" or \"\\t\" (tab)";
    match entry.text(EXPECTED)?.as_bytes() {
        &[byte @ (b',' | b';' | b'|' | b'\t')] => Ok(byte),
        _ => Err(entry.expected(EXPECTED)),
    }
}

fn decimal_mark(entry: &Entry<'_>) -> Result<DecimalMark, ConfigError> {
    const EXPECTED: &str = "the decimal mark: \".\" or \",\"";
    match entry.text(EXPECTED)? {
        "." => Ok(DecimalMark::Point),
        "," => Ok(DecimalMark::Comma),
        _ => Err(entry.expected(EXPECTED)),
    }
}

fn currency(entry: &Entry<'_>) -> Result<Currency, ConfigError> {
    Currency::parse(entry.text("a currency code such as \"USD\"")?).map_err(|error| entry.other(error.to_string()))
}

/// Finds columns by the name or alias another part of the file uses.
struct Names<'a> {
    columns: &'a [Column],
}

impl Names<'_> {
    fn find(&self, entry: &Entry<'_>) -> Result<ColumnIndex, ConfigError> {
        let wanted = entry.text("the name of a column")?;
        let known =
            |column: &Column, name: &str| std::iter::once(&column.name).chain(&column.aliases).any(|k| k.eq_ignore_ascii_case(name));
        self.columns.iter().position(|column| known(column, wanted.trim())).ok_or_else(|| {
            let names: Vec<&str> = self.columns.iter().map(|column| column.name.as_str()).collect();
            entry.unknown_word(wanted, &names)
        })
    }

    fn find_all(&self, entry: &Entry<'_>) -> Result<Vec<ColumnIndex>, ConfigError> {
        let items = entry.list("a list of column names")?;
        if items.is_empty() {
            return Err(entry.expected("a list of at least one column name"));
        }
        items.iter().map(|item| self.find(item)).collect()
    }

    fn group(&self, entry: &Entry<'_>) -> Result<ReasonGroup, ConfigError> {
        let section = entry.section("[[group]]", &["name", "columns", "label", "theme"])?;
        let name = section.need("name", "a short name")?.filled_text("a short name")?.to_owned();
        Ok(ReasonGroup {
            columns: self.find_all(&section.need("columns", "the columns that tell one reason")?)?,
            label: section.get("label").map_or_else(|| Ok(Localized::same(&name)), |label| label.localized())?,
            theme: theme(&section.need("theme", "what the group is about")?)?,
            name,
        })
    }

    fn family(&self, entry: &Entry<'_>) -> Result<Family, ConfigError> {
        let section = entry.section("[[family]]", &["parent", "parent_value", "children", "child_value"])?;
        let parent = self.find(&section.need("parent", "the column that gives the answer")?)?;
        let value = section.need("parent_value", "the answer that makes the children meaningless")?;
        let child_value = section.need("child_value", "the word with which the children repeat the answer")?;
        Ok(Family {
            parent,
            parent_value: one_of(&value, &self.columns[parent])?,
            children: self.find_all(&section.need("children", "the columns that repeat the answer")?)?,
            child_value: child_value.text("a word")?.to_owned(),
        })
    }
}

/// Returns the answer if the column can give it: a level, or `yes` and `no` for a flag.
fn one_of(entry: &Entry<'_>, column: &Column) -> Result<String, ConfigError> {
    match &column.kind {
        ColumnKind::Flag { .. } => entry.word(&["yes", "no"]).map(str::to_owned),
        ColumnKind::Category { levels } if !levels.is_empty() => {
            entry.word(&levels.iter().map(String::as_str).collect::<Vec<_>>()).map(str::to_owned)
        }
        ColumnKind::Category { .. } => entry.text("a word").map(str::to_owned),
        _ => Err(entry.other(format!("column {:?} is neither a category nor a flag, so it cannot lead a family", column.name))),
    }
}

/// Returns the theme named by an entry.
pub fn theme(entry: &Entry<'_>) -> Result<Theme, ConfigError> {
    let word = entry.word(&Theme::ALL.map(Theme::tag))?;
    Theme::ALL.into_iter().find(|theme| theme.tag() == word).ok_or_else(|| entry.expected("a theme"))
}

fn check_missing_rules(names: &Names<'_>, entries: &[Entry<'_>]) -> Result<(), ConfigError> {
    for (column, entry) in names.columns.iter().zip(entries) {
        if let (MissingRule::ZeroWhenZero { .. }, Some(rule)) = (&column.missing, entry_at(entry, &["missing", "zero_when_zero"])) {
            let other = &names.columns[names.find(&rule)?];
            if !matches!(other.kind, ColumnKind::Number { .. } | ColumnKind::Money) {
                return Err(
                    rule.other(format!("column {:?} is no number, so it is never 0; name a column of type number or money", other.name))
                );
            }
        }
    }
    Ok(())
}

/// Returns the entry under a path of keys.
fn entry_at<'a>(entry: &Entry<'a>, path: &[&str]) -> Option<Entry<'a>> {
    path.iter().try_fold(entry.clone(), |entry, key| {
        entry.entries("a table").ok()?.into_iter().find(|(name, _)| name == key).map(|(_, value)| value)
    })
}

/// Puts an error of the whole schema at the column it speaks of.
fn locate(error: &SchemaError, root: &Section<'_>, entries: &[Entry<'_>], columns: &[Column]) -> ConfigError {
    let by_name = |name: &str| {
        let holds = |column: &&Column| column.name == name || column.aliases.iter().any(|alias| alias == name);
        columns.iter().rposition(|column| holds(&column))
    };
    let last_with =
        |role: &str| entries.iter().rposition(|entry| entry_at(entry, &["role"]).is_some_and(|e| e.value().as_str() == Some(role)));
    let at = match error {
        SchemaError::DuplicateName(name) | SchemaError::UnknownColumn { name, .. } => by_name(name),
        SchemaError::WrongKind { column, .. } => by_name(column),
        SchemaError::RoleCount { role, .. } => last_with(role),
        SchemaError::Other(text) => columns.iter().position(|column| text.contains(&format!("{:?}", column.name))),
    };
    match at.and_then(|index| entries.get(index)) {
        Some(entry) => entry.other(error.to_string()),
        None => root.other(error.to_string()),
    }
}
