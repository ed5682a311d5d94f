//! Small things of a desk: what is missing is said first, blanks and dates are taken as people write them, and a table
//! that is written for a spreadsheet says that it is UTF-8.

use std::{fs, process::Command};

use tests::{
    args,
    cluster::{Cluster, Ran},
    command_line::split,
};

use super::bulk;

#[test]
fn what_is_wrong_is_said_by_its_name_before_anything_is_asked() {
    let cluster = Cluster::create(0);
    let missing = args!("anchor bulk nosuch --registry qurilish.permits --out out");
    let refused = cluster.clerk("qurilish", &missing).expect(2);
    assert!(
        refused.stderr.contains("nosuch: No such file"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("--record"), "{refused:?}");
    let refused = cluster.clerk("qurilish", &["key", "show", "net"]).expect(3);
    assert!(
        refused.stderr.contains("net: a folder, not a file"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("chmod"), "{refused:?}");
    // Neither to whom nor into which file: no passphrase is asked for, and no agreement.
    let public = "qpPc4xg3ftdWOljNlqww5zvvuVQfoSMghydwXxxN1Eo=";
    let add = args!(
        "clerk add qurilish/vera --public {public} --registries qurilish.permits --operations register --expires 100 --key net/qurilish/keys/admin.key"
    );
    let mut command = cluster.clerk_command("qurilish", "qurilish", &add);
    let refused = Ran::from(command.env_remove("MUHR_NODE").output().unwrap()).expect(2);
    assert!(
        refused.stderr.contains("say with --node to whom"),
        "{refused:?}"
    );
    assert!(!refused.stderr.contains("decides for"), "{refused:?}");
    // A folder without documents, and a table without rows, are no success.
    fs::create_dir(cluster.path().join("empty")).unwrap();
    let none = bulk(&cluster, "empty", "out", &["--dry-run"]).expect(2);
    assert!(none.stderr.contains("no documents are in it"), "{none:?}");
}

#[test]
fn what_is_no_table_or_no_place_is_said_by_what_it_is() {
    let cluster = Cluster::create(0);
    let refused = |table: &str, more: &[&str], code: i32, words: &[&str]| {
        let refused = bulk(&cluster, table, "out", more).expect(code);
        for word in words {
            assert!(refused.stderr.contains(word), "{word}: {refused:?}");
        }
    };
    // Nobody writes into it: reading would wait for ever.
    let fifo = cluster.path().join("fifo");
    let made = Command::new("mkfifo").arg(&fifo).status().unwrap();
    assert!(made.success());
    let words = ["fifo: a pipe or a device, not a file", "save it to a file"];
    refused("fifo", &["--dry-run"], 2, &words);
    refused("/dev/null", &["--dry-run"], 2, &["a pipe or a device"]);
    for (name, text) in [("empty.csv", ""), ("blank.csv", "\u{feff}\n  \r\n")] {
        cluster.document(name, text);
        refused(name, &["--dry-run"], 2, &[&format!("{name}: it is empty")]);
    }
    // A Cyrillic letter in the name of the column.
    cluster.document("name.csv", "numb\u{435}r,area\nQ-1,80\n");
    let words = [
        "no column \"number\": the name of column 1",
        "only looks like it (U+0435 for U+0065)",
    ];
    refused("name.csv", &["--dry-run"], 2, &words);
    let anchor = |more: Vec<String>| {
        let command = args!("anchor doc --registry qurilish.permits --record D-1");
        cluster.clerk("qurilish", &[command, more].concat())
    };
    cluster.document("doc", "a page");
    let twice = anchor(args!("--field a=1 --field b=1 --field a=2")).expect(2);
    assert!(
        twice.stderr.contains("--field a is given twice"),
        "{twice:?}"
    );
    let lost = anchor(args!("--record 12\\2026"));
    assert_eq!(lost.code, 2, "{lost:?}");
    // A name that is none asks nobody.
    for command in ["inbox", "clerk list"] {
        let command = split(&format!("{command} --agency 'NO SUCH'"));
        let refused = cluster.clerk("qurilish", &command).expect(2);
        let words = "--agency \"NO SUCH\" is not the name of an agency";
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
}

#[test]
fn numbers_of_one_table_that_look_alike_are_named_in_pairs() {
    let cluster = Cluster::create(0);
    cluster.document(
        "t.csv",
        "number\nX-4\nY-1\n\u{425}-4\nZ-7\nZ\u{2011}7\nZ-7\n",
    );
    let tried = bulk(&cluster, "t.csv", "out", &["--dry-run"]).expect(20);
    for words in [
        "2 numbers look like another",
        "row 4: \u{425}-4 like row 2: X-4 (U+0425 for U+0058)",
        "row 6: Z\u{2011}7 like row 5: Z-7 (U+2011 for U+002D)",
    ] {
        assert!(tried.stderr.contains(words), "{words}: {tried:?}");
    }
    let folder = cluster.path().join("papers");
    fs::create_dir(&folder).unwrap();
    for name in ["A-1.pdf", "\u{410}-1.pdf", "B-1.pdf", "C|1.pdf", "C\\1.pdf"] {
        fs::write(folder.join(name), "a page").unwrap();
    }
    let command = args!("anchor bulk papers --registry qurilish.permits --out p --dry-run");
    let tried = cluster.clerk("qurilish", &command).expect(20);
    let words = "1 number looks like another";
    assert!(tried.stderr.contains(words), "{tried:?}");
    // What would be taken apart is left to whoever named it.
    let errors = fs::read_to_string(cluster.path().join("p/papers.try.errors.csv")).unwrap();
    for name in ["C|1.pdf", "C\\1.pdf"] {
        let line = errors.lines().find(|line| line.contains(name)).unwrap();
        assert!(line.contains("take a number apart"), "{errors}");
    }
    assert!(tried.stdout.contains("3 of 5 rows are fit"), "{tried:?}");
}

#[test]
fn an_agency_that_is_not_there_and_a_place_that_cannot_be_had_are_named() {
    let cluster = Cluster::start(0);
    for command in ["inbox", "clerk list"] {
        let command = split(&format!("{command} --agency nosuch"));
        let refused = cluster.clerk("qurilish", &command).expect(2);
        let words = "knows no agency of the name nosuch";
        assert!(refused.stderr.contains(words), "{refused:?}");
    }
    cluster.document("doc", "a page");
    let anchor = |out: &str, code: i32| {
        let command = args!("anchor doc --registry qurilish.permits --record D-1 --out {out}");
        cluster.clerk("qurilish", &command).expect(code).stderr
    };
    let said = anchor("nosuchdir/x", 1);
    assert!(said.contains("there is no folder nosuchdir"), "{said}");
    assert!(
        said.contains("make the folder") && !said.contains("make room"),
        "{said}"
    );
    let said = anchor("/dev/full", 2);
    assert!(
        said.contains("a folder or device is there, and no file"),
        "{said}"
    );
    assert!(!said.contains("make room"), "{said}");
}

#[test]
fn blanks_dates_and_marks_are_as_people_and_spreadsheets_write_them() {
    let cluster = Cluster::start(0);
    cluster.document("a.txt", "one");
    let nodes = format!("{}, {}", cluster.url("qurilish"), cluster.url("soliq"));
    let anchor = args!(
        "anchor a.txt --record S-1 --registry qurilish.permits --effective 23.11.2026 --node '{nodes}'"
    );
    let _done = cluster.clerk("qurilish", &anchor).expect(0);
    let receipt = fs::read_to_string(cluster.path().join("a.txt.receipt")).unwrap();
    assert!(receipt.contains("effective 2026-11-23\n"), "{receipt}");
    cluster.document("t.csv", "number,issuer\nS-2,x\n");
    // What an older version wrote, without a mark, is its own too.
    fs::create_dir(cluster.path().join("out")).unwrap();
    cluster.document("out/result.csv", "row,record,version,status,reason\n");
    for record in ["number, issuer", "number,issuer"] {
        let command =
            args!("anchor bulk t.csv --registry qurilish.permits --out out --record '{record}'");
        let _done = cluster.clerk("qurilish", &command).expect(0);
        let result = fs::read(cluster.path().join("out/result.csv")).unwrap();
        assert!(result.starts_with(b"\xef\xbb\xbfrow,record,version,status,"));
    }
}
