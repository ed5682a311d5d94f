//! The README's commands, run as they stand.

use std::{fs, path::PathBuf, process::Command};

use tests::cluster::{Cluster, binary};

fn readme() -> String {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned();
    fs::read_to_string(root.join("README.md")).unwrap()
}

/// The commands of the first block below a heading.
fn commands(readme: &str, heading: &str) -> Vec<String> {
    let below = readme
        .split_once(heading)
        .unwrap_or_else(|| panic!("no heading {heading}"))
        .1;
    let block = below
        .split("```sh\n")
        .nth(1)
        .unwrap()
        .split("```")
        .next()
        .unwrap();
    block
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(ToOwned::to_owned)
        .collect()
}

#[test]
fn the_readme_begins_with_the_two_commands() {
    let readme = readme();
    let first: Vec<&str> = readme
        .lines()
        .filter(|line| line.contains("make "))
        .take(2)
        .collect();
    assert!(
        first[0].contains("make demo") && first[1].contains("make test"),
        "{first:?}"
    );
    assert!(readme.lines().count() <= 150);
}

#[test]
fn the_first_five_commands_work() {
    let readme = readme();
    let cluster = Cluster::start(0);
    let bin = cluster.path().join("bin");
    fs::create_dir(&bin).unwrap();
    std::os::unix::fs::symlink(binary("muhr"), bin.join("muhr")).unwrap();
    for heading in [
        "### A clerk's first five commands",
        "### An auditor's first five commands",
    ] {
        let commands = commands(&readme, heading);
        let own: Vec<&String> = commands
            .iter()
            .filter(|line| line.contains("bin/muhr"))
            .collect();
        assert_eq!(own.len(), 5, "{own:?}");
        let script = format!(
            "set -e\nexport MUHR_NODE={}\n{}\n",
            cluster.url("qurilish"),
            script(&commands)
        );
        let ran = Command::new("bash")
            .args(["-c", &script])
            .current_dir(cluster.path())
            .output()
            .unwrap();
        assert!(
            ran.status.success(),
            "{heading}\n{script}\n{}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
}

/// The block without its own choice of a node: the test's network has other ports.
fn script(commands: &[String]) -> String {
    let url = |line: &String| line.replace("http://127.0.0.1:7483", "$MUHR_NODE");
    commands
        .iter()
        .filter(|line| !line.starts_with("export MUHR_NODE"))
        .map(url)
        .collect::<Vec<_>>()
        .join("\n")
}
