//! Names on the ledger: origins, agencies, registries, clerks, reason codes, dates; and where a node is.
//!
//! All ASCII, so that no two of them look alike. The numbers that people give to records are another
//! matter: see `record`.

use std::{fmt, net::SocketAddr};

use crate::height::TimeMs;

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

/// Words that mean something in trust files (C2SP tlog-policy): whoever is called so makes files that
/// this program or other people's tools refuse.
const POLICY_WORDS: [&str; 7] = ["all", "any", "group", "log", "none", "quorum", "witness"];
/// Names of the groups that this program writes into trust files, beside the names of the agencies.
const POLICY_GROUPS: [&str; 3] = ["both", "outside", "validators"];
/// The most bytes of a name in a trust file, or of a key in a note: cosignatures count them in 8 bits.
pub const POLICY_NAME_BYTES_MAX: usize = 255;

/// Returns whether a word has a meaning of its own in trust files. No agency, and no witness that somebody adds to
/// a trust file, is called so.
#[must_use]
pub fn is_reserved(name: &str) -> bool {
    POLICY_WORDS.contains(&name) || POLICY_GROUPS.contains(&name)
}

/// Returns whether a trust file may name a witness or a group so: 1 to 255 printable ASCII characters other than
/// `#`, at which other people's parsers cut a line, and no word of the format itself.
#[must_use]
pub fn is_policy_name(name: &str) -> bool {
    is_policy_word(name) && !POLICY_WORDS.contains(&name)
}

/// Returns whether a key that a trust file names may have this name: as [`is_policy_name`], without `+`.
#[must_use]
pub fn is_policy_key_name(name: &str) -> bool {
    is_policy_word(name) && !name.contains('+')
}

/// Returns whether a trust file may hold this address: printable ASCII without `#`, at most 255 bytes.
#[must_use]
pub fn is_policy_url(url: &str) -> bool {
    is_policy_word(url)
}

fn is_policy_word(word: &str) -> bool {
    let fine = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
    (1..=POLICY_NAME_BYTES_MAX).contains(&word.len()) && word.bytes().all(fine)
}

/// The longest name in the DNS.
const HOST_BYTES_MAX: usize = 253;

/// Returns whether a node may be dialled there: an IP address or a name, and a port, as `192.0.2.7:7480`,
/// `[2001:db8::7]:7480` or `node.example.uz:7480`.
#[must_use]
pub fn is_peer_address(text: &str) -> bool {
    if let Ok(address) = text.parse::<SocketAddr>() {
        return address.port() > 0;
    }
    let (host, port) = text.rsplit_once(':').unwrap_or_default();
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
    is_number && port.parse::<u16>().is_ok_and(|port| port > 0) && is_host(host)
}

