//! Planning and contributing: what cannot be is refused before any key is made, and keys lie where they belong.

use std::{fs, os::unix::fs::PermissionsExt};

use protocol::{
    ceremony::{Contribution, FoundingPlan},
    name::{AgencyName, Origin},
};
use tests::{args, cluster::AGENCIES};

use super::{Desk, ORIGIN, assemble};
use crate::house::schemas::assert_shapes;

#[test]
fn a_plan_is_judged_before_it_is_written() {
    let desk = Desk::new();
    let plan = |more: &str| {
        let plan = format!("network plan --origin {ORIGIN} --out new.plan {more}");
        tests::command_line::split(&plan)
    };
    let four = "--agencies adliya,kadastr,qurilish,soliq";
    for (more, says) in [
        (
            "--agencies a,b,c".to_owned(),
            "3 agencies; a network has 4 to 22",
        ),
        ("--agencies a,b,c,a".to_owned(), "named twice"),
        ("--agencies a,b,c,All".to_owned(), "agency"),
        (
            format!("{four} --recovery-threshold 2"),
            "2 recovery keys are not between 3 and all 4",
        ),
        (
            format!("{four} --recovery-threshold 5"),
            "5 recovery keys are not between 3 and all 4",
        ),
        (
            format!("{four} --publishers adliya"),
            "1 publisher is named; 2 are needed",
        ),
        (
            format!("{four} --publishers adliya,adliya"),
            "none of the agencies, or named twice",
        ),
        (
            format!("{four} --publishers adliya,iiv"),
            "--publishers names iiv",
        ),
    ] {
        let refused = desk.run(&plan(&more)).expect(2);
        assert!(refused.stderr.contains(says), "{says}: {refused:?}");
    }
    let origin = args!("network plan --origin nowhere {four}");
    let _origin = desk.run(&origin).expect(2);
    assert!(!desk.path("new.plan").exists() && !desk.path("founding.plan2").exists());
    let made = plan(&format!("--json {four} --publishers soliq,adliya"));
    let made = desk.run(&made).expect(0).json();
    assert_eq!(made["publishers"], serde_json::json!(["soliq", "adliya"]));
    let read = FoundingPlan::parse(desk.read("new.plan").as_bytes()).unwrap();
    assert_eq!(made["sha256"], read.hash().to_hex());
    let _kept = desk.refused(&plan(four), 1, &["new.plan"]);
}

#[test]
fn a_contribution_is_judged_before_any_key_is_made() {
    let desk = Desk::new();
    let request = |name: &str, holder: &str, origin: &str| {
        let key = args!("key new {name}.key --holder {holder} --plain --request {origin}");
        let _made = desk.run(&key).expect(0);
    };
    request("aziza", "soliq/aziza", ORIGIN);
    request("other", "adliya/lola", ORIGIN);
    request("foreign", "soliq/bobur", "registry.example.uz/other/1");
    let begun = |more: &str| {
        let line = format!(
            "network contribute founding.plan --dir node --offline usb --out new.contribution {more}"
        );
        tests::command_line::split(&line)
    };
    let soliq = "--agency soliq --url https://soliq.example/ --p2p soliq.example:7480";
    for (more, code, says) in [
        (
            "--agency iiv --url http://x/ --p2p x:1".to_owned(),
            3,
            "the plan does not name iiv",
        ),
        (
            "--agency Soliq --url http://x/ --p2p x:1".to_owned(),
            2,
            "small letters",
        ),
        (
            "--agency soliq --url soliq.example --p2p x:1".to_owned(),
            2,
            "--url is no address",
        ),
        (
            "--agency soliq --url http://x/ --p2p soliq.example".to_owned(),
            2,
            "--p2p is no host and port",
        ),
        (
            "--agency soliq --url http://x/ --p2p x:0".to_owned(),
            2,
            "--p2p is no host and port",
        ),
        (
            format!("{soliq} --registries permits"),
            2,
            "the agency's own",
        ),
        (
            format!("{soliq} --registries adliya.permits"),
            2,
            "as soliq.permits",
        ),
        (
            format!("{soliq} --registries soliq.a,soliq.a"),
            2,
            "names soliq.a twice",
        ),
        (
            format!("{soliq} --registries soliq.a --capitals soliq.b"),
            2,
            "none of --registries",
        ),
        (
            format!("{soliq} --clerk aziza.request"),
            2,
            "soliq/aziza cannot be contributed here",
        ),
        (
            format!("{soliq} --registries soliq.a --clerk other.request"),
            2,
            "adliya/lola",
        ),
        (
            format!("{soliq} --registries soliq.a --clerk foreign.request"),
            3,
            "not for registry.example.uz/founding/1",
        ),
        (
            format!("{soliq} --registries soliq.a --clerk aziza.request --clerk aziza.request"),
            2,
            "once",
        ),
        (
            format!("{soliq} --registries soliq.a --clerk aziza.key"),
            3,
            "not a clerk's request",
        ),
    ] {
        let _refused = desk.refused(&begun(&more), code, &[says]);
    }
    let spoilt = desk
        .read("aziza.request")
        .replacen("clerk soliq/aziza", "clerk soliq/malika", 1);
    desk.write("spoilt.request", &spoilt);
    let more = format!("{soliq} --registries soliq.a --clerk spoilt.request");
    let _spoilt = desk.refused(
        &begun(&more),
        3,
        &[
            "spoilt.request: the key of soliq/malika",
            "muhr key new --request",
        ],
    );
    // Without a terminal and without a file there is nobody to ask for the passphrase, and no half of a node is left.
    let nobody = desk.run(&begun(soliq)).expect(2);
    assert!(nobody.stderr.contains("--passphrase-file"), "{nobody:?}");
    assert!(
        fs::read_dir(desk.path("node/keys"))
            .unwrap()
            .next()
            .is_none()
    );
    assert!(!desk.path("new.contribution").exists());
    // Request of what is no clerk's.
    let _purpose = desk
        .run(&args!(
            "key new x.key --holder soliq --purpose admin --plain --request {ORIGIN}"
        ))
        .expect(2);
    assert!(!desk.path("x.key").exists());
}

