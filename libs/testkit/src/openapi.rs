//! A committed `openapi.json` against the one that the code makes.
//!
//! Invariant: the file is only ever written by the code: `CREMA_WRITE_DOCS=yes` in the environment of the test that
//! calls this writes it anew.

use std::path::Path;

use serde_json::Value;

const WRITE: &str = "CREMA_WRITE_DOCS";

/// Compares `document` with the file in `folder`, an app's own.
///
/// # Panics
/// If they differ.
pub fn is_committed(folder: &str, document: &Value) {
    let path = Path::new(folder).join("openapi.json");
    let mut text = serde_json::to_string_pretty(document).expect("JSON");
    text.push('\n');
    #[expect(
        clippy::disallowed_methods,
        reason = "how a person asks for the document to be written"
    )]
    if std::env::var(WRITE).is_ok() {
        std::fs::write(&path, text).expect("the document can be written");
        return;
    }
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let mut lines = before.lines().zip(text.lines()).enumerate();
    let differs = lines.find(|(_, (has, should))| has != should);
    assert!(
        before == text,
        "{} is not what the code says: {WRITE}=yes writes it. It differs at {differs:?}",
        path.display()
    );
}
