//! A witness as its own process: it cosigns what continues, and answers everything else as specified.

use std::fs;

use protocol::{
    checkpoint::Checkpoint,
    cosignature::{self, Cosigner},
    hash::{RootHash, sha256},
    height::LogSize,
    key::SecretKey,
    keyfile::KeyFile,
    note::SignedNote,
    policy::TrustPolicy,
    text::hex,
};
use tests::{
    args,
    cluster::{AGENCIES, Cluster, muhr, wait_until},
    liar::{Liar, Lie, lies::How},
    witness::{self, NAME, Witness, post},
};

use crate::house::schemas::assert_shapes;

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("W-{number}");
    let command = args!("anchor {document} --registry qurilish.permits --record {record}");
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

fn checkpoint(cluster: &Cluster) -> String {
    let mut answer = ureq::get(format!("{}/checkpoint", cluster.url("kadastr")))
        .call()
        .unwrap();
    answer.body_mut().read_to_string().unwrap()
}

/// A checkpoint of a tree that never was, with the log's own line and the lines of these agencies.
fn invented(cluster: &Cluster, tree: &Checkpoint, agencies: &[&str]) -> String {
    let publisher = ["adliya", "kadastr", "qurilish", "soliq"]
        .map(|name| cluster.dir(name).join("keys/publisher.key"))
        .into_iter()
        .find(|path| path.exists())
        .unwrap();
    let key = KeyFile::parse(&fs::read(publisher).unwrap()).unwrap();
    let log = Cosigner::log(tree.origin.to_string(), key.secret.public());
    let body = tree.write();
    let line = log.log_line(&key.secret.sign(body.as_bytes()));
    let mut note = format!("{body}\n{line}");
    let trust = TrustPolicy::parse(&fs::read(cluster.trust()).unwrap()).unwrap();
    for agency in agencies {
        let key = fs::read(cluster.dir(agency).join("keys/cosign.key")).unwrap();
        let secret = KeyFile::parse(&key).unwrap().secret;
        let mut known = trust.witnesses().iter();
        let name = known.find(|known| known.name == *agency).unwrap();
        let cosigner = Cosigner::validator(name.key.name.clone(), secret.public());
        let time = 1_795_430_401;
        note += &cosigner.cosignature_line(time, &cosignature::sign(&secret, time, &body));
    }
    note
}

/// What the witness hands out to whoever watches it.
fn watched(url: &str, origin: &str) -> Option<String> {
    let hash = hex(&sha256(&[origin.as_bytes()]));
    let asked = ureq::get(format!("{url}/{hash}/checkpoint")).call().ok()?;
    asked.into_body().read_to_string().ok()
}

