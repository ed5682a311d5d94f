//! Whole nodes in a played world (`tests/src/sim.rs`): storms, liars and calm, seed by seed.
//!
//! `MUHR_SEEDS=1000` runs so many in the last test, `MUHR_SEED=7` runs one and prints what it came to,
//! `MUHR_RELIABILITY=folder` keeps the counts there as JSON.

use std::{collections::BTreeMap, env, fs, path::Path, sync::Mutex};

use tests::sim::{Options, Report, Role, run};

/// Seeds of the last test, unless told otherwise.
const SEEDS: u64 = 24;
/// RocksDB syncs for every block: in memory that costs nothing.
const MEMORY: &str = "/dev/shm";

fn play(options: &Options) -> Result<Report, String> {
    let place = if Path::new(MEMORY).is_dir() {
        tempfile::tempdir_in(MEMORY)
    } else {
        tempfile::tempdir()
    };
    let dir = place.unwrap();
    let run = std::panic::AssertUnwindSafe(|| run(options, dir.path()));
    let ended = std::panic::catch_unwind(run);
    ended.unwrap_or_else(|_| Err("a panic, see above".to_owned()))
}

/// Plays a seed, and says how to play it again if it fails.
#[track_caller]
fn expect(options: &Options, again: &str) -> Report {
    play(options).unwrap_or_else(|broken| {
        panic!("{broken}\n{options}\nagain: {again}");
    })
}

/// What the seed stands for, with `MUHR_ROLE` in one seat if that is set.
fn options(seed: u64) -> Options {
    let options = Options::of(seed);
    let wanted = env::var("MUHR_ROLE").ok();
    let role = Role::ALL
        .into_iter()
        .find(|role| Some(format!("{role:?}")) == wanted);
    match role {
        Some(role) => options.with(role),
        None => options,
    }
}

fn command(test: &str) -> String {
    format!("cargo test --release --locked --workspace --test it -- --exact network::sim::{test}")
}

#[test]
fn the_same_seed_gives_the_same_trace() {
    let again = command("the_same_seed_gives_the_same_trace");
    for seed in [11, 12] {
        let [one, two] = [(); 2].map(|()| expect(&Options::of(seed), &again));
        assert_eq!(one.trace, two.trace, "seed {seed}: {one:#?} {two:#?}");
    }
    let other = expect(&Options::of(13), &again);
    assert_ne!(other.trace, expect(&Options::of(12), &again).trace);
}

#[test]
fn in_good_weather_an_entry_is_final_in_a_moment() {
    let again = command("in_good_weather_an_entry_is_final_in_a_moment");
    let report = expect(&Options::calm(1), &again);
    assert_eq!(report.rounds_max, 0);
    assert!(report.final_ms_max <= 1_000, "{report:#?}");
}

#[test]
fn with_one_liar_of_each_kind_the_laws_hold() {
    let again = command("with_one_liar_of_each_kind_the_laws_hold");
    for (seed, role) in (100..).zip(Role::ALL) {
        let report = expect(&Options::of(seed).with(role), &again);
        assert!(report.receipts > 0, "{role:?}: {report:#?}");
    }
}

/// One validator of those that decided is wiped and hears only f liars, whose other halves lag, and f
/// honest ones that lag too: together they are a quorum, and what they tell is low. By its return mark it
/// says nothing before it has what it once signed.
#[test]
fn a_wiped_validator_beside_liars_and_laggards_says_nothing_twice() {
    let again = command("a_wiped_validator_beside_liars_and_laggards_says_nothing_twice");
    for (agencies, seeds) in [(4, 400..406), (7, 700..702)] {
        for seed in seeds {
            let report = expect(&Options::of_return(seed, agencies), &again);
            assert_eq!(report.faults["disk replaced"], 1, "{report:#?}");
            assert!(report.receipts > 0, "{report:#?}");
        }
    }
}

/// Found by 500 storms: nobody else had the last entry, and one voice wakes nobody.
#[test]
fn an_entry_that_was_told_to_nobody_is_told_again() {
    for seed in [1234, 1438] {
        let again = format!("MUHR_SEED={seed} {}", command("storms"));
        let report = expect(&options(seed), &again);
        assert!(report.receipts > 0, "{report:#?}");
    }
}

