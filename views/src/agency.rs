//! What commands by which agencies decide show.

pub mod act;
pub mod clerks;
pub mod policy;
pub mod registries;
pub mod standing;
