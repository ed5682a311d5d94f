//! Peers that say nothing any more, not even that they are gone: their packets vanish, no reset comes.
//!
//! Every other node says within ten seconds who is missing: in its status, to whoever asks whether it
//! is ready, and in its metrics. Once packets come again, all are back within ten seconds.

use std::{thread, time::Duration};

use tests::cluster::AGENCIES;

use super::{
    islands,
    net::{Net, within},
    run::Run,
};

/// The promise.
const SAID_WITHIN: Duration = Duration::from_secs(10);
const BACK_WITHIN: Duration = Duration::from_secs(10);
/// Blocks are final everywhere again within this.
const BOUND: Duration = Duration::from_secs(40);

pub(crate) fn run(run: &mut Run) {
    let Some(mut net) = islands::start(run) else {
        return;
    };
    let (mut said, mut back) = (Duration::ZERO, Duration::ZERO);
    for number in 0..run.by_depth(1, 6, 100) {
        // Two of four without power; then one alone, which still runs and misses all others.
        let count = 2 - number % 2;
        let mut away = run.random.shuffled(&AGENCIES);
        away.truncate(count);
        away.sort_unstable();
        let rest: Vec<&str> = AGENCIES
            .into_iter()
            .filter(|name| !away.contains(name))
            .collect();
        for name in &away {
            let others: Vec<&str> = AGENCIES.into_iter().filter(|it| it != name).collect();
            islands::cut(&[name], &others);
        }
        run.fault("packets vanish");
        said = said.max(all_say(&net, &rest, &away));
        for name in &away {
            let others: Vec<&str> = AGENCIES.into_iter().filter(|it| it != name).collect();
            said = said.max(all_say(&net, &[name], &others));
        }
        // The cut lasts: whoever is away is dialled in vain meanwhile, less and less often.
        thread::sleep(Duration::from_secs(run.by_depth(5, 15, 40)));
        islands::heal_all();
        let reached = |name: &str| net.client(name).status().is_some_and(|it| it.reached == 4);
        back = back.max(within(BACK_WITHIN, "all reach one another again", || {
            AGENCIES.iter().all(|name| reached(name))
        }));
        net.block_within(BOUND, &AGENCIES);
        net.assert_audits(&AGENCIES);
        run.cycles += 1;
    }
    eprintln!("  said within {said:?}, back within {back:?}");
}

/// The nodes of `names` say that those of `missing` are, everywhere where it is said.
fn all_say(net: &Net, names: &[&str], missing: &[&str]) -> Duration {
    let what = format!("{names:?} say that {missing:?} are missing");
    within(SAID_WITHIN, &what, || {
        names.iter().all(|name| says(net, name, missing))
    })
}

fn says(net: &Net, name: &str, missing: &[&str]) -> bool {
    let client = net.client(name);
    let reached = AGENCIES.len() - missing.len();
    let Some(status) = client.status() else {
        return false;
    };
    let heard = |peer: &&api::PeerView| peer.reached && peer.heard_ms.is_some_and(|ms| ms < 8_000);
    let heard = status.peers.iter().filter(heard);
    let heard = heard.filter(|peer| AGENCIES.contains(&peer.name.as_str()));
    let status_says = status.missing == missing
        && status.reached == reached as u64
        && heard.count() + 1 == reached;
    let (code, ready) = client.get("/readyz").unwrap_or_default();
    let is_ready_enough = reached >= 3;
    let readyz_says = missing.iter().all(|name| ready.contains(name))
        && (code == 503) != is_ready_enough
        && ready.contains(&format!("and that vote: {reached},"));
    let metrics = client.get("/metrics").unwrap_or_default().1;
    let gauge = format!("muhr_validators_reached {reached}");
    let metrics_say = metrics.lines().any(|line| line == gauge);
    status_says && readyz_says && metrics_say
}
