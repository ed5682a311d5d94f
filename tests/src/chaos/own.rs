//! Namespaces of our own, and what the machine offers in them.
//!
//! As root the program starts itself again in new network, mount and process namespaces. When its
//! first process ends, the kernel ends all others and takes away every mount, device and rule.

use std::{
    env,
    os::unix::process::CommandExt,
    path::Path,
    process::{Command, Stdio},
};

/// Set in the inner process.
const INSIDE: &str = "MUHR_CHAOS_INSIDE";
const NAMESPACES: [&str; 6] = [
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// Starts this program again in namespaces of its own, if it may; else goes on in those it has.
pub(crate) fn enter(arguments: &[String]) {
    if env::var_os(INSIDE).is_some() {
        quiet("ip", &["link", "set", "lo", "up"]);
        return;
    }
    let probe = [&NAMESPACES[..], &["true"]].concat();
    if !works("unshare", &probe) || !is_there("ip") {
        return;
    }
    let error = Command::new("unshare")
        .args(NAMESPACES)
        .arg(env::current_exe().unwrap())
        .args(arguments)
        .env(INSIDE, "1")
        .exec();
    panic!("unshare: {error}");
}

/// Why what needs root and these tools cannot be run here, if it cannot.
pub(crate) fn lacks(tools: &[&str]) -> Option<String> {
    if env::var_os(INSIDE).is_none() {
        return Some("it needs root and unshare, for namespaces of its own".to_owned());
    }
    let missing: Vec<&str> = tools
        .iter()
        .copied()
        .filter(|tool| !is_there(tool))
        .collect();
    (!missing.is_empty()).then(|| {
        format!(
            "{} is missing; run deploy/chaos-tools.sh",
            missing.join(", ")
        )
    })
}

/// Whether a program is installed.
pub(crate) fn is_there(tool: &str) -> bool {
    let folders = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&folders)
        .chain(["/usr/sbin", "/sbin"].map(Into::into))
        .any(|folder| folder.join(tool).is_file())
}

fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null());
    let path = env::var("PATH").unwrap_or_default();
    command.env("PATH", format!("{path}:/usr/sbin:/sbin"));
    command
}

/// Runs a command and says whether it succeeded.
pub(crate) fn works(program: &str, arguments: &[&str]) -> bool {
    command(program, arguments)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command that must succeed.
pub(crate) fn quiet(program: &str, arguments: &[&str]) {
    let output = command(program, arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// A path as a word of a command.
pub(crate) fn word(path: &Path) -> &str {
    path.to_str().unwrap()
}