/// Found by 1,000 storms: a twin and a liar, and every wrong answer asked for two more.
#[test]
fn whoever_answers_wrongly_is_not_asked_again_at_once() {
    let again = format!("MUHR_SEED=1933 {}", command("storms"));
    let report = expect(&options(1933), &again);
    assert!(report.receipts > 0, "{report:#?}");
}

/// Seeds of the search for harm by descriptions of blocks, unless told otherwise.
const FORGED: u64 = 24;

/// A seed of that search: an observer that forges in good weather or bad, or a proposer.
fn forged(seed: u64) -> Options {
    match seed % 3 {
        0 => Options::calm(seed).with_observer(Role::CompactBlockForger),
        1 => Options::calm(seed).with(Role::CompactBlockForger),
        _ => Options::of(seed).with(Role::CompactBlockForger),
    }
}

/// Nobody signs the description of a block, so it can turn nobody against a signed proposal.
#[test]
fn a_forged_description_turns_nobody_against_a_signed_block() {
    let name = "a_forged_description_turns_nobody_against_a_signed_block";
    let again = command(name);
    let seeds = match number("MUHR_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("MUHR_SEEDS").unwrap_or(FORGED),
    };
    for seed in seeds {
        let report = expect(&forged(seed), &format!("MUHR_SEED={seed} {again}"));
        assert!(report.receipts > 0, "{report:#?}");
    }
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().and_then(|value| value.parse().ok())
}

#[test]
fn storms() {
    let seeds: Vec<u64> = match number("MUHR_SEED") {
        Some(seed) => vec![seed],
        None => (1000..1000 + number("MUHR_SEEDS").unwrap_or(SEEDS)).collect(),
    };
    let next = Mutex::new(seeds.iter());
    let ended = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some(seed) = { next.lock().unwrap().next() } {
            let played = play(&options(*seed));
            ended.lock().unwrap().insert(*seed, played);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(work);
        }
    });
    let ended = ended.into_inner().unwrap();
    if seeds.len() == 1 {
        println!("{:#?}\n{ended:#?}", options(seeds[0]));
    }
    if let Some(folder) = env::var_os("MUHR_RELIABILITY") {
        let path = Path::new(&folder).join("whole-nodes.json");
        fs::write(path, counts(&ended)).unwrap();
    }
    let broken = ended.iter().filter_map(|(seed, played)| {
        let broken = played.as_ref().err()?;
        let options = options(*seed);
        let command = command("storms");
        Some(format!(
            "{broken}\n{options}\nagain: MUHR_SEED={seed} {command} --nocapture\n"
        ))
    });
    let broken: Vec<String> = broken.collect();
    assert!(
        broken.is_empty(),
        "{} of {} seeds\n{}",
        broken.len(),
        seeds.len(),
        broken.join("\n")
    );
}

/// What all seeds together came to, as JSON.
fn counts(ended: &BTreeMap<u64, Result<Report, String>>) -> String {
    let reports: Vec<&Report> = ended.values().flatten().collect();
    let sum = |of: fn(&Report) -> u64| reports.iter().map(|report| of(report)).sum::<u64>();
    let most = |of: fn(&Report) -> u64| reports.iter().map(|report| of(report)).max();
    let mut faults: BTreeMap<&str, u64> = BTreeMap::new();
    for (name, count) in reports.iter().flat_map(|report| &report.faults) {
        *faults.entry(name).or_default() += count;
    }
    let json = serde_json::json!({
        "lane": "whole nodes",
        "seeds": ended.len(),
        "failures": ended.len() - reports.len(),
        "heights": sum(|report| report.heights),
        "receipts": sum(|report| report.receipts),
        "steps": sum(|report| report.steps),
        "messages": sum(|report| report.messages),
        "simulated_seconds": sum(|report| report.simulated_ms) / 1000,
        "accusations": sum(|report| report.accusations),
        "faults": faults,
        "final_ms_max": most(|report| report.final_ms_max),
        "rounds_max": most(|report| report.rounds_max),
    });
    format!("{json:#}\n")
}
