//! Parts of a table that a spreadsheet does not show: whoever looks at it does not know that it is there.

use messages::UserMessage;

use super::source::Raw;

/// Rows of which each is named.
const NAMED: usize = 5;

/// Rows and columns that a spreadsheet does not show.
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

    /// UserMessage of what is hidden; none if nothing is.
    pub(super) fn found(&self) -> Option<UserMessage> {
        let parts: Vec<UserMessage> = self
            .hidden_rows()
            .into_iter()
            .chain(self.hidden_columns())
            .collect();
        let is_one = self.count + self.columns.len() == 1;
        let mut parts = parts.into_iter();
        let (first, second) = (parts.next()?, parts.next());
        Some(match second {
            Some(second) => UserMessage::new("hidden-both")
                .part("rows", first)
                .part("columns", second),
            None if is_one => UserMessage::new("hidden-one").part("what", first),
            None => UserMessage::new("hidden-several").part("what", first),
        })
    }

    fn hidden_rows(&self) -> Option<UserMessage> {
        let named = self.rows.join(", ");
        Some(match (self.count, self.count - self.rows.len()) {
            (0, _) => return None,
            (1, _) => UserMessage::new("hidden-row").text("rows", named),
            (_, 0) => UserMessage::new("hidden-rows").text("rows", named),
            (_, more) => UserMessage::new("hidden-rows-and-more")
                .text("rows", named)
                .text("more", more),
        })
    }

    fn hidden_columns(&self) -> Option<UserMessage> {
        let named = self.columns.join(", ");
        Some(match self.columns.len() {
            0 => return None,
            1 => UserMessage::new("hidden-column").text("columns", named),
            _ => UserMessage::new("hidden-columns").text("columns", named),
        })
    }
}
