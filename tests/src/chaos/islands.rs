//! Each node on an island: a network namespace with an address of its own, all joined by one bridge.
//!
//! What a node hears from another can be cut off, one way or both, while it runs.

use std::fs;

use tests::cluster::{AGENCIES, Cluster};

use super::{
    net::Net,
    own::{self, quiet, word},
    run::Run,
};

const BRIDGE: &str = "muhr0";
/// What islands need besides root.
pub(crate) const TOOLS: [&str; 2] = ["ip", "nft"];

fn address(name: &str) -> String {
    let at = AGENCIES.iter().position(|agency| *agency == name).unwrap();
    format!("10.77.0.{}", at + 1)
}

/// Runs a command on the island of a node.
fn on(name: &str, words: &[&str]) {
    quiet("ip", &[&["netns", "exec", name][..], words].concat());
}

/// A network whose validators are on islands. None if this machine cannot have them.
pub(crate) fn start(run: &mut Run) -> Option<Net> {
    if let Some(why) = own::lacks(&TOOLS) {
        run.skip(&why);
        return None;
    }
    if !may_build() {
        run.skip("network namespaces, bridges or nftables cannot be had here");
        return None;
    }
    // A scenario before may have left its bridge.
    let _gone = own::works("ip", &["link", "del", BRIDGE]);
    quiet("ip", &["link", "add", BRIDGE, "type", "bridge"]);
    quiet("ip", &["addr", "add", "10.77.0.254/24", "dev", BRIDGE]);
    quiet("ip", &["link", "set", BRIDGE, "up"]);
    let mut cluster = Cluster::create(1);
    for name in AGENCIES {
        build(name);
        cluster.run_under(name, &["ip", "netns", "exec", name]);
    }
    settle(&cluster);
    for name in AGENCIES {
        cluster.start_node(name);
    }
    Some(Net::over(cluster))
}

/// Whether this machine lets us have islands.
fn may_build() -> bool {
    let probe = "muhr-probe";
    let pair = [
        "link", "add", "muhr-p0", "type", "veth", "peer", "name", "muhr-p1",
    ];
    let built = own::works("ip", &["netns", "add", probe])
        && own::works(
            "ip",
            &["netns", "exec", probe, "nft", "add table inet muhr"],
        )
        && own::works("ip", &pair)
        && own::works("ip", &["link", "add", "muhr-b0", "type", "bridge"]);
    for gone in [
        ["netns", "del", probe],
        ["link", "del", "muhr-p0"],
        ["link", "del", "muhr-b0"],
    ] {
        let _gone = own::works("ip", &gone);
    }
    built
}

fn build(name: &str) {
    let (inner, outer) = ("eth0", format!("muhr-{name}"));
    let _gone = own::works("ip", &["netns", "del", name]);
    // A namespace ends behind our back, and its end of a pair with it: the other end is taken away here.
    let _gone = own::works("ip", &["link", "del", &outer]);
    quiet("ip", &["netns", "add", name]);
    let pair = ["link", "add", &outer, "type", "veth", "peer", "name", inner];
    quiet("ip", &[&pair[..], &["netns", name]].concat());
    quiet("ip", &["link", "set", &outer, "master", BRIDGE, "up"]);
    let with_mask = format!("{}/24", address(name));
    on(name, &["ip", "addr", "add", &with_mask, "dev", inner]);
    on(name, &["ip", "link", "set", inner, "up"]);
    on(name, &["ip", "link", "set", "lo", "up"]);
    on(name, &["nft", "add table inet muhr"]);
    let hook = "add chain inet muhr cut { type filter hook input priority 0 ; }";
    on(name, &["nft", hook]);
}

/// Writes the islands' addresses into every node's settings.
fn settle(cluster: &Cluster) {
    let setting = |name: &str, key: &str| cluster.setting(name, key);
    let moved: Vec<(String, String)> = AGENCIES
        .iter()
        .flat_map(|name| ["p2p", "http"].map(|key| (setting(name, key), address(name))))
        .map(|(old, address)| {
            let port = old.rsplit(':').next().unwrap().to_owned();
            (format!("\"{old}\""), format!("\"{address}:{port}\""))
        })
        .collect();
    for name in AGENCIES {
        let path = cluster.dir(name).join("node.toml");
        let mut text = fs::read_to_string(&path).unwrap();
        for (old, new) in &moved {
            text = text.replace(old, new);
        }
        fs::write(word(&path), text).unwrap();
    }
}

/// From now on `hearer` gets nothing from `speaker`.
pub(crate) fn deafen(hearer: &str, speaker: &str) {
    let rule = format!("add rule inet muhr cut ip saddr {} drop", address(speaker));
    on(hearer, &["nft", &rule]);
}

/// Nothing passes between the nodes of `here` and those of `there`.
pub(crate) fn cut(here: &[&str], there: &[&str]) {
    for one in here {
        for other in there {
            deafen(one, other);
            deafen(other, one);
        }
    }
}

/// A node hears everybody again.
pub(crate) fn heal(name: &str) {
    on(name, &["nft", "flush chain inet muhr cut"]);
}

/// Everybody hears everybody again.
pub(crate) fn heal_all() {
    for name in AGENCIES {
        heal(name);
    }
}
