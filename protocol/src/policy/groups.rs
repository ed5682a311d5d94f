//! Groups of a trust file: how many of whom must sign. They refer backwards only.

use super::{MEMBERS_MAX, Rule, error::BadGroup};
use crate::{name::is_policy_name, text};

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    name: String,
    threshold: usize,
    members: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Quorum {
    None,
    Of(String),
}

/// Witnesses, groups and the quorum, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Groups {
    witnesses: Vec<String>,
    groups: Vec<Group>,
    quorum: Option<Quorum>,
}

impl Groups {
    fn knows(&self, name: &str) -> bool {
        self.witnesses.iter().any(|witness| witness == name)
            || self.groups.iter().any(|group| group.name == name)
    }

    /// Checks that `name` is free, and that there is room for one more beside the `count` of its kind.
    fn new_name(&self, name: &str, count: usize) -> Result<(), BadGroup> {
        if !is_policy_name(name) {
            return Err(BadGroup::Name);
        }
        if self.knows(name) {
            return Err(BadGroup::Taken);
        }
        if count >= MEMBERS_MAX {
            return Err(BadGroup::TooMany);
        }
        Ok(())
    }

    pub(super) fn add_witness(&mut self, name: &str) -> Result<(), BadGroup> {
        self.new_name(name, self.witnesses.len())?;
        self.witnesses.push(name.to_owned());
        Ok(())
    }

    pub(super) fn add_group(
        &mut self,
        name: &str,
        threshold: &str,
        members: &[&str],
    ) -> Result<(), BadGroup> {
        self.new_name(name, self.groups.len())?;
        for (at, member) in members.iter().enumerate() {
            let elsewhere = self
                .groups
                .iter()
                .any(|group| group.members.iter().any(|other| other == member));
            if !self.knows(member) {
                return Err(BadGroup::UnknownMember);
            }
            if elsewhere || members.iter().take(at).any(|other| other == member) {
                return Err(BadGroup::MemberElsewhere);
            }
        }
        let count = members.len();
        let threshold = match threshold {
            "all" => Some(count),
            "any" => Some(1),
            number => text::number(number).and_then(|number| usize::try_from(number).ok()),
        };
        match threshold.filter(|threshold| (1..=count).contains(threshold)) {
            Some(threshold) => {
                let members = members.iter().map(|member| (*member).to_owned()).collect();
                self.groups.push(Group {
                    name: name.to_owned(),
                    threshold,
                    members,
                });
                Ok(())
            }
            None => Err(BadGroup::Threshold),
        }
    }

    pub(super) fn set_quorum(&mut self, name: &str) -> Result<(), BadGroup> {
        if self.quorum.is_some() {
            return Err(BadGroup::SecondQuorum);
        }
        if name != "none" && !self.knows(name) {
            return Err(BadGroup::UnknownQuorum);
        }
        self.quorum = Some(if name == "none" {
            Quorum::None
        } else {
            Quorum::Of(name.to_owned())
        });
        Ok(())
    }

    pub(super) const fn has_quorum(&self) -> bool {
        self.quorum.is_some()
    }

    /// Quorum that the lines define. Where no cosigner is asked for, the log's own line is all the authority there is.
    pub(super) fn rule(&self) -> Rule {
        match &self.quorum {
            None | Some(Quorum::None) => Rule::LogAlone,
            Some(Quorum::Of(name)) => self.rule_of(name),
        }
    }

    /// The rule of one group, if there is such a group.
    pub(super) fn rule_of_group(&self, name: &str) -> Option<Rule> {
        let is_there = self.groups.iter().any(|group| group.name == name);
        is_there.then(|| self.rule_of(name))
    }

    /// Groups refer backwards, so this ends.
    fn rule_of(&self, name: &str) -> Rule {
        match self.groups.iter().find(|group| group.name == name) {
            Some(group) => Rule::Group {
                name: name.to_owned(),
                needed: group.threshold,
                members: group
                    .members
                    .iter()
                    .map(|member| self.rule_of(member))
                    .collect(),
            },
            None => Rule::Witness(name.to_owned()),
        }
    }
}
