//! What commands of operators show.

pub mod founding;
pub mod key;
pub mod network;
pub mod status;
