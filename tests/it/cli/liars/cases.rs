//! Every command that talks to a node, how it may end when the node lies, and what must be so afterwards.
//!
//! In a line, `{n}` is a number of the trial's own, `{url}` the liar's address, `{node}` that of a true node,
//! `{vkey}` the witness's key; the words before `&&` run first, before a true node.

/// What must be so after a command that was lied to.
pub(crate) enum Judge {
    /// It reads. If it ends with a verdict, it is the verdict and the facts of one of two true moments.
    Reads,
    /// It shows a node's own word, and says so.
    Tells,
    /// It makes so many versions of record `L-{n}`. Whatever happened, the same command before a true node
    /// ends well, and there are just these versions.
    Writes(u64),
    /// It makes one version of each of two records by a table, likewise.
    Rows(u64),
    /// It makes one record for the file of a folder, likewise.
    Folder,
    /// Another agency's word on `L-{n}`, likewise.
    Attests(&'static str),
    /// It decides that there is a clerk `qurilish/c{n}`, or is none any more.
    Clerk { stays: bool },
    /// It sets the next policy of `soliq.permits`.
    Policy,
    /// It writes a mirror, which a true node must be able to go on with, and an audit to believe.
    Mirror,
    /// It writes a mirror of what a true node says, whatever the witness says that it asks.
    Witnessed,
    /// It replaces a receipt by a newer one, or leaves it as it was.
    Refreshes,
    /// It adds a bridge to a receipt, or leaves it as it was.
    Bridges,
    /// It writes a dossier, or nothing.
    Gathers,
}

impl Judge {
    /// Whether the command adds to the log.
    pub(crate) const fn writes(&self) -> bool {
        !matches!(
            self,
            Self::Reads
                | Self::Tells
                | Self::Mirror
                | Self::Witnessed
                | Self::Refreshes
                | Self::Bridges
                | Self::Gathers
        )
    }
}

/// One command.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) line: &'static str,
    /// Exit codes with which it may end under a lie.
    pub(crate) may: &'static [i32],
    pub(crate) judge: Judge,
}

const fn case(name: &'static str, line: &'static str, may: &'static [i32], judge: Judge) -> Case {
    Case {
        name,
        line,
        may,
        judge,
    }
}

/// A node may keep silent, refuse, or speak nonsense; then the command ends with one of these.
pub(crate) fn all() -> Vec<Case> {
    let all = [reading, told_and_kept, one_entry, many_and_others, agency];
    all.into_iter().flat_map(|cases| cases()).collect()
}

