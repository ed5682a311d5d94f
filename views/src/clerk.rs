//! What commands of clerks show.
