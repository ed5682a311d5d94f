//! The opening: the private part of a receipt, which shows what a commitment is to.
//!
//! It never reaches a node. Removing it leaves a receipt whose proofs still hold. Withholding fields
//! leaves one that shows the others (`redaction`).

use crate::{
    commitment::{BadFields, DOCUMENT_FIELD, Fields, Secret, commit_document},
    entry::Committed,
    hash::DocumentHash,
    record::RecordId,
    redaction::{CommitmentSlot, Redacted},
    text::{self, Lines, Malformed},
};

/// The holder's knowledge beside the log: the record's number, and the content with its salts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// The record's number.
    pub record: RecordId,
    /// The committed content; none for an entry without a commitment.
    pub content: Option<Content>,
}

/// The inside of a commitment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// One document.
    Document {
        /// SHA-256 of the document.
        document: DocumentHash,
        /// The key of the HMAC.
        salt: Secret,
    },
    /// Fields, all of them.
    Fields {
        /// Names and values.
        fields: Fields,
        /// Secret that the salts of the fields are derived from.
        secret: Secret,
    },
    /// Some of the fields.
    Redacted(Redacted),
}

impl Content {
    /// The commitment that this opens.
    #[must_use]
    pub fn commit(&self) -> Committed {
        match self {
            Self::Document { document, salt } => {
                Committed::Document(commit_document(salt, document))
            }
            Self::Fields { fields, secret } => Committed::Fields(fields.commit(secret)),
            Self::Redacted(redacted) => Committed::Fields(redacted.commit()),
        }
    }

    /// The fields that are shown, if fields were committed to.
    #[must_use]
    pub const fn fields(&self) -> Option<&Fields> {
        match self {
            Self::Document { .. } => None,
            Self::Fields { fields, .. } => Some(fields),
            Self::Redacted(redacted) => Some(redacted.fields()),
        }
    }

    /// A copy that shows only the fields that `keep` names.
    ///
    /// # Errors
    ///
    /// [`BadFields`] for a document alone, and if nothing would be shown or nothing hidden.
    pub fn redact(&self, keep: &dyn Fn(&str) -> bool) -> Result<Self, BadFields> {
        match self {
            Self::Document { .. } => Err(BadFields::NoFields),
            Self::Fields { fields, secret } => Redacted::of(fields, secret, keep),
            Self::Redacted(redacted) => redacted.redact(keep),
        }
        .map(Self::Redacted)
    }

    /// SHA-256 of the document, if one is part of it.
    #[must_use]
    pub fn document(&self) -> Option<DocumentHash> {
        match self {
            Self::Document { document, .. } => Some(*document),
            Self::Fields { .. } | Self::Redacted(_) => self
                .fields()
                .and_then(|fields| fields.get(DOCUMENT_FIELD))
                .and_then(DocumentHash::from_hex),
        }
    }
}

impl Opening {
    pub(crate) fn write(&self, out: &mut String) {
        *out += &format!("record-id {}\n", self.record);
        match &self.content {
            Some(Content::Document { document, salt }) => {
                *out += &format!(
                    "document sha256 {}\nsalt {}\n",
                    document.to_hex(),
                    text::base64(salt.as_bytes())
                );
            }
            Some(Content::Fields { fields, secret }) => {
                *out += &format!("secret {}\n", text::base64(secret.as_bytes()));
                for field in fields.as_slice() {
                    *out += &format!("field {}\n", write_field(field));
                }
            }
            Some(Content::Redacted(redacted)) => {
                for place in redacted.walk() {
                    *out += &write_place(place);
                }
            }
            None => {}
        }
    }

