//! A validator's own memory is missing, another's, or older than its log: it stops with a question that
//! names the way out, or follows in silence and comes back by itself.

use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use ledger::Ledger;
use node::mempool::{Mempool, Offered};
use protocol::{
    authentic::Submission, batch::WholeBatch, entry::Operation, hash::ReturnNonce, height::Height,
    key::SecretKey, name::AgencyName, return_mark::ReturnStatement,
};
use tests::{
    cluster::{AGENCIES, Cluster, binary, wait_until},
    world::{agency_secret, genesis, statement},
};

fn height(cluster: &Cluster, name: &str) -> Option<u64> {
    cluster.status(name)?["height"].as_u64()
}

fn silence(cluster: &Cluster, name: &str) -> Option<String> {
    let reason = cluster.status(name)?;
    reason["not_voting"].as_str().map(ToOwned::to_owned)
}

/// Starts a node that must not start, and gives back its last words.
#[track_caller]
fn refuses(cluster: &mut Cluster, name: &str) -> String {
    cluster.start_node(name);
    wait_until("the node stops", || cluster.exit_code(name).is_some());
    let log = cluster.log(name);
    assert_eq!(cluster.exit_code(name), Some(3), "{log}");
    let said = log.lines().last().unwrap().to_owned();
    assert!(said.starts_with("muhr-node: "), "{said}");
    said
}

/// It runs, speaks, and has what the others have.
fn is_back(cluster: &Cluster, name: &str) -> bool {
    height(cluster, name).is_some()
        && height(cluster, name) == height(cluster, "adliya")
        && silence(cluster, name).is_none()
}

fn data(cluster: &Cluster, name: &str) -> PathBuf {
    cluster.dir(name).join("data")
}

#[test]
fn data_folders_that_were_exchanged_are_refused_with_the_name_of_whose_they_are() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "S-1");
    cluster.kill("soliq");
    cluster.kill("kadastr");
    let aside = cluster.path().join("aside");
    let (one, other) = (data(&cluster, "soliq"), data(&cluster, "kadastr"));
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        fs::rename(from, to).unwrap();
    }
    let said = refuses(&mut cluster, "soliq");
    assert!(said.contains("the vote key of kadastr"), "{said}");
    let said = refuses(&mut cluster, "kadastr");
    assert!(said.contains("the vote key of soliq"), "{said}");
    for (from, to) in [(&one, &aside), (&other, &one), (&aside, &other)] {
        fs::rename(from, to).unwrap();
    }
    // One file of another is as bad as all of them.
    for purpose in ["vote", "cosign"] {
        let file = cluster.sign_state("soliq", purpose);
        let own = fs::read(&file).unwrap();
        fs::copy(cluster.sign_state("kadastr", purpose), &file).unwrap();
        let said = refuses(&mut cluster, "soliq");
        let whose = format!("is that of the {purpose} key of kadastr");
        assert!(said.contains(&whose), "{said}");
        fs::write(&file, own).unwrap();
    }
    for name in ["soliq", "kadastr"] {
        cluster.start_node(name);
        wait_until("with their own folders they come back", || {
            is_back(&cluster, name)
        });
    }
}

