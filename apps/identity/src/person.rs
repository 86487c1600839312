//! A person: what she may be called and how she signs in. No IO.
//!
//! Invariant: an `EmailAddress` or `Name` in hand is well formed; parsing is the only way to get one.

use std::fmt;

use uuid::Uuid;

/// A person's id: the `sub` of every token about her.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PersonId(pub Uuid);

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is wrong with a field that a person filled in; the text is shown to her.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// No address that mail could reach.
    #[error("Enter an e-mail address, such as ada@example.com.")]
    Email,
    /// Empty, too long, or with characters that are not text.
    #[error("Enter a name of at most 80 characters.")]
    Name,
    /// None of the zones there are.
    #[error("Choose a time zone from the list.")]
    Zone,
    /// Shorter than eight characters.
    #[error("Use at least 8 characters.")]
    PasswordTooShort,
    /// So long that hashing it would be a burden.
    #[error("Use at most 256 characters.")]
    PasswordTooLong,
    /// Among those that are tried first.
    #[error("Many people use this password, so it is tried first. Choose another one.")]
    PasswordCommon,
    /// Her own address or name.
    #[error("Choose one that is not your name or e-mail address.")]
    PasswordPersonal,
}

impl Invalid {
    /// What may be wrong with a password.
    pub const OF_PASSWORDS: [Self; 4] = [
        Self::PasswordTooShort,
        Self::PasswordTooLong,
        Self::PasswordCommon,
        Self::PasswordPersonal,
    ];
}

/// An e-mail address in lower case: one account each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The longest there is (RFC 5321 §4.5.3.1.3).
    pub const LONGEST: usize = 254;

    /// Reads what a person typed, regardless of case and of spaces around it.
    ///
    /// Only the form is judged: whether mail arrives can only be tried. Letters, digits and what RFC 5322 calls atext;
    /// what separates addresses in a list is refused, so that mail for one address never goes to another as well.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let address = text.trim().to_lowercase();
        let well_formed = address.len() <= Self::LONGEST
            && address.chars().all(|c| match c {
                c if c.is_ascii() => {
                    c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-.@".contains(c)
                }
                c => !c.is_control() && !c.is_whitespace(),
            })
            && address.split_once('@').is_some_and(|(local, domain)| {
                !local.is_empty()
                    && !domain.contains('@')
                    && domain.contains('.')
                    && domain.split('.').all(|label| !label.is_empty())
            });
        well_formed.then_some(Self(address)).ok_or(Invalid::Email)
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a person wants to be called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name(String);

impl Name {
    const LONGEST: usize = 80;

    /// Reads what a person typed, without the spaces around it.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name = text.trim();
        let well_formed = !name.is_empty()
            && name.chars().count() <= Self::LONGEST
            && !name.chars().any(char::is_control);
        well_formed
            .then(|| Self(name.to_owned()))
            .ok_or(Invalid::Name)
    }

    /// For whom nobody knows a name of.
    #[must_use]
    pub fn guest() -> Self {
        Self("Guest".to_owned())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_address_is_one_address_in_one_header(text in "\\PC{0,12}[a-z;, \r\n<]{0,4}@\\PC{0,12}\\.[a-z]{1,4}") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let split = |c: char| ";,<>()[]\\:\"".contains(c) || c.is_whitespace() || c.is_control();
                prop_assert!(!address.as_str().contains(split), "{address:?}");
                prop_assert_eq!(address.as_str().matches('@').count(), 1);
            }
        }
    }

    #[test]
    fn addresses() {
        for good in ["ada@example.com", "a+b@x.y", "żółw@kawa.example"] {
            assert!(EmailAddress::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "ada",
            "@x.y",
            "a@",
            "a@b",
            "a@b..c",
            "a@b@c.d",
            "a b@c.d",
            "a\0@b.c",
            "a@b.c\r\nX: y",
            "a;b@c.d",
            "a,b@c.d",
            "a@b.c;d",
            "<a@b.c>",
            "\"a\"@b.c",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(Invalid::Email), "{bad}");
        }
        let long = format!("{}@example.com", "a".repeat(250));
        assert_eq!(EmailAddress::parse(&long), Err(Invalid::Email));
        assert_eq!(
            EmailAddress::parse(" Ada@Example.COM ").map(|a| a.as_str().to_owned()),
            Ok("ada@example.com".to_owned())
        );
    }

    #[test]
    fn names() {
        assert!(Name::parse("<script>alert(1)</script>").is_ok());
        for bad in ["", "  ", "a\nb", "\u{1b}[31m", &"x".repeat(81)] {
            assert_eq!(Name::parse(bad), Err(Invalid::Name), "{bad:?}");
        }
    }
}
