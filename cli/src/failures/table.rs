//! Ways out of a table that is refused whole.

use client::{
    coded::Coded,
    table::{BadName, TableError, TableTrouble, WayOut},
};
use messages::UserMessage;

use crate::exit::{Failure, USAGE};

const AS_UTF8: UserMessage = UserMessage::new("help-save-as-utf8");

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        let what = error.message();
        match error {
            TableError::File(error) => error.into(),
            TableError::Unfit { trouble, .. } => {
                let failure = Self::new(USAGE, what);
                match help(&trouble) {
                    Some(help) => failure.help(help),
                    None => failure,
                }
            }
            _ => Self::new(USAGE, what),
        }
    }
}

fn help(trouble: &TableTrouble) -> Option<UserMessage> {
    Some(match trouble {
        TableTrouble::NoColumn { columns, .. } => {
            UserMessage::new("help-columns-are").text("columns", columns.join(", "))
        }
        TableTrouble::Sheet { sheets, .. } => {
            UserMessage::new("help-sheets-are").text("sheets", sheets.join(", "))
        }
        TableTrouble::SheetOfText => UserMessage::new("help-without-sheet"),
        TableTrouble::TextOfWorkbook => UserMessage::new("help-without-text-options"),
        TableTrouble::Empty => UserMessage::new("help-table-empty"),
        TableTrouble::NoRows => UserMessage::new("help-table-without-rows"),
        TableTrouble::OtherKind { way_out, .. } => of_kind(*way_out),
        TableTrouble::OtherAlphabet(_) | TableTrouble::NotText(_) | TableTrouble::Workbook(_) => {
            AS_UTF8
        }
        TableTrouble::IsUtf8 => UserMessage::new("help-without-encoding"),
        TableTrouble::Cell {
            may_be_windows_1251,
            ..
        } => {
            if *may_be_windows_1251 {
                UserMessage::new("help-encoding-or-utf8")
            } else {
                AS_UTF8
            }
        }
        TableTrouble::Row(_) => UserMessage::new("help-mend-row"),
        TableTrouble::Separator { .. } => UserMessage::new("help-separators"),
        TableTrouble::Delimiter => UserMessage::new("help-say-delimiter"),
        TableTrouble::Header { .. } => UserMessage::new("help-mend-header"),
        TableTrouble::HeaderIsUtf8 { .. } => UserMessage::new("help-save-whole-as-utf8"),
        TableTrouble::Name {
            name: BadName::Invisible { .. },
            ..
        } => UserMessage::new("help-name-again"),
        TableTrouble::Name { .. } => UserMessage::new("help-own-names"),
        TableTrouble::TooManyColumns { .. } => UserMessage::new("help-fewer-columns"),
        TableTrouble::ListsFiles => UserMessage::new("help-mend-files"),
        TableTrouble::Hidden { .. } => UserMessage::new("help-hidden"),
        TableTrouble::Changed { .. } => UserMessage::new("help-close-table"),
        _ => return None,
    })
}

const fn of_kind(way_out: WayOut) -> UserMessage {
    match way_out {
        WayOut::GiveTable => UserMessage::new("help-give-table"),
        WayOut::Unpack => UserMessage::new("help-unpack"),
        WayOut::ExportTable => UserMessage::new("help-export-table"),
        WayOut::Export => UserMessage::new("help-export"),
        WayOut::TakePasswordOff => UserMessage::new("help-take-password-off"),
        _ => UserMessage::new("help-save-as-workbook"),
    }
}
