//! The pages: rendered here, without script, in the look of the web client.
//!
//! Invariant: every text that is not ours passes through [`html::text`]; no page loads anything but our stylesheet.

pub mod account;
mod code;
mod consent;
mod federation;
mod field;
mod html;
pub mod mailed;
mod password;
mod profile;
mod register;
mod security;
mod set_up;
mod sign_in;
mod sign_out;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

pub use account::{AccountPage, DeletePage};
pub use code::CodePage;
pub use consent::ConsentPage;
pub use federation::{
    LinkedAccountsPage, OnwardPage, address_taken, away, confirm_first, not_vouched,
};
pub use mailed::AskForMailPage;
pub use password::{ChangePasswordPage, NewPasswordPage, WrongPassword};
pub use profile::ProfilePage;
pub use register::RegisterPage;
pub use security::SecurityPage;
pub use set_up::{RecoveryCodesPage, SetUpPage};
pub use sign_in::{SignInPage, throttled};
pub use sign_out::{SignOutPage, signed_out};

use crate::error::Failure;
use crate::paths;
use crate::return_to::ReturnTo;
use html::text;

const POLICY: &str = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

const CUP: &str = r#"<svg class="cup" viewBox="0 0 48 48" width="48" height="48" aria-hidden="true" focusable="false"><path class="steam" d="M18 5c-3 4 3 6 0 10M26 5c-3 4 3 6 0 10" fill="none" stroke-width="2.5" stroke-linecap="round"/><path class="body" d="M8 19h28v12a10 10 0 0 1-10 10h-8A10 10 0 0 1 8 31z"/><path class="handle" d="M36 22h2a6 6 0 0 1 0 12h-3" fill="none" stroke-width="3"/></svg>"#;

/// A whole page around its main part.
fn page(status: StatusCode, title: &str, main: &str) -> Response {
    page_with(status, title, "", main)
}

/// The same with something more in its head.
fn page_with(status: StatusCode, title: &str, head: &str, main: &str) -> Response {
    let (title, stylesheet) = (text(title), paths::STYLESHEET);
    let body = format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title} · Crema</title>
<link rel="stylesheet" href="{stylesheet}">
{head}</head>
<body>
<header class="brand"><a href="/">{CUP}<span>Crema</span></a></header>
<main class="card">
<h1>{title}</h1>
{main}
</main>
</body>
</html>
"#
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::CACHE_CONTROL, "no-store"),
        // The address of a page may hold the client's state: it is told to nobody else.
        (header::REFERRER_POLICY, "same-origin"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ]
    .map(|(name, value)| (name, HeaderValue::from_static(value)));
    (status, headers, body).into_response()
}

/// Lets a page's form lead in the end to a client of another company too: browsers ask the policy about redirects as well.
fn form_may_lead_to(mut response: Response, source: Option<&str>) -> Response {
    let more = source.map(|source| {
        POLICY.replace(
            "form-action 'self'",
            &format!("form-action 'self' {source}"),
        )
    });
    if let Some(policy) = more.and_then(|policy| HeaderValue::try_from(policy).ok()) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// The page that says why nothing was done.
#[must_use]
pub fn refusal(status: StatusCode, reason: &str) -> Response {
    let reason = text(reason);
    page(
        status,
        "That did not work",
        &format!(
            r#"<p>{reason}</p>
<p>Nothing was changed. Go back to the shop and start again from there.</p>
<p><a class="button" href="/">Back to the shop</a></p>"#
        ),
    )
}

/// The page for a failure of ours, with the status and headers that machines get as well.
#[must_use]
pub fn failure(failure: Failure) -> Response {
    let machine = failure.into_response();
    let mut response = page(
        machine.status(),
        "One moment, please",
        r#"<p role="alert">We can't do that right now. It is not your fault.</p>
<p>Wait a few seconds, then reload this page.</p>
<p><a class="button" href="/">Back to the shop</a></p>"#,
    );
    if let Some(after) = machine.headers().get(header::RETRY_AFTER) {
        response
            .headers_mut()
            .insert(header::RETRY_AFTER, after.clone());
    }
    response
}

/// The hidden field that carries the way back.
fn return_field(return_to: Option<&ReturnTo>) -> String {
    return_to.map_or_else(String::new, |there| hidden("return", there.as_str()))
}

/// A field that carries a value unseen.
fn hidden(name: &str, value: &str) -> String {
    let value = text(value);
    format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
}

/// The address of another of our pages, with the way back.
fn link(path: &str, return_to: Option<&ReturnTo>) -> String {
    text(&return_to.map_or_else(|| path.to_owned(), |there| there.via(path)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{Client, OwnClient};
    use crate::issuer::Issuer;
    use crate::post_logout::PostLogout;
    use crate::scope::Scopes;
    use axum::body::to_bytes;

    async fn body(response: Response) -> String {
        let bytes = to_bytes(response.into_body(), 1 << 20)
            .await
            .expect("a body");
        String::from_utf8(bytes.to_vec()).expect("text")
    }

    #[tokio::test]
    async fn hostile_text_stays_text() {
        let hostile = r#""><script>alert('1')</script>&amp;"#;
        let there = ReturnTo::authorize("state=\"><b>").expect("ours");
        let sign_in = SignInPage {
            return_to: Some(&there),
            email: hostile,
            signed_in_as: Some(hostile),
            refused: true,
            ..SignInPage::default()
        };
        let register = RegisterPage {
            return_to: Some(&there),
            email: hostile,
            name: hostile,
            ..RegisterPage::default()
        };
        let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
        let to = PostLogout::parse(
            OwnClient::find("bff").map(Client::Own),
            Some("https://localhost:8443/"),
            Some(hostile),
            &issuer,
        )
        .expect("registered");
        let sign_out = SignOutPage {
            signed_in_as: hostile,
            to: to.as_ref(),
        };
        let scopes = Scopes::parse("openid email");
        let consent = ConsentPage {
            client: hostile,
            leads_to: hostile,
            scopes: &scopes,
            refreshes: true,
            signed_in_as: hostile,
            request: hostile,
            mark: hostile,
            source: Some("https://beans.example".to_owned()),
        };
        let pages = [
            sign_in.render(StatusCode::OK),
            register.render(StatusCode::OK),
            refusal(StatusCode::OK, hostile),
            sign_out.render(),
            consent.render(),
        ];
        for page in pages {
            let page = body(page).await;
            assert!(!page.contains("<script") && !page.contains("<b>"), "{page}");
            assert!(page.contains("&quot;&gt;&lt;"), "{page}");
        }
    }

    #[tokio::test]
    async fn pages_need_nothing_but_their_stylesheet() {
        let response = SignInPage::default().render(StatusCode::OK);
        let policy = response.headers()[header::CONTENT_SECURITY_POLICY].clone();
        assert_eq!(policy, POLICY);
        let page = body(response).await;
        for forbidden in ["style=", "<style", " src=", "http:", "https:", "onclick"] {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
