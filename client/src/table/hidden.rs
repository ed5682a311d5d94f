//! What a spreadsheet does not show of a table: whoever looks at it does not know that it is there.

use super::source::Raw;

/// Rows of which each is named.
const NAMED: usize = 5;

/// What a spreadsheet does not show of a table.
#[derive(Default)]
pub(super) struct Hidden {
    /// The first rows, and how many there are.
    rows: Vec<String>,
    count: usize,
    pub(super) columns: Vec<String>,
}

impl Hidden {
    pub(super) fn know(&mut self, row: &Raw) {
        self.count += usize::from(row.is_hidden);
        if row.is_hidden && self.rows.len() < NAMED {
            self.rows.push(row.number.to_string());
        }
    }

    /// What is hidden, in words; none if nothing is.
    pub(super) fn words(&self) -> Option<String> {
        let more = self.count - self.rows.len();
        let more = match more {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let named = |what: &str, count: usize| match count {
            1 => what.to_owned(),
            _ => format!("{what}s"),
        };
        let rows = (self.count > 0).then(|| {
            let rows = named("row", self.count);
            format!("{rows} {}{more}", self.rows.join(", "))
        });
        let columns = (!self.columns.is_empty()).then(|| {
            let columns = named("column", self.columns.len());
            format!("{columns} {}", self.columns.join(", "))
        });
        let are = match self.count + self.columns.len() {
            1 => "is",
            _ => "are",
        };
        let parts: Vec<String> = rows.into_iter().chain(columns).collect();
        (!parts.is_empty()).then(|| format!("{} {are}", parts.join(" and ")))
    }
}