#[test]
fn a_missing_file_or_a_disk_that_is_not_mounted_is_a_question() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "S-1");
    cluster.kill("soliq");
    let (dir, data) = (cluster.dir("soliq"), data(&cluster, "soliq"));
    let way_out = format!("muhr-node run --dir {} --sign-state-lost", dir.display());
    let aside = cluster.path().join("aside");
    for (purpose, what) in [("vote", "safety record"), ("cosign", "cosign state")] {
        let path = cluster.sign_state("soliq", purpose);
        fs::rename(&path, &aside).unwrap();
        let said = refuses(&mut cluster, "soliq");
        for part in [
            &*path.to_string_lossy(),
            what,
            "is its disk mounted",
            &way_out,
        ] {
            assert!(said.contains(part), "{part}: {said}");
        }
        assert!(!path.exists(), "a question makes no file");
        // A link to a disk that is not mounted.
        symlink("/nowhere/muhr/file", &path).unwrap();
        let said = refuses(&mut cluster, "soliq");
        assert!(said.contains("is a link to /nowhere/muhr/file"), "{said}");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
    }
    // The whole folder, as a link.
    fs::rename(&data, &aside).unwrap();
    symlink("/nowhere/muhr", &data).unwrap();
    let said = refuses(&mut cluster, "soliq");
    assert!(said.contains("is a link to /nowhere/muhr"), "{said}");
    fs::remove_file(&data).unwrap();
    // Or not there at all.
    let said = refuses(&mut cluster, "soliq");
    assert!(said.contains("is its disk mounted"), "{said}");
    fs::rename(&aside, &data).unwrap();
    // Nothing readable in it.
    let cosign_state = cluster.sign_state("soliq", "cosign");
    let kept = fs::read(&cosign_state).unwrap();
    fs::write(&cosign_state, vec![0; kept.len()]).unwrap();
    let said = refuses(&mut cluster, "soliq");
    assert!(
        said.contains("nothing in the cosign state can be read"),
        "{said}"
    );
    fs::write(&cosign_state, kept).unwrap();
    cluster.start_node("soliq");
    wait_until("with its own files it comes back", || {
        is_back(&cluster, "soliq")
    });
}

#[test]
fn the_files_may_lie_elsewhere_by_settings() {
    let mut cluster = Cluster::start(0);
    let _receipt = cluster.anchor("qurilish", "S-1");
    cluster.kill("soliq");
    let (dir, data) = (cluster.dir("soliq"), data(&cluster, "soliq"));
    let elsewhere = cluster.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let (safety, cosign) = (
        cluster.sign_state("soliq", "vote"),
        cluster.sign_state("soliq", "cosign"),
    );
    for file in [&safety, &cosign, &data.join("ledger")] {
        fs::rename(file, elsewhere.join(file.file_name().unwrap())).unwrap();
    }
    let toml = fs::read_to_string(dir.join("node.toml")).unwrap();
    let place = |file: &str| elsewhere.join(file).display().to_string();
    let places = format!(
        "\n[places]\nledger = \"{}\"\nsafety = \"{}\"\ncosign-state = \"{}\"\n",
        place("ledger"),
        place("safety"),
        place("cosign-state")
    );
    fs::write(dir.join("node.toml"), toml + &places).unwrap();
    cluster.start_node("soliq");
    wait_until("it comes back", || is_back(&cluster, "soliq"));
    assert!(!data.join("ledger").exists() && !safety.exists() && !cosign.exists());
    cluster.kill("soliq");
    fs::rename(&elsewhere, elsewhere.with_extension("unmounted")).unwrap();
    let said = refuses(&mut cluster, "soliq");
    assert!(said.contains(&place("safety")), "{said}");
}

#[test]
fn a_lost_ledger_is_fetched_again_in_silence_as_far_as_it_was_cosigned() {
    let mut cluster = Cluster::start(0);
    for number in 1..=3 {
        let _receipt = cluster.anchor("qurilish", &format!("S-{number}"));
    }
    wait_until("it has all", || height(&cluster, "soliq") == Some(3));
    cluster.kill("soliq");
    fs::remove_dir_all(data(&cluster, "soliq").join("ledger")).unwrap();
    // Nobody is there to fetch it from: it runs, and is silent.
    for name in ["adliya", "kadastr", "qurilish"] {
        cluster.kill(name);
    }
    cluster.start_node("soliq");
    wait_until("it says why it is silent", || {
        silence(&cluster, "soliq")
            .is_some_and(|reason| reason.contains("shorter than what it has cosigned"))
    });
    assert!(cluster.log("soliq").contains("\"ledger-shorter\""));
    for name in ["adliya", "kadastr"] {
        cluster.start_node(name);
    }
    wait_until("it comes back by itself", || {
        height(&cluster, "soliq") == Some(3) && silence(&cluster, "soliq").is_none()
    });
    // With three of four, its vote is needed.
    let _receipt = cluster.anchor("adliya", "S-4");
    for name in AGENCIES {
        let accusations = fs::read_dir(cluster.dir(name).join("evidence"));
        assert!(accusations.is_err(), "{name} has kept evidence");
    }
}

