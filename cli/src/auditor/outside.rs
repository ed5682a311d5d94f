//! An outside witness as a command line names it, `NAME=VKEY,URL`: one form for every command that takes one.

use messages::UserMessage;
use protocol::{
    name::{is_policy_name, is_policy_url, is_reserved},
    note::{ALGORITHM_COSIGNATURE, NoteKey},
};

use crate::exit::{Failure, USAGE};

/// A witness outside the agencies.
#[derive(Clone, Debug)]
pub(super) struct OutsideWitness<'a> {
    /// Its name in trust files.
    pub(super) name: &'a str,
    /// The key that it cosigns with.
    pub(super) key: NoteKey,
    /// Where it answers.
    pub(super) url: &'a str,
}

impl<'a> OutsideWitness<'a> {
    /// Reads `NAME=VKEY,URL`. Other people's parsers of trust files want the address too.
    pub(super) fn parse(argument: &'a str) -> Result<Self, Failure> {
        let usage = |what: UserMessage| Failure::new(USAGE, what);
        let parts = argument.split_once('=').and_then(|(name, rest)| {
            let at = rest.find(",http://").or_else(|| rest.find(",https://"))?;
            let (vkey, url) = rest.split_at_checked(at)?;
            Some((name, vkey, url.strip_prefix(',')?))
        });
        let parts = parts.filter(|(_, _, url)| is_policy_url(url));
        let (name, vkey, url) = parts.ok_or_else(|| {
            let shown = argument.escape_debug();
            usage(UserMessage::new("witness-argument-invalid").text("argument", shown))
                .help(UserMessage::new("help-witness-argument"))
        })?;
        if is_reserved(name) || !is_policy_name(name) {
            return Err(usage(
                UserMessage::new("witness-name-invalid").text("name", name.escape_debug()),
            )
            .help(UserMessage::new("help-witness-name")));
        }
        let key = NoteKey::parse(vkey).map_err(|error| {
            usage(
                UserMessage::new("witness-key-invalid")
                    .text("name", name)
                    .text("reason", error),
            )
            .help(UserMessage::new("help-witness-key"))
        })?;
        if key.algorithm != ALGORITHM_COSIGNATURE {
            let what = UserMessage::new("witness-key-algorithm")
                .text("name", name)
                .text("algorithm", format_args!("{:02x}", key.algorithm))
                .text("wanted", format_args!("{ALGORITHM_COSIGNATURE:02x}"));
            return Err(usage(what));
        }
        Ok(Self { name, key, url })
    }

    /// All witnesses of a command line.
    pub(super) fn all(arguments: &'a [String]) -> Result<Vec<Self>, Failure> {
        arguments
            .iter()
            .map(|argument| Self::parse(argument))
            .collect()
    }

    /// Its line in a trust file.
    pub(super) fn line(&self) -> String {
        format!("witness {} {} {}\n", self.name, self.key.write(), self.url)
    }
}
