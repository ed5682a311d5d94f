//! Cases as they are gathered, and `cases.json` as it is written.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use protocol::{
    hash::{DocumentHash, sha256},
    name::RegistryName,
    policy::TrustPolicy,
    record::RecordId,
    text,
};
use verify::{Judgement, Verdict, checkpoint, file, history, receipt};

/// The exit code of a trust file that is refused.
pub(crate) const BAD_TRUST: u8 = 3;

/// What a file is judged as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Receipt,
    History,
    Checkpoint,
    Evidence,
}

impl Kind {
    const fn word(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::History => "history",
            Self::Checkpoint => "checkpoint",
            Self::Evidence => "evidence",
        }
    }
}

/// A question to a verifier, by names of files.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) kind: Kind,
    pub(crate) trust: &'a str,
    pub(crate) file: &'a str,
    pub(crate) document: Option<&'a str>,
    /// A trust file of an epoch that has ended, beside the one that is held.
    pub(crate) then: Option<&'a str>,
    /// Registry and record number of a history.
    pub(crate) about: Option<(&'a str, &'a str)>,
}

impl<'a> Ask<'a> {
    pub(crate) const fn of(kind: Kind, trust: &'a str, file: &'a str) -> Self {
        Self {
            kind,
            trust,
            file,
            document: None,
            then: None,
            about: None,
        }
    }

    pub(crate) const fn with(self, document: &'a str) -> Self {
        Self {
            document: Some(document),
            ..self
        }
    }

    pub(crate) const fn then(self, then: &'a str) -> Self {
        Self {
            then: Some(then),
            ..self
        }
    }

    fn json(&self) -> String {
        let mut out = format!(
            "\"kind\":{}, \"trust\":{}, \"file\":{}",
            quoted(self.kind.word()),
            quoted(self.trust),
            quoted(self.file)
        );
        if let Some(document) = self.document {
            let _infallible = write!(out, ", \"document\":{}", quoted(document));
        }
        if let Some(then) = self.then {
            let _infallible = write!(out, ", \"then\":[{}]", quoted(then));
        }
        if let Some((registry, record)) = self.about {
            let (registry, record) = (quoted(registry), quoted(record));
            let _infallible = write!(out, ", \"registry\":{registry}, \"record\":{record}");
        }
        out
    }
}

/// What is done to the files before they are judged.
#[derive(Clone, Debug)]
pub(crate) enum Spoilt {
    /// Nothing.
    Not,
    /// The file is this.
    File(Vec<u8>),
    /// The trust file is this.
    Trust(Vec<u8>),
    /// The trust file and the file are these.
    Both(Vec<u8>, Vec<u8>),
}

/// How a sweep changes each position.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sweep {
    Flip(u8),
    Cut,
}

/// What Rust says of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Found {
    exit: u8,
    /// Code of the first check that failed, if one did.
    check: Option<&'static str>,
    /// What other agencies' word makes of the version where a receipt shows it.
    word: Option<&'static str>,
}

impl Found {
    const BAD_TRUST: Self = Self {
        exit: BAD_TRUST,
        check: None,
        word: None,
    };

    fn of<F>(judged: &Judgement<F>) -> Self {
        Self {
            exit: exit_code(judged.verdict),
            check: judged.failure().map(|step| step.check.code()),
            word: None,
        }
    }
}

/// Files, cases and sweeps.
#[derive(Debug, Default)]
pub(crate) struct Book {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    names: BTreeSet<String>,
    cases: Vec<String>,
    sweeps: Vec<String>,
    /// Where Rust does not say what is expected.
    pub(crate) wrong: Vec<String>,
}

impl Book {
    pub(crate) fn file(&mut self, name: &str, bytes: impl Into<Vec<u8>>) {
        let twice = self.files.insert(name.to_owned(), bytes.into());
        assert_eq!(twice, None, "{name}");
    }

    /// The text of a file.
    pub(crate) fn text(&self, name: &str) -> String {
        String::from_utf8(self.files[name].clone()).unwrap()
    }

