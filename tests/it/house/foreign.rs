//! What `docs/auditors.md` says to users of other people's tools: a web server in front of a mirror, readers of
//! tlog-proofs, and the log's key alone.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use protocol::{hash::sha256, policy::TrustPolicy, text::base64_array};
use tests::{
    args,
    cluster::{Cluster, muhr, wait_until},
    require::require,
};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn page() -> String {
    fs::read_to_string(root().join("docs/auditors.md")).unwrap()
}

/// The one block of the page that is for nginx.
fn configuration() -> String {
    let page = page();
    let (_, block) = page.split_once("```nginx\n").unwrap();
    block.split("```").next().unwrap().to_owned()
}

struct Nginx {
    child: Child,
    url: String,
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // SIGTERM would leave the worker to end by itself; the master of this test has none.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// nginx with the page's block, on a free port and over this folder, in one process without root's rights.
fn serve(nginx: &Path, work: &Path, mirror: &Path) -> Nginx {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let block = configuration();
    assert!(block.contains("listen 8080;") && block.contains("root /srv/mirror;"));
    let block = block
        .replacen("listen 8080;", &format!("listen {address};"), 1)
        .replacen(
            "root /srv/mirror;",
            &format!("root {};", mirror.display()),
            1,
        );
    let work = work.display();
    // As Debian ships it, where it matters: types by ending, and binary for what has none.
    let whole = format!(
        "daemon off;\nmaster_process off;\npid {work}/pid;\nerror_log {work}/error.log;\nevents {{ }}\nhttp {{\n\
         include /etc/nginx/mime.types;\ndefault_type application/octet-stream;\naccess_log off;\n\
         client_body_temp_path {work}/body;\nproxy_temp_path {work}/proxy;\nfastcgi_temp_path {work}/fastcgi;\n\
         uwsgi_temp_path {work}/uwsgi;\nscgi_temp_path {work}/scgi;\n{block}}}\n"
    );
    let file = PathBuf::from(work.to_string()).join("nginx.conf");
    fs::write(&file, whole).unwrap();
    let child = Command::new(nginx)
        .arg("-c")
        .arg(&file)
        .arg("-p")
        .arg(file.parent().unwrap())
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let nginx = Nginx {
        child,
        url: format!("http://{address}"),
    };
    wait_until("nginx serves the mirror", || {
        ureq::get(format!("{}/checkpoint", nginx.url))
            .call()
            .is_ok()
    });
    nginx
}

#[test]
fn a_mirror_behind_nginx_is_served_as_other_peoples_tools_ask() {
    let Some(nginx) = require("nginx") else {
        return;
    };
    let cluster = Cluster::start(0);
    let document = cluster.document("permit.pdf", "%PDF-1.4 a permit\n%%EOF\n");
    let command = args!("anchor {document} --registry qurilish.permits --record N-1");
    let _done = cluster.clerk("qurilish", &command).expect(0);
    let mirror = cluster.path().join("mirror");
    let (trust, dir) = (cluster.trust(), mirror.to_str().unwrap());
    let trust = trust.to_str().unwrap();
    let from = cluster.url("kadastr");
    let _copied = muhr(&["log", "mirror", &from, dir, "--trust", trust]).expect(0);
    let work = cluster.path().join("nginx");
    fs::create_dir(&work).unwrap();
    let served = serve(&nginx, &work, &mirror);

    let get = |path: &str| {
        let asked = ureq::get(format!("{}/{path}", served.url));
        let answer = asked.config().http_status_as_error(false).build().call();
        let answer = answer.unwrap();
        let header = |name: &str| {
            let value = answer.headers().get(name)?;
            Some(value.to_str().unwrap().to_owned())
        };
        let shown = (
            header("content-type"),
            header("cache-control"),
            header("access-control-allow-origin"),
        );
        (answer.status().as_u16(), shown)
    };
    let (status, (kind, cache, origin)) = get("checkpoint");
    assert_eq!(
        (status, kind.as_deref()),
        (200, Some("text/plain; charset=utf-8"))
    );
    assert_eq!(
        (cache.as_deref(), origin.as_deref()),
        (Some("no-cache"), Some("*"))
    );
    for path in ["tile/0/000.p/4", "tile/entries/000.p/4"] {
        assert!(mirror.join(path).is_file(), "{path}");
        let (status, (kind, cache, origin)) = get(path);
        assert_eq!(
            (status, kind.as_deref()),
            (200, Some("application/octet-stream")),
            "{path}"
        );
        assert!(
            cache.unwrap().contains("immutable") && origin.as_deref() == Some("*"),
            "{path}"
        );
    }
    assert_eq!(get("nosuch").0, 404);

    // What is served so is a log: it can be audited and copied on.
    let _audited = muhr(&["audit", &served.url, "--trust", trust]).expect(0);
    let second = cluster.path().join("second");
    let second = second.to_str().unwrap();
    let _copied = muhr(&["log", "mirror", &served.url, second, "--trust", trust]).expect(0);
}

/// What the page warns of: a reader that knows the log's own key alone takes what the publisher's thief
/// signs; one that counts cosignatures does not.
#[test]
fn whoever_knows_only_the_logs_key_takes_a_forgery_of_the_publisher() {
    let genesis = tests::world::genesis();
    let publisher = tests::world::secret("publisher");
    let body = protocol::checkpoint::Checkpoint {
        origin: genesis.origin.clone(),
        size: protocol::height::LogSize::new(1_000_000),
        root: protocol::hash::RootHash::new([7; 32]),
    };
    let body = body.write();
    let log = protocol::cosignature::Cosigner::log(genesis.origin.to_string(), publisher.public());
    let forged = format!("{body}\n{}", log.log_line(&publisher.sign(body.as_bytes())));
    let forged = protocol::note::SignedNote::parse(&forged).unwrap();
    let whole = genesis.trust_file();
    let line = whole.lines().find(|line| line.starts_with("log ")).unwrap();
    let alone = TrustPolicy::parse(format!("{line}\nquorum none\n").as_bytes()).unwrap();
    assert!(alone.evaluate(&forged).unwrap().quorum);
    let trust = TrustPolicy::parse(whole.as_bytes()).unwrap();
    assert!(!trust.evaluate(&forged).unwrap().quorum);
}

/// Root of a tree of `size` leaves with this one at `index`, by RFC 9162 section 2.1.3.2 word for word.
fn root_above(leaf: &[u8], index: u64, size: u64, path: &[[u8; 32]]) -> Option<[u8; 32]> {
    let mut hash = sha256(&[&[0], leaf]);
    let (mut at, mut last) = (index, size.checked_sub(1)?);
    for other in path {
        if last == 0 {
            return None;
        }
        if at % 2 == 1 || at == last {
            hash = sha256(&[&[1], other, &hash]);
            while at % 2 == 0 && at != 0 {
                (at, last) = (at / 2, last / 2);
            }
        } else {
            hash = sha256(&[&[1], &hash, other]);
        }
        (at, last) = (at / 2, last / 2);
    }
    (last == 0).then_some(hash)
}

/// Whether a tlog-proof, read by its specification alone, leads from a leaf to the root of its checkpoint.
fn holds(proof: &str, leaf: &[u8]) -> bool {
    let (head, note) = proof.split_once("\n\n").unwrap();
    let mut lines = head.lines();
    assert_eq!(lines.next(), Some("c2sp.org/tlog-proof@v1"));
    let index = lines.next().unwrap().strip_prefix("index ").unwrap();
    let path: Vec<[u8; 32]> = lines.map(|line| base64_array(line).unwrap()).collect();
    let mut checkpoint = note.lines().skip(1);
    let size = checkpoint.next().unwrap().parse().unwrap();
    let root: [u8; 32] = base64_array(checkpoint.next().unwrap()).unwrap();
    assert_eq!(checkpoint.next(), Some(""), "a checkpoint of three lines");
    root_above(leaf, index.parse().unwrap(), size, &path) == Some(root)
}

#[test]
fn a_receipt_is_a_tlog_proof_and_its_leaf_where_the_page_says() {
    let page = page();
    let mut rows = page.lines();
    let row = rows.find(|line| line.starts_with("| a tlog-proof reader |"));
    let cut = row.unwrap().split('`').nth(1).unwrap();
    assert!(cut.ends_with(" RECEIPT"), "{cut}");
    let cut = cut.replace("RECEIPT", "\"$0\"");
    let mut seen = 0;
    for file in fs::read_dir(root().join("corpus/golden/1")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|found| found != "receipt") {
            continue;
        }
        let name = path.display();
        let proof = Command::new("sh").args(["-c", &cut]).arg(&path).output();
        let proof = String::from_utf8(proof.unwrap().stdout).unwrap();
        let receipt = fs::read_to_string(&path).unwrap();
        let (_, leaf) = receipt.split_once("\n--- entry\n").unwrap();
        let leaf = &leaf[..=leaf.find("\n--- ").unwrap()];
        assert!(holds(&proof, leaf.as_bytes()), "{name}");
        assert!(!holds(&proof, format!("{leaf}x").as_bytes()), "{name}");
        seen += 1;
    }
    assert!(seen > 5, "{seen} receipts");
}
