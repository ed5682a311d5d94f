//! Which seeds a search tries, how a failing one is repeated, and where a long search leaves its
//! figures. `MUHR_SEEDS` makes a search longer, `MUHR_SEED` repeats one seed, and `MUHR_RELIABILITY`
//! names the folder of the figures (`make nightly`).

use std::{fmt::Write, ops::Range, path::Path};

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// The seeds of a search that tries `default` of them if nobody asks for more.
pub(super) fn seeds(default: u64) -> Range<u64> {
    match number("MUHR_SEED") {
        Some(seed) => seed..seed.saturating_add(1),
        None => 0..number("MUHR_SEEDS").unwrap_or(default),
    }
}

/// Runs `one` for each seed and says how to repeat the one that fails.
pub(super) fn each_seed(name: &str, default: u64, mut one: impl FnMut(u64)) {
    for seed in seeds(default) {
        let run = std::panic::AssertUnwindSafe(|| one(seed));
        if let Err(cause) = std::panic::catch_unwind(run) {
            eprintln!("replay: MUHR_SEED={seed} cargo test -p consensus --release {name}");
            std::panic::resume_unwind(cause);
        }
    }
}

/// Leaves the figures of a search that found nothing: one line of JSON in a file of its own.
pub(super) fn leave_figures(lane: &str, figures: &[(&str, u64)]) {
    let Some(folder) = std::env::var_os("MUHR_RELIABILITY") else {
        return;
    };
    let mut line = format!("{{\"lane\":\"{lane}\",\"failures\":0");
    for (name, figure) in figures {
        let _infallible = write!(line, ",\"{name}\":{figure}");
    }
    line.push_str("}\n");
    let file = lane.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(Path::new(&folder).join(format!("{file}.json")), line).unwrap();
}
