//! A block counts as stored only when it is synced: seen from the system's side, by the calls that a commit makes.

use std::{env, fs, path::PathBuf, process::Command};

use ledger::{Ledger, execute::BlockParameters};
use protocol::{authentic::Submission, entry::Operation, name::AgencyName};
use tests::{
    require::require,
    world::{agency_secret, entry, genesis},
};

/// One block is stored, between two files that say where in the trace that was. The traced process of the next test
/// is this one, with a folder of its own.
#[test]
fn a_block_is_stored() {
    let own = tempfile::tempdir().unwrap();
    let traced = env::var_os("MUHR_TRACED").map(PathBuf::from);
    let folder = traced.unwrap_or_else(|| own.path().to_owned());
    let genesis = genesis();
    let ledger = Ledger::open(&folder.join("ledger"), &genesis, None).unwrap();
    let network = genesis.network_id();
    let signed = entry(&network, "qurilish", "S-1", Operation::Register, None);
    let key = agency_secret("qurilish", "clerk").public();
    let authentic = Submission::from(signed).authenticate(&network, &key);
    let by = BlockParameters {
        proposer: AgencyName::parse("soliq").unwrap(),
        time: ledger.head().time().next(),
    };
    let executed = ledger.execute(by, [&authentic.unwrap()]).unwrap();
    fs::write(folder.join("begun"), b"").unwrap();
    let head = ledger.commit(&executed, b"").unwrap();
    fs::write(folder.join("stored"), b"").unwrap();
    assert_eq!(head.height().get(), 1);
}

#[test]
fn a_block_is_synced_before_it_counts_as_stored() {
    let Some(strace) = require("strace") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let trace = folder.join("trace");
    let traced = Command::new(strace)
        .args(["-f", "-y", "-e", "trace=fsync,fdatasync,openat"])
        .arg("-o")
        .arg(&trace)
        .arg(env::current_exe().unwrap())
        .args(["network::block_sync::a_block_is_stored", "--exact"])
        .env("MUHR_TRACED", &folder)
        .output()
        .unwrap();
    assert!(traced.status.success(), "{traced:?}");
    let trace = fs::read_to_string(&trace).unwrap();
    let opened = |name: &str| {
        let name = format!("{}\"", folder.join(name).display());
        let mut lines = trace.lines();
        lines.position(|line| line.contains("openat(") && line.contains(&name))
    };
    let (begun, stored) = (opened("begun").unwrap(), opened("stored").unwrap());
    let during = trace.lines().skip(begun).take(stored - begun);
    let log = format!("<{}/", folder.join("ledger/db").display());
    let is_sync = |line: &&str| line.contains("fdatasync(") || line.contains("fsync(");
    let synced = during.filter(is_sync);
    let synced = synced.filter(|line| line.contains(&log) && line.contains(".log>"));
    assert_eq!(synced.count(), 1, "{trace}");
}
