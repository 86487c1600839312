//! The Dapr files against the apps and each other: daprd skips in silence what it does not understand.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::repository::{
    Subscription, app_ids, components, entries, is_dead, resources, root, services, settings,
    sources, stem, string, strings, subscriptions, text, topics_of, yaml, yaml_files,
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

/// Folder, kinds of its documents, and whether a document's name is its file's.
const KINDS: [(&str, &[&str], bool); 4] = [
    ("components", &["Component", "HTTPEndpoint"], true),
    ("dapr/subscriptions", &["Subscription"], false),
    ("dapr/resiliency", &["Resiliency"], true),
    ("dapr/access", &["Configuration"], false),
];

#[test]
fn every_document_is_of_the_kind_that_is_read_there() {
    let apps: BTreeSet<_> = app_ids().into_iter().collect();
    let mut names = BTreeSet::new();
    let mut all: Vec<(_, &[&str], _)> = Vec::new();
    for name in ["config.yaml", "sentry.yaml"] {
        let path = root().join("dapr").join(name);
        all.push((path.clone(), &["Configuration"], yaml(&path)));
    }
    for (folder, kinds, named) in KINDS {
        for path in yaml_files(folder) {
            let documents = yaml(&path);
            // daprd does not load a second Resiliency of a file, and says nothing.
            assert!(
                kinds != ["Resiliency"] || documents.len() == 1,
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
            all.push((path, kinds, documents));
        }
    }
    for (path, kinds, documents) in all {
        for document in documents {
            let (place, kind) = (path.display(), string(&document["kind"]));
            assert!(kinds.contains(&&*kind), "{place}: {kind}");
            assert!(
                string(&document["apiVersion"]).starts_with("dapr.io/v"),
                "{place}"
            );
            let name = string(&document["metadata"]["name"]);
            assert!(
                names.insert((kind.clone(), name.clone())),
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
    let known = ["config.yaml", "dapr.yaml", "sentry.yaml"];
    for path in yaml_files("dapr") {
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .expect("a name");
        assert!(known.contains(&name), "{}: nobody loads it", path.display());
    }
}

/// tools/keep.sh gives each sidecar the list of its app's name: who may call it. Nobody else may.
#[test]
fn every_service_has_a_list_of_its_callers() {
    let apps: BTreeSet<_> = app_ids().into_iter().collect();
    let paths = yaml_files("dapr/access");
    let named = paths.iter().map(|path| stem(path).to_owned());
    assert_eq!(named.collect::<BTreeSet<_>>(), apps);
    let common = yaml(&root().join("dapr/config.yaml")).remove(0);
    let denies = |rules: &Value, place: &str| {
        assert_eq!(rules["defaultAction"], "deny", "{place}");
        assert_eq!(rules["trustDomain"], "public", "{place}");
    };
    denies(&common["spec"]["accessControl"], "config.yaml");
    for path in paths {
        let (place, list) = (stem(&path), yaml(&path).remove(0));
        assert_eq!(list["metadata"]["name"], format!("access-{place}"));
        let rules = &list["spec"]["accessControl"];
        denies(rules, place);
        for caller in rules["policies"].as_array().into_iter().flatten() {
            denies(caller, place);
            let name = string(&caller["appId"]);
            assert!(apps.contains(&name) && name != place, "{place}: {name}");
            let operations = caller["operations"].as_array().expect("operations");
            for operation in operations {
                assert!(!strings(&operation["httpVerb"]).is_empty(), "{place}");
                // An asterisk between slashes matches nothing, and a name holds for all beneath it anyway; the services
                // of a package of gRPC are one part, which an asterisk may end.
                let name = string(&operation["name"]);
                let name = match name.strip_suffix(".v1.*") {
                    Some(package) => {
                        assert_eq!(package, format!("/crema.{place}"));
                        package
                    }
                    None => &name,
                };
                assert!(!name.contains('*'), "{place}");
            }
        }
    }
}

#[test]
fn every_rule_of_resiliency_names_what_exists() {
    let components = components();
    // A call to somebody else's address goes by the name of its endpoint.
    let apps: Vec<_> = app_ids()
        .into_iter()
        .chain(resources("HTTPEndpoint").into_keys())
        .collect();
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
fn every_subscription_leads_to_a_route_of_its_consumer() {
    for subscription in subscriptions() {
        let (topic, consumer) = (&subscription.topic, &subscription.consumer);
        let table = text(&root().join("apps").join(consumer).join("src/routes.rs"));
        let path = &subscription.path;
        assert!(
            table.contains(&format!("\"{path}\"")),
            "{consumer} has no route {path} for {topic}"
        );
    }
}

/// One answers for each entry, the other for the whole body; and of too many a delivery would be too large, for ever.
#[test]
fn what_is_delivered_in_bulk_is_heard_in_bulk() {
    let mut bulks = 0;
    for Subscription {
        consumer,
        path,
        in_bulk,
        ..
    } in subscriptions()
    {
        let document = text(&root().join("apps").join(&consumer).join("openapi.json"));
        let document: Value = serde_json::from_str(&document).expect("a document");
        let answers = &document["paths"][&path]["post"]["responses"];
        let heard = answers["200"]["content"]["application/json"].is_object();
        assert_eq!(in_bulk.is_some(), heard, "{consumer} {path}: {answers}");
        assert!(in_bulk.is_none_or(|most| most <= 50), "{consumer} {path}");
        bulks += u64::from(heard);
    }
    assert!(bulks > 0, "nothing is delivered in bulk");
}

/// What the broker's component lets an app do: `subscriptionScopes` or `publishingScopes`.
fn may(pubsub: &str, scopes: &str, app: &str) -> Vec<String> {
    let component = &components()[pubsub];
    let is_scoped = strings(&component["scopes"]).contains(&app.to_owned());
    assert!(is_scoped, "{app} can't use {pubsub}");
    topics_of(&settings(component)[scopes], app)
}

fn is_closed_but_for_those(pubsub: &str, topic: &str) {
    let settings = settings(&components()[pubsub]);
    for list in ["allowedTopics", "protectedTopics"] {
        let mut listed = settings[list].split(',');
        assert!(listed.any(|one| one == topic), "{pubsub}: {list}: {topic}");
    }
}

#[test]
fn every_consumer_may_listen_and_has_a_dead_letter_topic_of_its_own() {
    for subscription in subscriptions() {
        let Subscription {
            pubsub,
            topic,
            consumer,
            ..
        } = &subscription;
        assert!(
            may(pubsub, "subscriptionScopes", consumer).contains(topic),
            "{consumer} may not listen to {topic}"
        );
        is_closed_but_for_those(pubsub, topic);
        if is_dead(topic) {
            continue;
        }
        let dead = format!("{topic}.{consumer}.dead");
        assert_eq!(subscription.dead_letters.as_ref(), Some(&dead), "{topic}");
        assert!(
            may(pubsub, "publishingScopes", consumer).contains(&dead),
            "{consumer}'s sidecar may not write {dead}"
        );
        is_closed_but_for_those(pubsub, &dead);
        let producer = topic.strip_suffix("-events").expect("<app>-events");
        assert!(
            app_ids().iter().any(|app| app == producer),
            "nobody publishes {topic}"
        );
    }
}

/// What is given up is stored by the consumer whose it is, if events change what it keeps: then it has an inbox. Nothing ends that attempt: no rule of resiliency, whose
/// retries would be spent one day, and no dead letters of dead letters.
#[test]
fn whoever_keeps_data_keeps_its_dead_letters_too() {
    let all = subscriptions();
    let (letters, events): (Vec<_>, Vec<_>) = all.into_iter().partition(|one| is_dead(&one.topic));
    // Whoever has only an outbox changes nothing by an event.
    let keeps_data = |app: &str| sources(app).contains("admit(");
    let given_up: BTreeSet<_> = events
        .into_iter()
        .filter(|one| keeps_data(&one.consumer))
        .map(|one| (one.consumer, one.dead_letters.unwrap_or_default()))
        .collect();
    let mut kept = BTreeSet::new();
    for one in letters {
        assert_eq!(one.dead_letters, None, "{}", one.topic);
        assert!(
            may(&one.pubsub, "publishingScopes", &one.consumer).is_empty(),
            "{} writes what it only reads",
            one.consumer
        );
        for path in yaml_files("dapr/resiliency") {
            let targets = yaml(&path).remove(0)["spec"]["targets"]["components"].take();
            assert!(targets.get(&one.pubsub).is_none(), "{}", path.display());
        }
        kept.insert((one.consumer, one.topic));
    }
    assert_eq!(kept, given_up);
}
