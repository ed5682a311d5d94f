//! What `docs/auditors.md` says to users of other people's tools: a web server in front of a mirror.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use protocol::policy::TrustPolicy;
use tests::{
    args,
    cluster::{Cluster, muhr, wait_until},
    require::require,
};

/// The one block of the page that is for nginx.
fn configuration() -> String {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../docs/auditors.md");
    let page = fs::read_to_string(page).unwrap();
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
