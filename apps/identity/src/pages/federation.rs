//! The pages about signing in by another provider.
//!
//! Invariant: a person leaves by a navigation of her browser, not by a form, whose target the pages' policy keeps here.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use url::Url;

use super::html::text;
use super::{hidden, page, page_with};
use crate::federation::Provider;
use crate::paths;
use crate::person::EmailAddress;
use crate::return_to::ReturnTo;
use crate::store::federation::Identity;
use crate::zone::{self, Zone};

/// The page on the way to a provider.
#[derive(Debug)]
pub struct OnwardPage<'a> {
    /// What people call it.
    pub label: &'a str,
    /// Where it takes them.
    pub address: &'a Url,
}

/// The page of a person's accounts elsewhere.
#[derive(Debug)]
pub struct LinkedAccountsPage<'a> {
    /// All providers.
    pub providers: &'a [Provider],
    /// Her accounts at some.
    pub linked: &'a [Identity],
    /// The time zone that she has chosen.
    pub zone: Option<Zone>,
    /// She has a password here.
    pub has_password: bool,
    /// The last try was to remove the last way to sign in.
    pub last: bool,
}

impl OnwardPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let (label, address) = (text(self.label), text(self.address.as_str()));
        let head = format!("<meta http-equiv=\"refresh\" content=\"0; url={address}\">\n");
        let main = format!(
            r#"<p role="status">You sign in there, and come back here.</p>
<p><a class="button" href="{address}">Continue to {label}</a></p>
<p class="aside"><a href="/">Back to the shop</a></p>"#
        );
        let title = format!("On to {}", self.label);
        page_with(StatusCode::OK, &title, &head, &main)
    }
}

impl LinkedAccountsPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let last = if self.last {
            let password = paths::ACCOUNT_PASSWORD;
            format!(
                r#"<p id="refused" class="alert" role="alert">Nothing else would sign you in. <a href="{password}">Choose a password</a> first.</p>
"#
            )
        } else {
            String::new()
        };
        let linked: String = self.linked.iter().map(|one| self.linked(one)).collect();
        let linked = if linked.is_empty() {
            r#"<p role="status">None of your accounts elsewhere signs you in here.</p>
"#
            .to_owned()
        } else {
            format!("<ul class=\"sessions\">\n{linked}</ul>\n")
        };
        let link: String = self.providers.iter().map(link).collect();
        let password = if self.has_password {
            ""
        } else {
            r#"<p class="hint">You have no password here.</p>
"#
        };
        let account = paths::ACCOUNT;
        let main = format!(
            r#"{last}{linked}{password}{link}<p class="aside">Removing one signs you out everywhere else.</p>
<p class="aside"><a href="{account}">Back to your account</a></p>"#
        );
        page(status, "Sign in by another account", &main)
    }

    fn linked(&self, identity: &Identity) -> String {
        let provider = self
            .providers
            .iter()
            .find(|provider| provider.issuer == identity.issuer);
        // One that is configured no more has no other name.
        let label = text(provider.map_or(&identity.issuer, |provider| &provider.label));
        let (id, since) = (identity.id, zone::day(identity.linked_at, self.zone));
        let (remove, field) = (
            paths::ACCOUNT_LINKS_REMOVE,
            hidden("account", &identity.id.to_string()),
        );
        format!(
            r#"<li><span id="account-{id}">{label}, since {since}</span> <form method="post" action="{remove}">{field}<button class="quiet" type="submit" aria-describedby="account-{id}">Remove</button></form></li>
"#
        )
    }
}

fn link(provider: &Provider) -> String {
    let (begin, field, label) = (
        paths::ACCOUNT_LINKS_BEGIN,
        hidden("provider", &provider.name),
        text(&provider.label),
    );
    format!(
        r#"<form method="post" action="{begin}">
{field}<button class="quiet" type="submit">Link an account at {label}</button>
</form>
"#
    )
}

/// The page while a provider can't be asked.
///
/// Not a 5xx: it is not this service that fails, and whoever stands between would repeat the request. The public entry
/// makes it one.
#[must_use]
pub fn away(label: &str) -> Response {
    let (label, sign_in) = (text(label), paths::SIGN_IN);
    let main = format!(
        r#"<p role="alert">{label} can't be reached at this moment. It is not your fault.</p>
<p>Nothing was changed. Wait a little and try again, or sign in another way.</p>
<p><a class="button" href="{sign_in}">Back to signing in</a></p>"#
    );
    let mut response = page(StatusCode::FAILED_DEPENDENCY, "One moment, please", &main);
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from_static("30"));
    response
}

/// The page after an answer of a provider that signs nobody in.
#[must_use]
pub fn not_vouched(label: &str, what: &str) -> Response {
    let label = text(label);
    let (sign_in, register, forgot) = (paths::SIGN_IN, paths::REGISTER, paths::FORGOT_PASSWORD);
    let why = match what {
        "consent" => format!("{label} did not sign you in."),
        "account" => format!("What {label} says of you opens no account here."),
        "e-mail address" => format!(
            r#"{label} does not say which e-mail address is yours. <a href="{register}">Create an account</a> here, then link the other one to it."#
        ),
        "auth_time" => format!(
            r#"For this page {label} would have to say that you have just signed in there, and it does not. <a href="{forgot}">Choose a password</a> here instead."#
        ),
        _ => format!("What came back from {label} can't be trusted, so it was not used."),
    };
    let main = format!(
        r#"<p role="alert">{why}</p>
<p><a class="button" href="{sign_in}">Back to signing in</a></p>"#
    );
    page(StatusCode::FORBIDDEN, "You are not signed in", &main)
}

/// The page for a stranger whose address has an account here. The provider says that the address is hers, so it is no
/// secret for her.
#[must_use]
pub fn address_taken(label: &str, email: &EmailAddress) -> Response {
    let (label, email) = (text(label), text(email.as_str()));
    let links = ReturnTo::parse(paths::ACCOUNT_LINKS).map(|there| there.via(paths::SIGN_IN));
    let sign_in = text(&links.unwrap_or_else(|_| paths::SIGN_IN.to_owned()));
    let main = format!(
        r#"<p role="alert">There is an account for {email} here already.</p>
<p>So that nobody gets at it by way of {label} but you: sign in here as you always do, and then link your account at {label} to it.</p>
<p><a class="button" href="{sign_in}">Sign in and link it</a></p>"#
    );
    page(StatusCode::CONFLICT, "You have an account already", &main)
}

/// The page for whoever wants to link an account before her address here is confirmed.
#[must_use]
pub fn confirm_first() -> Response {
    let again = paths::VERIFY_EMAIL_AGAIN;
    let main = format!(
        r#"<p role="alert">Before another account can sign you in, we have to know that your e-mail address is yours.</p>
<p><a class="button" href="{again}">Send me the link</a></p>"#
    );
    page(StatusCode::FORBIDDEN, "Confirm your address first", &main)
}
