//! The operator's tool: it brings the vault from nothing to ready and hands each app its own key to it.
//!
//! Owns the vault's shares, the table of secrets, the policies and the apps' tokens; no other crate holds a vault client.
//! While the café runs, `watch` rotates secrets by schedule and renews what sidecars show to sentry, with a token for that
//! alone.
//! Promises that running it again changes nothing, and that no root token lives when it has ended.
//! A secret reaches the vault and files of mode 0600 only: never an argument, the environment, a log line or an error.

mod approle;
mod arguments;
mod backup;
mod files;
mod handout;
mod interrupt;
mod keyring;
mod kv;
mod mounts;
mod pki;
mod policy;
mod provider;
mod random;
mod rekey;
mod root;
mod rotate;
mod scram;
mod seal;
mod secrets;
mod sentry;
mod shares;
mod sql;
mod superuser;
mod tokens;
mod up;
mod vault;
mod watch;

use std::{io::Write as _, process::ExitCode};

use arguments::Command;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match answer().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: the errors' own words hold no secret, while a backtrace or a source chain might.
            eprintln!("secretstore: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn answer() -> anyhow::Result<()> {
    let command = arguments::parse(std::env::args_os())?;
    vault::install_crypto();
    let answer = match command {
        Command::Help => arguments::HELP.to_owned(),
        Command::Up(settings) => format!("{}\n", up::up(&settings).await?),
        Command::Unseal { state, vault } => format!("{}\n", up::unseal(&state, &vault).await?),
        Command::Status { vault } => format!("{}\n", up::status(&vault).await?),
        Command::RotateSigning {
            state,
            vault,
            rotation,
        } => format!(
            "{}\n",
            rotate::signing::rotate(&state, &vault, rotation).await?
        ),
        Command::RotateTokens {
            state,
            vault,
            apps,
            restarter,
            superuser,
        } => format!(
            "{}\n",
            rotate::tokens::rotate(&state, &vault, &apps, &restarter, superuser.as_ref()).await?
        ),
        Command::Rotate {
            state,
            vault,
            settings,
        } => format!("{}\n", rotate::run(&state, &vault, &settings).await?),
        Command::Watch(settings) => {
            watch::watch(&settings).await?;
            String::new()
        }
        Command::Rekey { state, vault } => format!("{}\n", rekey::rekey(&state, &vault).await?),
        Command::Backup { state, vault, file } => {
            format!("{}\n", backup::backup(&state, &vault, &file).await?)
        }
        Command::Restore { state, vault, file } => {
            format!("{}\n", backup::restore(&state, &vault, &file).await?)
        }
        Command::Provider {
            state,
            vault,
            name,
            change,
        } => format!(
            "{}\n",
            provider::change(&state, &vault, &name, change).await?
        ),
        Command::Sql { state, vault, apps } => sql::print(&state, &vault, &apps).await?,
    };
    std::io::stdout().write_all(answer.as_bytes())?;
    Ok(())
}
