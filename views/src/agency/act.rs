//! Acts of agencies: signed into a file, or in the log.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// How far an act has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ActState {
    /// Signed into a file.
    Signed,
    /// In the log, and proven to be there.
    Final,
}

/// An act that was signed, or is in the log.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ActView {
    /// How far it has come.
    pub state: ActState,
    /// Its id.
    pub id: String,
    /// The file into which it was signed.
    pub file: Option<String>,
    /// Its leaf, once it is final.
    pub index: Option<u64>,
    /// Leaves of the log that holds it.
    pub size: Option<u64>,
    /// Who cosigned that log's checkpoint.
    pub cosigners: Vec<String>,
}

impl ActView {
    /// An act that was signed into a file.
    #[must_use]
    pub const fn signed(id: String, file: String) -> Self {
        Self {
            state: ActState::Signed,
            id,
            file: Some(file),
            index: None,
            size: None,
            cosigners: Vec::new(),
        }
    }
}

impl CommandView for ActView {
    const SCHEMA: &'static str = "muhr/act/1";

    fn lines(&self) -> Vec<Line> {
        let signed = self.file.iter().flat_map(|file| {
            [
                format!("✔ signed  {file}"),
                "  hand it in with: muhr act send FILE --node URL".to_owned(),
            ]
        });
        let stands = self.index.zip(self.size);
        let stands = stands.into_iter().flat_map(|(index, size)| {
            [
                format!("✔ in the log, leaf {index} of {size}"),
                format!("  cosigned by {}", self.cosigners.join(", ")),
                "  it holds from the next block on".to_owned(),
            ]
        });
        texts(signed.chain(stands))
    }
}
