//! Standing: what other agencies have said of the latest version of a record, and what that makes of it.
//!
//! Part of the record's state in the index, so a proof of the latest version shows it. A registry's
//! policy says whose confirmations make a version effective; a version keeps the policy of its day. A
//! pure function of the ledger: nobody's clock is asked. A new version starts without any of it.

use std::collections::BTreeSet;

use crate::{
    agency::AGENCIES_MAX,
    entry::{Operation, Previous},
    hash::LeafHash,
    height::{Height, LeafIndex, TimeMs},
    name::AgencyName,
    text,
};

/// The longest window that a policy may give, in days.
pub const WITHIN_DAYS_MAX: u64 = 3650;
const DAY_MS: u64 = 86_400_000;

/// Whose confirmations make a version of a registry's records effective.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegistryPolicy {
    /// Its number: 1 is the registry's first.
    pub version: u64,
    /// How many of the agencies must confirm; 0 if no more confirmation is due.
    pub needed: u64,
    /// Whose confirmations count.
    pub agencies: BTreeSet<AgencyName>,
    /// In how many days after the version; none for no end.
    pub within_days: Option<u64>,
}

impl RegistryPolicy {
    /// `<version> <needed> <agencies|none> <days|ever>`.
    #[must_use]
    pub fn write(&self) -> String {
        let names = text::list(self.agencies.iter().map(AgencyName::as_str));
        let within = self
            .within_days
            .map_or_else(|| "ever".to_owned(), |days| days.to_string());
        let names = if names.is_empty() { "none" } else { &names };
        format!("{} {} {names} {within}", self.version, self.needed)
    }

    /// Reads what `write` writes.
    #[must_use]
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.split(' ').collect();
        let [version, needed, names, within] = words.as_slice() else {
            return None;
        };
        let policy = Self {
            version: text::number(version)?,
            needed: text::number(needed)?,
            agencies: match *names {
                "none" => BTreeSet::new(),
                names => text::read_list(names, AgencyName::parse)?,
            },
            within_days: match *within {
                "ever" => None,
                days => Some(text::number(days)?),
            },
        };
        (policy.write() == value).then_some(policy)
    }

    /// Whether agencies other than the owner could ever satisfy it.
    #[must_use]
    pub fn is_satisfiable(&self, owner: &AgencyName) -> bool {
        let others = u64::try_from(self.agencies.len()).unwrap_or(u64::MAX);
        let bounded = self.agencies.len() <= AGENCIES_MAX
            && self
                .within_days
                .is_none_or(|days| (1..=WITHIN_DAYS_MAX).contains(&days));
        if self.needed == 0 {
            return self.agencies.is_empty() && self.within_days.is_none();
        }
        bounded && self.needed <= others && !self.agencies.contains(owner)
    }

    /// What it asks of a version that is recorded at `time`; nothing if no confirmation is due.
    #[must_use]
    pub fn terms(&self, time: TimeMs) -> Option<Terms> {
        (self.needed > 0).then(|| Terms {
            policy: self.version,
            needed: self.needed,
            agencies: self.agencies.clone(),
            until: self
                .within_days
                .map(|days| TimeMs::new(time.get().saturating_add(days.saturating_mul(DAY_MS)))),
        })
    }
}

/// What the policy of its day asks of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Number of the policy.
    pub policy: u64,
    /// How many of the agencies must confirm.
    pub needed: u64,
    /// Whose confirmations count.
    pub agencies: BTreeSet<AgencyName>,
    /// The last moment at which a confirmation counts; none for no end.
    pub until: Option<TimeMs>,
}

/// The last that one agency said of the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Who.
    pub agency: AgencyName,
    /// Confirm, dispute or withdraw.
    pub said: Operation,
    /// Where, and when.
    pub place: Previous,
}

/// All that was said of the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// What was asked of it; none if nothing was.
    pub terms: Option<Terms>,
    /// One for each agency that said something, in the order of their names.
    pub marks: Vec<Mark>,
}

