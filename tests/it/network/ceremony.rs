//! Four agencies on four machines found a network, with the real programs: no secret leaves the folder in which it
//! was made, the files make the same genesis in any order, and a network begins with all acceptances.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use protocol::{keyfile::KeyFile, text};
use tests::{
    args,
    cluster::{AGENCIES, Cluster, Ran, muhr, wait_until},
    offices::Offices,
};

const ORIGIN: &str = "registry.example.uz/founding/1";
/// The whole of it, people's telephone calls not counted.
const WITHIN: Duration = Duration::from_secs(30);
/// The agencies that hold the publisher's key, of which the first makes it.
const PUBLISHERS: [&str; 2] = ["kadastr", "adliya"];

fn private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
}

/// An agency's commands in its office.
struct Agency<'a> {
    offices: &'a Offices,
    name: &'a str,
}

impl Agency<'_> {
    fn muhr(&self, arguments: &[String]) -> Ran {
        self.offices.run(self.name, "muhr", arguments)
    }

    /// Its clerk's key and its own, and what goes to the others.
    fn contributes(&self) {
        let (name, dir) = (self.name, self.offices.dir(self.name));
        private(&dir.join("words"), &format!("olma anor uzum {name}\n"));
        // They have met, and agreed on this one.
        private(&dir.join("agreed"), "bodom yong'oq pista zira\n");
        let clerk = args!("key new clerk.key --holder {name}/clerk-1 --plain --request {ORIGIN}");
        let _made = self.muhr(&clerk).expect(0);
        let address = self.offices.address(name);
        let contribute = args!(
            "network contribute ../mail/founding.plan --agency {name} --url http://{address}:7481/ --p2p {address}:7480 --registries {name}.permits --clerk clerk.request --dir node --offline usb --passphrase-file words --publisher-out publisher.key --publisher-passphrase-file agreed"
        );
        let _made = self.muhr(&contribute).expect(0);
        self.offices.send(name, &format!("{name}.contribution"));
        if name == PUBLISHERS[0] {
            self.offices.send(name, "publisher.key");
        }
    }

    /// Makes the genesis from the files in an order of its own, and gives the eight words.
    fn assembles(&self, order: &[&str]) -> String {
        let files: Vec<String> = order
            .iter()
            .map(|name| format!("../mail/{name}.contribution"))
            .collect();
        let assemble = args!("--json network assemble ../mail/founding.plan");
        let made = self.muhr(&[assemble, files].concat()).expect(0).json();
        let name = self.name;
        let review = args!(
            "--json network review genesis --mine {name}.contribution --plan ../mail/founding.plan"
        );
        let seen = self.muhr(&review).expect(0).json();
        assert_eq!(seen["own"], name, "{seen}");
        assert_eq!(seen["as_planned"], true, "{seen}");
        assert_eq!(seen["agencies"].as_array().unwrap().len(), 4, "{seen}");
        assert_eq!(seen["words"], made["words"]);
        seen["words"].as_str().unwrap().to_owned()
    }

    fn accept(&self, words: &str) -> Ran {
        let name = self.name;
        let accept = args!(
            "--json network accept genesis --words '{words}' --mine {name}.contribution --key usb/admin.key --passphrase-file words"
        );
        self.muhr(&accept)
    }

    fn install(&self, accepted: &[&str]) -> Ran {
        let files = accepted
            .iter()
            .map(|name| format!("../mail/{name}.acceptance"));
        let install = args!("install genesis --dir node").into_iter().chain(files);
        let install: Vec<String> = install.collect();
        self.offices.run(self.name, "muhr-node", &install)
    }
}

