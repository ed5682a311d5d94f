//! Trust files: which notes they let pass, and which files are refused themselves.

use protocol::{
    height::UnixSeconds,
    key::vkey,
    note::{NoteSignature, SignedNote},
    policy::{NoteJudgement, TrustPolicy, Unworthy},
};

use super::{ORIGIN, TIME, body, cosigned, log_signed, secret};

/// The `witness` or `log` line of the key made from `number`.
fn witness_line(number: u8) -> String {
    let key = vkey(
        &format!("w{number}.example/2026"),
        4,
        &secret(number).public(),
    );
    format!("witness w{number} {key} https://w{number}.example/\n")
}

fn log_line() -> String {
    format!("log {}\n", vkey(ORIGIN, 1, &secret(0).public()))
}

/// A trust file of witnesses 1 to 4 that ends with `rule`.
fn policy(rule: &str) -> String {
    log_line() + &(1..=4).map(witness_line).collect::<String>() + rule
}

const THREE_OF_FOUR: &str = "group all-four 3 w1 w2 w3 w4\nquorum all-four\n";

fn evaluate(rule: &str, lines: &[String]) -> Result<NoteJudgement, Unworthy> {
    let policy = TrustPolicy::parse(policy(rule).as_bytes()).unwrap();
    let note = SignedNote::parse(&format!("{}\n{}", body(ORIGIN), lines.concat())).unwrap();
    policy.evaluate(&note)
}

#[test]
fn three_of_four_make_a_quorum_and_two_do_not() {
    let body = body(ORIGIN);
    let lines = [
        log_signed(&body),
        cosigned(1, 5, &body),
        cosigned(2, 6, &body),
        cosigned(4, 7, &body),
    ];
    let judged = evaluate(THREE_OF_FOUR, &lines).unwrap();
    let cosigners = [("w1", 5), ("w2", 6), ("w4", 7)]
        .map(|(name, time)| (name.to_owned(), UnixSeconds::new(time)));
    assert_eq!(judged.cosigners, cosigners);
    assert_eq!(judged.missing, ["w3"]);
    assert!(judged.quorum && judged.log_signed);
    assert_eq!(judged.checkpoint.write(), body);

    let judged = evaluate(THREE_OF_FOUR, &lines[..3]).unwrap();
    assert_eq!(judged.missing, ["w3", "w4"]);
    assert!(!judged.quorum && judged.log_signed);
}

#[test]
fn a_quorum_without_the_logs_line_is_a_quorum_and_says_so() {
    let body = body(ORIGIN);
    let lines = [1, 2, 3].map(|number| cosigned(number, TIME, &body));
    let judged = evaluate(THREE_OF_FOUR, &lines).unwrap();
    assert!(judged.quorum && !judged.log_signed);
}

#[test]
fn one_cosigner_counts_once_however_many_lines_it_has() {
    let body = body(ORIGIN);
    let again = cosigned(1, 9, &body);
    let lines = [
        cosigned(1, 5, &body),
        again.clone(),
        again,
        cosigned(2, 6, &body),
    ];
    let judged = evaluate(THREE_OF_FOUR, &lines).unwrap();
    assert_eq!(
        judged.cosigners,
        [("w1", 9), ("w2", 6)].map(|(name, time)| (name.to_owned(), UnixSeconds::new(time)))
    );
    assert!(!judged.quorum);
}

#[test]
fn unknown_lines_are_ignored_and_a_known_one_that_fails_refuses_the_note() {
    let body = body(ORIGIN);
    let good = [1, 2, 3]
        .map(|number| cosigned(number, TIME, &body))
        .to_vec();
    let with = |line: String| evaluate(THREE_OF_FOUR, &[good.clone(), vec![line]].concat());
    let stranger = |name: &str, key_id| {
        NoteSignature {
            name: name.to_owned(),
            key_id,
            blob: vec![0; 72],
        }
        .write()
    };
    let id = protocol::key::note_key_id("w4.example/2026", 4, secret(4).public().as_bytes());
    for line in [
        stranger("w4.example/2026", [0; 4]),
        stranger("w5.example/2026", id),
        cosigned(5, TIME, &body),
    ] {
        assert_eq!(with(line.clone()).unwrap().missing, ["w4"], "{line}");
    }
    for line in [
        stranger("w4.example/2026", id),
        cosigned(4, 0, &body),
        cosigned(4, TIME, "another\n"),
    ] {
        assert_eq!(
            with(line.clone()),
            Err(Unworthy::BadLine("w4.example/2026".to_owned())),
            "{line}"
        );
    }
    let forged = log_signed("another\n");
    assert_eq!(with(forged), Err(Unworthy::BadLine(ORIGIN.to_owned())));
}

#[test]
fn a_checkpoint_of_another_network_is_told_from_a_forged_one() {
    let other = body("registry.example.uz/pilot/2");
    let note = SignedNote::parse(&format!("{other}\n{}", cosigned(1, TIME, &other))).unwrap();
    let policy = TrustPolicy::parse(policy(THREE_OF_FOUR).as_bytes()).unwrap();
    assert!(matches!(
        policy.evaluate(&note),
        Err(Unworthy::WrongOrigin { .. })
    ));
}

