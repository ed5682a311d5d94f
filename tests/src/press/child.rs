//! The load, and the server beside the network, as processes of their own: started by whoever measures,
//! ended by the end of their input.

use std::{
    fs,
    io::{Read, Write},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
};

use protocol::key::SecretKey;
use serde::{Deserialize, Serialize};
use tokio::{net::TcpListener, runtime::Builder, sync::watch};

use super::{Spec, Standing, Tally, press};
use crate::hostile::{Hostile, peer_id};

/// What a process is told.
#[derive(Debug, Serialize, Deserialize)]
pub enum Task {
    /// Press.
    Press(Spec),
    /// Stand beside the network: so many HTTP ports with these answers, and as many peers that forget
    /// what they are sent.
    Stand(Standing, usize),
}

/// Where a server beside the network listens.
#[derive(Debug, Serialize, Deserialize)]
pub struct Stands {
    /// Its HTTP ports.
    pub http: Vec<SocketAddr>,
    /// Its peers and their ids.
    pub peers: Vec<(SocketAddr, String)>,
}

/// A process that was started.
#[derive(Debug)]
pub struct Running(Child);

impl Task {
    /// Starts `program` with this task, which is written to `path`.
    #[must_use]
    pub fn start(&self, program: &Path, path: &Path) -> Running {
        fs::write(path, serde_json::to_vec(self).unwrap()).unwrap();
        let child = Command::new(program)
            .arg("--task")
            .arg(path)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        Running(child.unwrap())
    }

    /// Does the task at `path` until the input ends.
    pub fn run(path: &Path) {
        let task = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (tell, stop) = watch::channel(false);
        drop(thread::spawn(move || {
            let _end = std::io::stdin().read_to_end(&mut Vec::new());
            tell.send_replace(true);
        }));
        match task {
            Self::Press(spec) => {
                let tally = Arc::new(Tally::default());
                press(&spec, &tally, &stop);
                print(&*tally);
            }
            Self::Stand(standing, count) => stand(&standing, count, stop),
        }
    }
}

fn print(what: &impl Serialize) {
    let mut out = std::io::stdout();
    writeln!(out, "{}", serde_json::to_string(what).unwrap()).unwrap();
    out.flush().unwrap();
}

fn stand(standing: &Standing, count: usize, mut stop: watch::Receiver<bool>) {
    let _most = node::descriptors::raise();
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let mut peers = Vec::new();
    let mut kept = Vec::new();
    for number in 0..count {
        let secret = SecretKey::from_seed(&[u8::try_from(number).unwrap() + 100; 32]);
        let free = std::net::TcpListener::bind(listen).unwrap();
        let address = free.local_addr().unwrap();
        drop(free);
        let hostile = Hostile::start(&secret, Some(address));
        hostile.swallow();
        peers.push((address, peer_id(&secret.public()).to_string()));
        kept.push(hostile);
    }
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut http = Vec::new();
        for _ in 0..count {
            let listener = TcpListener::bind(listen).await.unwrap();
            http.push(listener.local_addr().unwrap());
            drop(tokio::spawn(standing.clone().serve(listener)));
        }
        print(&Stands { http, peers });
        let _told = stop.wait_for(|stop| *stop).await;
    });
    drop(kept);
}

impl Running {
    /// Where it stands: the first line that it prints.
    #[must_use]
    pub fn stands(&mut self) -> Stands {
        let mut line = Vec::new();
        let out = self.0.stdout.as_mut().unwrap();
        let mut byte = [0];
        while out.read(&mut byte).unwrap() == 1 && byte != *b"\n" {
            line.push(byte[0]);
        }
        serde_json::from_slice(&line).unwrap()
    }

    /// Ends it, and says what it has printed since.
    #[must_use]
    pub fn end(mut self) -> String {
        drop(self.0.stdin.take());
        let mut said = String::new();
        self.0
            .stdout
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        said
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        let _ended = self.0.kill();
        let _ended = self.0.wait();
    }
}
