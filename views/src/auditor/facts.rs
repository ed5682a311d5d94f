//! What a receipt proves, for people and for programs.

use messages::counted;
use protocol::{
    entry::{Operation, Reference},
    state::RecordStatus,
};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};
use verify::{
    checkpoint::Way,
    receipt::{ReceiptFacts, Shown},
};

use crate::{
    agency::{
        policy::{self, PolicyTerms},
        standing::ShownStanding,
    },
    shown::{self, ShownKey, ShownTime},
};

/// A version of another record on which one rests.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownReference {
    /// Its registry.
    pub registry: String,
    /// Its key.
    pub key: ShownKey,
    /// The version.
    pub version: u64,
}

impl From<&Reference> for ShownReference {
    fn from(reference: &Reference) -> Self {
        Self {
            registry: reference.registry.to_string(),
            key: ShownKey(reference.key),
            version: reference.version.get(),
        }
    }
}

impl ShownReference {
    /// The same for people.
    pub(crate) fn words(&self) -> String {
        format!(
            "version {} of record {} in {}",
            self.version,
            self.key.0.to_hex(),
            self.registry
        )
    }
}

/// One that cosigned a checkpoint.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct DatedCosigner {
    /// Its name.
    pub name: String,
    /// When it did, by its own clock.
    pub time: ShownTime,
}

/// How much of a record a receipt shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ShownPart {
    /// Its number and all that was recorded.
    All,
    /// Some of its fields.
    Part,
    /// Neither number nor content.
    Nothing,
}

/// A field of a record.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownField {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// What a receipt proves.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FactsView {
    /// The registry.
    pub registry: String,
    /// The record's key.
    pub key: ShownKey,
    /// The record's number, if the receipt shows it.
    pub record: Option<String>,
    /// The records that it rests on.
    pub rests_on: Vec<ShownReference>,
    /// The version.
    pub version: u64,
    /// What was done, in a word.
    #[serde(serialize_with = "shown::operation")]
    #[schemars(with = "&str")]
    pub operation: Operation,
    /// The clerk who did it.
    pub author: String,
    /// The legal date that was declared.
    pub effective: Option<String>,
    /// The reason that was given.
    pub reason: Option<String>,
    /// Its leaf.
    pub index: u64,
    /// Height of its block.
    pub height: u64,
    /// Time of its block.
    pub time: ShownTime,
    /// The record's status.
    #[serde(serialize_with = "status")]
    #[schemars(with = "&str")]
    pub status: RecordStatus,
    /// The record's latest version.
    pub latest_version: u64,
    /// Leaves of the log that proves it.
    pub size: u64,
    /// As of which block that is so.
    pub as_of_height: u64,
    /// When that block was.
    pub as_of_time: ShownTime,
    /// Who cosigned the checkpoint.
    pub cosigners: Vec<DatedCosigner>,
    /// Whether the checkpoint has the line of the log's own key.
    pub log_signed: bool,
    /// By whose word it is believed.
    #[serde(serialize_with = "way")]
    #[schemars(with = "&str")]
    pub way: Way,
    /// How much the receipt shows.
    pub shown: ShownPart,
    /// How many fields it withholds at the most; none if that is not known.
    pub withheld_max: Option<usize>,
    /// What others have made of the version.
    pub standing: ShownStanding,
    /// The registry's policy by now, if the receipt shows it.
    pub policy: Option<PolicyTerms>,
    /// Since when somebody else may have had the clerk's key, if that was before.
    pub compromised: Option<ShownTime>,
    /// The fields that it shows.
    pub fields: Vec<ShownField>,
    /// Whether there is a standing to tell of.
    #[serde(skip)]
    pub has_standing: bool,
}

fn status<S: Serializer>(status: &RecordStatus, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(status.word())
}

fn way<S: Serializer>(way: &Way, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(way.words())
}

