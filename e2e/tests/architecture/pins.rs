//! What is fetched is what was looked at: everything that others wrote has a version and a checksum here.

use std::path::Path;

use serde_json::Value;

use crate::repository::{entries, root, text};

/// How many hexadecimal digits a SHA-256 has.
const SHA256: usize = 64;

/// Whether a file of pins names a checksum for each thing that it names.
fn holds(pins: &Path) -> bool {
    let name = pins.file_name().and_then(|name| name.to_str());
    match name.expect("a name") {
        "package-lock.json" => of_npm(&text(pins)),
        "requirements.txt" => of_python(&text(pins)),
        "pom.xml" => of_maven(&text(&pins.with_file_name("SHA256SUMS"))),
        // Go refuses a module that is not in it.
        "go.mod" => pins.with_file_name("go.sum").exists(),
        _ => true,
    }
}

fn of_npm(lock: &str) -> bool {
    let lock: Value = serde_json::from_str(lock).expect("JSON");
    let packages = lock["packages"].as_object().expect("packages");
    let others = packages.iter().filter(|(place, _)| !place.is_empty());
    others.clone().count() > 0
        && others
            .into_iter()
            .all(|(_, it)| it["integrity"].is_string())
}

/// One requirement to a line, the lines that end in a backslash joined.
fn of_python(requirements: &str) -> bool {
    let joined = requirements.replace("\\\n", " ");
    let mut lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.all(|line| line.contains("==") && line.contains("--hash=sha256:"))
}

fn of_maven(sums: &str) -> bool {
    let mut lines = sums.lines();
    lines.all(|line| {
        line.split_once("  ")
            .is_some_and(|(sum, _)| sum.len() == SHA256)
    })
}

#[test]
fn every_tool_is_pinned_by_a_checksum() {
    let mut seen = 0;
    for folder in entries("tools").iter().filter(|path| path.is_dir()) {
        let folder = folder.strip_prefix(root()).expect("of the clone");
        for pins in entries(folder.to_str().expect("text")) {
            assert!(
                holds(&pins),
                "{}: something without a checksum",
                pins.display()
            );
            seen += usize::from(pins.extension().is_some_and(|kind| kind != "sh"));
        }
    }
    assert!(seen > 10, "the folders were not understood");
}

#[test]
fn every_crate_is_pinned_by_a_checksum() {
    for package in text(&root().join("Cargo.lock"))
        .split("[[package]]")
        .skip(1)
    {
        let foreign = package.contains("\nsource = ");
        assert!(!foreign || package.contains("\nchecksum = "), "{package}");
    }
}

#[test]
fn a_pin_without_a_checksum_is_found() {
    assert!(!of_python("requests==2.34.2\n"));
    assert!(!of_python("requests>=2 --hash=sha256:00\n"));
    assert!(of_python(
        "# text\nrequests==2.34.2 \\\n    --hash=sha256:00\n"
    ));
    assert!(!of_npm(
        r#"{"packages": {"": {}, "node_modules/a": {"version": "1.0.0"}}}"#
    ));
    assert!(!of_maven("abc  a.jar\n"));
}
