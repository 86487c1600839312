//! The page that asks whether to sign out, and the page afterwards.
//!
//! Invariant: only the button signs out, for only our own page's form is taken.

use axum::http::StatusCode;
use axum::response::Response;

use super::html::text;
use super::{form_may_lead_to, page};
use crate::paths;
use crate::post_logout::PostLogout;

/// What the page shows.
#[derive(Debug)]
pub struct SignOutPage<'a> {
    /// Who is signed in.
    pub signed_in_as: &'a str,
    /// Where she goes afterwards, unless to the shop.
    pub to: Option<&'a PostLogout>,
}

impl SignOutPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let (name, action) = (text(self.signed_in_as), paths::SIGN_OUT);
        let fields: Vec<String> = self
            .to
            .iter()
            .flat_map(|to| to.fields())
            .map(|(name, value)| {
                let value = text(value);
                format!(r#"<input type="hidden" name="{name}" value="{value}">"#)
            })
            .collect();
        let fields = fields.concat();
        let main = format!(
            r#"<form method="post" action="{action}">
<p>You are signed in as <strong>{name}</strong>.</p>
{fields}
<button type="submit">Sign out</button>
</form>
<p class="aside"><a href="/">Stay signed in</a></p>"#
        );
        let source = self.to.and_then(PostLogout::source);
        form_may_lead_to(page(StatusCode::OK, "Sign out?", &main), source.as_deref())
    }
}

/// The page after a sign-out that leads nowhere else.
#[must_use]
pub fn signed_out() -> Response {
    page(
        StatusCode::OK,
        "You are signed out",
        r#"<p><a class="button" href="/">Back to the shop</a></p>"#,
    )
}
