//! A small verifier: `verify_receipt TRUST RECEIPT [DOCUMENT]` prints the verdict, and the check that failed.
#![allow(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "the verifier reads no files; whoever uses it does"
)]

use std::{error::Error, fs, path::PathBuf};

use verify::{
    CheckStep, Verdict,
    protocol::{
        hash::{DocumentHash, sha256},
        policy::TrustPolicy,
    },
    receipt,
};

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    let (verdict, failed) = judge(&files)?;
    println!("{}", verdict.words());
    if let Some(CheckStep { check, .. }) = failed {
        println!("{}: {:?}", check.code(), check.args());
    }
    Ok(())
}

/// The verdict on a receipt, and the first check that failed, if one did.
fn judge(files: &[PathBuf]) -> Result<(Verdict, Option<CheckStep>), Box<dyn Error>> {
    let (trust, receipt, document) = match files {
        [trust, receipt] => (trust, receipt, None),
        [trust, receipt, document] => (trust, receipt, Some(document)),
        _ => return Err("give the trust file, the receipt, and perhaps the document".into()),
    };
    let trust = TrustPolicy::parse(&fs::read(trust)?)?;
    let document = document.map(fs::read).transpose()?;
    let hash = document.map(|bytes| DocumentHash::new(sha256(&[&bytes])));
    let judged = receipt::judge(&trust, &fs::read(receipt)?, hash.as_ref());
    Ok((judged.verdict, judged.failure().cloned()))
}

#[test]
fn a_document_is_authentic_and_another_is_altered() -> Result<(), Box<dyn Error>> {
    let golden = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../corpus/golden/1"));
    let with = |document: &str| {
        let files = ["trust.policy", "permit.txt.receipt", document];
        judge(&files.map(|name| golden.join(name)))
    };
    assert_eq!(with("permit.txt")?, (Verdict::Authentic, None));
    let (verdict, failed) = with("parcel.txt")?;
    assert_eq!(verdict, Verdict::Altered);
    let code = failed.map(|step| step.check.code());
    assert_eq!(code, Some("document-recorded"));
    Ok(())
}
