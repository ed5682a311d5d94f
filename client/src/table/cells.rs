//! Cells that a spreadsheet would run as formulas, in tables that this program writes for people.
//!
//! Such a cell gets an apostrophe where it begins: at its start, and behind whatever else may end a cell
//! for a spreadsheet that splits the file in another way (semicolon, tab, end of line). `original` takes
//! back what `harmless` has added and nothing else, so that a file of errors can be fed back.

/// Letters that a spreadsheet may take for the end of a cell, other than the comma, behind which quotes are heeded.
const ENDS: [char; 4] = [';', '\t', '\n', '\r'];

/// Returns whether a spreadsheet might run what begins here. Quotes, spaces and apostrophes may stand before it.
fn runs(rest: &str) -> bool {
    rest.trim_start_matches(['"', '\'', ' '])
        .starts_with(['=', '+', '-', '@', '\t', '\r'])
}

/// Each place where a cell may begin, and what follows up to the next.
fn parts(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    let starts = std::iter::once(0).chain(cell.match_indices(ENDS).map(|(at, _)| at + 1));
    starts.map(|start| {
        let rest = cell.get(start..).unwrap_or_default();
        let end = rest.find(ENDS).map_or(rest.len(), |at| at + 1);
        (rest, rest.get(..end).unwrap_or_default())
    })
}

/// The cell as it is written for people.
#[must_use]
pub fn harmless(cell: &str) -> String {
    let written = parts(cell).map(|(rest, part)| match runs(rest) {
        true => format!("'{part}"),
        false => part.to_owned(),
    });
    written.collect()
}

/// The cell that `harmless` has written so.
#[must_use]
pub fn original(cell: &str) -> String {
    let read = parts(cell).map(|(rest, part)| match rest.strip_prefix('\'') {
        Some(behind) if runs(behind) => part.strip_prefix('\'').unwrap_or(part),
        _ => part,
    });
    read.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_run_is_text_and_reads_back_as_it_was() {
        for (cell, written) in [
            ("=A1", "'=A1"),
            ("+998 71", "'+998 71"),
            ("-5", "'-5"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\r=1", "'\r'=1"),
            // Another separator in the spreadsheet splits what is one cell here.
            ("a;=1+1", "a;'=1+1"),
            ("a;\"=1+1\"", "a;'\"=1+1\""),
            ("a\n-1;b\t+1", "a\n'-1;b\t'+1"),
            // What has an apostrophe gets one more: else reading would take its own.
            ("'=A1", "''=A1"),
            ("; '-", ";' '-"),
        ] {
            assert_eq!(harmless(cell), written, "{cell:?}");
            assert_eq!(original(written), cell, "{cell:?}");
        }
        for cell in ["", "'", "O'-1", "a=b", "1-2", "a;b", "'a", "№ 7", "x, =1"] {
            assert_eq!(harmless(cell), cell, "{cell:?}");
            assert_eq!(original(cell), cell, "{cell:?}");
        }
    }

    #[test]
    fn every_short_cell_reads_back() {
        const LETTERS: [char; 8] = ['a', '\'', '"', ' ', ';', '\t', '\n', '='];
        let mut cells = vec![String::new()];
        for _ in 0..5 {
            let longer = cells
                .iter()
                .flat_map(|cell| LETTERS.map(|one| format!("{cell}{one}")));
            let longer: Vec<String> = longer.collect();
            for cell in &longer {
                let written = harmless(cell);
                assert!(parts(&written).all(|(rest, _)| !runs(rest) || rest.starts_with('\'')));
                assert_eq!(original(&written), *cell, "{written:?}");
            }
            cells = longer;
        }
    }
}
