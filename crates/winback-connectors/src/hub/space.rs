//! Whether a disk has room.
use super::error::HubError;
use std::io;
use std::path::Path;

/// Checks that so many bytes fit where a folder stands.
pub(super) fn check(folder: &Path, needed_bytes: u64) -> Result<(), HubError> {
    let free = free_bytes(folder).map_err(|source| HubError::Disk { path: folder.to_owned(), source })?;
    match free {
        Some(free_bytes) if free_bytes < needed_bytes => {
            let folder = folder.parent().unwrap_or(folder).to_owned();
            Err(HubError::Space { folder, needed_bytes, free_bytes })
        }
        _ => Ok(()),
    }
}

/// Returns how many bytes this user may still write there, `None` where the system cannot be asked.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> io::Result<Option<u64>> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(Some(disk.f_bavail.saturating_mul(disk.f_frsize)))
}

/// Returns how many bytes this user may still write there, `None` where the system cannot be asked.
#[cfg(not(unix))]
fn free_bytes(_folder: &Path) -> io::Result<Option<u64>> {
    Ok(None)
}
