//! Three nodes of etcd, as Debian ships it, with its defaults: every put is synced by a majority.

use std::{path::PathBuf, process::Command};

use tests::cluster::wait_until;

use super::server::{self, Servers};

fn etcd() -> PathBuf {
    server::program(
        "etcd",
        &["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(PathBuf::from),
    )
}

/// Its version, as it says itself.
pub(super) fn version() -> String {
    server::version(&etcd())
}

/// Starts three nodes, and waits until each says that it is healthy.
pub(super) fn start() -> Servers {
    let ports: [u16; 6] = server::ports();
    let (peers, clients) = ports.split_at(3);
    let url = |port: &u16| format!("http://127.0.0.1:{port}");
    let members: Vec<String> = (1..)
        .zip(peers)
        .map(|(number, port)| format!("node-{number}={}", url(port)))
        .collect();
    let addresses: Vec<String> = clients.iter().map(url).collect();
    let mut servers = Servers {
        system: "etcd",
        addresses: addresses.join(","),
        running: Vec::new(),
        folder: tempfile::tempdir().unwrap(),
    };
    for (number, (peer, client)) in (1..).zip(peers.iter().zip(&addresses)) {
        let name = format!("node-{number}");
        let mut command = Command::new(etcd());
        command
            .arg("--data-dir")
            .arg(servers.folder.path().join(&name));
        for (option, value) in [
            ("--name", name.as_str()),
            ("--listen-peer-urls", &url(peer)),
            ("--initial-advertise-peer-urls", &url(peer)),
            ("--listen-client-urls", client),
            ("--advertise-client-urls", client),
            ("--initial-cluster", &members.join(",")),
            ("--initial-cluster-state", "new"),
            ("--logger", "zap"),
            ("--log-level", "warn"),
        ] {
            command.args([option, value]);
        }
        servers.start(&name, &mut command);
    }
    for address in &addresses {
        wait_until("etcd is healthy", || {
            let answer = ureq::get(format!("{address}/health")).call();
            let body = answer
                .ok()
                .and_then(|mut answer| answer.body_mut().read_to_string().ok());
            body.is_some_and(|body| body.contains("\"true\""))
        });
    }
    servers
}
