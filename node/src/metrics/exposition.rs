//! The two texts in which metrics are told: OpenMetrics, and Prometheus' older one. It counts nothing.
//!
//! They differ where a reader stumbles: the older text names a counter's family as its sample is named,
//! knows no type `info`, and has no end mark. Who asks for OpenMetrics gets it; all others the older.

/// A text format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exposition {
    /// OpenMetrics 1.0.
    OpenMetrics,
    /// Prometheus' text format 0.0.4.
    Prometheus,
}

impl Exposition {
    /// What an `Accept` header asks for; without one, what every reader understands.
    #[must_use]
    pub fn wanted(accept: Option<&str>) -> Self {
        let Some(accept) = accept else {
            return Self::Prometheus;
        };
        let open = quality(accept, "application/openmetrics-text");
        let plain = ["text/plain", "text/*", "*/*"]
            .into_iter()
            .find_map(|kind| quality(accept, kind));
        match (open, plain) {
            (Some(open), None) if open > 0 => Self::OpenMetrics,
            (Some(open), Some(plain)) if open > 0 && open >= plain => Self::OpenMetrics,
            _ => Self::Prometheus,
        }
    }

    /// Its content type.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Writes a page that is OpenMetrics in this format.
    #[must_use]
    pub fn write(self, page: String) -> String {
        match self {
            Self::OpenMetrics => page,
            Self::Prometheus => older(&page),
        }
    }
}

/// The quality that a header gives to a kind, in thousandths; none if the kind is not named.
fn quality(accept: &str, kind: &str) -> Option<u32> {
    let qualities = accept.split(',').filter_map(|part| {
        let mut words = part.split(';').map(str::trim);
        if !words.next()?.eq_ignore_ascii_case(kind) {
            return None;
        }
        let said = words.find_map(|word| word.strip_prefix("q="));
        let quality = said.map_or(Some(1.0), |said| said.parse::<f32>().ok());
        // Rounded to what the header can say; what is no number is as good as not said.
        quality.map(|quality| thousandths(quality.clamp(0.0, 1.0)))
    });
    qualities.max()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "between 0 and 1000"
)]
fn thousandths(quality: f32) -> u32 {
    (quality * 1000.0).round() as u32
}

/// OpenMetrics as Prometheus' text format. `# HELP` stands before `# TYPE`, so it waits for that.
fn older(page: &str) -> String {
    let mut out = String::with_capacity(page.len());
    let mut help = None;
    for line in page.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line
            .strip_prefix("# TYPE ")
            .and_then(|rest| rest.split_once(' '))
        {
            let (ending, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                "unknown" => ("", "untyped"),
                other => ("", other),
            };
            if let Some((_, text)) = help.take().filter(|(of, _)| *of == name) {
                out += &format!("# HELP {name}{ending} {text}\n");
            }
            out += &format!("# TYPE {name}{ending} {kind}\n");
        } else if !line.starts_with("# UNIT ") && line != "# EOF" {
            out += line;
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_gets_what_it_asks_for() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let cases = [
            (None, Exposition::Prometheus),
            (Some(""), Exposition::Prometheus),
            (Some("*/*"), Exposition::Prometheus),
            (Some("text/plain"), Exposition::Prometheus),
            (Some("text/html, */*;q=0.8"), Exposition::Prometheus),
            (
                Some("application/openmetrics-text"),
                Exposition::OpenMetrics,
            ),
            (
                Some("Application/OpenMetrics-Text; version=1.0.0"),
                Exposition::OpenMetrics,
            ),
            (
                Some("application/openmetrics-text;q=0"),
                Exposition::Prometheus,
            ),
            (
                Some("application/openmetrics-text;q=0.2, text/plain;q=0.9"),
                Exposition::Prometheus,
            ),
            (
                Some("application/openmetrics-text;q=nonsense"),
                Exposition::Prometheus,
            ),
            (Some(prometheus), Exposition::OpenMetrics),
        ];
        for (accept, wanted) in cases {
            assert_eq!(Exposition::wanted(accept), wanted, "{accept:?}");
        }
    }

    #[test]
    fn the_older_text_names_families_as_their_samples() {
        let page = "# HELP a_entries Entries.\n# TYPE a_entries counter\na_entries_total 3\n\
            # HELP a_build Version.\n# TYPE a_build info\na_build_info{version=\"1\"} 1\n\
            # HELP a_wait_seconds Wait.\n# TYPE a_wait_seconds gauge\n# UNIT a_wait_seconds seconds\na_wait_seconds 1.5\n# EOF\n";
        let older = "# HELP a_entries_total Entries.\n# TYPE a_entries_total counter\na_entries_total 3\n\
            # HELP a_build_info Version.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n\
            # HELP a_wait_seconds Wait.\n# TYPE a_wait_seconds gauge\na_wait_seconds 1.5\n";
        assert_eq!(Exposition::Prometheus.write(page.to_owned()), older);
        assert_eq!(Exposition::OpenMetrics.write(page.to_owned()), page);
    }
}
