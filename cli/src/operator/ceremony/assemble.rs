//! `muhr network assemble`: the genesis that follows from a plan and contributions. Whoever has the same files
//! makes the same bytes, so it does not matter who does it.

use std::path::PathBuf;

use clap::Args;
use client::{
    durable,
    founding::{self, Sources},
};
use views::operator::founding::AssemblyView;

use super::now;
use crate::{
    exit::{DONE, Failure},
    output::Output,
};

/// `muhr network assemble`.
#[derive(Debug, Args)]
pub struct AssembleArguments {
    /// The plan
    pub plan: PathBuf,
    /// The contributions of all agencies, in any order
    #[arg(required = true)]
    pub contributions: Vec<PathBuf>,
    /// The genesis to make
    #[arg(long, default_value = "genesis", value_name = "FILE")]
    pub out: PathBuf,
    /// Its trust file, for everybody who verifies
    #[arg(long, default_value = "trust.policy", value_name = "FILE")]
    pub trust_out: PathBuf,
}

pub(crate) fn run(arguments: &AssembleArguments, output: &Output) -> Result<u8, Failure> {
    let sources = Sources {
        plan: &arguments.plan,
        contributions: &arguments.contributions,
    };
    let genesis = sources.assemble(now())?;
    durable::must_be_new(&arguments.trust_out)?;
    durable::write_unless_there(&arguments.out, genesis.write().as_bytes())?;
    durable::write_unless_there(&arguments.trust_out, genesis.trust_file().as_bytes())?;
    output.view(&AssemblyView {
        file: arguments.out.display().to_string(),
        trust: arguments.trust_out.display().to_string(),
        origin: genesis.origin.to_string(),
        genesis: genesis.chain().to_hex(),
        words: founding::spoken(&genesis),
    });
    Ok(DONE)
}
