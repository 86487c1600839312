//! The pages around mail: asking for one, and where its link leads.
//!
//! Invariant: none of them tells whether an address has an account.

use axum::http::StatusCode;
use axum::response::Response;

use super::field::Field;
use super::{hidden, page};
use crate::mail::Purpose;
use crate::person::Invalid;
use crate::routes;

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
            Purpose::ResetPassword => ("Forgot your password?", routes::FORGOT_PASSWORD),
            Purpose::ConfirmAddress => ("Confirm your address", routes::VERIFY_EMAIL_AGAIN),
        };
        let email = Field {
            id: "email",
            label: "E-mail address",
            attributes: r#"type="email" autocomplete="username" maxlength="254""#,
            value: self.email,
            hint: Some("We send a link to it."),
            wrong: self.wrong.map(|wrong| wrong.to_string()),
        };
        let (field, sign_in) = (email.render(), routes::SIGN_IN);
        let main = format!(
            r#"<form method="post" action="{action}">
{field}<button type="submit">Send the link</button>
</form>
<p class="aside"><a href="{sign_in}">Back to signing in</a></p>"#
        );
        page(status, title, &main)
    }
}

/// The page after asking.
#[must_use]
pub fn asked(purpose: Purpose) -> Response {
    let whose = match purpose {
        Purpose::ResetPassword => "has an account",
        Purpose::ConfirmAddress => "has an account and is not confirmed yet",
    };
    let main = format!(
        r#"<p role="status">If that address {whose}, a mail with a link is on its way to it.</p>
<p>It may take a minute. If nothing comes, look among the unwanted mail, and check the address.</p>
<p><a class="button" href="/">Back to the shop</a></p>"#
    );
    page(StatusCode::OK, "Look into your mail", &main)
}

/// The page of a link that confirms an address.
#[must_use]
pub fn confirm(token: &str) -> Response {
    let (action, token) = (routes::VERIFY_EMAIL, hidden("token", token));
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

/// The page after a new password.
#[must_use]
pub fn new_password() -> Response {
    let sign_in = routes::SIGN_IN;
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
        Purpose::ResetPassword => routes::FORGOT_PASSWORD,
        Purpose::ConfirmAddress => routes::VERIFY_EMAIL_AGAIN,
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
