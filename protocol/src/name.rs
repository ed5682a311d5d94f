//! Names on the ledger: origins, agencies, registries, clerks, reason codes, dates.
//!
//! All ASCII, so that no two of them look alike. The numbers that people give to records are another
//! matter: see `record`.

use std::fmt;

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Takes the name if it is well formed.
            pub fn parse(text: &str) -> Option<Self> {
                let check: fn(&str) -> bool = $check;
                check(text).then(|| Self(text.to_owned()))
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.0, out)
            }
        }
    };
}

/// A word of lowercase letters, digits and the bytes in `more`, that begins with a letter and does
/// not end in one of `more`.
fn word(text: &str, more: &[u8], bytes_max: usize) -> bool {
    text.len() <= bytes_max
        && text
            .bytes()
            .next()
            .is_some_and(|byte| byte.is_ascii_lowercase())
        && text
            .bytes()
            .last()
            .is_some_and(|byte| !more.contains(&byte))
        && text
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || more.contains(&byte))
}

name_type!(
    /// Name of a network: a URL without scheme, at most 128 bytes, whose last part is a number.
    Origin,
    |text| {
        let part = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._".contains(&byte))
        };
        text.len() <= 128
            && text.contains('/')
            && text.split('/').all(part)
            && text.rsplit('/').next().and_then(crate::text::number).is_some()
    }
);
name_type!(
    /// Name of an agency: `[a-z][a-z0-9-]*`, at most 32 bytes.
    AgencyName,
    |text| word(text, b"-", 32)
);
name_type!(
    /// Name of a registry: `[a-z][a-z0-9.-]*`, at most 64 bytes.
    RegistryName,
    |text| word(text, b".-", 64)
);
name_type!(
    /// Name of a clerk key: `<agency>/<name>`. A new key takes a new name, so a name is one key for good.
    ClerkName,
    |text| text.split_once('/').is_some_and(|(agency, name)| word(agency, b"-", 32) && word(name, b".-", 32))
);
name_type!(
    /// Why a record changed: `[A-Z][A-Z0-9-]*`, at most 16 bytes; what a code means stands in the law, not here.
    ReasonCode,
    |text| {
        text.len() <= 16
            && text.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase())
            && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-')
    }
);
name_type!(
    /// A calendar date, `2026-11-23`, between the years 1000 and 9999.
    Date,
    date
);

impl ClerkName {
    /// The agency that the clerk acts for.
    #[must_use]
    pub fn agency(&self) -> AgencyName {
        AgencyName(
            self.0
                .split_once('/')
                .map_or("", |(agency, _)| agency)
                .to_owned(),
        )
    }
}

fn date(text: &str) -> bool {
    let mut parts = text.split('-');
    let mut part = |digits: usize| {
        parts
            .next()
            .filter(|part| part.len() == digits && part.bytes().all(|byte| byte.is_ascii_digit()))?
            .parse::<u16>()
            .ok()
    };
    let (Some(year), Some(month), Some(day)) = (part(4), part(2), part(2)) else {
        return false;
    };
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => 0,
    };
    parts.next().is_none() && year >= 1000 && (1..=days).contains(&day)
}
