//! Commands of operators at a desk: create networks, look at nodes, make keys.

pub(crate) mod create;
pub(crate) mod key;
pub(crate) mod status;
