//! The tables of promises in the docs: each line names the tests that show it, and those tests exist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository::{root, text};

/// The pages with such a table, and where a name without a place is to be found.
const PAGES: [(&str, &str); 3] = [
    ("docs/identity.md", "identity"),
    ("docs/scope.md", "order"),
    ("docs/security.md", "bff"),
];
const HEADER: &str = " | shown by |";
/// What a source with tests has at least one of.
const MARKS: [&str; 3] = ["#[test]", "#[tokio::test", "for_each_provider!["];

#[test]
fn every_test_that_is_named_exists() {
    for (page, app) in PAGES {
        let page = text(&root().join(page));
        let mut lines = 0;
        for table in page.split(HEADER).skip(1) {
            // The rest of the header, and the rule beneath it.
            let rows = table.lines().skip(2);
            for line in rows.take_while(|line| line.starts_with('|')) {
                let mut cells = line.trim_matches(['|', ' ']).split(" | ");
                let shown = cells.nth(1).expect("a second cell");
                for name in shown.split(", ") {
                    assert!(exists(name, app), "{name} is no test: {line}");
                }
                lines += 1;
            }
        }
        assert!(lines > 10, "the tables were not understood");
    }
}

/// Whether a cell's entry names a test, or all tests of a module that has some.
fn exists(entry: &str, app: &str) -> bool {
    // The page says what it stands for.
    if entry == "foreign" {
        return exists("`café: foreign::*`", app);
    }
    let Some(entry) = entry
        .strip_prefix('`')
        .and_then(|entry| entry.strip_suffix('`'))
    else {
        return false;
    };
    let mut places: Vec<_> = entry.split(": ").collect();
    let name = places.pop().unwrap_or_default();
    let folder = match places[..] {
        [] => format!("{}/tests/api", folder_of(app)),
        ["src"] => format!("{}/src", folder_of(app)),
        ["café"] => "e2e/tests/suite".to_owned(),
        ["architecture"] => "e2e/tests/architecture".to_owned(),
        [other] => format!("{}/tests/api", folder_of(other)),
        [other, "src"] => format!("{}/src", folder_of(other)),
        _ => return false,
    };
    let Some((module, test)) = name.rsplit_once("::") else {
        return false;
    };
    let module = root().join(folder).join(module.replace("::", "/"));
    sources(&module).iter().any(|source| match test {
        "*" => MARKS.iter().any(|mark| source.contains(mark)),
        test => source.contains(&format!("fn {test}(")),
    })
}

/// Where a crate is.
fn folder_of(name: &str) -> String {
    let library = format!("libs/{name}");
    if root().join(&library).is_dir() {
        library
    } else {
        format!("apps/{name}")
    }
}

/// A module's file, and that of its tests beside it.
fn sources(module: &Path) -> Vec<String> {
    let files: [PathBuf; 2] = [module.with_extension("rs"), module.join("tests.rs")];
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}
