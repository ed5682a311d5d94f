//! Mistakes that people make at a desk are named with the way out, before anything is signed or sent.
//!
//! Not here: what is wrong inside a table (`bulk`), and what a node refuses (`exit_codes`).

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use tests::{
    args,
    cluster::{Cluster, Ran, copy_folder},
};

const PERMITS: &str = "qurilish.permits";

/// The command ends with this code, its first line of an error says `error`, and its way out `help`.
#[track_caller]
fn says(ran: &Ran, code: i32, error: &str, help: &str) {
    assert_eq!(ran.code, code, "{ran:?}");
    let line = |start: &str| {
        let mut lines = ran.stderr.lines();
        let line = lines.find_map(|line| line.trim_start().strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start} {ran:?}"))
            .to_owned()
    };
    assert!(line("error: ").contains(error), "{error}: {ran:?}");
    assert!(line("help: ").contains(help), "{help}: {ran:?}");
}

/// Leaves of the log, as a node tells.
fn size(cluster: &Cluster) -> u64 {
    let status = cluster.status("qurilish").unwrap();
    status["size"].as_u64().unwrap()
}

#[test]
fn what_cannot_be_meant_is_refused_before_anything_is_signed() {
    let cluster = Cluster::start(0);
    let receipt = cluster.anchor("qurilish", "M-1");
    let before = size(&cluster);
    documents(&cluster, &receipt);
    fields_and_keys(&cluster);
    clerks(&cluster);
    policies(&cluster);
    tables(&cluster);
    assert_eq!(size(&cluster), before);
    // A blank behind a comma is nobody's mistake.
    let public = public(&cluster, "qurilish/botir");
    let listed = ["--registries", "qurilish.permits, qurilish.permits"];
    let mut add = admin("clerk add qurilish/botir --public", &public);
    add.extend(listed.map(ToOwned::to_owned));
    let _added = cluster.clerk("qurilish", &add).expect(0);
    let mut report = args!("report anomalies");
    report.extend(["--rest", "sat, sun ,mon"].map(ToOwned::to_owned));
    let told = cluster.clerk("qurilish", &report).expect(0);
    assert!(told.stdout.contains("rest: sat, sun, mon"), "{told:?}");
}

fn documents(cluster: &Cluster, receipt: &str) {
    let path = cluster.path();
    fs::write(path.join("empty.pdf"), "").unwrap();
    fs::write(path.join("cut.pdf"), "%PDF-1.7\n1 0 obj").unwrap();
    fs::copy(cluster.trust(), path.join("trust.pdf")).unwrap();
    fs::copy(receipt, path.join("receipt.pdf")).unwrap();
    fs::copy(
        cluster.dir("qurilish").join("keys/clerk.key"),
        path.join("key.pdf"),
    )
    .unwrap();
    let (whole, itself) = ("fetch or save the whole of it", "name the document itself");
    for (name, error, help) in [
        ("empty.pdf", "empty.pdf: it is empty", whole),
        ("cut.pdf", "cut.pdf: a PDF without its end", whole),
        (
            "trust.pdf",
            "trust.pdf: it is a trust file, and no document",
            itself,
        ),
        (
            "receipt.pdf",
            "receipt.pdf: it is a receipt, and no document",
            itself,
        ),
        (
            "key.pdf",
            "key.pdf: it is a secret key, and no document",
            itself,
        ),
    ] {
        let anchor = args!("anchor {name} --registry {PERMITS} --record M-2");
        says(&cluster.clerk("qurilish", &anchor), 2, error, help);
        let amend = args!("amend M-1 {name} --registry {PERMITS} --reason C02");
        says(&cluster.clerk("qurilish", &amend), 2, error, help);
        assert!(!path.join(format!("{name}.receipt")).exists(), "{name}");
        assert!(
            !path.join(format!("{name}.receipt.pending")).exists(),
            "{name}"
        );
    }
    let says = |line: Vec<String>, error: &str, help: &str| {
        says(&cluster.clerk("qurilish", &line), 2, error, help);
    };
    let (verify, folder) = (
        "muhr verify judges a file",
        "the folder that muhr log mirror made",
    );
    says(args!("audit {receipt}"), "a file, and no log", verify);
    says(
        args!("log mirror {receipt} copy"),
        "a file, and no log",
        verify,
    );
    says(
        args!("audit nowhere"),
        "neither the address of a node",
        folder,
    );
    fs::create_dir(path.join("bare")).unwrap();
    says(args!("audit bare"), "bare: there is no mirror", folder);
}

