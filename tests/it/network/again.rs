//! A network that begins again under its old name: it has the name and the keys of the one before, and
//! takes nothing that was signed for it.

use std::fs;

use protocol::{
    act::{ActStatement, Decision},
    authentic::Submission,
    chain_id::NetworkId,
    entry::Operation,
    genesis::Genesis,
    height::{Height, TimeMs},
    key::SecretKey,
    keyfile::KeyFile,
    name::{AgencyName, ReasonCode},
    sign_state::blank_files,
};
use serde_json::Value;
use tests::{
    args,
    cluster::{AGENCIES, Cluster},
    world::statement,
};

fn secret(cluster: &Cluster, purpose: &str) -> (String, SecretKey) {
    let path = cluster.dir("qurilish").join(format!("keys/{purpose}.key"));
    let file = KeyFile::parse(&fs::read(path).unwrap()).unwrap();
    (file.holder, file.secret)
}

/// The genesis of the network, made a second later: another chain id, and everything else as before.
fn begin_again(cluster: &Cluster) -> (NetworkId, NetworkId) {
    let net = cluster.path().join("net");
    let before = Genesis::parse(&fs::read(net.join("genesis")).unwrap()).unwrap();
    let again = Genesis {
        time: TimeMs::new(before.time.get() + 1000),
        ..before.clone()
    };
    let text = again.write();
    for folder in AGENCIES {
        let dir = cluster.dir(folder);
        fs::write(dir.join("genesis"), &text).unwrap();
        // What its keys have signed for the network that begins: nothing yet.
        let key = |purpose: &str| {
            let key = fs::read(dir.join(format!("keys/{purpose}.key"))).unwrap();
            KeyFile::parse(&key).unwrap().secret.public()
        };
        for (name, bytes) in blank_files(again.chain(), &key("vote"), &key("cosign")) {
            fs::write(dir.join("data").join(name), bytes).unwrap();
        }
    }
    fs::write(net.join("genesis"), &text).unwrap();
    fs::write(net.join("trust.policy"), again.trust_file()).unwrap();
    assert_eq!(before.origin, again.origin);
    (before.network_id(), again.network_id())
}

fn post(cluster: &Cluster, text: &str) -> (u16, Value) {
    let url = format!("{}/v1/entries", cluster.url("kadastr"));
    let request = ureq::post(url).config().http_status_as_error(false).build();
    let mut response = request.send(text.as_bytes()).unwrap();
    let body = response.body_mut().read_to_string().unwrap();
    (
        response.status().as_u16(),
        serde_json::from_str(&body).unwrap_or_default(),
    )
}

#[test]
fn a_network_begun_again_takes_nothing_of_the_one_before() {
    let mut cluster = Cluster::create(0);
    let (before, again) = begin_again(&cluster);
    cluster.start_all();
    let (_, clerk) = secret(&cluster, "clerk");
    let (agency, admin) = secret(&cluster, "admin");
    let entry = |network: &NetworkId| {
        let said = statement("qurilish", "AGAIN-1", Operation::Register, None);
        said.sign(network, &clerk).write()
    };
    let act = |network: &NetworkId| {
        let said = ActStatement {
            decision: Decision::RevokeClerk {
                clerk: protocol::name::ClerkName::parse("qurilish/clerk-1").unwrap(),
                reason: ReasonCode::parse("D01").unwrap(),
                compromised: None,
            },
            author: AgencyName::parse(&agency).unwrap(),
            expires: Height::new(1000),
        };
        said.sign(network, &admin).write()
    };
    let batch = |network: &NetworkId| {
        let all =
            ["AGAIN-2", "AGAIN-3"].map(|id| statement("qurilish", id, Operation::Register, None));
        protocol::batch::WholeBatch::sign(all.into(), network, &clerk)
            .unwrap()
            .write()
    };
    for text in [entry(&before), batch(&before), act(&before)] {
        assert!(Submission::parse(text.as_bytes()).is_ok());
        let (status, problem) = post(&cluster, &text);
        assert_eq!(
            (status, problem["code"].as_str()),
            (403, Some("bad-signature")),
            "{problem}"
        );
    }
    for text in [entry(&again), batch(&again), act(&again)] {
        let (status, answer) = post(&cluster, &text);
        assert!(matches!(status, 200 | 202), "{status} {answer}");
    }
}

/// A desk signs nothing for a network whose node is one of another: not even of the same name.
#[test]
fn a_desk_refuses_a_node_of_another_network_of_the_same_name() {
    let (mine, other) = (Cluster::start(0), Cluster::start(0));
    let document = mine.document("A-1.txt", "one");
    let node = other.url("qurilish");
    let ran = |arguments: &[String]| {
        let mut command = mine.clerk_command("qurilish", "qurilish", arguments);
        command.env("MUHR_NODE", &node);
        tests::cluster::Ran::from(command.output().unwrap())
    };
    let anchor = args!("anchor {document} --registry qurilish.permits --record A-1");
    let refused = ran(&anchor).expect(15);
    assert!(
        refused.stderr.contains("another network of the name"),
        "{refused:?}"
    );
    assert!(!mine.path().join("A-1.txt.receipt.pending").exists());
}