/// What all agencies do at the same time.
fn each(offices: &Offices, does: impl Fn(&Agency<'_>) + Sync) {
    let does = &does;
    thread::scope(|scope| {
        for name in AGENCIES {
            scope.spawn(move || does(&Agency { offices, name }));
        }
    });
}

/// From the plan to four folders that nodes can start from.
fn found(offices: &Offices) {
    let agency = |name| Agency { offices, name };
    let publishers = PUBLISHERS.join(",");
    let agencies = AGENCIES.join(",");
    let plan =
        args!("network plan --origin {ORIGIN} --agencies {agencies} --publishers {publishers}");
    let _made = agency("soliq").muhr(&plan).expect(0);
    offices.send("soliq", "founding.plan");
    each(offices, |one| one.contributes());
    // Each makes the genesis itself, from the files in an order of its own.
    let mut words = BTreeMap::new();
    for (turn, name) in AGENCIES.into_iter().enumerate() {
        let mut order = AGENCIES;
        order.rotate_left(turn);
        if turn % 2 == 1 {
            order.reverse();
        }
        words.insert(name, agency(name).assembles(&order));
    }
    let genesis = |name: &str| fs::read(offices.dir(name).join("genesis")).unwrap();
    for name in AGENCIES {
        assert_eq!(genesis(name), genesis("adliya"), "{name}");
    }
    // A word that was misheard is named, and nothing is signed.
    let heard = words["adliya"].replacen(' ', " zuzuz ", 1);
    let misheard = agency("qurilish").accept(&heard).expect(3);
    assert!(misheard.stderr.contains("word 2 is not"), "{misheard:?}");
    each(offices, |one| {
        // Over the telephone: the words of another.
        let other = if one.name == "adliya" {
            "soliq"
        } else {
            "adliya"
        };
        let _signed = one.accept(&words[other]).expect(0);
        offices.send(one.name, &format!("{}.acceptance", one.name));
    });
    for name in &PUBLISHERS[1..] {
        let take = args!(
            "key plain ../mail/publisher.key --out node/keys/publisher.key --passphrase-file agreed"
        );
        let _taken = agency(name).muhr(&take).expect(0);
    }
    let early = agency("adliya").install(&AGENCIES[..3]).expect(3);
    let says = "the acceptance of soliq is missing";
    assert!(early.stderr.contains(says), "{early:?}");
    each(offices, |one| {
        let _ready = one.install(&AGENCIES).expect(0);
    });
}

/// Every file below a folder.
fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            files(&path, found);
        } else {
            found.push(path);
        }
    }
}

