//! Nodes behind `https://`: an authority of the agency's own, and every certificate that is not good, each
//! with a sentence that says the way out.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, KeyPair, date_time_ymd,
};
use rustls::{
    ServerConfig, ServerConnection, StreamOwned, crypto::ring, pki_types::PrivatePkcs8KeyDer,
};
use tempfile::TempDir;
use tests::cluster::{Cluster, Ran, binary};

/// An authority of nobody else's.
struct Authority {
    key: KeyPair,
    certificate: Certificate,
}

impl Authority {
    fn new() -> Self {
        Self::called("agency")
    }

    fn called(name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        Self { key, certificate }
    }

    /// How a server with a certificate for `name` answers; `change` makes it another.
    fn server(&self, name: &str, change: impl FnOnce(&mut CertificateParams)) -> ServerConfig {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut params);
        let certificate = params
            .signed_by(&key, &self.certificate, &self.key)
            .unwrap();
        let secret = PrivatePkcs8KeyDer::from(key.serialize_der());
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], secret.into())
            .unwrap()
    }
}

/// Ends TLS before a node, as a proxy does; gives the port. Its threads end with the process.
fn proxy(config: ServerConfig, upstream: &str) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (config, upstream) = (
        Arc::new(config),
        upstream.trim_start_matches("http://").to_owned(),
    );
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (config, upstream) = (Arc::clone(&config), upstream.clone());
            thread::spawn(move || pass(stream, config, &upstream));
        }
    });
    port
}

/// One request and its answer; ends where either side hangs up.
fn pass(stream: TcpStream, config: Arc<ServerConfig>, upstream: &str) -> Option<()> {
    let connection = ServerConnection::new(config).ok()?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut asked = Vec::new();
    let mut length = 0;
    {
        let mut reader = BufReader::with_capacity(1, &mut stream);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).ok()?;
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
            let is_end = line == "\r\n";
            if is_end {
                asked.extend_from_slice(b"connection: close\r\n");
            }
            asked.extend_from_slice(line.as_bytes());
            if is_end || line.is_empty() {
                break;
            }
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).ok()?;
    let mut node = TcpStream::connect(upstream).ok()?;
    node.write_all(&asked).ok()?;
    node.write_all(&body).ok()?;
    let mut answer = Vec::new();
    node.read_to_end(&mut answer).ok()?;
    stream.write_all(&answer).ok()?;
    stream.conn.send_close_notify();
    stream.flush().ok()
}

fn written(folder: &TempDir, authority: &Authority) -> PathBuf {
    let path = folder.path().join("authority.pem");
    fs::write(&path, authority.certificate.pem()).unwrap();
    path
}

