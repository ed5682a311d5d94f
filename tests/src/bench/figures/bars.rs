//! Before and after: a bar for each question, to the left of one or to the right of it.

use super::{
    Drawing, WIDTH,
    ticks::{Scale, written},
};

/// How a figure changed from one build to another.
#[derive(Debug)]
pub(crate) struct Change {
    label: String,
    /// Median, least and greatest ratio of this build's figure to the other's.
    ratio: (f64, f64, f64),
    /// Whether a greater number is the better one.
    more_is_better: bool,
}

impl Change {
    /// The change of the first number of a figure: what is said "/s" is the better the more it is.
    pub(crate) fn of(question: &str, words: &str, ratio: (f64, f64, f64)) -> Self {
        let (before, rest) = words.split_once('#').unwrap_or((words, ""));
        let unit = rest.split([',', '(', ';', '=']).next().unwrap_or("");
        // Else the next number's place would be read as part of the unit.
        let unit = unit.split('#').next().unwrap_or("");
        let what = format!("{} {}", before.trim(), unit.trim());
        Self {
            label: format!("{question} ({})", what.trim()),
            ratio,
            more_is_better: unit.contains("/s"),
        }
    }
}

const LEFT: f64 = 20.0;
const RIGHT: f64 = WIDTH - 70.0;
const TOP: f64 = 80.0;
/// A label and its bar.
const ROW: f64 = 36.0;

pub(super) fn draw(changes: &[Change], source: &str) -> String {
    let mut drawing = Drawing::new("Before and after: this build's figure to the other's");
    let changes: Vec<&Change> = changes
        .iter()
        .filter(|change| change.ratio.0.is_finite() && change.ratio.0 > 0.0)
        .collect();
    let mut values: Vec<f64> = changes.iter().map(|change| change.ratio.0).collect();
    values.extend([0.5, 2.0]);
    let scale = Scale::of(&values, true, LEFT, RIGHT);
    let bottom = TOP + ROW * changes.len() as f64;
    drawing.text(
        (LEFT, 46.0),
        "small",
        "start",
        "better: green; worse: orange; within 2 %: blue. The scale is logarithmic.",
    );
    for mark in scale.marks() {
        let (at, text) = (scale.place(mark), format!("{} x", written(mark)));
        drawing.text((at, TOP - 12.0), "small", "middle", &text);
    }
    let one = scale.place(1.0);
    for (number, change) in changes.iter().enumerate() {
        let above = TOP + ROW * number as f64;
        let (ratio, ..) = change.ratio;
        let at = scale.place(ratio);
        let class = match ratio {
            0.98..=1.02 => "fa",
            _ if (ratio > 1.0) == change.more_is_better => "fc",
            _ => "fb",
        };
        // Beside the bar alone, so that no line runs through a label.
        for mark in scale.marks() {
            let class = if (mark - 1.0).abs() < 1e-9 {
                "axis"
            } else {
                "grid"
            };
            let at = scale.place(mark);
            drawing.line((at, above + 17.0), (at, above + 30.0), class);
        }
        drawing.text((LEFT, above + 13.0), "small", "start", &change.label);
        let (from, width) = (one.min(at), (one - at).abs().max(1.5));
        drawing.body += &format!(
            "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"10\"/>\n",
            above + 18.0
        );
        // Beside the bar's far end, to its right.
        let beside = one.max(at) + 6.0;
        drawing.text(
            (beside, above + 27.0),
            "small",
            "start",
            &format!("{ratio:.2}"),
        );
    }
    drawing.end(bottom + 24.0, source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_better_when_it_grows_and_a_time_when_it_falls() {
        let words = [
            "# entries/s, # µs cluster CPU per entry",
            "p# # ms, p# # ms",
            "# µs (# to #)",
        ];
        let more = words.map(|words| Change::of("q", words, (1.0, 1.0, 1.0)).more_is_better);
        assert_eq!(more, [true, false, false]);
        assert_eq!(Change::of("q", words[2], (1.0, 1.0, 1.0)).label, "q (µs)");
        assert_eq!(
            Change::of("q", words[0], (1.0, 1.0, 1.0)).label,
            "q (entries/s)"
        );
        assert_eq!(
            Change::of("q", "p50 # ms, p99 # ms", (1.0, 1.0, 1.0)).label,
            "q (p50 ms)"
        );
    }

    #[test]
    fn every_change_has_a_bar_of_its_colour() {
        let change = |ratio: f64| Change::of("bulk", "# rows/s", (ratio, ratio, ratio));
        let svg = draw(
            &[change(3.1), change(0.7), change(1.0), change(f64::INFINITY)],
            "",
        );
        for class in ["fc", "fb", "fa"] {
            assert_eq!(svg.matches(&format!("<rect class=\"{class}\"")).count(), 1);
        }
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
