//! A plan: which agencies found a network of which name, with which bounds. It binds nobody: whoever
//! contributes names its hash, and so says that this plan was meant.

use std::collections::BTreeSet;

use crate::{
    agency::{AGENCIES_MAX, AGENCIES_MIN, publishers, recovery_threshold_min},
    genesis::{self, PROTOCOL},
    hash::{PlanHash, sha256},
    height::TimeMs,
    name::{AgencyName, Origin},
    state::Limits,
    text::{self, Lines, Malformed},
};

/// The most bytes of a plan.
pub const PLAN_BYTES_MAX: usize = 2048;
/// Days after which nothing is made of a plan any more.
pub const PLAN_DAYS: u64 = 90;

const DAY_MS: u64 = 86_400_000;
/// Clocks of offices are off by minutes.
const AHEAD_MS: u64 = 600_000;
const PLAN: &str = "muhr-plan/v1";

/// The frame of a network that agencies mean to found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundingPlan {
    /// Name of the network.
    pub origin: Origin,
    /// Time of the plan, which becomes that of the genesis.
    pub time: TimeMs,
    /// The bounds.
    pub limits: Limits,
    /// Number of recovery keys that must sign after a disaster.
    pub recovery_threshold: u64,
    /// The agencies.
    pub agencies: BTreeSet<AgencyName>,
    /// Agencies that hold the publisher's key, of which the first makes it.
    pub publishers: Vec<AgencyName>,
}

/// Whether something may be made of a plan at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanAge {
    /// It is in time.
    Alive,
    /// More than [`PLAN_DAYS`] have passed since it was made.
    Dead,
    /// It is dated ahead: a clock is wrong, that of its maker or this one.
    Ahead,
}

impl FoundingPlan {
    /// The text of the plan.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "{PLAN}\norigin {}\nprotocol {PROTOCOL}\ntime {}\nlimits {}\nrecovery-threshold {}\nagencies {}\npublishers {}\n",
            self.origin,
            self.time,
            genesis::write_limits(&self.limits),
            self.recovery_threshold,
            text::list(self.agencies.iter().map(AgencyName::as_str)),
            text::list(self.publishers.iter().map(AgencyName::as_str)),
        )
    }

    /// Reads a plan; what could found no network is refused.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format or makes no sense.
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut lines = Lines::new(bytes, PLAN_BYTES_MAX)?;
        lines.exact(PLAN)?;
        let origin = lines.parsed(
            "origin",
            "a URL without scheme that ends in a number",
            Origin::parse,
        )?;
        lines.parsed("protocol", "version 1", |value| {
            (text::number(value)? == PROTOCOL).then_some(())
        })?;
        let time = TimeMs::new(lines.number("time")?);
        let limits = lines.parsed("limits", "four numbers within their bounds", |value| {
            genesis::read_limits(value).filter(genesis::are_within_bounds)
        })?;
        let (recovery_threshold, threshold_line) =
            (lines.number("recovery-threshold")?, lines.line());
        let agencies = lines.parsed(
            "agencies",
            "4 to 22 names of agencies in their order",
            |value| {
                let names = text::read_list(value, AgencyName::parse)?;
                let is_enough = (AGENCIES_MIN..=AGENCIES_MAX).contains(&names.len());
                is_enough.then_some(names)
            },
        )?;
        let count = agencies.len();
        let (least, needed) = (recovery_threshold_min(count), publishers(count));
        let threshold = usize::try_from(recovery_threshold).unwrap_or(usize::MAX);
        if !(least..=count).contains(&threshold) {
            let what = format!("\"recovery-threshold\" is not between {least} and {count}");
            return Err(Malformed::new(threshold_line, what));
        }
        let what = format!("{needed} of the agencies, each once");
        let publishers = lines.parsed("publishers", &what, |value| {
            let names: Vec<AgencyName> = value
                .split(',')
                .map(AgencyName::parse)
                .collect::<Option<_>>()?;
            let each: BTreeSet<&AgencyName> = names.iter().collect();
            let are_fine = names.len() == needed
                && each.len() == needed
                && names.iter().all(|name| agencies.contains(name));
            are_fine.then_some(names)
        })?;
        lines.end()?;
        let plan = Self {
            origin,
            time,
            limits,
            recovery_threshold,
            agencies,
            publishers,
        };
        text::same(bytes, plan.write().as_bytes())?;
        Ok(plan)
    }

    /// SHA-256 of the text.
    #[must_use]
    pub fn hash(&self) -> PlanHash {
        PlanHash::new(sha256(&[self.write().as_bytes()]))
    }

    /// Whether it may be used at `now`.
    #[must_use]
    pub fn age(&self, now: TimeMs) -> PlanAge {
        let (made, now) = (self.time.get(), now.get());
        if now > made.saturating_add(PLAN_DAYS.saturating_mul(DAY_MS)) {
            PlanAge::Dead
        } else if made > now.saturating_add(AHEAD_MS) {
            PlanAge::Ahead
        } else {
            PlanAge::Alive
        }
    }

    /// The agency that makes the publisher's key.
    #[must_use]
    pub fn first_publisher(&self) -> Option<&AgencyName> {
        self.publishers.first()
    }
}
