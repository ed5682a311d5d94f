//! `muhr registry take`: the word of an agency that takes a registry over.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts};

/// A registry that an agency takes over, as it has signed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct TakingView {
    /// The registry.
    pub registry: String,
    /// The agency that gives it away.
    pub owner: String,
    /// The agency that takes it.
    pub taker: String,
    /// The last height at which the transfer may be decided.
    pub expires: u64,
    /// The file.
    pub file: String,
}

impl CommandView for TakingView {
    const SCHEMA: &'static str = "muhr/taking/1";

    fn lines(&self) -> Vec<Line> {
        let Self {
            registry,
            owner,
            taker,
            expires,
            file,
        } = self;
        texts([
            format!("✔ {taker} takes {registry} from {owner}, until height {expires}  {file}"),
            format!("  {owner} hands it in with: muhr registry transfer {file}"),
        ])
    }
}
