//! Commands of operators at a desk: create networks, look at nodes, make keys.

pub(crate) mod ceremony;
pub(crate) mod create;
pub(crate) mod key;
mod names;
pub(crate) mod status;

use messages::UserMessage;

use crate::exit::{Failure, UNEXPECTED};

/// A key is not among those that were just made.
fn bug() -> Failure {
    Failure::new(UNEXPECTED, UserMessage::new("key-missing-bug"))
}
