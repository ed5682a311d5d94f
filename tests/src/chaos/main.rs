//! `make nightly`: real processes under real faults, one file for each scenario.
//!
//! `chaos [--brief|--short|--long] [--only NAME] [--seed N] [--report FILE]`, and `--list`. As root it
//! works in namespaces of its own (network, mounts, processes), so that whatever it cuts, mounts or
//! leaves behind ends with it; for others, what needs root is not run, and says so.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a scenario fails by panicking, with the reason"
)]

mod client;
mod clocks;
mod cuts;
mod folders;
mod islands;
mod net;
mod own;
mod pauses;
mod power;
mod presence;
mod recorder;
mod report;
mod restart;
mod run;
mod syncs;
mod twins;

use std::{panic, process::ExitCode, time::Instant};

use self::{
    report::{Outcome, Report},
    run::{Depth, Run},
};

/// A scenario of the registry.
struct Scenario {
    name: &'static str,
    what: &'static str,
    run: fn(&mut Run),
}

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "restart",
        what: "every subset killed, restarted in every order",
        run: restart::run,
    },
    Scenario {
        name: "cuts",
        what: "partitions, one-way cuts, nodes clogged and freed in another order",
        run: cuts::run,
    },
    Scenario {
        name: "presence",
        what: "peers whose packets vanish are missed, and are back, within 10 s",
        run: presence::run,
    },
    Scenario {
        name: "pauses",
        what: "processes that stand still",
        run: pauses::run,
    },
    Scenario {
        name: "clocks",
        what: "one clock steps by 5 s and by 1 h, either way",
        run: clocks::run,
    },
    Scenario {
        name: "power",
        what: "the power goes out for all at once, under load",
        run: power::run,
    },
    Scenario {
        name: "syncs",
        what: "a kill at every sync of a start and the heights after it",
        run: syncs::run,
    },
    Scenario {
        name: "folders",
        what: "every class of file flipped, cut, removed, old, another node's",
        run: folders::run,
    },
    Scenario {
        name: "twins",
        what: "two keys on two machines each fork the network",
        run: twins::run,
    },
];

/// What the command line says.
struct Asked {
    depth: Depth,
    only: Option<String>,
    seed: u64,
    report: Option<String>,
}

fn ask(arguments: &[String]) -> Result<Asked, String> {
    let mut asked = Asked {
        depth: Depth::Short,
        only: None,
        seed: 1,
        report: None,
    };
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or(format!("{word} what?"));
        match word.as_str() {
            "--brief" => asked.depth = Depth::Brief,
            "--short" => asked.depth = Depth::Short,
            "--long" => asked.depth = Depth::Long,
            "--only" => asked.only = Some(value()?),
            "--seed" => {
                asked.seed = value()?.parse().map_err(|_| "--seed takes a number")?;
            }
            "--report" => asked.report = Some(value()?),
            _ => return Err(format!("unknown: {word}")),
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|word| word == "--list") {
        for scenario in SCENARIOS {
            println!("{:10} {}", scenario.name, scenario.what);
        }
        return ExitCode::SUCCESS;
    }
    let asked = match ask(&arguments) {
        Ok(asked) => asked,
        Err(wrong) => {
            eprintln!(
                "{wrong}; chaos [--brief|--short|--long] [--only NAME] [--seed N] [--report FILE]"
            );
            return ExitCode::from(2);
        }
    };
    own::enter(&arguments);
    let chosen: Vec<&Scenario> = SCENARIOS
        .iter()
        .filter(|scenario| {
            asked
                .only
                .as_deref()
                .is_none_or(|only| only == scenario.name)
        })
        .collect();
    if chosen.is_empty() {
        eprintln!("no such scenario; see chaos --list");
        return ExitCode::from(2);
    }
    let mut report = Report::new(asked.depth, asked.seed);
    for scenario in chosen {
        report.add(play(scenario, &asked));
    }
    report.finish(asked.report.as_deref())
}

fn play(scenario: &Scenario, asked: &Asked) -> Outcome {
    eprintln!(
        "· {}: {} (seed {})",
        scenario.name, scenario.what, asked.seed
    );
    let mut run = Run::new(asked.depth, asked.seed);
    let since = Instant::now();
    let ended = panic::catch_unwind(panic::AssertUnwindSafe(|| (scenario.run)(&mut run)));
    let failure = ended.err().map(|cause| {
        let text = cause.downcast_ref::<String>().cloned();
        text.or_else(|| cause.downcast_ref::<&str>().map(ToString::to_string))
            .unwrap_or_else(|| "no reason given".to_owned())
    });
    if failure.is_some() {
        eprintln!(
            "  FAILED; the same again: chaos --{} --only {} --seed {}",
            asked.depth.word(),
            scenario.name,
            asked.seed
        );
    }
    Outcome {
        name: scenario.name,
        seconds: since.elapsed().as_secs_f64(),
        failure,
        run,
    }
}
