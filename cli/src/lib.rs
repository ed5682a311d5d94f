//! Serves clerks, auditors and operators at a desk: the muhr command.
