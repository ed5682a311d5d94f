//! Dossiers: a record together with those that it rests on, each proven by itself.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;
use verify::{Verdict, dossier::Member};

use super::facts::{FactsView, ShownReference};
use crate::{
    CommandView, Line,
    shown::Ruling,
    steps::{self, Step, told},
};

/// One receipt of a dossier.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct MemberView {
    /// How far it is from the first.
    pub depth: usize,
    /// What is said of it.
    pub verdict: Ruling,
    /// What it rests on that is not in the dossier.
    pub missing: Vec<ShownReference>,
    /// What it rests on that is farther away than what is followed.
    pub not_followed: Vec<ShownReference>,
    /// Whether its proof is older than the first's.
    pub older: bool,
    /// Whether another version of this record leads to it.
    pub circle: bool,
    /// What was checked.
    pub steps: Vec<Step>,
    /// What is proven.
    pub facts: Option<FactsView>,
    /// What it rests on that stands behind it in the log.
    #[serde(skip)]
    pub later: Vec<ShownReference>,
}

impl From<&Member> for MemberView {
    fn from(member: &Member) -> Self {
        Self {
            depth: member.depth,
            verdict: Ruling(member.judgement.verdict),
            missing: member.missing.iter().map(Into::into).collect(),
            not_followed: member.beyond.iter().map(Into::into).collect(),
            older: member.is_older,
            circle: member.returns,
            steps: told(&member.judgement.steps),
            facts: member.judgement.facts.as_ref().map(Into::into),
            later: member.later.iter().map(Into::into).collect(),
        }
    }
}

impl MemberView {
    /// What it is, where it stands, and as of when that is so.
    fn what(&self) -> String {
        let Some(facts) = &self.facts else {
            return "a record whose receipt does not hold".to_owned();
        };
        let record = facts.record.clone();
        format!(
            "version {} of {} in {}, leaf {}, by {}, as of block {}, {}",
            facts.version,
            record.unwrap_or_else(|| format!("key {}", facts.key.0.to_hex())),
            facts.registry,
            facts.index,
            facts.author,
            facts.as_of_height,
            facts.as_of_time.local()
        )
    }

    /// What keeps it from being taken as it is.
    fn remarks(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(facts) = self.facts.as_ref().filter(|_| self.older) {
            lines.push(format!(
                "  ! its proof is as of block {}, older than the first's: what became of it since cannot be told; gather it again",
                facts.as_of_height
            ));
        }
        if self.circle {
            lines.push("  ! a circle: another version of this record leads to it".to_owned());
        }
        for (named, what) in [
            (&self.missing, "is not in the dossier"),
            (
                &self.not_followed,
                "is farther away than what is followed, and not judged",
            ),
            (
                &self.later,
                "stands behind it in the log: no ledger that keeps the rules holds both",
            ),
        ] {
            for reference in named {
                let words = reference.words();
                lines.push(format!("  ! it rests on {words}, which {what}"));
            }
        }
        lines
    }

    /// All that is said of one on which the first rests.
    fn lines(&self) -> Vec<Line> {
        let before = "  ".repeat(self.depth.saturating_sub(1));
        let first = Line::judged(
            format!("  {before}rests on  "),
            self.verdict.0,
            format!("  {}", self.what()),
        );
        let failed = steps::checks(&self.steps, false).failed;
        let failed = failed.into_iter().map(|line| format!("  {line}"));
        let rest = failed.chain(self.remarks()).map(Line::text);
        std::iter::once(first).chain(rest).collect()
    }
}

/// What a dossier says beside its first receipt.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DossierPart {
    /// What is said of the first receipt by itself.
    pub own_verdict: Ruling,
    /// What it rests on that is not in the dossier.
    pub missing: Vec<ShownReference>,
    /// What it rests on that is farther away than what is followed.
    pub not_followed: Vec<ShownReference>,
    /// The records that it rests on, and those that they rest on.
    pub rests_on: Vec<MemberView>,
    /// What keeps the first from being taken as it is.
    #[serde(skip)]
    pub remarks: Vec<String>,
}

impl DossierPart {
    /// What stands beside the first of the members.
    #[must_use]
    pub fn of(first: MemberView, rest: &[Member]) -> Self {
        Self {
            own_verdict: first.verdict,
            remarks: first.remarks(),
            missing: first.missing,
            not_followed: first.not_followed,
            rests_on: rest.iter().map(Into::into).collect(),
        }
    }

    pub(crate) fn lines(&self) -> Vec<Line> {
        let remarks = self.remarks.iter().cloned().map(Line::text);
        let members = self.rests_on.iter().flat_map(MemberView::lines);
        remarks.chain(members).collect()
    }
}

/// `muhr receipt gather`: the dossier that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GatherView {
    /// Its file.
    pub file: String,
    /// How many receipts are in it.
    pub receipts: usize,
    /// What is said of it.
    pub verdict: Ruling,
    /// Its receipts.
    #[serde(skip)]
    pub members: Vec<MemberView>,
}

impl CommandView for GatherView {
    const SCHEMA: &'static str = "muhr/receipt-gather/1";

    fn lines(&self) -> Vec<Line> {
        let count = counted(self.receipts, "receipt", "receipts");
        let of = format!("  {}  ({count})", self.file);
        let mut lines = vec![Line::judged("", self.verdict.0, of)];
        for member in self.members.iter().skip(1) {
            if member.verdict.0 != Verdict::Authentic || member.circle {
                let behind = format!("  {}", member.what());
                lines.push(Line::judged("  ", member.verdict.0, behind));
                lines.extend(member.remarks().into_iter().map(Line::text));
            }
        }
        let first = self.members.first();
        let remarks = first.map(MemberView::remarks).unwrap_or_default();
        lines.extend(remarks.into_iter().map(Line::text));
        lines
    }
}
