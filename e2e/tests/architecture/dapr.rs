//! The Dapr files against the apps and each other: daprd skips in silence what it does not understand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repository::{
    app_ids, components, entries, root, services, settings, sources, stem, string, strings,
    subscriptions, text, topics_of, yaml, yaml_files,
};

/// The first port of the first row; each row has a hundred.
const FIRST: u64 = 20_100;

#[test]
fn every_server_is_in_the_list_of_services_and_the_reverse() {
    let is_server = |folder: &str| {
        let manifest = text(&root().join("apps").join(folder).join("Cargo.toml"));
        manifest
            .lines()
            .any(|line| line.starts_with("service.") || line.starts_with("service ="))
    };
    let folders = entries("apps");
    let servers: BTreeSet<_> = folders
        .iter()
        .map(|path| stem(path).to_owned())
        .filter(|name| is_server(name))
        .collect();
    assert_eq!(servers, app_ids().into_iter().collect());
}

#[test]
fn every_service_has_its_place_and_its_ports() {
    let mut first = FIRST;
    for app in services() {
        let id = string(&app["appID"]);
        assert_eq!(app["appDirPath"], format!("../apps/{id}"), "{id}");
        let command = strings(&app["command"]);
        assert_eq!(
            command.last().map(String::as_str),
            Some(&*format!("../../target/debug/{id}")),
            "{id}"
        );
        for (name, offset) in [
            ("appPort", 0),
            ("daprHTTPPort", 2),
            ("daprGRPCPort", 3),
            ("daprInternalGRPCPort", 4),
            ("metricsPort", 5),
        ] {
            assert_eq!(app[name], first + offset, "{id}: {name}");
        }
        first += 100;
    }
}

/// Folder, kind of its documents, and whether a document's name is its file's.
const KINDS: [(&str, &str, bool); 3] = [
    ("components", "Component", true),
    ("dapr/subscriptions", "Subscription", false),
    ("dapr/resiliency", "Resiliency", true),
];

#[test]
fn every_document_is_of_the_kind_that_is_read_there() {
    let apps: BTreeSet<_> = app_ids().into_iter().collect();
    let mut names = BTreeSet::new();
    let config = root().join("dapr/config.yaml");
    let mut all: Vec<_> = vec![(config.clone(), "Configuration", yaml(&config))];
    for (folder, kind, named) in KINDS {
        for path in yaml_files(folder) {
            let documents = yaml(&path);
            // daprd does not load a second Resiliency of a file, and says nothing.
            assert!(
                kind != "Resiliency" || documents.len() == 1,
                "{}",
                path.display()
            );
            if named {
                assert_eq!(
                    documents[0]["metadata"]["name"],
                    stem(&path),
                    "{}",
                    path.display()
                );
            }
            all.push((path, kind, documents));
        }
    }
    for (path, kind, documents) in all {
        for document in documents {
            let place = path.display();
            assert_eq!(document["kind"], kind, "{place}");
            assert!(
                string(&document["apiVersion"]).starts_with("dapr.io/v"),
                "{place}"
            );
            let name = string(&document["metadata"]["name"]);
            assert!(
                names.insert((kind, name.clone())),
                "{place}: a second {kind} {name}"
            );
            let scopes = strings(&document["scopes"]);
            assert!(
                kind == "Configuration" || !scopes.is_empty(),
                "{place} is open to every app"
            );
            for app in scopes {
                assert!(apps.contains(&app), "{place}: no app is named {app}");
            }
        }
    }
    let known = ["config.yaml", "dapr.yaml"];
    for path in yaml_files("dapr") {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        assert!(known.contains(&name), "{}: nobody loads it", path.display());
    }
}

