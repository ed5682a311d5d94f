//! How the letters of a text are written: UTF-8, or Windows-1251 where its letters show that.
//!
//! What is found is shown to the clerk. Not here: how letters of one byte are told apart (`letters`).

use std::{fs::File, io::Read, path::Path};

use super::letters::{self, Alphabet};
use crate::{
    exit::{Failure, USAGE},
    files,
};

/// How much is read at once where letters are told apart.
const PIECE_BYTES: usize = 1 << 16;

/// How letters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Windows1251,
}

impl Encoding {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Windows1251 => "Windows-1251",
        }
    }

    /// The text of a cell; none if a byte stands for nothing.
    pub(super) fn read(self, cell: &[u8]) -> Option<String> {
        match self {
            Self::Utf8 => std::str::from_utf8(cell).ok().map(ToOwned::to_owned),
            Self::Windows1251 => cell
                .iter()
                .map(|byte| letters::windows_1251(*byte))
                .collect(),
        }
    }

    /// UTF-8 if the whole file is that, Windows-1251 if its letters say so, and none if nothing says
    /// anything; what is plainly something else is refused by its name.
    pub(super) fn find(path: &Path) -> Result<Option<Self>, Failure> {
        if is_utf8(path)? {
            return Ok(Some(Self::Utf8));
        }
        let unreadable = |error| files::unreadable(path, &error);
        let mut file = File::open(path).map_err(unreadable)?;
        let mut letters = letters::Letters::new();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let count = file.read(&mut piece).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            letters.take(&piece[..count]);
        }
        match letters.judge() {
            None => Ok(None),
            Some(Alphabet::Windows1251) => Ok(Some(Self::Windows1251)),
            Some(other_one) => {
                let name = other_one.name();
                let what = format!("its letters look like {name}, which is not read");
                Err(other(path, &what))
            }
        }
    }
}

/// Whether a file is UTF-8 from end to end. What is no table at all is refused by its name.
fn is_utf8(path: &Path) -> Result<bool, Failure> {
    let unreadable = |error| files::unreadable(path, &error);
    let mut file = File::open(path).map_err(unreadable)?;
    let mut piece = vec![0; PIECE_BYTES];
    let mut kept = 0;
    let mut start = true;
    loop {
        let count = file.read(&mut piece[kept..]).map_err(unreadable)?;
        let known = &piece[..kept + count];
        if std::mem::take(&mut start)
            && (known.starts_with(b"\xff\xfe") || known.starts_with(b"\xfe\xff"))
        {
            return Err(other(path, "UTF-16"));
        }
        if known.starts_with(b"PK\x03\x04") && kept == 0 {
            return Err(other(path, "a spreadsheet or archive"));
        }
        if known.contains(&0) {
            return Err(other(path, "not text: it holds a zero byte"));
        }
        let left = match std::str::from_utf8(known) {
            Ok(_) => 0,
            Err(error) if error.error_len().is_none() && count > 0 => {
                known.len() - error.valid_up_to()
            }
            Err(_) => return Ok(false),
        };
        if count == 0 {
            return Ok(true);
        }
        let end = known.len();
        piece.copy_within(end - left..end, 0);
        kept = left;
    }
}

fn other(path: &Path, what: &str) -> Failure {
    Failure::new(USAGE, format!("{}: {what}", path.display()))
        .help("save the table as \"CSV UTF-8\" and run the same command again; nothing was sent")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart_across_pieces() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("t.csv");
        // An odd start puts a letter across the edge between two pieces.
        let text = format!("x{}", "ў".repeat(PIECE_BYTES));
        std::fs::write(&path, &text).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), Some(Encoding::Utf8));
        let mut cut = text.into_bytes();
        let _last = cut.pop();
        std::fs::write(&path, &cut).unwrap();
        assert_eq!(Encoding::find(&path).unwrap(), None);
        for (start, word) in [
            (&b"\xff\xfea\0"[..], "UTF-16"),
            (b"PK\x03\x04", "spreadsheet"),
            (b"a,b\n\0", "zero byte"),
        ] {
            std::fs::write(&path, start).unwrap();
            assert!(Encoding::find(&path).unwrap_err().what.contains(word));
        }
    }
}
