//! The sign-in page.
//!
//! Invariant: what it says of a refused sign-in does not tell an unknown address from a wrong password.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::html::text;
use super::{form_may_lead_to, link, page, return_field};
use crate::federation::Provider;
use crate::paths;
use crate::return_to::ReturnTo;

/// What the page shows.
#[derive(Debug, Default)]
pub struct SignInPage<'a> {
    /// Where to go afterwards.
    pub return_to: Option<&'a ReturnTo>,
    /// What was typed.
    pub email: &'a str,
    /// The last try was refused.
    pub refused: bool,
    /// The last try came too early; another one is looked at after so many seconds.
    pub wait: Option<i64>,
    /// The person comes from the registration form.
    pub registered: bool,
    /// Who is signed in already.
    pub signed_in_as: Option<&'a str>,
    /// What the form leads to in the end, if not to this site.
    pub source: Option<String>,
    /// Who else may say who she is.
    pub providers: &'a [Provider],
}

const REFUSED: &str = r#"<p id="refused" class="alert" role="alert">That e-mail address and password do not belong together. Check both and try again.</p>"#;
const REGISTERED: &str = r#"<p class="note" role="status">If that address was new to us, your account is ready: sign in with the password you have just chosen. In any case we have sent you a mail.</p>"#;

impl SignInPage<'_> {
    /// Renders it after a try that came too early, with the pause for machines too.
    #[must_use]
    pub fn throttled(self, seconds: i64) -> Response {
        let page = Self {
            wait: Some(seconds),
            ..self
        };
        retry_after(page.render(StatusCode::TOO_MANY_REQUESTS), seconds)
    }

    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let email = text(self.email);
        let refused = match self.wait {
            Some(seconds) => too_early(seconds),
            None if self.refused => REFUSED.to_owned(),
            None => String::new(),
        };
        let registered = if self.registered { REGISTERED } else { "" };
        let invalid = if self.refused {
            r#" aria-invalid="true" aria-describedby="refused""#
        } else {
            ""
        };
        let signed_in = self.signed_in_as.map(signed_in).unwrap_or_default();
        let return_field = return_field(self.return_to);
        let (action, register) = (paths::SIGN_IN, link(paths::REGISTER, self.return_to));
        let forgot = paths::FORGOT_PASSWORD;
        let others = self.others();
        let main = format!(
            r#"{signed_in}{registered}{refused}<form method="post" action="{action}">
{return_field}
<label for="email">E-mail address</label>
<input id="email" name="email" type="email" autocomplete="username" required value="{email}"{invalid}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required{invalid}>
<button type="submit">Sign in</button>
</form>
{others}<p class="aside"><a href="{forgot}">Forgot your password?</a></p>
<p class="aside">New here? <a href="{register}">Create an account</a></p>"#
        );
        form_may_lead_to(page(status, "Sign in", &main), self.source.as_deref())
    }
}

impl SignInPage<'_> {
    fn others(&self) -> String {
        let return_field = return_field(self.return_to);
        let form = |provider: &Provider| {
            let (action, label) = (paths::sign_in_with(&provider.name), text(&provider.label));
            format!(
                r#"<form method="post" action="{action}">
{return_field}<button class="quiet" type="submit">Continue with {label}</button>
</form>
"#
            )
        };
        self.providers.iter().map(form).collect()
    }
}

/// The page after a password that was typed too early elsewhere than here.
#[must_use]
pub fn throttled(seconds: i64) -> Response {
    let main = too_early(seconds);
    let page = page(StatusCode::TOO_MANY_REQUESTS, "One moment, please", &main);
    retry_after(page, seconds)
}

fn retry_after(mut response: Response, seconds: i64) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn too_early(seconds: i64) -> String {
    let pause = match seconds {
        1 => "a second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", (seconds + 59) / 60),
    };
    format!(
        r#"<p id="refused" class="alert" role="alert">Too many tries in a row. Take a breath: in {pause} you can try again.</p>"#
    )
}

fn signed_in(name: &str) -> String {
    let (name, sign_out, account) = (text(name), paths::SIGN_OUT, paths::ACCOUNT);
    format!(
        r#"<form class="note" method="post" action="{sign_out}">
<p>You are signed in as <strong>{name}</strong>. <a href="{account}">Your account</a></p>
<button class="quiet" type="submit">Sign out</button>
</form>
"#
    )
}
