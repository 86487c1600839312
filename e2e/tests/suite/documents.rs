//! The document that is published against what runs: schemathesis sends what it allows and what it does not.
//!
//! Invariant: no answer is a failure of ours, and every answer is a documented one: status, type, headers, schema.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use e2e::{Client, Role, Target};
use reqwest::StatusCode;
use serde_json::json;
use tokio::fs;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;
use tokio::time::timeout;

use crate::stack::{self, newcomer, order_one};

/// How long it may take.
const DEADLINE: Duration = Duration::from_mins(3);
/// Requests made of chance for each operation, besides those that the document itself suggests.
const EXAMPLES: u32 = 10;
/// The chance is the same each time.
const SEED: u32 = 9457;

/// What operators look after.
const OPERATORS: &str = r"^/api/(users|audit|clients|dead-letters|checkouts)";
/// What a manager's store and customers have, and of identity's endpoints those that are no pages.
const STAFF: &str = r"^/(api/(orders|stores)|oauth2|\.well-known)";

#[tokio::test]
async fn schemathesis_of_pypi_finds_nothing_that_is_not_documented() -> Result<()> {
    let stack = stack::shared().await?;
    let operator = try_out(&stack, Role::Admin, OPERATORS);
    let manager = try_out(&stack, Role::Manager, STAFF);
    tokio::try_join!(operator, manager)?;
    Ok(())
}

/// Lets it call what is at these paths as this person.
async fn try_out(stack: &Target, role: Role, paths: &str) -> Result<()> {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = here.join("../target/e2e");
    fs::create_dir_all(&folder).await?;
    let authority = folder.join("ca.pem");
    fs::write(&authority, stack.ca()).await?;
    let person = stack.sign_in(role)?;
    let order = order_one(&newcomer(stack).await?).await?;
    let brief = json!({
        "public": stack.public().as_str(),
        "email": person.email,
        "password": person.password,
        "paths": paths,
        "store": order.store_id,
        "order": order.id,
        "examples": EXAMPLES,
        "seed": SEED,
    });
    let mut client = Command::new("python3")
        .arg(here.join("foreign/schemathesis_client.py"))
        .env("REQUESTS_CA_BUNDLE", &authority)
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .context("python3")?;
    // By its input: arguments and environment can be read by others.
    let mut input = client.stdin.take().context("its input")?;
    input.write_all(format!("{brief}\n").as_bytes()).await?;
    drop(input);
    let done = timeout(DEADLINE, client.wait_with_output()).await;
    let done = done.context("it did not end in time")??;
    ensure!(
        done.status.success(),
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok(())
}

#[tokio::test]
async fn the_document_is_published_as_it_is_committed() -> Result<()> {
    let stack = stack::shared().await?;
    let visitor = Client::new(&stack)?;
    let answer = visitor.get("/v1/openapi.json").await?;
    let answer = answer.expect(StatusCode::OK)?;
    let committed = Path::new(env!("CARGO_MANIFEST_DIR")).join("../apps/bff/openapi.json");
    let committed = fs::read_to_string(committed).await?;
    ensure!(answer.body == committed, "another document");
    Ok(())
}
