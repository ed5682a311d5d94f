//! What a command says to people after it was lied to: its first line with a mark is no better than its exit code,
//! and a verdict in it is the one that the code stands for.
//!
//! Not here: whether that verdict is true (`world`).

use tests::cluster::Ran;
use verify::Verdict;

use super::{
    cases::{Case, Judge},
    world::{Judged, must},
};

/// Exit codes of the verdicts, in the order of their gravity.
const CODES: [i32; 11] = [30, 14, 15, 16, 11, 13, 17, 12, 10, 6, 0];
const MARKS: [char; 3] = ['✔', '▲', '✘'];

/// The verdict that a line begins with.
fn verdict(said: &str) -> Option<(Verdict, i32)> {
    let all = Verdict::BY_GRAVITY.into_iter().zip(CODES);
    let mut begun = all.filter(|(verdict, _)| said.starts_with(&verdict.words().to_uppercase()));
    begun.next()
}

pub(super) fn judge(case: &Case, ran: &Ran) -> Judged {
    let marked = ran.stdout.lines().find(|line| line.starts_with(MARKS));
    let (mark, said) = marked.map_or(('-', ""), |line| {
        let mark = line.chars().next().unwrap_or('-');
        (mark, line.trim_start_matches(MARKS).trim_start())
    });
    let stands = || format!("{mark} {said:?} stands above code {}", ran.code);
    // A watched folder marks each document by itself, says of one that waits why, and has no headline.
    let of_one = matches!(case.judge, Judge::Folder);
    must(of_one || ran.code == 0 || mark != '✔', stands)?;
    must(ran.code != 0 || mark != '✘', stands)?;
    if let Some((verdict, code)) = verdict(said) {
        // These put a file there, and say besides what it proves.
        let made = matches!(
            case.judge,
            Judge::Refreshes | Judge::Bridges | Judge::Gathers
        );
        let made = made && ran.code == 0 && verdict == Verdict::Superseded;
        must(made || code == ran.code, stands)?;
    }
    let failed = ran.stderr.lines().any(|line| line.starts_with("error: "));
    must(!failed || ran.code != 0, || {
        "an error, and it ends well".to_owned()
    })?;
    must(failed || of_one || ran.code == 0 || mark != '-', || {
        format!("code {} without a word", ran.code)
    })
}