#[test]
fn groups_within_groups_count_as_one_each() {
    let body = body(ORIGIN);
    let rule = "group a any w1 w2\ngroup b all w3 w4\ngroup both 2 a b\nquorum both\n";
    let met = |who: &[u8]| {
        let lines: Vec<String> = who
            .iter()
            .map(|number| cosigned(*number, TIME, &body))
            .collect();
        evaluate(rule, &lines).unwrap().quorum
    };
    assert!(met(&[2, 3, 4]) && met(&[1, 2, 3, 4]));
    assert!(!met(&[1, 2, 3]) && !met(&[3, 4]));
    let one = evaluate("quorum w2\n", &[cosigned(2, TIME, &body)]).unwrap();
    assert!(one.quorum);
}

#[test]
fn without_a_quorum_rule_the_logs_own_line_must_be_there() {
    let body = body(ORIGIN);
    let unknown = evaluate("quorum none\n", &[cosigned(9, TIME, &body)]).unwrap();
    assert!(
        !unknown.quorum,
        "a note that no known key signed is worth nothing"
    );
    assert!(
        !evaluate("quorum none\n", &[cosigned(1, TIME, &body)])
            .unwrap()
            .quorum
    );
    assert!(
        evaluate("quorum none\n", &[log_signed(&body)])
            .unwrap()
            .quorum
    );
}

#[test]
fn trust_files_may_hold_whatever_tlog_policy_allows() {
    let spaced = policy(THREE_OF_FOUR).replace(' ', "\t ");
    let commented = format!("\n \t\n# note\n\t# note\n{}#end", policy(THREE_OF_FOUR));
    for file in [
        spaced,
        commented,
        policy("quorum w1\n"),
        policy("quorum none\n"),
    ] {
        let read = TrustPolicy::parse(file.as_bytes()).unwrap();
        assert_eq!((read.origin(), read.witnesses().len()), (ORIGIN, 4));
        assert_eq!(
            read.hash().as_bytes(),
            &protocol::hash::sha256(&[file.as_bytes()])
        );
    }
    let latin = [b"# caf\xe9\n", policy(THREE_OF_FOUR).as_bytes()].concat();
    TrustPolicy::parse(&latin).unwrap();
    let many: String = (1..=32)
        .map(|number| format!("{}group g{number} any w{number}\n", witness_line(number)))
        .collect();
    TrustPolicy::parse(format!("{}{many}quorum g32\n", log_line()).as_bytes()).unwrap();
    let headed = format!(
        "#: epoch 3\n#: genesis {}\n{}",
        "ab".repeat(32),
        policy(THREE_OF_FOUR)
    );
    let read = TrustPolicy::parse(headed.as_bytes()).unwrap();
    assert_eq!(read.epoch().unwrap().get(), 3);
    assert_eq!(read.genesis().unwrap().to_hex(), "ab".repeat(32));
}

#[test]
fn trust_files_that_could_be_read_in_two_ways_are_refused() {
    let log_as_witness = format!("log {}\n", vkey("w5", 4, &secret(5).public()));
    let same_key = format!("witness w5 {}\n", vkey("other", 4, &secret(1).public()));
    let header = format!("#: genesis {}\n", "ab".repeat(32));
    for rule in [
        "",
        "quorum\n",
        "quorum w9\n",
        "quorum w1 w2\n",
        "quorum w1\nquorum w1\n",
        "quorum w1\nquorum none\n",
        "group g 0 w1\nquorum g\n",
        "group g 2 w1\nquorum g\n",
        "group g 02 w1 w2\nquorum g\n",
        "group g some w1\nquorum g\n",
        "group g any\nquorum g\n",
        "group g any w1 w1\nquorum g\n",
        "group g any none\nquorum g\n",
        "group g any g\nquorum g\n",
        "group none any w1\nquorum none\n",
        "group w1 any w2\nquorum w1\n",
        "group g any w1\ngroup h any w1\nquorum h\n",
        "group g any h\ngroup h any w1\nquorum g\n",
        "quorum g\ngroup g any w1\n",
        "quorum w1\nwitness\n",
        "quorum w1\nunknown word\n",
        "quorum w1\nQUORUM w1\n",
        "quorum w1\r\n",
        "# a comment\r\nquorum w1\n",
        "# a\x0bcomment\nquorum w1\n",
        "# \x7f\nquorum w1\n",
        "quorum\u{a0}w1\n",
        "#: epoch x\nquorum w1\n",
        "#: epoch 0\n#: epoch 1\nquorum w1\n",
        &format!("{header}{header}quorum w1\n"),
        &format!("{log_as_witness}quorum w1\n"),
        &format!("{same_key}quorum w1\n"),
        &format!("{}quorum w1\n", log_line()),
        &format!("{}quorum w1\n", witness_line(1)),
    ] {
        assert!(
            TrustPolicy::parse(policy(rule).as_bytes()).is_err(),
            "{rule:?}"
        );
    }
    let nameless = [policy("").as_bytes(), b"group g\xff any w1\nquorum w1\n"].concat();
    assert!(TrustPolicy::parse(&nameless).is_err());
}
