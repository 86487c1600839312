//! The registration page.
//!
//! Invariant: it judges what was typed alone, never whether the address is known.

use axum::http::StatusCode;
use axum::response::Response;

use super::html::text;
use super::{link, page, return_field};
use crate::person::Invalid;
use crate::return_to::ReturnTo;
use crate::routes;

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

/// One field with its label, its hint and what is wrong with it.
struct Field<'a> {
    id: &'static str,
    label: &'static str,
    /// Type, completion and bounds.
    attributes: &'static str,
    value: &'a str,
    hint: Option<&'static str>,
    wrong: Option<Invalid>,
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
            hint: Some("At least 8 characters. A few words in a row are good."),
            wrong: self.wrong(&[Invalid::PasswordTooShort, Invalid::PasswordTooLong]),
        };
        let fields = [name, email, password].map(|field| field.render()).concat();
        let return_field = return_field(self.return_to);
        let (action, sign_in) = (routes::REGISTER, link(routes::SIGN_IN, self.return_to));
        let main = format!(
            r#"<form method="post" action="{action}">
{return_field}
{fields}<button type="submit">Create account</button>
</form>
<p class="aside">Been here before? <a href="{sign_in}">Sign in</a></p>"#
        );
        page(status, "Create an account", &main)
    }

    fn wrong(&self, of: &[Invalid]) -> Option<Invalid> {
        self.invalid
            .iter()
            .copied()
            .find(|wrong| of.contains(wrong))
    }
}

impl Field<'_> {
    fn render(&self) -> String {
        let Self {
            id,
            label,
            attributes,
            ..
        } = self;
        let value = text(self.value);
        let hint = self
            .hint
            .map(|hint| format!(r#"<p id="{id}-hint" class="hint">{hint}</p>"#));
        let wrong = self
            .wrong
            .map(|wrong| format!(r#"<p id="{id}-wrong" class="alert" role="alert">{wrong}</p>"#));
        let described: Vec<String> = [(&wrong, "wrong"), (&hint, "hint")]
            .into_iter()
            .filter(|(part, _)| part.is_some())
            .map(|(_, suffix)| format!("{id}-{suffix}"))
            .collect();
        let described = if described.is_empty() {
            String::new()
        } else {
            format!(r#" aria-describedby="{}""#, described.join(" "))
        };
        let invalid = if wrong.is_some() {
            r#" aria-invalid="true""#
        } else {
            ""
        };
        let (hint, wrong) = (hint.unwrap_or_default(), wrong.unwrap_or_default());
        format!(
            r#"<label for="{id}">{label}</label>
{hint}{wrong}<input id="{id}" name="{id}" {attributes} required value="{value}"{described}{invalid}>
"#
        )
    }
}
