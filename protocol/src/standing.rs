//! Standing: what other agencies have said of the latest version of a record, and what that makes of it.
//!
//! Part of the record's state in the index, so a proof of the latest version shows it. A registry's
//! policy says whose confirmations make a version effective; a version keeps the policy of its day. A
//! pure function of the ledger: nobody's clock is asked. A new version starts without any of it.

mod policy;

use std::collections::BTreeSet;

use crate::{
    entry::{EntryRef, Operation},
    hash::LeafHash,
    height::{Height, LeafIndex, TimeMs},
    name::{AgencyName, ClerkName},
    text,
};

pub use self::policy::{RegistryPolicy, VALIDATORS, WITHIN_DAYS_MAX};

const FOUR_EYES: &str = " four-eyes";

/// The confirmations that one version needs, by the policy of its day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// Number of the policy.
    pub policy: u64,
    /// Number of agencies that must confirm.
    pub needed: u64,
    /// Agencies whose confirmations count.
    pub agencies: BTreeSet<AgencyName>,
    /// The last moment at which a confirmation counts; none for no end.
    pub until: Option<TimeMs>,
    /// The clerk who made the version, if another clerk of the same agency must confirm it too.
    pub four_eyes: Option<ClerkName>,
}

impl Terms {
    /// The agency whose second clerk is asked.
    #[must_use]
    pub fn own(&self) -> Option<AgencyName> {
        self.four_eyes.as_ref().map(ClerkName::agency)
    }

    /// Reads the words behind `terms`; those of four eyes follow for themselves.
    fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        let (policy, needed) = (text::number(words.next()?)?, text::number(words.next()?)?);
        let agencies = match (needed, words.next()?) {
            (0, "none") => BTreeSet::new(),
            (0, _) => return None,
            (_, names) => text::read_list(names, AgencyName::parse)?,
        };
        let until = match words.next()? {
            "ever" => None,
            time => Some(TimeMs::new(text::number(time)?)),
        };
        Some(Self {
            policy,
            needed,
            agencies,
            until,
            four_eyes: None,
        })
    }

    /// Returns whether an agency is asked: one of those named, or the owner where a second clerk of it is asked.
    #[must_use]
    pub fn asks(&self, agency: &AgencyName) -> bool {
        self.agencies.contains(agency) || self.own().as_ref() == Some(agency)
    }

    /// Since when those who were asked have confirmed; none as long as they have not.
    fn satisfied(&self, marks: &[Mark]) -> Option<TimeMs> {
        let own = self.own();
        let confirmed = marks.iter().filter(|mark| {
            let time = mark.place.time;
            mark.said == Operation::Confirm && self.until.is_none_or(|until| time <= until)
        });
        let (approved, others): (Vec<&Mark>, Vec<&Mark>) =
            confirmed.partition(|mark| Some(&mark.agency) == own.as_ref());
        // The rules let nobody of the agency speak here but a second clerk.
        let approved = approved.first().map(|mark| mark.place.time);
        let mut times: Vec<TimeMs> = others
            .into_iter()
            .filter(|mark| self.agencies.contains(&mark.agency))
            .map(|mark| mark.place.time)
            .collect();
        times.sort_unstable();
        let last = self.needed.checked_sub(1).map(usize::try_from);
        let enough = match last {
            None => None,
            Some(last) => Some(*times.get(last.ok()?)?),
        };
        match own {
            Some(_) => Some(approved?).max(enough),
            None => enough,
        }
    }
}

/// The last that one agency said of the version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Agency that said it.
    pub agency: AgencyName,
    /// Confirm, dispute or withdraw.
    pub said: Operation,
    /// Position in the log, and time.
    pub place: EntryRef,
}

