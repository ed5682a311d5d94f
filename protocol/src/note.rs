//! C2SP signed notes: a text, an empty line, and signature lines that each name their key.
//!
//! Reading one believes nothing: which lines count is the business of `policy`.

use thiserror::Error;

use crate::{
    key::{PublicKey, note_key_id},
    name::is_policy_key_name,
    text::{self, Malformed},
};

/// The most bytes of a note.
pub const NOTE_BYTES_MAX: usize = 64 * 1024;
/// The most signature lines that are read.
pub const SIGNATURES_MAX: usize = 100;
/// An Ed25519 signature over the text.
pub const ALGORITHM_ED25519: u8 = 1;
/// An Ed25519 cosignature with a timestamp.
pub const ALGORITHM_COSIGNATURE: u8 = 4;

/// One signature line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// Name of the key.
    pub name: String,
    /// Key id of four bytes (C2SP signed-note).
    pub key_id: [u8; 4],
    /// Bytes that follow the id: a signature in the form of its algorithm.
    pub blob: Vec<u8>,
}

/// A note as it was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    /// The text, with its last LF.
    pub text: String,
    /// The lines below, in order.
    pub signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// The note as bytes.
    #[must_use]
    pub fn write(&self) -> String {
        let mut out = format!("{}\n", self.text);
        for signature in &self.signatures {
            out += &signature.write();
        }
        out
    }

    /// Reads a note: its text ends at the last empty line.
    ///
    /// # Errors
    ///
    /// [`Malformed`] names the first line that is not of the format.
    pub fn parse(note: &str) -> Result<Self, Malformed> {
        let bad = |what: &str| Malformed::new(1, what);
        if note.len() > NOTE_BYTES_MAX {
            return Err(bad("the note is longer than 64 KiB"));
        }
        if note.bytes().any(|byte| byte < 0x20 && byte != b'\n') {
            return Err(bad("a control character in the note"));
        }
        let at = note
            .rfind("\n\n")
            .ok_or_else(|| bad("the note has no empty line before its signatures"))?;
        let (text, rest) = note.split_at(at.saturating_add(1));
        let lines_above = text.matches('\n').count().saturating_add(1);
        let lines = rest
            .strip_prefix('\n')
            .and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines
            .ok_or_else(|| bad("the note does not end with a signature line and a line feed"))?;
        let mut signatures = Vec::new();
        for (number, line) in (1..).zip(lines.split('\n')) {
            if number > SIGNATURES_MAX {
                return Err(bad("more than 100 signature lines"));
            }
            let malformed = || Malformed::new(number, "not a signature line").after(lines_above);
            signatures.push(NoteSignature::parse(line).ok_or_else(malformed)?);
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

impl NoteSignature {
    /// The line with its LF.
    #[must_use]
    pub fn write(&self) -> String {
        let mut bytes = self.key_id.to_vec();
        bytes.extend_from_slice(&self.blob);
        format!("\u{2014} {} {}\n", self.name, text::base64(&bytes))
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, blob) = line.strip_prefix("\u{2014} ")?.split_once(' ')?;
        let bytes = text::base64_bytes(blob)?;
        let (key_id, blob) = bytes.split_at_checked(4)?;
        let fine = is_key_name(name) && !blob.is_empty();
        fine.then_some(Self {
            name: name.to_owned(),
            key_id: key_id.try_into().ok()?,
            blob: blob.to_vec(),
        })
    }
}

/// Returns whether a signature line may name a key so: not empty, no space, no plus sign. A key that counts has a
/// narrower name (`name::is_policy_key_name`).
#[must_use]
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|letter: char| letter.is_whitespace() || letter == '+')
}

/// Name, id and bytes of a verifier key. The base64 may hold `+`.
fn parts(vkey: &str) -> Option<(&str, &str, Vec<u8>)> {
    let mut parts = vkey.splitn(3, '+');
    let (name, id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    Some((name, id, text::base64_bytes(encoded)?))
}

/// Why a text is no key that is read here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadNoteKey {
    /// Not in the form, another id than the key's, or no point of the curve.
    #[error("no verifier key (name, id and key joined by +)")]
    NoKey,
    /// In the form, of an algorithm of signed notes that is not read here: 06 is ML-DSA-44.
    #[error(
        "a verifier key of algorithm {0:02x}, an algorithm that this version does not know; it knows 01 (Ed25519) and 04 (Ed25519 cosignature)"
    )]
    UnknownAlgorithm(u8),
    /// A name outside the alphabet of trust files.
    #[error("the name of a key has 1 to 255 printable ASCII characters other than + and #")]
    Name,
}

/// A key as notes name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteKey {
    /// Name of the key.
    pub name: String,
    /// [`ALGORITHM_ED25519`] or [`ALGORITHM_COSIGNATURE`].
    pub algorithm: u8,
    /// The key.
    pub key: PublicKey,
}

impl NoteKey {
    /// Reads `<name>+<8 hexadecimal digits>+<base64 of algorithm and key>`.
    ///
    /// # Errors
    ///
    /// [`BadNoteKey`] says whether the text is no key, or one of an algorithm that is not read here.
    pub fn parse(vkey: &str) -> Result<Self, BadNoteKey> {
        let (name, id, bytes) = parts(vkey).ok_or(BadNoteKey::NoKey)?;
        let (algorithm, key) = bytes.split_first().ok_or(BadNoteKey::NoKey)?;
        if text::hex(&note_key_id(name, *algorithm, key)) != id || !is_key_name(name) {
            return Err(BadNoteKey::NoKey);
        }
        if !matches!(*algorithm, ALGORITHM_ED25519 | ALGORITHM_COSIGNATURE) {
            return Err(BadNoteKey::UnknownAlgorithm(*algorithm));
        }
        if !is_policy_key_name(name) {
            return Err(BadNoteKey::Name);
        }
        let key = key
            .try_into()
            .ok()
            .and_then(|key| PublicKey::from_bytes(key).ok());
        Ok(Self {
            name: name.to_owned(),
            algorithm: *algorithm,
            key: key.ok_or(BadNoteKey::NoKey)?,
        })
    }

    /// The text that [`Self::parse`] reads, as it stands in trust files.
    #[must_use]
    pub fn write(&self) -> String {
        let mut encoded = vec![self.algorithm];
        encoded.extend_from_slice(self.key.as_bytes());
        let (id, encoded) = (text::hex(&self.id()), text::base64(&encoded));
        format!("{}+{id}+{encoded}", self.name)
    }

    /// Key id of four bytes (C2SP signed-note).
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        note_key_id(&self.name, self.algorithm, self.key.as_bytes())
    }

    /// Returns whether a line claims to be by this key.
    #[must_use]
    pub fn is_of(&self, signature: &NoteSignature) -> bool {
        self.name == signature.name && self.id() == signature.key_id
    }
}
