//! The founding ceremony: what agencies that trust nobody give one another before there is a network.
//!
//! A plan says who founds what. Each agency contributes its own lines of the genesis, under its admin key;
//! the genesis follows from plan and contributions and from nothing else. Each agency then accepts that
//! genesis, and a node begins only where all have. Not here: how keys are made and kept (`client`), and the
//! node's folder (`node`).

mod acceptance;
mod assemble;
mod contribution;
mod plan;
mod request;

pub use self::{
    acceptance::{
        ACCEPTANCE_BYTES_MAX, ACCEPTANCES_BYTES_MAX, Acceptance, AcceptanceStatement, NotAccepted,
        check_acceptances, read_acceptances, write_acceptances,
    },
    assemble::{ContributionTrouble, KeyPlace, NotAssembled, assemble, check_contribution},
    contribution::{CONTRIBUTION_BYTES_MAX, Contribution, ContributionStatement, OtherLines},
    plan::{FoundingPlan, PLAN_BYTES_MAX, PLAN_DAYS, PlanAge},
    request::{ClerkRequest, REQUEST_BYTES_MAX},
};
