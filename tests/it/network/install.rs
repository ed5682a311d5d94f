//! `muhr-node install`: what a node starts from is judged first, the record of what its keys have signed is written
//! blank once, and an attempt that was broken off can be made again.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use protocol::{
    ceremony::{Acceptance, AcceptanceStatement, assemble},
    genesis::Genesis,
    hash::sha256,
    height::TimeMs,
    key::SecretKey,
    keyfile::KeyFile,
    name::AgencyName,
    sign_state::{COSIGN_FILE, Owner, SAFETY_FILE},
};
use tempfile::TempDir;
use testkit::founder::{self, Founder};
use tests::cluster::{AGENCIES, Ran, binary};

const ORIGIN: &str = "registry.example.uz/founding/1";
const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: ORIGIN,
    secret,
};

fn secret(holder: &str, purpose: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[holder.as_bytes(), b" ", purpose.as_bytes()]))
}

fn founded(ms: u64) -> Genesis {
    let plan = founder::plan(ORIGIN, TimeMs::new(ms), &AGENCIES);
    assemble(&plan, &FOUNDER.contributions(&plan)).unwrap()
}

/// The folder of soliq's node after its contribution, and what the others have sent.
struct Machine {
    folder: TempDir,
    genesis: Genesis,
}

impl Machine {
    fn new() -> Self {
        let machine = Self {
            folder: tempfile::tempdir().unwrap(),
            genesis: founded(1_795_430_400_000),
        };
        fs::create_dir_all(machine.at("node/keys")).unwrap();
        for purpose in ["peer", "vote", "cosign"] {
            machine.key(purpose, "soliq", purpose, 0o600);
        }
        fs::write(machine.at("genesis"), machine.genesis.write()).unwrap();
        for one in FOUNDER.acceptances(&machine.genesis) {
            machine.accepts(&one);
        }
        machine
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn key(&self, file: &str, holder: &str, purpose: &str, mode: u32) {
        let key = KeyFile {
            purpose: purpose.to_owned(),
            holder: holder.to_owned(),
            secret: secret(holder, purpose),
        };
        let path = self.at(&format!("node/keys/{file}.key"));
        fs::write(&path, key.write()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn accepts(&self, acceptance: &Acceptance) {
        let name = format!("{}.acceptance", acceptance.statement.agency);
        fs::write(self.at(&name), acceptance.write()).unwrap();
    }

    fn install(&self, names: &[&str]) -> Ran {
        let mut command = Command::new(binary("muhr-node"));
        command.args(["install", "genesis"]);
        command.args(names.iter().map(|name| format!("{name}.acceptance")));
        command.args(["--dir", "node", "--http", "127.0.0.1:7490"]);
        command.env_clear().stdin(Stdio::null());
        command.current_dir(self.folder.path());
        command.output().unwrap().into()
    }

    /// What must be refused in these words, and leave no node that could start.
    fn refused(&self, names: &[&str], says: &[&str]) {
        let ran = self.install(names).expect(3);
        for word in says {
            assert!(ran.stderr.contains(word), "{word:?} is not in {ran:?}");
        }
        assert!(!self.at("node/node.toml").exists(), "{ran:?}");
    }

    fn blank(&self, purpose: &str) -> Vec<u8> {
        let owner = Owner {
            chain: self.genesis.chain(),
            key: secret("soliq", purpose).public(),
        };
        owner.blank_file()
    }
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn a_folder_is_made_ready_once() {
    let machine = Machine::new();
    let done = machine
        .install(&["soliq", "adliya", "qurilish", "kadastr"])
        .expect(0);
    assert!(done.stderr.contains("\"event\":\"installed\""), "{done:?}");
    let read = |name: &str| fs::read_to_string(machine.at("node").join(name)).unwrap();
    assert_eq!(read("genesis"), machine.genesis.write());
    assert_eq!(read("trust.policy"), machine.genesis.trust_file());
    let all: String = FOUNDER
        .acceptances(&machine.genesis)
        .iter()
        .map(Acceptance::write)
        .collect();
    assert_eq!(read("acceptances"), all);
    let settings = "agency = \"soliq\"\np2p = \"[::]:7480\"\nhttp = \"127.0.0.1:7490\"\n\n[peers]\nadliya = \"adliya.example:7480\"\nkadastr = \"kadastr.example:7480\"\nqurilish = \"qurilish.example:7480\"\n";
    assert_eq!(read("node.toml"), settings);
    assert_eq!(mode(&machine.at("node/data")), 0o700);
    for (name, purpose) in [(SAFETY_FILE, "vote"), (COSIGN_FILE, "cosign")] {
        let path = machine.at("node/data").join(name);
        assert_eq!(fs::read(&path).unwrap(), machine.blank(purpose));
        assert_eq!(mode(&path), 0o600);
    }
    let again = machine.install(&AGENCIES).expect(3);
    assert!(
        again.stderr.contains("there is a node here already"),
        "{again:?}"
    );
    assert!(
        again.stderr.contains("muhr-node run --dir node"),
        "{again:?}"
    );
}

#[test]
fn an_attempt_that_was_broken_off_is_made_again_and_a_lost_record_is_not_written_blank() {
    let machine = Machine::new();
    let _done = machine.install(&AGENCIES).expect(0);
    // Broken off before the settings: all is as it was.
    let settings = machine.at("node/node.toml");
    fs::remove_file(&settings).unwrap();
    let _again = machine.install(&AGENCIES).expect(0);
    // Broken off before the genesis, which is the last before the settings.
    for name in ["node/node.toml", "node/genesis", "node/data/cosign-state"] {
        fs::remove_file(machine.at(name)).unwrap();
    }
    let _again = machine.install(&AGENCIES).expect(0);
    // A record that says something, and one that is gone although the folder was installed.
    let safety = machine.at("node/data/safety");
    let mut used = machine.blank("vote");
    used[0] ^= 1;
    fs::write(&safety, &used).unwrap();
    fs::remove_file(&settings).unwrap();
    machine.refused(&AGENCIES, &["node/data/safety: this record is not blank"]);
    assert_eq!(fs::read(&safety).unwrap(), used);
    fs::remove_file(&safety).unwrap();
    machine.refused(
        &AGENCIES,
        &["node/data/safety: the record is gone", "put back"],
    );
    assert!(!safety.exists());
}

#[test]
fn acceptances_and_keys_that_do_not_count_are_named() {
    let machine = Machine::new();
    let good = fs::read_to_string(machine.at("kadastr.acceptance")).unwrap();
    let file = machine.at("kadastr.acceptance");
    machine.refused(
        &AGENCIES[..3],
        &["genesis: the acceptance of soliq is missing", "wait for it"],
    );
    let twice = [&AGENCIES[..], &["kadastr"]].concat();
    machine.refused(
        &twice,
        &["kadastr.acceptance: there are two acceptances of kadastr"],
    );
    let of = |genesis: &Genesis, holder: &str, purpose: &str| {
        let kadastr = AgencyName::parse("kadastr").unwrap();
        let said = AcceptanceStatement::of(genesis, kadastr, "kadastr.example:7480".to_owned());
        said.sign(&secret(holder, purpose))
    };
    machine.accepts(&of(&founded(1), "kadastr", "admin"));
    machine.refused(
        &AGENCIES,
        &[
            "kadastr.acceptance: the acceptance of kadastr is of another genesis",
            "by telephone",
        ],
    );
    machine.accepts(&of(&machine.genesis, "kadastr", "vote"));
    machine.refused(
        &AGENCIES,
        &["kadastr.acceptance: the acceptance of kadastr was not signed by its admin key"],
    );
    fs::write(&file, good.replace(":7480", ":7481")).unwrap();
    machine.refused(
        &AGENCIES,
        &["kadastr.acceptance: ", "changed since", "by another way"],
    );
    fs::write(&file, good.replace("\norigin ", "\nOrigin ")).unwrap();
    machine.refused(&AGENCIES, &["kadastr.acceptance: no acceptance: line 3"]);
    fs::remove_file(&file).unwrap();
    machine.refused(&AGENCIES, &["kadastr.acceptance", "check the path"]);
    fs::write(&file, &good).unwrap();
    // Each byte changed, here and there.
    for at in (0..good.len()).step_by(41) {
        let mut changed = good.clone().into_bytes();
        changed[at] ^= 0x01;
        fs::write(&file, changed).unwrap();
        machine.refused(&AGENCIES, &["kadastr.acceptance"]);
    }
    fs::write(&file, &good).unwrap();
    let genesis = machine.genesis.write();
    fs::write(
        machine.at("genesis"),
        genesis.replacen("protocol 1", "protocol 2", 1),
    )
    .unwrap();
    machine.refused(&AGENCIES, &["genesis: ", "line 3"]);
    fs::write(machine.at("genesis"), founded(1).write()).unwrap();
    machine.refused(&AGENCIES, &["adliya.acceptance: ", "another genesis"]);
    fs::write(machine.at("genesis"), &genesis).unwrap();
    // Keys that others can read, of another agency, and of nobody here.
    machine.key("vote", "soliq", "vote", 0o644);
    machine.refused(
        &AGENCIES,
        &["node/keys/vote.key: others may read", "chmod 600"],
    );
    machine.key("vote", "adliya", "vote", 0o600);
    machine.refused(
        &AGENCIES,
        &["node/keys/vote.key is not the vote key that the genesis names for soliq"],
    );
    machine.key("vote", "soliq", "vote", 0o600);
    machine.key("peer", "iiv", "peer", 0o600);
    machine.refused(&AGENCIES, &["agency iiv is not in the genesis"]);
    machine.key("peer", "soliq", "peer", 0o600);
    machine.key("publisher", "thief", "publisher", 0o600);
    machine.refused(
        &AGENCIES,
        &["publisher.key: not the publisher key that the genesis names"],
    );
    fs::remove_file(machine.at("node/keys/publisher.key")).unwrap();
    let _done = machine.install(&AGENCIES).expect(0);
}