/// Labels of letters, digits and hyphens between dots; not all digits, which would be a misspelt IP address.
fn is_host(host: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let host = host.strip_suffix('.').unwrap_or(host);
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= HOST_BYTES_MAX
        && host.split('.').all(is_label)
        && !last.bytes().all(|byte| byte.is_ascii_digit())
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
    /// Name of an agency: `[a-z][a-z0-9-]*`, at most 32 bytes, and none of the words that mean something
    /// in trust files ([`is_reserved`]).
    AgencyName,
    |text| word(text, b"-", 32) && !is_reserved(text)
);
name_type!(
    /// Name of a registry: `[a-z][a-z0-9.-]*`, at most 64 bytes.
    RegistryName,
    |text| word(text, b".-", 64)
);
name_type!(
    /// Name of a clerk key: `<agency>/<name>`. A new key takes a new name, so a name is one key for good.
    ClerkName,
    |text| text.split_once('/').is_some_and(|(agency, name)| AgencyName::parse(agency).is_some() && word(name, b".-", 32))
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

impl Date {
    /// Days since 1970-01-01; fewer than none before it.
    #[must_use]
    pub fn day(&self) -> i64 {
        let mut parts = self
            .0
            .split('-')
            .map(|part| part.parse::<i64>().unwrap_or(0));
        let mut part = || parts.next().unwrap_or(0);
        let (year, month, day) = (part(), part(), part());
        // Years counted from March, so that the leap day is the last of its year; 719,468 days lie
        // between 0000-03-01 and 1970-01-01.
        let year = year.saturating_sub(i64::from(month <= 2));
        let months = month.saturating_add(9) % 12;
        let in_year = months.saturating_mul(153).saturating_add(2) / 5;
        (year
            .saturating_mul(365)
            .saturating_add(year / 4)
            .saturating_sub(year / 100))
        .saturating_add(year / 400)
        .saturating_add(in_year)
        .saturating_add(day)
        .saturating_sub(719_469)
    }

    /// The last millisecond of the day, in UTC. Days before 1970 have no time and count as its start.
    #[must_use]
    pub fn last_ms(&self) -> TimeMs {
        const DAY_MS: u64 = 86_400_000;
        let after = u64::try_from(self.day().saturating_add(1)).unwrap_or(0);
        TimeMs::new(after.saturating_mul(DAY_MS).saturating_sub(1))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_trust_files_are_nobodys_names() {
        for reserved in POLICY_WORDS.iter().chain(&POLICY_GROUPS) {
            assert_eq!(AgencyName::parse(reserved), None, "{reserved}");
            assert_eq!(ClerkName::parse(&format!("{reserved}/anna")), None);
            // As a part of a name, and as the name of a registry or of a clerk's key, they mean nothing.
            assert!(AgencyName::parse(&format!("{reserved}-x")).is_some());
            assert!(RegistryName::parse(reserved).is_some());
            assert!(ClerkName::parse(&format!("tax/{reserved}")).is_some());
        }
        for reserved in POLICY_WORDS {
            assert!(!is_policy_name(reserved), "{reserved}");
        }
        for group in POLICY_GROUPS {
            assert!(is_policy_name(group), "{group}");
        }
    }

    #[test]
    fn names_in_trust_files_are_of_printable_ascii() {
        for name in ["w", "court.example/w1", "a,b(c)~!", &"x".repeat(255)] {
            assert!(is_policy_name(name) && is_policy_key_name(name), "{name}");
        }
        assert!(is_policy_name("a+b") && !is_policy_key_name("a+b"));
        for name in [
            "",
            " ",
            "a b",
            "a\tb",
            "a#b",
            "\u{441}ud",
            "a\u{202e}b",
            &"x".repeat(256),
        ] {
            assert!(
                !is_policy_name(name) && !is_policy_key_name(name),
                "{name:?}"
            );
            assert!(!is_policy_url(name), "{name:?}");
        }
    }

    #[test]
    fn a_day_ends_a_millisecond_before_the_next() {
        let last = |text: &str| Date::parse(text).unwrap().last_ms().get();
        for (date, seconds) in [
            ("1970-01-01", 86_400),
            ("1999-12-31", 946_684_800),
            ("2000-02-28", 951_782_400),
            ("2000-02-29", 951_868_800),
            ("2026-11-23", 1_795_478_400),
            ("2100-02-28", 4_107_542_400),
            ("9999-12-31", 253_402_300_800),
        ] {
            assert_eq!(last(date), seconds * 1000 - 1, "{date}");
        }
        assert_eq!(last("1969-12-31"), 0);
    }

    #[test]
    fn days_are_counted_in_both_directions() {
        let day = |text: &str| Date::parse(text).unwrap().day();
        for (date, days) in [
            ("1000-01-01", -354_285),
            ("1900-02-28", -25_509),
            ("1900-03-01", -25_508),
            ("1969-12-31", -1),
            ("1970-01-01", 0),
            ("2000-02-29", 11_016),
            ("2026-11-23", 20_780),
        ] {
            assert_eq!(day(date), days, "{date}");
        }
    }
}
