//! A disk that fills up: whoever it belongs to stops with a sentence, and goes on once there is room.
//!
//! The disks are small file systems in memory. Only root may mount them; for others there is a line
//! that says what was not checked, and with `MUHR_REQUIRE_ALL=1` the tests fail.

use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    args,
    cluster::{Cluster, wait_until},
    require::{require, require_that},
};

/// A file system of its own, unmounted at the end whatever happens.
pub(super) struct Disk(PathBuf);

impl Disk {
    /// Mounts one of `size` at a folder; none if this user may not, and then that is said.
    ///
    /// # Panics
    /// If it may not, and everything is to be checked.
    pub(super) fn mount(at: &Path, size: &str) -> Option<Self> {
        fs::create_dir_all(at).unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(at)
            .output()
            .unwrap();
        let reason = String::from_utf8_lossy(&mounted.stderr);
        let what = format!("the right to mount a disk ({})", reason.trim());
        require_that(mounted.status.success(), &what).then(|| Self(at.to_owned()))
    }

    pub(super) fn resize(&self, size: &str) {
        let options = format!("remount,size={size}");
        let done = Command::new("mount")
            .args(["-o", &options])
            .arg(&self.0)
            .status();
        assert!(done.unwrap().success());
    }

    pub(super) fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Somebody else's file takes all the room that is left.
    pub(super) fn fill(&self) {
        let mut file = File::options()
            .create(true)
            .append(true)
            .open(self.filler())
            .unwrap();
        let mut chunk = vec![b'x'; 1 << 20];
        while !chunk.is_empty() {
            if file.write_all(&chunk).is_err() {
                chunk.truncate(chunk.len() / 2);
            }
        }
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily: a node that still runs has files open here.
        let done = Command::new("umount").arg("-l").arg(&self.0).status();
        if !done.is_ok_and(|status| status.success()) {
            eprintln!("{} is still mounted", self.0.display());
        }
    }
}

/// Without the right to mount, the same tests say so, and fail where everything is to be checked.
#[test]
fn a_disk_that_cannot_be_mounted_is_no_success_where_all_is_asked_for() {
    let Some(setpriv) = require("setpriv") else {
        return;
    };
    let run = |all: &str| {
        Command::new(&setpriv)
            .args(["--bounding-set=-sys_admin", "--inh-caps=-sys_admin"])
            .arg(std::env::current_exe().unwrap())
            .args(["network::disk::a_clerk_with_a_full_disk_sends_nothing_and_loses_nothing"])
            .args(["--exact", "--nocapture"])
            .env("MUHR_REQUIRE_ALL", all)
            .output()
            .unwrap()
    };
    let said = "the right to mount a disk";
    let (asked, not_asked) = (run("1"), run("0"));
    let words = |ran: &std::process::Output| {
        [&ran.stdout[..], &ran.stderr]
            .map(|text| String::from_utf8_lossy(text).into_owned())
            .concat()
    };
    assert!(!asked.status.success(), "{}", words(&asked));
    assert!(words(&asked).contains(said), "{}", words(&asked));
    assert!(not_asked.status.success(), "{}", words(&not_asked));
    let line = format!("not checked: {said}");
    assert!(words(&not_asked).contains(&line), "{}", words(&not_asked));
}

fn anchor(cluster: &Cluster, record: &str, code: i32) -> String {
    let document = cluster.document(&format!("{record}.txt"), record);
    let arguments = args!("anchor {document} --registry qurilish.permits --record {record}");
    cluster.clerk("qurilish", &arguments).expect(code).stderr
}

fn height(cluster: &Cluster, name: &str) -> Option<u64> {
    cluster.status(name)?["height"].as_u64()
}

