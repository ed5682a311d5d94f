//! `make bench-long`: how Muhr grows. With the length of its log, with the number of its validators, and with
//! the distance between them.
//!
//! Each table is written as soon as it is whole, so that what was measured is not lost with what was not.

mod agencies;
mod delays;
mod length;

use super::{
    Asked,
    report::{machine, put},
};

/// A table of figures with a column for each case.
struct Grid {
    head: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Grid {
    fn new(head: impl IntoIterator<Item = String>) -> Self {
        let head = head.into_iter().collect();
        Self {
            head,
            rows: Vec::new(),
        }
    }

    fn write(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let rule = format!("|{}\n", "---|".repeat(self.head.len()));
        let rows: String = self.rows.iter().map(|row| line(row)).collect();
        format!("{}{rule}{rows}", line(&self.head))
    }
}

/// Says a table with what stands above and below it, and puts it where it is asked for.
fn say(asked: &Asked, command: &str, mark: &str, body: &str) {
    let text = format!("{}\n{body}", machine(command));
    println!("{text}");
    if let Some(path) = asked.write.as_deref() {
        put(path, mark, &text);
    }
}

/// Measures what was asked for; the log grows to `entries`.
pub(crate) fn measure(entries: u64, asked: &Asked) {
    let only = asked.only.as_ref();
    let only = only.map_or(String::new(), |only| format!(" ONLY={only}"));
    let command = format!("make bench-long ENTRIES={entries}{only}");
    if asked.is_asked("agencies") {
        agencies::measure(asked, &command);
    }
    if asked.is_asked("delays") {
        delays::measure(asked, &command);
    }
    if asked.is_asked("length") {
        length::measure(entries, asked, &command);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_a_table() {
        let mut grid = Grid::new(["question", "0"].map(str::to_owned));
        grid.rows.push(["rate", "7"].map(str::to_owned).to_vec());
        assert_eq!(grid.write(), "| question | 0 |\n|---|---|\n| rate | 7 |\n");
    }
}
