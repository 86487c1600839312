//! Looks at what a running system left behind, and says of each invariant whether it held.
//!
//! Invariant: it ends with status 0 exactly if no invariant is violated, and it changes nothing.

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use e2e::{Target, checker};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match check().await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(std::io::stderr(), "checker: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn check() -> Result<bool> {
    let report = checker::judge(&Target::local()?).await?;
    write!(std::io::stdout(), "{report}")?;
    Ok(report.is_sound())
}