/// Commands that prove what they read.
fn reading() -> Vec<Case> {
    use Judge::Reads;
    vec![
        case(
            "history",
            "history known --registry qurilish.permits",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
        case(
            "history-absent",
            "history nowhere-9 --registry qurilish.permits",
            &[1, 2, 5, 10, 14, 15, 16],
            Reads,
        ),
        case(
            "history-at",
            "history known --registry qurilish.permits --at 2",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
        case(
            "history-before",
            "history known --registry qurilish.permits --at 1",
            &[1, 2, 4, 5, 10, 14, 15, 16],
            Reads,
        ),
        case(
            "policy-show",
            "registry policy show qurilish.permits",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
        case(
            "policy-history",
            "registry policy show qurilish.permits --history",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
        case("audit", "audit {url}", &[0, 1, 2, 5, 14, 15, 16], Reads),
        case(
            "audit-watch",
            "audit watch {url} --rounds 1 --state seen-{n} --evidence fork-{n}",
            &[0, 5, 14, 15, 16],
            Reads,
        ),
        case(
            "reconcile",
            "reconcile own.csv --registry qurilish.permits --record number",
            &[1, 2, 5, 14, 15, 16, 22],
            Reads,
        ),
        case(
            "anomalies",
            "report anomalies --hours 0-24 --rest none",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
        case(
            "compromised-key",
            "report compromised-key qurilish/clerk-1",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Reads,
        ),
    ]
}

/// Commands that show a node's own word, copy the log, or bring receipts up to date.
fn told_and_kept() -> Vec<Case> {
    use Judge::{Bridges, Gathers, Mirror, Refreshes, Tells, Witnessed};
    vec![
        case(
            "clerk-list",
            "clerk list --agency qurilish",
            &[0, 1, 2, 4, 5],
            Tells,
        ),
        case("inbox", "inbox --agency kadastr", &[0, 1, 2, 5], Tells),
        case("status", "network status", &[0, 1, 2, 5], Tells),
        case(
            "mirror",
            "log mirror {url} mirror-{n}",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Mirror,
        ),
        case(
            "refresh",
            "receipt refresh copy-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16],
            Refreshes,
        ),
        case(
            "refresh-from",
            "receipt refresh copy-{n}.receipt --from {url} --node {node}",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16],
            Refreshes,
        ),
        case(
            "bridge",
            "receipt bridge copy-{n}.receipt --trust ended.policy",
            &[0, 1, 2, 4, 5, 14, 15, 16],
            Bridges,
        ),
        case(
            "mirror-witness",
            "log mirror {node} mirror-{n} --witness court={vkey},{url}",
            &[0, 20],
            Witnessed,
        ),
        case(
            "gather",
            "receipt gather rests.pdf.receipt --out gathered-{n}",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16],
            Gathers,
        ),
    ]
}

/// Commands that write one entry about a record.
fn one_entry() -> Vec<Case> {
    use Judge::Writes;
    vec![
        case(
            "anchor",
            "anchor d.pdf --registry qurilish.permits --record l-{n} --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16],
            Writes(1),
        ),
        case(
            "anchor-rests",
            "anchor d.pdf --registry qurilish.permits --record l-{n} --out l-{n}.receipt --rests-on qurilish.permits:known",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16],
            Writes(1),
        ),
        case(
            "amend",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && amend l-{n} e.pdf --registry qurilish.permits --reason C02 --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Writes(2),
        ),
        case(
            "correct",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && correct l-{n} e.pdf --registry qurilish.permits --reason C02 --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Writes(2),
        ),
        case(
            "suspend",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && suspend l-{n} --registry qurilish.permits --reason C02 --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Writes(2),
        ),
        case(
            "reinstate",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && suspend l-{n} --registry qurilish.permits --reason C02 --out second-{n} && reinstate l-{n} --registry qurilish.permits --reason C02 --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Writes(3),
        ),
        case(
            "revoke",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && revoke l-{n} --registry qurilish.permits --reason C02 --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Writes(2),
        ),
    ]
}

/// Commands on tables, folders and others' records.
fn many_and_others() -> Vec<Case> {
    use Judge::{Attests, Folder, Rows};
    vec![
        case(
            "bulk",
            "anchor bulk t-{n}.csv --registry qurilish.permits --record number --out out-{n}",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 20],
            Rows(1),
        ),
        case(
            "upsert",
            "anchor bulk t-{n}.csv --registry qurilish.permits --record number --out first-{n} && anchor bulk u-{n}.csv --registry qurilish.permits --record number --out out-{n} --upsert --reason C02 --earlier first-{n}",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 20],
            Rows(2),
        ),
        case(
            "watch",
            "anchor watch hot-{n} --registry qurilish.permits --rounds 2 --every 0",
            &[0, 1, 2, 4, 5, 14, 15, 16, 20],
            Folder,
        ),
        case(
            "confirm",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && attest confirm first-{n} --key attester.key --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Attests("confirm"),
        ),
        case(
            "dispute",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && attest dispute first-{n} --reason D01 --evidence e.pdf --key attester.key --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Attests("dispute"),
        ),
        case(
            "withdraw",
            "anchor d.pdf --registry qurilish.permits --record L-{n} --out first-{n} && attest confirm first-{n} --key attester.key --out second-{n} && attest withdraw first-{n} --reason D02 --key attester.key --out l-{n}.receipt",
            &[0, 1, 2, 4, 5, 6, 10, 14, 15, 16, 21],
            Attests("withdraw"),
        ),
    ]
}

/// Commands by which an agency decides.
fn agency() -> Vec<Case> {
    use Judge::{Clerk, Policy};
    vec![
        case(
            "clerk-add",
            "clerk add qurilish/c{n} --public {public} --registries qurilish.permits --operations register --key net/qurilish/keys/admin.key --yes",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 21],
            Clerk { stays: true },
        ),
        case(
            "act-send",
            "clerk add qurilish/c{n} --public {public} --registries qurilish.permits --operations register --key net/qurilish/keys/admin.key --yes --out act-{n} --expires 5000 && act send act-{n}",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 21],
            Clerk { stays: true },
        ),
        case(
            "clerk-revoke",
            "clerk add qurilish/c{n} --public {public} --registries qurilish.permits --operations register --key net/qurilish/keys/admin.key --yes && clerk revoke qurilish/c{n} --reason C02 --key net/qurilish/keys/admin.key --yes",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 21],
            Clerk { stays: false },
        ),
        case(
            "policy-set",
            "registry policy set soliq.permits --needed 1 --agencies kadastr --key net/soliq/keys/admin.key --yes",
            &[0, 1, 2, 4, 5, 6, 14, 15, 16, 21],
            Policy,
        ),
    ]
}
