//! Holds a part of the load to a share of one core, evenly: turns are given each millisecond, as many as the
//! share pays for, so that whoever is measured beside it never meets a burst.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    sync::Semaphore,
    time::{MissedTickBehavior, interval},
};

use super::Tally;

/// How often turns are given.
const EVERY: Duration = Duration::from_millis(1);
/// What was not used is kept for so long, and then forfeited: a pause is not followed by a burst.
const KEPT: Duration = Duration::from_millis(4);

/// When a task of a part may take its next step, and where it is counted.
#[derive(Clone, Debug)]
pub(super) struct Pace {
    /// None where nothing is held.
    turns: Option<Arc<Semaphore>>,
    pub(super) tally: Arc<Tally>,
}

impl Pace {
    /// The pace of the calling thread's part, and what keeps it: for as long as the part presses, on its own
    /// thread, whose time is what is measured.
    pub(super) fn new(share: Option<f64>, tally: Arc<Tally>) -> (Self, impl Future<Output = ()>) {
        let turns = share.map(|_| Arc::new(Semaphore::new(0)));
        let pace = Self {
            turns: turns.clone(),
            tally,
        };
        let governor = async move {
            match (turns, share) {
                (Some(turns), Some(share)) => give(&turns, share).await,
                _ => std::future::pending().await,
            }
        };
        (pace, governor)
    }

    /// Waits for a turn, in the order of asking. A step is small: a connection, or some ten kilobytes.
    pub(super) async fn step(&self) {
        if let Some(turns) = &self.turns {
            turns.acquire().await.unwrap().forget();
        }
    }
}

/// Gives turns for ever.
async fn give(turns: &Semaphore, share: f64) {
    let most = share * KEPT.as_secs_f64();
    let mut clock = interval(EVERY);
    clock.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let (mut at, mut used) = (Instant::now(), thread_seconds());
    let (mut credit, mut count) = (0.0_f64, 1);
    loop {
        clock.tick().await;
        let (now, now_used) = (Instant::now(), thread_seconds());
        credit += share * (now - at).as_secs_f64() - (now_used - used);
        (at, used) = (now, now_used);
        // What a turn costs shows in what is left: more of them at a time, or fewer.
        if credit > most {
            count += 1;
        } else if credit < 0.0 {
            count = (count / 2).max(1);
        }
        credit = credit.min(most);
        if credit > 0.0 {
            turns.add_permits(count - turns.available_permits().min(count));
        }
    }
}

/// Seconds that this thread has been on a core, in steps of nanoseconds.
fn thread_seconds() -> f64 {
    let stat = fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    stat.split(' ').next().unwrap().parse::<f64>().unwrap() / 1e9
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    /// Two parts, whose steps cost ten times as much in one: each gets its share, and neither in bursts.
    #[test]
    fn each_part_takes_its_share_and_takes_it_evenly() {
        const SHARE: f64 = 0.1;
        const FOR: Duration = Duration::from_secs(3);
        let part = |cost: Duration| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .build()
                .unwrap();
            runtime.block_on(async {
                let (pace, governor) = Pace::new(Some(SHARE), Arc::default());
                let before = thread_seconds();
                let work = async {
                    let (begun, mut longest, mut burst) = (Instant::now(), 0.0_f64, 0.0);
                    let mut last = thread_seconds();
                    let mut window = Instant::now();
                    while begun.elapsed() < FOR {
                        pace.step().await;
                        let until = thread_seconds() + cost.as_secs_f64();
                        while thread_seconds() < until {}
                        let now = thread_seconds();
                        burst += now - last;
                        last = now;
                        if window.elapsed() > 10 * EVERY {
                            longest = longest.max(burst);
                            (burst, window) = (0.0, Instant::now());
                        }
                    }
                    (longest, begun.elapsed().as_secs_f64())
                };
                tokio::select! {
                    (longest, took) = work => ((thread_seconds() - before) / took, longest),
                    () = governor => unreachable!(),
                }
            })
        };
        let costs = [Duration::from_micros(20), Duration::from_micros(200)];
        let shares = thread::scope(|scope| {
            let parts = costs.map(|cost| scope.spawn(move || part(cost)));
            parts.map(|part| part.join().unwrap())
        });
        for (share, longest) in shares {
            println!("{share:.3} of a core, {:.2} ms at once", longest * 1e3);
            // A machine with other work on it may give less, and never more.
            assert!((0.3 * SHARE..1.2 * SHARE).contains(&share), "{share}");
            assert!(longest < 0.005, "{longest} s within ten milliseconds");
        }
    }
}
