//! Files of a folder that programs of this machine still have open for writing.
//!
//! Linux tells it of the processes that this user may look at; on other systems, of other users and of other
//! machines nothing is known, and what is asked besides (two looks, the end of a file) has to do.

use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// Those files, as the system names them.
#[cfg(target_os = "linux")]
pub(super) fn written_in(folder: &Path) -> HashSet<PathBuf> {
    use std::fs;
    let Ok(folder) = folder.canonicalize() else {
        return HashSet::new();
    };
    let own = std::process::id().to_string();
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_process = |name: &str| name != own && name.bytes().all(|byte| byte.is_ascii_digit());
    let mut found = HashSet::new();
    for process in processes.filter(|entry| entry.file_name().to_str().is_some_and(is_process)) {
        let open = fs::read_dir(process.path().join("fd"));
        for entry in open.into_iter().flatten().flatten() {
            let Ok(file) = fs::read_link(entry.path()) else {
                continue;
            };
            let info = process.path().join("fdinfo").join(entry.file_name());
            if file.parent() == Some(&folder)
                && fs::read_to_string(info).is_ok_and(|info| may_write(&info))
            {
                let _new = found.insert(file);
            }
        }
    }
    found
}

/// Returns whether a description of an open file says that it is open for writing: the last octal digit of its flags.
#[cfg(target_os = "linux")]
fn may_write(info: &str) -> bool {
    let flags = info.lines().find_map(|line| line.strip_prefix("flags:"));
    let last = flags.and_then(|flags| flags.trim().chars().last());
    last.and_then(|digit| digit.to_digit(8))
        .is_some_and(|digit| digit & 3 != 0)
}

/// Nothing is known of them here.
#[cfg(not(target_os = "linux"))]
pub(super) fn written_in(_folder: &Path) -> HashSet<PathBuf> {
    HashSet::new()
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_way_in_which_a_file_is_open_is_read() {
        for (flags, writes) in [
            ("0100000", false),
            ("0100001", true),
            ("0102002", true),
            ("02400000", false),
        ] {
            let info = format!("pos:\t0\nflags:\t{flags}\nmnt_id:\t29\n");
            assert_eq!(may_write(&info), writes, "{flags}");
        }
    }
}