    pub(crate) fn read(section: &str, first_line: usize) -> Result<Self, Malformed> {
        let mut lines = Lines::within(section, first_line);
        let record = lines.parsed("record-id", "a record number", |value| {
            RecordId::parse(value).ok()
        })?;
        let content = if let Some(hash) = lines.optional("document")? {
            let document = hash
                .strip_prefix("sha256 ")
                .and_then(DocumentHash::from_hex);
            let document = document.ok_or_else(|| {
                lines.malformed("\"document\" is not sha256 and 64 hexadecimal digits")
            })?;
            let salt =
                Secret::new(lines.parsed("salt", "32 bytes in base64", text::base64_array)?);
            Some(Content::Document { document, salt })
        } else if let Some(secret) = lines.optional("secret")? {
            let secret = text::base64_array(secret)
                .ok_or_else(|| lines.malformed("\"secret\" is not 32 bytes in base64"))?;
            let mut fields = Vec::new();
            while let Some(field) = lines.optional("field")? {
                fields.push(read_field(&lines, "field", field)?);
            }
            let fields = Fields::new(fields).map_err(|error| lines.malformed(error.to_string()))?;
            Some(Content::Fields {
                fields,
                secret: Secret::new(secret),
            })
        } else {
            read_places(&mut lines)?.map(Content::Redacted)
        };
        lines.end()?;
        Ok(Self { record, content })
    }

    /// Returns whether fields are withheld.
    pub(crate) const fn is_redacted(&self) -> bool {
        matches!(self.content, Some(Content::Redacted(_)))
    }
}

fn write_field((name, value): &(String, String)) -> String {
    format!("{} {}", escape(name, true), escape(value, false))
}

fn read_field(lines: &Lines<'_>, word: &str, text: &str) -> Result<(String, String), Malformed> {
    let (name, value) = text
        .split_once(' ')
        .ok_or_else(|| lines.malformed(format!("\"{word}\" is not a name and a value")))?;
    let unescaped = unescape(name).zip(unescape(value));
    unescaped.ok_or_else(|| lines.malformed(format!("\"{word}\" has a wrong escape")))
}

fn write_place(place: (&CommitmentSlot, Option<&(String, String)>)) -> String {
    match place {
        (CommitmentSlot::Hidden(commitment), _) => format!("hidden {}\n", text::base64(commitment)),
        (CommitmentSlot::Shown(salt), field) => format!(
            "shown {} {}\n",
            text::base64(salt.as_bytes()),
            field.map_or_else(String::new, write_field)
        ),
    }
}

/// The lines of a redaction, if there is one.
fn read_places(lines: &mut Lines<'_>) -> Result<Option<Redacted>, Malformed> {
    let (mut places, mut fields) = (Vec::new(), Vec::new());
    loop {
        if let Some(hidden) = lines.optional("hidden")? {
            let hidden = text::base64_array(hidden)
                .ok_or_else(|| lines.malformed("\"hidden\" is not 32 bytes in base64"))?;
            places.push(CommitmentSlot::Hidden(hidden));
        } else if let Some(shown) = lines.optional("shown")? {
            let salted = shown.split_once(' ');
            let (salt, field) = salted
                .and_then(|(salt, field)| Some((text::base64_array(salt)?, field)))
                .ok_or_else(|| lines.malformed("\"shown\" has no salt of 32 bytes in base64"))?;
            places.push(CommitmentSlot::Shown(Secret::new(salt)));
            fields.push(read_field(lines, "shown", field)?);
        } else if places.is_empty() {
            return Ok(None);
        } else {
            let redacted = Redacted::new(places, fields);
            return redacted
                .map(Some)
                .map_err(|error| lines.malformed(error.to_string()));
        }
    }
}

/// Backslash, LF, CR, TAB and other control characters are escaped; in names the space too.
fn escape(text: &str, name: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\\' => out += "\\\\",
            '\n' => out += "\\n",
            '\r' => out += "\\r",
            '\t' => out += "\\t",
            ' ' if name => out += "\\s",
            control if control.is_ascii_control() => {
                out += &format!("\\x{:02x}", u32::from(control))
            }
            other => out.push(other),
        }
    }
    out
}

fn unescape(text: &str) -> Option<String> {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            out.push(letter);
            continue;
        }
        out.push(match letters.next()? {
            '\\' => '\\',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            's' => ' ',
            'x' => {
                let digits: String = letters.by_ref().take(2).collect();
                let [byte] = text::hex_array::<1>(&digits)?;
                char::from(byte)
            }
            _ => return None,
        });
    }
    Some(out)
}
