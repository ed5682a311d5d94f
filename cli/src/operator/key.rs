//! `muhr key`: makes key files, gives them passphrases, and shows what others need to know of them.

use std::path::PathBuf;

use clap::Args;
use client::{durable, founding::new_key, keys::LoadedKey};
use messages::UserMessage;
use protocol::{
    agency::ProvenKey,
    ceremony::ClerkRequest,
    cosignature::Cosigner,
    name::{AgencyName, ClerkName, Origin, is_policy_key_name},
};
use views::operator::key::KeyView;

use crate::{
    auditor::report::report_key,
    exit::{CONFIGURATION, DONE, Failure, USAGE},
    keys::{self, KeySource},
    output::Output,
};

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
    /// Also write what the agency needs to register the clerk's key in this network: FILE, ending in .request
    #[arg(long, value_name = "ORIGIN")]
    pub request: Option<String>,
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

/// `muhr key plain`.
#[derive(Debug, Args)]
pub struct KeyPlainArguments {
    /// The key file
    pub file: PathBuf,
    /// The copy to make, which opens without a passphrase
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// File with the passphrase of the key, on one line; else it is asked for on the terminal
    #[arg(long, env = "MUHR_PASSPHRASE_FILE", value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}

pub(crate) fn new(arguments: &KeyNewArguments, output: &Output) -> Result<u8, Failure> {
    let fine = match arguments.purpose.as_str() {
        "clerk" => ClerkName::parse(&arguments.holder).is_some(),
        "publisher" => Origin::parse(&arguments.holder).is_some(),
        "witness" => is_policy_key_name(&arguments.holder),
        _ => AgencyName::parse(&arguments.holder).is_some(),
    };
    if !fine {
        return Err(Failure::new(
            USAGE,
            UserMessage::new("holder-invalid").text("purpose", &arguments.purpose),
        )
        .help(UserMessage::new("help-clerk-name")));
    }
    let path = &arguments.file;
    let request = request_place(arguments)?;
    let file = new_key(&arguments.purpose, &arguments.holder)?;
    // A node knows no passphrase: what it opens has none.
    let is_encrypted = keys::is_person_s(&file.purpose) && !arguments.plain;
    if is_encrypted {
        let passphrase = arguments.passphrase_file.as_deref();
        keys::write(path, &file, passphrase, output)?;
    } else {
        client::keys::write_plain(path, &file)?;
    }
    let request = request
        .map(|(origin, clerk, path)| {
            let request = ClerkRequest::of(origin, clerk, &file.secret);
            durable::write_unless_there(&path, request.write().as_bytes())?;
            Ok::<_, Failure>(path)
        })
        .transpose()?;
    let shown = Shown {
        origin: None,
        request,
    };
    show_file(&LoadedKey { file, is_encrypted }, path, shown, output);
    Ok(DONE)
}

/// For which network, of which clerk and into which file a request goes, if one was asked for.
fn request_place(
    arguments: &KeyNewArguments,
) -> Result<Option<(Origin, ClerkName, PathBuf)>, Failure> {
    let Some(origin) = &arguments.request else {
        return Ok(None);
    };
    let origin = Origin::parse(origin).ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("request-origin-invalid"))
            .help(UserMessage::new("help-origin"))
    })?;
    let clerk = ClerkName::parse(&arguments.holder).filter(|_| arguments.purpose == "clerk");
    let clerk = clerk.ok_or_else(|| {
        Failure::new(USAGE, UserMessage::new("request-no-clerk"))
            .help(UserMessage::new("help-clerk-name"))
    })?;
    let path = arguments.file.with_extension("request");
    durable::must_be_new(&path)?;
    Ok(Some((origin, clerk, path)))
}

/// Writes a copy of a key that opens without its passphrase, for a node or a service: nobody sits before it.
pub(crate) fn plain(arguments: &KeyPlainArguments, output: &Output) -> Result<u8, Failure> {
    durable::must_be_new(&arguments.out)?;
    let place = KeySource {
        path: &arguments.file,
        is_service: false,
        passphrase: arguments.passphrase_file.as_deref(),
    };
    let file = keys::read(&place, output)?.file;
    client::keys::write_plain(&arguments.out, &file)?;
    let found = LoadedKey {
        file,
        is_encrypted: false,
    };
    show_file(&found, &arguments.out, Shown::default(), output);
    Ok(DONE)
}

pub(crate) fn passphrase(
    arguments: &KeyPassphraseArguments,
    output: &Output,
) -> Result<u8, Failure> {
    let path = &arguments.file;
    let place = KeySource {
        path,
        is_service: false,
        passphrase: arguments.passphrase_file.as_deref(),
    };
    let found = keys::read(&place, output)?;
    if !keys::is_person_s(&found.file.purpose) {
        let what = UserMessage::new("key-of-node")
            .text("path", path.display())
            .text("purpose", &found.file.purpose);
        return Err(Failure::new(CONFIGURATION, what).help(UserMessage::new("help-node-key")));
    }
    let chosen = arguments.new_passphrase_file.as_deref();
    keys::rewrite(path, &found.file, chosen, output)?;
    let found = LoadedKey {
        is_encrypted: true,
        ..found
    };
    show_file(&found, path, Shown::default(), output);
    Ok(DONE)
}

pub(crate) fn show(arguments: &KeyShowArguments, output: &Output) -> Result<u8, Failure> {
    let origin = arguments.proof_for.as_deref().map(|origin| {
        Origin::parse(origin)
            .ok_or_else(|| Failure::new(USAGE, UserMessage::new("proof-origin-invalid")))
    });
    let origin = origin.transpose()?;
    let place = KeySource {
        path: &arguments.file,
        is_service: false,
        passphrase: arguments.passphrase_file.as_deref(),
    };
    let found = keys::read(&place, output)?;
    let shown = Shown {
        origin,
        request: None,
    };
    show_file(&found, &arguments.file, shown, output);
    Ok(DONE)
}

/// What is shown beside a key.
#[derive(Default)]
struct Shown {
    /// The network for which it is proven that the key is held.
    origin: Option<Origin>,
    /// File of the request to register it.
    request: Option<PathBuf>,
}

fn show_file(found: &LoadedKey, path: &std::path::Path, shown: Shown, output: &Output) {
    let file = &found.file;
    let public = file.secret.public();
    let proof = shown.origin.map(|origin| {
        let proven = ProvenKey::of(&origin, &file.holder, &file.purpose, &file.secret);
        proven.proof.to_string()
    });
    // Who cosigns stands in trust files by this text; who signs reports is known by it.
    let vkey = match file.purpose.as_str() {
        "witness" => {
            let witness = Cosigner::validator(file.holder.clone(), public);
            Some(witness.key().write())
        }
        "report" => Some(report_key(&file.holder, public).write()),
        _ => None,
    };
    output.view(&KeyView {
        file: path.display().to_string(),
        purpose: file.purpose.clone(),
        holder: file.holder.clone(),
        algorithm: "ed25519",
        public: public.to_string(),
        vkey,
        proof,
        encrypted: found.is_encrypted,
        request: shown.request.map(|path| path.display().to_string()),
    });
}
