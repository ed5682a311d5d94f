//! Numbers of days where dates should be: 46349 is 2026-11-23 to a spreadsheet, and nothing to anybody else.
//!
//! A number from 40000 to 60000 (the years 2009 to 2064) is taken for one in a column whose name has the
//! word date, sana or дата, or most of whose other cells are dates. In a column of ordinary numbers no
//! other cell is a date, so that none of them is ever taken for one.

use messages::UserMessage;

use super::workbook;
use crate::time;

/// The days that are looked for.
const DAYS: std::ops::RangeInclusive<f64> = 40_000.0..=60_000.0;
/// Of a workbook that counts its days from 1904 the same days have lower numbers.
const DAYS_OF_1904: std::ops::RangeInclusive<f64> = 38_538.0..=58_538.0;
/// Words of a column's name that say that it holds dates.
const WORDS: [&str; 5] = ["date", "sana", "sanasi", "дата", "сана"];
/// The bytes of a date, with a time of day behind it.
const DATE_BYTES: std::ops::RangeInclusive<usize> = 8..=32;

/// Facts of the columns of a table.
pub(super) struct DateColumns {
    columns: Vec<Column>,
    /// Days are counted from 1904.
    is_1904: bool,
}

#[derive(Default)]
struct Column {
    is_named: bool,
    dates: u64,
    /// Cells that are neither empty, dates nor such numbers.
    others: u64,
}

impl DateColumns {
    pub(super) fn of(names: &[String], is_1904: bool) -> Self {
        let named = |name: &String| {
            let name = name.to_lowercase();
            name.split(|letter: char| !letter.is_alphanumeric())
                .any(|word| WORDS.contains(&word))
        };
        let columns = names.iter().map(|name| Column {
            is_named: named(name),
            ..Column::default()
        });
        Self {
            columns: columns.collect(),
            is_1904,
        }
    }

    /// Takes note of a row.
    pub(super) fn know(&mut self, cells: &[String]) {
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            let cell = cell.trim();
            if cell.is_empty() || days(cell).is_some() {
                continue;
            }
            let may_be = cell.starts_with(|first: char| first.is_ascii_digit())
                && DATE_BYTES.contains(&cell.len());
            if may_be && matches!(time::of_cell(cell), Ok(Some(_))) {
                column.dates += 1;
            } else {
                column.others += 1;
            }
        }
    }

    /// UserMessage about a cell, if it is such a number where dates stand.
    pub(super) fn find(&self, at: usize, cell: &str) -> Option<UserMessage> {
        let column = self.columns.get(at)?;
        let are_dates = column.is_named || column.dates > column.others;
        let known = if self.is_1904 { DAYS_OF_1904 } else { DAYS };
        let days = days(cell.trim()).filter(|days| are_dates && known.contains(days))?;
        let day = workbook::day(days, self.is_1904)?;
        Some(UserMessage::new("cell-serial-date").text("day", day))
    }
}

/// The number of a day, written as spreadsheets write it.
fn days(cell: &str) -> Option<f64> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, part) = cell.split_once(['.', ',']).unwrap_or((cell, "0"));
    if whole.len() != 5 || !digits(whole) || !digits(part) {
        return None;
    }
    let days = format!("{whole}.{part}").parse().ok()?;
    (DAYS.contains(&days) || DAYS_OF_1904.contains(&days)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn serials(name: &str, cells: &[&str]) -> DateColumns {
        of_1904(name, cells, false)
    }

    fn of_1904(name: &str, cells: &[&str], is_1904: bool) -> DateColumns {
        let mut serials = DateColumns::of(&[name.to_owned()], is_1904);
        for cell in cells {
            serials.know(&[(*cell).to_owned()]);
        }
        serials
    }

    #[test]
    fn a_number_of_a_day_is_told_where_dates_stand() {
        let among = serials(
            "issued",
            &["2026-11-02", "46349", "", "03.11.2026", "unknown"],
        );
        let said = among.find(0, "46349").unwrap();
        assert!(said.to_string().contains("2026-11-23"), "{said}");
        assert!(among.find(0, "46349.5").is_some() && among.find(0, "46349,5").is_some());
        let of_1904 = of_1904("issued", &["2026-11-02", "44887"], true);
        let said = of_1904.find(0, "44887").unwrap();
        assert!(said.to_string().contains("2026-11-23"), "{said}");
        for cell in [
            "2026-11-02",
            "4634",
            "39999",
            "60001",
            "46349a",
            "",
            "463490",
        ] {
            assert!(among.find(0, cell).is_none(), "{cell}");
        }
        for name in [
            "issue_date",
            "Date",
            "berilgan_sana",
            "Дата выдачи",
            "Берилган сана",
        ] {
            let named = serials(name, &["46349", "46350"]);
            assert!(named.find(0, "46349").is_some(), "{name}");
        }
    }

    #[test]
    fn ordinary_numbers_are_never_taken_for_days() {
        let numbers = ["41000", "46349", "59999", "12", "250000"];
        for name in [
            "area",
            "price",
            "update",
            "candidate",
            "sanatoriy",
            "датчик",
        ] {
            let ordinary = serials(name, &numbers);
            assert!(
                numbers.iter().all(|cell| ordinary.find(0, cell).is_none()),
                "{name}"
            );
        }
        // A remark with a date here and there makes no column of dates.
        let remarks = serials("remark", &["46349", "2026-11-02", "see 12", "none"]);
        assert!(remarks.find(0, "46349").is_none());
    }
}
