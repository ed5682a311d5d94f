//! Workbooks that are refused whole.

use crate::catalogue::Area;

pub(super) const AREA: Area = &[
    ("workbook-unreadable", "not a workbook: {reason}"),
    ("workbook-file-too-long", "a workbook of more than 256 MiB"),
    (
        "workbook-unpacks-to-more",
        "it unpacks to more than a table can be",
    ),
    (
        "workbook-cell-too-long",
        "a cell is longer than {bytes-max} bytes",
    ),
    (
        "workbook-row-cell-too-long",
        "row {row}: a cell is longer than {bytes-max} bytes",
    ),
    (
        "workbook-row-too-long",
        "row {row} is longer than {bytes-max} bytes",
    ),
    (
        "workbook-cells-out-of-order",
        "row {row}: its cells are out of order",
    ),
    ("workbook-rows-out-of-order", "its rows are out of order"),
    (
        "workbook-rows-misnamed",
        "it holds rows in a part that is not named as one",
    ),
    (
        "workbook-markup-broken",
        "not a workbook: its markup is broken",
    ),
    ("workbook-part-ends-early", "a part of it ends too early"),
    ("workbook-not-unpacked", "it cannot be unpacked: {reason}"),
    (
        "workbook-breaks-off",
        "the workbook cannot be read to its end",
    ),
    (
        "workbook-too-large",
        "it has more than {rows-max} rows or {columns-max} columns",
    ),
    (
        "workbook-too-much-text",
        "its rows hold far more text than the workbook does",
    ),
    (
        "workbook-too-many-elements",
        "it has more than {most} elements \"{element}\"",
    ),
    (
        "workbook-too-many-strings",
        "it holds more strings than a table can have",
    ),
    (
        "workbook-promises-strings",
        "it promises more strings than it holds",
    ),
    ("sheet-missing", "there is no sheet"),
    ("sheet-unknown", "there is no sheet \"{sheet}\""),
    (
        "sheet-no-table",
        "sheet \"{sheet}\" is a chart or macro, and no table; name another with --sheet",
    ),
    (
        "sheet-hidden",
        "sheet \"{sheet}\" is hidden; name another with --sheet, or read it with --hidden",
    ),
];
