//! `muhr audit watch`: what one look at one node came to.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// One look at one node.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct WatchView {
    /// When it was.
    pub time: ShownTime,
    /// The node's address.
    pub url: String,
    /// `consistent`, `not judged` or `contradiction`.
    pub result: &'static str,
    /// Size of the checkpoint that it showed, if that was judged.
    pub size: Option<u64>,
    /// Why it was not judged, or what contradicts.
    pub reason: Option<String>,
}

impl CommandView for WatchView {
    const SCHEMA: &'static str = "muhr/watch/1";

    fn lines(&self) -> Vec<Line> {
        let rest = match (self.size, &self.reason) {
            (Some(size), _) => format!("size {size}"),
            (None, reason) => reason.clone().unwrap_or_default(),
        };
        texts([format!(
            "{}  {}  {}  {rest}",
            self.time.local(),
            self.url,
            self.result
        )])
    }
}