#[test]
fn every_rule_of_resiliency_names_what_exists() {
    let (apps, components) = (app_ids(), components());
    for path in yaml_files("dapr/resiliency") {
        let place = path.display();
        let spec = yaml(&path).remove(0)["spec"].take();
        let defined = |policy: &str, name: &Value| {
            let name = string(name);
            assert!(
                spec["policies"][policy].get(&name).is_some(),
                "{place}: there is no {policy} {name}"
            );
        };
        let rule = |target: &Value| {
            for (member, policy) in [
                ("timeout", "timeouts"),
                ("retry", "retries"),
                ("circuitBreaker", "circuitBreakers"),
            ] {
                if let Some(name) = target.get(member) {
                    defined(policy, name);
                }
            }
        };
        for (app, target) in object(&spec["targets"]["apps"]) {
            assert!(apps.contains(&app), "{place}: no app is named {app}");
            rule(&target);
        }
        for (component, target) in object(&spec["targets"]["components"]) {
            assert!(
                components.contains_key(&component),
                "{place}: no component is named {component}"
            );
            for (direction, target) in object(&target) {
                assert!(
                    ["inbound", "outbound"].contains(&direction.as_str()),
                    "{place}: {direction}"
                );
                rule(&target);
            }
        }
    }
}

fn object(value: &Value) -> BTreeMap<String, Value> {
    value
        .as_object()
        .map(|members| members.clone().into_iter().collect())
        .unwrap_or_default()
}

#[test]
fn every_subscription_leads_to_a_route_and_has_a_dead_letter_topic() {
    let components = components();
    for subscription in subscriptions() {
        let (spec, consumers) = (&subscription["spec"], strings(&subscription["scopes"]));
        let (topic, dead) = (string(&spec["topic"]), string(&spec["deadLetterTopic"]));
        let [consumer] = &consumers[..] else {
            panic!("{topic}: one consumer each, because its dead letters are its own");
        };
        assert_eq!(dead, format!("{topic}.{consumer}.dead"));
        let mut paths: Vec<_> = spec["routes"]
            .get("default")
            .map(string)
            .into_iter()
            .collect();
        let rules = spec["routes"]["rules"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        paths.extend(rules.iter().map(|rule| string(&rule["path"])));
        assert!(!paths.is_empty(), "{topic} leads nowhere");
        for path in paths {
            let table = text(&root().join("apps").join(consumer).join("src/routes.rs"));
            assert!(
                table.contains(&format!("\"{path}\"")),
                "{consumer} has no route {path} for {topic}"
            );
        }
        let pubsub = &components[&string(&spec["pubsubname"])];
        assert!(
            strings(&pubsub["scopes"]).contains(consumer),
            "{consumer} can't use the component"
        );
        let settings = settings(pubsub);
        let may = |scopes: &str| topics_of(&settings[scopes], consumer);
        assert!(
            may("subscriptionScopes").contains(&topic),
            "{consumer} may not listen to {topic}"
        );
        assert!(
            may("publishingScopes").contains(&dead),
            "{consumer}'s sidecar may not write {dead}"
        );
        for list in ["allowedTopics", "protectedTopics"] {
            let listed: Vec<_> = settings[list].split(',').collect();
            assert!(
                listed.contains(&topic.as_str()) && listed.contains(&dead.as_str()),
                "{topic}: {list}"
            );
        }
        let producer = topic.strip_suffix("-events").expect("<app>-events");
        assert!(
            app_ids().iter().any(|app| app == producer),
            "nobody publishes {topic}"
        );
    }
}

#[test]
fn every_golden_event_has_its_name_its_source_and_a_topic() {
    for app in app_ids() {
        let topic = format!("{app}-events");
        let samples = entries(&format!("apps/{app}/events"));
        let published = crate::repository::published_by(&app);
        assert_eq!(
            published.contains(&topic),
            !samples.is_empty(),
            "{app}: {published:?}"
        );
        for path in samples {
            let event: Value = serde_json::from_str(&text(&path)).expect("a sample is JSON");
            assert_eq!(event["type"], stem(&path));
            assert_eq!(event["source"], format!("/{app}"));
            assert_eq!(event["specversion"], "1.0");
            assert!(
                event["subject"].is_string() && event["sequence"].is_string(),
                "{}",
                path.display()
            );
            assert!(
                sources(&app).contains(&topic),
                "{app} does not publish to {topic}"
            );
        }
    }
}
