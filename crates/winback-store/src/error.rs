//! What the database says, in the words of the port.
use sea_orm::{DbErr, RuntimeErr, SqlxError};
use winback_core::id::RunId;
use winback_core::store::StoreError;

// Primary result codes, https://www.sqlite.org/rescode.html
const SQLITE_BUSY: u32 = 5;
const SQLITE_READONLY: u32 = 8;
const SQLITE_FULL: u32 = 13;

/// Returns the port's error for one met while reading.
pub(crate) fn reading(error: DbErr) -> StoreError {
    translate("read", error)
}

/// Returns the port's error for one met while writing.
pub(crate) fn writing(error: DbErr) -> StoreError {
    translate("write", error)
}

/// Returns the port's error for one met while opening.
pub(crate) fn opening(error: DbErr) -> StoreError {
    translate("open", error)
}

/// Returns the error for something stored that cannot be read back.
#[expect(clippy::needless_pass_by_value, reason = "callers hand over the error they got")]
pub(crate) fn damaged(what: &'static str, run: RunId, why: impl ToString) -> StoreError {
    StoreError::Damaged { what, run, why: why.to_string() }
}

/// Returns whether another connection has what this one needs, for now.
pub(crate) fn is_busy(error: &DbErr) -> bool {
    primary_code(error) == Some(SQLITE_BUSY)
}

fn translate(doing: &'static str, error: DbErr) -> StoreError {
    match primary_code(&error) {
        Some(SQLITE_FULL) => StoreError::Disk { what: "full" },
        Some(SQLITE_READONLY) => StoreError::Disk { what: "read-only" },
        _ => StoreError::Unavailable { doing, source: Box::new(error) },
    }
}

fn primary_code(error: &DbErr) -> Option<u32> {
    let (DbErr::Conn(RuntimeErr::SqlxError(cause))
    | DbErr::Exec(RuntimeErr::SqlxError(cause))
    | DbErr::Query(RuntimeErr::SqlxError(cause))) = error
    else {
        return None;
    };
    let SqlxError::Database(database) = cause.as_ref() else { return None };
    // The lowest byte of an extended code is the primary one.
    database.code()?.parse::<u32>().ok().map(|code| code & 0xff)
}