impl Mark {
    /// Reads the words behind `mark`.
    fn read<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Self> {
        Some(Self {
            agency: AgencyName::parse(words.next()?)?,
            said: Operation::parse(words.next()?).filter(|operation| operation.is_attestation())?,
            place: EntryRef {
                index: LeafIndex::new(text::number(words.next()?)?),
                hash: LeafHash::from_base64(words.next()?)?,
                height: Height::new(text::number(words.next()?)?),
                time: TimeMs::new(text::number(words.next()?)?),
            },
        })
    }
}

/// All that was said of the version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Confirmations that were asked for; none if nothing was.
    pub terms: Option<Terms>,
    /// One for each agency that said something, in the order of their names.
    pub marks: Vec<Mark>,
}

/// The effect of the standing on the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endorsement {
    /// Nobody was asked.
    NotAsked,
    /// Confirmations are missing, and there is time.
    Pending,
    /// Those who were asked have confirmed it, since then.
    Effective(TimeMs),
    /// The time is over, and confirmations are missing.
    Lapsed,
    /// An agency that was asked disputes it.
    Disputed,
}

impl Endorsement {
    /// The word in a record's value.
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

    /// Effect of the standing on the version at `now`, the time of the newest block that the asker knows.
    #[must_use]
    pub fn endorsement(&self, now: TimeMs) -> Endorsement {
        let Some(terms) = &self.terms else {
            return Endorsement::NotAsked;
        };
        let mut marks = self.marks.iter();
        if marks.any(|mark| mark.said == Operation::Dispute && terms.asks(&mark.agency)) {
            return Endorsement::Disputed;
        }
        match terms.satisfied(&self.marks) {
            Some(since) => Endorsement::Effective(since),
            None if terms.until.is_none_or(|until| now <= until) => Endorsement::Pending,
            None => Endorsement::Lapsed,
        }
    }

    /// Text that follows the rest of a record's value, with a space before each part.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = String::new();
        if let Some(terms) = &self.terms {
            let until = terms
                .until
                .map_or_else(|| "ever".to_owned(), |until| until.to_string());
            let agencies = match terms.needed {
                0 => "none".to_owned(),
                _ => text::list(terms.agencies.iter().map(AgencyName::as_str)),
            };
            let (policy, needed) = (terms.policy, terms.needed);
            out += &format!(" terms {policy} {needed} {agencies} {until}");
            if let Some(clerk) = &terms.four_eyes {
                out += &format!("{FOUR_EYES} {clerk}");
            }
        }
        for mark in &self.marks {
            let EntryRef {
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
                "terms" if standing.is_empty() => standing.terms = Some(Terms::read(&mut words)?),
                "four-eyes" if standing.marks.is_empty() => {
                    let terms = standing.terms.as_mut()?;
                    let clerk = ClerkName::parse(words.next()?)?;
                    if terms.four_eyes.replace(clerk).is_some() {
                        return None;
                    }
                }
                "mark" => {
                    let mark = Mark::read(&mut words)?;
                    let last = standing.marks.last();
                    if last.is_some_and(|last| last.agency >= mark.agency) {
                        return None;
                    }
                    standing.marks.push(mark);
                }
                _ => return None,
            }
        }
        // Terms that ask nothing of anybody are none.
        let asks = |terms: &Terms| terms.needed > 0 || terms.four_eyes.is_some();
        standing.terms.as_ref().is_none_or(asks).then_some(standing)
    }
}

