//! Numbers that could be mixed up, each a type of its own: heights, rounds, positions and sizes.

use std::fmt;

macro_rules! number_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "codec", derive(serde::Serialize, serde::Deserialize))]
        pub struct $name(u64);

        impl $name {
            /// The first of its kind.
            pub const ZERO: Self = Self(0);

            /// Takes the number as it is.
            #[must_use]
            pub const fn new(number: u64) -> Self {
                Self(number)
            }

            /// The number.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The one after this. 2^64 of anything is out of reach within the life of a registry,
            /// so it saturates instead of failing.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(out, "{}", self.0)
            }
        }
    };
}

number_type!(
    /// Position of a block in the chain. Genesis is 0.
    Height
);
number_type!(
    /// Attempt to agree at one height, from 0.
    Round
);
number_type!(
    /// Position of a leaf in the log, from 0.
    LeafIndex
);
number_type!(
    /// Number of leaves of a log.
    LogSize
);
number_type!(
    /// Version of a record, from 1.
    Version
);
number_type!(
    /// Milliseconds since 1970-01-01 UTC, without leap seconds.
    TimeMs
);
number_type!(
    /// Seconds since 1970-01-01 UTC, without leap seconds.
    UnixSeconds
);
number_type!(
    /// Number of a trust file in its chain, from 0.
    Epoch
);
