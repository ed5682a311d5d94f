//! Tools that a test needs and that are no part of this tree. It installs nothing:
//! `deploy/test-tools.sh` does, and `make test` calls it.

use std::path::PathBuf;

/// Path of a program that a test needs: in `PATH`, or in the folders of administrators.
///
/// `None` if it is missing, after a line that says what was not checked.
///
/// # Panics
/// If it is missing and `MUHR_REQUIRE_ALL=1`, as in CI: there, green means that everything ran.
#[must_use]
pub fn require(tool: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .chain(["/usr/sbin", "/sbin"].map(PathBuf::from))
        .map(|folder| folder.join(tool))
        .find(|path| path.is_file());
    if found.is_none() {
        missing(tool);
    }
    found
}

/// Whether everything has to be checked, as in CI: then whatever is missing fails the test.
#[must_use]
pub fn all_is_asked_for() -> bool {
    std::env::var_os("MUHR_REQUIRE_ALL").is_some_and(|all| all == "1")
}

/// What a test needs besides programs: root's rights, a library, a file system. Returns `there`.
///
/// # Panics
/// As [`require`].
#[must_use]
pub fn require_that(there: bool, what: &str) -> bool {
    if !there {
        missing(what);
    }
    there
}

fn missing(what: &str) {
    assert!(
        !all_is_asked_for(),
        "{what} is missing, and MUHR_REQUIRE_ALL=1 asks that everything is checked: deploy/test-tools.sh installs what the tests need"
    );
    eprintln!("not checked: {what} is missing (deploy/test-tools.sh installs it)");
}
