//! A set of scopes, as OAuth writes it: words separated by single spaces.
//!
//! Invariant: each scope once, in alphabetical order, so that equal sets are equal text.

use std::collections::BTreeSet;
use std::fmt;

/// What may be asked of this server about the person herself.
pub const PERSONAL: [&str; 3] = ["openid", "profile", "email"];

/// What a client of another company may do for a person who allows it: what every customer may, and nothing that staff
/// may.
pub const ACTING: [&str; 6] = [
    "catalog:quote",
    "catalog:read",
    "order:cancel",
    "order:place",
    "order:read",
    "order:slots",
];

/// What such a client may do for itself: what concerns nobody.
pub const ALONE: [&str; 1] = ["catalog:read"];

/// What a client with this scope may, for the person to read.
#[must_use]
pub fn in_words(scope: &str) -> &'static str {
    match scope {
        "openid" => "know you again when you come back",
        "profile" => "see your name, and your time zone if you chose one",
        "email" => "see your e-mail address, and whether it is confirmed",
        "catalog:read" => "see the shops and their menus as you do",
        "catalog:quote" => "ask what an order would cost you",
        "order:read" => "see your orders",
        "order:place" => "order in your name",
        "order:cancel" => "cancel orders of yours",
        "order:slots" => "see when orders can be picked up",
        _ => "see what a later version of this site will name",
    }
}

/// A set of scopes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scopes(BTreeSet<String>);

impl Scopes {
    /// Reads a `scope` parameter; repeated scopes count once.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        text.split_ascii_whitespace().collect()
    }

    /// Whether it holds this scope.
    #[must_use]
    pub fn contains(&self, scope: &str) -> bool {
        self.0.contains(scope)
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it holds all of the other one.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// Each of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Those for the service `audience`.
    #[must_use]
    pub fn towards(&self, audience: &str) -> Self {
        self.iter()
            .filter(|scope| {
                scope
                    .split_once(':')
                    .is_some_and(|(app, _)| app == audience)
            })
            .collect()
    }

    /// What either holds.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).cloned().collect())
    }

    /// What both hold.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).cloned().collect())
    }

    /// The requested part of these scopes: all of them when nothing was asked for, `None` when more was asked for.
    #[must_use]
    pub fn narrowed(self, requested: Option<&str>) -> Option<Self> {
        match requested.map(Self::parse) {
            None => Some(self),
            Some(requested) => requested.0.is_subset(&self.0).then_some(requested),
        }
    }
}

impl<'a> FromIterator<&'a str> for Scopes {
    fn from_iter<I: IntoIterator<Item = &'a str>>(scopes: I) -> Self {
        Self(scopes.into_iter().map(str::to_owned).collect())
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_back() {
        assert_eq!(
            Scopes::parse(" profile openid  openid ").to_string(),
            "openid profile"
        );
        assert!(Scopes::parse("  ").is_empty());
    }

    #[test]
    fn never_more_than_there_is() {
        let held = Scopes::parse("a b");
        assert_eq!(held.clone().narrowed(None), Some(held.clone()));
        assert_eq!(held.clone().narrowed(Some("b")), Some(Scopes::parse("b")));
        assert_eq!(held.narrowed(Some("b c")), None);
    }
}
