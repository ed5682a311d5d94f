//! What is to be done about a table that is refused whole.

use client::table::{BadName, TableError, TableTrouble, WayOut};

use crate::exit::{Failure, USAGE};

const AS_UTF8: &str =
    "save the table as \"CSV UTF-8\" and run the same command again; nothing was sent";

impl From<TableError> for Failure {
    fn from(error: TableError) -> Self {
        let what = error.to_string();
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

fn help(trouble: &TableTrouble) -> Option<String> {
    let help = match trouble {
        TableTrouble::NoColumn { columns, .. } => {
            return Some(format!("the columns are: {}", columns.join(", ")));
        }
        TableTrouble::Sheet { sheets, .. } => {
            return Some(format!("the sheets are: {}", sheets.join(", ")));
        }
        TableTrouble::Empty => "is it the file that was meant, and whole? nothing was sent",
        TableTrouble::NoRows => "is it the table that was meant, and whole?",
        TableTrouble::OtherKind { way_out, .. } => of_kind(*way_out),
        TableTrouble::OtherAlphabet(_) | TableTrouble::NotText(_) | TableTrouble::Workbook(_) => {
            AS_UTF8
        }
        TableTrouble::IsUtf8 => "run the same command again without --encoding; nothing was sent",
        TableTrouble::Cell {
            may_be_windows_1251,
            ..
        } => {
            if *may_be_windows_1251 {
                "if it was saved as Windows-1251, add --encoding windows-1251; else save the table as \"CSV UTF-8\" and run the same command again; nothing was sent"
            } else {
                AS_UTF8
            }
        }
        TableTrouble::Row(_) => "mend it there, and run the same command again; nothing was sent",
        TableTrouble::Separator { .. } => "save it with commas, semicolons or tabs between cells",
        TableTrouble::Delimiter => {
            "say what stands between cells with --delimiter comma, semicolon or tab"
        }
        TableTrouble::Header { .. } => {
            "mend the first row, and run the same command again; nothing was sent"
        }
        TableTrouble::HeaderIsUtf8 { .. } => {
            "save the whole table as \"CSV UTF-8\" and run the same command again; nothing was sent"
        }
        TableTrouble::Name {
            name: BadName::Invisible { .. },
            ..
        } => "write the name again, on one line",
        TableTrouble::Name { .. } => "give each column a name of its own",
        TableTrouble::TooManyColumns { .. } => "take out the columns that are not of the record",
        TableTrouble::ListsFiles => "mend those files, and anchor the folder again",
        TableTrouble::Hidden { .. } => {
            "show or delete what is hidden, or read it too with --hidden; nothing was sent"
        }
        TableTrouble::Changed { .. } => {
            "close the table in other programs and run the same command again"
        }
        _ => return None,
    };
    Some(help.to_owned())
}

const fn of_kind(way_out: WayOut) -> &'static str {
    match way_out {
        WayOut::GiveTable => "give a table: CSV or a workbook (.xlsx); nothing was sent",
        WayOut::Unpack => "unpack it first; nothing was sent",
        WayOut::ExportTable => "export the table as CSV; nothing was sent",
        WayOut::Export => "export it as CSV; nothing was sent",
        WayOut::TakePasswordOff => {
            "open it, take the password off and save it, and run the same command again; nothing was sent"
        }
        _ => {
            "open it and save it as a workbook (.xlsx) or as \"CSV UTF-8\", and run the same command again; nothing was sent"
        }
    }
}