    fn judge(&self, ask: &Ask<'_>, trust: &[u8], bytes: &[u8]) -> Found {
        let Ok(trust) = TrustPolicy::parse(trust) else {
            return Found::BAD_TRUST;
        };
        match ask.kind {
            Kind::Receipt => {
                let hash = |name| DocumentHash::new(sha256(&[&self.files[name]]));
                let then = ask.then.map(|name| TrustPolicy::parse(&self.files[name]));
                let Some(then) = then.into_iter().collect::<Result<Vec<_>, _>>().ok() else {
                    return Found::BAD_TRUST;
                };
                let trusts = checkpoint::Trusts::new(&trust, &then);
                let judged = receipt::judge(trusts, bytes, ask.document.map(hash).as_ref());
                let facts = judged.facts.as_ref();
                let facts = facts.filter(|facts| facts.standing.is_some());
                Found {
                    word: facts.map(|facts| facts.endorsement.word()),
                    ..Found::of(&judged)
                }
            }
            Kind::History => {
                let (registry, record) = ask.about.unwrap();
                let registry = RegistryName::parse(registry).unwrap();
                let key = RecordId::parse(record).unwrap().key(&registry);
                Found::of(&history::judge(&trust, bytes, &registry, &key))
            }
            Kind::Checkpoint => Found::of(&file::checkpoint(&trust, bytes)),
            Kind::Evidence => Found::of(&file::evidence(&trust, bytes)),
        }
    }

    /// One case, with the exit code that it must have.
    pub(crate) fn case(&mut self, ask: &Ask<'_>, name: &str, spoilt: Spoilt, exit: u8) {
        let name = format!("{}/{name}", ask.kind.word());
        assert!(self.names.insert(name.clone()), "{name} twice");
        let (mut trust, mut bytes) = (&self.files[ask.trust], &self.files[ask.file]);
        let mut edits = String::new();
        match &spoilt {
            Spoilt::Not => {}
            Spoilt::File(spoilt) => {
                edits = format!(", \"edits\":[{}]", splice(bytes, spoilt));
                bytes = spoilt;
            }
            Spoilt::Trust(spoilt) => {
                edits = format!(", \"trust_edits\":[{}]", splice(trust, spoilt));
                trust = spoilt;
            }
            Spoilt::Both(other, spoilt) => {
                let (first, second) = (splice(trust, other), splice(bytes, spoilt));
                edits = format!(", \"trust_edits\":[{first}], \"edits\":[{second}]");
                (trust, bytes) = (other, spoilt);
            }
        }
        let found = self.judge(ask, trust, bytes);
        if found.exit != exit {
            self.wrong
                .push(format!("{name}: {}, not {exit}", found.exit));
        }
        let check = found.check.map(|code| format!(", \"check\":\"{code}\""));
        let check = check.unwrap_or_default();
        let word = found
            .word
            .map(|word| format!(", \"endorsement\":{}", quoted(word)));
        let word = word.unwrap_or_default();
        self.cases.push(format!(
            "{{\"name\":{}, {}{edits}, \"exit\":{exit}, \"verdict\":{}{check}{word}}}",
            quoted(&name),
            ask.json(),
            quoted(words(exit))
        ));
    }

    /// One case per position of the file. `plausible` bounds what may come out.
    pub(crate) fn sweep(&mut self, ask: &Ask<'_>, name: &str, sweep: Sweep, plausible: &[u8]) {
        let bytes = &self.files[ask.file];
        let whole = self.judge(ask, &self.files[ask.trust], bytes);
        let strange = log_line(bytes);
        let mut runs: Vec<(usize, Found)> = Vec::new();
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            match sweep {
                Sweep::Flip(mask) => changed[at] ^= mask,
                Sweep::Cut => changed.truncate(at),
            }
            let found = Found {
                word: None,
                ..self.judge(ask, &self.files[ask.trust], &changed)
            };
            let exit = found.exit;
            // Changed in its name or id, the log's own line is a stranger's, and says nothing.
            let ignored =
                exit == whole.exit && strange.contains(&at) && matches!(sweep, Sweep::Flip(_));
            if !plausible.contains(&exit) && !ignored {
                self.wrong.push(format!("{name} at {at}: {exit}"));
            }
            match runs.last_mut() {
                Some((count, last)) if *last == found => *count += 1,
                _ => runs.push((1, found)),
            }
        }
        let operation = match sweep {
            Sweep::Flip(mask) => format!("\"op\":\"flip\", \"mask\":{mask}"),
            Sweep::Cut => "\"op\":\"cut\"".to_owned(),
        };
        let runs: Vec<String> = runs
            .iter()
            .map(|(count, found)| match found.check {
                Some(check) => format!("[{count},{},\"{check}\"]", found.exit),
                None => format!("[{count},{}]", found.exit),
            })
            .collect();
        self.sweeps.push(format!(
            "{{\"name\":{}, {}, {operation}, \"runs\":[{}]}}",
            quoted(&format!("{}/{name}", ask.kind.word())),
            ask.json(),
            runs.join(",")
        ));
    }

    /// How many cases there are.
    pub(crate) fn len(&self) -> usize {
        self.cases.len()
    }

    /// The text of `cases.json`.
    pub(crate) fn json(&self) -> String {
        let mut verdicts = vec![format!("\"{BAD_TRUST}\":\"{}\"", words(BAD_TRUST))];
        verdicts.extend(Verdict::BY_GRAVITY.iter().rev().map(|verdict| {
            let (code, words) = (exit_code(*verdict), verdict.words());
            format!("\"{code}\":\"{words}\"")
        }));
        format!(
            "{{\"format\":\"muhr-cases/v1\",\n\"verdicts\":{{{}}},\n\"cases\":[\n{}\n],\n\"sweeps\":[\n{}\n]}}\n",
            verdicts.join(", "),
            self.cases.join(",\n"),
            self.sweeps.join(",\n")
        )
    }
}

