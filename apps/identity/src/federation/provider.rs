//! The providers as the operator names them, in the secret `federation`.
//!
//! Invariant: one that is not wholly there is left out, with a warning, and takes no other with it.

use dapr_kit::Secret;
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::http::Reach;

/// Another OpenID provider, and we as its client.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Its name in our addresses.
    pub name: String,
    /// What people call it.
    pub label: String,
    /// Its issuer, as it writes it.
    pub issuer: String,
    /// Our id there.
    pub client_id: String,
    /// Our secret there.
    pub client_secret: SecretString,
}

/// What is wrong with one of them.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
enum Unusable {
    #[error("a name has at most 32 lower-case letters, digits and hyphens, a letter first")]
    Name,
    #[error("its field `{0}` is missing")]
    Missing(&'static str),
    #[error("its label is longer than 40 characters, or no text")]
    Label,
    #[error("its issuer is no https address without query and fragment")]
    Issuer,
}

impl Provider {
    /// Those whose names the field `providers` lists, with spaces between.
    #[must_use]
    pub fn all(secret: &Secret, reach: Reach) -> Vec<Self> {
        let names = secret
            .get("providers")
            .map(ExposeSecret::expose_secret)
            .unwrap_or_default();
        let read = |name: &str| match Self::read(secret, name, reach) {
            Ok(provider) => Some(provider),
            Err(reason) => {
                tracing::warn!(provider = name, %reason, "an identity provider is left out");
                None
            }
        };
        names.split_ascii_whitespace().filter_map(read).collect()
    }

    fn read(secret: &Secret, name: &str, reach: Reach) -> Result<Self, Unusable> {
        if !is_name(name) {
            return Err(Unusable::Name);
        }
        let field = |field: &'static str| {
            let value = secret.get(&format!("{name}.{field}"));
            value
                .filter(|value| !value.expose_secret().is_empty())
                .ok_or(Unusable::Missing(field))
        };
        let label = field("label")?.expose_secret().to_owned();
        if label.chars().count() > 40 || label.chars().any(char::is_control) {
            return Err(Unusable::Label);
        }
        let issuer = field("issuer")?.expose_secret().to_owned();
        let proper =
            |url: &Url| reach.allows(url) && url.query().is_none() && url.fragment().is_none();
        if !Url::parse(&issuer).is_ok_and(|url| proper(&url)) {
            return Err(Unusable::Issuer);
        }
        Ok(Self {
            name: name.to_owned(),
            label,
            issuer,
            client_id: field("client_id")?.expose_secret().to_owned(),
            client_secret: field("client_secret")?.clone(),
        })
    }
}

/// Whether this can name a provider in an address.
#[must_use]
pub fn is_name(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(fields: &[(&str, &str)]) -> Secret {
        let fields = fields
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Secret::new("federation", fields.collect())
    }

    fn campus<'a>(changed: &'a str, value: &'a str) -> Vec<(&'a str, &'a str)> {
        let mut fields = vec![
            ("providers", "campus"),
            ("campus.issuer", "https://id.campus.example"),
            ("campus.client_id", "crema"),
            ("campus.client_secret", "hush"),
            ("campus.label", "Campus"),
        ];
        fields.retain(|(name, _)| *name != changed);
        fields.push((changed, value));
        fields
    }

    #[test]
    fn nothing_named_is_nobody() {
        assert!(Provider::all(&secret(&[]), Reach::Https).is_empty());
        assert!(Provider::all(&secret(&[("providers", "")]), Reach::Https).is_empty());
    }

    #[test]
    fn one_that_is_not_whole_is_left_out_and_the_others_stay() {
        for (field, value) in [
            ("campus.issuer", "http://id.campus.example"),
            ("campus.issuer", "http://127.0.0.1:1"),
            ("campus.issuer", "https://id.campus.example/?a"),
            ("campus.issuer", "https://id.campus.example/#a"),
            ("campus.issuer", "https://user@id.campus.example"),
            ("campus.issuer", "id.campus.example"),
            ("campus.issuer", ""),
            ("campus.client_id", ""),
            ("campus.client_secret", ""),
            ("campus.label", ""),
            ("campus.label", "a\nb"),
        ] {
            let mut fields = campus(field, value);
            fields[0] = ("providers", "campus town ../x");
            fields.extend([
                ("town.issuer", "https://town.example/"),
                ("town.client_id", "crema"),
                ("town.client_secret", "hush"),
                ("town.label", "Town"),
            ]);
            let found = Provider::all(&secret(&fields), Reach::Https);
            let names: Vec<_> = found.iter().map(|provider| &*provider.name).collect();
            assert_eq!(names, ["town"], "{field}={value}");
        }
    }

    #[test]
    fn without_encryption_only_this_machine_and_only_if_told_so() {
        for (issuer, reach, good) in [
            ("http://127.0.0.1:9", Reach::LoopbackToo, true),
            ("http://localhost:9", Reach::LoopbackToo, true),
            ("http://127.0.0.1.evil.example", Reach::LoopbackToo, false),
            ("http://id.campus.example", Reach::LoopbackToo, false),
            ("ftp://localhost", Reach::LoopbackToo, false),
            ("http://localhost:9", Reach::Https, false),
        ] {
            let found = Provider::all(&secret(&campus("campus.issuer", issuer)), reach);
            assert_eq!(found.len(), usize::from(good), "{issuer}");
        }
    }
}
