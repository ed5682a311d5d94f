//! Key files under a passphrase, and plain ones: made, read, changed, refused. Nobody is asked here;
//! what is asked on a terminal is in `questions.rs`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tests::{
    args,
    cluster::{Cluster, Ran, binary, muhr, short_of_room},
};

const WORDS: &str = "olma anor uzum behi";

/// A folder with a passphrase in a file.
struct Desk(TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        desk.secret("words", &format!("{WORDS}\n"));
        desk.secret("other", "anor behi olma uzum");
        desk
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    /// A file that only its owner can read.
    fn secret(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
        self.mode(name, 0o600);
    }

    fn mode(&self, name: &str, mode: u32) {
        let mode = fs::Permissions::from_mode(mode);
        fs::set_permissions(self.path().join(name), mode).unwrap();
    }

    fn run(&self, arguments: &[String]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[String], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(binary("muhr"));
        command.args(arguments).env_clear();
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).current_dir(self.path());
        command.output().unwrap().into()
    }

    /// Makes `k.key` with the words as its passphrase, and gives its public half.
    fn make(&self) -> String {
        let new = args!("--json key new k.key --holder qurilish/aziza --passphrase-file words");
        let made = self.run(&new).expect(0).json();
        assert_eq!(made["encrypted"], true);
        made["public"].as_str().unwrap().to_owned()
    }

    fn show(&self, words: &str) -> Ran {
        self.run(&args!("--json key show k.key --passphrase-file {words}"))
    }

    /// No file of the folder holds a secret key that opens without a passphrase.
    fn has_nothing_plain(&self) -> bool {
        fs::read_dir(self.path()).unwrap().all(|file| {
            let bytes = fs::read(file.unwrap().path()).unwrap();
            !String::from_utf8_lossy(&bytes).contains("secret ed25519")
        })
    }
}

fn says(ran: &Ran, words: &str) {
    assert!(ran.stderr.contains(words), "{words:?} is not in {ran:?}");
    assert!(!ran.stderr.contains(WORDS), "a passphrase was printed");
}

