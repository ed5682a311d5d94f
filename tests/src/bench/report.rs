//! The table of figures, with machine, commit and command.

use std::{fs, path::Path, process::Command};

/// Figures in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Report {
    rows: Vec<(String, String, String, String)>,
    /// Links to the pictures that stand below the table.
    pictures: String,
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

    pub(crate) fn picture(&mut self, link: &str) {
        self.pictures += link;
    }

    /// Prints the table; with a path, it also takes the place of the table between the marks `mark` there.
    pub(crate) fn print(&self, command: &str, mark: &str, path: Option<&Path>) {
        let mut table = String::from("| question | figure | target | note |\n|---|---|---|---|\n");
        for (what, figure, target, note) in &self.rows {
            table += &format!("| {what} | {figure} | {target} | {note} |\n");
        }
        let text = format!("{}\n{table}{}", machine(command), self.pictures);
        println!("{text}");
        if let Some(path) = path {
            put(path, mark, &text);
        }
    }
}

/// Puts a text between the marks `<!-- mark -->` and `<!-- end of mark -->` of a file.
pub(crate) fn put(path: &Path, mark: &str, text: &str) {
    let (begin, end) = (
        format!("<!-- {mark} -->\n"),
        format!("<!-- end of {mark} -->\n"),
    );
    let old = fs::read_to_string(path).unwrap();
    let marked = old.split_once(&begin).and_then(|(above, rest)| {
        let (_, below) = rest.split_once(&end)?;
        Some((above, below))
    });
    let (above, below) =
        marked.unwrap_or_else(|| panic!("{} has no marks {begin}{end}", path.display()));
    fs::write(path, format!("{above}{begin}{text}{end}{below}")).unwrap();
}

/// Processes that ran or waited to run in the last minute, on average.
pub(crate) fn load_average() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or("").to_owned()
}

/// The commit of this tree, and whether it holds more than that.
pub(crate) fn commit() -> String {
    said("git", &["describe", "--always", "--dirty", "--exclude=*"])
}

fn said(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

/// The command, the moment and the machine, in one sentence without its end.
pub(crate) fn measured(command: &str) -> String {
    let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpu
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("", |rest| rest.trim_start_matches([' ', '\t', ':']));
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let build = if cfg!(target_feature = "avx512ifma") {
        "native (AVX-512 IFMA)"
    } else {
        "portable (x86-64-v2)"
    };
    format!(
        "Measured by `{command}` on {}: {model}, {cores} cores, Linux {}, {build} build",
        said("date", &["-u", "+%Y-%m-%d %H:%M UTC"]),
        said("uname", &["-r"]),
    )
}

/// The sentence above a table of this build's figures.
pub(crate) fn machine(command: &str) -> String {
    format!(
        "{}, commit {}, load average at the end {}.\n",
        measured(command),
        commit(),
        load_average()
    )
}
