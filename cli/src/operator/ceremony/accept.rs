//! `muhr network accept`: the agency's word, by its admin key, that it will run this genesis. The words that were
//! compared by telephone are typed; one wrong word is named, and nothing is signed.

use std::path::PathBuf;

use clap::{ArgGroup, Args};
use client::{durable, founding};
use views::operator::founding::AcceptanceView;

use crate::{
    agency::sign_act::admin,
    arguments::KeyOptions,
    exit::{DONE, Failure},
    output::Output,
};

/// `muhr network accept`.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("signer").args(["key", "key_file"]).required(true).multiple(true)))]
pub struct AcceptArguments {
    /// The genesis
    pub genesis: PathBuf,
    /// The eight words, as two other agencies have read them out
    #[arg(long, value_name = "WORDS")]
    pub words: String,
    /// The agency's own contribution, as it kept it: its lines must stand in the genesis
    #[arg(long, value_name = "FILE")]
    pub mine: PathBuf,
    /// The agency's admin key file
    #[arg(long, env = "MUHR_ADMIN_KEY", value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// How it opens
    #[command(flatten)]
    pub key_options: KeyOptions,
    /// The acceptance; AGENCY.acceptance if not said
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

pub(crate) fn run(arguments: &AcceptArguments, output: &Output) -> Result<u8, Failure> {
    let genesis = founding::genesis(&arguments.genesis)?;
    let mine = founding::contribution(&arguments.mine)?;
    let path = arguments.genesis.as_path();
    // What can be judged without the key is, before its passphrase is asked for.
    founding::has_words((&genesis, path), &arguments.words)?;
    founding::stands_in((&mine, &arguments.mine), (&genesis, path))?;
    let name = mine.agency();
    let out =
        { arguments.out.clone() }.unwrap_or_else(|| PathBuf::from(format!("{name}.acceptance")));
    durable::must_be_new(&out)?;
    let place = arguments.key_options.place(arguments.key.as_deref())?;
    let (_, secret) = admin(&place, output)?;
    let acceptance = founding::accept((&genesis, path), &mine, (&secret, place.path))?;
    durable::write_unless_there(&out, acceptance.write().as_bytes())?;
    output.view(&AcceptanceView {
        file: out.display().to_string(),
        agency: name.to_string(),
        origin: genesis.origin.to_string(),
        genesis: genesis.chain().to_hex(),
    });
    Ok(DONE)
}