/// `muhr network status` of a node, with nothing but this in the environment.
fn status(url: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Ran {
    Command::new(binary("muhr"))
        .args(["network", "status", "--node", url])
        .args(arguments)
        .env_clear()
        // No root of this machine's.
        .env("SSL_CERT_FILE", "/dev/null")
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap()
        .into()
}

#[test]
fn a_node_behind_an_authority_of_the_agencys_own_is_reached() {
    let cluster = Cluster::start(0);
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let pem = written(&folder, &authority);
    let pem = pem.to_str().unwrap();
    let port = proxy(
        authority.server("localhost", |_| {}),
        &cluster.url("qurilish"),
    );
    let url = format!("https://localhost:{port}");
    let _by_option = status(&url, &["--ca", pem], &[]).expect(0);
    let _by_variable = status(&url, &[], &[("MUHR_CA", pem)]).expect(0);
    let _by_this_machine = status(&url, &[], &[("SSL_CERT_FILE", pem)]).expect(0);
    cluster.document("a.pdf", "behind TLS");
    let run = |arguments: &[&str]| -> Ran {
        let mut command = cluster.clerk_command("qurilish", "qurilish", arguments);
        command.env("MUHR_NODE", &url).env("MUHR_CA", pem);
        command.output().unwrap().into()
    };
    let permits = ["--registry", "qurilish.permits"];
    let _anchored =
        run(&[&["anchor", "a.pdf", "--record", "T-1"], &permits[..]].concat()).expect(0);
    let _known = run(&[&["history", "T-1"], &permits[..]].concat()).expect(0);
    let _audited = run(&["audit", &url]).expect(0);
    let by_address = authority.server("127.0.0.1", |_| {});
    let port = proxy(by_address, &cluster.url("qurilish"));
    let url = format!("https://127.0.0.1:{port}");
    let _by_address = status(&url, &["--ca", pem], &[]).expect(0);
}

#[test]
fn a_certificate_that_is_not_good_is_named_with_the_way_out() {
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let pem = written(&folder, &authority);
    let pem = pem.to_str().unwrap();
    let nobody = "http://127.0.0.1:9";
    let expired = |params: &mut CertificateParams| params.not_after = date_time_ymd(2020, 1, 1);
    let early = |params: &mut CertificateParams| params.not_before = date_time_ymd(2900, 1, 1);
    let cases = [
        (
            "localhost",
            authority.server("other.example", |_| {}),
            "for another name",
            "by the name in its certificate",
        ),
        (
            "127.0.0.1",
            authority.server("localhost", |_| {}),
            "for another name",
            "by the name in its certificate",
        ),
        (
            "localhost",
            authority.server("localhost", expired),
            "has expired",
            "renew",
        ),
        (
            "localhost",
            authority.server("localhost", early),
            "not valid yet",
            "clock",
        ),
        (
            "localhost",
            Authority::called("stranger").server("localhost", |_| {}),
            "does not know",
            "--ca",
        ),
        (
            "localhost",
            Authority::new().server("localhost", |_| {}),
            "does not know",
            "--ca",
        ),
    ];
    for (host, server, what, help) in cases {
        let url = format!("https://{host}:{}", proxy(server, nobody));
        let ran = status(&url, &["--ca", pem], &[]).expect(5);
        assert!(ran.stderr.contains(what), "{what}: {ran:?}");
        assert!(ran.stderr.contains(help), "{help}: {ran:?}");
        // The next node is asked where one is not good.
        let good = proxy(authority.server("localhost", |_| {}), nobody);
        let both = format!("{url},https://localhost:{good}");
        let ran = status(&both, &["--ca", pem], &[]).expect(5);
        assert!(ran.stderr.contains(what), "{ran:?}");
    }
    let good = proxy(authority.server("localhost", |_| {}), nobody);
    let good = format!("https://localhost:{good}");
    let unknown = status(&good, &[], &[]).expect(3);
    assert!(unknown.stderr.contains("--ca"), "{unknown:?}");
    let spoilt = folder.path().join("spoilt.pem");
    for text in [
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        fs::write(&spoilt, text).unwrap();
        let ran = status(&good, &["--ca", spoilt.to_str().unwrap()], &[]).expect(3);
        assert!(ran.stderr.contains("spoilt.pem"), "{ran:?}");
    }
    let ran = status(&good, &["--ca", "no-such.pem"], &[]).expect(3);
    assert!(ran.stderr.contains("no-such.pem"), "{ran:?}");
}

#[test]
fn who_speaks_no_tls_is_named_and_nobody_is_followed_elsewhere() {
    let asked = Arc::new(AtomicUsize::new(0));
    let elsewhere = TcpListener::bind("127.0.0.1:0").unwrap();
    let there = elsewhere.local_addr().unwrap();
    let counted = Arc::clone(&asked);
    thread::spawn(move || {
        for _stream in elsewhere.incoming().flatten() {
            counted.fetch_add(1, Ordering::SeqCst);
        }
    });
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let here = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // Who hangs up on an unread question is not heard.
            let lines = BufReader::new(&stream).lines();
            let ends =
                |line: &std::io::Result<String>| line.as_ref().map_or(true, String::is_empty);
            let _asked = lines.take_while(|line| !ends(line)).count();
            let answer = format!(
                "HTTP/1.1 301 Gone\r\nlocation: http://{there}/v1/status\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _gone = stream.write_all(answer.as_bytes());
        }
    });
    let (authority, folder) = (Authority::new(), tempfile::tempdir().unwrap());
    let pem = written(&folder, &authority);
    let pem = pem.to_str().unwrap();
    let moved = status(&format!("http://{here}"), &[], &[]);
    assert!(moved.code != 0 && moved.stderr.contains("301"), "{moved:?}");
    let port = proxy(
        authority.server("localhost", |_| {}),
        &format!("http://{here}"),
    );
    let moved = status(&format!("https://localhost:{port}"), &["--ca", pem], &[]);
    assert!(moved.code != 0 && moved.stderr.contains("301"), "{moved:?}");
    let plain = status(&format!("https://{here}"), &["--ca", pem], &[]).expect(5);
    assert!(plain.stderr.contains("no TLS connection"), "{plain:?}");
    assert_eq!(
        asked.load(Ordering::SeqCst),
        0,
        "somebody was asked whom nobody has named"
    );
}
