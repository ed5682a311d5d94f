//! Agrees on one block per height: a machine with no hands and no clock.
//!
//! The protocol is Tendermint (arXiv:1807.04938, Algorithm 1; `Lnn` is a line of it) with four
//! additions: prevotes carry the proposal's valid round, polka certificates travel in messages of
//! their own, block times are judged on arrival by the host, and the unlock rule is strict, so that
//! evidence of amnesia never names an honest validator.
//!
//! Not here: keys, sockets, files, clocks, blocks and what is in them. The host hands facts in
//! ([`Input`]), gets orders back ([`Effect`]) and performs them in order.
#![cfg_attr(
    test,
    allow(
        clippy::disallowed_methods,
        clippy::disallowed_types,
        reason = "the searches read their lengths from the environment, and write counts"
    )
)]
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod certificate;
pub mod early;
pub mod effect;
pub mod evidence;
pub mod input;
pub mod machine;
pub mod message;
pub mod safety;
mod tally;
pub mod timeouts;
pub mod validators;
pub mod verify;

pub use certificate::{Commit, Polka};
pub use early::{EarlyKind, EarlyMessage, EarlyMessages};
pub use effect::{Alarm, Effect};
pub use evidence::Evidence;
pub use input::Input;
pub use machine::{HeightParameters, Machine, MachineStatus};
pub use message::{Message, Proposal, Signed, SignedProposal, SignedVote, Vote, VoteKind};
pub use safety::{Lock, RoundStep, Safety};
pub use timeouts::{Timeouts, Timer, TimerKind};
pub use validators::{SetError, SetId, ValidatorHistory, ValidatorSet};
pub use verify::Verified;

#[cfg(test)]
mod tests;
