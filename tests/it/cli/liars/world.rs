//! The network that is lied about, and one trial: a command before the liar, and what is so afterwards by
//! the word of a true node.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use protocol::{
    checkpoint::Checkpoint,
    height::Epoch,
    key::SecretKey,
    name::RegistryName,
    policy::{Past, TrustPolicy},
    record::{CaseRule, RecordId},
};
use serde_json::Value;
use tests::{
    cluster::{Cluster, Ran},
    liar::Liar,
    witness::{self, Witness},
};

use super::{
    cases::{Case, Judge},
    headlines,
};

const PERMITS: &str = "qurilish.permits";
/// Whose node tells the truth, and is lied about.
pub(crate) const NODE: &str = "kadastr";
/// The network's trust file with a line more: it says how the present epoch ended, as if it had.
const ENDED: &str = "ended.policy";
/// The network's trust file, and a witness that must sign as well.
const STRICTER: &str = "stricter.policy";
/// Exit codes that say something of a record or a document.
const VERDICTS: [i32; 10] = [0, 10, 11, 12, 13, 17, 20, 21, 22, 30];
/// No command takes longer, whatever it is told.
const WITHIN: Duration = Duration::from_secs(60);

pub(crate) struct World {
    pub(crate) cluster: Cluster,
    next: AtomicU64,
    /// Of each reading command: how it ended before a true node, at one moment and at another.
    moments: Mutex<BTreeMap<&'static str, Vec<(i32, Value)>>>,
    /// One policy is set after the other.
    policy: Mutex<()>,
    /// Who cosigns, and is lied about where a witness is asked.
    witness: Witness,
    /// Its verifier key.
    vkey: String,
}

fn words(line: &str) -> Vec<&str> {
    line.split_whitespace().collect()
}

impl World {
    pub(crate) fn new() -> Self {
        let mut cluster = Cluster::create_with(0, &["--capitals", "qurilish"]);
        cluster.start_all();
        cluster.document("d.pdf", "a document");
        cluster.document("e.pdf", "another");
        cluster.document("own.csv", "number,area\nB-1,1\nB-2,7\nB-4,1\n");
        cluster.document("b.csv", "number,area\nB-1,1\nB-2,2\nB-3,3\n");
        let vkey = witness::make(&cluster);
        let world = Self {
            next: AtomicU64::new(1),
            moments: Mutex::default(),
            policy: Mutex::default(),
            witness: Witness::start(&cluster),
            vkey,
            cluster,
        };
        let run = |line: &str| world.truly(line).expect(0);
        let trust = world.cluster.trust();
        let _stricter = run(&format!(
            "trust extend {} --witness court={},{} --out {STRICTER}",
            trust.display(),
            world.vkey,
            world.witness.url
        ));
        let made = run("--json key new attester.key --holder kadastr/attester --plain");
        let public = made.json()["public"].as_str().unwrap().to_owned();
        let _added = run(&format!(
            "clerk add kadastr/attester --public {public} --registries {PERMITS} --operations attest --key net/kadastr/keys/admin.key --yes"
        ));
        let _known = run(&format!(
            "anchor d.pdf --registry {PERMITS} --record known --out known.receipt"
        ));
        let _rests = run(&format!(
            "anchor d.pdf --registry {PERMITS} --record rests --out rests.pdf.receipt --rests-on {PERMITS}:known"
        ));
        world.remember();
        let _bulk = run(&format!(
            "anchor bulk b.csv --registry {PERMITS} --record number --out bulk"
        ));
        let _amended = run(&format!(
            "amend known e.pdf --registry {PERMITS} --reason C02 --out known2.receipt"
        ));
        let _policy = run(&format!(
            "registry policy set {PERMITS} --needed 1 --agencies kadastr --key net/qurilish/keys/admin.key --yes"
        ));
        world.remember();
        world.end_the_epoch();
        world
    }

    /// What stands behind the liar before this command.
    pub(crate) fn asked(&self, case: &Case) -> String {
        match case.judge {
            Judge::Witnessed => self.witness.url.clone(),
            _ => self.cluster.url(NODE),
        }
    }

