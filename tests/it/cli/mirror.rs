//! A mirror that is lied to, killed amid its work, or spoilt: it is right, or it is an older one.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tests::{
    args,
    cluster::{Cluster, binary, muhr},
    liar::{
        Liar, Lie,
        lies::{Change, How},
    },
};

/// Renames of one mirroring, more than there are.
const RENAMES_MAX: u32 = 60;

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("M-{number}");
    let command = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

/// All files of a folder with their bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut ahead = vec![folder.to_owned()];
    while let Some(folder) = ahead.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                ahead.push(path);
            } else {
                let bytes = fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

struct Desk {
    cluster: Cluster,
    trust: String,
}

impl Desk {
    fn mirror(&self, url: &str, folder: &Path) -> i32 {
        let folder = folder.to_str().unwrap();
        muhr(&["log", "mirror", url, folder, "--trust", &self.trust]).code
    }

    /// The size up to which a mirror holds.
    fn audited(&self, folder: &Path) -> u64 {
        let folder = folder.to_str().unwrap();
        let audited = muhr(&["--json", "audit", folder, "--trust", &self.trust]).expect(0);
        audited.json()["size"].as_u64().unwrap()
    }
}

fn desk() -> Desk {
    let cluster = Cluster::start(0);
    let trust = cluster.trust().to_str().unwrap().to_owned();
    Desk { cluster, trust }
}

#[test]
fn nothing_of_a_liar_is_kept_and_what_is_spoilt_is_mended() {
    let desk = desk();
    let url = desk.cluster.url("kadastr");
    // More than a full bundle, of which a mirror keeps its own copy.
    let rows: Vec<String> = (0..260).map(|row| format!("B-{row},1\n")).collect();
    desk.cluster
        .document("t.csv", &format!("number,area\n{}", rows.concat()));
    let bulk = args!("anchor bulk t.csv --record number --registry qurilish.permits --out o");
    let _done = desk.cluster.clerk("qurilish", &bulk).expect(0);
    let folder = desk.cluster.path().join("mirror");
    let liar = Liar::before(&url);
    assert_eq!(
        desk.mirror(&liar.url, &desk.cluster.path().join("honest")),
        0
    );
    let (seen, _) = liar.seen();
    let bundles = seen
        .iter()
        .enumerate()
        .filter(|(_, asked)| asked.kind.contains("/tile/entries"));
    for (at, asked) in bundles {
        for how in [
            How::Flip(500, 1),
            How::Flip(999, 4),
            How::Cut(500),
            How::Line(3, Change::Near),
        ] {
            liar.tell(Some(Lie {
                at,
                kind: asked.kind.clone(),
                how: how.clone(),
            }));
            assert_eq!(desk.mirror(&liar.url, &folder), 14, "{how:?}");
            assert_eq!(files(&folder), [], "{how:?}: something was kept");
        }
    }
    liar.tell(None);
    assert_eq!(desk.mirror(&liar.url, &folder), 0);
    let whole = files(&folder);
    assert!(whole.len() > 4, "{whole:?}");
    // A disk spoils each file in turn.
    for (path, bytes) in &whole {
        let mut spoilt = bytes.clone();
        // Of the checkpoint, a letter of its root.
        let at = if path.ends_with("checkpoint") {
            32
        } else {
            spoilt.len() / 2
        };
        spoilt[at] ^= 1;
        fs::write(path, spoilt).unwrap();
        if path.ends_with("checkpoint") {
            assert_eq!(
                desk.mirror(&url, &folder),
                14,
                "a checkpoint that does not hold is said"
            );
            fs::write(path, bytes).unwrap();
        } else {
            assert_eq!(desk.mirror(&url, &folder), 0, "{}", path.display());
        }
        let now = files(&folder);
        let now = now.iter().filter(|(path, _)| !path.ends_with("checkpoint"));
        let then = whole
            .iter()
            .filter(|(path, _)| !path.ends_with("checkpoint"));
        assert!(now.eq(then), "{}", path.display());
    }
}

#[test]
fn a_mirroring_that_is_killed_at_any_step_leaves_what_holds() {
    let Some(strace) = tests::require::require("strace") else {
        return;
    };
    let desk = desk();
    let url = desk.cluster.url("kadastr");
    let (before, folder) = (
        desk.cluster.path().join("before"),
        desk.cluster.path().join("m"),
    );
    anchor(&desk.cluster, 1);
    assert_eq!(desk.mirror(&url, &before), 0);
    let old = desk.audited(&before);
    for number in 2..5 {
        anchor(&desk.cluster, number);
    }
    let mut was_killed = 0_u32;
    #[allow(
        clippy::explicit_counter_loop,
        reason = "kills are counted, steps are numbers"
    )]
    for step in 1..=RENAMES_MAX {
        let _none = fs::remove_dir_all(&folder);
        for (path, bytes) in files(&before) {
            let to = folder.join(path.strip_prefix(&before).unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, bytes).unwrap();
        }
        let inject = format!("inject=rename,renameat,renameat2:signal=SIGKILL:when={step}");
        let done = Command::new(&strace)
            .args([
                "-f",
                "-qq",
                "-o",
                "/dev/null",
                "-e",
                "trace=rename,renameat,renameat2",
                "-e",
                &inject,
            ])
            .arg(binary("muhr"))
            .args([
                "log",
                "mirror",
                &url,
                folder.to_str().unwrap(),
                "--trust",
                &desk.trust,
            ])
            .env_clear()
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .unwrap();
        let now = desk.audited(&folder);
        if done.success() {
            assert!(now > old && was_killed >= 4, "{was_killed} kills");
            return;
        }
        was_killed += 1;
        assert!(now >= old, "step {step}: {now} after {old}");
        assert_eq!(desk.mirror(&url, &folder), 0, "step {step}");
        let left = files(&folder)
            .into_iter()
            .filter(|(path, _)| path.to_string_lossy().contains("/.new/"));
        assert_eq!(left.count(), 0, "step {step}");
    }
    panic!("more than {RENAMES_MAX} renames");
}