fn fields_and_keys(cluster: &Cluster) {
    let document = cluster.document("permit.txt", "one house");
    let anchor = || args!("anchor {document} --registry {PERMITS} --record M-3");
    for (field, error, help) in [
        ("area", "--field number 1 has no =", "--field area=80"),
        ("=80", "--field number 1 has no name", "--field area=80"),
        (
            "area=",
            "--field area has nothing behind",
            "leave --field area out",
        ),
        (
            "area= ",
            "--field area has nothing behind",
            "leave --field area out",
        ),
        ("document=80", "is called \"document\"", "is kept for"),
    ] {
        let field = ["--field", field].map(ToOwned::to_owned);
        let ran = cluster.clerk("qurilish", &[anchor(), field.into()].concat());
        says(&ran, 2, error, help);
    }
    // Others may read a document, and that is not what is wrong with it.
    let long = format!("%PDF-1.7\n{}startxref\n1\n%%EOF\n", "x".repeat(9000));
    cluster.document("long.pdf", &long);
    cluster.document("long.txt", &"a permit ".repeat(1000));
    for (name, error) in [
        ("permit.txt", "permit.txt: not a secret key"),
        (
            "long.pdf",
            "long.pdf: not a secret key: it is a PDF document",
        ),
        ("long.txt", "long.txt: not a secret key"),
        (
            "trust.pdf",
            "trust.pdf: not a secret key: it is a trust file",
        ),
    ] {
        let mode = fs::Permissions::from_mode(0o644);
        fs::set_permissions(cluster.path().join(name), mode).unwrap();
        let key = args!("--key {name}");
        let ran = cluster.clerk("qurilish", &[anchor(), key].concat());
        says(&ran, 3, error, "name a key file with --key");
    }
    let peers = format!("http://{}", cluster.p2p("qurilish"));
    let error = "is where a node talks to other nodes";
    for line in [
        args!("network status --node {peers}"),
        args!("audit {peers}"),
        [anchor(), args!("--node {peers}")].concat(),
    ] {
        says(&cluster.clerk("qurilish", &line), 2, error, "behind http =");
    }
}

/// The public half of a key that is made for a clerk.
fn public(cluster: &Cluster, clerk: &str) -> String {
    let file = format!("{}.key", clerk.replace('/', "-"));
    let made = args!("--json key new {file} --holder {clerk} --plain");
    let made = cluster.clerk("qurilish", &made).expect(0).json();
    made["public"].as_str().unwrap().to_owned()
}

/// A decision of qurilish's, in the words of `line` and one more.
fn admin(line: &str, word: &str) -> Vec<String> {
    let mut words: Vec<String> = line.split(' ').map(ToOwned::to_owned).collect();
    words.push(word.to_owned());
    words.extend(args!("--key net/qurilish/keys/admin.key --yes"));
    words
}

fn clerks(cluster: &Cluster) {
    let public = public(cluster, "kadastr/vera");
    let foreign = args!("clerk add kadastr/vera --registries {PERMITS} --public");
    let add = cluster.clerk("qurilish", &admin(&foreign.join(" "), &public));
    says(
        &add,
        4,
        "clerk kadastr/vera belongs to kadastr",
        "have kadastr decide",
    );
    assert!(
        !add.stderr.contains("stands in the log for good"),
        "{add:?}"
    );
    let revoke = admin("clerk revoke kadastr/clerk-1 --reason", "K01");
    let revoke = cluster.clerk("qurilish", &revoke);
    says(
        &revoke,
        4,
        "clerk kadastr/clerk-1 belongs to kadastr",
        "have kadastr decide",
    );
    let nowhere = "clerk add qurilish/botir --registries qurilish.nothing --public";
    let ran = cluster.clerk("qurilish", &admin(nowhere, &public));
    says(
        &ran,
        4,
        "there is no registry qurilish.nothing",
        "check its name",
    );
    // Into a file no node is asked, and it is told all the same.
    let offline = format!(
        "{} --out act --expires 100 --public",
        "clerk add kadastr/vera --registries qurilish.permits"
    );
    let ran = cluster.clerk("qurilish", &admin(&offline, &public));
    says(&ran, 4, "belongs to kadastr", "have kadastr decide");
    assert!(!cluster.path().join("act").exists());
}