/// Many entries at once, through the node of an agency with room.
fn anchor_many(cluster: &Cluster, name: &str) {
    let mut table = "number,text\n".to_owned();
    for row in 0..500 {
        table += &format!("{name}-{row},{}\n", "x".repeat(300));
    }
    let table = cluster.document(&format!("{name}.csv"), &table);
    let command =
        args!("anchor bulk {table} --record number --registry qurilish.permits --out {name}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

/// Moves the data of a node that does not run to a disk of its own.
fn move_to_disk(cluster: &Cluster, name: &str, size: &str) -> Option<Disk> {
    let data = cluster.dir(name).join("data");
    let aside = cluster.path().join("aside");
    fs::rename(&data, &aside).unwrap();
    let disk = Disk::mount(&data, size)?;
    let copied = Command::new("cp")
        .args(["-a", "--sparse=never", "."])
        .arg(&data)
        .current_dir(&aside)
        .status();
    assert!(copied.unwrap().success());
    Some(disk)
}

/// The node ends by itself, and its last words name the disk.
fn assert_stops_for_want_of_room(cluster: &mut Cluster, name: &str) {
    wait_until("the node stops", || cluster.exit_code(name).is_some());
    assert_eq!(cluster.exit_code(name), Some(1));
    let log = cluster.log(name);
    let last = log.lines().last().unwrap();
    println!("{last}");
    assert!(last.starts_with("muhr-node: "), "{last}");
    for said in [
        "No space left on device",
        "its disk has room",
        "soliq/data/",
    ] {
        assert!(last.contains(said), "{last}");
    }
}

#[test]
fn a_validator_with_a_full_disk_stops_and_catches_up_once_there_is_room() {
    let mut cluster = Cluster::start(0);
    cluster.kill("soliq");
    let Some(disk) = move_to_disk(&cluster, "soliq", "96m") else {
        return;
    };
    cluster.start_node("soliq");
    wait_until("it reaches the others", || {
        let status = cluster.status("soliq");
        status.is_some_and(|status| status["reached"] == 4)
    });
    for number in 0..5 {
        anchor(&cluster, &format!("D-0-{number}"), 0);
    }
    wait_until("the validator on the small disk keeps up", || {
        height(&cluster, "soliq") == height(&cluster, "qurilish")
    });
    disk.fill();
    // The database has set some room aside; until that is used up, everything goes on.
    let mut number = 0;
    while cluster.is_alive("soliq") {
        number += 1;
        assert!(number <= 100, "50,000 entries found room on a full disk");
        anchor_many(&cluster, &format!("fill-{number}"));
    }
    println!("stopped after {number} tables");
    assert_stops_for_want_of_room(&mut cluster, "soliq");
    // The others go on, and say who is missing.
    anchor(&cluster, "D-1", 0);
    let status = cluster.status("qurilish").unwrap();
    assert_eq!(status["missing"], serde_json::json!(["soliq"]));
    // Started again without more room it stops again, and says the same.
    disk.fill();
    cluster.start_node("soliq");
    assert_stops_for_want_of_room(&mut cluster, "soliq");
    anchor(&cluster, "D-2", 0);
    disk.resize("512m");
    cluster.start_node("soliq");
    wait_until("the validator with room catches up", || {
        height(&cluster, "soliq").is_some()
            && height(&cluster, "soliq") == height(&cluster, "qurilish")
    });
    // It votes again: now another one may be away.
    cluster.kill("kadastr");
    anchor(&cluster, "D-3", 0);
    for name in ["adliya", "qurilish", "soliq"] {
        assert!(!cluster.log(name).contains("evidence"), "{name} saw a lie");
        let _checked = cluster
            .clerk("qurilish", &["audit", &cluster.url(name)])
            .expect(0);
    }
}

#[test]
fn a_clerk_with_a_full_disk_sends_nothing_and_loses_nothing() {
    let cluster = Cluster::start(0);
    let Some(disk) = Disk::mount(&cluster.path().join("desk"), "256k") else {
        return;
    };
    cluster.document("desk/C-1.txt", "a document");
    disk.fill();
    let arguments = ["anchor", "desk/C-1.txt", "--record", "C-1"];
    let registry = ["--registry", "qurilish.permits"];
    let arguments = [&arguments[..], &registry].concat();
    let failed = cluster.clerk("qurilish", &arguments).expect(1);
    assert!(
        failed.stderr.contains("No space left on device"),
        "{}",
        failed.stderr
    );
    let history = [&["history", "C-1"], &registry[..]].concat();
    let _absent = cluster.clerk("qurilish", &history).expect(10);
    fs::remove_file(disk.filler()).unwrap();
    let _done = cluster.clerk("qurilish", &arguments).expect(0);
    let _there = cluster.clerk("qurilish", &history).expect(0);
}
