//! The repository's files, read the way the checks need them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The clone.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// A file's text.
pub fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The entries of a folder of the clone, sorted; none, if there is no such folder.
pub fn entries(folder: &str) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else {
        return Vec::new();
    };
    let mut paths: Vec<_> = entries
        .map(|entry| entry.expect("an entry").path())
        .collect();
    paths.sort();
    paths
}

/// A file's name without what follows its last dot.
pub fn stem(path: &Path) -> &str {
    path.file_stem()
        .and_then(|stem| stem.to_str())
        .expect("a name")
}

/// The documents of a YAML file.
pub fn yaml(path: &Path) -> Vec<Value> {
    let text = text(path);
    serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The YAML files of a folder.
pub fn yaml_files(folder: &str) -> Vec<PathBuf> {
    let is_yaml = |path: &PathBuf| {
        path.extension()
            .is_some_and(|kind| kind == "yaml" || kind == "yml")
    };
    entries(folder).into_iter().filter(is_yaml).collect()
}

/// The services: the rows of dapr.yaml, in its order.
pub fn services() -> Vec<Value> {
    let template = yaml(&root().join("dapr/dapr.yaml")).remove(0);
    template["apps"].as_array().expect("a list of apps").clone()
}

/// The app ids of the services.
pub fn app_ids() -> Vec<String> {
    services().iter().map(|app| string(&app["appID"])).collect()
}

/// A member that must be a string.
pub fn string(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}

/// The strings of a list; none of anything else.
pub fn strings(value: &Value) -> Vec<String> {
    value
        .as_array()
        .map(|items| items.iter().map(string).collect())
        .unwrap_or_default()
}

/// The metadata of a Dapr component as a map.
pub fn settings(component: &Value) -> BTreeMap<String, String> {
    let list = component["spec"]["metadata"].as_array().expect("metadata");
    let valued = list.iter().filter(|item| item.get("value").is_some());
    valued
        .map(|item| (string(&item["name"]), string(&item["value"])))
        .collect()
}

/// What `a=t1,t2;b=t3` gives to one app.
pub fn topics_of(scopes: &str, app: &str) -> Vec<String> {
    let of_app = scopes
        .split(';')
        .filter_map(|scope| scope.split_once('='))
        .filter(|(name, _)| name.trim() == app);
    of_app
        .flat_map(|(_, topics)| topics.split(','))
        .map(|topic| topic.trim().to_owned())
        .filter(|topic| !topic.is_empty())
        .collect()
}

/// What the components' folder holds of one kind, by name.
pub fn resources(kind: &str) -> BTreeMap<String, Value> {
    let all = yaml_files("components")
        .into_iter()
        .map(|path| yaml(&path).remove(0));
    all.filter(|resource| resource["kind"] == kind)
        .map(|resource| (string(&resource["metadata"]["name"]), resource))
        .collect()
}

/// Every component, by its name.
pub fn components() -> BTreeMap<String, Value> {
    resources("Component")
}

/// What an app publishes, according to the components.
pub fn published_by(app: &str) -> Vec<String> {
    let scopes = components()
        .into_values()
        .filter_map(|component| settings(&component).remove("publishingScopes"));
    let topics = scopes.flat_map(|scopes| topics_of(&scopes, app));
    // Dead letters are the broker's way of giving up, not something an app says.
    topics.filter(|topic| !is_dead(topic)).collect()
}

/// Whether a topic is one of dead letters.
pub fn is_dead(topic: &str) -> bool {
    topic.rsplit('.').next() == Some("dead")
}

/// Who listens to a topic, and where its events go.
pub struct Subscription {
    /// The component.
    pub pubsub: String,
    /// The topic.
    pub topic: String,
    /// Where the broker puts what was given up.
    pub dead_letters: Option<String>,
    /// The one app that it is for.
    pub consumer: String,
    /// Where every event goes. Without rules: an event that matches none would become a dead letter.
    pub path: String,
    /// How many events the sidecar collects for one delivery, if it does.
    pub in_bulk: Option<u64>,
}

impl Subscription {
    fn read(document: &Value) -> Self {
        let (spec, consumers) = (&document["spec"], strings(&document["scopes"]));
        let topic = string(&spec["topic"]);
        let [consumer] = &consumers[..] else {
            panic!("{topic}: one consumer each, because its dead letters are its own");
        };
        assert!(
            spec["routes"]["rules"].is_null(),
            "{topic}: what matches no rule becomes a dead letter"
        );
        Self {
            pubsub: string(&spec["pubsubname"]),
            dead_letters: spec.get("deadLetterTopic").map(string),
            consumer: consumer.clone(),
            topic,
            path: string(&spec["routes"]["default"]),
            in_bulk: spec["bulkSubscribe"]["enabled"]
                .as_bool()
                .unwrap_or_default()
                .then(|| spec["bulkSubscribe"]["maxMessagesCount"].as_u64())
                .flatten(),
        }
    }

    /// Which of these types the consumer acts on: those that its sources, or the library of all services, name; all if
    /// neither names any.
    pub fn acts_on<'k>(&self, kinds: &[&'k str]) -> Vec<&'k str> {
        let sources = sources(&self.consumer) + &rust_in(&root().join("libs/service/src"));
        let is_named = |kind: &&&str| sources.contains(&format!("\"{kind}\""));
        let named: Vec<_> = kinds.iter().filter(is_named).copied().collect();
        if named.is_empty() {
            kinds.to_vec()
        } else {
            named
        }
    }
}

/// Every subscription.
pub fn subscriptions() -> Vec<Subscription> {
    yaml_files("dapr/subscriptions")
        .iter()
        .flat_map(|path| yaml(path))
        .map(|document| Subscription::read(&document))
        .collect()
}

/// All Rust sources of an app.
pub fn sources(app: &str) -> String {
    rust_in(&root().join("apps").join(app).join("src"))
}

/// All Rust sources of a folder.
fn rust_in(folder: &Path) -> String {
    fn collect(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder of sources") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                collect(&path, into);
            } else if path.extension().is_some_and(|kind| kind == "rs") {
                into.push_str(&text(&path));
            }
        }
    }
    let mut all = String::new();
    collect(folder, &mut all);
    all
}
