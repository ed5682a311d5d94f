//! No bug that tests plant is in what people run, and each has its row in `docs/safety.md`.

use std::{fs, path::PathBuf, process::Command};

use protocol::planted::Bug;
use tests::cluster::binary;

/// Without the variable's name nothing can be switched; the bugs' own names are a second sign.
#[test]
fn the_binaries_hold_no_planted_bug() {
    for name in ["muhr", "muhr-node"] {
        let file = fs::read(binary(name)).unwrap();
        let text = String::from_utf8_lossy(&file);
        // That the search finds what is there.
        assert!(text.contains("cosignature/v1"), "{name}");
        let names = [Bug::QuorumTwoF.name(), Bug::ReceiptEarly.name()];
        for word in ["MUHR_PLANT"].iter().chain(&names) {
            assert!(!text.contains(word), "{name} holds {word}");
        }
    }
}

#[test]
fn nothing_asks_for_planted_bugs() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let asked = ["tree", "--offline", "--locked", "--workspace"];
    let tree = Command::new(env!("CARGO"))
        .args(asked)
        .args(["-e", "features", "-i", "muhr-protocol"])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(tree.status.success(), "{tree:?}");
    let tree = String::from_utf8(tree.stdout).unwrap();
    assert!(tree.contains("muhr-protocol feature \"codec\""), "{tree}");
    assert!(!tree.contains("planted"), "{tree}");
}

#[test]
fn every_planted_bug_has_its_row() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap()).join("..");
    let text = fs::read_to_string(root.join("docs/safety.md")).unwrap();
    for bug in Bug::ALL {
        let row = format!("| `{}` | {} |", bug.name(), bug.what());
        assert!(text.contains(&row), "run `make planted`: no row for {row}");
    }
}