/// One real contribution, with all that it leaves behind; the documents of all steps are of their schemas.
#[test]
fn a_contribution_leaves_keys_where_they_belong_and_the_documents_are_reviewed() {
    let desk = Desk::new();
    desk.write("words", "olma anor uzum behi\n");
    let private = fs::Permissions::from_mode(0o600);
    fs::set_permissions(desk.path("words"), private).unwrap();
    let key = args!("--json key new aziza.key --holder adliya/aziza --plain --request {ORIGIN}");
    let key = desk.run(&key).expect(0).json();
    assert_eq!(key["request"], "aziza.request");
    let contribute = args!(
        "--json network contribute founding.plan --agency adliya --url https://adliya.example/ --p2p adliya.example:7480 --registries adliya.permits,adliya.acts --capitals adliya.acts --clerk aziza.request --dir node --offline usb --passphrase-file words --publisher-passphrase-file words --out adliya.new"
    );
    let made = desk.run(&contribute).expect(0).json();
    let mode = |name: &str| fs::metadata(desk.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("node/keys"), 0o700);
    for (name, is_plain) in [
        ("node/keys/peer.key", true),
        ("node/keys/vote.key", true),
        ("node/keys/cosign.key", true),
        ("node/keys/publisher.key", true),
        ("usb/admin.key", false),
        ("usb/recovery.key", false),
        ("publisher.key", false),
    ] {
        assert_eq!(mode(name), 0o600, "{name}");
        let begins = fs::read(desk.path(name))
            .unwrap()
            .starts_with(b"muhr-key/v1\n");
        assert_eq!(begins, is_plain, "{name}");
    }
    let _again = desk.refused(&contribute[1..], 1, &["adliya.new"]);
    let read = Contribution::parse(desk.read("adliya.new").as_bytes()).unwrap();
    let [acts, permits] = &read.statement.registries[..] else {
        panic!("{read:?}");
    };
    assert!(acts.write().ends_with(" capitals\n") && permits.write().ends_with(" owner adliya\n"));
    assert_eq!(read.statement.clerks.len(), 1);
    let (year, cosigner) = (&desk.plan.time, &read.statement.agency.cosigner);
    let year = messages::time::iso(year.get());
    assert_eq!(*cosigner, format!("{ORIGIN}/adliya/{}", &year[..4]));
    fs::rename(desk.path("adliya.new"), desk.path("adliya.contribution")).unwrap();
    let plan = args!("--json network plan --origin {ORIGIN} --agencies a,b,c,d --out other.plan");
    let assemble = [args!("--json"), assemble(&AGENCIES)].concat();
    let review =
        args!("--json network review genesis --mine adliya.contribution --plan founding.plan");
    let documents: Vec<_> = [plan, assemble, review]
        .map(|step| desk.run(&step).expect(0).json())
        .into();
    let words = documents[1]["words"].as_str().unwrap();
    let accept = args!(
        "--json network accept genesis --words '{words}' --mine adliya.contribution --key usb/admin.key --passphrase-file words"
    );
    let accepted = desk.run(&accept).expect(0).json();
    let said = desk
        .run(&args!("network review genesis --mine adliya.contribution"))
        .expect(0);
    for word in [
        words,
        "soliq  https://soliq.example/",
        "registry adliya.acts, in capitals",
        "clerk adliya/aziza",
        "4 agencies: 3 must agree, 1 may be away",
        "the lines of adliya stand as they were contributed",
    ] {
        assert!(said.stdout.contains(word), "{word}: {said:?}");
    }
    // The publisher's key for the others opens with the passphrase that they are told.
    let plain = args!("--json key plain publisher.key --out taken.key --passphrase-file words");
    let taken = desk.run(&plain).expect(0).json();
    assert_eq!(taken["encrypted"], false);
    assert_eq!(desk.read("taken.key"), desk.read("node/keys/publisher.key"));
    assert_eq!(mode("taken.key"), 0o600);
    let _kept = desk.refused(&plain[1..], 1, &["taken.key"]);
    let all = [&documents[..], &[made, accepted, key, taken]].concat();
    assert_shapes("founding", &all);
    let agency = AgencyName::parse("adliya").unwrap();
    assert_eq!(*read.agency(), agency);
    assert!(
        read.check_signature(&Origin::parse(ORIGIN).unwrap())
            .is_ok()
    );
}