/// The forms in which a secret would be told.
fn forms(seed: &[u8; 32]) -> Vec<Vec<u8>> {
    let hex = text::hex(seed);
    vec![
        seed.to_vec(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        text::base64(seed).trim_end_matches('=').as_bytes().to_vec(),
    ]
}

/// All secret keys that were made in an office, by what they are for.
fn secrets(offices: &Offices, name: &str) -> Vec<(String, [u8; 32])> {
    let dir = offices.dir(name);
    let outside = tempfile::tempdir().unwrap();
    let mut found = Vec::new();
    let mut take = |path: &Path| {
        let key = KeyFile::parse(&fs::read(path).unwrap()).unwrap();
        found.push((key.purpose, *key.secret.seed()));
    };
    for purpose in ["peer", "vote", "cosign"] {
        take(&dir.join(format!("node/keys/{purpose}.key")));
    }
    take(&dir.join("clerk.key"));
    if name == PUBLISHERS[0] {
        take(&dir.join("node/keys/publisher.key"));
    }
    for purpose in ["admin", "recovery"] {
        let (sealed, open) = (
            dir.join(format!("usb/{purpose}.key")),
            outside.path().join(purpose),
        );
        assert!(
            fs::read(&sealed)
                .unwrap()
                .starts_with(b"age-encryption.org/")
        );
        let plain = args!(
            "key plain {} --out {} --passphrase-file {}",
            sealed.display(),
            open.display(),
            dir.join("words").display()
        );
        let _opened = muhr(&plain).expect(0);
        take(&open);
    }
    found
}

/// No secret of an agency is in the mail or in another's folder, in any form.
fn no_secret_has_left(offices: &Offices) {
    let mut needles: BTreeMap<Vec<u8>, (String, String)> = BTreeMap::new();
    for name in AGENCIES {
        for (purpose, seed) in secrets(offices, name) {
            for form in forms(&seed) {
                needles.insert(form, (name.to_owned(), purpose.clone()));
            }
        }
    }
    assert_eq!(needles.len(), (AGENCIES.len() * 6 + 1) * 4);
    let starts: BTreeMap<&[u8], Vec<&Vec<u8>>> = {
        let mut starts: BTreeMap<&[u8], Vec<&Vec<u8>>> = BTreeMap::new();
        for needle in needles.keys() {
            starts.entry(&needle[..8]).or_default().push(needle);
        }
        starts
    };
    let mut places = vec![("mail".to_owned(), offices.mail())];
    places.extend(AGENCIES.map(|name| (name.to_owned(), offices.dir(name))));
    let (mut searched, mut at_home) = (0, 0);
    for (place, folder) in places {
        let mut all = Vec::new();
        files(&folder, &mut all);
        for path in all {
            let bytes = fs::read(&path).unwrap();
            searched += 1;
            for at in 0..bytes.len().saturating_sub(8) {
                let Some(held) = starts.get(&bytes[at..at + 8]) else {
                    continue;
                };
                for needle in held.iter().filter(|needle| bytes[at..].starts_with(needle)) {
                    let (owner, purpose) = &needles[*needle];
                    let is_shared = purpose == "publisher"
                        && PUBLISHERS.contains(&place.as_str())
                        && path.ends_with("keys/publisher.key");
                    assert!(
                        *owner == place || is_shared,
                        "the {purpose} key of {owner} is in {}",
                        path.display()
                    );
                    at_home += 1;
                }
            }
        }
    }
    // The search finds what is there: four plain keys in each folder, and the publisher's twice.
    assert_eq!(at_home, AGENCIES.len() * 4 + 2);
    assert!(searched > 60, "only {searched} files");
}

#[test]
fn four_agencies_that_cannot_see_each_other_found_a_network() {
    let Some(mut offices) = Offices::open(&AGENCIES) else {
        return;
    };
    for name in AGENCIES {
        assert_eq!(offices.seen(name, "../offices"), [""; 0], "{name}");
        assert_eq!(offices.seen(name, "."), [""; 0], "{name}");
    }
    let begun = Instant::now();
    found(&offices);
    let took = begun.elapsed();
    println!(
        "the ceremony of four agencies took {:.1} s",
        took.as_secs_f64()
    );
    assert!(took <= WITHIN, "{took:?}");

    for name in AGENCIES {
        offices.start_node(name);
    }
    let offices = offices;
    let agency = |name| Agency {
        offices: &offices,
        name,
    };
    for name in AGENCIES {
        wait_until("all nodes reach one another", || {
            let status =
                agency(name).muhr(&args!("--json network status --node http://127.0.0.1:7481"));
            status.code == 0 && status.json()["reached"] == 4
        });
    }
    private(&offices.dir("qurilish").join("permit.txt"), "a permit");
    let anchor = args!(
        "anchor permit.txt --registry qurilish.permits --record F-1 --node http://127.0.0.1:7481 --key clerk.key --trust node/trust.policy"
    );
    let _recorded = agency("qurilish").muhr(&anchor).expect(0);
    offices.send("qurilish", "permit.txt");
    offices.send("qurilish", "permit.txt.receipt");
    let verify = args!("--json verify ../mail/permit.txt --trust trust.policy");
    let judged = agency("soliq").muhr(&verify).expect(0).json();
    assert_eq!(judged["files"][0]["verdict"], "authentic", "{judged}");
    assert_eq!(judged["files"][0]["facts"]["log_signed"], true, "{judged}");
    no_secret_has_left(&offices);
}

/// A folder that has lost the acceptances starts nothing anew, and goes on with what it has.
#[test]
fn a_network_begins_with_all_acceptances_and_serves_them() {
    let mut cluster = Cluster::create(1);
    let file = |cluster: &Cluster, name: &str| cluster.dir(name).join("acceptances");
    let text = fs::read_to_string(file(&cluster, "adliya")).unwrap();
    assert_eq!(text.matches("muhr-acceptance/v1\n").count(), 4);
    let without_soliq = text.rsplit_once("muhr-acceptance/v1\n").unwrap().0;
    for name in ["adliya", "observer-1"] {
        for (left, says) in [
            (None, "GET /v1/genesis/acceptances"),
            (Some(without_soliq), "the acceptance of soliq is missing"),
            (Some(&text[1..]), "line 1"),
        ] {
            match left {
                Some(left) => fs::write(file(&cluster, name), left).unwrap(),
                None => fs::remove_file(file(&cluster, name)).unwrap(),
            }
            cluster.start_node(name);
            wait_until("it ends", || !cluster.is_alive(name));
            assert_eq!(cluster.exit_code(name), Some(3), "{name} {says}");
            assert!(cluster.log(name).contains(says), "{}", cluster.log(name));
            fs::write(file(&cluster, name), &text).unwrap();
        }
    }
    cluster.start_all();
    let served = |name: &str| {
        let url = format!("{}/v1/genesis/acceptances", cluster.url(name));
        let mut answer = ureq::get(&url).call().ok()?;
        answer.body_mut().read_to_string().ok()
    };
    for name in ["adliya", "soliq"] {
        assert_eq!(served(name).as_deref(), Some(&*text));
    }
    let _receipt = cluster.anchor("kadastr", "A-1");
    cluster.kill("soliq");
    fs::remove_file(file(&cluster, "soliq")).unwrap();
    cluster.start_node("soliq");
    let node = cluster.setting("soliq", "http").parse().unwrap();
    wait_until("it goes on without them", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["height"] == 1)
    });
    let asked = "GET /v1/genesis/acceptances HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let answer = String::from_utf8(tests::press::ask(node, asked)).unwrap();
    assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
    assert!(answer.contains("\"not-found\""), "{answer}");
}
