//! Ways out for a table that is refused whole.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    (
        "help-close-table",
        "close the table in other programs and run the same command again",
    ),
    ("help-columns-are", "the columns are: {columns}"),
    (
        "help-encoding-or-utf8",
        "if it was saved as Windows-1251, add --encoding windows-1251; else save the table as \"CSV UTF-8\" and run the same command again; nothing was sent",
    ),
    ("help-export", "export it as CSV; nothing was sent"),
    (
        "help-export-table",
        "export the table as CSV; nothing was sent",
    ),
    (
        "help-fewer-columns",
        "take out the columns that are not of the record",
    ),
    (
        "help-give-table",
        "give a table: CSV or a workbook (.xlsx); nothing was sent",
    ),
    (
        "help-hidden",
        "show or delete what is hidden, or read it too with --hidden; nothing was sent",
    ),
    (
        "help-mend-files",
        "mend those files, and anchor the folder again",
    ),
    (
        "help-mend-header",
        "mend the first row, and run the same command again; nothing was sent",
    ),
    (
        "help-mend-row",
        "mend it there, and run the same command again; nothing was sent",
    ),
    ("help-name-again", "write the name again, on one line"),
    ("help-own-names", "give each column a name of its own"),
    (
        "help-save-as-utf8",
        "save the table as \"CSV UTF-8\" and run the same command again; nothing was sent",
    ),
    (
        "help-save-as-workbook",
        "open it and save it as a workbook (.xlsx) or as \"CSV UTF-8\", and run the same command again; nothing was sent",
    ),
    (
        "help-save-whole-as-utf8",
        "save the whole table as \"CSV UTF-8\" and run the same command again; nothing was sent",
    ),
    (
        "help-say-delimiter",
        "say what stands between cells with --delimiter comma, semicolon or tab",
    ),
    (
        "help-separators",
        "save it with commas, semicolons or tabs between cells",
    ),
    ("help-sheets-are", "the sheets are: {sheets}"),
    (
        "help-table-empty",
        "is it the file that was meant, and whole? nothing was sent",
    ),
    (
        "help-table-without-rows",
        "is it the table that was meant, and whole?",
    ),
    (
        "help-take-password-off",
        "open it, take the password off and save it, and run the same command again; nothing was sent",
    ),
    ("help-unpack", "unpack it first; nothing was sent"),
    (
        "help-without-sheet",
        "run the same command again without --sheet, or give the workbook that has the sheet",
    ),
    (
        "help-without-text-options",
        "run the same command again without --encoding and --delimiter",
    ),
    (
        "help-without-encoding",
        "run the same command again without --encoding; nothing was sent",
    ),
];
