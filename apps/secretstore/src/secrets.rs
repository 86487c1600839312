//! The one table of secrets: where each is, and where its value comes from.
//!
//! What was generated once is never generated again: a run writes only what is missing or no longer follows its source.

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use thiserror::Error;

use crate::{
    arguments::Settings,
    kv::{self, Secret},
    random::{self, RandomError},
    rotate::signing,
    vault::{Vault, VaultError},
};

/// Apps that own a database.
pub const WITH_DATABASE: &[&str] = &[
    "identity",
    "catalog",
    "order",
    "inventory",
    "payment",
    "shipping",
];
/// Apps whose sidecar has a database for them: what the component `statestore-durable` keeps. The app itself never reads
/// the secret of it.
pub const WITH_STATE: &[&str] = &["bff"];
/// Apps that ask identity for tokens.
const WITH_CLIENT: &[&str] = &["bff", "order"];
/// Apps whose sidecar may use Redis.
const WITH_REDIS: &[&str] = &["bff", "identity"];
/// The roles of the demo people, one person each.
pub const DEMO_ROLES: &[&str] = &["customer", "barista", "manager", "admin"];

/// Which paths a row stands for.
enum On {
    /// `<name>`, for the servers themselves.
    Server,
    /// `<app>/<name>` for these apps.
    Apps(&'static [&'static str]),
    /// `<app>/<name>` for every app.
    EveryApp,
    /// `<app>/<name>`, with the demo only.
    Demo(&'static str),
}

/// Where a value comes from.
enum Value {
    /// The configuration; followed when it changes.
    Setting(fn(&Settings, &str) -> String),
    /// A first value by the app's name; a rotation may change it.
    First(fn(&str) -> String),
    /// Randomness, once.
    Random(fn() -> Result<String, RandomError>),
    /// The same value as another path and key; followed when that changes.
    CopyOf(&'static str, &'static str),
    /// The base64url SHA-256 of another value; followed when that changes.
    DigestOf(&'static str, &'static str),
    /// Another value as an `Authorization` header carries it; followed when that changes.
    BearerOf(&'static str, &'static str),
    /// A certificate and its key, which the PKI engine issues (`pki.rs`).
    Issued,
}

struct Row {
    on: On,
    name: &'static str,
    key: &'static str,
    value: Value,
}

const fn row(on: On, name: &'static str, key: &'static str, value: Value) -> Row {
    Row {
        on,
        name,
        key,
        value,
    }
}

/// A row that reads another stands below it.
const TABLE: &[Row] = &[
    row(
        On::Server,
        "redis",
        "password",
        Value::Random(random::token),
    ),
    row(
        On::Apps(WITH_REDIS),
        "redis",
        "password",
        Value::CopyOf("redis", "password"),
    ),
    row(
        On::EveryApp,
        "dapr",
        "api_token",
        Value::Random(random::token),
    ),
    row(
        On::EveryApp,
        "dapr",
        "app_token",
        Value::Random(random::token),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "host",
        Value::Setting(|s, _| s.postgres.host.clone()),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "port",
        Value::Setting(|s, _| s.postgres.port.to_string()),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "database",
        Value::Setting(|_, app| format!("db-{app}")),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "role",
        Value::Setting(|_, app| format!("{app}_owner")),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "username",
        Value::First(|app| format!("{app}_a")),
    ),
    row(
        On::Apps(WITH_DATABASE),
        "database",
        "password",
        Value::Random(random::token),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "host",
        Value::Setting(|s, _| s.postgres.host.clone()),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "port",
        Value::Setting(|s, _| s.postgres.port.to_string()),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "database",
        Value::Setting(|_, app| format!("db-{app}")),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "role",
        Value::Setting(|_, app| format!("{app}_owner")),
    ),
    // What the component has no field for. What its tables belong to is the owner, whichever login made them.
    row(
        On::Apps(WITH_STATE),
        "state",
        "options",
        Value::Setting(|_, app| {
            format!("role={app}_owner application_name={app}-state connect_timeout=5")
        }),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "username",
        Value::First(|app| format!("{app}_a")),
    ),
    row(
        On::Apps(WITH_STATE),
        "state",
        "password",
        Value::Random(random::token),
    ),
    row(
        On::Apps(WITH_CLIENT),
        "client",
        "client_id",
        Value::Setting(|_, app| app.to_owned()),
    ),
    row(
        On::Apps(WITH_CLIENT),
        "client",
        "client_secret",
        Value::Random(random::token),
    ),
    row(
        On::Apps(&["identity"]),
        "clients",
        "bff",
        Value::DigestOf("bff/client", "client_secret"),
    ),
    row(
        On::Apps(&["identity"]),
        "clients",
        "order",
        Value::DigestOf("order/client", "client_secret"),
    ),
    row(
        On::Apps(&["identity"]),
        "signing",
        "current",
        Value::Random(random::signing_key),
    ),
    row(
        On::Apps(&["identity"]),
        "signing",
        "next",
        Value::Random(random::signing_key),
    ),
    row(
        On::Apps(&["identity"]),
        "signing",
        "rs256.current",
        Value::Random(random::rsa_key),
    ),
    row(
        On::Apps(&["identity"]),
        "signing",
        "rs256.next",
        Value::Random(random::rsa_key),
    ),
    row(
        On::Apps(&["identity"]),
        "signing",
        signing::SINCE,
        Value::First(|_| signing::this_moment()),
    ),
    row(
        On::Apps(&["identity"]),
        "totp",
        "current",
        Value::Random(random::key),
    ),
    // None at first; src/provider.rs adds them.
    row(
        On::Apps(&["identity"]),
        "federation",
        "providers",
        Value::First(|_| String::new()),
    ),
    row(
        On::Demo("identity"),
        "demo",
        "customer",
        Value::Random(random::password),
    ),
    row(
        On::Demo("identity"),
        "demo",
        "barista",
        Value::Random(random::password),
    ),
    row(
        On::Demo("identity"),
        "demo",
        "manager",
        Value::Random(random::password),
    ),
    row(
        On::Demo("identity"),
        "demo",
        "admin",
        Value::Random(random::password),
    ),
    row(
        On::Apps(&["bff"]),
        "session",
        "current",
        Value::Random(random::key),
    ),
    row(
        On::Apps(&["bff"]),
        "session",
        "next",
        Value::Random(random::key),
    ),
    row(
        On::Apps(&["catalog"]),
        "quotes",
        "current",
        Value::Random(random::key),
    ),
    row(
        On::Apps(&["catalog"]),
        "quotes",
        "next",
        Value::Random(random::key),
    ),
    row(
        On::Apps(&["acquirer"]),
        "merchant",
        "api_key",
        Value::Random(random::token),
    ),
    row(
        On::Apps(&["acquirer"]),
        "merchant",
        "webhook_secret",
        Value::Random(random::token),
    ),
    // For payment's sidecar, which puts it on every call to the provider; the app itself never sees it.
    row(
        On::Apps(&["payment"]),
        "provider",
        "authorization",
        Value::BearerOf("acquirer/merchant", "api_key"),
    ),
    row(
        On::Apps(&["payment"]),
        "webhook",
        "current",
        Value::CopyOf("acquirer/merchant", "webhook_secret"),
    ),
    row(
        On::Apps(&["carrier"]),
        "shipper",
        "api_key",
        Value::Random(random::token),
    ),
    // For shipping's sidecar, as payment's.
    row(
        On::Apps(&["shipping"]),
        "courier",
        "authorization",
        Value::BearerOf("carrier/shipper", "api_key"),
    ),
    row(On::Apps(&["bff"]), "tls", "certificate", Value::Issued),
    row(On::Apps(&["bff"]), "tls", "private_key", Value::Issued),
];

