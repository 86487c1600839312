//! The pages around mail: asking for one, and where its link leads.
//!
//! Invariant: none of them tells whether an address has an account.

use axum::http::StatusCode;
use axum::response::Response;

use super::field::Field;
use super::{hidden, page};
use crate::mail::Purpose;
use crate::paths;
use crate::person::Invalid;

/// What the page that asks for mail shows.
#[derive(Debug)]
pub struct AskForMailPage<'a> {
    /// What the mail is for.
    pub purpose: Purpose,
    /// What was typed.
    pub email: &'a str,
    /// What is wrong with it.
    pub wrong: Option<Invalid>,
}

impl AskForMailPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let (title, action) = match self.purpose {
            Purpose::ResetPassword => ("Forgot your password?", paths::FORGOT_PASSWORD),
            Purpose::ConfirmAddress => ("Confirm your address", paths::VERIFY_EMAIL_AGAIN),
            Purpose::ChangeAddress => ("Change your e-mail address", paths::ACCOUNT_EMAIL),
        };
        let (label, attributes, back, back_to) = if self.purpose == Purpose::ChangeAddress {
            (
                "New e-mail address",
                r#"type="email" autocomplete="email" maxlength="254""#,
                paths::ACCOUNT,
                "Back to your account",
            )
        } else {
            (
                "E-mail address",
                r#"type="email" autocomplete="username" maxlength="254""#,
                paths::SIGN_IN,
                "Back to signing in",
            )
        };
        let email = Field {
            id: "email",
            label,
            attributes,
            value: self.email,
            hint: Some("We send a link to it."),
            wrong: self.wrong.map(|wrong| wrong.to_string()),
        };
        let field = email.render();
        let main = format!(
            r#"<form method="post" action="{action}">
{field}<button type="submit">Send the link</button>
</form>
<p class="aside"><a href="{back}">{back_to}</a></p>"#
        );
        page(status, title, &main)
    }
}

/// The page after asking.
#[must_use]
pub fn asked(purpose: Purpose) -> Response {
    let (whose, stay) = match purpose {
        Purpose::ResetPassword => ("has an account", ""),
        Purpose::ConfirmAddress => ("has an account and is not confirmed yet", ""),
        Purpose::ChangeAddress => (
            "has no account yet",
            "<p>Until you use the link nothing changes. Stay signed in here till then. There is one such mail a minute at most.</p>\n",
        ),
    };
    let main = format!(
        r#"<p role="status">If that address {whose}, a mail with a link is on its way to it.</p>
{stay}<p>It may take a minute. If nothing comes, look among the unwanted mail, and check the address.</p>
<p><a class="button" href="/">Back to the shop</a></p>"#
    );
    page(StatusCode::OK, "Look into your mail", &main)
}

/// The page of a link that confirms an address.
#[must_use]
pub fn confirm(token: &str) -> Response {
    let (action, token) = (paths::VERIFY_EMAIL, hidden("token", token));
    let main = format!(
        r#"<p>Is the address that this link was sent to yours?</p>
<form method="post" action="{action}">
{token}
<button type="submit">Yes, it is mine</button>
</form>"#
    );
    page(StatusCode::OK, "Confirm your address", &main)
}

/// The page after confirming.
#[must_use]
pub fn confirmed() -> Response {
    let main = r#"<p role="status">Thank you: we know now that your address is yours.</p>
<p><a class="button" href="/">To the shop</a></p>"#;
    page(StatusCode::OK, "Confirmed", main)
}

/// The page of a link that makes an address that of an account.
#[must_use]
pub fn change(token: &str) -> Response {
    let (action, token) = (paths::CHANGE_EMAIL, hidden("token", token));
    let main = format!(
        r#"<p>Did you ask for the address that this link was sent to? Your account has it from then on, and the one before no more.</p>
<form method="post" action="{action}">
{token}
<button type="submit">Yes, use this address</button>
</form>"#
    );
    page(StatusCode::OK, "Use this address", &main)
}

/// The page after that.
#[must_use]
pub fn changed() -> Response {
    let account = paths::ACCOUNT;
    let main = format!(
        r#"<p role="status">Your account has this address now: you sign in with it, and our mail goes there.</p>
<p><a class="button" href="{account}">To your account</a></p>"#
    );
    page(StatusCode::OK, "Your address is new", &main)
}

/// The page after a new password.
#[must_use]
pub fn new_password() -> Response {
    let sign_in = paths::SIGN_IN;
    let main = format!(
        r#"<p role="status">Your new password is in force, and you are signed out everywhere.</p>
<p><a class="button" href="{sign_in}">Sign in</a></p>"#
    );
    page(StatusCode::OK, "Your password is new", &main)
}

/// The page of a link that is not good any more, or never was.
#[must_use]
pub fn stale(purpose: Purpose) -> Response {
    let again = match purpose {
        Purpose::ResetPassword => paths::FORGOT_PASSWORD,
        Purpose::ConfirmAddress => paths::VERIFY_EMAIL_AGAIN,
        Purpose::ChangeAddress => paths::ACCOUNT_EMAIL,
    };
    let main = format!(
        r#"<p role="alert">This link was used already, or is too old. Nothing was changed.</p>
<p><a class="button" href="{again}">Send me another one</a></p>"#
    );
    page(
        StatusCode::UNPROCESSABLE_ENTITY,
        "This link is no longer good",
        &main,
    )
}
