//! Lines over a number: one for each series, named at its end.

use super::{
    Drawing, SERIES, WIDTH,
    ticks::{Scale, written},
};

/// An axis.
pub(crate) struct Axis {
    pub(crate) label: &'static str,
    pub(crate) is_log: bool,
}

/// A line.
pub(crate) struct Series {
    pub(crate) name: String,
    pub(crate) points: Vec<(f64, f64)>,
}

/// A figure of lines.
pub(crate) struct Chart {
    pub(crate) title: String,
    pub(crate) x: Axis,
    pub(crate) y: Axis,
    pub(crate) series: Vec<Series>,
}

/// The edges of the area of the lines. Right of it stand the names.
const LEFT: f64 = 76.0;
const RIGHT: f64 = WIDTH - 190.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 340.0;
/// Names stand at least so far below one another.
const APART: f64 = 17.0;

impl Chart {
    fn values(&self, of: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.map(of).collect()
    }

    pub(super) fn draw(&self, source: &str) -> String {
        let mut drawing = Drawing::new(&self.title);
        let x = Scale::of(&self.values(|(x, _)| *x), self.x.is_log, LEFT, RIGHT);
        let y = Scale::of(&self.values(|(_, y)| *y), self.y.is_log, BOTTOM, TOP);
        for mark in y.marks() {
            let at = y.place(mark);
            drawing.line((LEFT, at), (RIGHT, at), "grid");
            drawing.text((LEFT - 8.0, at + 4.5), "", "end", &written(mark));
        }
        for mark in x.marks() {
            let at = x.place(mark);
            drawing.line((at, BOTTOM), (at, BOTTOM + 5.0), "axis");
            drawing.text((at, BOTTOM + 20.0), "", "middle", &written(mark));
        }
        drawing.line((LEFT, BOTTOM), (RIGHT, BOTTOM), "axis");
        drawing.text((16.0, TOP - 16.0), "", "start", self.y.label);
        let middle = f64::midpoint(LEFT, RIGHT);
        drawing.text((middle, BOTTOM + 42.0), "", "middle", self.x.label);
        let mut names = Vec::new();
        for (series, class) in self.series.iter().zip(SERIES) {
            let places: Vec<(f64, f64)> = series
                .points
                .iter()
                .map(|(across, up)| (x.place(*across), y.place(*up)))
                .collect();
            let path: Vec<String> = places
                .iter()
                .map(|(x, y)| format!("{x:.1},{y:.1}"))
                .collect();
            drawing.body += &format!(
                "<polyline class=\"line {class}\" points=\"{}\"/>\n",
                path.join(" ")
            );
            for (x, y) in &places {
                drawing.body += &format!(
                    "<circle class=\"f{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\"/>\n"
                );
            }
            names.extend(places.last().map(|(_, y)| (*y, &series.name, class)));
        }
        for (at, name, class) in apart(names) {
            drawing.line(
                (RIGHT + 8.0, at - 4.5),
                (RIGHT + 22.0, at - 4.5),
                &format!("line {class}"),
            );
            drawing.text((RIGHT + 28.0, at), "", "start", name);
        }
        drawing.end(BOTTOM + 70.0, source)
    }
}

/// Names at the ends of their lines, moved down where two would meet, and all of them up again where the
/// last would stand below the area.
fn apart<T>(mut names: Vec<(f64, T, &'static str)>) -> Vec<(f64, T, &'static str)> {
    names.sort_by(|one, other| one.0.total_cmp(&other.0));
    let mut free = f64::MIN;
    for name in &mut names {
        name.0 = (name.0 + 4.5).max(free);
        free = name.0 + APART;
    }
    let below = names.last().map_or(0.0, |last| (last.0 - BOTTOM).max(0.0));
    names
        .into_iter()
        .map(|(at, name, class)| (at - below, name, class))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_series_has_its_line_its_points_and_its_name() {
        let series = |name: &str, by: f64| Series {
            name: name.to_owned(),
            points: [(100.0, 8.0), (800.0, 20.0), (4300.0, 980.0)]
                .map(|(x, y)| (x, y * by))
                .to_vec(),
        };
        let chart = Chart {
            title: "Latency over load".to_owned(),
            x: Axis {
                label: "entries a second",
                is_log: true,
            },
            y: Axis {
                label: "ms",
                is_log: true,
            },
            series: vec![series("p50", 1.0), series("p99", 1.4)],
        };
        let svg = chart.draw("measured");
        assert_eq!(svg.matches("<polyline").count(), 2);
        assert_eq!(svg.matches("<circle").count(), 6);
        assert!(svg.contains(">p50<") && svg.contains(">p99<") && svg.contains(">measured<"));
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }

    #[test]
    fn names_do_not_meet_and_stay_in_the_picture() {
        let placed = apart(vec![
            (330.0, "b", "b"),
            (329.0, "a", "a"),
            (100.0, "c", "c"),
        ]);
        let names: Vec<&str> = placed.iter().map(|(_, name, _)| *name).collect();
        assert_eq!(names, ["c", "a", "b"]);
        assert!(placed[2].0 - placed[1].0 >= APART && placed[2].0 <= BOTTOM);
    }
}
