//! `muhr govern status`: what is proposed, who said what, who is ready, and what happens if nobody says more.
//!
//! A node's word. How a proposal would end is reckoned here from what it tells, as the rules say.

use messages::counted;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{CommandView, Line, line::texts, shown::ShownTime};

/// The numbers that an agency must use next.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownVoice {
    /// The agency.
    pub agency: String,
    /// Number of its next proposal.
    pub proposal: u64,
    /// Number of its next ballot.
    pub ballot: u64,
}

/// Readiness of one set.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ShownReadiness {
    /// How many must be ready.
    pub needed: u64,
    /// Those who must all be ready, being new.
    pub newcomers: Vec<String>,
    /// Those who are.
    pub ready: Vec<String>,
    /// Those who have said nothing.
    pub silent: Vec<String>,
}

/// What becomes of a proposal if nobody says more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Forecast {
    /// It ends at its opening: too few are for it.
    TooFew,
    /// Enough are for it; marks of readiness do not count yet.
    MarksAreToCome,
    /// It ends at its opening: too few of the present set are ready.
    PresentUnready,
    /// It ends at its opening: too few of the next set are ready, or a newcomer is not.
    NextUnready,
    /// The change is made by the first block after its opening.
    Made,
    /// Its time has come: the next block makes the change, or ends the proposal.
    Due,
}

/// An open proposal.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct OpenProposal {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Who proposed it.
    pub author: String,
    /// `epoch` or `rules`.
    pub kind: String,
    /// From when on it would be made; ballots count until then.
    pub opens: ShownTime,
    /// From when on marks of readiness count.
    pub ready_from: ShownTime,
    /// Until when the change must be made.
    pub until: ShownTime,
    /// How many must be for it.
    pub needed: u64,
    /// Those who are for it.
    pub yes: Vec<String>,
    /// Those who are against it.
    pub no: Vec<String>,
    /// Those who have said nothing.
    pub silent: Vec<String>,
    /// Readiness of the set in force.
    pub present: ShownReadiness,
    /// Readiness of the set that would begin.
    pub next: Option<ShownReadiness>,
    /// What becomes of it if nobody says more.
    pub forecast: Forecast,
}

/// A proposal that is over.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct EndedProposal {
    /// Its id, 64 hexadecimal digits.
    pub id: String,
    /// Who proposed it.
    pub author: String,
    /// How it ended.
    pub end: String,
    /// Height of the block in which it ended.
    pub height: u64,
}

/// How governance stands, by a node's word.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct GovernanceView {
    /// Name of the network.
    pub origin: String,
    /// Height of the node's last block.
    pub height: u64,
    /// This machine's time, from which the countdown is reckoned.
    pub now: ShownTime,
    /// The epoch in force.
    pub epoch: u64,
    /// Words of its trust file.
    pub words: String,
    /// How many agencies must agree.
    pub quorum: u64,
    /// The agencies with validators.
    pub validators: Vec<String>,
    /// Whether nothing may be decided until the agencies before have cosigned the change.
    pub held: bool,
    /// Those of them that have not, as far as the node knows.
    pub not_cosigned: Vec<String>,
    /// How many of them must.
    pub cosigners_needed: u64,
    /// Version of the rules.
    pub protocol: u64,
    /// What each agency must say next.
    pub voices: Vec<ShownVoice>,
    /// Proposals that are open.
    pub open: Vec<OpenProposal>,
    /// The last proposals of agencies, that are over.
    pub ended: Vec<EndedProposal>,
    /// Waits and quotas that are below those of an ordinary network.
    pub weaknesses: Vec<String>,
}

impl OpenProposal {
    /// What becomes of a proposal at `now`, given what was said of it.
    #[must_use]
    pub fn forecast(&self, now: ShownTime) -> Forecast {
        if now >= self.opens {
            return Forecast::Due;
        }
        let count = |names: &[String]| u64::try_from(names.len()).unwrap_or(u64::MAX);
        if count(&self.yes) < self.needed {
            return Forecast::TooFew;
        }
        if now < self.ready_from {
            return Forecast::MarksAreToCome;
        }
        if count(&self.present.ready) < self.present.needed {
            return Forecast::PresentUnready;
        }
        let unready = |next: &ShownReadiness| {
            let mut newcomers = next.newcomers.iter();
            count(&next.ready) < next.needed || newcomers.any(|name| next.silent.contains(name))
        };
        match &self.next {
            Some(next) if unready(next) => Forecast::NextUnready,
            _ => Forecast::Made,
        }
    }

    fn forecast_in_words(&self) -> String {
        let opens = self.opens.local();
        let needed = self.needed;
        match self.forecast {
            Forecast::TooFew => {
                let yes = counted(self.yes.len(), "agency is", "agencies are");
                format!(
                    "▲ if nobody says more, it ends at {opens}: {yes} for it, and {needed} are needed"
                )
            }
            Forecast::MarksAreToCome => format!(
                "enough are for it; it is made at {opens} if the nodes say from {} on that they are ready",
                self.ready_from.local()
            ),
            Forecast::PresentUnready => format!(
                "▲ if nobody says more, it ends at {opens}: too few of the present nodes are ready"
            ),
            Forecast::NextUnready => format!(
                "▲ if nobody says more, it ends at {opens}: too few of the next nodes are ready, or one that is new is not"
            ),
            Forecast::Made => {
                format!("if nobody says more, it is made by the first block from {opens} on")
            }
            Forecast::Due => format!(
                "its time has come: the next block makes the change or ends the proposal, at {} at the latest",
                self.until.local()
            ),
        }
    }

