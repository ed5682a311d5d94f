//! The founding at a desk: whatever is missing, doubled, altered, dead or misheard is named with its file, its line
//! and the way out, and nothing is written.

mod accepting;
mod contributing;

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::PermissionsExt,
    path::PathBuf,
    process::{Command, Stdio},
    time::{SystemTime, UNIX_EPOCH},
};

use protocol::{
    ceremony::{ContributionStatement, FoundingPlan},
    entry::Operation,
    hash::sha256,
    height::TimeMs,
    key::{SecretKey, Signature},
    keyfile::KeyFile,
};
use tempfile::TempDir;
use testkit::founder::{self, Founder, proven, registry};
use tests::{
    args,
    cluster::{AGENCIES, Ran, binary},
};

const ORIGIN: &str = "registry.example.uz/founding/1";
const FOUNDER: Founder<'_, fn(&str, &str) -> SecretKey> = Founder {
    origin: ORIGIN,
    secret,
};
const DAY_MS: u64 = 86_400_000;

fn secret(holder: &str, purpose: &str) -> SecretKey {
    SecretKey::from_seed(&sha256(&[holder.as_bytes(), b" ", purpose.as_bytes()]))
}

fn now() -> u64 {
    let passed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(passed.as_millis()).unwrap()
}

fn plan_of(time: u64) -> FoundingPlan {
    founder::plan(ORIGIN, TimeMs::new(time), &AGENCIES)
}

/// A folder with a plan, the contributions of all and their admin keys.
struct Desk {
    folder: TempDir,
    plan: FoundingPlan,
}

impl Desk {
    fn new() -> Self {
        Self::with(plan_of(now()))
    }

