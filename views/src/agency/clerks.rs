//! `muhr clerk list`: who may sign for an agency, as a node tells.

use protocol::{
    entry::Operation,
    name::{Date, RegistryName},
    state::ClerkState,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// One clerk.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ListedClerk {
    /// The clerk's name.
    pub clerk: String,
    /// The public key in base64.
    pub public: String,
    /// The last day on which the clerk may sign.
    pub until: Option<String>,
    /// Where the clerk may sign.
    pub registries: Vec<String>,
    /// What the clerk may sign.
    pub operations: Vec<&'static str>,
    /// When the key was revoked.
    pub revoked: Option<ShownTime>,
    /// Since when somebody else may have had the key.
    pub compromised: Option<ShownTime>,
}

impl From<&ClerkState> for ListedClerk {
    fn from(clerk: &ClerkState) -> Self {
        let revoked = clerk.revoked;
        let compromised = revoked.and_then(|revoked| revoked.compromised);
        let operations = clerk.operations.iter().copied();
        Self {
            clerk: clerk.name.to_string(),
            public: clerk.key.to_string(),
            until: clerk.until.as_ref().map(Date::to_string),
            registries: clerk
                .registries
                .iter()
                .map(RegistryName::to_string)
                .collect(),
            operations: operations.map(Operation::word).collect(),
            revoked: revoked.map(|revoked| revoked.time.into()),
            compromised: compromised.map(Into::into),
        }
    }
}

/// The clerks of an agency.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ClerksView {
    /// Never: it is a node's word.
    pub proven: bool,
    /// The agency.
    pub agency: String,
    /// Its clerks.
    pub clerks: Vec<ListedClerk>,
}

impl CommandView for ClerksView {
    const SCHEMA: &'static str = "muhr/clerks/1";

    fn lines(&self) -> Vec<Line> {
        texts(self.clerks.iter().map(ListedClerk::words))
    }
}

impl ListedClerk {
    fn words(&self) -> String {
        let end = match (&self.revoked, &self.until) {
            (Some(revoked), _) => format!("revoked {}", revoked.local()),
            (None, Some(date)) => format!("until {date}"),
            (None, None) => "without end".to_owned(),
        };
        format!(
            "{}  {end}  {}  {}",
            self.clerk,
            self.registries.join(","),
            self.operations.join(",")
        )
    }
}
