//! The mail that identity sends: which kinds there are, and what each says. No IO.
//!
//! Invariant: nothing that anybody typed is in a mail, so that nobody can make us write to a stranger in her own words.

use std::fmt;
use std::str::FromStr;

use chrono::Duration;

use crate::issuer::Issuer;
use crate::opaque::Opaque;
use crate::paths;

/// What a mail is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It brings a link.
    Link(Purpose),
    /// It only tells.
    Notice(Notice),
}

/// What a link in a mail is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Proving that the address is hers.
    ConfirmAddress,
    /// Choosing a new password.
    ResetPassword,
    /// Having this address from now on.
    ChangeAddress,
}

/// What a mail tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// Somebody tried to register with your address, or wanted it for another account.
    AddressTaken,
    /// Your account has another address now.
    AddressChanged,
    /// Your password is another one now.
    PasswordChanged,
    /// Signing in now takes a second step.
    SecondFactorOn,
    /// Signing in takes no second step any more.
    SecondFactorOff,
    /// An account at another provider signs you in from now on.
    ProviderLinked,
    /// It does no more.
    ProviderUnlinked,
    /// Your account is gone.
    AccountDeleted,
}

/// A text that names no kind of mail.
#[derive(Debug, thiserror::Error)]
#[error("no such kind of mail")]
pub struct UnknownKind;

/// A mail, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// The subject.
    pub subject: &'static str,
    /// The text, as HTML.
    pub body: String,
}

impl Kind {
    /// Every kind there is.
    pub const ALL: [Self; 11] = [
        Self::Link(Purpose::ConfirmAddress),
        Self::Link(Purpose::ResetPassword),
        Self::Link(Purpose::ChangeAddress),
        Self::Notice(Notice::AddressTaken),
        Self::Notice(Notice::AddressChanged),
        Self::Notice(Notice::PasswordChanged),
        Self::Notice(Notice::SecondFactorOn),
        Self::Notice(Notice::SecondFactorOff),
        Self::Notice(Notice::ProviderLinked),
        Self::Notice(Notice::ProviderUnlinked),
        Self::Notice(Notice::AccountDeleted),
    ];

    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Link(purpose) => purpose.as_str(),
            Self::Notice(Notice::AddressTaken) => "address_taken",
            Self::Notice(Notice::AddressChanged) => "address_changed",
            Self::Notice(Notice::PasswordChanged) => "password_changed",
            Self::Notice(Notice::SecondFactorOn) => "second_factor_on",
            Self::Notice(Notice::SecondFactorOff) => "second_factor_off",
            Self::Notice(Notice::ProviderLinked) => "provider_linked",
            Self::Notice(Notice::ProviderUnlinked) => "provider_unlinked",
            Self::Notice(Notice::AccountDeleted) => "account_deleted",
        }
    }

    /// How long it is worth sending. Who asked for a new password or address does not wait for longer.
    #[must_use]
    pub const fn wanted_for(self) -> Duration {
        match self {
            Self::Link(Purpose::ResetPassword) => Duration::minutes(30),
            Self::Link(Purpose::ChangeAddress) => Duration::hours(1),
            _ => Duration::days(1),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(UnknownKind)
    }
}

impl Purpose {
    /// Its name in the database.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ConfirmAddress => "confirm_address",
            Self::ResetPassword => "reset_password",
            Self::ChangeAddress => "change_address",
        }
    }

    /// How long a link is good, from the moment it is sent.
    #[must_use]
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::ConfirmAddress => Duration::days(1),
            Self::ResetPassword => Duration::minutes(30),
            Self::ChangeAddress => Duration::hours(1),
        }
    }

    const fn page(self) -> &'static str {
        match self {
            Self::ConfirmAddress => paths::VERIFY_EMAIL,
            Self::ResetPassword => paths::RESET_PASSWORD,
            Self::ChangeAddress => paths::CHANGE_EMAIL,
        }
    }
}

