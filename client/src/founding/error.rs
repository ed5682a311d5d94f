//! Why a founding does not go on: each with its code, the file and the line. What to do about it is for the
//! caller to say.

use std::path::{Path, PathBuf};

use messages::{UserMessage, time::local};
use protocol::{
    ceremony::{ContributionTrouble, KeyPlace, PlanAge},
    height::TimeMs,
    key::KeyError,
    name::{AgencyName, ClerkName, Origin},
    words::WORDS,
};
use thiserror::Error;

use crate::{coded::Coded, durable::FileError};

/// Texts of a ceremony.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FoundingText {
    /// A plan.
    Plan,
    /// A contribution.
    Contribution,
    /// A genesis.
    Genesis,
    /// A clerk's request.
    Request,
}

impl FoundingText {
    /// The text as a word for programs.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Contribution => "contribution",
            Self::Genesis => "genesis",
            Self::Request => "clerk-request",
        }
    }
}

/// A use of a key in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyUse {
    /// The file.
    pub path: PathBuf,
    /// Number of the line.
    pub line: usize,
    /// Purpose of the key there.
    pub purpose: &'static str,
    /// Holder of the key there.
    pub holder: String,
}

impl KeyUse {
    pub(super) fn of(place: KeyPlace, path: &impl Fn(usize) -> PathBuf) -> Self {
        Self {
            path: path(place.at),
            line: place.line,
            purpose: place.purpose,
            holder: place.holder,
        }
    }

    fn message(&self) -> UserMessage {
        UserMessage::new("founding-key-use")
            .text("path", self.path.display())
            .text("line", self.line)
            .text("purpose", self.purpose)
            .text("holder", &self.holder)
    }
}

/// Why a founding does not go on.
#[derive(Debug, Error)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum FoundingError {
    /// A file was not read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// A file is not the text that it was given as.
    NotA {
        /// The file.
        path: PathBuf,
        /// The text that it was given as.
        text: FoundingText,
        /// Line, and what is wrong there.
        reason: String,
        /// Whether it would be good without what mail or an editor did to it.
        is_rewritten: bool,
    },
    /// A plan of which nothing is made now.
    Plan {
        /// Its file.
        path: PathBuf,
        /// When it was made.
        made: TimeMs,
        /// Why.
        age: PlanAge,
    },
    /// The plan does not name the agency.
    NotInPlan {
        /// The plan's file.
        path: PathBuf,
        /// The agency.
        agency: AgencyName,
    },
    /// A file for a network of another name.
    OtherOrigin {
        /// The file.
        path: PathBuf,
        /// The network that it should be for.
        origin: Origin,
    },
    /// A contribution that its admin key did not sign for a network of this name.
    NotSigned {
        /// Its file.
        path: PathBuf,
        /// The network that it should be for.
        origin: Origin,
    },
    /// A request whose key does not count.
    Request {
        /// Its file.
        path: PathBuf,
        /// The clerk.
        clerk: ClerkName,
        /// Why.
        error: KeyError,
    },
    /// A contribution that does not fit the plan.
    Contribution {
        /// Its file.
        path: PathBuf,
        /// Number of the line.
        line: usize,
        /// Why.
        trouble: ContributionTrouble,
    },
    /// Two contributions of one agency.
    Doubled {
        /// The first file.
        first: PathBuf,
        /// The second.
        second: PathBuf,
        /// Whose they are.
        agency: AgencyName,
        /// Number of the first line in which they differ.
        differ: Option<usize>,
    },
    /// A key with two uses.
    KeyTwice {
        /// Where it stands first.
        first: KeyUse,
        /// Where it stands again.
        second: KeyUse,
    },
    /// Contributions that are not there.
    Missing {
        /// The plan's file.
        path: PathBuf,
        /// Whose.
        agencies: Vec<AgencyName>,
    },
    /// Each contribution fits, and together they make no genesis.
    NoGenesis(String),
    /// A genesis that is not to be accepted so.
    Unacceptable {
        /// Its file.
        path: PathBuf,
        /// Why.
        trouble: GenesisTrouble,
    },
}

/// Why an agency does not accept a genesis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GenesisTrouble {
    /// The agency's lines are not in it as it contributed them.
    OtherLines {
        /// File of the contribution.
        contribution: PathBuf,
        /// Number of the first such line in it.
        line: usize,
    },
    /// What is no agency's own is not as the plan says.
    OtherFrame {
        /// File of the plan.
        plan: PathBuf,
        /// Word of the line that differs.
        differs: &'static str,
    },
    /// A word that was read out is not its own.
    Words {
        /// Number of the word, from 1; one above the last if there are too many.
        at: usize,
    },
    /// The key is not the agency's admin key in it.
    OtherKey {
        /// File of the key.
        key: PathBuf,
        /// The agency.
        agency: AgencyName,
    },
}

