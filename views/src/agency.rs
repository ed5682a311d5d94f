//! What commands of agencies show.