/// Writes a mail that has a link.
#[must_use]
pub fn with_link(purpose: Purpose, token: &Opaque, issuer: &Issuer) -> Letter {
    // Base64url needs no escaping, neither in a query nor in HTML.
    let link = format!("{}?token={}", issuer.at(purpose.page()), token.reveal());
    let (subject, before, after) = match purpose {
        Purpose::ConfirmAddress => (
            "Confirm your e-mail address",
            "Somebody, we hope you, made an account at Crema with this address. Confirm that it is yours:",
            "The link is good for a day. If it was not you, do nothing: without you the address stays unconfirmed.",
        ),
        Purpose::ResetPassword => (
            "Choose a new password",
            "Somebody, we hope you, asked for a new password for your account at Crema. Choose it here:",
            "The link is good for 30 minutes and for one use. If it was not you, do nothing: your password stays.",
        ),
        Purpose::ChangeAddress => (
            "Use this e-mail address",
            "Somebody, we hope you, wants this address for an account at Crema. Say here that it is to be so:",
            "The link is good for an hour, for one use, and while whoever asked stays signed in. If it was not you, do nothing: your address stays yours.",
        ),
    };
    letter(
        subject,
        &format!("<p>{before}</p>\n<p><a href=\"{link}\">{link}</a></p>\n<p>{after}</p>"),
    )
}

/// Writes a mail that only tells.
#[must_use]
pub fn telling(notice: Notice, issuer: &Issuer) -> Letter {
    let forgot = issuer.at(paths::FORGOT_PASSWORD);
    let alarm = format!(
        "If it was not you, <a href=\"{forgot}\">choose a new password</a> at once: that ends every sign-in."
    );
    let (subject, text) = match notice {
        Notice::AddressTaken => (
            "You have an account already",
            format!(
                "Somebody, perhaps you, wanted this address for an account at Crema, and it has one already. \
                 Nothing was changed. If you forgot your password, <a href=\"{forgot}\">choose a new one</a>."
            ),
        ),
        Notice::AddressChanged => (
            "Your e-mail address was changed",
            format!(
                "Your account at Crema has another e-mail address now: you sign in with that one, and our mail goes there. \
                 If it was not you, <a href=\"{}\">open your account</a> where you are still signed in, and change the \
                 password and the address at once. If that is nowhere, tell the people at one of our stores.",
                issuer.at(paths::ACCOUNT)
            ),
        ),
        Notice::PasswordChanged => (
            "Your password was changed",
            format!("The password of your account at Crema was changed, and all other sign-ins were ended. {alarm}"),
        ),
        Notice::SecondFactorOn => (
            "Signing in now takes a second step",
            format!("Your account at Crema now also wants a code from an authenticator app. {alarm}"),
        ),
        Notice::SecondFactorOff => (
            "Signing in takes no second step any more",
            format!("Your account at Crema no longer wants a code from an authenticator app. {alarm}"),
        ),
        Notice::ProviderLinked => (
            "You can sign in by another account now",
            format!("An account that you have elsewhere now signs you in at Crema too. {alarm}"),
        ),
        Notice::ProviderUnlinked => (
            "Another account signs you in no more",
            format!("An account elsewhere that signed you in at Crema does so no more, and all other sign-ins were ended. {alarm}"),
        ),
        Notice::AccountDeleted => (
            "Your account was deleted",
            "Your account at Crema was deleted with everything that we knew about you here. We will not write again."
                .to_owned(),
        ),
    };
    letter(subject, &format!("<p>{text}</p>"))
}

fn letter(subject: &'static str, body: &str) -> Letter {
    Letter {
        subject,
        body: format!(
            "<!doctype html>\n<html lang=\"en\"><body>\n{body}\n<p>Crema</p>\n</body></html>\n"
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_read_back() {
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse::<Kind>().ok(), Some(kind));
        }
        assert!("newsletter".parse::<Kind>().is_err());
    }

    #[test]
    fn each_subject_is_one_line_and_its_own() {
        let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
        let mut subjects: Vec<_> = Kind::ALL
            .into_iter()
            .filter_map(|kind| match kind {
                Kind::Notice(notice) => Some(telling(notice, &issuer).subject),
                Kind::Link(_) => None,
            })
            .collect();
        assert_eq!(subjects.len(), 8);
        subjects.sort_unstable();
        subjects.dedup();
        assert_eq!(subjects.len(), 8);
        assert!(subjects.iter().all(|subject| !subject.contains('\n')));
    }
}