/// The network's trust file, and a witness that must sign as well.
fn stricter(cluster: &Cluster, vkey: &str) -> String {
    let path = cluster.path().join("stricter.policy");
    let (trust, out) = (cluster.trust(), path.to_str().unwrap());
    let trust = trust.to_str().unwrap();
    let extend = |witness: &str| {
        muhr(&args!(
            "--json trust extend {trust} --witness '{witness}' --out {out}"
        ))
    };
    let url = "https://court.example.uz/witness";
    let ml_dsa = ml_dsa_vkey("court.example.uz/ml");
    for (witness, why) in [
        (format!("court {vkey}"), "is not NAME=VKEY,URL"),
        (format!("court={vkey}"), "is not NAME=VKEY,URL"),
        (format!("court={vkey},"), "is not NAME=VKEY,URL"),
        (format!("court={vkey},https://a b"), "is not NAME=VKEY,URL"),
        (format!("court={vkey}x,{url}"), "no verifier key"),
        (
            format!("outside={vkey},{url}"),
            "may not be called \"outside\"",
        ),
        (format!("both={vkey},{url}"), "may not be called \"both\""),
        (format!("all={vkey},{url}"), "may not be called \"all\""),
        (
            format!("court={ml_dsa},{url}"),
            "an algorithm that this version does not know",
        ),
    ] {
        let refused = extend(&witness).expect(2);
        assert!(refused.stderr.contains(why), "{witness}: {refused:?}");
        assert!(!path.exists());
    }
    let made = extend(&format!("court={vkey},{url}")).expect(0).json();
    assert_shapes("extend", &[made]);
    let line = format!("witness court {vkey} {url}\n");
    assert!(fs::read_to_string(&path).unwrap().contains(&line));
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_witness_signs_what_continues_and_nothing_else() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let vkey = witness::make(&cluster);
    let strict = stricter(&cluster, &vkey);
    let trust = cluster.trust();
    let (trust, url) = (trust.to_str().unwrap(), cluster.url("kadastr"));
    let witness = Witness::start(&cluster);
    let dir = cluster.path().join("mirror");
    let dir = dir.to_str().unwrap();
    let mirror = |trust: &str| {
        muhr(&args!(
            "log mirror {url} {dir} --trust {trust} --witness court={vkey},{}",
            witness.url
        ))
    };
    let _first = mirror(trust).expect(0);
    // The node's own checkpoint has no line of the witness; the mirror's has one.
    assert_ne!(muhr(&["audit", &url, "--trust", &strict]).code, 0);
    let _held = muhr(&["audit", dir, "--trust", &strict]).expect(0);
    // A run that names no witness keeps the line that is there.
    let _plain = muhr(&["log", "mirror", &url, dir, "--trust", trust]).expect(0);
    let _held = muhr(&["audit", dir, "--trust", &strict]).expect(0);
    counted_apart(trust, &strict, &url, dir);
    anchor(&cluster, 2);
    wait_until("the witness signs the larger log", || {
        let _again = mirror(trust).expect(0);
        fs::read_to_string(format!("{dir}/checkpoint"))
            .unwrap()
            .lines()
            .nth(1)
            == Some("6")
    });
    let _held = muhr(&["audit", dir, "--trust", &strict]).expect(0);
    refusals(&cluster, &witness.url);
    let origin = SignedNote::parse(&checkpoint(&cluster)).unwrap().text;
    let origin = origin.lines().next().unwrap();
    strangers(&cluster, &witness.url, origin);
    let shown = watched(&witness.url, origin).unwrap();
    // What it signed is on disk: another process with its folder stands where this one stood.
    let note = checkpoint(&cluster);
    drop(witness);
    let again = Witness::start(&cluster);
    let forgotten = post(&again.url, &format!("old 0\n\n{note}")).unwrap();
    assert_eq!(forgotten, (409, "6\n".to_owned()));
    assert_eq!(watched(&again.url, origin), Some(shown));
    // A witness that is away keeps nobody from the log.
    let gone = again.url.clone();
    drop(again);
    let command = args!("log mirror {url} {dir} --trust {trust} --witness court={vkey},{gone}");
    // The line that it made before is still one under this very checkpoint.
    let alone = muhr(&command).expect(0);
    for says in [
        "witness court at ",
        "cosigned this before; now: ",
        "cannot be reached",
    ] {
        assert!(alone.stdout.contains(says), "{alone:?}");
    }
    let _held = muhr(&args!("audit {dir} --trust {strict}")).expect(0);
    // Under a new one it is missing: the mirror is there, what was asked for besides is not, and that is said.
    anchor(&cluster, 3);
    let mut asked = vec!["--json".to_owned()];
    asked.extend(command);
    wait_until("the mirror holds the larger log", || {
        let alone = muhr(&asked);
        let said = alone.json();
        let witness = &said["witnesses"][0];
        let is_larger = said["size"].as_u64() > Some(6);
        assert_eq!(witness["name"], "court", "{said}");
        assert_eq!(witness["cosigned"], !is_larger, "{said}");
        assert_eq!(alone.code, if is_larger { 20 } else { 0 }, "{said}");
        assert_eq!(witness["code"], "node-unreachable", "{said}");
        is_larger
    });
    let _there = muhr(&args!("audit {dir} --trust {trust}")).expect(0);
}

