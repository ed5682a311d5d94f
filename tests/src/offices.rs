//! Agencies on machines of their own: each has a network namespace with an address, and a folder that no other
//! sees; what they send one another lies in a mail folder, and nothing else goes between them.
//!
//! Needs root, `unshare`, `nsenter` and `ip`. What is in a namespace ends with whoever holds it open, and that is
//! this process. Not here: what the agencies do.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    cluster::{Ran, binary},
    require, require_that,
};

const TOOLS: [&str; 3] = ["unshare", "nsenter", "ip"];
/// Bridge that joins the offices.
const BRIDGE: &str = "muhr0";

/// Keeps namespaces open for as long as it is kept itself.
#[derive(Debug)]
struct Holder(Child);

impl Holder {
    /// New namespaces in which `script` has run; none if this machine does not give them.
    fn open(namespaces: &[&str], script: &str) -> Option<Self> {
        let mut command = Command::new("unshare");
        command
            .args(namespaces)
            .args(["/bin/sh", "-c"])
            .arg(format!("{script} && echo ready && exec cat"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn().ok()?;
        let mut said = String::new();
        let read = BufReader::new(child.stdout.take()?).read_line(&mut said);
        let holder = Self(child);
        (read.is_ok() && said == "ready\n").then_some(holder)
    }

    fn pid(&self) -> String {
        self.0.id().to_string()
    }

    /// Runs `ip` in the network namespace.
    fn ip(&self, words: &str) {
        let mut command = Command::new("nsenter");
        command.args(["-t", &self.pid(), "--net", "ip"]);
        let output = command.args(words.split(' ')).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "ip {words}: {said}");
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        // Its input ends, and so does it.
        drop(self.0.stdin.take());
        let _ended = self.0.wait();
    }
}

/// One agency's machine.
#[derive(Debug)]
struct Office {
    name: String,
    address: String,
    holder: Holder,
    node: Option<Child>,
}

/// The machines of agencies that found a network.
#[derive(Debug)]
pub struct Offices {
    offices: Vec<Office>,
    /// Dropped behind them.
    _hub: Holder,
    folder: TempDir,
}

impl Offices {
    /// Opens one office for each name; `None` if this machine cannot have them, after a line that says so.
    #[must_use]
    pub fn open(names: &[&str]) -> Option<Self> {
        for tool in TOOLS {
            let _path = require(tool)?;
        }
        let opened = Self::build(names);
        if !require_that(opened.is_some(), "the right to make namespaces (root)") {
            return None;
        }
        opened
    }

    fn build(names: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for part in ["desk", "mail", "offices"] {
            fs::create_dir(root.join(part)).unwrap();
        }
        let bridge = format!(
            "ip link set lo up && ip link add {BRIDGE} type bridge && ip link set {BRIDGE} up"
        );
        let hub = Holder::open(&["--net"], &bridge)?;
        let mut offices = Vec::new();
        for (number, name) in (1..).zip(names) {
            let own = root.join("offices").join(name);
            fs::create_dir(&own).unwrap();
            let (desk, all) = (root.join("desk"), root.join("offices"));
            let hidden = format!(
                "mount --bind '{}' '{}' && mount -t tmpfs none '{}' && ip link set lo up",
                own.display(),
                desk.display(),
                all.display()
            );
            let alone = ["--net", "--mount", "--propagation", "private"];
            let holder = Holder::open(&alone, &hidden)?;
            let (outer, pid) = (format!("office{number}"), holder.pid());
            hub.ip(&format!(
                "link add {outer} type veth peer name eth0 netns {pid}"
            ));
            hub.ip(&format!("link set {outer} master {BRIDGE} up"));
            let address = format!("10.77.1.{number}");
            holder.ip(&format!("addr add {address}/24 dev eth0"));
            holder.ip("link set eth0 up");
            offices.push(Office {
                name: (*name).to_owned(),
                address,
                holder,
                node: None,
            });
        }
        Some(Self {
            offices,
            _hub: hub,
            folder,
        })
    }

    fn office(&self, name: &str) -> &Office {
        let mut offices = self.offices.iter();
        offices.find(|office| office.name == name).unwrap()
    }

    /// Address of an office for the others.
    #[must_use]
    pub fn address(&self, name: &str) -> &str {
        &self.office(name).address
    }

    /// Folder of an office, as this process sees it.
    #[must_use]
    pub fn dir(&self, name: &str) -> PathBuf {
        self.folder.path().join("offices").join(name)
    }

    /// The mail folder. In an office it is `../mail`.
    #[must_use]
    pub fn mail(&self) -> PathBuf {
        self.folder.path().join("mail")
    }

    /// Sends a file of an office to all others.
    pub fn send(&self, name: &str, file: &str) {
        let name_in_mail = Path::new(file).file_name().unwrap();
        let copied = fs::copy(self.dir(name).join(file), self.mail().join(name_in_mail));
        assert!(copied.is_ok(), "{name} has no {file}: {copied:?}");
    }

    /// A program in an office, whose folder it is in; not run yet.
    fn command(&self, name: &str, program: &Path) -> Command {
        let mut command = Command::new("nsenter");
        let desk = self.folder.path().join("desk");
        command
            .args(["-t", &self.office(name).holder.pid(), "--net", "--mount"])
            .args(["/bin/sh", "-c", "cd \"$0\" && exec \"$@\""])
            .arg(desk)
            .arg(program)
            .env_clear()
            .stdin(Stdio::null());
        command
    }

    /// Runs a program in an office.
    pub fn run(&self, name: &str, program: &str, arguments: &[String]) -> Ran {
        let mut command = self.command(name, &binary(program));
        command.args(arguments).output().unwrap().into()
    }

    /// What an office sees in a folder.
    #[must_use]
    pub fn seen(&self, name: &str, folder: &str) -> Vec<String> {
        let mut command = self.command(name, Path::new("ls"));
        let ran = Ran::from(command.arg(folder).output().unwrap()).expect(0);
        ran.stdout.lines().map(ToOwned::to_owned).collect()
    }

    /// Starts the node in the folder `node` of an office; its log is beside it.
    pub fn start_node(&mut self, name: &str) {
        let log = File::create(self.dir(name).join("log")).unwrap();
        let mut command = self.command(name, &binary("muhr-node"));
        command.args(["run", "--dir", "node"]);
        command.stdout(Stdio::null()).stderr(log);
        let node = command.spawn().unwrap();
        let mut offices = self.offices.iter_mut();
        let office = offices.find(|office| office.name == name).unwrap();
        office.node = Some(node);
    }

    /// What the node of an office has written to its log.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir(name).join("log")).unwrap_or_default()
    }
}

impl Drop for Offices {
    fn drop(&mut self) {
        for office in &mut self.offices {
            if let Some(mut node) = office.node.take() {
                let _ended = node.kill();
                let _ended = node.wait();
            }
        }
    }
}
