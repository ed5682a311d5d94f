//! Four agencies as four processes on loopback, made and asked by the same commands that people use.
//!
//! Only processes that a cluster started are ended, by their handles. Waiting is asking again, with a
//! bound on the times.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs::{self, File},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use protocol::{
    keyfile::KeyFile,
    sign_state::{COSIGN_FILE, SAFETY_FILE, file_of},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::args;

/// The agencies of every cluster.
pub const AGENCIES: [&str; 4] = ["adliya", "kadastr", "qurilish", "soliq"];
/// How often a condition is asked for before the test fails, ten times a second.
const TRIES: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// Copies the files of a folder and of those in it.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy_folder(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// Where `make build` leaves a binary; tests are run by `make test`, which builds first.
#[must_use]
pub fn binary(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here
        .ancestors()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    path.unwrap_or_else(|| panic!("{name} is not built; run `make build` first"))
}

/// What a command did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its data.
    pub stdout: String,
    /// Its messages.
    pub stderr: String,
}

impl Ran {
    /// Its data as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// Fails unless the exit code is `code`.
    #[must_use]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}\n{}", self.stdout, self.stderr);
        self
    }
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs `muhr` without any network.
pub fn muhr(arguments: &[impl AsRef<OsStr>]) -> Ran {
    let output = Command::new(binary("muhr"))
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output();
    output.unwrap().into()
}

/// The same command where no file may become longer than so many blocks of 512 bytes: writing more fails, as it
/// does on a full disk.
#[must_use]
pub fn short_of_room(command: &Command, blocks: u32) -> Command {
    let mut short = Command::new("/bin/sh");
    let limited = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    short.arg("-c").arg(limited).arg(command.get_program());
    short
        .args(command.get_args())
        .env_clear()
        .stdin(Stdio::null());
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            short.env(name, value);
        }
    }
    if let Some(folder) = command.get_current_dir() {
        short.current_dir(folder);
    }
    short
}

/// Asks until `condition` holds, six hundred times and so for a minute at the least.
pub fn wait_until(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..TRIES {
        if condition() {
            return;
        }
        thread::sleep(PAUSE);
    }
    panic!("not within {TRIES} questions: {what}");
}

/// Sends a signal to a process that the caller started: `STOP` freezes it, `CONT` lets it go on.
pub fn send_signal(pid: u32, signal: &str) {
    let mut kill = Command::new("kill");
    kill.args(["-s", signal, &pid.to_string()]);
    assert!(kill.status().unwrap().success());
}

/// Asks until `condition` holds, where the product says within what.
pub fn wait_within(within: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < within, "not within {within:?}: {what}");
        thread::sleep(PAUSE);
    }
}

/// A network of real processes in a folder of its own.
#[derive(Debug)]
pub struct Cluster {
    folder: TempDir,
    /// Those that run validators.
    agencies: Vec<String>,
    nodes: Vec<(String, Option<Child>)>,
    /// Words before the commands of nodes that run under other conditions than the rest.
    under: BTreeMap<String, Vec<String>>,
}

impl Cluster {
    /// Creates a network with `observers` and starts all its nodes.
    #[must_use]
    pub fn start(observers: u8) -> Self {
        let mut cluster = Self::create(observers);
        cluster.start_all();
        cluster
    }

    /// Creates a network with `observers`, none of whose nodes runs.
    #[must_use]
    pub fn create(observers: u8) -> Self {
        Self::create_with(observers, &[])
    }

    /// The same, with more said to `muhr network create`.
    #[must_use]
    pub fn create_with(observers: u8, more: &[&str]) -> Self {
        Self::create_of(&AGENCIES, observers, more)
    }

    /// The same of other agencies.
    #[must_use]
    pub fn create_of(agencies: &[&str], observers: u8, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let net = folder.path().join("net");
        let mut create = args!(
            "network create --agencies {} --origin registry.example.uz/test/1 --dir '{}' --observers {observers}",
            agencies.join(","),
            net.display()
        );
        create.extend(more.iter().map(ToString::to_string));
        let _created = muhr(&create).expect(0);
        let names = agencies
            .iter()
            .map(ToString::to_string)
            .chain((1..=observers).map(|number| format!("observer-{number}")));
        Self {
            folder,
            nodes: names.map(|name| (name, None)).collect(),
            agencies: agencies.iter().map(ToString::to_string).collect(),
            under: BTreeMap::new(),
        }
    }

    /// Starts all nodes of a network that is new.
    pub fn start_all(&mut self) {
        for name in self.names() {
            self.start_node(&name);
        }
        let all = self.agencies.len();
        for name in &self.agencies {
            wait_until("all validators reach one another", || {
                self.status(name)
                    .is_some_and(|status| status["reached"] == all && status["published"] == 2)
            });
        }
    }

