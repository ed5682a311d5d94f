//! What commands of auditors, and of whoever verifies, show.

pub mod audit;
