//! What other agencies have said of a version, in words and for programs.

use protocol::{
    name::AgencyName,
    standing::{Endorsement, Standing},
};
use serde_json::{Value, json};

use crate::output::iso;

/// What other agencies say of the latest version.
pub(super) fn words(standing: &Standing, endorsement: Endorsement) -> String {
    let said: Vec<String> = standing
        .marks
        .iter()
        .map(|mark| format!("{} by {}", mark.said.word(), mark.agency))
        .collect();
    let said = if said.is_empty() {
        "nobody has spoken".to_owned()
    } else {
        said.join(", ")
    };
    let asked = standing.terms.as_ref().map_or_else(String::new, |terms| {
        let names: Vec<_> = terms.agencies.iter().map(AgencyName::as_str).collect();
        let others =
            (terms.needed > 0).then(|| format!("{} of {}", terms.needed, names.join(", ")));
        let second = terms
            .four_eyes
            .as_ref()
            .map(|author| format!("another clerk of {} than {author}", author.agency()));
        let whom: Vec<String> = others.into_iter().chain(second).collect();
        format!("; policy {} asks {}", terms.policy, whom.join(" and "))
    });
    format!("{}: {said}{asked}", endorsement.word())
}

/// The same for programs.
pub(super) fn json(standing: Option<&Standing>, endorsement: Endorsement) -> Value {
    let terms = standing.and_then(|standing| standing.terms.as_ref());
    let since = match endorsement {
        Endorsement::Effective(since) => Some(iso(since.get())),
        _ => None,
    };
    json!({
        "endorsement": endorsement.word(), "effective_since": since,
        "terms": terms.map(|terms| json!({
            "policy": terms.policy, "needed": terms.needed, "until": terms.until.map(|until| iso(until.get())),
            "agencies": terms.agencies.iter().map(AgencyName::as_str).collect::<Vec<_>>(),
            "four_eyes": terms.four_eyes.as_ref().map(ToString::to_string),
        })),
        "marks": standing.map_or(&[][..], |standing| &standing.marks).iter().map(|mark| json!({
            "agency": mark.agency.as_str(), "operation": mark.said.word(), "index": mark.place.index.get(), "time": iso(mark.place.time.get()),
        })).collect::<Vec<_>>(),
    })
}
