//! The account's own page, and the page at its end.
//!
//! Invariant: what ends something is a button in a form, never a link.

use std::fmt::Write as _;

use axum::http::{StatusCode, header};
use axum::response::Response;
use uuid::Uuid;

use super::consent::wishes;
use super::html::text;
use super::password::old_password;
use super::{hidden, page};
use crate::paths;
use crate::session::{self, Session};
use crate::store::consents::Application;
use crate::store::people::Profile;
use crate::zone::{self, Zone};

/// What the account's page shows.
#[derive(Debug)]
pub struct AccountPage<'a> {
    /// Whose account it is.
    pub profile: &'a Profile,
    /// The session of this browser.
    pub here: Uuid,
    /// Other accounts sign her in, or could.
    pub links: bool,
    /// Where she is signed in.
    pub sessions: &'a [Session],
    /// Which applications of other companies she has allowed anything.
    pub applications: &'a [Application],
}

/// What the page for deleting the account shows.
#[derive(Debug)]
pub struct DeletePage {
    /// She has a password to show.
    pub takes_password: bool,
    /// The last password was not hers.
    pub refused: bool,
}

impl AccountPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let (name, email) = (text(&self.profile.name), text(&self.profile.email));
        let again = paths::VERIFY_EMAIL_AGAIN;
        let confirmed = if self.profile.email_verified {
            "confirmed".to_owned()
        } else {
            format!(r#"not confirmed: <a href="{again}">send the link again</a>"#)
        };
        let mut sessions = String::new();
        for session in self.sessions {
            sessions.push_str(&self.session(session));
        }
        let applications = applications(self.applications, self.profile.zone);
        let end = paths::ACCOUNT_SESSIONS_END;
        let others = if self.sessions.len() > 1 {
            format!(
                r#"<form method="post" action="{end}">
<button class="quiet" type="submit">Sign out everywhere else</button>
</form>
"#
            )
        } else {
            String::new()
        };
        let zone = self.profile.zone.map_or("UTC", Zone::name);
        let (profile, address) = (paths::ACCOUNT_PROFILE, paths::ACCOUNT_EMAIL);
        let (password, security) = (paths::ACCOUNT_PASSWORD, paths::ACCOUNT_SECURITY);
        let (export, delete) = (paths::ACCOUNT_EXPORT, paths::ACCOUNT_DELETE);
        let sign_out = paths::SIGN_OUT;
        let links = if self.links {
            let links = paths::ACCOUNT_LINKS;
            format!("<li><a href=\"{links}\">Sign in by another account</a></li>\n")
        } else {
            String::new()
        };
        let main = format!(
            r#"<dl>
<dt>Name</dt><dd>{name}</dd>
<dt>E-mail address</dt><dd>{email} ({confirmed})</dd>
<dt>Time zone</dt><dd>{zone}</dd>
</dl>
<ul>
<li><a href="{profile}">Change your name or time zone</a></li>
<li><a href="{address}">Change your e-mail address</a></li>
<li><a href="{password}">Change your password</a></li>
<li><a href="{security}">Second step at sign-in</a></li>
{links}<li><a href="{export}">Download what we know about you</a></li>
<li><a href="{delete}">Delete your account</a></li>
</ul>
<h2>Where you are signed in</h2>
<ul class="sessions">
{sessions}</ul>
{others}{applications}<form method="post" action="{sign_out}">
<button type="submit">Sign out here</button>
</form>"#
        );
        page(StatusCode::OK, "Your account", &main)
    }

    fn session(&self, session: &Session) -> String {
        let (id, since) = (
            session.id,
            zone::moment(session.created_at, self.profile.zone),
        );
        let mut item = format!(r#"<li><span id="session-{id}">Since {since}</span> "#);
        if session.id == self.here {
            item.push_str("(this browser)");
        } else {
            let (end, field) = (
                paths::ACCOUNT_SESSIONS_END,
                hidden("session", &id.to_string()),
            );
            // A text grows without failing.
            let _ = write!(
                item,
                r#"<form method="post" action="{end}">{field}<button class="quiet" type="submit" aria-describedby="session-{id}">Sign out there</button></form>"#
            );
        }
        item.push_str("</li>\n");
        item
    }
}

/// The part of the page about applications with access; nothing, if there are none.
fn applications(applications: &[Application], zone: Option<Zone>) -> String {
    if applications.is_empty() {
        return String::new();
    }
    let withdraw = paths::ACCOUNT_WITHDRAW;
    let items = applications.iter().map(|application| {
        let (id, name) = (application.client, text(&application.name));
        let since = zone::day(application.since, zone);
        let (wishes, field) = (
            wishes(&application.scopes),
            hidden("application", &id.to_string()),
        );
        format!(
            r#"<li><p><strong id="application-{id}"><bdi>{name}</bdi></strong>, since {since}, may:</p>
{wishes}<form method="post" action="{withdraw}">{field}<button class="quiet" type="submit" aria-describedby="application-{id}">Take this back</button></form></li>
"#
        )
    });
    let items: String = items.collect();
    format!("<h2>Applications with access</h2>\n<ul class=\"applications\">\n{items}</ul>\n")
}

impl DeletePage {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let (action, account) = (paths::ACCOUNT_DELETE, paths::ACCOUNT);
        let export = paths::ACCOUNT_EXPORT;
        let field = if self.takes_password {
            old_password("password", self.refused)
        } else {
            String::new()
        };
        let main = format!(
            r#"<p>Everything that we know about you here goes: name, address, sign-ins. Orders stay in the books, without you. It can't be undone; <a href="{export}">download your data</a> first, if you want to keep it.</p>
<form method="post" action="{action}">
{field}<button type="submit">Delete my account</button>
</form>
<p class="aside"><a href="{account}">Back to your account</a></p>"#
        );
        page(status, "Delete your account", &main)
    }
}

/// The page after that; it takes the cookie along.
#[must_use]
pub fn deleted() -> Response {
    let main = r#"<p role="status">Your account is gone. Thank you for the time with us.</p>
<p><a class="button" href="/">To the shop</a></p>"#;
    let mut response = page(StatusCode::OK, "Goodbye", main);
    response
        .headers_mut()
        .insert(header::SET_COOKIE, session::clear_cookie());
    response
}
