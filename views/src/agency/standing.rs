//! What other agencies have said of a version, in words and for programs.

use protocol::{
    name::AgencyName,
    standing::{Endorsement, Mark, Standing, Terms},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::shown::ShownTime;

/// What was asked of a version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AskedTerms {
    /// Number of the policy.
    pub policy: u64,
    /// How many must confirm.
    pub needed: u64,
    /// The last moment at which a confirmation counts.
    pub until: Option<ShownTime>,
    /// Who was asked.
    pub agencies: Vec<String>,
    /// The clerk besides whom another of the same agency was asked.
    pub four_eyes: Option<String>,
    /// The agency of that clerk.
    #[serde(skip)]
    pub of_agency: Option<String>,
}

impl From<&Terms> for AskedTerms {
    fn from(terms: &Terms) -> Self {
        let author = terms.four_eyes.as_ref();
        Self {
            policy: terms.policy,
            needed: terms.needed,
            until: terms.until.map(Into::into),
            agencies: terms.agencies.iter().map(AgencyName::to_string).collect(),
            four_eyes: author.map(ToString::to_string),
            of_agency: author.map(|author| author.agency().to_string()),
        }
    }
}

/// One agency's word.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownMark {
    /// The agency.
    pub agency: String,
    /// What it said.
    pub operation: &'static str,
    /// The leaf of that.
    pub index: u64,
    /// When it said it.
    pub time: ShownTime,
}

impl From<&Mark> for ShownMark {
    fn from(mark: &Mark) -> Self {
        Self {
            agency: mark.agency.to_string(),
            operation: mark.said.word(),
            index: mark.place.index.get(),
            time: mark.place.time.into(),
        }
    }
}

/// What others have made of a version.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownStanding {
    /// What follows for the version.
    pub endorsement: &'static str,
    /// Since when it is effective, if it is.
    pub effective_since: Option<ShownTime>,
    /// What was asked; none if nothing was.
    pub terms: Option<AskedTerms>,
    /// What was said.
    pub marks: Vec<ShownMark>,
}

impl ShownStanding {
    /// What is known of a version's standing, and what follows.
    #[must_use]
    pub fn of(standing: Option<&Standing>, endorsement: Endorsement) -> Self {
        let terms = standing.and_then(|standing| standing.terms.as_ref());
        let marks = standing.map_or(&[][..], |standing| &standing.marks);
        Self {
            endorsement: endorsement.word(),
            effective_since: match endorsement {
                Endorsement::Effective(since) => Some(since.into()),
                _ => None,
            },
            terms: terms.map(Into::into),
            marks: marks.iter().map(Into::into).collect(),
        }
    }

    /// The same for people.
    pub(crate) fn words(&self) -> String {
        let said = self.marks.iter();
        let said: Vec<String> = said
            .map(|mark| format!("{} by {}", mark.operation, mark.agency))
            .collect();
        let said = if said.is_empty() {
            "nobody has spoken".to_owned()
        } else {
            said.join(", ")
        };
        let asked = self.terms.as_ref().map(AskedTerms::words);
        format!("{}: {said}{}", self.endorsement, asked.unwrap_or_default())
    }
}

impl AskedTerms {
    fn words(&self) -> String {
        let others =
            (self.needed > 0).then(|| format!("{} of {}", self.needed, self.agencies.join(", ")));
        let second = self.of_agency.as_ref().zip(self.four_eyes.as_ref());
        let second =
            second.map(|(agency, author)| format!("another clerk of {agency} than {author}"));
        let whom: Vec<String> = others.into_iter().chain(second).collect();
        format!("; policy {} asks {}", self.policy, whom.join(" and "))
    }
}
