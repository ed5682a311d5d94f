//! Servers of others on loopback: started by a program of theirs, in a folder of ours, ended by their ids.

use std::{
    fs::{self, File},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Servers that belong together. They end, and their folder goes, when this does.
pub(super) struct Servers {
    /// Its name, as the driver has it.
    pub(super) system: &'static str,
    /// Where the driver reaches them.
    pub(super) addresses: String,
    /// The last that was started ends first.
    pub(super) running: Vec<Child>,
    pub(super) folder: TempDir,
}

impl Servers {
    pub(super) fn pids(&self) -> impl Iterator<Item = u32> {
        self.running.iter().map(Child::id)
    }

    /// Starts a server that writes its log into the folder.
    pub(super) fn start(&mut self, name: &str, command: &mut Command) {
        let log = File::create(self.folder.path().join(format!("{name}.log"))).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn();
        self.running.push(child.unwrap());
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        if thread::panicking() {
            self.show_logs();
        }
        for child in self.running.iter_mut().rev() {
            // To both, an interrupt says: end now, and in order.
            let _ended = kill_process(Pid::from_child(child), Signal::INT);
            let _ended = child.wait();
        }
    }
}

impl Servers {
    fn show_logs(&self) {
        let entries = fs::read_dir(self.folder.path()).into_iter().flatten();
        let paths = entries.flatten().map(|entry| entry.path());
        for path in paths.filter(|path| path.extension().is_some_and(|end| end == "log")) {
            let log = fs::read_to_string(&path).unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = &lines[lines.len().saturating_sub(5)..];
            eprintln!("--- last lines of {}:\n{}", path.display(), tail.join("\n"));
        }
    }
}

/// A program in one of these folders; nothing is left out in silence because one is missing.
pub(super) fn program(name: &str, folders: &[PathBuf]) -> PathBuf {
    let found = folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is missing: deploy/peers-tools.sh installs it"))
}

/// What a program says of its version, in its first line.
pub(super) fn version(program: &Path) -> String {
    let output = Command::new(program).arg("--version").output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    text.lines().next().unwrap_or_default().to_owned()
}

/// Ports of loopback that nothing listens on, all others of one another.
pub(super) fn ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    listeners.map(|listener| listener.local_addr().unwrap().port())
}
