//! A command that does one thing by itself and others by subcommands, whose arguments are not its own.

use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};

/// Arguments of the command itself, or of one of its subcommands.
#[derive(Debug)]
pub enum OneOrMany<One, Many> {
    /// The command itself.
    One(One),
    /// A subcommand.
    Many(Many),
}

impl<One: FromArgMatches, Many: FromArgMatches> FromArgMatches for OneOrMany<One, Many> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        if matches.subcommand().is_some() {
            Many::from_arg_matches(matches).map(Self::Many)
        } else {
            One::from_arg_matches(matches).map(Self::One)
        }
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl<One: Args, Many: Subcommand> Args for OneOrMany<One, Many> {
    fn augment_args(command: Command) -> Command {
        Many::augment_subcommands(One::augment_args(command))
            .subcommand_required(false)
            .args_conflicts_with_subcommands(true)
            .subcommand_negates_reqs(true)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}
