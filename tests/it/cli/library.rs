//! The library of a program at an agency does what its front page shows.

use tests::cluster::Cluster;

#[path = "../../../client/examples/anchor.rs"]
#[expect(
    dead_code,
    unreachable_pub,
    reason = "an example has a main, and no module around it"
)]
mod anchor;

#[test]
fn the_example_of_the_front_page_anchors_a_document() {
    let cluster = Cluster::start(0);
    let place = |name: &str| cluster.path().join(name).display().to_string();
    let document = place(&cluster.document("permit.txt", "a permit"));
    let key = cluster.dir("qurilish").join("keys/clerk.key");
    let words = [
        &cluster.url("qurilish"),
        &cluster.trust().display().to_string(),
        &key.display().to_string(),
        "qurilish.permits",
        "P-1",
        &document,
    ];
    let (version, block) = anchor::anchor(words).unwrap();
    assert!(version == 1 && block > 0);
    // The same again is the same entry.
    assert_eq!(anchor::anchor(words).unwrap(), (version, block));
}
