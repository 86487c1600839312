//! `docs/problems.md` lists every type of problem that the sources can answer with, and no other.
//!
//! A slug is the text literal that follows a status in the making of a problem; where a helper makes it, the literal is
//! the helper's first argument.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::repository::{entries, root, text};

/// What a slug follows in the sources.
const MAKERS: [&str; 3] = ["StatusCode::", "refusal(", "unwrap_or("];

#[test]
fn the_documented_types_are_those_of_the_sources() {
    let mut made = BTreeSet::new();
    for member in entries("apps").into_iter().chain(entries("libs")) {
        let mut sources = Vec::new();
        rust_files(&member.join("src"), &mut sources);
        for source in sources {
            let code = text(&source);
            // What a file's tests say is no answer to anybody.
            let code = code.split("#[cfg(test)]").next().unwrap_or_default();
            made.extend(slugs(code));
        }
    }
    assert!(made.len() > 20, "the sources were not understood: {made:?}");
    assert_eq!(documented(), made, "docs/problems.md against the sources");
}

/// The first column of the table.
fn documented() -> BTreeSet<String> {
    let page = text(&root().join("docs/problems.md"));
    let cells = page.lines().filter_map(|line| line.strip_prefix("| `"));
    cells
        .filter_map(|cell| Some(cell.split_once('`')?.0.to_owned()))
        .collect()
}

fn slugs(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for maker in MAKERS {
        for (at, _) in code.match_indices(maker) {
            let rest = &code[at + maker.len()..];
            let name = |c: char| c.is_ascii_uppercase() || c == '_';
            let rest = rest
                .trim_start_matches(name)
                .trim_start_matches(',')
                .trim_start();
            let Some(literal) = rest
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            // A single word is a slug only behind a status: helpers are called with other words too.
            let is_slug = literal.chars().all(|c| c.is_ascii_lowercase() || c == '-')
                && (literal.contains('-') || maker == MAKERS[0]);
            if is_slug {
                found.push(literal.to_owned());
            }
        }
    }
    found
}

fn rust_files(folder: &Path, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            rust_files(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs") {
            found.push(path);
        }
    }
}
