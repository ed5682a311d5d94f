//! Key files under a passphrase, and plain ones: made, read, changed, refused. Nobody is asked here;
//! what is asked on a terminal is in `questions.rs`.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::{Command, Stdio},
};

use tempfile::TempDir;
use tests::cluster::{Cluster, Ran, binary, muhr};

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

    fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
        let mut command = Command::new(binary("muhr"));
        command.args(arguments).env_clear();
        command.envs(environment.iter().copied());
        command.stdin(Stdio::null()).current_dir(self.path());
        command.output().unwrap().into()
    }

    /// Makes `k.key` with the words as its passphrase, and gives its public half.
    fn make(&self) -> String {
        let new = [
            "--json",
            "key",
            "new",
            "k.key",
            "--holder",
            "qurilish/aziza",
        ];
        let made = self.run(&[&new[..], &["--passphrase-file", "words"]].concat());
        let made = made.expect(0).json();
        assert_eq!(made["encrypted"], true);
        made["public"].as_str().unwrap().to_owned()
    }

    fn show(&self, words: &str) -> Ran {
        self.run(&["--json", "key", "show", "k.key", "--passphrase-file", words])
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
    let shown = desk
        .run_with(&["key", "show", "k.key"], &variable)
        .expect(0);
    assert!(shown.stdout.contains(&public) && shown.stdout.contains("opens with its passphrase"));
    says(&desk.show("other").expect(3), "the passphrase is wrong");
    // Nobody is there to be asked, and no program waits for an answer.
    let asked = desk.run(&["key", "show", "k.key"]).expect(2);
    says(&asked, "no terminal to ask for it");
    says(&asked, "--passphrase-file");
    // What exists is not overwritten, and that is said before anything is asked.
    let again = ["key", "new", "k.key", "--holder", "qurilish/aziza"];
    says(&desk.run(&again).expect(1), "k.key");
    assert_eq!(fs::read(desk.path().join("k.key")).unwrap(), file);
    let nobody = ["key", "new", "n.key", "--holder", "qurilish/aziza"];
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
    for length in [10, 22, 60, 140, 190, whole.len() - 1] {
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
    refused(b"", "not a key file");
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
    let new = ["key", "new", "n.key", "--holder", "qurilish/aziza"];
    let short = desk.run(&[&new[..], &["--passphrase-file", "short"]].concat());
    says(&short.expect(2), "fewer than 10 characters");
    assert!(!desk.path().join("n.key").exists());
}

#[test]
fn a_plain_key_gets_a_passphrase_and_then_another_one() {
    let desk = Desk::new();
    let new = [
        "--json",
        "key",
        "new",
        "k.key",
        "--holder",
        "qurilish/aziza",
    ];
    let made = desk
        .run(&[&new[..], &["--plain"]].concat())
        .expect(0)
        .json();
    assert_eq!(made["encrypted"], false);
    assert!(!desk.has_nothing_plain());
    // A link is followed: the file behind it must not stay plain. What a crash left is swept away.
    fs::create_dir(desk.path().join("links")).unwrap();
    symlink("../k.key", desk.path().join("links/link.key")).unwrap();
    desk.secret("k.key.part", "left over");
    let give = ["--json", "key", "passphrase", "links/link.key"];
    let given = desk.run(&[&give[..], &["--new-passphrase-file", "words"]].concat());
    let given = given.expect(0).json();
    assert_eq!(given["public"], made["public"]);
    assert_eq!(given["encrypted"], true);
    fs::remove_dir_all(desk.path().join("links")).unwrap();
    assert!(desk.has_nothing_plain() && !desk.path().join("k.key.part").exists());
    let mode = fs::metadata(desk.path().join("k.key"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o600);
    let change = [
        "key",
        "passphrase",
        "k.key",
        "--new-passphrase-file",
        "other",
    ];
    says(&desk.run(&change).expect(2), "no terminal to ask for it");
    let wrong = [&change[..], &["--passphrase-file", "other"]].concat();
    says(&desk.run(&wrong).expect(3), "the passphrase is wrong");
    let right = [&change[..], &["--passphrase-file", "words"]].concat();
    let _changed = desk.run(&right).expect(0);
    assert_eq!(
        desk.show("other").expect(0).json()["public"],
        made["public"]
    );
    says(&desk.show("words").expect(3), "the passphrase is wrong");
    // Nowhere to put the new file: the old one stays.
    fs::create_dir(desk.path().join("k.key.part")).unwrap();
    let back = [
        "key",
        "passphrase",
        "k.key",
        "--new-passphrase-file",
        "words",
    ];
    let failed = desk.run(&[&back[..], &["--passphrase-file", "other"]].concat());
    says(&failed.expect(1), "k.key: cannot be written");
    let _as_before = desk.show("other").expect(0);
}

#[test]
fn what_a_node_opens_is_plain_and_stays_so() {
    let desk = Desk::new();
    let new = ["--json", "key", "new", "v.key", "--holder", "qurilish"];
    let made = desk.run(&[&new[..], &["--purpose", "vote"]].concat());
    assert_eq!(made.expect(0).json()["encrypted"], false);
    let give = [
        "key",
        "passphrase",
        "v.key",
        "--new-passphrase-file",
        "words",
    ];
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
    let words = desk.path().join("words");
    let words = words.to_str().unwrap();
    let (clerk, admin) = ("net/qurilish/keys/clerk.key", "net/qurilish/keys/admin.key");
    for key in [clerk, admin] {
        let give = ["key", "passphrase", key, "--new-passphrase-file", words];
        let _given = cluster.clerk("qurilish", &give).expect(0);
    }
    let registry = ["--registry", "qurilish.permits"];
    cluster.document("a.txt", "one");
    let anchor = ["anchor", "a.txt", "--record", "S-1"];
    let anchor = [&anchor[..], &registry].concat();
    let asked = cluster.clerk("qurilish", &anchor).expect(2);
    says(&asked, "no terminal to ask for it");
    let opens = ["--passphrase-file", words];
    let _done = cluster
        .clerk("qurilish", &[&anchor[..], &opens].concat())
        .expect(0);
    let revoke = ["revoke", "S-1", "--reason", "R01"];
    let _done = cluster
        .clerk("qurilish", &[&revoke[..], &registry, &opens].concat())
        .expect(0);
    cluster.document("t.csv", "number\nS-2\nS-3\n");
    let bulk = [
        "anchor", "bulk", "t.csv", "--record", "number", "--out", "bulk",
    ];
    let _done = cluster
        .clerk("qurilish", &[&bulk[..], &registry, &opens].concat())
        .expect(0);
    // The key is opened once, for as many looks as there are.
    fs::create_dir(cluster.path().join("hot")).unwrap();
    fs::write(cluster.path().join("hot/S-4.txt"), "four").unwrap();
    let watch = ["anchor", "watch", "hot", "--every", "0", "--rounds", "3"];
    let _done = cluster
        .clerk("qurilish", &[&watch[..], &registry, &opens].concat())
        .expect(0);
    // The agency's own key, and a service beside it.
    let new = [
        "--json",
        "key",
        "new",
        "robot.key",
        "--holder",
        "qurilish/robot",
        "--plain",
    ];
    let public = cluster.clerk("qurilish", &new).expect(0).json();
    let public = public["public"].as_str().unwrap();
    let add = [
        "clerk",
        "add",
        "qurilish/robot",
        "--public",
        public,
        "--key",
        admin,
    ];
    let add = [&add[..], &["--registries", "qurilish.permits"]].concat();
    says(
        &cluster.clerk("qurilish", &add).expect(2),
        "no terminal to ask for it",
    );
    let _added = cluster
        .clerk("qurilish", &[&add[..], &opens].concat())
        .expect(0);
    cluster.document("b.txt", "five");
    let service = [
        "anchor",
        "b.txt",
        "--record",
        "S-5",
        "--key-file",
        "robot.key",
    ];
    let _done = cluster
        .clerk("qurilish", &[&service[..], &registry].concat())
        .expect(0);
    let receipt = fs::read_to_string(cluster.path().join("b.txt.receipt")).unwrap();
    assert!(receipt.contains("qurilish/robot"), "{receipt}");
    let sealed = ["anchor", "b.txt", "--record", "S-6", "--key-file", clerk];
    let refused = cluster.clerk("qurilish", &[&sealed[..], &registry, &opens].concat());
    says(&refused.expect(3), "--key-file is for plain ones");
    let mode = fs::Permissions::from_mode(0o644);
    fs::set_permissions(cluster.path().join("robot.key"), mode).unwrap();
    let open = cluster.clerk("qurilish", &[&service[..], &registry].concat());
    says(&open.expect(3), "chmod 600 robot.key");
    let _none = muhr(&["anchor", "x", "--registry", "a.b", "--record", "1"]).expect(2);
}
