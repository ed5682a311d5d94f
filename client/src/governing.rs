//! A change of the network at an agency's desk: drafted where there is a node, read and signed where there is none.
//!
//! What is in force is proven under the trust file before a change is compared with it (`in_force`); a change is
//! made of requests and wishes (`compose`), told as a difference (`difference`), and signed (`sign`). Not here:
//! the rules, which the network keeps (`ledger::rules::governance`), and how things are said to people.

mod compose;
mod difference;
mod error;
mod in_force;
mod poll;
mod request;
mod sign;
#[cfg(test)]
mod tests;

pub use self::{
    compose::{EpochWishes, RuleWishes, epoch_change, rules_change},
    difference::{AgencyDifference, Asked, EpochDifference, RulesDifference, SetNumbers},
    error::{DraftTrouble, GoverningError},
    in_force::{InForce, fetch, judge},
    poll::{PollTarget, poll},
    request::{RequestWishes, request},
    sign::{Admin, check_proposal, propose, sign_request, vote, withdraw},
};
