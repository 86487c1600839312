//! The pages for a new password: after a mail, and in the account.
//!
//! Invariant: no password is ever sent back.

use axum::http::StatusCode;
use axum::response::Response;

use super::field::{Field, PASSWORD_HINT};
use super::{hidden, page};
use crate::paths;
use crate::person::Invalid;

/// What the page of a mailed link shows.
#[derive(Debug)]
pub struct NewPasswordPage<'a> {
    /// What the link brought.
    pub token: &'a str,
    /// What is wrong with the password.
    pub wrong: Option<Invalid>,
}

/// What is wrong with a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WrongPassword {
    /// The old password is not hers.
    Old,
    /// The new one won't do.
    New(Invalid),
}

/// What the account's page shows.
#[derive(Debug)]
pub struct ChangePasswordPage {
    /// She has none yet.
    pub first: bool,
    /// What is wrong with the last try.
    pub wrong: Option<WrongPassword>,
}

impl NewPasswordPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let (action, token) = (paths::RESET_PASSWORD, hidden("token", self.token));
        let field = new_password(self.wrong);
        let main = format!(
            r#"<form method="post" action="{action}">
{token}
{field}<button type="submit">Use this password</button>
</form>"#
        );
        page(status, "Choose a new password", &main)
    }
}

impl ChangePasswordPage {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let (refused, wrong) = match self.wrong {
            None => (false, None),
            Some(WrongPassword::Old) => (true, None),
            Some(WrongPassword::New(wrong)) => (false, Some(wrong)),
        };
        let old = if self.first {
            String::new()
        } else {
            old_password("old_password", refused)
        };
        let new = new_password(wrong);
        let (action, account) = (paths::ACCOUNT_PASSWORD, paths::ACCOUNT);
        let (title, button) = if self.first {
            ("Choose a password", "Use this password")
        } else {
            ("Change your password", "Change it")
        };
        let main = format!(
            r#"<form method="post" action="{action}">
{old}{new}<button type="submit">{button}</button>
</form>
<p class="aside">It signs you out everywhere else.</p>
<p class="aside"><a href="{account}">Back to your account</a></p>"#
        );
        page(status, title, &main)
    }
}

/// The field for the password that she has.
pub fn old_password(id: &'static str, refused: bool) -> String {
    let field = Field {
        id,
        label: "Your password now",
        attributes: r#"type="password" autocomplete="current-password""#,
        value: "",
        hint: None,
        wrong: refused.then(|| "That is not your password.".to_owned()),
    };
    field.render()
}

fn new_password(wrong: Option<Invalid>) -> String {
    let field = Field {
        id: "password",
        label: "New password",
        attributes: r#"type="password" autocomplete="new-password" minlength="8""#,
        value: "",
        hint: Some(PASSWORD_HINT),
        wrong: wrong.map(|wrong| wrong.to_string()),
    };
    field.render()
}
