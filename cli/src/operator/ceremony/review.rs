//! `muhr network review`: a genesis in words, compared with what the agency gave, and the eight words that are read
//! out. Nothing is signed.

use std::path::PathBuf;

use clap::Args;
use client::founding;
use views::operator::founding::{Compared, ReviewView};

use super::now;
use crate::{
    exit::{DONE, Failure},
    output::Output,
};

/// `muhr network review`.
#[derive(Debug, Args)]
pub struct ReviewArguments {
    /// The genesis
    pub genesis: PathBuf,
    /// The agency's own contribution, as it kept it: its lines must stand in the genesis
    #[arg(long, value_name = "FILE")]
    pub mine: PathBuf,
    /// The plan: all that is no agency's own must be as it says
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
}

pub(crate) fn run(arguments: &ReviewArguments, output: &Output) -> Result<u8, Failure> {
    let genesis = founding::genesis(&arguments.genesis)?;
    let mine = founding::contribution(&arguments.mine)?;
    let path = arguments.genesis.as_path();
    founding::stands_in((&mine, &arguments.mine), (&genesis, path))?;
    if let Some(plan_path) = &arguments.plan {
        let plan = founding::plan(plan_path, now())?;
        founding::has_frame_of((&genesis, path), (&plan, plan_path))?;
    }
    let compared = Compared {
        own: mine.agency().as_str(),
        as_planned: arguments.plan.is_some(),
    };
    let words = founding::spoken(&genesis);
    let file = path.display().to_string();
    output.view(&ReviewView::of(file, &genesis, compared, words));
    Ok(DONE)
}
