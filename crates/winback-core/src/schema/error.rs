//! Why a schema is refused.

/// What is wrong with a schema.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SchemaError {
    /// A role that a table has once is missing or given twice.
    #[error("expected {expected} column with the role {role:?}, found {found}")]
    RoleCount {
        /// The role as the file writes it.
        role: &'static str,
        /// `exactly one` or `at most one`.
        expected: &'static str,
        /// How many there are.
        found: usize,
    },
    /// A name stands for two columns.
    #[error("the name {0:?} stands for two columns")]
    DuplicateName(String),
    /// A column of a role has a kind it cannot have.
    #[error("column {column:?} has the role {role:?}, which needs {needs}")]
    WrongKind {
        /// The column's name.
        column: String,
        /// The role.
        role: &'static str,
        /// The kinds the role can have.
        needs: &'static str,
    },
    /// Something refers to a column that is not there.
    #[error("{by} names the column {name:?}, which the schema does not have")]
    UnknownColumn {
        /// What refers to it.
        by: String,
        /// The name.
        name: String,
    },
    /// Anything else, said in full.
    #[error("{0}")]
    Other(String),
}
