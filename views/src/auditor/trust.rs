//! `muhr trust`: what a trust file says, and what became of one.

use messages::counted;
use protocol::{policy::Rule, words};
use schemars::JsonSchema;
use serde::Serialize;
use verify::Verdict;

use crate::{
    CommandView, Line,
    line::texts,
    steps::{self, Step},
};

/// Words for a hash, to be read out.
#[must_use]
pub fn spoken(hash: &[u8; 32]) -> String {
    words::fingerprint(hash).join(" ")
}

/// One that may sign.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownWitness {
    /// Its name in the file.
    pub name: String,
    /// The name of its key.
    pub key: String,
    /// Where it answers, if the file says so.
    pub url: Option<String>,
    /// Whether it is one of the network's agencies.
    pub agency: bool,
}

/// That the log's own line is enough.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Alone {
    /// The log.
    Log,
}

/// Who must sign: nobody but the log, one by name, or so many of a group.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum MustSign {
    /// Nobody else.
    Log(Alone),
    /// One, by name.
    One(String),
    /// So many of these.
    Group {
        /// Name of the group.
        group: String,
        /// How many of them.
        needed: usize,
        /// Its members.
        members: Vec<Self>,
    },
}

impl From<&Rule> for MustSign {
    fn from(rule: &Rule) -> Self {
        match rule {
            Rule::LogAlone => Self::Log(Alone::Log),
            Rule::Witness(name) => Self::One(name.clone()),
            Rule::Group {
                name,
                needed,
                members,
            } => Self::Group {
                group: name.clone(),
                needed: *needed,
                members: members.iter().map(Self::from).collect(),
            },
        }
    }
}

/// How an epoch ended.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PastEpoch {
    /// Its number.
    pub epoch: u64,
    /// Hash of its trust file, 64 hexadecimal digits.
    pub trust: String,
    /// Leaves of the log with which it ended.
    pub size: u64,
    /// Root of that log in base64.
    pub root: String,
}

/// Which words were said, and what of the file they cover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum WordsCover {
    /// All of it.
    #[serde(rename = "all")]
    All,
    /// All but the lines of past epochs.
    #[serde(rename = "without past epochs")]
    WithoutPast,
}

/// What a trust file says.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TrustView {
    /// The file.
    pub file: String,
    /// Name of the network.
    pub origin: String,
    /// The epoch that it is of.
    pub epoch: Option<u64>,
    /// Identity of the network, 64 hexadecimal digits.
    pub genesis: Option<String>,
    /// The words of the network's own part.
    pub words: String,
    /// What the words cover that were said to `muhr trust check`.
    pub words_cover: Option<WordsCover>,
    /// Hash of the network's own part, 64 hexadecimal digits.
    pub sha256: String,
    /// Who may sign.
    pub witnesses: Vec<ShownWitness>,
    /// Who must sign.
    pub must_sign: MustSign,
    /// What makes the file weak, if something does.
    pub weakness: Option<String>,
    /// Who opened the epoch, if it is not the first.
    pub opened_by: Option<&'static str>,
    /// Hash of the network's file on which somebody's own is built, 64 hexadecimal digits.
    pub base: Option<String>,
    /// How past epochs ended.
    pub past: Vec<PastEpoch>,
    /// Words of the network's file on which somebody's own is built.
    #[serde(skip)]
    pub base_words: Option<String>,
    /// Words of the whole file.
    #[serde(skip)]
    pub whole_words: String,
}

