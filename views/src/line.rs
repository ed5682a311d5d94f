//! Lines of text as they are before anybody shows them: no colour, and nothing escaped.

use verify::Verdict;

/// A line of text, perhaps with a verdict in it, which alone may have a colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The text, or what leads to the verdict.
    pub before: String,
    /// The verdict, and what it is of.
    pub judged: Option<(Verdict, String)>,
}

impl Line {
    /// Text alone.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            before: text.into(),
            judged: None,
        }
    }

    /// A verdict between what leads to it and what it is of.
    #[must_use]
    pub fn judged(before: impl Into<String>, verdict: Verdict, behind: impl Into<String>) -> Self {
        Self {
            before: before.into(),
            judged: Some((verdict, behind.into())),
        }
    }
}

/// Lines of text alone.
pub(crate) fn texts(lines: impl IntoIterator<Item = String>) -> Vec<Line> {
    lines.into_iter().map(Line::text).collect()
}
