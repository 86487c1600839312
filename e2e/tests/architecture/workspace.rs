//! Who depends on whom.
//!
//! Invariant: what is forbidden is forbidden for tests and builds too, not only for what is shipped.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;

use crate::repository::{app_ids, root, string, text};

/// What cargo knows of the workspace and of all that it is built from.
pub static METADATA: LazyLock<Value> = LazyLock::new(|| {
    // Packages of other systems are never downloaded.
    let platforms = [
        "--filter-platform=x86_64-unknown-linux-gnu",
        "--filter-platform=wasm32-unknown-unknown",
    ];
    let output = cargo(&[
        "metadata",
        "--locked",
        "--format-version=1",
        platforms[0],
        platforms[1],
    ]);
    serde_json::from_str(&output).expect("cargo's metadata is JSON")
});

fn cargo(arguments: &[&str]) -> String {
    let mut command = Command::new(option_env!("CARGO").unwrap_or("cargo"));
    let output = command
        .args(arguments)
        .current_dir(root())
        .output()
        .expect("cargo");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).expect("text")
}

/// The packages with these sources: ours have none, the others a registry.
pub fn packages(ours: bool) -> impl Iterator<Item = &'static Value> {
    let all = METADATA["packages"].as_array().expect("packages");
    all.iter()
        .filter(move |package| package["source"].is_null() == ours)
}

/// Our packages: their folder in the clone, and the names of all that they depend on directly.
fn workspace() -> BTreeMap<String, (String, Vec<String>)> {
    let root = string(&METADATA["workspace_root"]);
    let member = |package: &Value| {
        let manifest = string(&package["manifest_path"]);
        let folder = Path::new(&manifest)
            .parent()
            .expect("a folder")
            .strip_prefix(&root)
            .expect("in the clone");
        let folder = folder
            .parent()
            .expect("a parent")
            .to_str()
            .expect("text")
            .to_owned();
        let dependencies = package["dependencies"].as_array().expect("dependencies");
        let names = dependencies
            .iter()
            .map(|dependency| string(&dependency["name"]))
            .collect();
        (string(&package["name"]), (folder, names))
    };
    packages(true).map(member).collect()
}

fn in_folder(all: &BTreeMap<String, (String, Vec<String>)>, name: &str, folder: &str) -> bool {
    all.get(name).is_some_and(|(own, _)| own == folder)
}

#[test]
fn apps_stand_alone_and_libs_below_them() {
    let all = workspace();
    for (name, (folder, dependencies)) in &all {
        for dependency in dependencies {
            let is_app = in_folder(&all, dependency, "apps");
            assert!(!is_app, "{folder}/{name} depends on the app {dependency}");
            if dependency == "bff-api" {
                assert!(
                    ["bff", "web"].contains(&name.as_str()),
                    "{name} speaks the BFF's language with its client"
                );
            }
        }
    }
    let (_, ours) = &all["e2e"];
    let inside: Vec<_> = ours
        .iter()
        .filter(|dependency| all.contains_key(*dependency))
        .collect();
    assert!(
        inside.is_empty(),
        "the end-to-end tests stand outside, but share {inside:?} with what they test"
    );
}

#[test]
fn a_folder_is_a_crate_of_that_name() {
    for package in packages(true) {
        let manifest = string(&package["manifest_path"]);
        let folder = Path::new(&manifest)
            .parent()
            .and_then(Path::file_name)
            .expect("a folder");
        assert_eq!(folder.to_str(), package["name"].as_str());
    }
}

/// Words of a package's name that betray a client of the broker, the cache or the vault.
const CLIENTS: [&str; 8] = [
    "kafka",
    "redis",
    "fred",
    "valkey",
    "samsa",
    "vault",
    "rustify",
    "hashicorp",
];
/// The operator's tool sets the vault up; nothing else speaks to it but Dapr.
const OPERATORS: [&str; 1] = ["secretstore"];

#[test]
fn only_dapr_speaks_to_kafka_redis_and_the_vault() {
    let client = |name: &str| {
        name.split(['-', '_'])
            .any(|word| CLIENTS.iter().any(|client| word.contains(client)))
    };
    for (name, (_, dependencies)) in workspace() {
        if !OPERATORS.contains(&name.as_str()) {
            let clients: Vec<_> = dependencies
                .iter()
                .filter(|dependency| client(dependency))
                .collect();
            assert!(clients.is_empty(), "{name} depends on {clients:?}");
        }
    }
    // Not by way of somebody else either.
    let known: Vec<_> = packages(false)
        .map(|package| string(&package["name"]))
        .filter(|name| client(name))
        .collect();
    let vault: Vec<_> = known
        .iter()
        .filter(|name| !["vaultrs", "rustify", "rustify_derive"].contains(&name.as_str()))
        .collect();
    assert!(vault.is_empty(), "{vault:?} are in the build");
}

/// Names and versions of what is really compiled, tests and build scripts included. The metadata names what the lock file
/// holds, which is more: optional parts that nobody switched on.
fn compiled() -> BTreeMap<String, BTreeSet<String>> {
    let mut versions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for selection in [
        ["--workspace", "--target=x86_64-unknown-linux-gnu"],
        ["--package=web", "--target=wasm32-unknown-unknown"],
    ] {
        let output = cargo(&[
            "tree",
            "--locked",
            "--prefix=none",
            "--format={p}",
            selection[0],
            selection[1],
        ]);
        for line in output.lines() {
            if let [name, version, ..] = line.split(' ').collect::<Vec<_>>()[..] {
                versions
                    .entry(name.to_owned())
                    .or_default()
                    .insert(version.to_owned());
            }
        }
    }
    versions
}

#[test]
fn there_is_one_of_each() {
    let versions = compiled();
    for one in [
        "reqwest",
        "rustls",
        "tokio",
        "axum",
        "serde_json",
        "aws-lc-rs",
        "sqlx",
    ] {
        assert_eq!(
            versions.get(one).map(BTreeSet::len),
            Some(1),
            "versions of {one}"
        );
    }
    // A second crypto provider, one with a known weakness (RUSTSEC-2023-0071), and what nobody keeps any more.
    for banned in [
        "ring",
        "openssl",
        "openssl-sys",
        "native-tls",
        "rsa",
        "serde_yaml",
    ] {
        assert_eq!(versions.get(banned), None, "{banned} is in the build");
    }
}

/// The features of `libs/service` in the build of one app, its tests included.
fn features_of_service(app: &str, more: &[&str]) -> String {
    let build = ["tree", "--locked", "--offline", "--prefix=none"];
    let shown = ["--format={p} {f}", "--package", app];
    let tree = cargo(&[&build[..], &shown, more].concat());
    let service = tree.lines().find_map(|line| line.strip_prefix("service "));
    service
        .unwrap_or_else(|| panic!("{app} is no service"))
        .to_owned()
}

#[test]
fn a_build_has_no_kill_points_unless_they_are_asked_for() {
    for app in app_ids() {
        let built = features_of_service(&app, &[]);
        assert!(!built.contains("failpoints"), "{app}: {built}");
        // They would be seen.
        let asked = features_of_service(&app, &["--features=service/failpoints"]);
        assert!(asked.contains("failpoints"), "{app}: {asked}");
    }
    // And who builds for production does not ask.
    let up = text(&root().join("tools/run/up.sh"));
    let asking = up.lines().filter(|line| line.contains("failpoints"));
    for line in asking {
        assert!(line.contains("$1 == debug"), "{line}");
    }
}