impl CommandView for TrustView {
    const SCHEMA: &'static str = "muhr/trust/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![
            format!("trust file of {}", self.origin),
            format!("  words    {}", self.words),
        ];
        let base = self.base_words.as_ref();
        lines.extend(base.map(|words| {
            format!("  base     somebody's own file, built on the network's of the words {words}")
        }));
        lines.extend(self.epoch.map(|epoch| {
            let by = self.opened_by.unwrap_or("genesis");
            format!("  epoch    {epoch}, opened by {by}")
        }));
        for (at, line) in signers(&self.must_sign).iter().enumerate() {
            let word = if at == 0 { "signers" } else { "" };
            lines.push(format!("  {word:<7}  {line}"));
        }
        let weakness = self.weakness.as_ref();
        lines.extend(weakness.map(|weakness| format!("  ! {weakness}")));
        let ended = |past: &PastEpoch| {
            let PastEpoch {
                epoch, size, root, ..
            } = past;
            format!("  epoch {epoch} ended at size {size} with root {root}")
        };
        lines.extend(self.past.iter().map(ended));
        if !self.past.is_empty() {
            lines.push(format!(
                "  words with the past epochs  {}",
                self.whole_words
            ));
        }
        let genesis = self.genesis.as_ref();
        lines.extend(genesis.map(|genesis| format!("  genesis  {genesis}")));
        let may = |witness: &ShownWitness| {
            let outside = if witness.agency {
                ""
            } else {
                "  (outside witness)"
            };
            format!("  may sign {}  {}{outside}", witness.name, witness.key)
        };
        lines.extend(self.witnesses.iter().map(may));
        lines.extend(self.words_cover.map(|covers| match covers {
            WordsCover::All => "✔ the words are this file's".to_owned(),
            WordsCover::WithoutPast => format!(
                "▲ the words are this file's but for its {} lines of past epochs, which they do not cover",
                self.past.len()
            ),
        }));
        texts(lines)
    }
}

/// Who must sign, a line for each group.
fn signers(rule: &MustSign) -> Vec<String> {
    let name = |member: &MustSign| match member {
        MustSign::Log(_) => "the log".to_owned(),
        MustSign::One(name) | MustSign::Group { group: name, .. } => name.clone(),
    };
    let (needed, members) = match rule {
        MustSign::Group {
            needed, members, ..
        } => (needed, members),
        MustSign::One(name) => return vec![format!("{name} alone must sign")],
        MustSign::Log(_) => {
            return vec!["nobody must sign: the log's own line is enough".to_owned()];
        }
    };
    let names: Vec<String> = members.iter().map(name).collect();
    let count = members.len();
    let mut lines = vec![format!(
        "{needed} of these {count} must sign: {}",
        names.join(", ")
    )];
    for member in members {
        if let MustSign::Group { group, .. } = member {
            let inner = signers(member);
            lines.extend(inner.iter().enumerate().map(|(at, line)| match at {
                0 => format!("  {group}: {line}"),
                _ => format!("  {line}"),
            }));
        }
    }
    lines
}

/// A trust file that a proof led to.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Advanced {
    /// Its epoch.
    pub epoch: Option<u64>,
    /// Its hash, 64 hexadecimal digits.
    pub sha256: String,
    /// Its words.
    pub words: String,
    /// Who opened the epoch.
    pub opened_by: Option<&'static str>,
}

/// `muhr trust advance`: from a trust file to a later one.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TrustAdvanceView {
    /// Where the last one was written.
    pub file: String,
    /// Name of the network.
    pub origin: String,
    /// All that were passed, the last of which was written.
    pub epochs: Vec<Advanced>,
    /// Words of the one that was written.
    #[serde(skip)]
    pub words: String,
}

impl CommandView for TrustAdvanceView {
    const SCHEMA: &'static str = "muhr/trust-advance/1";

    fn lines(&self) -> Vec<Line> {
        texts([format!("{}: {}", self.file, self.words)])
    }
}

/// What is said of a proof as soon as it is judged.
#[must_use]
pub fn proof_lines(file: &str, verdict: Verdict, steps: &[Step], all_steps: bool) -> Vec<Line> {
    let first = Line::judged("", verdict, format!("  {file}"));
    let steps = steps::lines(steps, all_steps);
    std::iter::once(first).chain(steps).collect()
}

/// `muhr trust extend`: a trust file of one's own.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TrustExtendView {
    /// Where it was written.
    pub file: String,
    /// Hash of the network's file that it is built on, 64 hexadecimal digits.
    pub base: String,
    /// All that may sign by it.
    pub witnesses: usize,
    /// How many of the witnesses from outside must sign.
    pub need: usize,
    /// How many witnesses from outside there are.
    #[serde(skip)]
    pub outside: usize,
}

impl CommandView for TrustExtendView {
    const SCHEMA: &'static str = "muhr/trust-extend/1";

    fn lines(&self) -> Vec<Line> {
        texts([format!(
            "{}: the agencies as before, and {} of {}",
            self.file,
            self.need,
            counted(self.outside, "witness", "witnesses")
        )])
    }
}