#[test]
fn a_key_with_a_passphrase_opens_with_it_and_with_nothing_else() {
    let desk = Desk::new();
    let public = desk.make();
    let file = fs::read(desk.path().join("k.key")).unwrap();
    assert!(file.starts_with(b"age-encryption.org/v1\n-> scrypt "));
    assert!(desk.has_nothing_plain());
    let mode = fs::metadata(desk.path().join("k.key"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let shown = desk.show("words").expect(0).json();
    assert_eq!(shown["public"], public.as_str());
    assert_eq!(shown["encrypted"], true);
    let variable = [("MUHR_PASSPHRASE_FILE", "words")];
    let shown = desk.run_with(&args!("key show k.key"), &variable).expect(0);
    assert!(shown.stdout.contains(&public) && shown.stdout.contains("opens with its passphrase"));
    says(&desk.show("other").expect(3), "the passphrase is wrong");
    // Nobody is there to be asked, and no program waits for an answer.
    let asked = desk.run(&args!("key show k.key")).expect(2);
    says(&asked, "no terminal to ask for it");
    says(&asked, "--passphrase-file");
    // What exists is not overwritten, and that is said before anything is asked.
    let again = args!("key new k.key --holder qurilish/aziza");
    says(&desk.run(&again).expect(1), "k.key");
    assert_eq!(fs::read(desk.path().join("k.key")).unwrap(), file);
    let nobody = args!("key new n.key --holder qurilish/aziza");
    says(&desk.run(&nobody).expect(2), "--plain");
    assert!(!desk.path().join("n.key").exists());
}

#[test]
fn a_damaged_or_hostile_key_file_is_refused_in_a_sentence() {
    let desk = Desk::new();
    let _public = desk.make();
    let whole = fs::read(desk.path().join("k.key")).unwrap();
    let refused = |bytes: &[u8], words: &str| {
        fs::write(desk.path().join("k.key"), bytes).unwrap();
        says(&desk.show("words").expect(3), words);
    };
    refused(&whole[..10], "not a secret key");
    for length in [22, 60, 140, 190, whole.len() - 1] {
        refused(&whole[..length], "key file");
    }
    let mut changed = whole.clone();
    *changed.last_mut().unwrap() ^= 1;
    refused(&changed, "damaged or cut short");
    refused(&[&whole[..], b"more"].concat(), "damaged or cut short");
    // It asks for more memory than machines have: refused at once.
    let text = String::from_utf8_lossy(&whole).into_owned();
    let line = text.lines().nth(1).unwrap();
    let asks = format!("{} 40", line.strip_suffix(" 17").unwrap());
    let at = "age-encryption.org/v1\n".len();
    let hostile = [&whole[..at], asks.as_bytes(), &whole[at + line.len()..]].concat();
    refused(&hostile, "2^40 steps of scrypt, and no more than 2^20");
    let recipient =
        "age-encryption.org/v1\n-> X25519 TEiF0ypqr+bpvcqXNyCVJpL7OuwPdVwPL7KQEbFDOCc\n";
    refused(recipient.as_bytes(), "encrypted for a recipient");
    refused(b"-----BEGIN AGE ENCRYPTED FILE-----\n", "in armour");
    refused(&[b'x'; 5000], "longer than 4096 bytes");
    refused(b"", "not a secret key: it is empty");
    fs::write(desk.path().join("k.key"), &whole).unwrap();
    desk.mode("k.key", 0o640);
    let open = desk.show("words").expect(3);
    says(&open, "others may read this file (mode 640)");
    says(&open, "chmod 600 k.key");
}

#[test]
fn a_passphrase_file_is_as_private_as_a_key_and_holds_one_line() {
    let desk = Desk::new();
    let _public = desk.make();
    desk.mode("words", 0o644);
    says(&desk.show("words").expect(3), "chmod 600 words");
    for (text, words) in [
        ("", "not a file with a passphrase"),
        ("\n", "not a file with a passphrase"),
        ("olma anor\nuzum behi\n", "not a file with a passphrase"),
    ] {
        desk.secret("bad", text);
        says(&desk.show("bad").expect(3), words);
    }
    says(&desk.show("none").expect(3), "none: ");
    // Whoever has the file may try for years.
    desk.secret("short", "olma");
    let short = args!("key new n.key --holder qurilish/aziza --passphrase-file short");
    says(&desk.run(&short).expect(2), "fewer than 10 characters");
    assert!(!desk.path().join("n.key").exists());
}

#[test]
fn a_plain_key_gets_a_passphrase_and_then_another_one() {
    let desk = Desk::new();
    let new = args!("--json key new k.key --holder qurilish/aziza --plain");
    let made = desk.run(&new).expect(0).json();
    assert_eq!(made["encrypted"], false);
    assert!(!desk.has_nothing_plain());
    // A link is followed: the file behind it must not stay plain.
    fs::create_dir(desk.path().join("links")).unwrap();
    symlink("../k.key", desk.path().join("links/link.key")).unwrap();
    let give = args!("--json key passphrase links/link.key --new-passphrase-file words");
    let given = desk.run(&give).expect(0).json();
    assert_eq!(given["public"], made["public"]);
    assert_eq!(given["encrypted"], true);
    fs::remove_dir_all(desk.path().join("links")).unwrap();
    assert!(desk.has_nothing_plain());
    let mode = fs::metadata(desk.path().join("k.key"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let change = args!("key passphrase k.key --new-passphrase-file other");
    says(&desk.run(&change).expect(2), "no terminal to ask for it");
    let by = |file: &str| {
        let opens = args!("--passphrase-file {file}");
        desk.run(&[change.clone(), opens].concat())
    };
    says(&by("other").expect(3), "the passphrase is wrong");
    let _changed = by("words").expect(0);
    assert_eq!(
        desk.show("other").expect(0).json()["public"],
        made["public"]
    );
    says(&desk.show("words").expect(3), "the passphrase is wrong");
    // No room for the new file: the old one stays, and nothing else does.
    let back = args!("key passphrase k.key --new-passphrase-file words --passphrase-file other");
    let mut command = Command::new(binary("muhr"));
    let back = command.args(back).current_dir(desk.path());
    let back = short_of_room(back, 0);
    let failed = Ran::from({ back }.output().unwrap());
    says(&failed.expect(1), "k.key: cannot be written");
    let _as_before = desk.show("other").expect(0);
    let names = fs::read_dir(desk.path()).unwrap();
    assert!(
        names
            .flatten()
            .all(|entry| !entry.file_name().to_string_lossy().ends_with(".part"))
    );
}

#[test]
fn what_a_node_opens_is_plain_and_stays_so() {
    let desk = Desk::new();
    let new = args!("--json key new v.key --holder qurilish --purpose vote");
    assert_eq!(desk.run(&new).expect(0).json()["encrypted"], false);
    let give = args!("key passphrase v.key --new-passphrase-file words");
    says(&desk.run(&give).expect(3), "a vote key, which a node opens");
    // A node says so when it is given another one.
    let cluster = Cluster::create(0);
    let _public = desk.make();
    let vote = cluster.dir("soliq").join("keys/vote.key");
    fs::copy(desk.path().join("k.key"), &vote).unwrap();
    let mut node = Command::new(binary("muhr-node"));
    node.args(["run", "--dir"])
        .arg(cluster.dir("soliq"))
        .env_clear();
    let refused = Ran::from(node.stdin(Stdio::null()).output().unwrap());
    assert_ne!(refused.code, 0);
    let said = format!("{}{}", refused.stdout, refused.stderr);
    assert!(
        said.contains("vote.key") && said.contains("passphrase"),
        "{said}"
    );
}

#[test]
fn clerks_and_agencies_sign_with_keys_under_a_passphrase_and_services_with_plain_ones() {
    let cluster = Cluster::start(0);
    let desk = Desk::new();
    let words = desk.path().join("words").display().to_string();
    let opens = || args!("--passphrase-file '{words}'");
    let (clerk, admin) = ("net/qurilish/keys/clerk.key", "net/qurilish/keys/admin.key");
    for key in [clerk, admin] {
        let give = args!("key passphrase {key} --new-passphrase-file '{words}'");
        let _given = cluster.clerk("qurilish", &give).expect(0);
    }
    let run = |arguments: Vec<String>, opens: Vec<String>| {
        let registry = args!("--registry qurilish.permits");
        cluster.clerk("qurilish", &[arguments, registry, opens].concat())
    };
    cluster.document("a.txt", "one");
    let anchor = args!("anchor a.txt --record S-1");
    let asked = run(anchor.clone(), Vec::new()).expect(2);
    says(&asked, "no terminal to ask for it");
    let _done = run(anchor, opens()).expect(0);
    let _done = run(args!("revoke S-1 --reason R01"), opens()).expect(0);
    cluster.document("t.csv", "number\nS-2\nS-3\n");
    let bulk = args!("anchor bulk t.csv --record number --out bulk");
    let _done = run(bulk, opens()).expect(0);
    // The key is opened once, for as many looks as there are.
    fs::create_dir(cluster.path().join("hot")).unwrap();
    fs::write(cluster.path().join("hot/S-4.txt"), "four").unwrap();
    let watch = args!("anchor watch hot --every 0 --rounds 3");
    let _done = run(watch, opens()).expect(0);
    // The agency's own key, and a service beside it.
    let new = args!("--json key new robot.key --holder qurilish/robot --plain");
    let public = cluster.clerk("qurilish", &new).expect(0).json();
    let public = public["public"].as_str().unwrap();
    let add = args!(
        "clerk add qurilish/robot --public {public} --key {admin} --registries qurilish.permits"
    );
    says(
        &cluster.clerk("qurilish", &add).expect(2),
        "no terminal to ask for it",
    );
    let _added = cluster
        .clerk("qurilish", &[add, opens()].concat())
        .expect(0);
    cluster.document("b.txt", "five");
    let service = args!("anchor b.txt --record S-5 --key-file robot.key");
    let _done = run(service.clone(), Vec::new()).expect(0);
    let receipt = fs::read_to_string(cluster.path().join("b.txt.receipt")).unwrap();
    assert!(receipt.contains("qurilish/robot"), "{receipt}");
    let sealed = args!("anchor b.txt --record S-6 --key-file {clerk}");
    says(
        &run(sealed, opens()).expect(3),
        "--key-file is for plain ones",
    );
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(cluster.path().join("robot.key"), mode).unwrap();
    says(&run(service, Vec::new()).expect(3), "chmod 600 robot.key");
    let _none = muhr(&args!("anchor x --registry a.b --record 1")).expect(2);
}
