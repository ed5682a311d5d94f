//! What metrics show of the machine under a node: its open files, the room on its disk, and the limits of
//! this program.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

use crate::{descriptors, limits};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Name {
    name: String,
    unit: &'static str,
}

/// Gauges that are read when somebody looks.
#[derive(Debug, Default)]
pub struct MachineMetrics {
    open: Gauge,
    allowed: Gauge,
    /// Free bytes of the disk, which the node's own places name.
    pub disk_free: Gauge,
    limits: Family<Name, Gauge>,
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl MachineMetrics {
    /// Shows them on a metrics page.
    pub fn register(&self, registry: &mut Registry) {
        registry.register(
            "open_files",
            "Files and connections that are open",
            self.open.clone(),
        );
        registry.register(
            "open_files_max",
            "Files and connections that the system allows at once",
            self.allowed.clone(),
        );
        registry.register(
            "disk_free_bytes",
            "Room on the disk of the ledger, the safety record or the cosign state that has least",
            self.disk_free.clone(),
        );
        registry.register(
            "limit",
            "Limits of this program, each with its reason in docs/operators.md",
            self.limits.clone(),
        );
        for limit in limits::ALL {
            let name = Name {
                name: limit.name.to_lowercase(),
                unit: limit.unit,
            };
            self.limits.get_or_create(&name).set(number(limit.value));
        }
    }

    /// Reads what changes.
    pub fn look(&self) {
        self.open.set(number(descriptors::used().unwrap_or(0)));
        self.allowed.set(number(descriptors::allowed()));
    }
}
