//! Receipts of an epoch that has ended, and what trust files may say of epochs.

use protocol::{
    hash::sha256,
    height::LogSize,
    key::{SecretKey, vkey},
    policy::Past,
    receipt::{PATH_MAX, Receipt},
    text::hex,
};

use super::{
    cases::{Ask, Book, Kind, Spoilt},
    receipts::{ID, OTHER_ORIGIN, PERMIT, ask, hash},
    world::World,
};
use protocol::entry::Operation;

const RECEIPT: Ask<'static> = Ask::of(Kind::Receipt, "epoch-1.policy", "ended.receipt");
const BRIDGED: Ask<'static> = Ask::of(Kind::Receipt, "epoch-1.policy", "bridged.receipt");
const CHECKPOINT: Ask<'static> = Ask::of(Kind::Checkpoint, "epoch-1.policy", "epoch-1.note");

/// A receipt of epoch 0, and the log with which that ended.
struct Ended {
    receipt: Receipt,
    size: LogSize,
    world: World,
}

fn ended(origin: &str) -> Ended {
    let mut world = World::new(origin);
    world.act(Operation::Register, "TSH-1");
    let at = world.act_on(Operation::Register, ID, &hash(PERMIT), false);
    world.act(Operation::Register, "TSH-2");
    let receipt = world.receipt(at);
    let size = LogSize::new(world.size());
    for number in 3..9 {
        world.act(Operation::Register, &format!("TSH-{number}"));
    }
    Ended {
        receipt,
        size,
        world,
    }
}

fn past(world: &World, epoch: u64) -> Past {
    let checkpoint = world.checkpoint();
    Past {
        epoch: protocol::height::Epoch::new(epoch),
        trust: world.trust().hash(),
        size: checkpoint.size,
        root: checkpoint.root,
    }
}

/// The trust file after that of `world`: kadastr has a new key.
fn next(world: &World) -> String {
    let old = world.trust();
    let line = world
        .trust_file
        .lines()
        .find(|line| line.starts_with("witness kadastr "))
        .unwrap();
    let key = SecretKey::from_seed(&sha256(&[b"kadastr 2027"])).public();
    let key = vkey("kadastr.example/2027", 4, &key);
    let prev = format!(
        "#: prev {}\n#: opened-by agencies",
        hex(old.hash().as_bytes())
    );
    let file = world
        .trust_file
        .replace(
            line,
            &format!("witness kadastr {key} https://kadastr.example"),
        )
        .replace("#: epoch 0", "#: epoch 1")
        .replace("#: prev none", &prev);
    file + &past(world, 0).write()
}

pub(crate) fn write(book: &mut Book) {
    let Ended {
        receipt,
        size,
        world,
    } = ended(super::receipts::ORIGIN);
    let bridge = world.consistency(size);
    let with = |bridge: Vec<[u8; 32]>| Receipt {
        bridge: Some(bridge),
        ..receipt.clone()
    };
    book.file("epoch-1.policy", next(&world));
    book.file("ended.receipt", receipt.write());
    book.file("bridged.receipt", with(bridge.clone()).write());
    book.file("epoch-1.note", world.note(&[0, 1, 3]));
    book.case(&RECEIPT, "ended-alone", Spoilt::Not, 16);
    book.case(&BRIDGED, "bridged", Spoilt::Not, 0);
    book.case(
        &BRIDGED.with("permit.txt"),
        "bridged-document",
        Spoilt::Not,
        0,
    );
    book.case(
        &BRIDGED.with("other.txt"),
        "bridged-other-document",
        Spoilt::Not,
        11,
    );
    book.case(&ask("bridged.receipt"), "bridge-not-needed", Spoilt::Not, 0);
    bridges(book, &with, &bridge);
    let then = RECEIPT.then("trust.policy");
    book.case(&then, "as-of-then", Spoilt::Not, 0);
    book.case(
        &BRIDGED.then("trust.policy"),
        "bridge-before-then",
        Spoilt::Not,
        0,
    );
    let foreign = RECEIPT.then("other-network.policy");
    book.case(&foreign, "then-of-another-network", Spoilt::Not, 16);
    let mut unsigned = receipt.clone();
    let last = unsigned.proof.checkpoint.trim_end().rfind('\n').unwrap();
    unsigned.proof.checkpoint.truncate(last + 1);
    let unsigned = Spoilt::File(unsigned.write().into_bytes());
    book.case(&then, "then-without-quorum", unsigned.clone(), 14);
    book.case(&BRIDGED, "bridge-missing-and-no-quorum", unsigned, 16);
    ranges(book, &world, size, &then);
    own(book);
    history(book, &world);
    headers(book, &world);
}

