//! What can be said to `muhr key`, and of the key that signs.

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, Subcommand};

use crate::{
    exit::{Failure, USAGE},
    keys::KeySource,
};

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

/// One of the two must be named; --key-file is taken although the environment may name the other.
pub(super) fn signer() -> ArgGroup {
    let group = ArgGroup::new("signer").args(["key", "key_file"]);
    group.required(true).multiple(true)
}

impl KeyOptions {
    /// The key that is meant, `key` being the one that --key names.
    pub(crate) fn place<'a>(&'a self, key: Option<&'a Path>) -> Result<KeySource<'a>, Failure> {
        let path = self.key_file.as_deref().or(key);
        Ok(KeySource {
            path: path.ok_or_else(|| Failure::new(USAGE, "no key is named with --key"))?,
            is_service: self.key_file.is_some(),
            passphrase: self.passphrase_file.as_deref(),
        })
    }
}

/// `muhr key`.
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Makes a new key file that only its owner can read, and that opens with a passphrase
    New(KeyNewArguments),
    /// Shows the public half of a key file
    Show(KeyShowArguments),
    /// Gives a key file a passphrase, or another one
    Passphrase(KeyPassphraseArguments),
}

/// `muhr key new`.
#[derive(Debug, Args)]
pub struct KeyNewArguments {
    /// The key file; must not exist
    pub file: PathBuf,
    /// Whose key it is: the clerk, as qurilish/aziza-2026
    #[arg(long, value_name = "NAME")]
    pub holder: String,
    /// What it is for: clerk, peer, vote, cosign, admin, recovery, publisher, witness or report
    #[arg(long, default_value = "clerk", value_parser = ["clerk", "peer", "vote", "cosign", "admin", "recovery", "publisher", "witness", "report"])]
    pub purpose: String,
    /// Without a passphrase: for a service, which nobody sits before; what nodes open is always so
    #[arg(long)]
    pub plain: bool,
    /// File with the passphrase, on one line; else it is asked for twice on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `muhr key show`.
#[derive(Debug, Args)]
pub struct KeyShowArguments {
    /// The key file
    pub file: PathBuf,
    /// Also show the proof that the key is held, for this network
    #[arg(long, value_name = "ORIGIN")]
    pub proof_for: Option<String>,
    /// File with the passphrase of the key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

/// `muhr key passphrase`.
#[derive(Debug, Args)]
pub struct KeyPassphraseArguments {
    /// The key file
    pub file: PathBuf,
    /// File with the present passphrase, if there is one; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
    /// File with the new passphrase; else it is asked for twice on the terminal
    #[arg(long, value_name = "FILE")]
    pub new_passphrase_file: Option<PathBuf>,
}
