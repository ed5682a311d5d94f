//! The operators' page: its table of limits is that of the program.

use std::{fs, path::PathBuf};

use node::limits;

/// The folder of the project.
fn root() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap())
        .parent()
        .unwrap()
        .to_owned()
}

const PATH: &str = "docs/operators.md";
const BEGIN: &str = "<!-- limits -->\n";
const END: &str = "<!-- end of limits -->\n";

fn table() -> String {
    let mut table = "| limit | value | why |\n|---|---:|---|\n".to_owned();
    for limit in limits::ALL {
        let reason = limit.reason.split_whitespace();
        let reason: Vec<&str> = reason.collect();
        let name = limit.name.to_lowercase();
        table += &format!(
            "| `{name}` | {} {} | {} |\n",
            shown(limit),
            limit.unit,
            reason.join(" ")
        );
    }
    table
}

fn shown(limit: &limits::Limit) -> String {
    match limit.value {
        value if limit.unit == "bytes" && value % (1 << 20) == 0 => format!("{} Mi", value >> 20),
        value if limit.unit == "bytes" && value % (1 << 10) == 0 => format!("{} Ki", value >> 10),
        value => value.to_string(),
    }
}

#[test]
fn the_table_of_limits_is_that_of_the_program() {
    let path = root().join(PATH);
    let page = fs::read_to_string(&path).unwrap();
    let (above, rest) = page.split_once(BEGIN).unwrap();
    let (found, below) = rest.split_once(END).unwrap();
    let wanted = table();
    if std::env::var_os("MUHR_BLESS").is_some() {
        fs::write(&path, format!("{above}{BEGIN}{wanted}{END}{below}")).unwrap();
        return;
    }
    assert_eq!(
        found, wanted,
        "{PATH}: MUHR_BLESS=1 cargo test --release --locked -p tests --test it -- operators writes it"
    );
}

#[test]
fn every_limit_has_a_reason_and_every_name_is_there_once() {
    let mut names: Vec<&str> = limits::ALL.iter().map(|limit| limit.name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for limit in limits::ALL {
        assert!(limit.reason.len() > 20, "{} has no reason", limit.name);
    }
}
