//! `muhr key rotate`: new keys of an agency, and the request that asks for them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A new key.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct NewKey {
    /// What it is for.
    pub purpose: String,
    /// Its file.
    pub file: String,
    /// The public key in base64.
    pub public: String,
}

/// A request that was made.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct RequestView {
    /// The agency.
    pub agency: String,
    /// The file.
    pub file: String,
    /// Address of its node.
    pub url: String,
    /// Name of its cosigning key.
    pub cosigner: String,
    /// The keys that are new.
    pub keys: Vec<NewKey>,
    /// Whether an admin key has signed it.
    pub signed: bool,
}

impl CommandView for RequestView {
    const SCHEMA: &'static str = "muhr/request/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![format!("✔ request of {}  {}", self.agency, self.file)];
        let key = |key: &NewKey| format!("  {} {}  {}", key.purpose, key.public, key.file);
        lines.extend(self.keys.iter().map(key));
        lines.push(format!("  cosigns as {}", self.cosigner));
        lines.push(format!("  address {}", self.url));
        texts(lines)
    }
}
