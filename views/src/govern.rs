//! What commands of governance have found: changes in words, what was signed and handed in, and how far things are.

pub mod change;
pub mod poll;
pub mod request;
pub mod sent;
pub mod signed;
pub mod status;
