//! What is said before it is words: a code, and arguments by name. Not here: the sentences (`catalogue`).

use std::fmt::{self, Display, Formatter};

use crate::{CodeWithArgs, Language, catalogue, failed, fill_places, kinds};

/// A message: a code that is stable, and what its sentence may name.
///
/// It is written as one chain, with codes and names of arguments as literals: so a test finds every one and
/// compares it with the catalogue (`tests/it/house/catalogue.rs`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct UserMessage {
    code: &'static str,
    args: Vec<(&'static str, Arg)>,
}

/// An argument of a message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Arg {
    /// A value, or foreign words, which are the same in every language.
    Text(String),
    /// Another message.
    Message(UserMessage),
    /// Messages that stand one behind the other.
    List(Vec<UserMessage>),
    /// A check of the verifier that failed.
    Check(FailedCheck),
}

/// A check of the verifier that failed, and why.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FailedCheck {
    /// Code of the check.
    pub code: &'static str,
    /// Arguments of its sentence.
    pub args: Vec<(&'static str, String)>,
    /// Code and arguments of the error for which it failed.
    pub cause: Option<(&'static str, Vec<(&'static str, String)>)>,
}

impl UserMessage {
    /// Returns the message of this code, without arguments.
    #[must_use]
    pub const fn new(code: &'static str) -> Self {
        Self {
            code,
            args: Vec::new(),
        }
    }

    /// Returns this message with a value, or foreign words, as one argument more.
    #[must_use]
    pub fn text(self, name: &'static str, value: impl Display) -> Self {
        let text = Arg::Text(value.to_string());
        self.part(name, text)
    }

    /// Returns this message with another message, a list of such, or a check as one argument more.
    #[must_use]
    pub fn part(mut self, name: &'static str, value: impl Into<Arg>) -> Self {
        self.args.push((name, value.into()));
        self
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// The arguments by name.
    #[must_use]
    pub fn args(&self) -> &[(&'static str, Arg)] {
        &self.args
    }

    /// The sentence; the code and arguments where the catalogue has none, which a test holds never to be.
    #[must_use]
    pub fn in_words(&self, language: Language) -> String {
        let words = catalogue::template(language, self.code)
            .and_then(|template| self.filled(language, template));
        words.unwrap_or_else(|| self.to_string())
    }

    /// The template with the arguments at their places; none if one is missing.
    fn filled(&self, language: Language, template: &str) -> Option<String> {
        fill_places(template, |name| {
            let (_, value) = self.args.iter().find(|(other, _)| *other == name)?;
            Some(match value {
                Arg::Text(kind) if name.ends_with("-kind") => {
                    kinds::kind(language, kind)?.to_owned()
                }
                value => value.in_words(language),
            })
        })
    }
}

impl Arg {
    fn in_words(&self, language: Language) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Message(message) => message.in_words(language),
            Self::List(messages) => {
                let words = messages.iter().map(|message| message.in_words(language));
                words.collect()
            }
            Self::Check(check) => check.in_words(language),
        }
    }
}

impl FailedCheck {
    fn in_words(&self, language: Language) -> String {
        let (code, args) = (self.code, &self.args[..]);
        let cause = self.cause.as_ref();
        let cause = cause.map(|(code, args)| CodeWithArgs { code, args });
        failed(language, CodeWithArgs { code, args }, cause).unwrap_or_else(|| code.to_owned())
    }
}

impl From<UserMessage> for Arg {
    fn from(message: UserMessage) -> Self {
        Self::Message(message)
    }
}

impl From<Vec<UserMessage>> for Arg {
    fn from(messages: Vec<UserMessage>) -> Self {
        Self::List(messages)
    }
}

impl From<FailedCheck> for Arg {
    fn from(check: FailedCheck) -> Self {
        Self::Check(check)
    }
}

/// The code and the arguments, for developers.
impl Display for UserMessage {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        out.write_str(self.code)?;
        for (at, (name, value)) in self.args.iter().enumerate() {
            let before = if at == 0 { " (" } else { ", " };
            write!(out, "{before}{name}: {value}")?;
        }
        out.write_str(if self.args.is_empty() { "" } else { ")" })
    }
}

impl Display for Arg {
    fn fmt(&self, out: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(out, "{text:?}"),
            Self::Message(message) => message.fmt(out),
            Self::List(messages) => out.debug_list().entries(messages).finish(),
            Self::Check(check) => out.write_str(check.code),
        }
    }
}

/// A message may be what the system's own error type holds (`std::io::Error::other`).
impl std::error::Error for UserMessage {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_filled_from_its_parts() {
        let inner = UserMessage::new("key-passphrase-wrong");
        let outer = UserMessage::new("key-trouble")
            .text("path", "a.key")
            .part("trouble", inner);
        let words = outer.in_words(Language::English);
        assert_eq!(words, "a.key: the passphrase is wrong");
        let shown = "key-trouble (path: \"a.key\", trouble: key-passphrase-wrong)";
        assert_eq!(outer.to_string(), shown);
    }

    #[test]
    fn a_message_without_a_sentence_shows_its_code() {
        let unknown = UserMessage::new("of-nobody");
        assert_eq!(unknown.in_words(Language::English), "of-nobody");
        let short = UserMessage::new("key-trouble").text("path", "a.key");
        let words = short.in_words(Language::English);
        assert_eq!(words, "key-trouble (path: \"a.key\")");
    }

    #[test]
    fn a_check_is_told_by_its_own_sentence() {
        let check = FailedCheck {
            code: "end-continued",
            args: Vec::new(),
            cause: Some(("no-evidence", Vec::new())),
        };
        let message = UserMessage::new("receipt-does-not-hold").part("check", check);
        assert_eq!(
            message.in_words(Language::English),
            "the node's receipt does not hold: not evidence of version 1"
        );
    }
}
