//! The age file of a key: version 1 of the age format (age-encryption.org/v1), opened with a passphrase.
//!
//! Only what a key file needs: one scrypt recipient, and a payload of one chunk. The `age` program opens
//! what is written here, and the other way round. It is no age for other files: no other recipients, no
//! armour, no long payloads. Why it is not the crate `age`: `docs/decisions/0010-age.md`.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use chacha20poly1305::{
    ChaCha20Poly1305, Key, Nonce,
    aead::{Aead, KeyInit},
};
use hkdf::Hkdf;
use hmac::{Hmac, Mac};
use messages::UserMessage;
use scrypt::Params;
use sha2::Sha256;
use zeroize::Zeroizing;

use thiserror::Error;

use super::NotSealed;
use crate::{coded::Coded, durable};

/// First line of the file.
const VERSION: &[u8] = b"age-encryption.org/v1\n";
/// Beginning of scrypt's salt.
const SALT_LABEL: &[u8] = b"age-encryption.org/v1/scrypt";
/// How much work a new file asks for, as a power of two: 128 MiB of memory, half a second.
const WORK: u8 = 17;
/// The most work that is done for a file: 1 GiB. A hostile file may ask for more than there is.
pub const WORK_MAX: u8 = 20;
/// A payload of one chunk, with its nonce and tag.
const PAYLOAD_BYTES_MAX: usize = 16 + 64 * 1024 + 16;

/// Returns whether a file begins as an age file does.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.starts_with(b"age-encryption.org/") || bytes.starts_with(b"-----BEGIN AGE ENCRYPTED")
}

/// Why an age file does not open.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("{}", self.message())]
#[non_exhaustive]
pub enum NotOpened {
    /// Not as the format has it, or changed since it was made.
    Damaged,
    /// For a recipient, not for a passphrase.
    Recipient,
    /// In its form as text.
    Armoured,
    /// It asks for more work, as a power of two, than is done for any file.
    Work(u8),
    /// Another passphrase.
    Passphrase,
}

impl Coded for NotOpened {
    fn message(&self) -> UserMessage {
        match self {
            Self::Damaged => UserMessage::new("key-damaged"),
            Self::Recipient => UserMessage::new("key-for-recipient"),
            Self::Armoured => UserMessage::new("key-armoured"),
            Self::Work(work) => UserMessage::new("key-asks-for-work")
                .text("work", work)
                .text("work-max", WORK_MAX),
            Self::Passphrase => UserMessage::new("key-passphrase-wrong"),
        }
    }
}

/// An age file whose header was read; its passphrase is not known yet.
#[derive(Debug)]
pub(super) struct AgeFile<'a> {
    salt: [u8; 16],
    work: u8,
    wrapped: [u8; 32],
    header: &'a [u8],
    mac: [u8; 32],
    nonce: &'a [u8],
    chunk: &'a [u8],
}

impl<'a> AgeFile<'a> {
    /// Reads the header; what it asks for is bounded before any work is done.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, NotOpened> {
        if bytes.starts_with(b"-----BEGIN") {
            return Err(NotOpened::Armoured);
        }
        let rest = bytes.strip_prefix(VERSION).ok_or(NotOpened::Damaged)?;
        let (stanza, rest) = line(rest)?;
        let words: Vec<&str> = stanza.split(' ').collect();
        let (salt, work) = match words[..] {
            ["->", "scrypt", salt, work] => (array(salt)?, number(work)?),
            ["->", kind, ..] if kind != "scrypt" => return Err(NotOpened::Recipient),
            _ => return Err(NotOpened::Damaged),
        };
        let (body, rest) = line(rest)?;
        let wrapped = array(body)?;
        let (end, payload) = line(rest)?;
        let mac = array(end.strip_prefix("--- ").ok_or(NotOpened::Damaged)?)?;
        if work > WORK_MAX {
            return Err(NotOpened::Work(work));
        }
        let header_bytes = bytes.len() - payload.len() - end.len() - 1 + "---".len();
        if payload.len() > PAYLOAD_BYTES_MAX {
            return Err(NotOpened::Damaged);
        }
        let (nonce, chunk) = payload.split_at_checked(16).ok_or(NotOpened::Damaged)?;
        Ok(Self {
            salt,
            work,
            wrapped,
            header: &bytes[..header_bytes],
            mac,
            nonce,
            chunk,
        })
    }

    /// Text that is inside.
    pub(super) fn open(&self, passphrase: &str) -> Result<Zeroizing<Vec<u8>>, NotOpened> {
        let wrapping = stretch(passphrase, self.salt, self.work);
        let file_key = cipher(&wrapping).decrypt(&Nonce::default(), &self.wrapped[..]);
        let file_key = Zeroizing::new(file_key.map_err(|_| NotOpened::Passphrase)?);
        let authentic = mac(&file_key, self.header).verify_slice(&self.mac);
        authentic.map_err(|_| NotOpened::Damaged)?;
        let payload_key = derive(&file_key, self.nonce, b"payload");
        let plain = cipher(&payload_key).decrypt(&only_chunk(), self.chunk);
        plain.map(Zeroizing::new).map_err(|_| NotOpened::Damaged)
    }
}