fn bridges(book: &mut Book, with: &impl Fn(Vec<[u8; 32]>) -> Receipt, good: &[[u8; 32]]) {
    let spoilt = |bridge: Vec<[u8; 32]>| Spoilt::File(with(bridge).write().into_bytes());
    book.case(&BRIDGED, "bridge-empty", spoilt(Vec::new()), 14);
    for at in 0..good.len() {
        let mut other = good.to_vec();
        other[at][0] ^= 1;
        book.case(&BRIDGED, &format!("bridge-hash-{at}"), spoilt(other), 14);
        let mut fewer = good.to_vec();
        fewer.remove(at);
        book.case(&BRIDGED, &format!("bridge-without-{at}"), spoilt(fewer), 14);
    }
    let more = [good, &[[7; 32]]].concat();
    book.case(&BRIDGED, "bridge-and-one-more", spoilt(more), 14);
    let many = vec![[7; 32]; PATH_MAX + 1];
    book.case(&BRIDGED, "bridge-too-long", spoilt(many), 14);
    let text = with(good.to_vec()).write();
    let swapped = text.replacen("--- bridge\n", "--- bridge\n\n", 1);
    let swapped = Spoilt::File(swapped.into_bytes());
    book.case(&BRIDGED, "bridge-with-an-empty-line", swapped, 14);
    let elsewhere = ended(OTHER_ORIGIN);
    let mut foreign = elsewhere.receipt.clone();
    foreign.bridge = Some(elsewhere.world.consistency(elsewhere.size));
    let foreign = Spoilt::File(foreign.write().into_bytes());
    book.case(&BRIDGED, "bridge-of-another-network", foreign, 15);
}

/// Sizes that the log did not have in the epoch.
fn ranges(book: &mut Book, world: &World, size: LogSize, then: &Ask<'_>) {
    let text = book.text("epoch-1.policy");
    let line = past(world, 0).write();
    let smaller = Past {
        size: LogSize::new(size.get() - 1),
        ..past(world, 0)
    };
    let early = Spoilt::Trust(text.replace(&line, &smaller.write()).into_bytes());
    book.case(then, "then-after-the-end", early.clone(), 14);
    book.case(&BRIDGED, "bridge-after-the-end", early, 14);
    // The receipt is of epoch 0, and only epochs 1 and on are known.
    let later = text
        .replace("#: epoch 1", "#: epoch 2")
        .replace(&line, &past(world, 1).write());
    let later = Spoilt::Trust(later.into_bytes());
    book.case(then, "then-of-an-epoch-before-all", later.clone(), 16);
    book.case(&BRIDGED, "bridge-of-an-epoch-before-all", later, 16);
}

/// Trust files of somebody's own.
fn own(book: &mut Book) {
    let trust = book.text("trust.policy");
    let hash = hex(&sha256(&[trust.as_bytes()]));
    let stricter = trust.replace("validators 3 ", "validators 2 ");
    let receipt = ask("ended.receipt");
    let based = |hash: &str| Spoilt::Trust(format!("#: base {hash}\n{stricter}").into_bytes());
    book.case(&receipt, "own-file-on-its-base", based(&hash), 0);
    book.case(
        &receipt,
        "own-file-on-another-base",
        based(&"ab".repeat(32)),
        16,
    );
    let without = Spoilt::Trust(stricter.clone().into_bytes());
    book.case(&receipt, "own-file-without-a-base", without, 16);
    let other_epoch = stricter.replace("#: epoch 0", "#: epoch 3");
    let other_epoch = Spoilt::Trust(format!("#: base {hash}\n{other_epoch}").into_bytes());
    book.case(&receipt, "own-file-of-another-epoch", other_epoch, 16);
}

fn history(book: &mut Book, world: &World) {
    book.file("ended.history", world.history(ID).write());
    let asked = Ask {
        about: Some(("qurilish.permits", ID)),
        ..Ask::of(Kind::History, "epoch-1.policy", "ended.history")
    };
    book.case(&asked, "ended", Spoilt::Not, 16);
}

