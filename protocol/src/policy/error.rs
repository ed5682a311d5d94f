//! What may be wrong with one line of a trust file. Never quotes more of it than its first word.

use thiserror::Error;

use super::MEMBERS_MAX;
use crate::{name::POLICY_NAME_BYTES_MAX, note::BadNoteKey};

/// Why a line is refused.
#[derive(Debug, Error)]
pub(super) enum BadLine {
    #[error("a control character; lines end with a line feed alone")]
    Control,
    #[error("a line after the lines of past epochs")]
    AfterPast,
    #[error("names, URLs and lines that begin with \"#: \" must be UTF-8")]
    NotUtf8,
    #[error("an unknown or incomplete \"{}\" line", .0.escape_default())]
    Unknown(String),
    #[error("a URL has at most 255 printable ASCII characters other than #")]
    Url,
    #[error("two \"log\" lines for different logs")]
    SecondLog,
    #[error(transparent)]
    Key(#[from] BadNoteKey),
    #[error("a key of algorithm {found} where {needed} is needed")]
    Algorithm { found: u8, needed: u8 },
    #[error("a key that stands in the file already")]
    KeyTwice,
    #[error(transparent)]
    Group(#[from] BadGroup),
    #[error(transparent)]
    Header(#[from] BadHeaderLine),
}

/// Why a name, a group or the quorum is refused.
#[derive(Debug, Error)]
pub(super) enum BadGroup {
    #[error(
        "a name has 1 to {max} printable ASCII characters other than #, and is none of the words all, any, group, log, none, quorum, witness",
        max = POLICY_NAME_BYTES_MAX
    )]
    Name,
    #[error("a name that is taken")]
    Taken,
    #[error("more than {max} witnesses or groups", max = MEMBERS_MAX)]
    TooMany,
    #[error("a group names a member that does not stand above it")]
    UnknownMember,
    #[error("a group names a member that is in a group already")]
    MemberElsewhere,
    #[error("a group's threshold is all, any, or a number of its members")]
    Threshold,
    #[error("a second \"quorum\" line")]
    SecondQuorum,
    #[error("\"quorum\" names nothing that stands above it")]
    UnknownQuorum,
}

/// Why a line that begins with `#: ` is refused.
#[derive(Debug, Error)]
pub(super) enum BadHeaderLine {
    #[error("\"recovery\" is not an agency and a key in base64")]
    Recovery,
    #[error("\"recovery\" lines stand in the order of the names, each once")]
    RecoveryOrder,
    #[error("\"past\" is not an epoch, the hash of its trust file, a size and a root")]
    Past,
    #[error("\"past\" lines stand in the order of the epochs, none left out")]
    PastOrder,
    #[error("the last \"past\" line is not of the epoch before the file's")]
    PastOfAnotherEpoch,
    #[error("the last \"past\" line is not of the file that \"prev\" names")]
    PastOfAnotherFile,
    #[error("\"{0}\" is not in its form")]
    Form(String),
    #[error("a header that stands in the file already")]
    Twice,
}
