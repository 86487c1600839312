//! The document that is published against what is committed.
//!
//! Invariant: clients read byte for byte what requests are held against.

use std::path::Path;

use anyhow::{Result, ensure};
use e2e::Client;
use reqwest::StatusCode;
use tokio::fs;

use crate::stack;

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
