//! The page on which a person allows a client of another company something, or does not.
//!
//! Invariant: the client's name is text among ours and never a link; where the answer goes is said beside it.

use axum::http::StatusCode;
use axum::response::Response;

use super::html::text;
use super::{form_may_lead_to, hidden, page};
use crate::paths;
use crate::scope::{self, Scopes};

/// What the page shows.
#[derive(Debug)]
pub struct ConsentPage<'a> {
    /// Who asks.
    pub client: &'a str,
    /// The host or app that the answer goes to.
    pub leads_to: &'a str,
    /// What for.
    pub scopes: &'a Scopes,
    /// Whether it may come back without asking.
    pub refreshes: bool,
    /// Who is asked.
    pub signed_in_as: &'a str,
    /// The request that this is about.
    pub request: &'a str,
    /// By which we know the request again.
    pub mark: &'a str,
    /// What the form leads to in the end.
    pub source: Option<String>,
}

impl ConsentPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let (client, leads_to) = (text(self.client), text(self.leads_to));
        let (name, wishes) = (text(self.signed_in_as), wishes(self.scopes));
        let lasting = if self.refreshes {
            r#"<p class="hint">It may do so for as long as you stay signed in here.</p>"#
        } else {
            ""
        };
        let (action, account) = (paths::CONSENT, paths::ACCOUNT);
        let fields = [hidden("request", self.request), hidden("mark", self.mark)].concat();
        let main = format!(
            r#"<p><strong><bdi>{client}</bdi></strong> is not part of Crema. It wants to:</p>
{wishes}{lasting}<p>You are signed in as <strong><bdi>{name}</bdi></strong>. The answer goes to <strong><bdi>{leads_to}</bdi></strong>. If that is not where you come from, deny it.</p>
<form method="post" action="{action}">
{fields}
<button type="submit" name="answer" value="allow">Allow</button>
<button class="quiet" type="submit" name="answer" value="deny">Deny</button>
</form>
<p class="aside">You can change your mind on the page of <a href="{account}">your account</a>.</p>"#
        );
        let answer = page(StatusCode::OK, "Allow access?", &main);
        form_may_lead_to(answer, self.source.as_deref())
    }
}

/// What scopes mean, as a list.
pub fn wishes(scopes: &Scopes) -> String {
    let items: Vec<String> = scopes
        .iter()
        .map(|scope| format!("<li>{}</li>\n", scope::in_words(scope)))
        .collect();
    format!("<ul>\n{}</ul>\n", items.concat())
}