    /// From its next start on, a node runs under `words`: a program that ends by becoming the node.
    /// None are the ordinary conditions.
    pub fn run_under(&mut self, name: &str, words: &[&str]) {
        let words = words.iter().map(ToString::to_string).collect();
        self.under.insert(name.to_owned(), words);
    }

    /// From its next start on, a node may have `count` files and connections open at once, and no more.
    pub fn limit_files(&mut self, name: &str, count: u32) {
        let limited = format!("ulimit -n {count}; exec \"$0\" \"$@\"");
        self.run_under(name, &["/bin/sh", "-c", &limited]);
    }

    /// From its next start on, a node runs as `docs/operators.md` says: its allocator gives memory back,
    /// and it may have `count` files and connections open at once.
    pub fn run_as_advised(&mut self, name: &str, count: u32) {
        let advised = format!(
            "export MALLOC_ARENA_MAX=2 MALLOC_TRIM_THRESHOLD_=131072 MALLOC_MMAP_THRESHOLD_=131072; ulimit -n {count}; exec \"$0\" \"$@\""
        );
        self.run_under(name, &["/bin/sh", "-c", &advised]);
    }

    /// Knows of another folder, which a test has made beside the network's.
    pub fn add_node(&mut self, name: &str) {
        self.nodes.push((name.to_owned(), None));
    }

    /// Those that run validators.
    #[must_use]
    pub fn validators(&self) -> &[String] {
        &self.agencies
    }

    /// From its next start on, a node finds a peer at another address.
    pub fn move_peer(&mut self, name: &str, peer: &str, address: SocketAddr) {
        let path = self.dir(name).join("node.toml");
        let toml = fs::read_to_string(&path).unwrap();
        let old = format!("\n{peer} = \"{}\"\n", self.p2p(peer));
        assert!(toml.contains(&old), "{toml}");
        fs::write(
            path,
            toml.replace(&old, &format!("\n{peer} = \"{address}\"\n")),
        )
        .unwrap();
    }

    fn names(&self) -> Vec<String> {
        self.nodes.iter().map(|(name, _)| name.clone()).collect()
    }

    /// The folder of the test.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The folder of a node.
    #[must_use]
    pub fn dir(&self, name: &str) -> PathBuf {
        self.path().join("net").join(name)
    }

    /// Where what a key of a node has signed lies, by the key's purpose: the safety record of `vote`, the
    /// cosign state of `cosign`, and of an observer of `peer`.
    #[must_use]
    pub fn sign_state(&self, name: &str, purpose: &str) -> PathBuf {
        let key = fs::read(self.dir(name).join(format!("keys/{purpose}.key"))).unwrap();
        let key = KeyFile::parse(&key).unwrap().secret.public();
        let kind = if purpose == "vote" {
            SAFETY_FILE
        } else {
            COSIGN_FILE
        };
        self.dir(name).join("data").join(file_of(kind, &key))
    }

    /// The trust file.
    #[must_use]
    pub fn trust(&self) -> PathBuf {
        self.path().join("net/trust.policy")
    }

    /// The address of a node.
    #[must_use]
    pub fn url(&self, name: &str) -> String {
        format!("http://{}", self.setting(name, "http"))
    }

    /// A setting of a node, as its `node.toml` has it.
    #[must_use]
    pub fn setting(&self, name: &str, key: &str) -> String {
        let toml = fs::read_to_string(self.dir(name).join("node.toml")).unwrap();
        let line = toml
            .lines()
            .find_map(|line| line.strip_prefix(&format!("{key} = \"")))
            .unwrap();
        line.trim_end_matches('"').to_owned()
    }

    /// Starts a node that does not run.
    pub fn start_node(&mut self, name: &str) {
        self.start_node_with(name, &[]);
    }

    /// The same, and its operator declares lost what is missing of its sign state.
    pub fn start_node_that_lost(&mut self, name: &str) {
        self.start_node_with(name, &["--sign-state-lost"]);
    }

    fn start_node_with(&mut self, name: &str, more: &[&str]) {
        let dir = self.dir(name);
        let log = File::options()
            .create(true)
            .append(true)
            .open(dir.join("log"))
            .unwrap();
        let node = binary("muhr-node").into_os_string();
        let under = self.under.get(name).cloned().unwrap_or_default();
        let mut words = under.into_iter().map(Into::into).chain([node]);
        let child = Command::new(words.next().unwrap())
            .args(words)
            .args(["run", "--dir"])
            .arg(&dir)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.slot(name).replace(child);
    }

