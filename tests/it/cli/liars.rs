//! A node that lies, before every command that talks to a node: whatever one field of one answer says
//! instead of the truth, no command ends with a wrong verdict, a second version, or a number registered
//! twice.
//!
//! `MUHR_LIES=all` tells every lie there is; otherwise each command hears a seeded sample. `MUHR_LIES_SEED`
//! chooses another sample, `MUHR_LIES_CASE` one command. Most is said in JSON, of which each fact is compared; some
//! in text, of which the headline is.

mod cases;
mod headlines;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use tests::liar::{Liar, Lie, lies};

use self::{cases::Case, world::World};

/// Lies that each command hears in an ordinary run: one that reads, and one that writes, which takes longer.
const SAMPLES: [usize; 2] = [60, 30];
/// Lies of these that each command hears once more where it speaks to people; and if all are told.
const IN_TEXT: [usize; 2] = [6, 200];
/// Commands that are lied to at the same time.
const AT_ONCE: usize = 4;

/// Codes and statuses of all problems, from the table that clients are given.
fn problems() -> Vec<(String, u16)> {
    let table = include_str!("../../../docs/api.md");
    let rows = table
        .lines()
        .skip_while(|line| !line.starts_with("| code |"));
    let mut all = Vec::new();
    for row in rows.skip(2).take_while(|line| line.starts_with('|')) {
        let mut cells = row.split('|').skip(1).map(str::trim);
        let (codes, status) = (cells.next().unwrap(), cells.next().unwrap());
        let status: u16 = status.parse().unwrap();
        let codes = codes.split(',').map(|code| code.trim().trim_matches('`'));
        all.extend(codes.map(|code| (code.to_owned(), status)));
    }
    assert!(
        all.len() > 40,
        "the table of problems was not found: {all:?}"
    );
    all
}

/// Numbers that follow from a seed.
struct Chance(u64);

impl Chance {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }

    fn some<T>(&mut self, mut all: Vec<T>, count: usize) -> Vec<T> {
        for at in 0..count.min(all.len()) {
            let with = at + self.below(all.len() - at);
            all.swap(at, with);
        }
        all.truncate(count);
        all
    }
}

/// Every lie about every answer that a command asks for when it hears the truth.
fn all_lies(liar: &Liar, problems: &[(String, u16)]) -> Vec<Lie> {
    let (seen, _) = liar.seen();
    let mut all = Vec::new();
    let mut kinds = BTreeSet::new();
    for (at, exchange) in seen.into_iter().enumerate() {
        // The same question again is lied to from its first time on, and once more from the second.
        let again = !kinds.insert(exchange.kind.clone());
        if again && seen_twice(&all, &exchange.kind) {
            continue;
        }
        let about = lies::about(&exchange.answer, problems);
        all.extend(about.into_iter().map(|how| Lie {
            at,
            kind: exchange.kind.clone(),
            how,
        }));
    }
    all
}

fn seen_twice(all: &[Lie], kind: &str) -> bool {
    let places: BTreeSet<usize> = all
        .iter()
        .filter(|lie| lie.kind == kind)
        .map(|lie| lie.at)
        .collect();
    places.len() >= 2
}

/// How one command ended under all that was told.
#[derive(Default)]
struct Ends {
    told: usize,
    codes: BTreeMap<i32, usize>,
    wrong: Vec<String>,
}

fn lie_to(world: &World, case: &Case, seed: u64, sample: Option<usize>) -> Ends {
    let liar = Liar::before(&world.asked(case));
    let mut ends = Ends::default();
    // The truth first, in text and twice in JSON: what is asked, and answers of another question of each kind.
    let mut lies = Vec::new();
    for json in [false, true, true] {
        let trial = world.trial(case, &liar, json);
        liar.tell(None);
        let ran = trial.run();
        let judged = trial.judge(&ran, true);
        assert!(
            judged.is_ok(),
            "{} under the truth: {judged:?} {ran:?}",
            case.name
        );
        lies = all_lies(&liar, &problems());
    }
    let all = lies.len();
    assert!(all > 50, "{} asks for nothing", case.name);
    let mut chance = Chance(seed ^ case.name.len() as u64);
    let in_text = IN_TEXT[usize::from(sample.is_none())];
    let lies = match sample {
        Some(count) => chance.some(lies, count),
        None => lies,
    };
    println!("{}: {} of {all} lies, seed {seed}", case.name, lies.len());
    let in_text = chance.some(lies.clone(), in_text);
    let told = lies.into_iter().map(|lie| (lie, true));
    for (lie, json) in told.chain(in_text.into_iter().map(|lie| (lie, false))) {
        let trial = world.trial(case, &liar, json);
        liar.tell(Some(lie.clone()));
        let ran = trial.run();
        let (_, told) = liar.seen();
        liar.tell(None);
        ends.told += usize::from(told > 0);
        *ends.codes.entry(ran.code).or_default() += 1;
        if let Err(what) = trial.judge(&ran, told == 0) {
            ends.wrong
                .push(format!("{}: {lie:?}: {what}\n{ran:?}", case.name));
        }
    }
    ends
}

