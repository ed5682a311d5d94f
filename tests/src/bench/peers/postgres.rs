//! PostgreSQL, as Debian ships it: a primary and one standby that must have each commit on its disk, too.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::{Path, PathBuf},
    process::Command,
};

use tests::cluster::wait_until;

use super::server::{self, Servers};

/// Debian's user for the server, which refuses to run as root.
const USER: &str = "postgres";

/// Where Debian keeps each version's programs; the newest first.
fn folders() -> Vec<PathBuf> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.reverse();
    folders
}

/// Its version, as it says itself.
pub(super) fn version() -> String {
    server::version(&server::program(USER, &folders()))
}

/// A program of the server, by a user who is not root.
fn command(program: &str) -> Command {
    let path = server::program(program, &folders());
    if !rustix::process::geteuid().is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid", USER, "--regid", USER, "--clear-groups"])
        .arg(path);
    // Root's own folder is not for others.
    command.current_dir("/");
    command
}

/// The numbers of Debian's user and its group, from the list of users.
fn user() -> (u32, u32) {
    let users = fs::read_to_string("/etc/passwd").unwrap();
    let line = users
        .lines()
        .find_map(|line| line.strip_prefix(&format!("{USER}:")));
    let line = line.expect("there is no user postgres: deploy/peers-tools.sh installs it");
    let mut fields = line.split(':').skip(1).map(|field| field.parse().unwrap());
    (fields.next().unwrap(), fields.next().unwrap())
}

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A server on a folder and port of ours, with sync on everywhere; the rest are its defaults.
fn server(data: &Path, port: u16) -> Command {
    let mut command = command("postgres");
    command.arg("-D").arg(data);
    for setting in [
        "listen_addresses=127.0.0.1",
        &format!("port={port}"),
        "unix_socket_directories=",
        "fsync=on",
        "synchronous_commit=on",
        "max_connections=100",
    ] {
        command.args(["-c", setting]);
    }
    command
}

/// Starts the primary and its standby, and waits until commits wait for the standby.
pub(super) fn start() -> Servers {
    let [primary, standby] = server::ports();
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("data");
    fs::create_dir(&inner).unwrap();
    if rustix::process::geteuid().is_root() {
        let (user, group) = user();
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o711)).unwrap();
        chown(&inner, Some(user), Some(group)).unwrap();
    }
    let data = |name: &str| inner.join(name);
    let mut servers = Servers {
        system: "postgres",
        addresses: format!("host=127.0.0.1 port={primary} user={USER} dbname=postgres"),
        running: Vec::new(),
        folder,
    };
    let mut init = command("initdb");
    init.args([
        "--username",
        USER,
        "--auth",
        "trust",
        "--encoding",
        "UTF8",
        "--no-locale",
        "-D",
    ]);
    let _made = run(init.arg(data("primary")));
    let mut first = server(&data("primary"), primary);
    first.args(["-c", "synchronous_standby_names=standby"]);
    servers.start("primary", &mut first);
    let ask = |program: &str| {
        let mut asking = command(program);
        asking.args(["-h", "127.0.0.1", "-p", &primary.to_string(), "-U", USER]);
        asking
    };
    wait_until("the primary answers", || {
        ask("pg_isready").output().unwrap().status.success()
    });
    let mut copy = ask("pg_basebackup");
    copy.args(["--checkpoint", "fast", "--write-recovery-conf", "-D"]);
    let _copied = run(copy.arg(data("standby")));
    let mut second = server(&data("standby"), standby);
    let source = format!("host=127.0.0.1 port={primary} user={USER} application_name=standby");
    second.args(["-c", &format!("primary_conninfo={source}")]);
    servers.start("standby", &mut second);
    wait_until("commits wait for the standby", || {
        let state = "SELECT sync_state FROM pg_stat_replication";
        run(ask("psql").args(["-tAc", state])) == "sync"
    });
    servers
}