impl GenesisTrouble {
    fn of(&self, genesis: &Path) -> UserMessage {
        match self {
            Self::OtherLines { contribution, line } => UserMessage::new("founding-other-lines")
                .text("genesis", genesis.display())
                .text("path", contribution.display())
                .text("line", line),
            Self::OtherFrame { plan, differs } => UserMessage::new("founding-other-frame")
                .text("genesis", genesis.display())
                .text("plan", plan.display())
                .text("differs", differs),
            Self::Words { at } if *at > WORDS => UserMessage::new("founding-words-too-many")
                .text("path", genesis.display())
                .text("expected", WORDS),
            Self::Words { at } => UserMessage::new("founding-words-differ")
                .text("path", genesis.display())
                .text("at", at),
            Self::OtherKey { key, agency } => UserMessage::new("founding-other-key")
                .text("path", key.display())
                .text("agency", agency),
        }
    }
}

impl Coded for FoundingError {
    fn message(&self) -> UserMessage {
        match self {
            Self::File(error) => error.message(),
            Self::NotA {
                path,
                text,
                reason,
                is_rewritten,
            } => not_a(path, *text, reason, *is_rewritten),
            Self::Plan { path, made, age } => out_of_time(path, *made, *age),
            Self::NotInPlan { path, agency } => UserMessage::new("founding-not-in-plan")
                .text("path", path.display())
                .text("agency", agency),
            Self::OtherOrigin { path, origin } => UserMessage::new("founding-other-origin")
                .text("path", path.display())
                .text("origin", origin),
            Self::NotSigned { path, origin } => UserMessage::new("founding-not-signed")
                .text("path", path.display())
                .text("origin", origin),
            Self::Request { path, clerk, error } => UserMessage::new("founding-request-refused")
                .text("path", path.display())
                .text("clerk", clerk)
                .text("reason", error),
            Self::Contribution {
                path,
                line,
                trouble,
            } => UserMessage::new("founding-contribution-refused")
                .text("path", path.display())
                .text("line", line)
                .part("trouble", of_contribution(trouble)),
            Self::Doubled {
                first,
                second,
                agency,
                differ,
            } => doubled(first, second, agency, *differ),
            Self::KeyTwice { first, second } => UserMessage::new("founding-key-twice")
                .part("second", second.message())
                .part("first", first.message()),
            Self::Missing { path, agencies } => UserMessage::new("founding-missing")
                .text("path", path.display())
                .text("agencies", joined(agencies)),
            Self::NoGenesis(reason) => UserMessage::new("genesis-invalid").text("reason", reason),
            Self::Unacceptable { path, trouble } => trouble.of(path),
        }
    }
}

fn not_a(path: &Path, text: FoundingText, reason: &str, is_rewritten: bool) -> UserMessage {
    if is_rewritten {
        return UserMessage::new("file-not-of-kind")
            .text("path", path.display())
            .part("trouble", UserMessage::new("text-rewritten"));
    }
    UserMessage::new("founding-not-a")
        .text("path", path.display())
        .text("wanted-kind", text.word())
        .text("reason", reason)
}

fn out_of_time(path: &Path, made: TimeMs, age: PlanAge) -> UserMessage {
    let made = local(made.get());
    match age {
        PlanAge::Ahead => UserMessage::new("founding-plan-ahead")
            .text("path", path.display())
            .text("made", made),
        PlanAge::Alive | PlanAge::Dead => UserMessage::new("founding-plan-dead")
            .text("path", path.display())
            .text("made", made),
    }
}

fn joined(agencies: &[AgencyName]) -> String {
    let names: Vec<&str> = agencies.iter().map(AgencyName::as_str).collect();
    names.join(", ")
}

fn doubled(
    first: &Path,
    second: &Path,
    agency: &AgencyName,
    differ: Option<usize>,
) -> UserMessage {
    match differ {
        Some(line) => UserMessage::new("founding-doubled-differ")
            .text("first", first.display())
            .text("second", second.display())
            .text("agency", agency)
            .text("line", line),
        None => UserMessage::new("founding-doubled")
            .text("first", first.display())
            .text("second", second.display())
            .text("agency", agency),
    }
}

fn of_contribution(trouble: &ContributionTrouble) -> UserMessage {
    match trouble {
        ContributionTrouble::OtherPlan => UserMessage::new("contribution-other-plan"),
        ContributionTrouble::Surplus(agency) => {
            UserMessage::new("contribution-surplus").text("agency", agency)
        }
        ContributionTrouble::Altered => UserMessage::new("contribution-altered"),
        ContributionTrouble::Key {
            purpose,
            holder,
            error,
        } => UserMessage::new("contribution-key")
            .text("purpose", purpose)
            .text("holder", holder)
            .text("reason", error),
        ContributionTrouble::Cosigner { prefix } => {
            UserMessage::new("contribution-cosigner").text("prefix", prefix)
        }
        ContributionTrouble::Registry { name, agency } => UserMessage::new("contribution-registry")
            .text("registry", name)
            .text("agency", agency),
        ContributionTrouble::Clerk(clerk) => {
            UserMessage::new("contribution-clerk").text("clerk", clerk)
        }
        ContributionTrouble::PublisherMissing(agency) => {
            UserMessage::new("contribution-publisher-missing").text("agency", agency)
        }
        ContributionTrouble::PublisherSurplus(agency) => {
            UserMessage::new("contribution-publisher-surplus").text("agency", agency)
        }
        other => UserMessage::new("contribution-refused").text("reason", other),
    }
}
