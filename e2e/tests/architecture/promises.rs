//! The tables of promises in the docs: each line names the tests that show it, and those tests exist.

use std::fs;
use std::path::{Path, PathBuf};

use crate::repository::{root, text};

/// The pages with such a table, and where a name without a place is to be found.
const PAGES: [(&str, &str); 1] = [("docs/identity.md", "apps/identity")];
const HEADER: &str = "| line | shown by |";

#[test]
fn every_test_that_is_named_exists() {
    for (page, app) in PAGES {
        let page = text(&root().join(page));
        let (_, table) = page.split_once(HEADER).expect("a table of promises");
        let mut lines = 0;
        for line in table
            .lines()
            .skip(2)
            .take_while(|line| line.starts_with('|'))
        {
            let (_, shown) = line
                .trim_end_matches(" |")
                .rsplit_once(" | ")
                .expect("two cells");
            let names: Vec<_> = shown.split(", ").collect();
            assert!(!names.is_empty() && names != [""], "nothing shows: {line}");
            for name in names {
                assert!(exists(name, app), "{name} is no test: {line}");
            }
            lines += 1;
        }
        assert!(lines > 10, "the table was not understood");
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
    let (folder, name) = match entry.split_once(": ") {
        None => (format!("{app}/tests/api"), entry),
        Some(("src", name)) => (format!("{app}/src"), name),
        Some(("service", name)) => ("libs/service/tests/api".to_owned(), name),
        Some(("café", name)) => ("e2e/tests/suite".to_owned(), name),
        Some((app, name)) => (format!("apps/{app}/tests/api"), name),
    };
    let Some((module, test)) = name.rsplit_once("::") else {
        return false;
    };
    let module = root().join(folder).join(module.replace("::", "/"));
    sources(&module).iter().any(|source| match test {
        "*" => source.contains("#[test]") || source.contains("#[tokio::test]"),
        test => source.contains(&format!("fn {test}(")),
    })
}

/// A module's file, and that of its tests beside it.
fn sources(module: &Path) -> Vec<String> {
    let files: [PathBuf; 2] = [module.with_extension("rs"), module.join("tests.rs")];
    files
        .iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .collect()
}