#[test]
fn one_lost_file_is_enough_to_be_silent_until_the_mark() {
    let mut cluster = Cluster::start(0);
    for number in 1..=2 {
        let _receipt = cluster.anchor("qurilish", &format!("S-{number}"));
    }
    cluster.kill("soliq");
    fs::remove_file(cluster.sign_state("soliq", "cosign")).unwrap();
    cluster.start_node_that_lost("soliq");
    wait_until("it returns by a block with its mark", || {
        height(&cluster, "adliya") == Some(3) && is_back(&cluster, "soliq")
    });
    assert!(cluster.log("soliq").contains("\"returned\""));
}

/// Clerks' entries fill the queue of their agency, and a validator that must return waits for none of them.
#[test]
fn a_return_mark_has_room_in_a_full_queue_and_goes_first() {
    let genesis = genesis();
    let network = genesis.network_id();
    let folder = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(folder.path(), &genesis, None).unwrap();
    let admit = |said: Submission, key: &SecretKey| {
        let believed = said.authenticate(&network, &key.public()).unwrap();
        ledger.admit(believed).unwrap()
    };
    let mut mempool = Mempool::default();
    let clerk = agency_secret("qurilish", "clerk");
    for batch in 0.. {
        let numbers = (0..1000).map(|row| format!("{batch}-{row}"));
        let rows = numbers.map(|row| statement("qurilish", &row, Operation::Register, None));
        let batch = WholeBatch::sign(rows.collect(), &network, &clerk).unwrap();
        match mempool.offer(admit(batch.into(), &clerk)) {
            Offered::Waits => {}
            Offered::Full => break,
            other => panic!("{other:?}"),
        }
    }
    let vote = agency_secret("qurilish", "vote");
    let mark = |nonce| ReturnStatement {
        agency: AgencyName::parse("qurilish").unwrap(),
        nonce: ReturnNonce::new([nonce; 32]),
        peer: agency_secret("qurilish", "peer").public(),
        expires: Height::new(10),
    };
    let first = admit(mark(1).sign(&network, &vote).into(), &vote);
    assert!(matches!(mempool.offer(first), Offered::Waits));
    // One of each agency is enough.
    let second = admit(mark(2).sign(&network, &vote).into(), &vote);
    assert!(matches!(mempool.offer(second), Offered::Contested { .. }));
    let next = mempool.candidates(2000, 1 << 20);
    assert!(matches!(next[0].submission(), Submission::Return(_)));
    assert!(next.len() > 1, "and the others go on");
    assert_eq!(mempool.returning().len(), 1);
    let _none = mempool.committed(&next);
    assert!(mempool.returning().is_empty());
}

/// What prose may say a program does: anything else behind its name is a command.
const VERBS: [&str; 5] = ["does", "follows", "is", "or", "writes"];

/// Every command that a text of the programs names is one that they have, with those flags; also in the
/// middle of a sentence.
#[test]
fn every_command_that_a_message_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    for folder in [
        "node", "cli", "client", "ledger", "protocol", "verify", "api",
    ] {
        sources(&root.join(folder).join("src"), &mut files);
    }
    let (mut named, mut in_prose) = (BTreeSet::new(), BTreeSet::new());
    for file in files {
        let text = fs::read_to_string(&file).unwrap();
        // What stands before a module is for whoever reads the source.
        let lines = text
            .lines()
            .filter(|line| !line.trim_start().starts_with("//!"));
        let text = lines.collect::<Vec<_>>().join("\n");
        for program in ["muhr-node", "muhr"] {
            in_prose.extend(said_of(program, &text).map(|said| (program, said)));
            // Behind these a name is followed by a command and nothing else.
            for before in ["`", "run: ", "with: "] {
                let start = format!("{before}{program} ");
                for (at, _) in text.match_indices(&start) {
                    let rest = &text[at + start.len()..];
                    let end = rest.find(|letter: char| {
                        !(letter.is_ascii_alphanumeric() || "- {}._=".contains(letter))
                    });
                    let words = rest[..end.unwrap_or(rest.len())].to_owned();
                    named.insert((program, words));
                }
            }
        }
    }
    assert!(named.len() >= 20, "only {named:?}");
    for (program, words) in named {
        assert_exists(program, &words);
    }
    assert!(in_prose.len() >= 40, "only {in_prose:?}");
    for (program, words) in in_prose {
        assert_may_be_said(program, &words);
    }
}

