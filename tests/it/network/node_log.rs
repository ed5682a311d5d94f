//! A log that cannot be written: its reader is gone, its disk is full, or nobody empties its pipe. No
//! node may notice more than that lines are missing, and one that must end ends.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use tests::{
    cluster::{AGENCIES, Cluster, binary, wait_until},
    require::require,
};

use super::disk::Disk;

/// Becomes the node with stderr to where `redirection` says.
fn to(redirection: &str) -> [String; 4] {
    let script = format!("exec \"$@\" 2{redirection}");
    ["sh", "-c", &script, "sh"].map(ToOwned::to_owned)
}

fn run_to(cluster: &mut Cluster, name: &str, redirection: &str, before: &[&str]) {
    let shell = to(redirection);
    let mut words: Vec<&str> = shell.iter().map(String::as_str).collect();
    words.extend(before);
    cluster.run_under(name, &words);
}

fn fifo(at: &Path) -> PathBuf {
    let made = Command::new("mkfifo").arg(at).status();
    assert!(made.unwrap().success());
    at.to_owned()
}

fn lost(cluster: &Cluster, name: &str) -> u64 {
    let page = ureq::get(format!("{}/metrics", cluster.url(name))).call();
    let page = page.unwrap().body_mut().read_to_string().unwrap();
    let line = page
        .lines()
        .find_map(|line| line.strip_prefix("muhr_log_lines_lost_total "));
    line.unwrap().parse().unwrap()
}

/// Reads a pipe line by line until told to stop, as whatever collects logs does.
struct Reader {
    stop: Arc<AtomicBool>,
    work: thread::JoinHandle<Vec<String>>,
}

impl Reader {
    fn start(pipe: &Path) -> Self {
        let (pipe, stop) = (pipe.to_owned(), Arc::new(AtomicBool::new(false)));
        let stopped = Arc::clone(&stop);
        let work = thread::spawn(move || {
            let mut lines = Vec::new();
            for line in BufReader::new(File::open(pipe).unwrap()).lines() {
                lines.push(line.unwrap());
                if stopped.load(Ordering::Relaxed) {
                    break;
                }
            }
            lines
        });
        Self { stop, work }
    }

    /// Closes the pipe after the next line, and gives back what was read.
    fn close(self) -> Vec<String> {
        self.stop.store(true, Ordering::Relaxed);
        self.work.join().unwrap()
    }
}

fn ends_with(cluster: &mut Cluster, name: &str, code: i32) {
    wait_until("the node ends", || cluster.exit_code(name).is_some());
    assert_eq!(cluster.exit_code(name), Some(code), "{name}");
}

#[test]
fn a_network_whose_logs_cannot_be_written_goes_on_and_says_later_how_much_is_missing() {
    let mut cluster = Cluster::create(0);
    let pipe = fifo(&cluster.path().join("closed"));
    let unread = fifo(&cluster.path().join("unread"));
    run_to(&mut cluster, "adliya", ">/dev/full", &[]);
    run_to(
        &mut cluster,
        "kadastr",
        &format!(">{}", pipe.display()),
        &[],
    );
    // Opened in both directions: there is a reader, and it reads nothing.
    let unread = format!("<>{}", unread.display());
    run_to(
        &mut cluster,
        "qurilish",
        &unread,
        &["env", "MUHR_LOG=trace"],
    );
    let reader = Reader::start(&pipe);
    cluster.start_all();
    let _receipt = cluster.anchor("adliya", "L-1");
    assert!(lost(&cluster, "adliya") > 0);
    let mut number = 0;
    while lost(&cluster, "qurilish") == 0 {
        number += 1;
        assert!(number <= 60, "a pipe that nobody reads is never full");
        let _receipt = cluster.anchor("qurilish", &format!("L-1-{number}"));
    }
    // In mid run the reader goes: with the next line, which says that soliq is gone.
    let closing = {
        reader.stop.store(true, Ordering::Relaxed);
        cluster.kill("soliq");
        reader.close()
    };
    assert!(closing.iter().any(|line| line.contains("\"started\"")));
    cluster.start_node("soliq");
    wait_until("lines are lost", || lost(&cluster, "kadastr") > 0);
    for agency in AGENCIES {
        let _receipt = cluster.anchor(agency, &format!("L-2-{agency}"));
    }
    // A reader is there again: the first line says how many are missing.
    let reader = Reader::start(&pipe);
    cluster.kill("soliq");
    let _receipt = cluster.anchor("kadastr", "L-3");
    wait_until("kadastr misses soliq", || {
        let status = cluster.status("kadastr");
        status.is_some_and(|status| status["missing"] == serde_json::json!(["soliq"]))
    });
    cluster.signal("kadastr", "TERM");
    ends_with(&mut cluster, "kadastr", 0);
    let lines = reader.close();
    let first: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(first["fields"]["event"], "log-lines-lost", "{lines:?}");
    assert!(first["fields"]["count"].as_u64() > Some(0));
    // They end when told to, whatever becomes of their last words.
    for name in ["adliya", "qurilish"] {
        cluster.signal(name, "TERM");
        ends_with(&mut cluster, name, 0);
    }
}

