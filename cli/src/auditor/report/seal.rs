//! The signed note beside a report: which checkpoint it rests on, and the hash of each of its files.
//!
//! A note as tools of the C2SP family read it; `docs/protocol.md` gives its text. Whoever signs says that
//! the report was made so; that it is right, anybody can see who makes it again.

use messages::UserMessage;
use protocol::{
    checkpoint::Checkpoint,
    hash::{RootHash, sha256},
    height::LogSize,
    key::{self, PublicKey, SecretKey, Signature},
    keyfile::KeyFile,
    name::{AgencyName, Origin},
    note::{ALGORITHM_ED25519, NoteKey, NoteSignature, SignedNote},
    text::{self, Lines, Malformed},
};

use crate::{
    exit::{CONFIGURATION, Failure},
    keys::{self, KeySource},
    output::Output,
};

/// The most files that one note names.
const FILES_MAX: usize = 16;

/// Text that is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::auditor) struct Seal {
    pub(in crate::auditor) checkpoint: Checkpoint,
    /// Names without folders, in their order, each with its SHA-256.
    pub(in crate::auditor) files: Vec<(String, [u8; 32])>,
}

/// Who signs.
pub(in crate::auditor) struct Signer {
    name: AgencyName,
    secret: SecretKey,
}

/// The key of a signer as notes name it.
pub(crate) fn note_key(holder: &str, key: PublicKey) -> NoteKey {
    NoteKey {
        name: holder.to_owned(),
        algorithm: ALGORITHM_ED25519,
        key,
    }
}

impl Signer {
    /// Reads a key that is for reports: no key is for two uses.
    pub(in crate::auditor) fn open(
        place: &KeySource<'_>,
        output: &Output,
    ) -> Result<Self, Failure> {
        let KeyFile {
            purpose,
            holder,
            secret,
        } = keys::read(place, output)?.file;
        let name = AgencyName::parse(&holder).filter(|_| purpose == "report");
        let name = name.ok_or_else(|| {
            let what = UserMessage::new("key-not-for-reports")
                .text("path", place.path.display())
                .text("purpose", purpose);
            Failure::new(CONFIGURATION, what).help(UserMessage::new("help-report-key"))
        })?;
        Ok(Self { name, secret })
    }

    pub(in crate::auditor) fn key(&self) -> NoteKey {
        note_key(self.name.as_str(), self.secret.public())
    }

    /// The note with its signature.
    pub(in crate::auditor) fn sign(&self, seal: &Seal) -> String {
        let (text, key) = (seal.write(), self.key());
        let signature = NoteSignature {
            key_id: key.id(),
            name: key.name,
            blob: self.secret.sign(text.as_bytes()).as_bytes().to_vec(),
        };
        let note = SignedNote {
            text,
            signatures: vec![signature],
        };
        note.write()
    }
}

impl Seal {
    /// The checkpoint and the files as they are.
    pub(in crate::auditor) fn of(checkpoint: &Checkpoint, files: &[(&str, Vec<u8>)]) -> Self {
        let hashed = files
            .iter()
            .map(|(name, bytes)| ((*name).to_owned(), sha256(&[bytes])));
        Self {
            checkpoint: checkpoint.clone(),
            files: hashed.collect(),
        }
    }

    fn write(&self) -> String {
        let Checkpoint { origin, size, root } = &self.checkpoint;
        let mut out = format!("muhr-report/v1\norigin {origin}\nsize {size}\nroot {root}\n");
        for (name, hash) in &self.files {
            out += &format!("file {name} {}\n", text::hex(hash));
        }
        out
    }

    /// Reads the text of a note; only what `write` gives back.
    fn parse(note: &str) -> Result<Self, Malformed> {
        let mut lines = Lines::new(note.as_bytes(), protocol::note::NOTE_BYTES_MAX)?;
        lines.exact("muhr-report/v1")?;
        let checkpoint = Checkpoint {
            origin: lines.parsed("origin", "the name of a network", Origin::parse)?,
            size: LogSize::new(lines.number("size")?),
            root: lines.parsed("root", "32 bytes in base64", RootHash::from_base64)?,
        };
        let mut files = Vec::new();
        while let Some(value) = lines.optional("file")? {
            let named = value.split_once(' ').and_then(|(name, hash)| {
                let fine = !name.is_empty() && name != ".." && name != "." && !name.contains('/');
                fine.then_some((name.to_owned(), text::hex_array(hash)?))
            });
            files.push(named.ok_or_else(|| {
                lines.malformed("\"file\" is not a name and 64 hexadecimal digits")
            })?);
            if files.len() > FILES_MAX {
                return Err(lines.malformed(format!("more than {FILES_MAX} files")));
            }
        }
        if files.is_empty() {
            return Err(lines.malformed("no \"file\" line"));
        }
        lines.end()?;
        let seal = Self { checkpoint, files };
        text::same(note.as_bytes(), seal.write().as_bytes())?;
        Ok(seal)
    }

    /// Believes a note if `signer` has signed it; none if no line of the signer's holds.
    pub(super) fn believe(note: &str, signer: &NoteKey) -> Result<Option<Self>, Malformed> {
        let note = SignedNote::parse(note)?;
        let seal = Self::parse(&note.text)?;
        let holds = note.signatures.iter().any(|line| {
            let signature = <[u8; 64]>::try_from(line.blob.as_slice()).map(Signature::new);
            signer.is_of(line)
                && signature.is_ok_and(|signature| {
                    key::verify(&signer.key, note.text.as_bytes(), &signature).is_ok()
                })
        });
        Ok(holds.then_some(seal))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_reads_back_and_any_other_byte_is_noticed() {
        let signer = Signer {
            name: AgencyName::parse("adliya").unwrap(),
            secret: SecretKey::from_seed(&[7; 32]),
        };
        let checkpoint = Checkpoint {
            origin: Origin::parse("registry.example.uz/test/1").unwrap(),
            size: LogSize::new(12),
            root: RootHash::new([3; 32]),
        };
        let seal = Seal::of(&checkpoint, &[("a.csv", vec![1, 2]), ("b.html", vec![])]);
        let note = signer.sign(&seal);
        let key = NoteKey::parse(&signer.key().write()).unwrap();
        assert_eq!(Seal::believe(&note, &key), Ok(Some(seal)));
        for at in 0..note.len() {
            let mut bytes = note.clone().into_bytes();
            bytes[at] ^= 1;
            let believed = String::from_utf8(bytes)
                .ok()
                .and_then(|note| Seal::believe(&note, &key).ok().flatten());
            assert_eq!(believed, None, "byte {at}");
        }
        let of_nothing = signer.sign(&Seal::of(&checkpoint, &[]));
        assert!(Seal::believe(&of_nothing, &key).is_err());
        for name in ["../x", "..", "a/b"] {
            let seal = Seal::of(&checkpoint, &[(name, vec![])]);
            assert!(Seal::believe(&signer.sign(&seal), &key).is_err(), "{name}");
        }
    }
}
