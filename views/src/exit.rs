//! Exit codes: what each verdict is to whoever started a command, their table, and failures that carry one.

use schemars::JsonSchema;
use serde::Serialize;
use verify::Verdict;

use crate::{CommandView, Line, line::texts};

/// What a verdict is to whoever started the command.
pub trait ExitCode {
    /// The exit code.
    fn exit_code(self) -> u8;
}

impl ExitCode for Verdict {
    fn exit_code(self) -> u8 {
        match self {
            Self::Authentic => 0,
            Self::Pending => 6,
            Self::NotFound => 10,
            Self::Altered => 11,
            Self::Superseded => 12,
            Self::Revoked => 13,
            Self::ProofBroken => 14,
            Self::WrongNetwork => 15,
            Self::CannotDecide => 16,
            Self::Suspended => 17,
            Self::Fork => 30,
            // A verdict that this command does not know is no good news.
            _ => 1,
        }
    }
}

/// What an exit code means.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CodeMeaning {
    /// The code.
    pub code: u8,
    /// What it means.
    pub meaning: String,
}

/// `muhr exit-codes`: the codes with which commands end.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct ExitCodesView {
    /// All codes, in their order.
    pub codes: Vec<CodeMeaning>,
}

impl CommandView for ExitCodesView {
    const SCHEMA: &'static str = "muhr/exit-codes/1";

    fn lines(&self) -> Vec<Line> {
        let row = |row: &CodeMeaning| format!(" {:>2}  {}", row.code, row.meaning);
        let gravity = Verdict::BY_GRAVITY.map(|verdict| verdict.exit_code().to_string());
        let first = [
            "Exit codes are verdicts; scripts may rely on them.".to_owned(),
            String::new(),
        ];
        let last = [
            String::new(),
            format!(
                "Of several files the gravest verdict wins: {}.",
                gravity.join(", ")
            ),
        ];
        let lines = first.into_iter().chain(self.codes.iter().map(row));
        texts(lines.chain(last))
    }
}

/// Why a command did not do what was asked.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct FailureView {
    /// The exit code.
    pub code: u8,
    /// What went wrong.
    pub error: String,
    /// The way out, where there is one to name.
    pub help: Option<String>,
}

impl CommandView for FailureView {
    const SCHEMA: &'static str = "muhr/error/1";

    fn lines(&self) -> Vec<Line> {
        let help = self.help.as_ref().map(|help| format!(" help: {help}"));
        texts(std::iter::once(format!("error: {}", self.error)).chain(help))
    }
}