/// Whatever a witness answers, the mirror holds for everybody, and for those who ask for that witness as far as a
/// line of its key is there.
#[test]
fn a_lying_witness_is_named_and_its_line_is_left_out() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let vkey = witness::make(&cluster);
    let strict = stricter(&cluster, &vkey);
    let trust = cluster.trust();
    let (trust, url) = (trust.to_str().unwrap(), cluster.url("kadastr"));
    let witness = Witness::start(&cluster);
    let liar = Liar::before(&witness.url);
    let dir = cluster.path().join("mirror");
    let dir = dir.to_str().unwrap();
    let mirror = |vkey: &str| {
        let asked = format!("court={vkey},{}", liar.url);
        muhr(&args!(
            "log mirror {url} {dir} --trust {trust} --witness {asked}"
        ))
    };
    let audit = |trust: &str| muhr(&args!("audit {dir} --trust {trust}")).code;
    let stranger = Cosigner::validator(NAME.to_owned(), SecretKey::from_seed(&[9; 32]).public());
    // From the second time on it first says which size it has signed.
    for _ in 0..2 {
        liar.tell(None);
        let other = mirror(&stranger.key().write());
        assert!(
            other.code == 20 && other.stdout.starts_with('▲'),
            "{other:?}"
        );
        assert!(other.stdout.contains("no line of the key"), "{other:?}");
    }
    let seen = liar.seen().0;
    let (at, kind) = (seen.len() - 1, seen.last().unwrap().kind.clone());
    assert_eq!((at, seen[at].answer.status), (1, 200));
    let lies = [How::Flip(900, 1), How::Flip(400, 1), How::Cut(500)];
    let lie = |how: &How, code: i32| {
        let (kind, how) = (kind.clone(), how.clone());
        liar.tell(Some(Lie { at, kind, how }));
        let lied = mirror(&vkey).expect(code).stdout;
        let said = lied.contains("witness court at ") && lied.contains("left out");
        assert!(said && liar.seen().1 == 1, "{lied}");
    };
    for how in &lies {
        lie(how, 20);
        assert_eq!((audit(trust), audit(&strict)), (0, 16), "{how:?}");
    }
    liar.tell(None);
    let _true = mirror(&vkey).expect(0);
    assert_eq!((audit(trust), audit(&strict)), (0, 0));
    // What it lies of the same checkpoint afterwards takes nothing away.
    for how in &lies {
        lie(how, 0);
        assert_eq!((audit(trust), audit(&strict)), (0, 0), "{how:?}");
    }
}

/// An audit names outside witnesses apart from the agencies, whichever trust file knows them.
fn counted_apart(trust: &str, strict: &str, url: &str, mirror: &str) {
    let names = |value: &serde_json::Value| -> Vec<String> {
        let names = value.as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap().to_owned())
            .collect()
    };
    for (log, by, outside) in [
        (mirror, strict, &["court"][..]),
        (mirror, trust, &[]),
        (url, trust, &[]),
    ] {
        let audited = muhr(&["--json", "audit", log, "--trust", by])
            .expect(0)
            .json();
        assert_eq!(names(&audited["witnesses"]), outside, "{audited}");
        let agencies = names(&audited["cosigners"]);
        assert!(
            agencies.len() >= 3
                && agencies
                    .iter()
                    .all(|name| AGENCIES.contains(&name.as_str())),
            "{audited}"
        );
        let said = muhr(&["audit", log, "--trust", by]).expect(0).stdout;
        let count = agencies.len();
        let words = format!(
            "cosigned by {count} of the agencies: {}\n",
            agencies.join(", ")
        );
        assert!(said.contains(&words), "{said}");
        let apart = said.contains("  and by 1 outside witness: court\n");
        assert_eq!(apart, !outside.is_empty(), "{said}");
    }
}