/// What the standing makes of the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endorsement {
    /// Nobody was asked, and nobody disputes it.
    NotAsked,
    /// Confirmations are missing, and there is time.
    Pending,
    /// Those who were asked have confirmed it, since then.
    Effective(TimeMs),
    /// The time is over, and confirmations are missing.
    Lapsed,
    /// An agency disputes it.
    Disputed,
}

impl Endorsement {
    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAsked => "not-asked",
            Self::Pending => "pending",
            Self::Effective(_) => "effective",
            Self::Lapsed => "lapsed",
            Self::Disputed => "disputed",
        }
    }
}

impl Standing {
    /// Of a version that nobody was asked about, and nobody spoke of.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.terms.is_none() && self.marks.is_empty()
    }

    /// The last that `agency` said.
    #[must_use]
    pub fn mark(&self, agency: &AgencyName) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.agency == *agency)
    }

    /// Puts a mark in the place of the agency's last.
    #[must_use]
    pub fn marked(&self, mark: Mark) -> Self {
        let mut standing = self.clone();
        standing.marks.retain(|other| other.agency != mark.agency);
        let at = standing
            .marks
            .partition_point(|other| other.agency < mark.agency);
        standing.marks.insert(at, mark);
        standing
    }

    /// What it makes of the version at `now`, the time of the newest block that the asker knows.
    #[must_use]
    pub fn endorsement(&self, now: TimeMs) -> Endorsement {
        let said = |wanted: Operation| self.marks.iter().filter(move |mark| mark.said == wanted);
        if said(Operation::Dispute).next().is_some() {
            return Endorsement::Disputed;
        }
        let Some(terms) = &self.terms else {
            return Endorsement::NotAsked;
        };
        let counts = |time: TimeMs| terms.until.is_none_or(|until| time <= until);
        let mut times: Vec<TimeMs> = said(Operation::Confirm)
            .filter(|mark| terms.agencies.contains(&mark.agency) && counts(mark.place.time))
            .map(|mark| mark.place.time)
            .collect();
        times.sort_unstable();
        let last = terms
            .needed
            .checked_sub(1)
            .and_then(|at| usize::try_from(at).ok());
        match last.and_then(|last| times.get(last)) {
            Some(since) => Endorsement::Effective(*since),
            None if counts(now) => Endorsement::Pending,
            None => Endorsement::Lapsed,
        }
    }

    /// What follows the rest of a record's value, with a space before each part.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        if let Some(terms) = &self.terms {
            let until = terms
                .until
                .map_or_else(|| "ever".to_owned(), |until| until.to_string());
            out += &format!(
                " terms {} {} {} {until}",
                terms.policy,
                terms.needed,
                text::list(terms.agencies.iter().map(AgencyName::as_str))
            );
        }
        for mark in &self.marks {
            let Previous {
                index,
                hash,
                height,
                time,
            } = &mark.place;
            out += &format!(
                " mark {} {} {index} {hash} {height} {time}",
                mark.agency,
                mark.said.word()
            );
        }
        out
    }

    /// Reads what `write` writes.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let standing = Self::read(text.split(' ').skip(1))?;
        (standing.write() == text).then_some(standing)
    }

    /// Reads what follows; the caller compares with what `write` makes of it.
    pub(crate) fn read<'a>(mut words: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut standing = Self::default();
        while let Some(word) = words.next() {
            match word {
                "terms" if standing.is_empty() => {
                    standing.terms = Some(Terms {
                        policy: text::number(words.next()?)?,
                        needed: text::number(words.next()?)?,
                        agencies: text::read_list(words.next()?, AgencyName::parse)?,
                        until: match words.next()? {
                            "ever" => None,
                            time => Some(TimeMs::new(text::number(time)?)),
                        },
                    });
                }
                "mark" => {
                    let mark = Mark {
                        agency: AgencyName::parse(words.next()?)?,
                        said: Operation::parse(words.next()?)
                            .filter(|operation| operation.is_attestation())?,
                        place: Previous {
                            index: LeafIndex::new(text::number(words.next()?)?),
                            hash: LeafHash::from_base64(words.next()?)?,
                            height: Height::new(text::number(words.next()?)?),
                            time: TimeMs::new(text::number(words.next()?)?),
                        },
                    };
                    let last = standing.marks.last();
                    if last.is_some_and(|last| last.agency >= mark.agency) {
                        return None;
                    }
                    standing.marks.push(mark);
                }
                _ => return None,
            }
        }
        Some(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agencies(names: &[&str]) -> BTreeSet<AgencyName> {
        names
            .iter()
            .map(|name| AgencyName::parse(name).unwrap())
            .collect()
    }

    fn mark(agency: &str, said: Operation, time: u64) -> Mark {
        Mark {
            agency: AgencyName::parse(agency).unwrap(),
            said,
            place: Previous {
                index: LeafIndex::new(time),
                hash: LeafHash::new([7; 32]),
                height: Height::new(time),
                time: TimeMs::new(time),
            },
        }
    }

    #[test]
    fn a_policy_that_nobody_could_satisfy_is_none() {
        let owner = AgencyName::parse("own").unwrap();
        for (text, fits) in [
            ("1 2 a,b 30", true),
            ("1 1 a,b ever", true),
            ("2 0 none ever", true),
            ("1 3 a,b ever", false),
            ("1 0 a,b ever", false),
            ("1 0 none 30", false),
            ("1 1 none ever", false),
            ("1 1 a,own ever", false),
            ("1 1 a 0", false),
            ("1 1 a 3651", false),
        ] {
            let policy = RegistryPolicy::parse(text).unwrap();
            assert_eq!(policy.write(), text);
            assert_eq!(policy.is_satisfiable(&owner), fits, "{text}");
        }
        for text in [
            "",
            "1 1 b,a ever",
            "1 1 a,a ever",
            "1 1 a",
            "1 1 a ever 2",
            "01 1 a ever",
        ] {
            assert!(RegistryPolicy::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn confirmations_in_time_make_a_version_effective_and_a_dispute_unmakes_it() {
        let policy = RegistryPolicy {
            version: 1,
            needed: 2,
            agencies: agencies(&["a", "b", "c"]),
            within_days: Some(1),
        };
        let mut standing = Standing {
            terms: policy.terms(TimeMs::new(100)),
            marks: Vec::new(),
        };
        let end = 100 + DAY_MS;
        let at = |standing: &Standing, now| standing.endorsement(TimeMs::new(now));
        assert_eq!(at(&standing, end), Endorsement::Pending);
        assert_eq!(at(&standing, end + 1), Endorsement::Lapsed);
        standing = standing.marked(mark("c", Operation::Confirm, 300));
        // One who was not asked does not count.
        standing = standing.marked(mark("d", Operation::Confirm, 301));
        assert_eq!(at(&standing, 400), Endorsement::Pending);
        let late = standing.marked(mark("a", Operation::Confirm, end + 1));
        assert_eq!(at(&late, end + 2), Endorsement::Lapsed);
        standing = standing.marked(mark("a", Operation::Confirm, end));
        let since = TimeMs::new(end);
        assert_eq!(at(&standing, end + 9), Endorsement::Effective(since));
        let disputed = standing.marked(mark("d", Operation::Dispute, end + 5));
        assert_eq!(at(&disputed, end + 9), Endorsement::Disputed);
        let withdrawn = disputed.marked(mark("d", Operation::Withdraw, end + 6));
        assert_eq!(at(&withdrawn, end + 9), Endorsement::Effective(since));
        let taken_back = standing.marked(mark("a", Operation::Withdraw, end + 6));
        assert_eq!(at(&taken_back, end + 9), Endorsement::Lapsed);
        for standing in [standing, late, disputed, withdrawn, taken_back] {
            let text = standing.write();
            assert_eq!(Standing::parse(&text), Some(standing));
        }
    }
}
