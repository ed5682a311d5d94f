//! What the commands of `muhr` find, as values: one struct for each document that programs may ask for,
//! rendered as text, as JSON, and where there is one, as a page. Each has a JSON Schema in `docs/schemas/`.
//!
//! Pure: it asks nobody, reads and writes no file and knows no terminal. Not here: how what is shown was
//! found, and what a terminal adds to a line.

pub mod agency;
pub mod auditor;
pub mod clerk;
pub mod exit;
pub mod line;
pub mod operator;
pub mod shown;
pub mod steps;

use schemars::{JsonSchema, generate::SchemaSettings};
use serde::Serialize;
use serde_json::{Map, Value, json};

pub use line::Line;

/// What a command has found, for people and for programs.
pub trait CommandView: Serialize + JsonSchema {
    /// Name and version of its document.
    const SCHEMA: &'static str;

    /// What is said to people, line by line.
    fn lines(&self) -> Vec<Line>;
}

/// The document for programs, which names its schema.
#[must_use]
pub fn document<V: CommandView>(view: &V) -> Value {
    // Texts, numbers and lists of them have a form in JSON, whatever is in them.
    let mut document = serde_json::to_value(view).unwrap_or_default();
    if let Some(map) = document.as_object_mut() {
        let _none = map.insert("schema".to_owned(), V::SCHEMA.into());
    }
    document
}

/// The JSON Schema of a document.
fn schema<V: CommandView>() -> (&'static str, Value) {
    let generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let mut schema = generator.into_root_schema_for::<V>().to_value();
    schema["title"] = V::SCHEMA.into();
    let named = json!({"const": V::SCHEMA, "description": "Name and version of this document."});
    if schema["properties"].is_null() {
        schema["properties"] = Map::new().into();
    }
    schema["properties"]["schema"] = named;
    let required = schema["required"].as_array().cloned().unwrap_or_default();
    let schema_too = std::iter::once("schema".into()).chain(required);
    schema["required"] = schema_too.collect();
    (V::SCHEMA, schema)
}

/// The JSON Schemas of all documents, each with its name.
#[must_use]
pub fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        schema::<agency::act::ActView>(),
        schema::<agency::clerks::ClerksView>(),
        schema::<agency::policy::PolicyHistoryView>(),
        schema::<agency::policy::RegistryView>(),
        schema::<auditor::anomalies::AnomaliesView>(),
        schema::<auditor::audit::AuditView>(),
        schema::<auditor::compromised::CompromisedKeyView>(),
        schema::<auditor::dossier::GatherView>(),
        schema::<auditor::history::HistoryView>(),
        schema::<auditor::mirror::MirrorView>(),
        schema::<auditor::reconcile::ReconcileView>(),
        schema::<auditor::renew::BridgeView>(),
        schema::<auditor::renew::RefreshView>(),
        schema::<auditor::report_check::ReportCheckView>(),
        schema::<auditor::trust::TrustView>(),
        schema::<auditor::trust::TrustAdvanceView>(),
        schema::<auditor::trust::TrustExtendView>(),
        schema::<auditor::verify::VerifyView>(),
        schema::<auditor::watch::WatchView>(),
        schema::<clerk::anchor::AnchorView>(),
        schema::<clerk::anchor::ExtractView>(),
        schema::<clerk::bulk::BulkView>(),
        schema::<clerk::bulk::WatchFolderView>(),
        schema::<clerk::inbox::InboxView>(),
        schema::<clerk::private::EraseView>(),
        schema::<clerk::private::RedactView>(),
        schema::<operator::founding::PlanView>(),
        schema::<operator::founding::ContributionView>(),
        schema::<operator::founding::AssemblyView>(),
        schema::<operator::founding::ReviewView>(),
        schema::<operator::founding::AcceptanceView>(),
        schema::<operator::status::StatusView>(),
        schema::<operator::key::KeyView>(),
        schema::<operator::network::NetworkView>(),
        schema::<exit::ExitCodesView>(),
        schema::<exit::FailureView>(),
    ]
}