fn refusals(cluster: &Cluster, url: &str) {
    let note = checkpoint(cluster);
    let real = Checkpoint::parse(&SignedNote::parse(&note).unwrap().text).unwrap();
    assert_eq!(real.size.get(), 6);
    let status = |body: String| post(url, &body).unwrap().0;
    assert_eq!(
        post(url, &format!("old 0\n\n{note}")).unwrap(),
        (409, "6\n".to_owned())
    );
    assert_eq!(
        post(url, &format!("old 4\n\n{note}")).unwrap(),
        (409, "6\n".to_owned())
    );
    // The same tree again, with a new time; another tree of the size; a larger one without proof.
    assert_eq!(status(format!("old 6\n\n{note}")), 200);
    let tree = |size: u64| Checkpoint {
        size: LogSize::new(size),
        root: RootHash::new([7; 32]),
        ..real.clone()
    };
    let agencies = ["adliya", "kadastr", "qurilish"];
    for size in [6, 9] {
        let quorate = invented(cluster, &tree(size), &agencies);
        assert_eq!(status(format!("old 6\n\n{quorate}")), 422);
        // The publisher's word alone is not enough, whatever it shows: else one note with a huge size
        // would shut out the true log for good.
        for signers in [&agencies[..0], &agencies[..2]] {
            let alone = invented(cluster, &tree(size), signers);
            let (code, why) = post(url, &format!("old 6\n\n{alone}")).unwrap();
            assert_eq!(code, 403, "{why}");
            assert!(why.contains("quorum"), "{why}");
        }
    }
    assert_eq!(status(format!("old 7\n\n{note}")), 400);
    assert_eq!(status(format!("old 06\n\n{note}")), 400);
    assert_eq!(status(format!("old 6\nAAAA\n\n{note}")), 400);
    assert_eq!(status(format!("old 6\n{note}")), 400);
    let unsigned: String = note
        .lines()
        .filter(|line| !line.contains(&format!("— {} ", real.origin)))
        .map(|line| format!("{line}\n"))
        .collect();
    assert_eq!(status(format!("old 6\n\n{unsigned}")), 403);
    // Of an unknown log nothing else is looked at: its notes may have another form.
    for foreign in [
        note.replace("example.uz", "example.org"),
        "another.example/log\nno checkpoint\n".to_owned(),
        "\n".to_owned(),
    ] {
        assert_eq!(status(format!("old 6\n\n{foreign}")), 404, "{foreign}");
    }
}

/// Lines that anybody can put under a checkpoint stay out of what the witness hands out.
fn strangers(cluster: &Cluster, url: &str, origin: &str) {
    let note = checkpoint(cluster);
    let junk: String = (0..60)
        .map(|number| format!("— stranger-{number}.example AAAAAAAAAAAA\n"))
        .collect();
    let (status, line) = post(url, &format!("old 6\n\n{note}{junk}")).unwrap();
    assert_eq!(status, 200, "{line}");
    let shown = watched(url, origin).unwrap();
    let shown = SignedNote::parse(&shown).unwrap();
    assert!(shown.signatures.len() <= 16);
    assert!(
        shown
            .signatures
            .iter()
            .all(|line| !line.name.contains("stranger"))
    );
    let trust = TrustPolicy::parse(&fs::read(cluster.trust()).unwrap()).unwrap();
    let judged = trust.evaluate(&shown).unwrap();
    assert!(judged.quorum && judged.log_signed);
    assert!(shown.signatures.iter().any(|line| line.name == NAME));
}

/// A log without leaves: its one root is signed, and the log can still begin after that.
#[test]
fn an_empty_log_has_one_root_and_does_not_jam_the_witness() {
    let cluster = Cluster::start(0);
    anchor(&cluster, 1);
    let _vkey = witness::make(&cluster);
    let witness = Witness::start(&cluster);
    let note = checkpoint(&cluster);
    let real = Checkpoint::parse(&SignedNote::parse(&note).unwrap().text).unwrap();
    let empty = |root: [u8; 32]| {
        let tree = Checkpoint {
            size: LogSize::ZERO,
            root: RootHash::new(root),
            ..real.clone()
        };
        let note = invented(&cluster, &tree, &["adliya", "kadastr", "qurilish"]);
        post(&witness.url, &format!("old 0\n\n{note}")).unwrap().0
    };
    assert_eq!(empty([7; 32]), 422);
    assert_eq!(watched(&witness.url, real.origin.as_str()), None);
    assert_eq!(empty(sha256(&[])), 200);
    assert_eq!(empty(sha256(&[])), 200);
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let with_proof = post(&witness.url, &format!("old 0\n{hash}\n\n{note}")).unwrap();
    assert_eq!(with_proof.0, 422);
    assert_eq!(
        post(&witness.url, &format!("old 0\n\n{note}")).unwrap().0,
        200
    );
    assert_eq!(empty(sha256(&[])), 409);
}

/// A verifier key of algorithm 06 (ML-DSA-44), in its right form.
fn ml_dsa_vkey(name: &str) -> String {
    let key = [&[6_u8][..], &[9; 1312]].concat();
    let id = &sha256(&[name.as_bytes(), b"\n", &key])[..4];
    format!("{name}+{}+{}", hex(id), protocol::text::base64(&key))
}
