//! The values of options: each is parsed wholly, or refused with what it should look like.

use std::time::Duration;

use url::Url;

use super::{ArgumentError, HostPort};
use crate::rotate::Kind;

/// Where the vault is; an address never carries a password.
pub(super) fn vault_url(text: &str) -> Result<Url, ArgumentError> {
    Url::parse(text)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .filter(|url| url.password().is_none())
        .ok_or(ArgumentError::Value {
            option: "--vault",
            wanted: "an http or https URL",
        })
}

/// An app's name becomes a path in the vault, a folder and a role, so its alphabet is small.
pub(super) fn app_names(text: &str) -> Result<Vec<String>, ArgumentError> {
    let proper = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_lowercase())
            && name
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    let names: Vec<String> = text.split(',').map(str::to_owned).collect();
    if names.iter().all(|name| proper(name)) {
        Ok(names)
    } else {
        Err(ArgumentError::Value {
            option: "--apps",
            wanted: "names such as bff,order",
        })
    }
}

/// A number of days, hours, minutes or seconds; 0 is no period at all.
pub(super) fn period(option: &'static str, text: &str) -> Result<Option<Duration>, ArgumentError> {
    if text == "0" {
        return Ok(None);
    }
    let parsed = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds: u64 = match unit {
            "d" => 24 * 3600,
            "h" => 3600,
            "m" => 60,
            "s" => 1,
            _ => return None,
        };
        let number: u32 = number.parse().ok().filter(|number| *number > 0)?;
        Some(Duration::from_secs(u64::from(number) * seconds))
    };
    parsed().map(Some).ok_or(ArgumentError::Value {
        option,
        wanted: "a period such as 30d, or 0",
    })
}

/// What `rotate` rotates.
pub(super) fn rotated(words: &[&str]) -> Result<Vec<Kind>, ArgumentError> {
    let found = words
        .iter()
        .map(|word| Kind::ALL.into_iter().find(|kind| kind.word() == *word));
    found.collect::<Option<_>>().ok_or(ArgumentError::Value {
        option: "rotate",
        wanted: "signing or tokens, or some of session, quotes, clients, webhook and database",
    })
}

/// A provider's name becomes a part of an address and of a field's name.
pub(super) fn provider_name(name: &str) -> Result<String, ArgumentError> {
    let proper = name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    proper.then(|| name.to_owned()).ok_or(ArgumentError::Value {
        option: "provider",
        wanted: "a name of at most 32 lower-case letters, digits and hyphens",
    })
}

/// A host and a port.
pub(super) fn host_port(text: &str) -> Result<HostPort, ArgumentError> {
    text.rsplit_once(':')
        .filter(|(host, _)| !host.is_empty())
        .and_then(|(host, port)| {
            Some(HostPort {
                host: host.to_owned(),
                port: port.parse().ok()?,
            })
        })
        .ok_or(ArgumentError::Value {
            option: "--postgres",
            wanted: "HOST:PORT",
        })
}
