//! Every dependency's licence is one that allows our own (MIT or Apache-2.0).
//!
//! Invariant: an expression that can't be read is refused like a licence that is not in the list.

use crate::repository::string;
use crate::workspace::packages;

/// Licences that ask for no more than notice, or for source of their own files alone.
const ALLOWED: [&str; 15] = [
    "0BSD",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an SPDX expression can be fulfilled with the allowed licences alone.
fn allowed(expression: &str) -> bool {
    // Before SPDX, crates wrote `MIT/Apache-2.0`.
    let spaced = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    matches!(any(&words), Some((true, [])))
}

type Verdict<'w> = Option<(bool, &'w [&'w str])>;

fn any<'w>(words: &'w [&'w str]) -> Verdict<'w> {
    let (mut good, mut rest) = all(words)?;
    while let ["OR", more @ ..] = rest {
        let (next, after) = all(more)?;
        (good, rest) = (good || next, after);
    }
    Some((good, rest))
}

fn all<'w>(words: &'w [&'w str]) -> Verdict<'w> {
    let (mut good, mut rest) = one(words)?;
    while let ["AND", more @ ..] = rest {
        let (next, after) = one(more)?;
        (good, rest) = (good && next, after);
    }
    Some((good, rest))
}

fn one<'w>(words: &'w [&'w str]) -> Verdict<'w> {
    match words {
        ["(", inner @ ..] => match any(inner)? {
            (good, [")", rest @ ..]) => Some((good, rest)),
            _ => None,
        },
        [licence, "WITH", exception, rest @ ..] => {
            let both = format!("{licence} WITH {exception}");
            Some((ALLOWED.contains(&both.as_str()), rest))
        }
        [licence, rest @ ..] => Some((ALLOWED.contains(licence), rest)),
        [] => None,
    }
}

#[test]
fn every_dependency_may_be_used() {
    let refused: Vec<_> = packages(false)
        .map(|package| {
            (
                string(&package["name"]),
                package["license"].as_str().unwrap_or("no licence"),
            )
        })
        .filter(|(_, licence)| !allowed(licence))
        .collect();
    assert!(refused.is_empty(), "{refused:#?}");
}

#[test]
fn expressions_are_read_as_spdx_means_them() {
    for good in [
        "MIT",
        "MIT/Apache-2.0",
        "GPL-3.0 OR MIT",
        "(GPL-3.0 OR MIT) AND ISC",
        "GPL-3.0 OR MIT AND Zlib",
    ] {
        assert!(allowed(good), "{good}");
    }
    for bad in [
        "GPL-3.0",
        "MIT AND GPL-3.0",
        "(MIT",
        "MIT)",
        "",
        "MIT ISC",
        "no licence",
        "MIT OR",
    ] {
        assert!(!allowed(bad), "{bad}");
    }
}
