//! Codes of errors: a stable code with its arguments, and the messages of what lies below it.
//!
//! Every error type of this crate is [`Coded`]. Its `Display` is the code and the arguments, for developers; the
//! sentence for people is in the catalogue (`messages`), by the code. Not here: what is to be done about an error,
//! which is for the caller to say.

use messages::{Arg, FailedCheck, UserMessage};
use verify::{Cause, CheckStep};

/// An error, or a reason, that has a stable code.
pub trait Coded {
    /// The code with its arguments.
    fn message(&self) -> UserMessage;

    /// The code alone, for programs.
    fn code(&self) -> &'static str {
        self.message().code()
    }
}

/// A failed check of the verifier as an argument of a message.
#[must_use]
pub fn failed_check(step: &CheckStep) -> FailedCheck {
    FailedCheck {
        code: step.check.code(),
        args: step.check.args(),
        cause: step
            .cause()
            .map(|cause: &Cause| (cause.code(), cause.args())),
    }
}

/// The reason of an error of the system: its own words, or the message that this crate put there.
pub(crate) fn reason(error: &std::io::Error) -> Arg {
    let own = error
        .get_ref()
        .and_then(|own| own.downcast_ref::<UserMessage>());
    own.map_or_else(|| Arg::Text(error.to_string()), |own| own.clone().into())
}
