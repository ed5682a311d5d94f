//! The sentences in English, an area in each file.

mod agency;
mod auditor;
mod bulk;
mod cells;
mod clerk;
mod desk;
mod exit_codes;
mod files;
mod findings;
mod founding;
mod import_rows;
mod keys;
mod log;
mod nodes;
mod notes;
mod operator;
mod signing;
mod submit;
mod table;
mod ways_commands;
mod ways_library;
mod ways_table;
mod workbook;

use super::Area;

pub(super) const AREAS: &[Area] = &[
    agency::AREA,
    auditor::AREA,
    bulk::AREA,
    cells::AREA,
    clerk::AREA,
    desk::AREA,
    exit_codes::AREA,
    files::AREA,
    findings::AREA,
    founding::AREA,
    import_rows::AREA,
    keys::AREA,
    log::AREA,
    nodes::AREA,
    notes::AREA,
    operator::AREA,
    signing::AREA,
    submit::AREA,
    table::AREA,
    ways_commands::AREA,
    ways_library::AREA,
    ways_table::AREA,
    workbook::AREA,
];