/// The disk of the log fills up while its node runs, and has room again later.
#[test]
fn a_log_disk_that_fills_in_mid_run_costs_lines_and_stops_nobody() {
    let mut cluster = Cluster::create(0);
    let folder = cluster.path().join("logs");
    let Some(disk) = Disk::mount(&folder, "1m") else {
        return;
    };
    let file = folder.join("kadastr");
    run_to(
        &mut cluster,
        "kadastr",
        &format!(">>{}", file.display()),
        &["env", "MUHR_LOG=debug"],
    );
    cluster.start_all();
    let _receipt = cluster.anchor("kadastr", "D-1");
    assert_eq!(lost(&cluster, "kadastr"), 0);
    let read = || String::from_utf8_lossy(&fs::read(&file).unwrap()).into_owned();
    assert!(read().contains("\"started\""));
    disk.fill();
    let mut number = 0;
    while lost(&cluster, "kadastr") == 0 {
        number += 1;
        assert!(number <= 60, "lines find room on a full disk");
        let _receipt = cluster.anchor("kadastr", &format!("D-1-{number}"));
    }
    for agency in AGENCIES {
        let _receipt = cluster.anchor(agency, &format!("D-2-{agency}"));
    }
    assert!(!read().contains("log-lines-lost"));
    let missing = lost(&cluster, "kadastr");
    // Somebody makes room: the first line says how many are missing, and it goes on with a line of its own.
    fs::remove_file(disk.filler()).unwrap();
    wait_until("a line is written again", || {
        let _receipt = cluster.anchor("kadastr", "D-3");
        read().contains("log-lines-lost")
    });
    let text = read();
    let line = text.lines().find(|line| line.contains("log-lines-lost"));
    let line: serde_json::Value = serde_json::from_str(line.unwrap()).unwrap();
    assert!(line["fields"]["count"].as_u64() >= Some(missing), "{line}");
    cluster.signal("kadastr", "TERM");
    ends_with(&mut cluster, "kadastr", 0);
    assert!(read().contains("\"stopped\""));
}

/// The system refuses a sync: a node that cannot say so must end all the same.
#[test]
fn a_fault_that_nobody_can_be_told_of_still_ends_the_node() {
    if require("strace").is_none() {
        return;
    }
    let trace = [
        "strace",
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        "trace=fdatasync",
        "-e",
    ];
    let mut cluster = Cluster::create(0);
    // The folder is made on a good disk, so that the syncs of a start are few.
    cluster.start_all();
    cluster.kill("soliq");
    let inject = "inject=fdatasync:error=EIO:when=40+";
    run_to(
        &mut cluster,
        "soliq",
        ">/dev/full",
        &[&trace[..], &[inject]].concat(),
    );
    cluster.start_node("soliq");
    wait_until("it is back", || {
        cluster.status("soliq").is_some_and(|it| it["reached"] == 4)
    });
    let mut number = 0;
    while cluster.is_alive("soliq") {
        number += 1;
        assert!(number <= 50, "50 blocks on a disk that takes no sync");
        let _receipt = cluster.anchor("adliya", &format!("F-{number}"));
    }
    ends_with(&mut cluster, "soliq", 1);
    // At a start too.
    let inject = "inject=fdatasync:error=EIO";
    run_to(
        &mut cluster,
        "soliq",
        ">/dev/full",
        &[&trace[..], &[inject]].concat(),
    );
    cluster.start_node("soliq");
    wait_until("it ends", || {
        anchor_quietly(&cluster);
        cluster.exit_code("soliq").is_some()
    });
    assert_eq!(cluster.exit_code("soliq"), Some(1));
}

/// A block, so that there is something to sync.
fn anchor_quietly(cluster: &Cluster) {
    static NUMBER: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let _receipt = cluster.anchor("adliya", &format!("G-{number}"));
}

/// With nobody to read its words, the code says what kind of trouble it is.
#[test]
fn a_start_that_fails_has_its_code_though_nobody_reads_its_words() {
    let mut cluster = Cluster::create(0);
    let dir = cluster.dir("soliq");
    fs::rename(dir.join("genesis"), dir.join("aside")).unwrap();
    for redirection in [">/dev/full", ">&-"] {
        run_to(&mut cluster, "soliq", redirection, &[]);
        cluster.start_node("soliq");
        ends_with(&mut cluster, "soliq", 3);
    }
    fs::rename(dir.join("aside"), dir.join("genesis")).unwrap();
    let taken = std::net::TcpListener::bind(cluster.setting("soliq", "http")).unwrap();
    cluster.start_node("soliq");
    ends_with(&mut cluster, "soliq", 1);
    drop(taken);
    // A pipe without a reader from the first word on.
    let mut child = Command::new(binary("muhr-node"))
        .args(["run", "--dir", "nowhere"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    assert_eq!(child.wait().unwrap().code(), Some(3));
    // And words that are no command.
    let mut child = Command::new(binary("muhr-node"))
        .arg("nonsense")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(2), "{said}");
}
