//! Agencies change their network at their desks: drafted where there is a node, shown and signed in folders that
//! know of none, handed in by anybody. Real processes.
//!
//! Not here: that the change is then made (`network/epochs`).

use std::{
    fs,
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use messages::time::local;
use serde_json::Value;
use tests::{
    args,
    cluster::{Cluster, Ran, muhr},
};

use crate::house::schemas::assert_shapes;

const HOUR_MS: u64 = 3_600_000;

/// A moment so many milliseconds from now, as it is typed.
fn moment(from_now: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let ms = u64::try_from(now.as_millis()).unwrap() + from_now;
    local(ms).trim_end_matches(" (UTC+5)").to_owned()
}

/// Runs `muhr` where there is a node, and no key.
fn asks(cluster: &Cluster, node: &str, arguments: Vec<String>) -> Ran {
    cluster.clerk_at("adliya", node, &[args!("--json"), arguments].concat())
}

/// Two nodes: one more than may lie.
fn nodes(cluster: &Cluster) -> String {
    format!("{},{}", cluster.url("kadastr"), cluster.url("soliq"))
}

/// A folder without a network: the trust file, an admin key and what was carried there.
struct AirGap(PathBuf);

impl AirGap {
    fn new(cluster: &Cluster, agency: &str) -> Self {
        let folder = cluster.path().join(format!("air-gap-{agency}"));
        fs::create_dir(&folder).unwrap();
        fs::copy(cluster.trust(), folder.join("trust")).unwrap();
        let key = cluster.dir(agency).join("keys/admin.key");
        fs::copy(key, folder.join("admin.key")).unwrap();
        Self(folder)
    }

    fn path(&self, file: &str) -> String {
        self.0.join(file).display().to_string()
    }

    /// Carries a file in, and gives its place.
    fn brings(&self, file: &Path) -> String {
        let name = file.file_name().unwrap().to_str().unwrap();
        fs::copy(file, self.0.join(name)).unwrap();
        self.path(name)
    }

    /// Runs `muhr`, which nothing tells of a node.
    fn runs(&self, arguments: Vec<String>) -> Ran {
        let trust = args!("--trust '{}'", self.path("trust"));
        muhr(&[args!("--json"), arguments, trust].concat())
    }

    fn signs(&self, file: &str, more: &str, out: &str) -> Ran {
        let mut sign = args!(
            "govern sign '{file}' --key '{}' --out '{}' --yes",
            self.path("admin.key"),
            self.path(out)
        );
        sign.extend(more.split_whitespace().map(ToOwned::to_owned));
        self.runs(sign)
    }
}

fn status(cluster: &Cluster, node: &str) -> Value {
    asks(cluster, node, args!("govern status")).expect(0).json()
}

/// The one open proposal, as a node tells.
fn open(cluster: &Cluster, node: &str) -> Value {
    let status = status(cluster, node);
    let open = status["open"].as_array().unwrap();
    assert_eq!(open.len(), 1, "{status}");
    open[0].clone()
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, or one table of cases")]
fn a_change_of_keys_goes_from_a_draft_to_enough_ballots() {
    let cluster = Cluster::start(0);
    let mut documents = Vec::new();

    // New keys beside those in force, and the request for them.
    let rotate = args!(
        "key rotate --agency soliq --purpose vote,cosign --keys net/soliq/keys --key net/soliq/keys/admin.key --out soliq.request"
    );
    let rotated = asks(&cluster, "soliq", rotate).expect(0).json();
    assert_eq!(rotated["signed"], true, "{rotated}");
    for file in ["vote-2.key", "cosign-2.key"] {
        assert!(cluster.dir("soliq").join("keys").join(file).is_file());
    }
    documents.push(rotated);

    let opens = moment(2 * HOUR_MS);
    let draft = args!(
        "govern draft --rotate soliq.request --url adliya=https://muhr.adliya.example/ --opens '{opens}' --out change.draft"
    );
    let drafted = asks(&cluster, "kadastr", draft).expect(0).json();
    let change = &drafted["epoch"];
    assert_eq!(change["epoch"], 1, "{drafted}");
    assert_eq!(change["live"], true, "{drafted}");
    assert_eq!(change["unasked"], serde_json::json!([]), "{drafted}");
    let soliq = &change["changes"][1];
    assert_eq!(soliq["agency"], "soliq", "{drafted}");
    assert_eq!(soliq["keys"], serde_json::json!(["vote", "cosign"]));
    assert_eq!(soliq["asked"], "admin-key", "{drafted}");
    documents.push(drafted.clone());

    // Whoever has no network sees the very same.
    let adliya = AirGap::new(&cluster, "adliya");
    let carried = adliya.brings(&cluster.path().join("change.draft"));
    let shown = adliya.runs(args!("govern show '{carried}'"));
    let shown = shown.expect(0).json();
    assert_eq!(shown["epoch"], drafted["epoch"]);
    let proposal = adliya.signs(&carried, "", "change.proposal");
    let proposal = proposal.expect(0).json();
    let id = proposal["proposal"].as_str().unwrap().to_owned();
    documents.push(proposal);

    let send = args!(
        "govern send '{}' --node {}",
        adliya.path("change.proposal"),
        nodes(&cluster)
    );
    let sent = asks(&cluster, "kadastr", send.clone()).expect(0).json();
    assert!(sent["sent"][0]["cosigners"].as_array().unwrap().len() >= 3);
    documents.push(sent);
    // The same word twice is one word.
    let _again = asks(&cluster, "kadastr", send).expect(0);
    let seen = open(&cluster, "qurilish");
    assert_eq!(seen["id"], id.as_str(), "{seen}");
    assert_eq!(seen["forecast"], "too-few", "{seen}");

    votes(&cluster, &adliya, &id);
    documents.push(status(&cluster, "soliq"));
    let check = args!("govern check air-gap-adliya/change.proposal --out checked.proposal");
    let checked = asks(&cluster, "soliq", check).expect(0).json();
    assert_eq!(checked["next_well"], 4, "{checked}");
    documents.push(checked);
    assert_shapes("governing", &documents);

    // A quorum is for it: it is not taken back any more, and whoever is against it may still say so.
    let withdrawn = adliya.path("change.withdrawal");
    let withdraw = args!(
        "govern withdraw '{}' --key '{}' --out '{withdrawn}' --yes",
        adliya.path("change.proposal"),
        adliya.path("admin.key")
    );
    let _signed = adliya.runs(withdraw).expect(0);
    let send = args!("govern send '{withdrawn}'");
    let late = asks(&cluster, "kadastr", send).expect(21);
    assert!(
        late.stderr.contains("a quorum is for the proposal"),
        "{late:?}"
    );
    let qurilish = AirGap::new(&cluster, "qurilish");
    let fetch = args!("govern fetch adliya --request soliq.request --out again.draft");
    let _fetched = asks(&cluster, "kadastr", fetch).expect(0);
    let carried = qurilish.brings(&cluster.path().join("again.draft"));
    let _signed = qurilish.signs(&carried, "--against", "no.ballot").expect(0);
    let send = args!("govern send '{}'", qurilish.path("no.ballot"));
    let _sent = asks(&cluster, "kadastr", send).expect(0);
    let seen = open(&cluster, "kadastr");
    assert_eq!(seen["no"], serde_json::json!(["qurilish"]), "{seen}");
    assert_eq!(seen["forecast"], "too-few", "{seen}");
}

/// Three agencies vote for the proposal: its author with what it has at hand, the others with what they fetched.
fn votes(cluster: &Cluster, author: &AirGap, id: &str) {
    let own = author.path("change.proposal");
    let _signed = author.signs(&own, "", "adliya.ballot").expect(0);
    let mut ballots = vec![author.path("adliya.ballot")];
    let fetch = args!("govern fetch {id} --request soliq.request --out fetched.draft");
    let fetched = asks(cluster, "kadastr", fetch).expect(0).json();
    assert_eq!(fetched["proposal"]["author"], "adliya", "{fetched}");
    assert_eq!(fetched["epoch"]["unasked"], serde_json::json!([]));
    for agency in ["kadastr", "soliq"] {
        let desk = AirGap::new(cluster, agency);
        let carried = desk.brings(&cluster.path().join("fetched.draft"));
        let ballot = format!("{agency}.ballot");
        let signed = desk.signs(&carried, "", &ballot).expect(0).json();
        assert_eq!(signed["word"], "for", "{signed}");
        ballots.push(desk.path(&ballot));
    }
    // The author's approval is counted only if the whole change is the one that all have read.
    let mut send = args!("govern send --node {}", nodes(cluster));
    send.extend(ballots);
    let sent = asks(cluster, "kadastr", send).expect(0).json();
    assert_eq!(sent["sent"].as_array().unwrap().len(), 3, "{sent}");
    let seen = open(cluster, "soliq");
    let yes = serde_json::json!(["adliya", "kadastr", "soliq"]);
    assert_eq!(seen["yes"], yes, "{seen}");
    assert_eq!(seen["forecast"], "marks-are-to-come", "{seen}");
}

#[test]
fn a_change_of_the_rules_is_proposed_and_taken_back() {
    let cluster = Cluster::start(0);
    let desk = AirGap::new(&cluster, "kadastr");
    let opens = moment(HOUR_MS);
    let draft = args!(
        "govern draft --limits block-entries=4000 --governance notice-ms=1200000,ballots=5 --opens '{opens}' --out rules.draft"
    );
    let drafted = asks(&cluster, "kadastr", draft).expect(0).json();
    let changed: Vec<&str> = drafted["rules"]
        .as_array()
        .unwrap()
        .iter()
        .map(|number| number["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        changed,
        ["block-entries", "notice-ms", "ballots"],
        "{drafted}"
    );
    let carried = desk.brings(&cluster.path().join("rules.draft"));
    let _signed = desk.signs(&carried, "", "rules.proposal").expect(0);
    let send = args!("govern send '{}'", desk.path("rules.proposal"));
    let _sent = asks(&cluster, "kadastr", send).expect(0);
    assert_eq!(open(&cluster, "soliq")["kind"], "rules");
    let withdraw = args!(
        "govern withdraw '{}' --key '{}' --yes",
        desk.path("rules.proposal"),
        desk.path("admin.key")
    );
    let withdrawn = desk.runs(withdraw).expect(0).json();
    let file = withdrawn["file"].as_str().unwrap();
    assert!(file.ends_with("rules.kadastr.withdrawal"), "{withdrawn}");
    let _sent = asks(&cluster, "kadastr", args!("govern send '{file}'")).expect(0);
    let status = status(&cluster, "soliq");
    assert_eq!(status["ended"][0]["end"], "withdrawn", "{status}");
    // What was said once is not said again: the next proposal has the next number.
    let opens = moment(HOUR_MS);
    let draft = args!("govern draft --protocol 2 --opens '{opens}' --out second.draft");
    let _drafted = asks(&cluster, "kadastr", draft).expect(0);
    let carried = desk.brings(&cluster.path().join("second.draft"));
    let _signed = desk.signs(&carried, "", "second.proposal").expect(0);
    let shown = desk.runs(args!("govern show '{}'", desk.path("second.proposal")));
    let shown = shown.expect(0).json();
    assert_eq!(shown["proposal"]["number"], 2, "{shown}");
    let send = args!("govern send '{}'", desk.path("second.proposal"));
    let _sent = asks(&cluster, "soliq", send).expect(0);
}

/// A command that comes to nothing: what is typed, its exit code, and what is said of the trouble and of the way out.
type Refused<'a> = (Vec<String>, i32, &'a str, &'a str);

fn are_refused(cluster: &Cluster, cases: Vec<Refused<'_>>) {
    for (arguments, code, trouble, way_out) in cases {
        let typed = arguments.join(" ");
        let ran = cluster.clerk_at("adliya", "kadastr", &arguments);
        assert_eq!(ran.code, code, "{typed}\n{ran:?}");
        let (error, help) = ran.stderr.split_once(" help: ").unwrap_or_default();
        assert!(error.contains(trouble), "{typed}\n{}", ran.stderr);
        assert!(help.contains(way_out), "{typed}\n{}", ran.stderr);
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, or one table of cases")]
fn whatever_cannot_be_meant_is_refused_with_the_way_out() {
    let mut cluster = Cluster::start(0);
    let (tomorrow, soon) = (moment(24 * HOUR_MS), moment(60_000));
    let draft = |more: &str| args!("govern draft {more} --opens '{tomorrow}' --out x.draft");
    let key = "net/adliya/keys/admin.key";
    fs::write(cluster.path().join("taken"), "something").unwrap();
    are_refused(
        &cluster,
        vec![
            (
                args!("govern draft --opens '{tomorrow}' --out x.draft"),
                2,
                "say what is to change",
                "one proposal changes",
            ),
            (
                draft("--limits block-entries=4000 --recovery-threshold 4"),
                2,
                "one after the other",
                "one proposal changes",
            ),
            (
                args!("govern draft --protocol 2 --opens tomorrow --out x.draft"),
                2,
                "is not a moment",
                "clock of Tashkent",
            ),
            (
                args!("govern draft --protocol 2 --opens '{soon}' --out x.draft"),
                2,
                "may open from",
                "choose a moment between",
            ),
            (
                args!("govern draft --protocol 2 --opens '{tomorrow}' --out taken"),
                1,
                "taken",
                "move away",
            ),
            (
                draft("--protocol 3"),
                2,
                "does not follow 1",
                "next version",
            ),
            (
                draft("--limits entry-bytes=9"),
                2,
                "out of its bounds",
                "docs/protocol.md",
            ),
            (
                draft("--limits nothing=9"),
                2,
                "names no number",
                "notice-ms=900000",
            ),
            (draft("--remove soliq"), 2, "3 agencies", "4 to 22 agencies"),
            (
                draft("--remove energetika"),
                2,
                "runs no validator",
                "--add",
            ),
            (
                draft("--url soliq"),
                2,
                "is not a name and a value",
                "soliq=https://",
            ),
            (
                draft("--replace soliq"),
                2,
                "is not a name and a value",
                "energetika.request",
            ),
            (
                draft("--publisher KEY"),
                2,
                "not a key and its proof",
                "--proof-for",
            ),
            (draft("--add taken"), 2, "not a request", "muhr key rotate"),
            (
                args!("govern show taken"),
                2,
                "not a draft",
                "muhr govern draft",
            ),
            (
                args!("govern send taken"),
                2,
                "neither a proposal",
                "muhr govern sign",
            ),
            (
                args!("govern fetch soliq --out x.draft"),
                2,
                "no proposal is known",
                "muhr govern status",
            ),
            (
                args!("key rotate --agency soliq --keys . --out x.request"),
                2,
                "which keys are new",
                "peer, vote",
            ),
            (
                args!("key rotate --agency soliq --purpose clerk --keys . --out x.request"),
                2,
                "no such key",
                "peer, vote",
            ),
            (
                args!("key rotate --agency energetika --purpose vote --keys . --out x.request"),
                2,
                "lacks its",
                "--purpose peer,vote",
            ),
            (
                args!("registry add soliq.licences --key {key} --yes"),
                2,
                "does not begin with the name of adliya",
                "adliya.permits",
            ),
            (
                args!("registry add adliya.permits --key {key} --yes"),
                21,
                "already",
                "another name",
            ),
            (
                args!("registry transfer taken --key {key} --yes"),
                2,
                "not a taking",
                "muhr registry take",
            ),
        ],
    );
    what_is_signed_is_refused_too(&mut cluster, &tomorrow);
}

/// Drafts that are read, and must not be signed, or not so.
#[expect(clippy::too_many_lines, reason = "one story, or one table of cases")]
fn what_is_signed_is_refused_too(cluster: &mut Cluster, tomorrow: &str) {
    // Whoever has a way to soliq's keys could make a request of its own, which no admin key has signed.
    let rotate = args!("key rotate --agency soliq --purpose vote --keys . --out own.request");
    let _made = asks(cluster, "kadastr", rotate).expect(0);
    let draft = args!("govern draft --rotate own.request --opens '{tomorrow}' --out own.draft");
    let drafted = asks(cluster, "kadastr", draft).expect(0).json();
    assert_eq!(drafted["epoch"]["unasked"], serde_json::json!(["soliq"]));
    let key = "net/adliya/keys/admin.key";
    let clerk = "net/adliya/keys/clerk.key";
    let sign = |more: &str| args!("govern sign own.draft --yes {more}");
    are_refused(
        cluster,
        vec![
            (
                sign(&format!("--key {key}")),
                2,
                "keys of soliq come or change",
                "ask that agency by telephone",
            ),
            (
                sign(&format!("--key {clerk}")),
                3,
                "not an agency's admin key",
                "",
            ),
            (
                sign(&format!("--key {key} --against")),
                2,
                "nobody has proposed it",
                "muhr govern fetch",
            ),
            (
                args!("govern withdraw own.draft --key {key}"),
                2,
                "nobody has proposed it",
                "muhr govern fetch",
            ),
            (
                args!("govern send own.draft"),
                2,
                "nobody has signed",
                "muhr govern sign FILE",
            ),
        ],
    );
    // Where it is meant, it is signed; and the agency whose keys they are asks for them by signing.
    let meant = sign(&format!("--key {key} --although --out meant.proposal"));
    let _signed = cluster.clerk("kadastr", &meant).expect(0);
    let own = sign("--key net/soliq/keys/admin.key --out soliq.proposal");
    let _signed = cluster.clerk("kadastr", &own).expect(0);

    // A ballot comes before what it is about, and says so.
    let vote =
        args!("govern sign soliq.proposal --key net/kadastr/keys/admin.key --yes --out k.ballot");
    let _signed = cluster.clerk("kadastr", &vote).expect(0);
    are_refused(
        cluster,
        vec![(
            args!("govern send k.ballot"),
            2,
            "no open proposal is",
            "hand the proposal in first",
        )],
    );

    // A spoilt draft is named by its line, and one whose proposal was changed by its author.
    let path = cluster.path().join("soliq.proposal");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\nopens ", "\nopens 9", 1)).unwrap();
    are_refused(
        cluster,
        vec![(
            args!("govern show soliq.proposal"),
            2,
            "not a draft",
            "muhr govern draft",
        )],
    );
    fs::write(&path, text.replacen("\nopens 1", "\nopens 2", 1)).unwrap();
    are_refused(
        cluster,
        vec![(
            args!("govern show soliq.proposal"),
            14,
            "the signature of soliq on its proposal",
            "muhr govern fetch",
        )],
    );
    fs::write(&path, text.replacen("polled 1", "polled 2", 1)).unwrap();
    let _shown = cluster
        .clerk("kadastr", &args!("govern show soliq.proposal"))
        .expect(0);

    // The nodes of the next set are away: it might not begin.
    cluster.kill("soliq");
    cluster.kill("adliya");
    let check = args!("govern check own.draft --out checked.draft");
    let checked = cluster.clerk("kadastr", &check).expect(20);
    assert!(checked.stdout.contains("✘ soliq"), "{checked:?}");
    are_refused(
        cluster,
        vec![(
            args!("govern sign checked.draft --yes --key net/soliq/keys/admin.key"),
            2,
            "2 nodes of the next set answered well",
            "muhr govern check",
        )],
    );
}

#[test]
fn a_registry_begins_and_changes_hands_with_both_words() {
    let cluster = Cluster::start(0);
    let admin = |agency: &str| args!("--key net/{agency}/keys/admin.key --yes");
    let runs = |agency: &str, arguments: Vec<String>| {
        cluster.clerk(
            "kadastr",
            &[args!("--json"), arguments, admin(agency)].concat(),
        )
    };
    let added = runs(
        "qurilish",
        args!("registry add qurilish.licences --capitals"),
    );
    assert_eq!(added.expect(0).json()["state"], "final");
    let take =
        args!("registry take qurilish.licences --from qurilish --expires 900 --out l.taking");
    let taken = runs("soliq", take).expect(0).json();
    assert_eq!(taken["taker"], "soliq", "{taken}");
    // The owner alone gives it away, and to nobody else than the one who has signed.
    let foreign = runs("adliya", args!("registry transfer l.taking"));
    assert!(foreign.expect(4).stderr.contains("belongs to qurilish"));
    let late = runs(
        "qurilish",
        args!("registry transfer l.taking --expires 901"),
    );
    assert!(late.expect(2).stderr.contains("signed for height 900"));
    let given = runs("qurilish", args!("registry transfer l.taking"));
    assert_eq!(given.expect(0).json()["state"], "final");
    let shown = cluster.clerk(
        "adliya",
        &["--json", "registry", "policy", "show", "qurilish.licences"],
    );
    assert_eq!(shown.expect(0).json()["owner"], "soliq");
    let text = fs::read_to_string(cluster.path().join("l.taking")).unwrap();
    fs::write(
        cluster.path().join("l.taking"),
        text.replace("expires 900", "expires 800"),
    )
    .unwrap();
    let spoilt = runs("soliq", args!("registry transfer l.taking"));
    assert_ne!(spoilt.code, 0, "{spoilt:?}");
    let again = runs("soliq", args!("registry add soliq.more"));
    assert_shapes("taking", &[taken, again.expect(0).json()]);
}