    /// Writes a trust file of an epoch after the present one, which ended where the log stands now.
    fn end_the_epoch(&self) {
        let trust = fs::read_to_string(self.cluster.trust()).unwrap();
        let hash = TrustPolicy::parse(trust.as_bytes()).unwrap().hash();
        let note = ureq::get(format!("{}/checkpoint", self.cluster.url(NODE))).call();
        let note = note.unwrap().into_body().read_to_string().unwrap();
        let (_, last) = Checkpoint::parse_note(&note).unwrap();
        let past = Past {
            epoch: Epoch::new(0),
            trust: hash,
            size: last.size,
            root: last.root,
        };
        let line = past.write();
        let prev = line.split(' ').nth(3).unwrap();
        let next = trust
            .replace("#: epoch 0\n", "#: epoch 1\n")
            .replace("#: prev none\n", &format!("#: prev {prev}\n"));
        self.cluster.document(ENDED, &format!("{next}{line}"));
    }

    /// Runs every reading command before a true node.
    fn remember(&self) {
        let cases = super::cases::all();
        let reading = cases
            .iter()
            .filter(|case| matches!(case.judge, Judge::Reads));
        for case in reading {
            let url = self.cluster.url(NODE);
            let ran = self.truly(&format!("--json {}", self.fill(case.line, 0, &url)));
            let _state = fs::remove_file(self.cluster.path().join("seen-0"));
            assert!(VERDICTS.contains(&ran.code), "{}: {ran:?}", case.name);
            let facts = facts(&ran);
            let mut moments = self.moments.lock().unwrap();
            moments
                .entry(case.name)
                .or_default()
                .push((ran.code, facts));
        }
    }

    /// Runs a command before a node that tells the truth.
    fn truly(&self, line: &str) -> Ran {
        self.cluster.clerk_at("qurilish", NODE, &words(line))
    }

    fn fill(&self, line: &str, number: u64, url: &str) -> String {
        let mut seed = [7; 32];
        seed[..8].copy_from_slice(&number.to_le_bytes());
        let public = SecretKey::from_seed(&seed).public().to_string();
        line.replace("{n}", &number.to_string())
            .replace("{url}", url)
            .replace("{node}", &self.cluster.url(NODE))
            .replace("{public}", &public)
            .replace("{vkey}", &self.vkey)
    }

    /// Makes what the next run of a command needs, which speaks in JSON or in text.
    pub(crate) fn trial<'a>(&'a self, case: &'a Case, liar: &'a Liar, json: bool) -> Trial<'a> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let cluster = &self.cluster;
        let file = |name: &str, text: &str| {
            cluster.document(&name.replace("{n}", &number.to_string()), text)
        };
        match case.judge {
            Judge::Rows(_) => {
                file(
                    "t-{n}.csv",
                    &format!("number,area\nl-{number},1\nm-{number},2\n"),
                );
                file(
                    "u-{n}.csv",
                    &format!("number,area\nL-{number},3\nm-{number},4\n"),
                );
            }
            Judge::Folder => {
                fs::create_dir(cluster.path().join(format!("hot-{number}"))).unwrap();
                file("hot-{n}/l-{n}.pdf", "a scan");
            }
            Judge::Refreshes | Judge::Bridges => {
                let from = cluster.path().join("known.receipt");
                fs::copy(from, cluster.path().join(format!("copy-{number}.receipt"))).unwrap();
            }
            _ => {}
        }
        let line = self.fill(case.line, number, &liar.url);
        let mut lines: Vec<String> = line.split(" && ").map(ToOwned::to_owned).collect();
        let line = lines.pop().unwrap();
        for first in lines {
            let _done = self.truly(&first).expect(0);
        }
        Trial {
            world: self,
            case,
            liar,
            number,
            line,
            json,
        }
    }

    /// How many versions a record has by the word of a true node; none if it has no history.
    fn versions(&self, number: &str) -> u64 {
        let ran = self.truly(&format!("--json history {number} --registry {PERMITS}"));
        let versions = ran.json()["facts"]["versions"].as_array().map(Vec::len);
        versions.unwrap_or_default() as u64
    }

    /// Whether a number is a record as it is written, small letters and all.
    fn is_registered_as_written(&self, number: &str) -> bool {
        let registry = RegistryName::parse(PERMITS).unwrap();
        let record = RecordId::parse(number)
            .unwrap()
            .in_case(CaseRule::AsWritten);
        let key = record.key(&registry).to_hex();
        let url = format!("{}/v1/records/{PERMITS}/{key}", self.cluster.url(NODE));
        ureq::get(url).call().is_ok()
    }
}