#[cfg(test)]
mod tests {
    use super::{policy::DAY_MS, *};

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
            place: EntryRef {
                index: LeafIndex::new(time),
                hash: LeafHash::new([7; 32]),
                height: Height::new(time),
                time: TimeMs::new(time),
            },
        }
    }

    #[test]
    fn confirmations_in_time_make_a_version_effective_and_a_dispute_unmakes_it() {
        let policy = RegistryPolicy {
            version: 1,
            needed: 2,
            agencies: agencies(&["a", "b", "c"]),
            validators: false,
            within_days: Some(1),
            four_eyes: false,
        };
        let author = ClerkName::parse("own/anna").unwrap();
        let mut standing = Standing {
            terms: policy.terms(TimeMs::new(100), &author, &BTreeSet::new()),
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
        let unasked = standing.marked(mark("d", Operation::Dispute, end + 5));
        assert_eq!(at(&unasked, end + 9), Endorsement::Effective(since));
        let disputed = unasked.marked(mark("b", Operation::Dispute, end + 5));
        assert_eq!(at(&disputed, end + 9), Endorsement::Disputed);
        let withdrawn = disputed.marked(mark("b", Operation::Withdraw, end + 6));
        assert_eq!(at(&withdrawn, end + 9), Endorsement::Effective(since));
        let taken_back = standing.marked(mark("a", Operation::Withdraw, end + 6));
        assert_eq!(at(&taken_back, end + 9), Endorsement::Lapsed);
        let nobody_asked = Standing {
            terms: None,
            marks: Vec::new(),
        };
        let nobody_asked = nobody_asked.marked(mark("d", Operation::Dispute, 300));
        assert_eq!(at(&nobody_asked, 400), Endorsement::NotAsked);
        for standing in [
            standing,
            late,
            unasked,
            disputed,
            withdrawn,
            taken_back,
            nobody_asked,
        ] {
            let text = standing.write();
            assert_eq!(Standing::parse(&text), Some(standing));
        }
    }

    #[test]
    fn four_eyes_are_those_of_a_second_clerk_and_add_to_what_others_confirm() {
        let author = ClerkName::parse("own/anna").unwrap();
        let of = |policy: &str| Standing {
            terms: RegistryPolicy::parse(policy).unwrap().terms(
                TimeMs::new(100),
                &author,
                &BTreeSet::new(),
            ),
            marks: Vec::new(),
        };
        let at = |standing: &Standing, now| standing.endorsement(TimeMs::new(now));
        let effective = |time| Endorsement::Effective(TimeMs::new(time));
        let alone = of("1 0 none ever four-eyes");
        assert_eq!(at(&alone, 900), Endorsement::Pending);
        let elsewhere = alone.marked(mark("a", Operation::Confirm, 300));
        assert_eq!(at(&elsewhere, 900), Endorsement::Pending);
        let approved = elsewhere.marked(mark("own", Operation::Confirm, 400));
        assert_eq!(at(&approved, 900), effective(400));
        let taken_back = approved.marked(mark("own", Operation::Withdraw, 500));
        assert_eq!(at(&taken_back, 900), Endorsement::Pending);

        let both = of("1 1 a,b 1 four-eyes");
        let end = 100 + DAY_MS;
        let approved_first = both.marked(mark("own", Operation::Confirm, 300));
        assert_eq!(at(&approved_first, 900), Endorsement::Pending);
        let then_confirmed = approved_first.marked(mark("b", Operation::Confirm, 700));
        assert_eq!(at(&then_confirmed, 900), effective(700));
        let confirmed_first = both.marked(mark("b", Operation::Confirm, 300));
        assert_eq!(at(&confirmed_first, end), Endorsement::Pending);
        let late = confirmed_first.marked(mark("own", Operation::Confirm, end + 1));
        assert_eq!(at(&late, end + 1), Endorsement::Lapsed);
        let in_time = confirmed_first.marked(mark("own", Operation::Confirm, end));
        assert_eq!(at(&in_time, end + 1), effective(end));
        for standing in [alone, elsewhere, approved, both, then_confirmed, late] {
            let text = standing.write();
            assert_eq!(Standing::parse(&text), Some(standing), "{text}");
        }
        for text in [
            " terms 1 0 none ever",
            " terms 1 0 a ever four-eyes own/anna",
            " terms 1 1 a ever four-eyes own",
            " terms 1 1 a ever four-eyes own/anna four-eyes own/anna",
            " four-eyes own/anna",
        ] {
            assert_eq!(Standing::parse(text), None, "{text}");
        }
    }
}
