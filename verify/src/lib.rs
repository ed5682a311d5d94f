//! Judges receipts, histories, checkpoints and chains of trust, offline.