/// What stands behind a program's name, wherever it is named: the words to the end of the sentence.
fn said_of<'a>(program: &'a str, text: &'a str) -> impl Iterator<Item = String> + 'a {
    let name = format!("{program} ");
    let is_inside = |letter: char| letter.is_ascii_alphanumeric() || "-_./".contains(letter);
    let places = text.match_indices(&name).map(|(at, _)| at);
    let places: Vec<usize> = places
        .filter(|at| !text[..*at].ends_with(is_inside))
        .collect();
    places.into_iter().filter_map(move |at| {
        let rest = &text[at + program.len() + 1..];
        let end =
            rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "- ".contains(letter)));
        let said = rest[..end.unwrap_or(rest.len())].trim_end();
        let is_word = said.starts_with(|letter: char| letter.is_ascii_lowercase());
        is_word.then(|| said.to_owned())
    })
}

/// These words are a verb of prose, or begin with a command that is complete: what follows is prose.
fn assert_may_be_said(program: &str, said: &str) {
    let mut words = said.split(' ').peekable();
    if words.peek().is_some_and(|word| VERBS.contains(word)) {
        return;
    }
    let mut command: Vec<&str> = Vec::new();
    loop {
        let help = help_of(program, &command);
        let is_group = help.contains("\nCommands:");
        // Some do something by themselves too.
        let usage = help.lines().find(|line| line.starts_with("Usage: "));
        let must_go_on = usage.is_some_and(|usage| usage.ends_with("<COMMAND>"));
        let named = words.peek().is_some_and(|word| {
            let mut lines = help.lines();
            lines.any(|line| line.split_whitespace().next() == Some(*word))
        });
        match words.next() {
            Some("help") => return,
            Some(word) if is_group && named => command.push(word),
            // A group is named as such where no word follows.
            Some(word) if must_go_on => panic!("\"{program} {said}\": {word} is no command"),
            _ => return assert!(!command.is_empty(), "{program} {said}"),
        }
    }
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|end| end == "rs") {
            found.push(path);
        }
    }
}

/// These words begin with a command, and the flags among them are its own.
fn assert_exists(program: &str, said: &str) {
    let mut command: Vec<&str> = Vec::new();
    let mut help = help_of(program, &command);
    let mut words = said.split_whitespace().peekable();
    while let Some(word) = words
        .peek()
        .copied()
        .filter(|word| *word != "help" && !word.starts_with('-'))
        && help
            .lines()
            .any(|line| line.split_whitespace().next() == Some(word))
    {
        command.push(word);
        help = help_of(program, &command);
        words.next();
    }
    if words.peek() == Some(&"help") {
        // Its pages have a test of their own (`tests/it/house/help.rs`).
        return;
    }
    let is_word = |word: &&str| {
        let mut letters = word.chars();
        letters.all(|letter| letter.is_ascii_lowercase()) && help.contains("\nCommands:")
    };
    let is_one = !command.is_empty() && !words.peek().is_some_and(is_word);
    assert!(is_one, "\"{program} {said}\" is no command");
    for flag in words.filter(|word| word.starts_with("--") && word.len() > 2) {
        let flag = flag.trim_end_matches('.').split('=').next().unwrap();
        assert!(help.contains(flag), "{program} {command:?} has no {flag}");
    }
}

fn help_of(program: &str, command: &[&str]) -> String {
    let output = Command::new(binary(program))
        .args(command)
        .arg("--help")
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {command:?} --help");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