/// Where the line of the log's own key stands, in a file of the world; nowhere if it has none.
fn log_line(bytes: &[u8]) -> std::ops::Range<usize> {
    let begins = "\u{2014} muhr.example/".as_bytes();
    let at = bytes
        .windows(begins.len())
        .position(|window| window == begins);
    at.map_or(0..0, |at| {
        let line = bytes[at..].iter().position(|byte| *byte == b'\n').unwrap();
        at..at + line
    })
}

/// What `muhr verify` ends with.
fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Authentic => 0,
        Verdict::Pending => 6,
        Verdict::NotFound => 10,
        Verdict::Altered => 11,
        Verdict::Superseded => 12,
        Verdict::Revoked => 13,
        Verdict::ProofBroken => 14,
        Verdict::WrongNetwork => 15,
        Verdict::CannotDecide => 16,
        Verdict::Suspended => 17,
        Verdict::Fork => 30,
        other => panic!("{other:?} has no exit code"),
    }
}

fn words(exit: u8) -> &'static str {
    if exit == BAD_TRUST {
        return "bad trust file";
    }
    let mut all = Verdict::BY_GRAVITY.into_iter();
    all.find(|verdict| exit_code(*verdict) == exit)
        .unwrap()
        .words()
}

/// The edit that makes `to` out of `from`: by whole lines, so that a person can read it.
fn splice(from: &[u8], to: &[u8]) -> String {
    let common =
        |one: &mut dyn Iterator<Item = (&u8, &u8)>| one.take_while(|(a, b)| a == b).count();
    let line_start = |at: usize| {
        let before = &from[..at];
        before
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1)
    };
    let start = line_start(common(&mut from.iter().zip(to)));
    let same = common(&mut from[start..].iter().rev().zip(to[start..].iter().rev()));
    let mut end = from.len() - same;
    // The end of a line, unless the two share no line end there.
    let line_end = from[end..].iter().position(|byte| *byte == b'\n');
    end = line_end.map_or(from.len(), |at| end + at + 1);
    let length = end - start;
    let text = &to[start..to.len() - (from.len() - end)];
    let inside = std::str::from_utf8(text).map_or_else(
        |_| format!("\"base64\":\"{}\"", text::base64(text)),
        |text| format!("\"text\":{}", quoted(text)),
    );
    format!("{{\"op\":\"splice\",\"at\":{start},\"length\":{length},{inside}}}")
}

/// Takes the last of a list away.
pub(crate) fn shorten<T>(list: &mut Vec<T>) {
    list.truncate(list.len() - 1);
}

/// Takes the first of a list away.
pub(crate) fn behead<T>(list: &mut Vec<T>) {
    list.drain(..1);
}

/// A JSON string.
fn quoted(text: &str) -> String {
    let mut out = "\"".to_owned();
    for letter in text.chars() {
        match letter {
            '"' => out += "\\\"",
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            plain @ (' '..='~' | '\u{a0}'..='\u{d7ff}') => out.push(plain),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    let _infallible = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out + "\""
}
