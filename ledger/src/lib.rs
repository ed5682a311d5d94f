//! Decides what an entry does, and keeps it for ever.
