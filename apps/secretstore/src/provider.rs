//! The identity providers of other companies that sign people in: what identity has to know to be a client of one.
//!
//! Invariant: its client secret comes by the standard input alone, and changing one provider leaves the others as they are.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, Read},
    path::Path,
};

use serde::Deserialize;
use thiserror::Error;
use url::Url;

use crate::{files, keyring, kv, root, up::UpError, vault::Vault};

/// The secret.
const PATH: &str = "identity/federation";
/// The field that lists the providers' names, with spaces between, in the order in which people see them.
const NAMES: &str = "providers";
/// No description is longer.
const MOST: u64 = 16 * 1024;

/// A provider that can't be taken.
#[derive(Debug, Error)]
pub enum ProviderError {
    /// Not what the standard input must have.
    #[error(
        "the standard input must be JSON with issuer, client_id, client_secret and label, each a text that is not empty"
    )]
    Description,
    /// It could not be read.
    #[error("cannot read the standard input: {0}")]
    Input(io::ErrorKind),
}

/// What becomes of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is added, or described anew.
    Add,
    /// It is removed.
    Remove,
}

/// A provider as the operator describes it. No `Debug`: it has a secret.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    issuer: String,
    client_id: String,
    client_secret: String,
    label: String,
}

/// What was done.
#[derive(Debug)]
pub struct Report(Change);

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Change::Add => "provider added; people can sign in by it within seconds",
            Change::Remove => "provider removed; nobody signs in by it any more within seconds",
        })
    }
}

/// Adds or removes a provider of a running installation.
pub async fn change(
    state: &Path,
    address: &Url,
    name: &str,
    change: Change,
) -> Result<Report, UpError> {
    let description = match change {
        Change::Add => Some(read(io::stdin())?),
        Change::Remove => None,
    };
    let _lock = files::lock(state)?;
    let vault = Vault::at(address)?;
    let root = keyring::become_root(&vault, state).await?;
    root::during(&vault, &root, async |root| {
        let mut secret = kv::read(root, PATH).await?;
        put(&mut secret.values, name, description);
        kv::write(root, PATH, &secret).await?;
        Ok(Report(change))
    })
    .await
}

fn read(input: impl Read) -> Result<Description, ProviderError> {
    let mut text = String::new();
    input
        .take(MOST)
        .read_to_string(&mut text)
        .map_err(|error| ProviderError::Input(error.kind()))?;
    // The parser's own words might quote the secret.
    let description: Description =
        serde_json::from_str(&text).map_err(|_| ProviderError::Description)?;
    let whole = [
        &description.issuer,
        &description.client_id,
        &description.client_secret,
        &description.label,
    ]
    .iter()
    .all(|text| !text.is_empty());
    whole
        .then_some(description)
        .ok_or(ProviderError::Description)
}

fn put(fields: &mut BTreeMap<String, String>, name: &str, description: Option<Description>) {
    let prefix = format!("{name}.");
    fields.retain(|field, _| !field.starts_with(&prefix));
    let listed = fields.get(NAMES).map(String::as_str).unwrap_or_default();
    let mut names: Vec<&str> = listed.split_ascii_whitespace().collect();
    if description.is_none() {
        names.retain(|known| *known != name);
    } else if !names.contains(&name) {
        names.push(name);
    }
    let names = names.join(" ");
    fields.insert(NAMES.to_owned(), names);
    if let Some(description) = description {
        for (field, value) in [
            ("issuer", description.issuer),
            ("client_id", description.client_id),
            ("client_secret", description.client_secret),
            ("label", description.label),
        ] {
            fields.insert(format!("{prefix}{field}"), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMPUS: &str =
        r#"{"issuer":"https://id.example","client_id":"c","client_secret":"s","label":"Campus"}"#;

    #[test]
    fn one_is_added_and_removed_and_the_others_stay() {
        let mut fields = BTreeMap::from([(NAMES.to_owned(), String::new())]);
        let empty = fields.clone();
        put(&mut fields, "town", read(CAMPUS.as_bytes()).ok());
        let town = fields.clone();
        for _ in 0..2 {
            put(&mut fields, "campus", read(CAMPUS.as_bytes()).ok());
            assert_eq!(fields[NAMES], "town campus");
            assert_eq!(fields["campus.client_secret"], "s");
            assert_eq!(fields.len(), 9);
        }
        put(&mut fields, "campus", None);
        assert_eq!(fields, town);
        put(&mut fields, "town", None);
        assert_eq!(fields, empty);
    }

    #[test]
    fn what_is_not_whole_is_refused_without_a_word_of_it() {
        for text in [
            "",
            "{}",
            &CAMPUS.replace("Campus", ""),
            &CAMPUS.replace("label", "name"),
            &CAMPUS.replace('}', r#","more":""}"#),
        ] {
            let refused = read(text.as_bytes()).err();
            assert!(
                matches!(refused, Some(ProviderError::Description)),
                "{text}"
            );
        }
    }
}