#[test]
fn no_lie_of_a_node_makes_a_wrong_verdict_a_second_version_or_a_second_record() {
    let seed = env::var("MUHR_LIES_SEED").map_or(20_261_128, |seed| seed.parse().unwrap());
    let samples = (env::var("MUHR_LIES").as_deref() != Ok("all")).then_some(SAMPLES);
    let only = env::var("MUHR_LIES_CASE").ok();
    let world = World::new();
    let cases = cases::all();
    let cases: Vec<&Case> = cases
        .iter()
        .filter(|case| only.as_deref().is_none_or(|only| only == case.name))
        .collect();
    // While some compare what they read with what it was before, nobody writes.
    let (writing, reading): (Vec<&Case>, Vec<&Case>) =
        cases.iter().partition(|case| case.judge.writes());
    let results = Mutex::new(BTreeMap::new());
    for (at, some) in [reading, writing].into_iter().enumerate() {
        let sample = samples.map(|samples| samples[at]);
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(case) = some.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let ends = lie_to(&world, case, seed, sample);
                        results.lock().unwrap().insert(case.name, ends);
                    }
                });
            }
        });
    }
    let results = results.into_inner().unwrap();
    let mut wrong = Vec::new();
    for case in cases {
        let ends = &results[case.name];
        println!("{:<16} {:>5} told  {:?}", case.name, ends.told, ends.codes);
        wrong.extend(ends.wrong.iter().cloned());
        let beyond = ends.codes.keys().filter(|code| !case.may.contains(code));
        wrong.extend(
            beyond
                .map(|code| format!("{} ended with {code}, which is not in its table", case.name)),
        );
        assert!(
            ends.told * 2 >= ends.codes.values().sum(),
            "{}: most lies were never told",
            case.name
        );
    }
    let shown: Vec<&str> = wrong.iter().take(20).map(String::as_str).collect();
    assert!(
        wrong.is_empty(),
        "{} wrong ends:\n{}",
        wrong.len(),
        shown.join("\n\n")
    );
}

/// Where a command takes an address: the option, or none if it stands by itself.
fn addresses(page: &str) -> BTreeSet<String> {
    const ADDRESSES: [&str; 3] = ["<URL>", "<MIRROR>", "<NAME=VKEY,URL>"];
    let lines = page.lines().filter(|line| line.starts_with("  "));
    let first = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let (name, value) = (words.next()?, words.next().unwrap_or_default());
        let of = |word: &str| ADDRESSES.contains(&word.trim_end_matches("..."));
        match name.starts_with("--") {
            true => of(value).then(|| name.to_owned()),
            false => of(name).then(String::new),
        }
    });
    first.collect()
}

/// A new command, or a new option, that asks somebody needs a case of its own.
#[test]
fn whoever_is_asked_by_any_command_lies_in_a_case() {
    let pages: BTreeMap<String, String> = crate::house::help::pages("muhr")
        .into_iter()
        .map(|(typed, page)| {
            let typed = typed.trim_start_matches("muhr").trim_end_matches("--help");
            (typed.trim().to_owned(), page)
        })
        .collect();
    let asks: BTreeSet<(String, String)> = pages
        .iter()
        .flat_map(|(path, page)| {
            let all = addresses(page).into_iter();
            all.map(|option| (path.clone(), option))
        })
        // It writes the witness's address into a file, and asks nobody.
        .filter(|asked| *asked != ("trust extend".to_owned(), "--witness".to_owned()))
        .collect();
    assert!(asks.len() > 25, "the help is not read: {asks:?}");
    let lied = cases::all().into_iter().map(|case| {
        let line = case.line.split(" && ").last().unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let lengths = (1..=words.len()).rev();
        let mut paths = lengths.map(|length| words[..length].join(" "));
        let path = paths.find(|path| pages.contains_key(path)).unwrap();
        let at = words.iter().position(|word| word.ends_with("{url}"));
        let option = match at.map(|at| words[at - 1]) {
            // The environment names the liar.
            None => "--node",
            Some(before) if before.starts_with("--") => before,
            Some(_) => "",
        };
        (path, option.to_owned())
    });
    let lied: BTreeSet<(String, String)> = lied.collect();
    assert_eq!(asks, lied, "who is asked, and who lies");
}