#[expect(clippy::too_many_lines, reason = "one table of cases")]
fn headers(book: &mut Book, world: &World) {
    let text = book.text("epoch-1.policy");
    let line = past(world, 0).write();
    let hash = hex(world.trust().hash().as_bytes());
    let recovery = text
        .lines()
        .filter(|line| line.starts_with("#: recovery "))
        .map(|line| format!("{line}\n"))
        .collect::<Vec<_>>();
    let after = |more: &str| format!("{text}{more}");
    let instead = |old: &str, new: &str| {
        assert!(text.contains(old), "{old}");
        text.replacen(old, new, 1)
    };
    let two = Past {
        size: LogSize::new(1),
        ..past(world, 0)
    };
    let one = Past {
        epoch: protocol::height::Epoch::new(1),
        ..past(world, 0)
    };
    let cases: Vec<(&str, String, u8)> = vec![
        ("as-made", text.clone(), 0),
        (
            "unknown-word",
            instead("#: epoch", "#: colour blue\n#: epoch"),
            0,
        ),
        ("word-alone", instead("#: epoch", "#: epoch\n#: epoch"), 0),
        ("empty-line-behind-past", after("\n\n"), 3),
        ("comment-behind-past", after("# the end\n"), 3),
        ("blank-behind-past", after(" \n"), 3),
        ("header-behind-past", after("#: base x\n"), 3),
        ("no-past", instead(&line, ""), 0),
        ("past-twice", after(&line), 3),
        ("past-of-its-own-epoch", instead(&line, &one.write()), 3),
        (
            "past-sizes-fall",
            instead(
                &line,
                &format!("{line}{}", one.write().replace(&one.size.to_string(), "1")),
            ),
            3,
        ),
        ("past-without-epoch", instead("#: epoch 1\n", ""), 3),
        ("past-first", format!("{line}{}", instead(&line, "")), 3),
        (
            "past-of-another-file",
            instead(&line, &line.replace(&hash, &"ab".repeat(32))),
            3,
        ),
        (
            "past-size-of-0-digits",
            instead(&line, &two.write().replace(" 1 ", " 01 ")),
            3,
        ),
        ("past-root-cut", instead(&line, &line.replace('=', "")), 3),
        (
            "prev-none-beside-past",
            instead(&format!("#: prev {hash}"), "#: prev none"),
            0,
        ),
        (
            "prev-twice",
            instead("#: prev", &format!("#: prev {hash}\n#: prev")),
            3,
        ),
        ("prev-in-capitals", instead(&hash, &hash.to_uppercase()), 3),
        ("prev-cut", instead(&hash, &hash[1..]), 3),
        (
            "opened-by-nobody",
            instead("opened-by agencies", "opened-by nobody"),
            3,
        ),
        (
            "opened-by-recovery",
            instead("opened-by agencies", "opened-by recovery"),
            0,
        ),
        (
            "opened-twice",
            instead("#: opened-by", "#: opened-by recovery\n#: opened-by"),
            3,
        ),
        (
            "threshold-of-words",
            instead("recovery-threshold 3", "recovery-threshold two"),
            3,
        ),
        (
            "threshold-twice",
            instead(
                "#: recovery-threshold",
                "#: recovery-threshold 4\n#: recovery-threshold",
            ),
            3,
        ),
        (
            "recovery-twice",
            instead(&recovery[0], &recovery[0].repeat(2)),
            3,
        ),
        (
            "recovery-out-of-order",
            instead(
                &recovery.concat(),
                &format!("{}{}", recovery[1], recovery[0]),
            ),
            3,
        ),
        (
            "recovery-without-key",
            instead(&recovery[0], "#: recovery adliya\n"),
            3,
        ),
        (
            "recovery-of-no-name",
            instead("#: recovery adliya", "#: recovery Adliya"),
            3,
        ),
        (
            "recovery-of-no-point",
            instead(
                recovery[0].trim_end().rsplit(' ').next().unwrap(),
                "AgAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            ),
            3,
        ),
        (
            "base-of-words",
            instead("#: epoch", "#: base none\n#: epoch"),
            3,
        ),
        (
            "base-twice",
            instead(
                "#: epoch",
                &format!("#: base {hash}\n#: base {hash}\n#: epoch"),
            ),
            3,
        ),
    ];
    for (name, file, exit) in cases {
        let spoilt = Spoilt::Trust(file.into_bytes());
        book.case(&CHECKPOINT, &format!("header-{name}"), spoilt, exit);
    }
}
