//! The `muhr` command; everything is in the library.
#![deny(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "what is said goes through `output`, which lets nothing foreign command a terminal"
)]

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run(std::env::args_os())
}
