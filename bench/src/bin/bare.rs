//! A bare handler as a process of its own: `bare --port N [--tls] [--relay URL]`, the menu on standard input.
//!
//! Invariant: what opens the sidecar that it relays through, and what opens the service behind it, come in the environment,
//! never as arguments.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use bench::bare::{Bare, Relay};
use bench::controls::BEARER;
use e2e::Target;
use lexopt::prelude::*;

#[tokio::main]
async fn main() -> Result<()> {
    let (mut port, mut tls, mut url) = (None, false, None);
    let mut words = lexopt::Parser::from_env();
    while let Some(word) = words.next()? {
        match word {
            Long("port") => port = Some(words.value()?.parse()?),
            Long("tls") => tls = true,
            Long("relay") => url = Some(words.value()?.parse()?),
            other => return Err(other.unexpected().into()),
        }
    }
    let relay = url.map(|url| {
        let token = std::env::var_os("DAPR_API_TOKEN").and_then(|token| token.into_string().ok());
        let token = token.context("DAPR_API_TOKEN is not set")?;
        let bearer = std::env::var_os(BEARER).and_then(|bearer| bearer.into_string().ok());
        anyhow::Ok(Relay { url, token, bearer })
    });
    let mut menu = Vec::new();
    std::io::stdin().read_to_end(&mut menu)?;
    let bare = Bare {
        port: port.context("--port is missing")?,
        tls,
        menu: menu.into(),
        relay: relay.transpose()?,
    };
    bare.serve(&Target::local()?).await
}
