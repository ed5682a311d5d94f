//! Dates as tables have them: 2026-11-23 or 23.11.2026, with or without a time of day behind.

use protocol::name::Date;

/// The date of a cell; none if it is empty.
///
/// # Errors
///
/// The shape that was expected, in words.
pub fn read(cell: &str) -> Result<Option<Date>, &'static str> {
    let cell = cell.trim();
    if cell.is_empty() {
        return Ok(None);
    }
    let day = cell.split([' ', 'T']).next().unwrap_or_default();
    let mut parts = day.split('.');
    let turned = match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(day), Some(month), Some(year), None) => format!("{year}-{month:0>2}-{day:0>2}"),
        _ => day.to_owned(),
    };
    Date::parse(&turned)
        .map(Some)
        .ok_or("not a date like 2026-11-23 or 23.11.2026")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_tables_are_read_and_nonsense_is_told() {
        for (cell, date) in [
            ("2026-11-23", "2026-11-23"),
            (" 2026-11-23 09:12:00", "2026-11-23"),
            ("2026-11-23T09:12", "2026-11-23"),
            ("23.11.2026", "2026-11-23"),
            ("3.1.2026 09:12", "2026-01-03"),
        ] {
            let read = read(cell).unwrap().unwrap();
            assert_eq!(read.as_str(), date, "{cell}");
        }
        assert!(read("  ").unwrap().is_none());
        for cell in ["11/23/2026", "45984", "30.02.2026", "2026-13-01", "x"] {
            assert!(read(cell).is_err(), "{cell}");
        }
    }
}
