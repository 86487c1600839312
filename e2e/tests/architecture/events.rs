//! `docs/events.md`, the catalogue of events: made from the golden samples and the subscriptions, and compared here.
//!
//! Invariant: only what an event means is written by hand, in the page itself; `CREMA_WRITE_DOCS=yes` in the environment
//! of this test writes all else anew and keeps those words.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use serde_json::Value;

use crate::repository::{
    Subscription, app_ids, entries, published_by, root, sources, stem, string, subscriptions, text,
};

const PAGE: &str = "docs/events.md";
const WRITE: &str = "CREMA_WRITE_DOCS";

const HEAD: &str = "\
# Events

<!-- Made from apps/*/events/*.json and dapr/subscriptions/*.yaml by

     CREMA_WRITE_DOCS=yes cargo test -p e2e --test architecture events

     which keeps the column `means`, the only one written by hand. -->

Every event is a CloudEvent 1.0 in JSON with `id` (UUIDv7), `source`, `type`, `subject`, `time`, `sequence` (the
subject's count, as text), `crematraceparent` (the trace that caused it) and `data`. It is published at least once, from
an outbox; events of one subject arrive in their order, because the subject is the key of the topic's partitions. A
consumer's inbox tells the repeated by (`source`, `id`) and the late by `sequence`. No event carries personal data. A
field is only ever added; anything else is a new type beside the old one.
";

/// One golden sample.
struct Sample {
    kind: String,
    event: Value,
}

/// What an app publishes, by its golden samples.
fn samples(app: &str) -> Vec<Sample> {
    let read = |path: &std::path::PathBuf| Sample {
        kind: stem(path).to_owned(),
        event: serde_json::from_str(&text(path)).expect("a sample is JSON"),
    };
    entries(&format!("apps/{app}/events"))
        .iter()
        .map(read)
        .collect()
}

#[test]
fn every_golden_event_has_its_name_its_source_and_a_topic() {
    for app in app_ids() {
        let topic = format!("{app}-events");
        let (samples, published) = (samples(&app), published_by(&app));
        assert_eq!(
            published.contains(&topic),
            !samples.is_empty(),
            "{app}: {published:?}"
        );
        for Sample { kind, event } in samples {
            assert_eq!(event["type"], kind);
            assert!(is_of(&app, &kind), "{kind} of {app}");
            assert_eq!(event["source"], format!("/{app}"), "{kind}");
            assert_eq!(event["specversion"], "1.0", "{kind}");
            let texts = ["id", "subject", "time", "sequence"];
            assert!(texts.iter().all(|name| event[name].is_string()), "{kind}");
            assert!(event["data"].is_object(), "{kind}");
            assert!(
                sources(&app).contains(&topic),
                "{app} does not publish to {topic}"
            );
        }
    }
}

#[test]
fn a_producers_sources_name_the_types_of_its_samples_and_no_other() {
    for app in app_ids() {
        let code = sources(&app);
        let named: BTreeSet<_> = code
            .split('"')
            .filter(|word| is_type(word) && is_of(&app, word))
            .map(str::to_owned)
            .collect();
        let sampled: BTreeSet<_> = samples(&app).into_iter().map(|one| one.kind).collect();
        assert_eq!(named, sampled, "{app}: its sources against its samples");
    }
}

/// Whether an app tells of what this type is about: most tell of one aggregate, which has the app's name.
fn is_of(app: &str, kind: &str) -> bool {
    let aggregate = kind.split('.').next().unwrap_or_default();
    let others: &[&str] = match app {
        "identity" => &["user"],
        "catalog" => &["product", "price"],
        "shipping" => &["shipment", "tracking"],
        _ => &[],
    };
    aggregate == app || others.contains(&aggregate)
}

/// Whether a word has the form of `order.confirmed.v1`.
fn is_type(word: &str) -> bool {
    let parts: Vec<_> = word.split('.').collect();
    let name =
        |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    let version = |part: &str| part[1..].parse::<u8>().is_ok();
    match &parts[..] {
        [names @ .., last] => {
            names.len() >= 2 && names.iter().all(name) && last.starts_with('v') && version(last)
        }
        [] => false,
    }
}

#[test]
fn the_catalogue_is_what_the_samples_say() {
    let path = root().join(PAGE);
    let before = std::fs::read_to_string(&path).unwrap_or_default();
    let page = page(&meanings(&before));
    #[expect(
        clippy::disallowed_methods,
        reason = "how a person asks for the page to be written"
    )]
    let write = std::env::var(WRITE).is_ok();
    if write {
        std::fs::write(&path, &page).expect("the page can be written");
    }
    let unsaid: Vec<_> = meanings(&page)
        .into_iter()
        .filter(|(_, means)| means.is_empty())
        .map(|(kind, _)| kind)
        .collect();
    assert!(unsaid.is_empty(), "{PAGE} must say what {unsaid:?} mean");
    if !write {
        let differs = before
            .lines()
            .zip(page.lines())
            .find(|(has, should)| has != should);
        assert!(
            before == page,
            "{PAGE} is not what the samples say: {WRITE}=yes writes it. It differs at {differs:?}"
        );
    }
}

/// The words of the page that are written by hand, by type of event.
fn meanings(page: &str) -> BTreeMap<String, String> {
    let cells = page.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| `")?.split(" | ");
        let kind = cells.next()?.strip_suffix('`')?;
        is_type(kind).then(|| {
            (
                kind.to_owned(),
                cells.next().unwrap_or_default().trim().to_owned(),
            )
        })
    });
    cells.collect()
}

fn page(meanings: &BTreeMap<String, String>) -> String {
    let (mut page, subscriptions) = (HEAD.to_owned(), subscriptions());
    for app in app_ids() {
        let samples = samples(&app);
        if samples.is_empty() {
            continue;
        }
        let topic = format!("{app}-events");
        write!(
            page,
            "\n## {topic}\n\nPublished by [{app}](../apps/{app}), "
        )
        .expect("a text grows");
        write!(page, "source `/{app}`.\n\n").expect("a text grows");
        let listeners: Vec<_> = subscriptions
            .iter()
            .filter(|one| one.topic == topic)
            .collect();
        page += &events_table(&app, &samples, &listeners, meanings);
        page += &listeners_table(&listeners);
        page += &fields_tables(&samples);
    }
    page
}

fn events_table(
    app: &str,
    samples: &[Sample],
    listeners: &[&Subscription],
    meanings: &BTreeMap<String, String>,
) -> String {
    let mut table = row(&[
        "event",
        "means",
        "subject",
        "sequence",
        "consumers",
        "sample",
    ]);
    table += "|---|---|---|---|---|---|\n";
    let kinds: Vec<_> = samples.iter().map(|one| one.kind.as_str()).collect();
    for Sample { kind, event } in samples {
        let mut consumers: Vec<_> = listeners
            .iter()
            .filter(|one| one.acts_on(&kinds).contains(&kind.as_str()))
            .map(|one| one.consumer.as_str())
            .collect();
        // Who listens twice stands there once.
        consumers.dedup();
        table += &row(&[
            &format!("`{kind}`"),
            meanings.get(kind).map_or("", String::as_str),
            &format!("`{}`", subject(event)),
            if event["data"]["version"].as_i64() == string(&event["sequence"]).parse().ok() {
                "`version`"
            } else {
                "1, 2, 3 … per subject"
            },
            &consumers.join(", "),
            &format!("[json](../apps/{app}/events/{kind}.json)"),
        ]);
    }
    table
}

/// The subject with the names of the fields that it is made of in place of their values.
fn subject(event: &Value) -> String {
    let mut subject = string(&event["subject"]);
    for (name, value) in event["data"].as_object().into_iter().flatten() {
        if let Some(value) = value.as_str().filter(|value| value.len() > 8) {
            subject = subject.replace(value, &format!("{{{name}}}"));
        }
    }
    subject
}

fn listeners_table(listeners: &[&Subscription]) -> String {
    let mut table = format!("\n{}", row(&["consumer", "at", "dead letters"]));
    table += "|---|---|---|\n";
    for one in listeners {
        let how = if one.in_bulk.is_some() {
            ", in bulk"
        } else {
            ""
        };
        table += &row(&[
            &one.consumer,
            &format!("`POST {}`{how}", one.path),
            &format!("`{}`", one.dead_letters.as_deref().unwrap_or_default()),
        ]);
    }
    table
}

/// The leaves of JSON values by their path.
type Leaves<'v> = BTreeMap<String, Vec<&'v Value>>;

/// The fields of the samples, those with the same fields together.
fn fields_tables(samples: &[Sample]) -> String {
    let mut groups: Vec<(Vec<&str>, Leaves<'_>)> = Vec::new();
    for sample in samples {
        let mut fields = Leaves::new();
        collect("", &sample.event["data"], &mut fields);
        let same = groups
            .iter_mut()
            .find(|(_, others)| others.keys().eq(fields.keys()));
        match same {
            None => groups.push((vec![&sample.kind], fields)),
            Some((kinds, others)) => {
                kinds.push(&sample.kind);
                for (name, leaves) in fields {
                    others.entry(name).or_default().extend(leaves);
                }
            }
        }
    }
    let mut tables = String::new();
    for (kinds, fields) in groups {
        let kinds: Vec<_> = kinds.iter().map(|kind| format!("`{kind}`")).collect();
        write!(tables, "\nThe data of {}:\n\n", kinds.join(", ")).expect("a text grows");
        tables += &row(&["field", "type", "for example"]);
        tables += "|---|---|---|\n";
        for (name, leaves) in fields {
            let types: BTreeSet<_> = leaves.iter().copied().map(type_of).collect();
            let types: Vec<_> = types.into_iter().collect();
            tables += &row(&[
                &format!("`{name}`"),
                &types.join(" or "),
                &examples(&leaves),
            ]);
        }
    }
    tables
}

/// The leaves of a JSON value by their path; an empty list is one too.
fn collect<'v>(name: &str, value: &'v Value, fields: &mut Leaves<'v>) {
    match value {
        Value::Object(members) => {
            for (member, value) in members {
                let dot = if name.is_empty() { "" } else { "." };
                collect(&format!("{name}{dot}{member}"), value, fields);
            }
        }
        Value::Array(items) if !items.is_empty() => {
            for item in items {
                collect(&format!("{name}[]"), item, fields);
            }
        }
        leaf => fields.entry(name.to_owned()).or_default().push(leaf),
    }
}

/// The JSON type, and the form of a text that has one.
fn type_of(leaf: &Value) -> &'static str {
    match leaf {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(text) if uuid::Uuid::try_parse(text).is_ok() => "string (uuid)",
        Value::String(text) if text.ends_with('Z') && text.contains('T') => "string (instant)",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// All words of a field, because they are its vocabulary; of anything else the first.
fn examples(leaves: &[&Value]) -> String {
    let mut shown: Vec<String> = Vec::new();
    for leaf in leaves.iter().filter(|leaf| !leaf.is_null()) {
        let value = leaf
            .as_str()
            .map_or_else(|| leaf.to_string(), str::to_owned);
        let value = format!("`{value}`");
        if shown.is_empty() || (type_of(leaf) == "string" && !shown.contains(&value)) {
            shown.push(value);
        }
    }
    shown.join(", ")
}

fn row(cells: &[&str]) -> String {
    format!("| {} |\n", cells.join(" | "))
}
