//! The registration page.
//!
//! Invariant: it judges what was typed alone, never whether the address is known.

use axum::http::StatusCode;
use axum::response::Response;

use super::field::Field;
use super::{link, page, return_field};
use crate::paths;
use crate::person::Invalid;
use crate::return_to::ReturnTo;

/// What the page shows.
#[derive(Debug, Default)]
pub struct RegisterPage<'a> {
    /// Where to go afterwards.
    pub return_to: Option<&'a ReturnTo>,
    /// What was typed.
    pub email: &'a str,
    /// What was typed.
    pub name: &'a str,
    /// What is wrong with it.
    pub invalid: &'a [Invalid],
}

impl RegisterPage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self, status: StatusCode) -> Response {
        let name = Field {
            id: "name",
            label: "What shall we call you?",
            attributes: r#"type="text" autocomplete="name" maxlength="80""#,
            value: self.name,
            hint: None,
            wrong: self.wrong(&[Invalid::Name]),
        };
        let email = Field {
            id: "email",
            label: "E-mail address",
            attributes: r#"type="email" autocomplete="username" maxlength="254""#,
            value: self.email,
            hint: None,
            wrong: self.wrong(&[Invalid::Email]),
        };
        let password = Field {
            id: "password",
            label: "Password",
            attributes: r#"type="password" autocomplete="new-password" minlength="8""#,
            value: "",
            hint: Some(super::field::PASSWORD_HINT),
            wrong: self.wrong(&Invalid::OF_PASSWORDS),
        };
        let fields = [name, email, password].map(|field| field.render()).concat();
        let return_field = return_field(self.return_to);
        let (action, sign_in) = (paths::REGISTER, link(paths::SIGN_IN, self.return_to));
        let main = format!(
            r#"<form method="post" action="{action}">
{return_field}
{fields}<button type="submit">Create account</button>
</form>
<p class="aside">Been here before? <a href="{sign_in}">Sign in</a></p>"#
        );
        page(status, "Create an account", &main)
    }

    fn wrong(&self, of: &[Invalid]) -> Option<String> {
        let wrong = self.invalid.iter().find(|wrong| of.contains(wrong));
        wrong.map(ToString::to_string)
    }
}