    fn slot(&mut self, name: &str) -> &mut Option<Child> {
        &mut self
            .nodes
            .iter_mut()
            .find(|(node, _)| node == name)
            .unwrap()
            .1
    }

    /// Kills a node as a loss of power would: without a word.
    pub fn kill(&mut self, name: &str) {
        if let Some(mut child) = self.slot(name).take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// The process id of a running node.
    #[must_use]
    pub fn pid(&self, name: &str) -> Option<u32> {
        self.nodes
            .iter()
            .find(|(node, _)| node == name)
            .and_then(|(_, child)| child.as_ref())
            .map(Child::id)
    }

    /// Whether the process of a node that was started still runs.
    pub fn is_alive(&mut self, name: &str) -> bool {
        let child = self.slot(name).as_mut();
        child.is_some_and(|child| child.try_wait().unwrap().is_none())
    }

    /// The exit code of a node that was started and has ended by itself.
    pub fn exit_code(&mut self, name: &str) -> Option<i32> {
        let ended = self.slot(name).as_mut()?.try_wait().unwrap();
        ended.map(|status| status.code().unwrap_or(-1))
    }

    /// Memory that the process of a running node has in use now, in bytes.
    #[must_use]
    pub fn resident_bytes(&self, name: &str) -> u64 {
        let pid = self.pid(name).unwrap();
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kilobytes = line.and_then(|line| line.split_whitespace().next());
        kilobytes.unwrap().parse::<u64>().unwrap() * 1024
    }

    /// Sends a signal to a running node: `STOP` freezes it, `CONT` lets it go on.
    pub fn signal(&self, name: &str, signal: &str) {
        send_signal(self.pid(name).unwrap(), signal);
    }

    /// What a node has written to its log so far.
    #[must_use]
    pub fn log(&self, name: &str) -> String {
        fs::read_to_string(self.dir(name).join("log")).unwrap()
    }

    /// Where a node listens for its peers.
    #[must_use]
    pub fn p2p(&self, name: &str) -> SocketAddr {
        self.setting(name, "p2p").parse().unwrap()
    }

    /// How a node says it is doing, if it answers.
    #[must_use]
    pub fn status(&self, name: &str) -> Option<Value> {
        let ran = muhr(&["--json", "network", "status", "--node", &self.url(name)]);
        (ran.code == 0).then(|| ran.json())
    }

    /// Runs `muhr` at the desk of the clerk of `agency`, with that agency's node.
    pub fn clerk(&self, agency: &str, arguments: &[impl AsRef<OsStr>]) -> Ran {
        self.clerk_at(agency, agency, arguments)
    }

    /// Runs `muhr` at the desk of the clerk of `agency`, with another agency's node.
    pub fn clerk_at(&self, agency: &str, node: &str, arguments: &[impl AsRef<OsStr>]) -> Ran {
        let mut command = self.clerk_command(agency, node, arguments);
        command.output().unwrap().into()
    }

    /// The same, not run yet: for a test that ends it before its time.
    #[must_use]
    pub fn clerk_command(
        &self,
        agency: &str,
        node: &str,
        arguments: &[impl AsRef<OsStr>],
    ) -> Command {
        let mut command = Command::new(binary("muhr"));
        command
            .args(arguments)
            .env_clear()
            .stdin(Stdio::null())
            .current_dir(self.path());
        command
            .env("MUHR_NODE", self.url(node))
            .env("MUHR_TRUST", self.trust())
            .env("MUHR_KEY", self.dir(agency).join("keys/clerk.key"));
        command
    }

    /// Anchors a document of its own under the number `record` in the agency's registry of permits, and
    /// gives the place of its receipt.
    pub fn anchor(&self, agency: &str, record: &str) -> String {
        let document = self.document(&format!("{record}.txt"), record);
        let anchor = args!("anchor {document} --registry {agency}.permits --record {record}");
        let _done = self.clerk(agency, &anchor).expect(0);
        let receipt = self.path().join(format!("{document}.receipt"));
        receipt.to_str().unwrap().to_owned()
    }

    /// Writes a document and gives its name back.
    pub fn document(&self, name: &str, content: &str) -> String {
        fs::write(self.path().join(name), content).unwrap();
        name.to_owned()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for (name, child) in &mut self.nodes {
            if let Some(mut child) = child.take() {
                let _ended = child.kill();
                let _ended = child.wait();
            }
            if thread::panicking()
                && let Ok(log) =
                    fs::read_to_string(self.folder.path().join("net").join(&*name).join("log"))
            {
                let tail: Vec<&str> = log.lines().rev().take(15).collect();
                eprintln!(
                    "--- last lines of {name}:\n{}",
                    tail.into_iter().rev().collect::<Vec<_>>().join("\n")
                );
            }
        }
    }
}
