//! The files that `up` leaves for the rest of the stack: each app's tokens, the keys by which sentry
//! knows them, Redis's password, the demo sign-ins.
//!
//! An app's folder holds what that app's process and sidecar need and nothing of another's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use crate::{
    files::{self, FileError},
    policy::ROTATOR,
    secrets::{DEMO_ROLES, Secrets},
};

/// Who gives sidecars their certificates. No app has this name.
const SENTRY: &str = "sentry";

/// Where an app's vault token is.
pub fn vault_token(state: &Path, app: &str) -> PathBuf {
    folder(state, app).join("vault-token")
}

/// The vault token that an earlier run left for the app.
pub fn kept_token(state: &Path, app: &str) -> Result<Option<SecretString>, FileError> {
    let text = files::read(&vault_token(state, app))?;
    Ok(text
        .filter(|token| !token.is_empty())
        .map(SecretString::from))
}

/// Makes the folders for Redis's password, sentry's keys and the tokens of the apps and of the rotator.
pub fn prepare(state: &Path, apps: &[String]) -> Result<(), FileError> {
    files::folder(&state.join("secrets"))?;
    let apps = apps.iter().map(String::as_str);
    apps.chain([ROTATOR, SENTRY])
        .try_for_each(|holder| files::folder(&folder(state, holder)))
}

/// Writes an app's vault token; on its own, so that a token that was made is never lost to a later failure.
pub fn write_token(state: &Path, app: &str, token: &SecretString) -> Result<(), FileError> {
    files::write_secret(&vault_token(state, app), token.expose_secret())
}

/// Writes the accessors of all tokens, by which the rotator renews them.
pub fn write_accessors(
    state: &Path,
    accessors: &BTreeMap<String, String>,
) -> Result<(), FileError> {
    let text = format!("{}\n", json!(accessors));
    files::write_secret(&accessors_file(state), &text)
}

/// The accessors that `up` left: by app; none before.
pub fn accessors(state: &Path) -> Result<BTreeMap<String, String>, FileError> {
    let text = files::read(&accessors_file(state))?;
    let read = text.and_then(|text| serde_json::from_str(&text).ok());
    Ok(read.unwrap_or_default())
}

/// An app's two Dapr tokens: the field of the secret, and the file.
pub const DAPR_TOKENS: [(&str, &str); 2] = [
    ("api_token", "dapr-api-token"),
    ("app_token", "app-api-token"),
];

/// Writes the two Dapr tokens of an app.
pub fn write_dapr_tokens(
    state: &Path,
    app: &str,
    secret: &BTreeMap<String, String>,
) -> Result<(), FileError> {
    for (key, file) in DAPR_TOKENS {
        if let Some(token) = secret.get(key) {
            files::write_secret(&folder(state, app).join(file), token)?;
        }
    }
    Ok(())
}

/// The apps that were given a token for sentry.
pub fn known_to_sentry(state: &Path) -> Result<Vec<String>, FileError> {
    let mut apps = files::names(&state.join("secrets"))?;
    apps.retain(|app| sentry_token(state, app).exists());
    Ok(apps)
}

/// The token for sentry that an earlier run left for the app.
pub fn kept_sentry_token(state: &Path, app: &str) -> Result<Option<String>, FileError> {
    files::read(&sentry_token(state, app))
}

/// Writes what the app's sidecar shows to sentry.
pub fn write_sentry_token(state: &Path, app: &str, token: &str) -> Result<(), FileError> {
    files::write_secret(&sentry_token(state, app), token)
}

/// Writes the keys by which sentry knows a good token.
pub fn write_sentry_keys(state: &Path, keys: &str) -> Result<(), FileError> {
    files::write_secret(&folder(state, SENTRY).join("jwks.json"), keys)
}

/// Writes the part of Redis's configuration that is secret.
pub fn write_redis(state: &Path, secrets: &Secrets) -> Result<(), FileError> {
    match secrets.get("redis", "password") {
        Some(password) => files::write_secret(
            &state.join("secrets/redis.conf"),
            &format!("requirepass {password}\n"),
        ),
        None => Ok(()),
    }
}

/// Writes the sign-ins of the demo people, if there are any.
pub fn write_demo(state: &Path, secrets: &Secrets) -> Result<(), FileError> {
    let people: Vec<_> = DEMO_ROLES
        .iter()
        .filter_map(|role| {
            let password = secrets.get("identity/demo", role)?;
            let email = format!("{role}@crema.example");
            Some(json!({ "email": email, "password": password, "role": role }))
        })
        .collect();
    if people.is_empty() {
        return Ok(());
    }
    let text = format!("{:#}\n", json!({ "people": people }));
    files::write_secret(&state.join("demo-sign-ins.json"), &text)
}

fn accessors_file(state: &Path) -> PathBuf {
    folder(state, ROTATOR).join("accessors.json")
}

fn sentry_token(state: &Path, app: &str) -> PathBuf {
    folder(state, app).join("sentry-token")
}

fn folder(state: &Path, app: &str) -> PathBuf {
    state.join("secrets").join(app)
}