/// What a command says that is not of this run alone.
fn facts(ran: &Ran) -> Value {
    const OF_THE_RUN: [&str; 12] = [
        "seconds",
        "entries_per_second",
        "cosigners",
        "steps",
        "time",
        "url",
        "dir",
        "files_written",
        "file",
        "files",
        "help",
        "error",
    ];
    fn clean(value: &mut Value) {
        match value {
            Value::Object(map) => {
                map.retain(|name, _| !OF_THE_RUN.contains(&name.as_str()));
                map.values_mut().for_each(clean);
            }
            Value::Array(items) => items.iter_mut().for_each(clean),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(ran.stdout.trim_end()).unwrap_or_default();
    clean(&mut value);
    value
}

/// One run of a command before the liar.
pub(crate) struct Trial<'a> {
    world: &'a World,
    case: &'a Case,
    liar: &'a Liar,
    number: u64,
    line: String,
    json: bool,
}

pub(super) type Judged = Result<(), String>;

pub(super) fn must(holds: bool, what: impl FnOnce() -> String) -> Judged {
    if holds { Ok(()) } else { Err(what()) }
}

impl Trial<'_> {
    pub(crate) fn run(&self) -> Ran {
        let line = if self.json {
            format!("--json {}", self.line)
        } else {
            self.line.clone()
        };
        let mut words = words(&line);
        let is_desk = [
            "anchor",
            "amend",
            "correct",
            "suspend",
            "reinstate",
            "revoke",
            "attest",
            "clerk add",
            "clerk revoke",
            "registry policy set",
            "act send",
        ];
        if is_desk.iter().any(|desk| self.line.starts_with(desk)) {
            words.extend(["--timeout", "1"]);
        }
        let mut command = self.world.cluster.clerk_command("qurilish", NODE, &words);
        command
            .env("MUHR_NODE", &self.liar.url)
            .env("MUHR_TIMEOUT", "2");
        let started = Instant::now();
        let ran: Ran = command.output().unwrap().into();
        assert!(
            started.elapsed() < WITHIN,
            "{} took {:?}",
            self.line,
            started.elapsed()
        );
        ran
    }

    fn path(&self, name: &str) -> PathBuf {
        let name = name.replace("{n}", &self.number.to_string());
        self.world.cluster.path().join(name)
    }

    /// Whether what was said is true and what was done is right. `heard_truth` if no lie was told.
    pub(crate) fn judge(&self, ran: &Ran, heard_truth: bool) -> Judged {
        let said = format!("{}{}", ran.stdout, ran.stderr);
        let acts = |letter: char| {
            (letter.is_control() && letter != '\n')
                || ('\u{202a}'..='\u{202e}').contains(&letter)
                || ['\u{200f}', '\u{2028}'].contains(&letter)
        };
        must(!said.contains(acts), || {
            "what it says commands a terminal".to_owned()
        })?;
        must(ran.code >= 0 && !said.contains("panicked"), || {
            "it crashed".to_owned()
        })?;
        if !self.json {
            headlines::judge(self.case, ran)?;
        }
        let world = self.world;
        match &self.case.judge {
            Judge::Reads => self.reads(ran, heard_truth),
            Judge::Tells => must(!heard_truth || ran.code == 0, || {
                "the truth is not told".to_owned()
            }),
            Judge::Writes(versions) => {
                self.wrote(ran, heard_truth)?;
                self.again(&[0])?;
                self.holds(&format!("l-{}", self.number), *versions)?;
                let verified = world.truly(&format!("verify l-{}.receipt", self.number));
                let current = [0, 13, 17].contains(&verified.code);
                must(current, || {
                    format!("the receipt does not verify: {verified:?}")
                })
            }
            Judge::Attests(word) => {
                self.wrote(ran, heard_truth)?;
                self.again(&[0])?;
                self.holds(&format!("l-{}", self.number), 1)?;
                let marks = world.truly(&format!(
                    "--json history l-{} --registry {PERMITS}",
                    self.number
                ));
                let marks = marks.json()["facts"]["standing"]["marks"].clone();
                let said = marks.as_array().map_or(&[][..], Vec::as_slice);
                must(said.len() == 1 && said[0]["operation"] == *word, || {
                    format!("{marks} instead of one {word}")
                })
            }
            Judge::Rows(versions) => {
                self.wrote(ran, heard_truth)?;
                self.again(&[0])?;
                for number in ["l", "m"] {
                    self.holds(&format!("{number}-{}", self.number), *versions)?;
                }
                Ok(())
            }
            Judge::Folder => {
                self.wrote(ran, heard_truth)?;
                self.again(&[0])?;
                let _refused = fs::remove_file(self.path("hot-{n}/l-{n}.pdf.refused"));
                self.holds(&format!("l-{}", self.number), 1)
            }
            Judge::Clerk { stays } => self.clerk(ran, *stays),
            Judge::Policy => self.policy(ran),
            Judge::Mirror => self.mirror(ran),
            Judge::Witnessed => self.witnessed(ran, heard_truth),
            Judge::Refreshes => self.refreshed(ran, heard_truth, ""),
            Judge::Bridges => self.refreshed(ran, heard_truth, &format!("--trust {ENDED}")),
            Judge::Gathers => self.gathered(ran),
        }
    }

    fn reads(&self, ran: &Ran, heard_truth: bool) -> Judged {
        let moments = self.world.moments.lock().unwrap();
        let moments = &moments[self.case.name];
        let was_so = match self.json {
            true => moments.contains(&(ran.code, facts(ran))),
            // In text there is a verdict, and no list of facts.
            false => moments.iter().any(|(code, _)| *code == ran.code),
        };
        if was_so {
            return Ok(());
        }
        must(!heard_truth && !VERDICTS.contains(&ran.code), || {
            format!("it was never so: {moments:?}")
        })
    }

    /// That a command ended well says that what it was to do is done.
    fn wrote(&self, ran: &Ran, heard_truth: bool) -> Judged {
        must(!heard_truth || ran.code == 0, || {
            "the truth is not enough".to_owned()
        })?;
        must(ran.code != 21, || {
            "a conflict where there is none".to_owned()
        })
    }

    /// The same command before a true node.
    fn again(&self, codes: &[i32]) -> Judged {
        let mut ran = self.world.truly(&self.line);
        // Whatever the liar has set going may have to become final first.
        for _ in 0..20 {
            if codes.contains(&ran.code) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(250));
            ran = self.world.truly(&self.line);
        }
        Err(format!(
            "before a true node the same command ends so: {ran:?}"
        ))
    }

    fn holds(&self, number: &str, versions: u64) -> Judged {
        let found = self.world.versions(number);
        must(found == versions, || {
            format!("{number} has {found} versions instead of {versions}")
        })?;
        must(!self.world.is_registered_as_written(number), || {
            format!("{number} is registered twice")
        })
    }

    fn clerk(&self, ran: &Ran, stays: bool) -> Judged {
        let name = format!("qurilish/c{}", self.number);
        let stands = || {
            let listed = self
                .world
                .truly("--json clerk list --agency qurilish")
                .json();
            let clerks = listed["clerks"].as_array().unwrap().clone();
            let mut own = clerks
                .into_iter()
                .filter(|clerk| clerk["clerk"] == name.as_str());
            own.next().map(|clerk| clerk["revoked"].is_null())
        };
        must(ran.code != 0 || stands() == Some(stays), || {
            format!("it ended well, and the clerk's standing is {:?}", stands())
        })?;
        must(ran.code != 21, || {
            "a conflict where there is none".to_owned()
        })
    }

    fn policy(&self, ran: &Ran) -> Judged {
        let shown = self
            .world
            .truly("--json registry policy show soliq.permits")
            .expect(0)
            .json();
        let _one = self.world.policy.lock().unwrap();
        must(ran.code != 0 || shown["policy"]["needed"] == 1, || {
            format!("it ended well: {shown}")
        })?;
        must(ran.code != 21, || {
            "a conflict where there is none".to_owned()
        })
    }

    fn mirror(&self, ran: &Ran) -> Judged {
        let folder = format!("mirror-{}", self.number);
        if ran.code == 0 {
            let audited = self.world.truly(&format!("audit {folder}"));
            must(audited.code == 0, || {
                format!("a mirror that does not hold: {audited:?}")
            })?;
        }
        let url = self.world.cluster.url(NODE);
        let again = self.world.truly(&format!("log mirror {url} {folder}"));
        must(again.code == 0, || {
            format!("a true node cannot go on with it: {again:?}")
        })?;
        let audited = self.world.truly(&format!("audit {folder}"));
        must(audited.code == 0, || {
            format!("it does not hold: {audited:?}")
        })
    }

    /// A witness that lies keeps nobody from the log, and spoils no mirror: its line is there, or is missing.
    fn witnessed(&self, ran: &Ran, heard_truth: bool) -> Judged {
        let folder = format!("mirror-{}", self.number);
        let audit = |more: &str| self.world.truly(&format!("audit {folder}{more}"));
        let strict = format!(" --trust {STRICTER}");
        must([0, 20].contains(&ran.code), || {
            "there is no mirror".to_owned()
        })?;
        let audited = audit(&strict);
        must((ran.code == 0) == (audited.code == 0), || {
            format!("whether the line is there, is not what was said: {audited:?}")
        })?;
        let is_missing = audited.code == 16 && audit("").code == 0;
        let holds = audited.code == 0 || !heard_truth && is_missing;
        must(holds, || {
            format!("a mirror that does not hold: {audited:?}")
        })?;
        let (node, vkey) = (self.world.cluster.url(NODE), &self.world.vkey);
        let url = &self.world.witness.url;
        let again = format!("log mirror {node} {folder} --witness court={vkey},{url}");
        let again = self.world.truly(&again);
        must(again.code == 0 && audit(&strict).code == 0, || {
            format!("a true witness cannot go on with it: {again:?}")
        })
    }

    /// `by` says by which trust file.
    fn refreshed(&self, ran: &Ran, heard_truth: bool, by: &str) -> Judged {
        must(!heard_truth || ran.code == 0, || {
            "the truth is not enough".to_owned()
        })?;
        let known = fs::read(self.world.cluster.path().join("known.receipt")).unwrap();
        let now = fs::read(self.path("copy-{n}.receipt")).unwrap();
        if ran.code != 0 {
            return must(now == known, || {
                "it failed, and the receipt is another".to_owned()
            });
        }
        let verified = self
            .world
            .truly(&format!("verify copy-{}.receipt {by}", self.number));
        // Version 1, as it was at one moment or the other.
        must([0, 12].contains(&verified.code), || format!("{verified:?}"))
    }

    fn gathered(&self, ran: &Ran) -> Judged {
        let path = self.path("gathered-{n}");
        if ran.code != 0 {
            return must(!path.exists(), || {
                "it failed, and a dossier is there".to_owned()
            });
        }
        let verified = self
            .world
            .truly(&format!("verify gathered-{}", self.number));
        must([0, 12].contains(&verified.code), || format!("{verified:?}"))
    }
}
