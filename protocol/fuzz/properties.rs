//! What every decoder must keep: it never panics, and what it accepts is written back to the same bytes.
//! Shared by the fuzz targets and by the plain tests over their corpus.

use protocol::{
    act::Act,
    batch::Batch,
    block::BlockLeaf,
    ceremony::{
        Acceptance, ClerkRequest, Contribution, FoundingPlan, read_acceptances, write_acceptances,
    },
    dossier::Dossier,
    entry::Entry,
    genesis::Genesis,
    history::History,
    keyfile::KeyFile,
    merkle::tiles,
    note::SignedNote,
    pending::Pending,
    policy::TrustPolicy,
    receipt::Receipt,
    return_mark::ReturnMark,
    state_proof::StateProof,
    tlog_proof::TlogProof,
};

/// Runs the property of the target `name`; false if there is no such target.
pub(crate) fn check(name: &str, bytes: &[u8]) -> bool {
    let same = |written: Option<String>| {
        if let Some(written) = written {
            assert_eq!(
                written.as_bytes(),
                bytes,
                "{name} accepted what it writes otherwise"
            );
        }
    };
    match name {
        "entry" => same(Entry::parse(bytes).ok().map(|read| read.write())),
        "act" => same(Act::parse(bytes).ok().map(|read| read.write())),
        "return_mark" => same(ReturnMark::parse(bytes).ok().map(|read| read.write())),
        "dossier" => same(Dossier::parse(bytes).ok().map(|read| read.write())),
        "batch" => same(Batch::parse(bytes).ok().map(|read| read.write())),
        "block" => same(BlockLeaf::parse(bytes).ok().map(|read| read.write())),
        "genesis" => same(Genesis::parse(bytes).ok().map(|read| read.write())),
        "plan" => same(FoundingPlan::parse(bytes).ok().map(|read| read.write())),
        "contribution" => same(Contribution::parse(bytes).ok().map(|read| read.write())),
        "acceptance" => same(Acceptance::parse(bytes).ok().map(|read| read.write())),
        "acceptances" => same(
            read_acceptances(bytes)
                .ok()
                .map(|read| write_acceptances(&read)),
        ),
        "clerk_request" => same(ClerkRequest::parse(bytes).ok().map(|read| read.write())),
        "receipt" => same(Receipt::parse(bytes).ok().map(|read| read.write())),
        "history" => same(History::parse(bytes).ok().map(|read| read.write())),
        "state" => same(StateProof::parse(bytes).ok().map(|read| read.write())),
        "pending" => same(Pending::parse(bytes).ok().map(|read| read.write())),
        "keyfile" => same(KeyFile::parse(bytes).ok().map(|read| read.write())),
        "proof" => same(TlogProof::parse(bytes).ok().map(|read| read.write())),
        "policy" => {
            let _read = TrustPolicy::parse(bytes);
        }
        "note" => {
            if let Some(note) = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| SignedNote::parse(text).ok())
            {
                same(Some(note.write()));
            }
        }
        "bundle" => {
            if let Ok(entries) = tiles::parse_bundle(bytes) {
                assert_eq!(tiles::write_bundle(&entries), bytes);
            }
        }
        "tile_path" => {
            if let Some(path) = std::str::from_utf8(bytes)
                .ok()
                .and_then(|text| tiles::TilePath::parse(text).ok())
            {
                same(Some(path.to_string()));
            }
        }
        _ => return false,
    }
    true
}
