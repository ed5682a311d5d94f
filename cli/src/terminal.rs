//! Questions to whoever sits before the terminal: yes or no, and a passphrase without echo.
//!
//! Nothing is asked where nobody can answer: with `--json`, or with input or messages in a pipe.

use std::io::{IsTerminal, Write};

use messages::UserMessage;
use zeroize::Zeroizing;

use crate::{
    exit::{Failure, UNEXPECTED, USAGE},
    output::Output,
    printable::printable,
};

/// Question before anything is signed.
pub(crate) const SIGN: UserMessage = UserMessage::new("ask-sign");
/// Character that Ctrl-C types.
const INTERRUPT: u8 = 3;
/// A terminal hands over no longer lines.
const LINE_BYTES_MAX: usize = 4096;

/// Returns whether somebody can answer.
pub(crate) fn answers(output: &Output) -> bool {
    !output.json && std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// Asks a question; only "y" is a yes.
pub(crate) fn agrees(question: &UserMessage, output: &Output) -> bool {
    output.note(question);
    let mut answer = String::new();
    let read = std::io::stdin().read_line(&mut answer);
    read.is_ok() && answer.trim().eq_ignore_ascii_case("y")
}

/// Asks for a line, which is shown while it is typed.
pub(crate) fn line(question: &UserMessage, output: &Output) -> String {
    output.note(question);
    let mut answer = String::new();
    // Whoever ends the input has said nothing.
    let _count = std::io::stdin().read_line(&mut answer);
    answer.trim().to_owned()
}

/// Asks for a line that is not shown while it is typed.
#[cfg(unix)]
pub(crate) fn secret(question: &str) -> Result<Zeroizing<String>, Failure> {
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};
    let failed = |error: rustix::io::Errno| {
        Failure::new(
            UNEXPECTED,
            UserMessage::new("terminal-failed").text("reason", error),
        )
        .help(UserMessage::new("help-passphrase-in-file"))
    };
    let terminal = std::io::stdin();
    let before = tcgetattr(&terminal).map_err(failed)?;
    let mut quiet = before.clone();
    // Ctrl-C ends the line like Enter instead of this process: echo must come back whatever is typed.
    quiet.local_modes -= LocalModes::ECHO | LocalModes::ISIG;
    quiet.local_modes |= LocalModes::ECHONL;
    quiet.special_codes[SpecialCodeIndex::VEOL] = INTERRUPT;
    // Echo is off before the question is seen, and what was typed ahead is no answer.
    tcsetattr(&terminal, OptionalActions::Flush, &quiet).map_err(failed)?;
    let mut asked = std::io::stderr();
    let _closed = write!(asked, "{}", printable(question)).and_then(|()| asked.flush());
    // Not through the buffer of the standard library, which would keep the line.
    let mut line = Zeroizing::new([0; LINE_BYTES_MAX]);
    let read = loop {
        match rustix::io::read(&terminal, &mut line[..]) {
            Err(rustix::io::Errno::INTR) => {}
            read => break read,
        }
    };
    tcsetattr(&terminal, OptionalActions::Now, &before).map_err(failed)?;
    let typed = &line[..read.map_err(failed)?];
    match typed.strip_suffix(b"\n") {
        Some(typed) => std::str::from_utf8(typed)
            .map(|text| Zeroizing::new(text.to_owned()))
            .map_err(|_| Failure::new(USAGE, UserMessage::new("typed-not-text"))),
        None => {
            let _closed = writeln!(asked);
            Err(Failure::new(USAGE, UserMessage::new("no-passphrase-given")))
        }
    }
}

/// Elsewhere a passphrase comes from a file.
#[cfg(not(unix))]
pub(crate) fn secret(_question: &str) -> Result<Zeroizing<String>, Failure> {
    Err(
        Failure::new(UNEXPECTED, UserMessage::new("terminal-cannot-ask"))
            .help(UserMessage::new("help-passphrase-in-file")),
    )
}
