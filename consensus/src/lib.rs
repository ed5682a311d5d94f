//! Agrees on one block per height: a machine with no hands and no clock.
