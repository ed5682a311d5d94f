//! `muhr key`: makes key files, and shows what others need to know of them.

use protocol::{
    cosignature::Cosigner,
    key::{Possession, SecretKey},
    keyfile::KeyFile,
    name::{AgencyName, ClerkName, Origin},
    note::is_key_name,
};
use serde_json::json;

use crate::{
    arguments::{KeyNewArguments, KeyShowArguments},
    auditor::report::report_key,
    exit::{DONE, Failure, USAGE},
    files,
    output::Output,
};

/// A new secret key.
pub(super) fn generate() -> Result<SecretKey, Failure> {
    Ok(SecretKey::from_seed(&files::random()?))
}

pub(crate) fn new(arguments: &KeyNewArguments, output: &Output) -> Result<u8, Failure> {
    let fine = match arguments.purpose.as_str() {
        "clerk" => ClerkName::parse(&arguments.holder).is_some(),
        "publisher" => Origin::parse(&arguments.holder).is_some(),
        "witness" => is_key_name(&arguments.holder),
        _ => AgencyName::parse(&arguments.holder).is_some(),
    };
    if !fine {
        return Err(Failure::new(
            USAGE,
            format!("--holder is no name for a {} key", arguments.purpose),
        )
        .help("clerks are named agency/name, as qurilish/aziza-2026"));
    }
    let file = KeyFile {
        purpose: arguments.purpose.clone(),
        holder: arguments.holder.clone(),
        secret: generate()?,
    };
    files::write_secret(&arguments.file, &file.write())?;
    show_file(&file, &arguments.file, None, output);
    Ok(DONE)
}

pub(crate) fn show(arguments: &KeyShowArguments, output: &Output) -> Result<u8, Failure> {
    let origin = arguments.proof_for.as_deref().map(|origin| {
        Origin::parse(origin)
            .ok_or_else(|| Failure::new(USAGE, "--proof-for is not the origin of a network"))
    });
    let origin = origin.transpose()?;
    let file = files::key(&arguments.file)?;
    show_file(&file, &arguments.file, origin.as_ref(), output);
    Ok(DONE)
}

fn show_file(file: &KeyFile, path: &std::path::Path, origin: Option<&Origin>, output: &Output) {
    let public = file.secret.public();
    let proof = origin.map(|origin| {
        let claim = Possession {
            origin: origin.as_str(),
            holder: &file.holder,
            purpose: &file.purpose,
        };
        file.secret.sign(&claim.message(&public)).to_string()
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
    output.data(&json!({
        "schema": "muhr/key/1", "vkey": vkey, "file": path.display().to_string(), "purpose": file.purpose, "holder": file.holder,
        "algorithm": "ed25519", "public": public.to_string(), "proof": proof,
    }));
    output.text(&format!(
        "{} key of {}\n  public ed25519 {public}",
        file.purpose, file.holder
    ));
    if let Some(vkey) = vkey {
        output.text(&format!("  vkey {vkey}"));
    }
    if let Some(proof) = proof {
        output.text(&format!("  proof {proof}"));
    }
}
