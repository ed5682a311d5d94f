//! Anchors a document as a service does, and verifies its receipt: `anchor NODE TRUST KEY REGISTRY NUMBER DOCUMENT`.

use std::{error::Error, path::Path, time::Duration};

use client::{
    durable, formats,
    http::{Client, ConnectOptions},
    keys, proven, submit,
};
use protocol::{name::RegistryName, opening::Opening, record::RecordId};

/// Anchors `document` as record `number` of `registry`; gives the version and the block.
///
/// # Errors
///
/// Whatever stood in the way, in words.
pub fn anchor(
    [node, trust_file, key_file, registry, number, document]: [&str; 6],
) -> Result<(u64, u64), Box<dyn Error>> {
    let trust = formats::trust(Path::new(trust_file))?;
    let network = formats::network(&trust, Path::new(trust_file))?;
    let node = Client::new(&[node.to_owned()], &ConnectOptions::default())?;

    // A service's key has no passphrase: nobody is there to be asked.
    let key = keys::read_plain(Path::new(key_file))?;
    let key = submit::ClerkKey::of(key.file)?;
    let clerk = submit::Clerk::open(node, trust, network, &key, Duration::from_secs(30))?;

    let registry = RegistryName::parse(registry).ok_or("no name of a registry")?;
    let case_rule = proven::case_rule(&clerk.client, &clerk.trust, &registry)?;
    let document = Path::new(document);
    let opening = Opening {
        record: RecordId::parse(number)?.in_case(case_rule),
        content: submit::content(Some(durable::hash(document)?), Vec::new())?,
    };
    let key = opening.record.key(&registry);
    let statement = submit::first(&clerk, registry, key, None, Vec::new(), &opening);
    let receipt = durable::beside(document, ".receipt");
    let facts = submit::sign_and_submit(&clerk, &receipt, statement, opening, || true)?;

    // Years later, with no network: the judgement that was made before the receipt was written.
    let judged = verify::receipt::judge(&clerk.trust, &std::fs::read(&receipt)?, None);
    assert!(judged.proves_entry(), "{:?}", judged.failure());
    Ok((facts.version.get(), facts.height.get()))
}

fn main() -> Result<(), Box<dyn Error>> {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let given: Vec<&str> = given.iter().map(String::as_str).collect();
    let six = <[&str; 6]>::try_from(given);
    let (version, block) = anchor(six.map_err(|_| "six words are needed")?)?;
    println!("version {version} in block {block}");
    Ok(())
}
