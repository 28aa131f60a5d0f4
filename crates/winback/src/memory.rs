//! How much memory this machine has left, and refusing what would not fit.
//!
//! Linux says it in `/proc/meminfo`; a container or a service may be given less (control groups), and so may a process
//! (`ulimit -v`). Elsewhere nothing is asked and nothing refused.
use crate::exit::{Exit, stop};
use std::fs;
use std::path::{Path, PathBuf};

/// Refuses what needs more memory than is left.
pub fn check(what: &str, needed_bytes: u64, hint: &str) -> anyhow::Result<()> {
    check_beside(0, what, needed_bytes, hint)
}

/// Refuses what needs more memory than is left beside files that are mapped and read again and again.
pub fn check_beside(mapped_bytes: u64, what: &str, needed_bytes: u64, hint: &str) -> anyhow::Result<()> {
    match available_beside(mapped_bytes) {
        Some(available) if available < needed_bytes => {
            let text = format!("{what} needs {} of memory, and this machine has {} left", told(needed_bytes), told(available));
            Err(stop(Exit::Failure, text, hint))
        }
        _ => Ok(()),
    }
}

/// Returns how many bytes this process may still take beside files that it has mapped and reads again and again, `None`
/// where the system does not say. The system counts the pages of such files as free.
pub fn available_beside(mapped_bytes: u64) -> Option<u64> {
    let read = |path: &str| fs::read_to_string(path).ok();
    let machine = read("/proc/meminfo").and_then(|text| kib_after(&text, "MemAvailable:"));
    let group = read("/proc/self/cgroup").and_then(|text| left_in_groups(&text, Path::new("/sys/fs/cgroup")));
    let own = read("/proc/self/limits").and_then(|text| left_of_limit(&text, &read("/proc/self/status")?));
    left_beside(mapped_bytes, [machine, group], own)
}

/// Returns the least that is left: of what machine and group say, without what is mapped, and of the limit of this process,
/// which counts what it has mapped.
fn left_beside(mapped_bytes: u64, of_all: [Option<u64>; 2], own: Option<u64>) -> Option<u64> {
    let beside = of_all.into_iter().flatten().map(|left| left.saturating_sub(mapped_bytes));
    beside.chain(own).min()
}

/// Returns bytes as people read them: `1.5 GiB`.
fn told(bytes: u64) -> String {
    let mib = bytes as f64 / f64::from(1 << 20);
    match mib / 1024.0 {
        gib if gib < 1.0 => format!("{mib:.0} MiB"),
        gib if gib < 1024.0 => format!("{gib:.1} GiB"),
        gib => format!("{:.1} TiB", gib / 1024.0),
    }
}

/// Returns the number behind a name, which counts kibibytes, in bytes.
fn kib_after(text: &str, name: &str) -> Option<u64> {
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// Returns what the limit of this process leaves to it.
fn left_of_limit(limits: &str, status: &str) -> Option<u64> {
    let limit: u64 = limits.lines().find_map(|line| line.strip_prefix("Max address space"))?.split_whitespace().next()?.parse().ok()?;
    Some(limit.saturating_sub(kib_after(status, "VmSize:")?))
}

/// Returns the least that the control groups of this process leave to it, by its `/proc/self/cgroup`.
fn left_in_groups(groups: &str, root: &Path) -> Option<u64> {
    let of = |line: &str| {
        let (_, rest) = line.split_once(':')?;
        match rest.split_once(':')? {
            ("", path) => Some((root.to_owned(), path.to_owned(), ["memory.max", "memory.current", "inactive_file "])),
            (kinds, path) if kinds.split(',').any(|kind| kind == "memory") => {
                let names = ["memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file "];
                Some((root.join("memory"), path.to_owned(), names))
            }
            _ => None,
        }
    };
    let each = groups.lines().filter_map(of).flat_map(|(root, path, names)| {
        // Those above it count as well; inside a container only the root may be there to be seen.
        let folders: Vec<PathBuf> = Path::new(path.trim_start_matches('/')).ancestors().map(|path| root.join(path)).collect();
        folders.into_iter().filter_map(move |folder| left_in_group(&folder, names))
    });
    each.min()
}

/// Returns what a group leaves: its limit without what it uses, where what can be given back at once (files read and
/// not used since) does not count as used.
fn left_in_group(folder: &Path, [limit, used, given_back]: [&str; 3]) -> Option<u64> {
    let number = |name: &str| fs::read_to_string(folder.join(name)).ok()?.trim().parse::<u64>().ok();
    let statistics = fs::read_to_string(folder.join("memory.stat")).unwrap_or_default();
    let given_back = statistics.lines().find_map(|line| line.strip_prefix(given_back)?.trim().parse().ok()).unwrap_or(0);
    Some(number(limit)?.saturating_sub(number(used)?.saturating_sub(given_back)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_read_as_the_system_writes_it() {
        let meminfo = "MemTotal:       16384 kB\nMemFree:          100 kB\nMemAvailable:    2048 kB\n";
        assert_eq!(kib_after(meminfo, "MemAvailable:"), Some(2 << 20));
        assert_eq!(kib_after("MemTotal: 1 kB", "MemAvailable:"), None);
        let limits = |soft: &str| format!("Limit  Soft Limit  Hard Limit  Units\nMax address space         {soft}   unlimited   bytes\n");
        assert_eq!(left_of_limit(&limits("4194304"), "VmSize:\t    1024 kB\n"), Some(3 << 20));
        assert_eq!(left_of_limit(&limits("unlimited"), "VmSize:\t    1024 kB\n"), None);
        assert_eq!([5 << 20, 3 << 29, 5 << 39].map(told), ["5 MiB", "1.5 GiB", "2.5 TiB"]);
    }

    #[test]
    fn what_is_mapped_is_not_left() {
        let check = |mapped, of_all, own, expected| assert_eq!(left_beside(mapped, of_all, own), expected);
        check(0, [Some(24), Some(20)], None, Some(20));
        check(16, [Some(24), None], None, Some(8));
        check(16, [Some(24), Some(20)], Some(30), Some(4));
        check(16, [Some(24), None], Some(7), Some(7));
        check(30, [Some(24), None], None, Some(0));
        check(30, [None, None], None, None);
    }

    #[test]
    fn the_tightest_group_counts_without_what_it_can_give_back() {
        let root = tempfile::tempdir().unwrap();
        let keep = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        let left = |groups: &str| left_in_groups(groups, root.path());
        assert_eq!(left("0::/a/b\n"), None);
        keep("a/b/memory.max", "max\n");
        keep("a/b/memory.current", "7\n");
        assert_eq!(left("0::/a/b\n"), None);
        keep("a/memory.max", "1000\n");
        keep("a/memory.current", "900\n");
        keep("a/memory.stat", "anon 5\ninactive_file 300\n");
        assert_eq!(left("0::/a/b\n"), Some(400));
        keep("memory/c/memory.limit_in_bytes", "50\n");
        keep("memory/c/memory.usage_in_bytes", "20\n");
        assert_eq!(left("3:cpu,memory:/c\n0::/a\n"), Some(30));
        assert_eq!(left("3:cpuset:/c\n"), None);
    }
}
