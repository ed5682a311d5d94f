//! What is to be logged: levels, and parts of the program with levels of their own.

use thiserror::Error;
use tracing_subscriber::EnvFilter;

/// Levels, from nothing to everything.
const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];
/// Programs' parts that may be given a level of their own.
const PARTS: [&str; 7] = [
    "node",
    "ledger",
    "consensus",
    "libp2p",
    "multistream_select",
    "yamux",
    "hyper",
];

/// What is to be logged is not said as it must be. A misspelt level would log nothing, in silence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadFilter {
    /// A word that is no level.
    #[error(
        "\"{0}\" is no level; write off, error, warn, info, debug or trace, or levels of parts, as info,node::network=debug"
    )]
    Level(String),
    /// A part that does not exist.
    #[error(
        "\"{0}\" is no part of the program; parts begin with node, ledger, consensus, libp2p, multistream_select, yamux or hyper"
    )]
    Part(String),
}

/// Checks what is to be logged: levels, and parts with levels, separated by commas.
///
/// # Errors
/// [`BadFilter`] with the word that is meant.
pub fn check_filter(text: &str) -> Result<EnvFilter, BadFilter> {
    let words: Vec<&str> = text.split(',').map(str::trim).collect();
    for word in &words {
        let (part, level) = match word.split_once('=') {
            Some((part, level)) => (Some(part), level),
            None => (None, *word),
        };
        if !LEVELS.iter().any(|known| level.eq_ignore_ascii_case(known)) {
            return Err(BadFilter::Level(level.to_owned()));
        }
        let Some(part) = part else { continue };
        let is_plain = part
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b':');
        let first = part.split("::").next().unwrap_or_default();
        let is_known = PARTS
            .iter()
            .any(|known| first == *known || first.starts_with(&format!("{known}_")));
        if !is_plain || !is_known {
            return Err(BadFilter::Part(part.to_owned()));
        }
    }
    EnvFilter::try_new(words.join(",")).map_err(|_| BadFilter::Level(text.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_read_and_misspelt_ones_named() {
        for text in [
            "info",
            "WARN",
            "off",
            "info,node::network=debug",
            "warn,libp2p_swarm=trace, ledger=debug",
        ] {
            assert!(check_filter(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "inof",
            "info,",
            "node=",
            "node=inof",
            "verbose",
            "1",
            "node",
        ] {
            let refused = check_filter(text).unwrap_err();
            assert!(matches!(refused, BadFilter::Level(_)), "{text}: {refused}");
        }
        for text in [
            "=debug",
            "ndoe=debug",
            "info,nodes=debug",
            "node[span]=debug",
        ] {
            let refused = check_filter(text).unwrap_err();
            assert!(matches!(refused, BadFilter::Part(_)), "{text}: {refused}");
        }
    }
}
