//! What commands of clerks show.

pub mod anchor;
pub mod bulk;
pub mod inbox;
pub mod private;