/// Secrets that can't be filled in.
#[derive(Debug, Error)]
pub enum FillError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// No randomness.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// The table's secrets as they stand in the vault.
#[derive(Default)]
pub struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// All values of a path; none, if there is no such path.
    pub fn at(&self, path: &str) -> Option<&BTreeMap<String, String>> {
        Some(&self.0.get(path)?.values)
    }

    /// One value, if the path has it.
    pub fn get(&self, path: &str, key: &str) -> Option<&str> {
        self.0.get(path)?.values.get(key).map(String::as_str)
    }
}

/// Fills in what is missing; returns all of it, and how many secrets were written.
pub async fn fill(root: &Vault, settings: &Settings) -> Result<(Secrets, usize), FillError> {
    let mut secrets = Secrets::default();
    for path in rows(settings)
        .map(|(path, ..)| path)
        .collect::<BTreeSet<_>>()
    {
        let secret = kv::read(root, &path).await?;
        secrets.0.insert(path, secret);
    }
    let changed = complete(&mut secrets, settings)?;
    for path in &changed {
        if let Some(secret) = secrets.0.get(path) {
            kv::write(root, path, secret).await?;
        }
    }
    Ok((secrets, changed.len()))
}

/// Gives every row its value and names the paths that are no longer as the vault has them.
fn complete(secrets: &mut Secrets, settings: &Settings) -> Result<BTreeSet<String>, RandomError> {
    let mut changed = BTreeSet::new();
    for (path, app, row) in rows(settings) {
        let current = secrets.get(&path, row.key);
        let wanted = match row.value {
            Value::Setting(setting) => Some(setting(settings, app)),
            Value::First(first) if current.is_none() => Some(first(app)),
            Value::Random(generate) if current.is_none() => Some(generate()?),
            Value::CopyOf(from, key) => secrets.get(from, key).map(str::to_owned),
            Value::DigestOf(from, key) => secrets.get(from, key).map(digest_of),
            Value::BearerOf(from, key) => secrets.get(from, key).map(bearer_of),
            Value::First(_) | Value::Random(_) | Value::Issued => None,
        };
        if let Some(wanted) = wanted.filter(|wanted| current != Some(wanted)) {
            let secret = secrets.0.entry(path.clone()).or_default();
            secret.values.insert(row.key.to_owned(), wanted);
            changed.insert(path);
        }
    }
    Ok(changed)
}

/// The table spread over the apps of this run: path, app, row.
fn rows(settings: &Settings) -> impl Iterator<Item = (String, &str, &'static Row)> {
    let apps = || settings.apps.iter().map(String::as_str);
    TABLE.iter().flat_map(move |row| {
        let on: Vec<&str> = match row.on {
            On::Server => return vec![(row.name.to_owned(), "", row)],
            On::Apps(names) => apps().filter(|app| names.contains(app)).collect(),
            On::EveryApp => apps().collect(),
            On::Demo(name) => apps().filter(|app| settings.demo && *app == name).collect(),
        };
        on.into_iter()
            .map(|app| (format!("{app}/{}", row.name), app, row))
            .collect()
    })
}

fn bearer_of(value: &str) -> String {
    format!("Bearer {value}")
}

/// The base64url SHA-256 of a secret, by which its checker knows it.
pub fn digest_of(value: &str) -> String {
    URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, value.as_bytes()))
}

#[cfg(test)]
mod tests;
