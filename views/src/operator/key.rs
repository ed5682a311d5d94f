//! `muhr key`: what others need to know of a key. Never the secret.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A key file, without its secret.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct KeyView {
    /// Its file.
    pub file: String,
    /// What the key is for.
    pub purpose: String,
    /// Whose it is.
    pub holder: String,
    /// Its algorithm.
    pub algorithm: &'static str,
    /// The public key in base64.
    pub public: String,
    /// The key as notes and trust files name it, where it signs such.
    pub vkey: Option<String>,
    /// The proof that its holder has it, where one was asked for.
    pub proof: Option<String>,
    /// Whether the file opens with a passphrase.
    pub encrypted: bool,
    /// File of the request to register it, where one was asked for.
    pub request: Option<String>,
}

/// A public key, and what it is for.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct PublicKeyOf {
    /// What the key is for.
    pub purpose: &'static str,
    /// The key in base64.
    pub public: String,
}

impl CommandView for KeyView {
    const SCHEMA: &'static str = "muhr/key/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            purpose, holder, ..
        } = self;
        let mut lines = vec![
            format!("{purpose} key of {holder}"),
            format!("  public {} {}", self.algorithm, self.public),
        ];
        lines.extend(self.vkey.as_ref().map(|vkey| format!("  vkey {vkey}")));
        lines.extend(self.proof.as_ref().map(|proof| format!("  proof {proof}")));
        let opens = if self.encrypted {
            "  opens with its passphrase, which nobody can find again"
        } else {
            "  without a passphrase: whoever can read the file can sign"
        };
        lines.push(opens.to_owned());
        let request = self.request.as_ref();
        lines.extend(request.map(|file| format!("  give to the agency: {file}")));
        texts(lines)
    }
}
