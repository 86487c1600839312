//! The page for a person's name and time zone.
//!
//! Invariant: what was typed comes back with what is wrong with it.

use axum::http::StatusCode;
use axum::response::Response;

use super::field::{Choice, Field};
use super::page;
use crate::paths;
use crate::person::Invalid;
use crate::zone::Zone;

/// What the page shows.
#[derive(Debug)]
pub struct ProfilePage<'a> {
    /// Her name, or what was typed.
    pub name: &'a str,
    /// The name of her time zone, or what was sent; empty for none.
    pub zone: &'a str,
    /// What is wrong with it.
    pub invalid: &'a [Invalid],
}

impl ProfilePage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let name = Field {
            id: "name",
            label: "What shall we call you?",
            attributes: r#"type="text" autocomplete="name" maxlength="80""#,
            value: self.name,
            hint: None,
            wrong: self.wrong(Invalid::Name),
        };
        let zones: Vec<_> = Zone::all().map(Zone::name).collect();
        let zone = Choice {
            id: "zoneinfo",
            label: "Time zone",
            none: "UTC",
            of: &zones,
            value: self.zone,
            hint: Some("Your account shows times in it."),
            wrong: self.wrong(Invalid::Zone),
        };
        let (name, zone) = (name.render(), zone.render());
        let (action, account) = (paths::ACCOUNT_PROFILE, paths::ACCOUNT);
        let main = format!(
            r#"<form method="post" action="{action}">
{name}{zone}<button type="submit">Change it</button>
</form>
<p class="aside"><a href="{account}">Back to your account</a></p>"#
        );
        page(status, "Your name and time zone", &main)
    }

    fn wrong(&self, of: Invalid) -> Option<String> {
        self.invalid.contains(&of).then(|| of.to_string())
    }
}
