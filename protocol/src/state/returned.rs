//! The value of the index that holds an agency's last return mark.

use super::index_key;
use crate::{
    hash::{IndexKey, ReturnNonce},
    height::{Height, TimeMs},
    name::AgencyName,
    text,
};

/// The last return mark of one agency's validator. An agency that has sent none has no such value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnState {
    /// The agency.
    pub agency: AgencyName,
    /// The nonce of the mark.
    pub nonce: ReturnNonce,
    /// The last height at which the mark could be decided: the next one expires later.
    pub expires: Height,
    /// Height of its block.
    pub height: Height,
    /// Time of its block.
    pub time: TimeMs,
}

impl ReturnState {
    /// Key of the mark's place in the index.
    #[must_use]
    pub fn index_key(agency: &AgencyName) -> IndexKey {
        index_key("return", &[agency.as_str().as_bytes()])
    }

    /// The value, one line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        format!(
            "return {} nonce {} expires {} height {} time {}\n",
            self.agency, self.nonce, self.expires, self.height, self.time
        )
    }

    /// Reads a value; `None` for anything that [`Self::write`] would not give back.
    pub fn parse(value: &str) -> Option<Self> {
        let words: Vec<&str> = value.strip_suffix('\n')?.split(' ').collect();
        let [
            "return",
            agency,
            "nonce",
            nonce,
            "expires",
            expires,
            "height",
            height,
            "time",
            time,
        ] = words.as_slice()
        else {
            return None;
        };
        let state = Self {
            agency: AgencyName::parse(agency)?,
            nonce: ReturnNonce::from_base64(nonce)?,
            expires: Height::new(text::number(expires)?),
            height: Height::new(text::number(height)?),
            time: TimeMs::new(text::number(time)?),
        };
        (state.write() == value).then_some(state)
    }
}
