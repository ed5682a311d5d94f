//! Rows of tables that are no records, and cells in which no value stands.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("row-column", "column {column}: {trouble}"),
    ("row-without-number", "it has no number"),
    (
        "row-cell-count",
        "{found|cell|cells} where the first row has {all}",
    ),
    (
        "row-repeats-names",
        "the names of the columns again, and no record",
    ),
    ("row-unreadable", "{reason}"),
    ("number-invalid", "{reason}"),
    (
        "number-unlike-pattern",
        "not like --strict-numbers says that numbers are",
    ),
    (
        "number-is-none",
        "what stands for no value or before a sum, and no number",
    ),
    (
        "number-with-fraction",
        "a whole number with a fraction of nought behind it, as some programs write; write it without",
    ),
    ("not-a-date", "not a date like 2026-11-23 or 23.11.2026"),
    (
        "quotes-swallow-rows",
        "quoted text holds line ends and what would be whole rows: a quote is missing or too many; where the text is meant, put spaces in place of its line ends",
    ),
    (
        "quotes-text-behind",
        "text stands behind a closing quote: a quote is missing, too many, or not doubled",
    ),
    (
        "quote-never-closed",
        "row {row}, column {column}: a quote opens here and is never closed",
    ),
    (
        "row-too-long-quote",
        "row {row} is longer than {bytes-max} bytes; a quote may be missing its partner",
    ),
    (
        "cell-formula",
        "a formula, not its value; save the values and run again",
    ),
    (
        "cell-spreadsheet-error",
        "a spreadsheet's error in place of a value",
    ),
    (
        "cell-shortened",
        "a number that a spreadsheet has shortened; format the column as text and enter it again",
    ),
    (
        "cell-lost-letter",
        "U+FFFD stands where a program could not read a letter; take the text from where it came",
    ),
    (
        "cell-narrow-column",
        "a value that a spreadsheet could not show in its narrow column",
    ),
    (
        "cell-mark-left",
        "the mark of a cell that was wrong; put the value in its place",
    ),
    (
        "cell-is-utf8",
        "written in UTF-8, and the table in Windows-1251; save the whole table as \"CSV UTF-8\"",
    ),
    (
        "cell-serial-date",
        "a spreadsheet's number of a day where dates stand, most likely {day}; write the date",
    ),
    (
        "cell-escaped-text",
        "text like _x0041_, which the format reads as one letter, and may have been typed so; write the text that is meant",
    ),
    ("cell-too-long", "longer than a cell can be"),
    (
        "cell-digits-lost",
        "a number of which a spreadsheet keeps only 15 digits; format the column as text and enter it again",
    ),
    (
        "cell-time-without-day",
        "a time without a day; write it as text",
    ),
    ("cell-not-a-date", "not a date; write it as 2026-11-23"),
    (
        "cell-day-of-spreadsheets-only",
        "29 February 1900, a day that there was only in spreadsheets",
    ),
    (
        "cell-merged",
        "merged with other cells; split them and give each its own value",
    ),
];
