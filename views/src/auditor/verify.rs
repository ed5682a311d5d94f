//! `muhr verify`: the verdict on each file, then what is proven, then how many checks hold.

use protocol::kind::Kind;
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use verify::{Verdict, checkpoint::Way};

use super::{dossier::DossierPart, facts::FactsView};
use crate::{
    CommandView, Line,
    shown::Ruling,
    steps::{self, Step},
};

/// What was judged with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Subject {
    /// A document with its receipt.
    Document,
    /// A receipt, and no document.
    ReceiptAlone,
    /// A document with a dossier.
    DocumentInDossier,
    /// A dossier, and no document.
    DossierAlone,
    /// A checkpoint, evidence of a fork, or nothing that could be judged.
    Other(Kind),
}

impl Subject {
    /// What a reader must not take for granted, behind the verdict.
    const fn remark(self) -> Option<&'static str> {
        match self {
            Self::Document | Self::Other(_) => None,
            Self::ReceiptAlone => Some("receipt alone"),
            Self::DocumentInDossier => Some("dossier"),
            Self::DossierAlone => Some("dossier alone"),
        }
    }
}

fn word<S: Serializer>(subject: &Subject, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(match subject {
        Subject::Document => "document",
        Subject::ReceiptAlone => "receipt alone",
        Subject::DocumentInDossier => "document in dossier",
        Subject::DossierAlone => "dossier alone",
        Subject::Other(kind) => kind.word(),
    })
}

/// What is said of one file.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FileView {
    /// The file.
    pub file: String,
    /// What was judged with what.
    #[serde(rename = "judged", serialize_with = "word")]
    #[schemars(with = "&str")]
    pub subject: Subject,
    /// In a word; of a dossier, the gravest of all that is in it.
    pub verdict: Ruling,
    /// The exit code of that.
    pub exit_code: u8,
    /// What was checked; of a dossier, of its first receipt.
    pub steps: Vec<Step>,
    /// What is proven; of a dossier, by its first receipt.
    pub facts: Option<FactsView>,
    /// What else is in a dossier.
    #[serde(flatten)]
    pub dossier: Option<DossierPart>,
    /// Whether each check is to be told.
    #[serde(skip)]
    pub all_steps: bool,
    /// Whether the trust file's epoch was opened by recovery keys.
    #[serde(skip)]
    pub by_recovery: bool,
}

impl FileView {
    pub(crate) fn lines(&self) -> Vec<Line> {
        let facts = self.facts.as_ref();
        // Of what proves no record, the steps are all that there is to say: who signed both sides of a fork.
        let checks = steps::checks(&self.steps, self.all_steps || facts.is_none());
        let mut lines = vec![self.headline()];
        let own = self.dossier.as_ref().map(|dossier| dossier.own_verdict);
        if let Some(Ruling(own)) = own.filter(|own| *own != self.verdict) {
            let behind = "; graver is what it rests on";
            lines.push(Line::judged("  the record itself: ", own, behind));
        }
        let proven = facts.map(FactsView::lines).unwrap_or_default();
        let rest = checks.failed.into_iter().chain(proven);
        lines.extend(rest.chain(checks.others).map(Line::text));
        lines.extend(self.dossier.iter().flat_map(DossierPart::lines));
        if self.by_recovery && facts.is_some() {
            lines.push(Line::text(
                "  ! the trust file's epoch was opened by recovery keys after a disaster",
            ));
        }
        if self.dossier.is_none() {
            for reference in facts.iter().flat_map(|facts| &facts.rests_on) {
                let what = reference.words();
                lines.push(Line::text(format!(
                    "  rests on {what}, which this receipt does not prove"
                )));
            }
        }
        lines
    }

    /// The first line: the verdict, what it is of, and the file.
    fn headline(&self) -> Line {
        let way = self.facts.as_ref().and_then(|facts| match facts.way {
            Way::Current => None,
            Way::Bridge | Way::AsOfThen => Some("by a past epoch's line in the trust file"),
        });
        let remarks: Vec<&str> = self.subject.remark().into_iter().chain(way).collect();
        let remarks = if remarks.is_empty() {
            String::new()
        } else {
            format!(" ({})", remarks.join("; "))
        };
        Line::judged("", self.verdict.0, format!("{remarks}  {}", self.file))
    }
}

/// What is said of files, the gravest first.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct VerifyView {
    /// The gravest verdict.
    pub verdict: Ruling,
    /// The exit code of that.
    pub exit_code: u8,
    /// Every file.
    pub files: Vec<FileView>,
}

impl VerifyView {
    /// The verdict on all.
    #[must_use]
    pub const fn gravest(&self) -> Verdict {
        self.verdict.0
    }
}

impl CommandView for VerifyView {
    const SCHEMA: &'static str = "muhr/verify/1";

    fn lines(&self) -> Vec<Line> {
        self.files.iter().flat_map(FileView::lines).collect()
    }
}
