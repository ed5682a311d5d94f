//! Figures of `docs/performance.md`, drawn from what was just measured: plain SVG beside the page, readable
//! on light and dark ground, every label a text.

mod bars;
mod lines;
mod ticks;

use std::{
    fs,
    path::{Path, PathBuf},
};

pub(crate) use self::{
    bars::Change,
    lines::{Axis, Chart, Series},
};

/// Width of every figure. The height follows from what it holds.
const WIDTH: f64 = 760.0;
/// Colours of ground, text, grid and up to four series. No variables: not every reader of SVG knows them.
const STYLE: &str = "
  text { font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: #1f2328 }
  .title { font-size: 15px; font-weight: 600 } .small { font-size: 11px }
  .ground { fill: #ffffff } .grid { stroke: #d1d9e0 } .axis { stroke: #1f2328 } .line { fill: none; stroke-width: 2 }
  .a { stroke: #0969da } .b { stroke: #bc4c00 } .c { stroke: #1a7f37 } .d { stroke: #8250df }
  .fa { fill: #0969da } .fb { fill: #bc4c00 } .fc { fill: #1a7f37 } .fd { fill: #8250df }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 } .ground { fill: #0d1117 } .grid { stroke: #3d444d } .axis { stroke: #e6edf3 }
    .a { stroke: #58a6ff } .b { stroke: #f0883e } .c { stroke: #3fb950 } .d { stroke: #bc8cff }
    .fa { fill: #58a6ff } .fb { fill: #f0883e } .fc { fill: #3fb950 } .fd { fill: #bc8cff }
  }
";
/// The classes of the series, in order.
const SERIES: [&str; 4] = ["a", "b", "c", "d"];

/// A drawing that grows.
struct Drawing {
    body: String,
}

impl Drawing {
    fn new(title: &str) -> Self {
        let mut drawing = Self {
            body: String::new(),
        };
        drawing.text((16.0, 26.0), "title", "start", title);
        drawing
    }

    fn text(&mut self, (x, y): (f64, f64), class: &str, anchor: &str, text: &str) {
        self.body += &format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{}</text>\n",
            escaped(text)
        );
    }

    fn line(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64), class: &str) {
        self.body += &format!(
            "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" class=\"{class}\"/>\n"
        );
    }

    /// The whole file; `source` says below the picture how it was measured.
    fn end(mut self, height: f64, source: &str) -> String {
        // A sentence of a machine is longer than a line of the picture.
        for (number, row) in wrapped(source.trim(), 118).iter().enumerate() {
            self.text((16.0, height + 14.0 * number as f64), "small", "start", row);
        }
        let height = height + 14.0 * wrapped(source.trim(), 118).len() as f64;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" height=\"{height:.0}\" role=\"img\">\n<style>{STYLE}</style>\n<rect class=\"ground\" width=\"100%\" height=\"100%\"/>\n{}</svg>\n",
            self.body
        )
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
}

/// A text in lines of at most so many letters, broken between words.
fn wrapped(text: &str, letters: usize) -> Vec<String> {
    let mut rows: Vec<String> = vec![String::new()];
    for word in text.split(' ') {
        let row = rows.last_mut().unwrap();
        if !row.is_empty() && row.chars().count() + 1 + word.chars().count() > letters {
            rows.push(word.to_owned());
        } else {
            if !row.is_empty() {
                row.push(' ');
            }
            row.push_str(word);
        }
    }
    rows
}

/// Where the figures of a page lie.
fn folder(page: &Path) -> PathBuf {
    page.parent().unwrap().join("figures")
}

fn save(page: &Path, name: &str, svg: &str) {
    let folder = folder(page);
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join(format!("{name}.svg")), svg).unwrap();
}

/// Draws lines beside the page, and gives the page's link to the picture.
pub(crate) fn chart(page: &Path, name: &str, source: &str, chart: &Chart) -> String {
    save(page, name, &chart.draw(source));
    format!("\n![{}](figures/{name}.svg)\n", chart.title)
}

/// Draws before and after beside the page, and gives the page's link to the picture.
pub(crate) fn changes(page: &Path, source: &str, changes: &[Change]) -> String {
    save(page, "against", &bars::draw(changes, source));
    "\n![Before and after](figures/against.svg)\n".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_text_is_broken_between_words_and_marks_are_escaped() {
        assert_eq!(wrapped("one two three", 7), ["one two", "three"]);
        assert_eq!(wrapped("unbreakable", 3), ["unbreakable"]);
        assert_eq!(escaped("a < b & c"), "a &lt; b &amp; c");
    }
}