impl From<&ReceiptFacts> for FactsView {
    fn from(facts: &ReceiptFacts) -> Self {
        let (shown, withheld_max) = match facts.shown {
            Shown::All => (ShownPart::All, Some(0)),
            Shown::Part { withheld_max } => (ShownPart::Part, Some(withheld_max)),
            Shown::Nothing => (ShownPart::Nothing, None),
        };
        let cosigner = |(name, time): &(String, _)| DatedCosigner {
            name: name.clone(),
            time: ShownTime::from(*time),
        };
        let field = |(name, value): &(String, String)| ShownField {
            name: name.clone(),
            value: value.clone(),
        };
        Self {
            registry: facts.registry.clone(),
            key: ShownKey(facts.key),
            record: facts.record.clone(),
            rests_on: facts.references.iter().map(Into::into).collect(),
            version: facts.version.get(),
            operation: facts.operation,
            author: facts.author.clone(),
            effective: facts.effective.clone(),
            reason: facts.reason.clone(),
            index: facts.index.get(),
            height: facts.height.get(),
            time: facts.time.into(),
            status: facts.status,
            latest_version: facts.latest.get(),
            size: facts.size.get(),
            as_of_height: facts.as_of_height.get(),
            as_of_time: facts.as_of_time.into(),
            cosigners: facts.cosigners.iter().map(cosigner).collect(),
            log_signed: facts.log_signed,
            way: facts.way,
            shown,
            withheld_max,
            standing: ShownStanding::of(facts.standing.as_ref(), facts.endorsement),
            policy: facts.policy.as_ref().map(Into::into),
            compromised: facts.compromised.map(Into::into),
            fields: facts.fields.iter().map(field).collect(),
            has_standing: facts.standing.is_some(),
        }
    }
}

impl FactsView {
    /// What is proven, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let number = self.record.as_deref().unwrap_or("(number not shown)");
        let mut lines = vec![
            format!(
                "  {number} in {}, version {} ({} by {})",
                self.registry,
                self.version,
                self.operation.word(),
                self.author
            ),
            format!("  recorded {} in block {}", self.time.local(), self.height),
            self.signed(),
        ];
        if !self.log_signed && self.way != Way::Bridge {
            lines.push("  without the log's own line: other people's tools refuse the checkpoint; muhr receipt refresh gets one with it".to_owned());
        }
        let fields = self.fields.iter();
        lines.extend(fields.map(|ShownField { name, value }| format!("  {name}: {value}")));
        lines.extend(self.withheld());
        if self.has_standing {
            lines.push(format!("  {}", self.standing.words()));
        }
        if let Some(policy) = &self.policy {
            let words = policy::in_words(Some(policy));
            lines.push(format!("  {} by now: {words}", self.registry));
        }
        if let Some(since) = self.compromised {
            lines.push(format!(
                "  ! the key of {} may have been in other hands since {}, before this was recorded; ask the agency",
                self.author,
                since.local()
            ));
        }
        lines.push(format!(
            "  as of block {}, {}; a later change does not show offline",
            self.as_of_height,
            self.as_of_time.local()
        ));
        lines
    }

    fn signed(&self) -> String {
        match self.way {
            Way::Bridge => {
                "  part of the log with which its epoch ended, as the trust file says".to_owned()
            }
            Way::Current | Way::AsOfThen => {
                let names = self.cosigners.iter().map(|cosigner| &*cosigner.name);
                let names: Vec<&str> = names.collect();
                format!("  cosigned by {}", names.join(", "))
            }
        }
    }

    fn withheld(&self) -> Option<String> {
        match self.shown {
            ShownPart::All => None,
            ShownPart::Part => {
                let most = counted(self.withheld_max.unwrap_or(0), "field", "fields");
                Some(format!("  withheld: at most {most}"))
            }
            ShownPart::Nothing => {
                Some("  withheld: number and content; the entry is proven".to_owned())
            }
        }
    }
}
