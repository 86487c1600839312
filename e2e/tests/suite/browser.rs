//! The journey in a real browser: customer and barista, each in a context of their own, on the pages that people see.
//!
//! Invariant: the browser is told the public address and three sign-ins, and any error on its console fails the test.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{Client, Role};
use serde_json::json;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::stack;

/// A name that takes over a page that takes it for markup.
const HOSTILE: &str = r#"<img src=/x onerror="document.title='taken'">'"</script>"#;
/// The whole journey takes about half a minute on two cores; loading WebAssembly beside other tests may take a while.
const DEADLINE: Duration = Duration::from_mins(3);

#[tokio::test]
async fn customer_and_barista_in_chromium() -> Result<()> {
    let stack = stack::shared().await?;
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sign_in = |role| {
        let person = stack.sign_in(role)?;
        Ok::<_, anyhow::Error>(json!({ "email": person.email, "password": person.password }))
    };
    let hostile = Client::new(&stack)?.register_as(HOSTILE).await?;
    let brief = json!({
        "address": stack.public(),
        "customer": sign_in(Role::Customer)?,
        "barista": sign_in(Role::Barista)?,
        "hostile": { "email": hostile.email, "password": hostile.password, "name": HOSTILE },
        "pictures": here.join("../target/e2e"),
    });
    let mut node = Command::new("node")
        .arg(here.join("browser/journey.mjs"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("node")?;
    // By its input: arguments and environment can be read by others.
    let mut input = node.stdin.take().context("its input")?;
    input.write_all(brief.to_string().as_bytes()).await?;
    drop(input);
    let done = timeout(DEADLINE, node.wait_with_output())
        .await
        .context("the browser did not end in time")??;
    let told = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    ensure!(done.status.success(), "{told}");
    Ok(())
}