    fn lines(&self, now: ShownTime) -> Vec<String> {
        let names = |names: &[String]| match names.is_empty() {
            true => "nobody".to_owned(),
            false => names.join(", "),
        };
        let left = self.opens.ms().saturating_sub(now.ms());
        let left = match left {
            0 => "now".to_owned(),
            left => format!("in {}", span(left)),
        };
        let what = match self.kind.as_str() {
            "epoch" => "a change of the agencies",
            _ => "a change of the rules",
        };
        let mut lines = vec![
            format!("  {} proposes {what}: {}", self.author, self.id),
            format!("    opens   {}, {left}", self.opens.local()),
            format!(
                "    for     {} ({} are needed)",
                names(&self.yes),
                self.needed
            ),
            format!("    against {}", names(&self.no)),
        ];
        if !self.silent.is_empty() {
            lines.push(format!("    silent  {}", names(&self.silent)));
        }
        let mut ready = |which: &str, ready: &ShownReadiness| {
            lines.push(format!(
                "    ready   of the {which} set: {} ({} are needed)",
                names(&ready.ready),
                ready.needed
            ));
        };
        if now >= self.ready_from {
            ready("present", &self.present);
            if let Some(next) = &self.next {
                ready("next", next);
            }
        }
        lines.push(format!("    {}", self.forecast_in_words()));
        lines
    }
}

impl CommandView for GovernanceView {
    const SCHEMA: &'static str = "muhr/governance/1";

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![
            format!("{} as a node sees it", self.origin),
            format!(
                "  epoch {}, block {}: {} of {} agencies must agree: {}",
                self.epoch,
                self.height,
                self.quorum,
                self.validators.len(),
                self.validators.join(", ")
            ),
            format!("  words of the trust file in force: {}", self.words),
        ];
        if self.held {
            lines.push(format!(
                "  ▲ held: nothing is decided until {} of the agencies before have cosigned the change; missing: {}",
                self.cosigners_needed,
                self.not_cosigned.join(", ")
            ));
        }
        let weaknesses = self.weaknesses.iter();
        lines.extend(weaknesses.map(|weakness| format!("  ▲ {weakness}")));
        if self.open.is_empty() {
            lines.push("  nothing is proposed".to_owned());
        }
        for proposal in &self.open {
            lines.extend(proposal.lines(self.now));
        }
        for ended in &self.ended {
            let EndedProposal {
                id,
                author,
                end,
                height,
            } = ended;
            let how = end_in_words(end);
            lines.push(format!(
                "  {author}'s last proposal {how} in block {height}: {id}"
            ));
        }
        texts(lines)
    }
}

fn end_in_words(end: &str) -> &str {
    match end {
        "made" => "was carried out",
        "withdrawn" => "was withdrawn",
        "rejected" => "was rejected",
        "too-few" => "ended: too few were for it",
        "present-unready" => "ended: too few of the present nodes were ready",
        "next-unready" => {
            "ended: too few of the next nodes were ready, or one that was new was not"
        }
        "too-late" => "ended: no block was made in time",
        "overtaken" => "ended: something else was in force by then",
        other => other,
    }
}

/// A span in its two greatest units.
#[must_use]
pub fn span(ms: u64) -> String {
    let seconds = ms / 1000;
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{rest} s"),
        (0, 0, _) => format!("{minutes} min {rest} s"),
        (0, ..) => format!("{hours} h {minutes} min"),
        _ => format!("{} {hours} h", counted(days, "day", "days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    fn proposal() -> OpenProposal {
        let all = ["adliya", "kadastr", "qurilish", "soliq"];
        let silent = |newcomers: &[&str]| ShownReadiness {
            needed: 3,
            newcomers: names(newcomers),
            ready: Vec::new(),
            silent: names(&all),
        };
        OpenProposal {
            id: "00".repeat(32),
            author: "adliya".to_owned(),
            kind: "epoch".to_owned(),
            opens: ShownTime::of_ms(2_000_000),
            ready_from: ShownTime::of_ms(1_400_000),
            until: ShownTime::of_ms(3_800_000),
            needed: 3,
            yes: Vec::new(),
            no: Vec::new(),
            silent: names(&all),
            present: silent(&[]),
            next: Some(silent(&["soliq"])),
            forecast: Forecast::TooFew,
        }
    }

    #[test]
    fn what_becomes_of_a_proposal_is_what_the_rules_say() {
        let (before, within) = (ShownTime::of_ms(1_399_999), ShownTime::of_ms(1_400_000));
        let mut open = proposal();
        assert_eq!(open.forecast(before), Forecast::TooFew);
        open.yes = names(&["adliya", "kadastr", "qurilish"]);
        assert_eq!(open.forecast(before), Forecast::MarksAreToCome);
        assert_eq!(open.forecast(within), Forecast::PresentUnready);
        open.present.ready = open.yes.clone();
        assert_eq!(open.forecast(within), Forecast::NextUnready);
        let next = open.next.as_mut().unwrap();
        next.ready = names(&["adliya", "kadastr", "qurilish"]);
        next.silent = names(&["soliq"]);
        // A quorum is ready, and the newcomer is not.
        assert_eq!(open.forecast(within), Forecast::NextUnready);
        open.next.as_mut().unwrap().silent = Vec::new();
        assert_eq!(open.forecast(within), Forecast::Made);
        assert_eq!(open.forecast(ShownTime::of_ms(2_000_000)), Forecast::Due);
    }

    #[test]
    fn spans_are_told_in_their_two_greatest_units() {
        for (ms, told) in [
            (999, "0 s"),
            (59_000, "59 s"),
            (61_000, "1 min 1 s"),
            (3_600_000, "1 h 0 min"),
            (90_061_000, "1 day 1 h"),
            (172_800_000, "2 days 0 h"),
        ] {
            assert_eq!(span(ms), told);
        }
    }
}
