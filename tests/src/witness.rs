//! A witness of the tree's own program, as a process on loopback. It ends with its value.

use std::{
    fs,
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use crate::{
    args,
    cluster::{Cluster, binary, muhr, wait_until},
};

/// How it is called in its key and in its lines.
pub const NAME: &str = "witness.example.org/1";

/// The process.
#[derive(Debug)]
pub struct Witness {
    child: Child,
    /// Where it listens.
    pub url: String,
}

impl Drop for Witness {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Makes the folder and the key of a witness beside a cluster; its verifier key.
#[must_use]
pub fn make(cluster: &Cluster) -> String {
    let folder = cluster.path().join("witness");
    fs::create_dir_all(&folder).unwrap();
    let key = folder.join("witness.key");
    let key = key.to_str().unwrap();
    let made = args!("--json key new {key} --holder {NAME} --purpose witness");
    let made = muhr(&made).expect(0).json();
    made["vkey"].as_str().unwrap().to_owned()
}

impl Witness {
    /// Starts the witness whose folder lies beside a cluster, and waits until it answers.
    #[must_use]
    pub fn start(cluster: &Cluster) -> Self {
        // The system names a free port; it stays free for the moment until the witness takes it.
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = free.local_addr().unwrap().to_string();
        drop(free);
        let child = Command::new(binary("muhr-node"))
            .arg("witness")
            .arg("--dir")
            .arg(cluster.path().join("witness"))
            .arg("--trust")
            .arg(cluster.trust())
            .args(["--http", &address])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let running = Self {
            child,
            url: format!("http://{address}"),
        };
        wait_until("the witness answers", || running.post("").is_some());
        running
    }

    /// What it answers to a request to cosign.
    #[must_use]
    pub fn post(&self, body: &str) -> Option<(u16, String)> {
        post(&self.url, body)
    }
}

/// What a witness answers to a request to cosign.
#[must_use]
pub fn post(url: &str, body: &str) -> Option<(u16, String)> {
    let sent = ureq::post(format!("{url}/add-checkpoint"))
        .config()
        .http_status_as_error(false)
        .build()
        .send(body);
    let mut response = sent.ok()?;
    let status = response.status().as_u16();
    Some((status, response.body_mut().read_to_string().unwrap()))
}