/// An age file with something inside.
pub(super) fn seal(plain: &[u8], passphrase: &str) -> Result<Vec<u8>, NotSealed> {
    seal_with(plain, passphrase, WORK)
}

fn seal_with(plain: &[u8], passphrase: &str, work: u8) -> Result<Vec<u8>, NotSealed> {
    let file_key = Zeroizing::new(durable::random()?);
    let file_key = &file_key[..16];
    let public = durable::random()?;
    let (mut salt, mut nonce) = ([0; 16], [0; 16]);
    salt.copy_from_slice(&public[..16]);
    nonce.copy_from_slice(&public[16..]);
    let failed = |_| NotSealed::DidNotOpen;
    let wrapped = cipher(&stretch(passphrase, salt, work))
        .encrypt(&Nonce::default(), file_key)
        .map_err(failed)?;
    let mut file = VERSION.to_vec();
    let text = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
    let stanza = format!("-> scrypt {} {work}\n{}\n---", text(&salt), text(&wrapped));
    file.extend(stanza.as_bytes());
    let mac = mac(file_key, &file).finalize().into_bytes();
    file.extend(format!(" {}\n", text(&mac)).as_bytes());
    file.extend(nonce);
    let payload_key = derive(file_key, &nonce, b"payload");
    let chunk = cipher(&payload_key).encrypt(&only_chunk(), plain);
    file.extend(chunk.map_err(failed)?);
    Ok(file)
}

/// The key that a passphrase stands for.
#[expect(clippy::expect_used, reason = "work was bounded where it was read")]
fn stretch(passphrase: &str, salt: [u8; 16], work: u8) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let params = Params::new(work, 8, 1).expect("work within bounds");
    let salt = [SALT_LABEL, &salt].concat();
    scrypt::scrypt(passphrase.as_bytes(), &salt, &params, &mut *key).expect("32 bytes");
    key
}

fn cipher(key: &[u8; 32]) -> ChaCha20Poly1305 {
    ChaCha20Poly1305::new(&Key::from(*key))
}

/// The nonce of the first chunk, if it is the last.
fn only_chunk() -> Nonce {
    let mut nonce = [0; 12];
    nonce[11] = 1;
    nonce.into()
}

#[expect(clippy::expect_used, reason = "HKDF gives up to 8160 bytes")]
fn derive(file_key: &[u8], salt: &[u8], what_for: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut key = Zeroizing::new([0; 32]);
    let hkdf = Hkdf::<Sha256>::new(Some(salt), file_key);
    hkdf.expand(what_for, &mut *key).expect("32 bytes");
    key
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn mac(file_key: &[u8], header: &[u8]) -> Hmac<Sha256> {
    let key = derive(file_key, &[], b"header");
    let mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&*key);
    mac.expect("any key length").chain_update(header)
}

fn line(bytes: &[u8]) -> Result<(&str, &[u8]), NotOpened> {
    let end = bytes.iter().position(|byte| *byte == b'\n');
    let (line, rest) = bytes.split_at(end.ok_or(NotOpened::Damaged)?);
    let line = std::str::from_utf8(line).map_err(|_| NotOpened::Damaged)?;
    Ok((line, &rest[1..]))
}

fn array<const N: usize>(text: &str) -> Result<[u8; N], NotOpened> {
    let bytes = STANDARD_NO_PAD
        .decode(text)
        .map_err(|_| NotOpened::Damaged)?;
    bytes.try_into().map_err(|_| NotOpened::Damaged)
}

/// One or two digits, without a zero in front; work of zero is none.
fn number(text: &str) -> Result<u8, NotOpened> {
    let digits = text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = text.parse().ok();
    let number = number.filter(|_| digits && !text.starts_with('0'));
    number.ok_or(NotOpened::Damaged)
}

#[cfg(test)]
mod tests;
