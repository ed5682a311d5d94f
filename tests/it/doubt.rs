//! A validator that may have forgotten votes of its own follows in silence, says so, and comes back.

use std::{fs, path::Path};

use tests::cluster::{AGENCIES, Cluster, wait_until};

fn anchor(cluster: &Cluster, number: u32) {
    let document = cluster.document(&format!("{number}.txt"), &format!("document {number}"));
    let record = format!("D-{number}");
    let command = [
        "anchor",
        &document,
        "--registry",
        "qurilish.permits",
        "--record",
        &record,
    ];
    let _done = cluster.clerk("qurilish", &command).expect(0);
}

fn height(cluster: &Cluster, name: &str) -> Option<u64> {
    cluster.status(name)?["height"].as_u64()
}

fn silence(cluster: &Cluster, name: &str) -> Option<String> {
    cluster.status(name)?["not_voting"]
        .as_str()
        .map(ToOwned::to_owned)
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(&path, &target).unwrap();
        }
    }
}

/// It is silent while the others go on, speaks again once they are past every vote it can have
/// forgotten, and nobody has anything to accuse it of.
fn comes_back(cluster: &mut Cluster, name: &str, first: u32) {
    for number in first..first + 4 {
        anchor(cluster, number);
    }
    wait_until("the validator has caught up and speaks", || {
        height(cluster, name) == height(cluster, "qurilish") && silence(cluster, name).is_none()
    });
    // With another one gone, the network needs its vote.
    cluster.kill("adliya");
    anchor(cluster, first + 4);
    cluster.start_node("adliya");
    for node in AGENCIES {
        wait_until("everybody is back", || {
            height(cluster, node) == height(cluster, "qurilish")
        });
        let accusations = fs::read_dir(cluster.dir(node).join("evidence"));
        assert!(accusations.is_err(), "{node} has kept evidence");
    }
}

#[test]
fn a_wiped_validator_is_silent_until_the_network_is_past_its_votes() {
    let mut cluster = Cluster::start(0);
    (1..=3).for_each(|number| anchor(&cluster, number));
    cluster.kill("soliq");
    fs::remove_dir_all(cluster.dir("soliq").join("data")).unwrap();
    anchor(&cluster, 4);
    cluster.start_node("soliq");
    wait_until("the validator says why it is silent", || {
        silence(&cluster, "soliq").is_some_and(|reason| reason.contains("follows in silence"))
    });
    comes_back(&mut cluster, "soliq", 5);
}

#[test]
fn a_validator_restored_from_an_old_backup_is_reminded_of_its_votes() {
    let mut cluster = Cluster::start(0);
    anchor(&cluster, 1);
    wait_until("it has the block", || height(&cluster, "soliq") == Some(1));
    cluster.kill("soliq");
    let (data, backup) = (
        cluster.dir("soliq").join("data"),
        cluster.path().join("backup"),
    );
    copy(&data, &backup);
    cluster.start_node("soliq");
    wait_until("it is back", || {
        cluster
            .status("soliq")
            .is_some_and(|status| status["reached"] == 4)
    });
    // It must vote in these: without adliya, every block needs it.
    cluster.kill("adliya");
    (2..=4).for_each(|number| anchor(&cluster, number));
    cluster.start_node("adliya");
    cluster.kill("soliq");
    fs::remove_dir_all(&data).unwrap();
    copy(&backup, &data);
    cluster.start_node("soliq");
    wait_until("it is told of votes that it has forgotten", || {
        cluster.log("soliq").contains("forgotten-vote")
    });
    comes_back(&mut cluster, "soliq", 5);
}
