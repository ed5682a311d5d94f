//! Who must sign under a trust file, as a tree that can be shown; and which of its witnesses are agencies.

/// The quorum of a trust file (C2SP tlog-policy).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rule {
    /// The log's own line alone: no witness is asked for.
    LogAlone,
    /// One witness.
    Witness(String),
    /// So many of a group.
    Group {
        /// The group's name.
        name: String,
        /// Number of members that must be met; at least one.
        needed: usize,
        /// Witnesses and groups.
        members: Vec<Self>,
    },
}

/// A group, or a witness, that keeps a quorum from being met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Short {
    /// Name of the group.
    pub name: String,
    /// Members that are met.
    pub met: usize,
    /// Members that must be.
    pub needed: usize,
    /// Names of those that are not.
    pub missing: Vec<String>,
}

impl Rule {
    /// Returns whether those who `signed` meet the rule.
    #[must_use]
    pub fn is_met(&self, signed: &impl Fn(&str) -> bool, log_signed: bool) -> bool {
        match self {
            Self::LogAlone => log_signed,
            Self::Witness(name) => signed(name),
            Self::Group {
                needed, members, ..
            } => {
                let met = members
                    .iter()
                    .filter(|member| member.is_met(signed, log_signed));
                met.count() >= *needed
            }
        }
    }

    /// Names of all witnesses under it, in their order.
    #[must_use]
    pub fn witnesses(&self) -> Vec<&str> {
        match self {
            Self::LogAlone => Vec::new(),
            Self::Witness(name) => vec![name],
            Self::Group { members, .. } => members.iter().flat_map(Self::witnesses).collect(),
        }
    }

    /// The fewest of the witnesses that `counts` whose signatures can meet it. A witness is in one group
    /// only, so that the cheapest members of each group are the answer.
    #[must_use]
    pub fn least(&self, counts: &impl Fn(&str) -> bool) -> usize {
        match self {
            Self::LogAlone => 0,
            Self::Witness(name) => usize::from(counts(name)),
            Self::Group {
                needed, members, ..
            } => {
                let mut least: Vec<usize> = members.iter().map(|one| one.least(counts)).collect();
                least.sort_unstable();
                least
                    .iter()
                    .take(*needed)
                    .fold(0, |sum, one| sum.saturating_add(*one))
            }
        }
    }

    /// The innermost group that is not met; none if the rule is met.
    #[must_use]
    pub fn short(&self, signed: &impl Fn(&str) -> bool) -> Option<Short> {
        if self.is_met(signed, false) {
            return None;
        }
        let short = |name: &str, met, needed, missing| Short {
            name: name.to_owned(),
            met,
            needed,
            missing,
        };
        match self {
            Self::LogAlone => None,
            Self::Witness(name) => Some(short(name, 0, 1, vec![name.clone()])),
            Self::Group {
                name,
                needed,
                members,
            } => {
                let unmet = || {
                    members
                        .iter()
                        .filter(|member| !member.is_met(signed, false))
                };
                let groups = unmet().filter(|member| matches!(member, Self::Group { .. }));
                if let Some(inner) = groups.into_iter().find_map(|group| group.short(signed)) {
                    return Some(inner);
                }
                let met = members.len().saturating_sub(unmet().count());
                let missing = unmet().flat_map(Self::witnesses).map(ToOwned::to_owned);
                Some(short(name, met, *needed, missing.collect()))
            }
        }
    }
}

#[cfg(test)]
mod tests;
