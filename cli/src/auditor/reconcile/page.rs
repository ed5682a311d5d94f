//! The report as a page to read and print: no script, nothing from elsewhere, the same bytes each time.

use super::{Report, finding::FindingKind};
use crate::{
    auditor::report::{cosigners, seal},
    output::iso,
};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #bbb}\
code,td.code{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}caption{text-align:left;font-weight:bold;padding:.6em 0}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

/// The page.
pub(super) fn write(report: &Report<'_>) -> String {
    let registry = report.criteria.registry.as_str();
    let title = escape(&format!("Reconciliation of {registry}"));
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    page += &format!("<p><strong>{}</strong></p>\n", escape(verdict(report)));
    page += "<h2>What it rests on</h2>\n";
    page += &pairs(&basis(report));
    page += "<h2>How it was compared</h2>\n";
    page += &pairs(&criteria(report));
    page += "<h2>Figures</h2>\n";
    page += &pairs(&figures(report));
    let limits = report.limits();
    if !limits.is_empty() {
        page += "<h2>What this report does not say</h2>\n<ul>\n";
        for limit in limits {
            page += &format!("<li>{}</li>\n", escape(&limit));
        }
        page += "</ul>\n";
    }
    for kind in FindingKind::ALL {
        page += &findings(report, kind);
    }
    page + "</body>\n</html>\n"
}

fn verdict(report: &Report<'_>) -> &'static str {
    if report.findings.is_empty() {
        "Table and ledger agree in all that was compared."
    } else {
        "Table and ledger differ."
    }
}

fn basis(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let (whole, checkpoint) = (report.whole, report.whole.trusted.checkpoint());
    let head = whole.replay.head();
    let written = report.written.iter();
    let written: Vec<_> = written
        .map(|(option, word)| format!("--{option} {word}"))
        .collect();
    let mut basis = vec![
        ("network", checkpoint.origin.to_string()),
        ("checkpoint", format!("size {}, root {}", checkpoint.size, checkpoint.root)),
        ("block", format!("{}, {}", head.height(), iso(head.time().get()))),
        ("cosigned by", cosigners(whole).join(", ")),
        ("checked", "the quorum under the reader's trust file, every signature, rule, index root and hash of the log".to_owned()),
        ("table", format!("{}, SHA-256 {}", report.table_name(), report.table.to_hex())),
        ("read as", written.join(", ")),
        ("receipts", format!("of {} records", report.receipts)),
        ("made with", format!("muhr {}", env!("CARGO_PKG_VERSION"))),
    ];
    if let Some(key) = report.signer.map(|signer| signer.key()) {
        let check = format!("muhr report check {} --signer {}", seal::NAME, key.write());
        basis.push(("signed by", format!("{}, in {}", key.name, seal::NAME)));
        basis.push(("its check", check));
    }
    basis
}

fn criteria(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let criteria = report.criteria;
    let none = || "–".to_owned();
    let late = |days| format!("more than {days} days after the legal date, days of UTC+5");
    let ignored: Vec<_> = criteria.ignore.iter().map(String::as_str).collect();
    let words = criteria.words.iter();
    let words: Vec<_> = words
        .map(|(word, status)| format!("{word} = {}", status.word()))
        .collect();
    vec![
        ("number of the record", criteria.record.join(", ")),
        (
            "legal date",
            criteria
                .date
                .clone()
                .unwrap_or_else(|| "as the entries declare".to_owned()),
        ),
        ("late", criteria.late_days.map_or_else(none, late)),
        (
            "status",
            criteria
                .status
                .as_ref()
                .map_or_else(none, |column| format!("{column}: {}", words.join(", "))),
        ),
        (
            "not compared",
            if ignored.is_empty() {
                none()
            } else {
                ignored.join(", ")
            },
        ),
    ]
}

fn figures(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let counts = &report.counts;
    let mut figures = vec![
        ("rows of the table", counts.rows.to_string()),
        ("records on the ledger", counts.records.to_string()),
        ("matching rows", counts.matching.to_string()),
        (
            "compared with what a receipt shows",
            counts.opened.to_string(),
        ),
        (
            "compared by presence, status and dates alone",
            counts.unopened.to_string(),
        ),
    ];
    for kind in FindingKind::ALL {
        figures.push((kind.word(), report.count(kind).to_string()));
    }
    figures
}

fn pairs(pairs: &[(&str, String)]) -> String {
    let mut table = "<table>\n".to_owned();
    for (name, value) in pairs {
        table += &format!(
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n",
            escape(name),
            escape(value)
        );
    }
    table + "</table>\n"
}

fn findings(report: &Report<'_>, kind: FindingKind) -> String {
    let count = report.count(kind);
    if count == 0 {
        return String::new();
    }
    let mut table = format!(
        "<table>\n<caption>{count} {}: {}</caption>\n<tr><th>row</th><th>record</th><th>version</th><th>leaf</th><th>block</th><th>anchored</th><th>what</th></tr>\n",
        escape(kind.word()),
        escape(kind.meaning())
    );
    for finding in report
        .findings
        .iter()
        .filter(|finding| finding.kind == kind)
    {
        let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
        let key = || {
            finding
                .key
                .map(|key| format!("key {key}"))
                .unwrap_or_default()
        };
        let record = finding.record.clone().unwrap_or_else(key);
        let version = finding.entry.map(|(version, _)| version.to_string());
        let place = finding
            .entry
            .map(|(_, place)| place.cells())
            .unwrap_or_default();
        table += &format!(
            "<tr><td>{row}</td><td class=\"code\">{}</td><td>{}</td>",
            escape(&record),
            version.unwrap_or_default()
        );
        for cell in place {
            table += &format!("<td>{cell}</td>");
        }
        table += &format!("<td>{}</td></tr>\n", escape(&finding.detail));
    }
    table + "</table>\n"
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::escape;

    #[test]
    fn nothing_of_a_table_becomes_markup() {
        assert_eq!(
            escape("<b a=\"1\">&'"),
            "&lt;b a=&quot;1&quot;&gt;&amp;&#39;"
        );
    }
}
