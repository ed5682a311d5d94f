//! The checks of a judgement in words, for people and for programs. Not here: what was checked, which is
//! the verifier's, and the sentences, which are in `messages`.

use messages::{CodeWithArgs, Language};
use schemars::JsonSchema;
use serde::Serialize;
use verify::{Cause, CheckStep};

use crate::line::{Line, texts};

/// A check of a judgement in words.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Step {
    /// The part of a file that it is about.
    pub name: &'static str,
    /// Its code, which is stable.
    pub code: &'static str,
    /// Whether it held.
    pub ok: bool,
    /// What was found.
    pub detail: String,
}

/// The checks of a judgement in words.
#[must_use]
pub fn told(steps: &[CheckStep]) -> Vec<Step> {
    let in_words = |step: &CheckStep| Step {
        name: step.check.part(),
        code: step.check.code(),
        ok: step.is_ok(),
        detail: detail(step),
    };
    steps.iter().map(in_words).collect()
}

/// What a check found, in a sentence.
#[must_use]
pub fn detail(step: &CheckStep) -> String {
    let args = step.check.args();
    let check = CodeWithArgs {
        code: step.check.code(),
        args: &args,
    };
    let sentence = if step.is_ok() {
        messages::held(Language::English, check)
    } else {
        let args = step.cause().map(Cause::args).unwrap_or_default();
        let cause = step.cause().map(|cause| CodeWithArgs {
            code: cause.code(),
            args: &args,
        });
        messages::failed(Language::English, check, cause)
    };
    // `tests/it/house/messages.rs` holds that no check is without its sentence.
    sentence.unwrap_or_else(|| step.check.code().to_owned())
}

/// The checks of a judgement as lines.
pub(crate) struct Checks {
    /// Those that failed: they stand right below the verdict.
    pub(crate) failed: Vec<String>,
    /// How many others hold, or all of them: they stand at the end.
    pub(crate) others: Vec<String>,
}

/// Folds the checks that hold into one line, unless `all` are asked for.
pub(crate) fn checks(steps: &[Step], all: bool) -> Checks {
    let line = |step: &Step| {
        let mark = if step.ok { "✔" } else { "✘" };
        format!("{mark} {}: {}", step.name, step.detail)
    };
    let failed = steps.iter().filter(|step| !step.ok);
    let failed: Vec<String> = failed.map(|step| format!("  {}", line(step))).collect();
    let hold = steps.len() - failed.len();
    let others = if all {
        let numbered = (1..).zip(steps);
        numbered
            .map(|(number, step)| format!("  {number:2} {}", line(step)))
            .collect()
    } else if hold > 0 {
        let (checks, verb) = if hold == 1 {
            ("check", "holds")
        } else {
            ("checks", "hold")
        };
        let list = if hold == 1 { "it" } else { "them" };
        vec![format!("  {hold} {checks} {verb}; --steps lists {list}")]
    } else {
        Vec::new()
    };
    Checks { failed, others }
}

/// The checks of a judgement: those that failed, and how many hold, or each by itself.
pub(crate) fn lines(steps: &[Step], all: bool) -> Vec<Line> {
    let Checks { failed, others } = checks(steps, all);
    texts(failed.into_iter().chain(others))
}
