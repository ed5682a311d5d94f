//! Options that several commands have in the same words: whom to ask, whom to trust, which key signs, how a table is written.

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
};

use clap::{
    Arg, ArgGroup, Args, Command,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use messages::UserMessage;

use crate::{
    exit::{Failure, USAGE},
    keys::KeySource,
};

/// Who asks, whom, and whom to trust.
#[derive(Clone, Debug, Args)]
#[command(group(signer()))]
pub struct ClerkOptions {
    /// Address of a node, as http://127.0.0.1:7481; of several, joined by commas, the next is asked where one fails
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed,
        required = true
    )]
    pub node: Vec<String>,
    /// Key file of the clerk
    #[arg(long, env = "MUHR_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Seconds to wait for the receipt
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// Who decides, and by which way it goes into the log.
#[derive(Clone, Debug, Args)]
#[command(group(signer()))]
pub struct AdminOptions {
    /// The agency's admin key file
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// Address of a node
    #[arg(long, env = "MUHR_NODE", value_name = "URL")]
    pub node: Option<String>,
    /// Signs into this file instead of handing in; muhr act send does that elsewhere
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The last height at which it may be decided; 10,000 from now if a node is asked
    #[arg(long, value_name = "HEIGHT")]
    pub expires: Option<u64>,
    /// Signs without asking
    #[arg(long)]
    pub yes: bool,
    /// Seconds to wait for the proof
    #[arg(long, default_value_t = 30, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub timeout: u64,
}

/// How a key opens that is not simply named with --key.
#[derive(Clone, Debug, Args)]
pub struct KeyOptions {
    /// Instead of --key: a service's key file, which has no passphrase and which only its owner can read
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// File with the passphrase of the key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

impl KeyOptions {
    /// The key that is meant, `key` being the one that --key names.
    pub(crate) fn place<'a>(&'a self, key: Option<&'a Path>) -> Result<KeySource<'a>, Failure> {
        let path = self.key_file.as_deref().or(key);
        Ok(KeySource {
            path: path.ok_or_else(|| Failure::new(USAGE, UserMessage::new("key-not-named")))?,
            is_service: self.key_file.is_some(),
            passphrase: self.passphrase_file.as_deref(),
        })
    }
}

/// How a table is written.
#[derive(Debug, Args)]
pub struct TableFormat {
    /// How letters are written; UTF-8 is recognised, and Windows-1251 by its letters
    #[arg(long, value_name = "NAME", value_parser = ["utf-8", "windows-1251"])]
    pub encoding: Option<String>,
    /// What stands between cells, if the first row does not show it
    #[arg(long, value_name = "NAME", value_parser = ["comma", "semicolon", "tab"])]
    pub delimiter: Option<String>,
    /// The sheet of a workbook, if not the first
    #[arg(long, value_name = "NAME")]
    pub sheet: Option<String>,
    /// Reads hidden rows, columns and sheets of a workbook too; they are refused otherwise
    #[arg(long)]
    pub hidden: bool,
    /// What every number is like, as a regular expression for the whole of it; other rows are to be mended
    #[arg(long, value_name = "PATTERN")]
    pub strict_numbers: Option<String>,
}

/// Which log, up to where, and whom to trust.
#[derive(Debug, Args)]
pub struct Reading {
    /// Address of a node, or the folder of a mirror; of several nodes, joined by commas, the next is asked where one fails
    #[arg(
        long,
        env = "MUHR_NODE",
        value_name = "URL",
        value_delimiter = ',',
        value_parser = trimmed,
        required = true
    )]
    pub node: Vec<String>,
    /// Trust file of the network
    #[arg(long, env = "MUHR_TRUST", value_name = "FILE")]
    pub trust: PathBuf,
    /// A checkpoint kept from before: the log is read as it was then
    #[arg(long, value_name = "FILE")]
    pub checkpoint: Option<PathBuf>,
}

/// One of a list: after a comma people write a blank.
pub(crate) fn trimmed(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.trim().to_owned())
}

/// One of a list of words that are known, the blank behind a comma set aside.
#[derive(Clone, Debug)]
pub(crate) struct OneOf(PossibleValuesParser);

impl OneOf {
    pub(crate) fn new<const COUNT: usize>(words: [&'static str; COUNT]) -> Self {
        Self(PossibleValuesParser::new(words))
    }
}

impl TypedValueParser for OneOf {
    type Value = String;

    fn parse_ref(
        &self,
        command: &Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        let word = value.to_str().map_or(value, |text| text.trim().as_ref());
        self.0.parse_ref(command, argument, word)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        self.0.possible_values()
    }
}

/// One of the two must be named; --key-file is taken although the environment may name the other.
pub(crate) fn signer() -> ArgGroup {
    let group = ArgGroup::new("signer").args(["key", "key_file"]);
    group.required(true).multiple(true)
}
