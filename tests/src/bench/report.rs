//! The table of figures, with machine, commit and command.

use std::{fs, path::Path, process::Command};

/// Figures in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(String, String, String, String)>,
}

/// Median, and the values at one and nine tenths.
pub(crate) fn spread(values: &mut [f64]) -> (f64, f64, f64) {
    values.sort_by(f64::total_cmp);
    let at = |part: f64| {
        values
            .get(((values.len() as f64 - 1.0) * part).round() as usize)
            .copied()
            .unwrap_or(0.0)
    };
    (at(0.5), at(0.1), at(0.9))
}

/// The value at `part` of the sorted values.
pub(crate) fn percentile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values
        .get(((values.len() as f64 - 1.0) * part).round() as usize)
        .copied()
        .unwrap_or(0.0)
}

impl Report {
    pub(crate) fn row(&mut self, what: &str, figure: String, target: &str, note: &str) {
        eprintln!("  {what}: {figure}");
        self.rows
            .push((what.to_owned(), figure, target.to_owned(), note.to_owned()));
    }

    pub(crate) fn print(&self, path: Option<&Path>) {
        let mut table = String::from("| question | figure | target | note |\n|---|---|---|---|\n");
        for (what, figure, target, note) in &self.rows {
            table += &format!("| {what} | {figure} | {target} | {note} |\n");
        }
        let text = format!("{}\n{table}", machine());
        println!("{text}");
        if let Some(path) = path {
            let old = fs::read_to_string(path).unwrap_or_default();
            let (above, below) = old
                .split_once("<!-- figures -->\n")
                .unwrap_or((old.as_str(), ""));
            let below = below
                .split_once("<!-- end of figures -->\n")
                .map_or("", |(_, below)| below);
            fs::write(
                path,
                format!("{above}<!-- figures -->\n{text}<!-- end of figures -->\n{below}"),
            )
            .unwrap();
        }
    }
}

fn machine() -> String {
    let run = |program: &str, arguments: &[&str]| {
        let output = Command::new(program).args(arguments).output();
        output
            .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
            .unwrap_or_default()
    };
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let build = if cfg!(target_feature = "avx512ifma") {
        "native (AVX-512 IFMA)"
    } else {
        "portable (x86-64-v2)"
    };
    format!(
        "Measured by `make bench` on {}: {model}, {cores} cores, Linux {}, commit {}, {build} build, load average at the end {}.\n",
        run("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        run("uname", &["-r"]),
        run("git", &["rev-parse", "--short", "HEAD"]),
        load.split(' ').next().unwrap_or("")
    )
}
