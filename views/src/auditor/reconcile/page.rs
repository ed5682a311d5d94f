//! The report as a page to read and print: no script, nothing from elsewhere, the same bytes each time.

use super::{FindingKind, FindingView, NOTE, ReconcileView, StatusWord};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#111;background:#fff}\
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.3em .6em;border-bottom:1px solid #bbb}\
code,td.code{font-family:ui-monospace,monospace;font-size:.85em;overflow-wrap:anywhere}caption{text-align:left;font-weight:bold;padding:.6em 0}\
@media print{body{margin:0;max-width:none}tr{break-inside:avoid}}";

/// The page.
pub(super) fn write(report: &ReconcileView) -> String {
    let title = escape(&format!("Reconciliation of {}", report.registry));
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

fn verdict(report: &ReconcileView) -> &'static str {
    if report.findings.is_empty() {
        "Table and ledger agree in all that was compared."
    } else {
        "Table and ledger differ."
    }
}

fn basis(report: &ReconcileView) -> Vec<(&'static str, String)> {
    let (rests_on, table) = (&report.basis, &report.table);
    let written = report.read_as.iter();
    let written: Vec<_> = written
        .map(|(option, word)| format!("--{option} {word}"))
        .collect();
    let mut basis = vec![
        ("network", rests_on.origin.clone()),
        ("checkpoint", format!("size {}, root {}", rests_on.size, rests_on.root)),
        ("block", format!("{}, {}", rests_on.height, rests_on.time.iso())),
        ("cosigned by", rests_on.cosigners.join(", ")),
        ("checked", "the quorum under the reader's trust file, every signature, rule, index root and hash of the log".to_owned()),
        ("table", format!("{}, SHA-256 {}", table.name, table.sha256)),
        ("read as", written.join(", ")),
        ("receipts", format!("of {} records", report.receipts)),
        ("made with", format!("muhr {}", report.program)),
    ];
    if let Some(signer) = &report.signer {
        let check = format!("muhr report check {NOTE} --signer {}", signer.vkey);
        basis.push(("signed by", format!("{}, in {NOTE}", signer.name)));
        basis.push(("its check", check));
    }
    basis
}

fn criteria(report: &ReconcileView) -> Vec<(&'static str, String)> {
    let criteria = &report.criteria;
    let none = || "–".to_owned();
    let zone = criteria.zone;
    let late = |days| format!("more than {days} days after the legal date, days of {zone}");
    let words = criteria.status_words.iter();
    let words: Vec<_> = words
        .map(|StatusWord { word, status }| format!("{word} = {status}"))
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
            if criteria.ignore.is_empty() {
                none()
            } else {
                criteria.ignore.join(", ")
            },
        ),
    ]
}

fn figures(report: &ReconcileView) -> Vec<(&'static str, String)> {
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

fn findings(report: &ReconcileView, kind: FindingKind) -> String {
    let count = report.count(kind);
    if count == 0 {
        return String::new();
    }
    let mut table = format!(
        "<table>\n<caption>{count} {}: {}</caption>\n<tr><th>row</th><th>record</th><th>version</th><th>leaf</th><th>block</th><th>anchored</th><th>what</th></tr>\n",
        escape(kind.word()),
        escape(kind.meaning())
    );
    let of_kind = report.findings.iter();
    for finding in of_kind.filter(|finding| finding.kind == kind) {
        table += &row(finding);
    }
    table + "</table>\n"
}

fn row(finding: &FindingView) -> String {
    let row = finding.row.map(|row| row.to_string()).unwrap_or_default();
    let key = || finding.key.map(|key| format!("key {key}"));
    let record = finding.record.clone().or_else(key).unwrap_or_default();
    let version = finding.version.map(|version| version.to_string());
    let mut cells = format!(
        "<tr><td>{row}</td><td class=\"code\">{}</td><td>{}</td>",
        escape(&record),
        version.unwrap_or_default()
    );
    for cell in finding.place.map(|place| place.cells()).unwrap_or_default() {
        cells += &format!("<td>{cell}</td>");
    }
    cells + &format!("<td>{}</td></tr>\n", escape(&finding.detail))
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