/// Options of a policy that its registry cannot have; what is said, and the way out.
const POLICIES: [(&str, &str, &str); 10] = [
    (
        "--needed 3 --agencies kadastr,soliq",
        "word of 2 agencies counts",
        "@validators",
    ),
    (
        "--needed 2 --agencies kadastr",
        "word of 1 agency counts",
        "@validators",
    ),
    ("--needed 1", "word of 0 agencies counts", "@validators"),
    (
        "--needed 4 --agencies @validators",
        "word of 3 agencies counts",
        "@validators",
    ),
    (
        "--needed 1 --agencies qurilish",
        "names qurilish, which owns",
        "--four-eyes",
    ),
    (
        "--needed 1 --agencies nobody",
        "knows no agency of the name nobody",
        "check",
    ),
    (
        "--needed 0 --agencies kadastr",
        "asks no agency",
        "leave --agencies",
    ),
    (
        "--needed 0 --within 3",
        "asks no agency",
        "leave --agencies",
    ),
    (
        "--needed 1 --agencies kadastr --within 0",
        "1 to 3650 days",
        "no end",
    ),
    (
        "--needed 1 --agencies kadastr --within 9999",
        "1 to 3650 days",
        "no end",
    ),
];

fn policies(cluster: &Cluster) {
    let set = |registry: &str, words: &str| {
        let mut command = admin("registry policy set", registry);
        command.extend(words.split(' ').map(ToOwned::to_owned));
        let ran = cluster.clerk("qurilish", &command);
        assert!(
            !ran.stderr.contains("stands in the log for good"),
            "{ran:?}"
        );
        ran
    };
    for (words, error, help) in POLICIES {
        says(&set(PERMITS, words), 2, error, help);
    }
    let foreign = set("kadastr.permits", "--needed 1 --agencies soliq");
    let error = "registry kadastr.permits belongs to kadastr";
    says(&foreign, 4, error, "have kadastr decide");
}

fn tables(cluster: &Cluster) {
    let table = cluster.document("t.csv", "number,area\nT-1,80\n");
    let bulk = args!(
        "anchor bulk {table} --registry {PERMITS} --record number --out tried --dry-run --sheet X"
    );
    says(
        &cluster.clerk("qurilish", &bulk),
        2,
        "--sheet names one",
        "without --sheet",
    );
    let compare = args!("reconcile {table} --registry {PERMITS} --record number --sheet X");
    says(
        &cluster.clerk("qurilish", &compare),
        2,
        "--sheet names one",
        "without --sheet",
    );
    fs::create_dir(cluster.path().join("scans")).unwrap();
    cluster.document("scans/S-1.txt", "scan");
    for option in ["--sheet X", "--encoding utf-8", "--effective since"] {
        let mut command = args!("anchor bulk scans --registry {PERMITS} --out tried --dry-run");
        command.extend(option.split(' ').map(ToOwned::to_owned));
        let error = format!("{} is for tables", option.split(' ').next().unwrap());
        says(
            &cluster.clerk("qurilish", &command),
            2,
            &error,
            "leave it out",
        );
    }
}

/// A mirror whose files were spoilt is told apart from a log that does not hold: its file is named, and what mends it.
#[test]
fn a_spoilt_mirror_names_its_file_and_what_mends_it() {
    let cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "M-1");
    let url = cluster.url("qurilish");
    let mirror = || cluster.clerk("qurilish", &args!("log mirror {url} mirror"));
    let audit = || cluster.clerk("qurilish", &args!("audit mirror"));
    let _made = mirror().expect(0);
    let place = cluster.path().join("mirror");
    let whole = cluster.path().join("whole");
    copy_folder(&place, &whole);
    let checkpoint = place.join("checkpoint");
    let good = fs::read(&checkpoint).unwrap();
    let back = "put a good copy of it back";
    for spoilt in [&b""[..], b"x", &good[..good.len() - 40]] {
        fs::write(&checkpoint, spoilt).unwrap();
        says(&audit(), 14, "mirror/checkpoint: ", back);
        says(&mirror(), 14, "mirror/checkpoint: ", back);
    }
    fs::write(&checkpoint, &good).unwrap();
    let bundle = only_file(&place.join("tile/entries/000.p"));
    let leaves = fs::read(&bundle).unwrap();
    let tile = bundle.strip_prefix(&place).unwrap().display().to_string();
    for spoilt in [&b""[..], b"\0\0garbage", &leaves[..leaves.len() / 2]] {
        fs::write(&bundle, spoilt).unwrap();
        let ran = audit();
        says(&ran, 14, "mirror: ", "muhr log mirror mends");
        assert!(ran.stderr.contains(&tile) || spoilt.is_empty(), "{ran:?}");
        let _mended = mirror().expect(0);
        let _held = audit().expect(0);
        assert_eq!(fs::read(&bundle).unwrap(), leaves);
    }
}

/// The one file of a folder.
fn only_file(folder: &Path) -> PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}
