//! What commands of auditors, and of whoever verifies, show.

pub mod anomalies;
pub mod audit;
pub mod basis;
pub mod compromised;
pub mod dossier;
pub mod facts;
pub mod history;
pub mod mirror;
pub mod reconcile;
pub mod renew;
pub mod report_check;
pub mod trust;
pub mod verify;
pub mod watch;
