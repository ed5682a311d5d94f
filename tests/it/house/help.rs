//! The help of every command, as it stands in `snapshots/`: a change of it is seen in review.
//!
//! After a change that is meant: `INSTA_UPDATE=always cargo test … help`, and commit the snapshots.

use std::{
    path::PathBuf,
    process::{Command, Stdio},
};

use tests::cluster::{Ran, binary, muhr};

/// Compares with the snapshots of the clone that runs the test, whichever clone built it.
pub(crate) fn assert_as_reviewed(name: &str, text: &str) {
    let clone = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap());
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(clone.join("it/house/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// The help of a command at a fixed width, without colour and without anybody's settings.
fn help(program: &str, path: &[String]) -> String {
    let output = Command::new(binary(program))
        .args(path)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .output();
    let ran = Ran::from(output.unwrap()).expect(0);
    assert_eq!(ran.stderr, "", "help is data");
    ran.stdout
}

/// The commands that a help text lists, but for `help` itself.
fn listed(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    lines
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(ToOwned::to_owned)
        .collect()
}

/// A command and all below it: what was typed, and what was shown.
fn walk(program: &str, path: &[String], pages: &mut Vec<(String, String)>) {
    let page = help(program, path);
    let typed = [&[program.to_owned()], path].concat().join(" ");
    let below = listed(&page);
    pages.push((format!("{typed} --help"), page));
    for name in below {
        walk(program, &[path, &[name]].concat(), pages);
    }
}

/// The help of a program's every command: what was typed, and what was shown.
pub(crate) fn pages(program: &str) -> Vec<(String, String)> {
    let mut pages = Vec::new();
    walk(program, &[], &mut pages);
    pages
}

fn book(program: &str) -> (Vec<String>, String) {
    let pages = pages(program);
    let typed = pages.iter().map(|(typed, _)| typed.clone()).collect();
    let text = pages
        .iter()
        .map(|(typed, page)| format!("$ {typed}\n{page}"))
        .collect::<Vec<_>>();
    (typed, text.join("\n"))
}

#[test]
fn the_help_of_every_command_is_as_it_was_read_in_review() {
    let (typed, text) = book("muhr");
    assert!(typed.len() >= 17, "only {typed:?}");
    for command in ["anchor bulk", "key new", "key passphrase", "network create"] {
        assert!(typed.contains(&format!("muhr {command} --help")));
    }
    assert_as_reviewed("muhr", &text);
    let (typed, text) = book("muhr-node");
    let known = ["--help", "run --help", "witness --help"].map(|page| format!("muhr-node {page}"));
    assert_eq!(typed, known);
    assert_as_reviewed("muhr-node", &text);
}

#[test]
fn the_table_of_exit_codes_is_in_the_help_and_in_the_command() {
    let command = muhr(&["exit-codes"]).expect(0);
    assert_as_reviewed("exit-codes", &command.stdout);
    for asked in [
        &["help", "exit-codes"][..],
        &["exit-codes", "--help"],
        &["exit-codes", "-h"],
    ] {
        let help = muhr(asked).expect(0).stdout;
        assert!(
            help.contains(command.stdout.trim_end()),
            "{asked:?}: {help}"
        );
    }
}
