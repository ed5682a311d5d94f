//! A node ends when one of its parts does, whatever ends it, and not before it is told to end itself.

use std::time::Duration;

use super::*;
use crate::driver::workbench::assembled;

/// What the node gives as the reason of its end, if it ends.
async fn reason(shared: &Shared) -> Option<String> {
    let mut failed = shared.failed.subscribe();
    let ends = failed.wait_for(Option::is_some);
    let ended = tokio::time::timeout(Duration::from_secs(10), ends).await;
    ended.ok()?.ok()?.clone()
}

#[tokio::test]
async fn a_part_that_ends_or_panics_ends_the_node() {
    let here = tokio::runtime::Handle::current();
    let (made, _folder) = assembled();
    let shared = made.start.shared;
    keep_alive(&shared, &here, "the door", async {});
    let said = "the door has ended: a bug; restart the node and report the log";
    assert_eq!(reason(&shared).await.as_deref(), Some(said));
    let (made, _folder) = assembled();
    let shared = made.start.shared;
    keep_alive(&shared, &here, "the lane", async { panic!("of the test") });
    let said = "the lane has ended: a bug; restart the node and report the log";
    assert_eq!(reason(&shared).await.as_deref(), Some(said));
}

#[tokio::test]
async fn a_driver_that_ends_by_itself_ends_the_node_and_one_that_is_told_to_does_not() {
    for is_told in [false, true] {
        let (made, _folder) = assembled();
        let shared = Arc::clone(&made.start.shared);
        let (over, is_over) = mpsc::channel(1);
        let driver = drive(made.start, is_over).unwrap();
        if is_told {
            shared.begin_to_end();
        }
        drop(over);
        tokio::time::timeout(Duration::from_secs(10), driver)
            .await
            .expect("the driver ends")
            .unwrap();
        let said = "the driver has ended: a bug; restart the node and report the log";
        let wanted = (!is_told).then(|| said.to_owned());
        assert_eq!(*shared.failed.borrow(), wanted);
    }
}
