//! The README's table of services against the files that it sums up.

use std::collections::{BTreeMap, BTreeSet};

use crate::repository::{app_ids, is_dead, published_by, root, subscriptions, text};

/// The columns, in this order.
const COLUMNS: [&str; 5] = ["service", "owns", "calls", "publishes", "listens"];

/// The table's rows by their first cell, without the marks of Markdown.
fn table() -> BTreeMap<String, Vec<String>> {
    let readme = text(&root().join("README.md"));
    let cells = |line: &str| -> Vec<String> {
        let inside = line.trim().trim_start_matches('|').trim_end_matches('|');
        inside.split('|').map(plain).collect()
    };
    let mut lines = readme
        .lines()
        .skip_while(|line| !line.trim_start().starts_with('|') || cells(line) != COLUMNS);
    assert!(
        lines.next().is_some(),
        "the README has no table of {COLUMNS:?}"
    );
    let rows = lines
        .skip(1)
        .take_while(|line| line.trim_start().starts_with('|'))
        .map(cells);
    rows.map(|row| (row[0].clone(), row)).collect()
}

/// A cell's words: of a link its text.
fn plain(cell: &str) -> String {
    let cell = cell.replace(['`', '*'], "");
    let link = cell
        .trim()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'));
    link.map_or(cell.trim(), |(text, _)| text).to_owned()
}

/// The words of a cell that are among `known`.
fn named(cell: &str, known: &[String]) -> BTreeSet<String> {
    let words = cell.split(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)));
    words
        .map(|word| word.trim_matches('.').to_owned())
        .filter(|word| known.contains(word))
        .collect()
}

#[test]
fn the_table_of_services_tells_the_truth() {
    let (table, apps) = (table(), app_ids());
    let topics: Vec<String> = apps.iter().map(|app| format!("{app}-events")).collect();
    for app in &apps {
        let row = table
            .get(app)
            .unwrap_or_else(|| panic!("the README's table lacks {app}"));
        assert_eq!(row.len(), COLUMNS.len(), "{row:?}");
        let database = root().join("apps").join(app).join("migrations").is_dir();
        assert_eq!(
            row[1].contains(&format!("db-{app}")),
            database,
            "what {app} owns: {}",
            row[1]
        );
        for word in row[2]
            .split([',', ' '])
            .filter(|word| word.chars().all(char::is_alphanumeric) && !word.is_empty())
        {
            assert!(
                apps.iter().any(|other| other == word && other != app),
                "{app} calls {word:?}, which is no other service"
            );
        }
        let published: BTreeSet<_> = published_by(app).into_iter().collect();
        assert_eq!(named(&row[3], &topics), published, "what {app} publishes");
        let heard = subscriptions()
            .into_iter()
            .filter(|one| one.consumer == *app && !is_dead(&one.topic));
        let heard: BTreeSet<_> = heard.map(|one| one.topic).collect();
        assert_eq!(named(&row[4], &topics), heard, "what {app} listens to");
    }
    for name in table.keys() {
        assert!(
            apps.contains(name),
            "the README's table has {name}, dapr.yaml has not"
        );
    }
}
