//! The page for the second step of a sign-in, and the field for a code that other pages have too.
//!
//! Invariant: what it says of a wrong code does not tell an app's code from a recovery code.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;

use super::field::Field;
use super::{form_may_lead_to, page, return_field};
use crate::paths;
use crate::return_to::ReturnTo;
use crate::second_factor::Proof;

/// What the page shows.
#[derive(Debug)]
pub struct CodePage<'a> {
    /// Where to go afterwards.
    pub return_to: Option<&'a ReturnTo>,
    /// What came of the last code.
    pub proof: Option<Proof>,
    /// What the form leads to in the end, if not to this site.
    pub source: Option<String>,
}

impl CodePage<'_> {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let hint = "Six digits from your authenticator app, or one of your recovery codes.";
        let field = field(Some(hint), self.proof);
        let (action, return_field) = (paths::SIGN_IN_CODE, return_field(self.return_to));
        let main = format!(
            r#"<form method="post" action="{action}">
{return_field}
{field}<button type="submit">Sign in</button>
</form>"#
        );
        let page = answer(self.proof, "One more step", &main);
        form_may_lead_to(page, self.source.as_deref())
    }
}

/// The field for a code.
pub fn field(hint: Option<&'static str>, proof: Option<Proof>) -> String {
    let wrong = match proof {
        None | Some(Proof::Right) => None,
        Some(Proof::Wrong) => Some("That code is not right, or was used before. Try the next one."),
        Some(Proof::Barred) => {
            Some("There were too many wrong codes. Wait a while, then try again.")
        }
    };
    let code = Field {
        id: "code",
        label: "Code",
        attributes: r#"type="text" autocomplete="one-time-code" autocapitalize="none" spellcheck="false" maxlength="40""#,
        value: "",
        hint,
        wrong: wrong.map(str::to_owned),
    };
    code.render()
}

/// A page with the status that fits what came of a code.
pub fn answer(proof: Option<Proof>, title: &str, main: &str) -> Response {
    match proof {
        None | Some(Proof::Right) => page(StatusCode::OK, title, main),
        Some(Proof::Wrong) => page(StatusCode::UNPROCESSABLE_ENTITY, title, main),
        Some(Proof::Barred) => {
            let mut response = page(StatusCode::TOO_MANY_REQUESTS, title, main);
            let after = HeaderValue::from_static("30");
            response.headers_mut().insert(header::RETRY_AFTER, after);
            response
        }
    }
}