    fn with(plan: FoundingPlan) -> Self {
        let desk = Self {
            folder: tempfile::tempdir().unwrap(),
            plan,
        };
        desk.write("founding.plan", &desk.plan.write());
        for contribution in FOUNDER.contributions(&desk.plan) {
            let name = contribution.agency();
            desk.write(&format!("{name}.contribution"), &contribution.write());
            desk.key(&format!("{name}.key"), name.as_str(), "admin");
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn key(&self, name: &str, holder: &str, purpose: &str) {
        let file = KeyFile {
            purpose: purpose.to_owned(),
            holder: holder.to_owned(),
            secret: secret(holder, purpose),
        };
        self.write(name, &file.write());
        let private = fs::Permissions::from_mode(0o600);
        fs::set_permissions(self.path(name), private).unwrap();
    }

    /// The contribution of an agency after a change that its admin key has signed.
    fn changed(&self, name: &str, change: impl FnOnce(&mut ContributionStatement)) {
        let mut statement = FOUNDER.contribution(&self.plan, name);
        change(&mut statement);
        let signed = statement.sign(&self.plan.origin, &secret(name, "admin"));
        self.write(&format!("{name}.contribution"), &signed.write());
    }

    fn run(&self, arguments: &[String]) -> Ran {
        let mut command = Command::new(binary("muhr"));
        command.args(arguments).env_clear().stdin(Stdio::null());
        command.current_dir(self.folder.path());
        command.output().unwrap().into()
    }

    /// Files of the folder: what is refused leaves no other.
    fn listed(&self) -> BTreeSet<String> {
        let files = fs::read_dir(self.folder.path()).unwrap();
        files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// Runs what must be refused with `code`, in these words, and leave nothing behind.
    fn refused(&self, arguments: &[String], code: i32, says: &[&str]) -> Ran {
        let before = self.listed();
        let ran = self.run(arguments).expect(code);
        let has_way_out = ran.stderr.contains("\n help: ");
        assert!(
            has_way_out || ran.stderr.contains("as an attachment"),
            "{ran:?}"
        );
        for word in says {
            assert!(ran.stderr.contains(word), "{word:?} is not in {ran:?}");
        }
        assert_eq!(self.listed(), before, "{arguments:?}");
        ran
    }

    /// The same of assembling all contributions.
    fn not_assembled(&self, says: &[&str]) {
        let _ran = self.refused(&assemble(&AGENCIES), 3, says);
    }
}

fn assemble(names: &[&str]) -> Vec<String> {
    let files = names.iter().map(|name| format!("{name}.contribution"));
    let assemble = args!("network assemble founding.plan").into_iter();
    assemble.chain(files).collect()
}

type Change = fn(&mut ContributionStatement);

/// What is wrong with a contribution that its own agency has signed: line and words.
const WRONG: [(&str, Change, &[&str]); 11] = [
    (
        "kadastr",
        |one| one.plan = plan_of(1).hash(),
        &["line 2", "another plan", "contributes again to this"],
    ),
    (
        "kadastr",
        |one| one.agency.vote.proof = Signature::new([9; 64]),
        &["line 7", "the vote key of kadastr"],
    ),
    (
        "adliya",
        |one| one.publisher = None,
        &["line 3", "publisher's key is missing, which adliya makes"],
    ),
    (
        "soliq",
        |one| one.publisher = Some(FOUNDER.proven(ORIGIN, "publisher")),
        &["line 3", "which adliya makes"],
    ),
    (
        "soliq",
        |one| one.registries[0] = registry("permits", "soliq"),
        &["line 11", "registry permits does not begin with soliq."],
    ),
    (
        "soliq",
        |one| one.registries[0] = registry("soliq.permits", "adliya"),
        &["line 11", "or is another's"],
    ),
    (
        "soliq",
        |one| one.clerks[0] = FOUNDER.clerk("adliya/x", &["soliq.permits"], Operation::OF_OWNER),
        &["line 12", "adliya/x"],
    ),
    (
        "soliq",
        |one| one.clerks[0] = FOUNDER.clerk("soliq/x", &["adliya.permits"], Operation::OF_OWNER),
        &["line 12", "soliq/x"],
    ),
    (
        "soliq",
        |one| one.agency.cosigner = "elsewhere/1".to_owned(),
        &[
            "line 5",
            "begins with registry.example.uz/founding/1/soliq/",
        ],
    ),
    (
        "soliq",
        |one| one.agency.recovery = proven(ORIGIN, "soliq", "recovery", &secret("soliq", "vote")),
        &[
            "the recovery key of soliq (soliq.contribution, line 10)",
            "the vote key of soliq (soliq.contribution, line 7)",
        ],
    ),
    (
        "soliq",
        |one| one.agency.peer = proven(ORIGIN, "soliq", "peer", &secret("adliya", "vote")),
        &[
            "the peer key of soliq (soliq.contribution, line 6)",
            "the vote key of adliya (adliya.contribution, line 8)",
        ],
    ),
];

#[test]
fn what_does_not_fit_is_named_with_its_file_and_line() {
    let desk = Desk::new();
    for (name, change, says) in WRONG {
        let file = format!("{name}.contribution");
        let good = desk.read(&file);
        desk.changed(name, change);
        desk.not_assembled(&[&[file.as_str()], says].concat());
        desk.write(&file, &good);
    }
    // Changed on the way, by hand and by mail.
    let file = "kadastr.contribution";
    let good = desk.read(file);
    desk.write(
        file,
        &good.replace("https://kadastr.example/", "https://elsewhere.example/"),
    );
    desk.not_assembled(&[file, "line 15", "changed since", "by another way"]);
    desk.write(file, &good.replace("\ncosigner ", "\ncosigners "));
    desk.not_assembled(&[file, "not a contribution to a founding", "line 5"]);
    desk.write(file, &good.replace('\n', "\r\n"));
    desk.not_assembled(&[file, "another program has re-written this text"]);
    desk.write(file, &desk.read("founding.plan"));
    desk.not_assembled(&[file, "line 1"]);
    desk.write(file, &good);
    // Too few, too many, and one twice: the same, and another.
    let missing = desk.refused(
        &assemble(&AGENCIES[..3]),
        3,
        &["no contribution of soliq", "founding.plan"],
    );
    assert!(missing.stderr.contains("wait for them"), "{missing:?}");
    desk.write("again.contribution", &good);
    let twice = [&AGENCIES[..], &["again"]].concat();
    let says = [
        "kadastr.contribution and again.contribution are the same",
        "give it once",
    ];
    let _twice = desk.refused(&assemble(&twice), 3, &says);
    let mut other = FOUNDER.contribution(&desk.plan, "kadastr");
    "kadastr.example:7490".clone_into(&mut other.p2p);
    let other = other.sign(&desk.plan.origin, &secret("kadastr", "admin"));
    desk.write("again.contribution", &other.write());
    let says = [
        "are both of kadastr",
        "from line 14 on",
        "by telephone which",
    ];
    let _differ = desk.refused(&assemble(&twice), 3, &says);
    let stranger = FOUNDER.contribution(&desk.plan, "iiv");
    let stranger = stranger.sign(&desk.plan.origin, &secret("iiv", "admin"));
    desk.write("again.contribution", &stranger.write());
    let _stranger = desk.refused(
        &assemble(&twice),
        3,
        &["again.contribution, line 3", "does not name iiv"],
    );
    let _absent = desk.refused(
        &assemble(&[&AGENCIES[..], &["nobody"]].concat()),
        2,
        &["nobody.contribution"],
    );
    // And all is well once all is as it was.
    let _made = desk.run(&assemble(&AGENCIES)).expect(0);
    let _made = desk.refused(&assemble(&AGENCIES), 1, &["trust.policy"]);
}

#[test]
fn a_plan_that_is_dead_altered_or_dated_ahead_is_named() {
    for (time, says) in [
        (
            now() - 90 * DAY_MS - 1,
            ["more than 90 days ago", "make a new plan"],
        ),
        (
            now() + DAY_MS,
            ["this clock has not reached", "check this machine's clock"],
        ),
    ] {
        let desk = Desk::with(plan_of(time));
        desk.not_assembled(&[&["founding.plan"][..], &says].concat());
        let contribute = args!(
            "network contribute founding.plan --agency soliq --url http://x/ --p2p x:1 --dir node --offline usb"
        );
        let _dead = desk.refused(&contribute, 3, &says);
    }
    let desk = Desk::new();
    let good = desk.read("founding.plan");
    desk.write(
        "founding.plan",
        &good.replace("recovery-threshold 3", "recovery-threshold 4"),
    );
    desk.not_assembled(&["adliya.contribution, line 2", "another plan"]);
    for (from, to, line) in [
        ("recovery-threshold 3", "recovery-threshold 2", "line 6"),
        ("adliya,kadastr,", "adliya,", "line 7"),
        ("publishers adliya,kadastr", "publishers adliya", "line 8"),
    ] {
        desk.write("founding.plan", &good.replacen(from, to, 1));
        desk.not_assembled(&["founding.plan: not a founding plan", line]);
    }
}

/// Bytes changed on the way, here and there: the program names the file.
#[test]
fn a_changed_byte_of_a_contribution_is_told_by_its_file() {
    let desk = Desk::new();
    let file = "kadastr.contribution";
    let good = fs::read(desk.path(file)).unwrap();
    for at in (0..good.len()).step_by(97) {
        let mut changed = good.clone();
        changed[at] ^= 0x01;
        fs::write(desk.path(file), &changed).unwrap();
        desk.not_assembled(&[file]);
    }
}
