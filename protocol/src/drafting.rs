//! Drafting a change of the network: what agencies hand one another before there is anything to vote on.
//!
//! A request holds the lines that an agency wants to have in the next epoch; a draft a change, and all that a
//! desk without a network needs to compare it with what is in force; a taking the word of an agency that takes a
//! registry over. None of them stands in the log. Not here:
//! proposals and ballots, which do (`governance`), and whether a draft is to be believed.

mod draft;
mod request;
mod taking;

pub use self::{
    draft::{
        ChangeDraft, DRAFT_BYTES_MAX, DraftedChange, InForceText, NextNumbers, NodeHealth, NodePoll,
    },
    request::{AGENCY_REQUEST_BYTES_MAX, AgencyRequest, RequestStatement},
    taking::{RegistryTaking, TAKING_BYTES_MAX},
};
