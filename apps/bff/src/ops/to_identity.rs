//! Identity's endpoints and pages, published under the public address.
//!
//! Invariant: exactly the paths of the table, with plain names in the place of parameters; our session's cookie never reaches identity, and identity can set no cookie
//! but its own.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::Method;
use axum::response::Response;
use dapr_kit::query;

use crate::error::Error;
use crate::perimeter::forward;
use crate::state::App;

/// What identity answers, as `(method, path)`; the same paths there.
pub const TABLE: [(Method, &str); 56] = [
    (Method::GET, "/.well-known/openid-configuration"),
    (Method::GET, "/.well-known/oauth-authorization-server"),
    (Method::GET, "/oauth2/jwks"),
    (Method::GET, "/oauth2/authorize"),
    (Method::POST, "/oauth2/authorize"),
    (Method::POST, "/oauth2/token"),
    (Method::POST, "/oauth2/revoke"),
    (Method::POST, "/oauth2/introspect"),
    (Method::GET, "/oauth2/userinfo"),
    (Method::POST, "/oauth2/userinfo"),
    (Method::GET, "/oauth2/logout"),
    (Method::POST, "/oauth2/logout"),
    (Method::GET, "/sign-in"),
    (Method::POST, "/sign-in"),
    (Method::GET, "/register"),
    (Method::POST, "/register"),
    (Method::POST, "/sign-out"),
    (Method::POST, "/consent"),
    (Method::GET, "/sign-in/code"),
    (Method::POST, "/sign-in/code"),
    (Method::GET, "/sign-in/second-factor"),
    (Method::POST, "/sign-in/second-factor"),
    (Method::POST, "/sign-in/with/{provider}"),
    (Method::GET, "/sign-in/with/{provider}/callback"),
    (Method::GET, "/verify-email"),
    (Method::POST, "/verify-email"),
    (Method::GET, "/verify-email/again"),
    (Method::POST, "/verify-email/again"),
    (Method::GET, "/forgot-password"),
    (Method::POST, "/forgot-password"),
    (Method::GET, "/reset-password"),
    (Method::POST, "/reset-password"),
    (Method::GET, "/change-email"),
    (Method::POST, "/change-email"),
    (Method::GET, "/account"),
    (Method::GET, "/account/profile"),
    (Method::POST, "/account/profile"),
    (Method::GET, "/account/email"),
    (Method::POST, "/account/email"),
    (Method::GET, "/account/password"),
    (Method::POST, "/account/password"),
    (Method::GET, "/account/security"),
    (Method::POST, "/account/security/begin"),
    (Method::GET, "/account/security/set-up"),
    (Method::POST, "/account/security/set-up"),
    (Method::POST, "/account/security/remove"),
    (Method::POST, "/account/security/recovery-codes"),
    (Method::GET, "/account/links"),
    (Method::POST, "/account/links/begin"),
    (Method::POST, "/account/links/remove"),
    (Method::POST, "/account/sessions/end"),
    (Method::POST, "/account/applications/withdraw"),
    (Method::GET, "/account/export"),
    (Method::GET, "/account/delete"),
    (Method::POST, "/account/delete"),
    (Method::GET, "/identity.css"),
];

/// Passes a request for `path` on.
pub async fn run(
    app: App,
    method: Method,
    path: &'static str,
    request: Request,
) -> Result<Response, Error> {
    let (head, body) = request.into_parts();
    let peer = head
        .extensions
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    let path = named(path, head.uri.path()).ok_or(Error::NotFound)?;
    forward::bounded(path, &head.uri)?;
    let body = forward::body(&head.headers, body).await?;
    let mut headers = forward::to_identity(&head.headers, peer);
    // Links' tokens and codes are in it, which are not for traces.
    query::set_apart(&head.uri, &mut headers);
    let reply = app
        .dapr
        .invoke("identity", method, path)
        .headers(headers)
        .body(body)
        .send()
        .await?;
    forward::from_identity(reply)
}

/// The path to ask for: that of the table, or, where it has parameters, the request's with names in their places that
/// nothing on the way decodes or resolves.
fn named<'p>(row: &'static str, asked: &'p str) -> Option<&'p str> {
    if !row.contains('{') {
        return Some(row);
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name = |part: &str| !part.is_empty() && part.chars().all(plain);
    let parts = || row.split('/').zip(asked.split('/'));
    let same = row.split('/').count() == asked.split('/').count()
        && parts().all(|(row, asked)| row == asked || row.starts_with('{') && name(asked));
    same.then_some(asked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The same decision, made another way: what stands around the parameter is cut off, and the rest is the name.
    fn fits(row: &str, asked: &str) -> bool {
        let (before, after) = row.split_once("{provider}").expect("a parameter");
        let name = asked
            .strip_prefix(before)
            .and_then(|rest| rest.strip_suffix(after));
        let plain = |byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        name.is_some_and(|name| !name.is_empty() && name.bytes().all(plain))
    }

    fn with_parameters() -> Vec<&'static str> {
        let rows = TABLE.iter().map(|(_, row)| *row);
        rows.filter(|row| row.contains('{')).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_but_a_row_of_the_table_is_asked_for(
            form in prop::sample::select(with_parameters()),
            name in prop_oneof![
                "[a-z0-9-]{0,6}",
                // One letter that the way to identity decodes, resolves, cuts off or takes for something else.
                "[a-z0-9-]{0,3}(/|//|\\.|\\.\\.|\\./|%2[fFeE]|%00|\\\\|[A-Z_~;:@?#& é])[a-z0-9-]{0,3}",
            ],
            tail in prop_oneof![4 => Just(""), 1 => Just("/"), 1 => Just("/callback"), 1 => Just("/.."), 1 => Just("%2F")],
        ) {
            let asked = format!("{}{tail}", form.replace("{provider}", &name));
            for (_, row) in &TABLE {
                let expected = if row.contains('{') {
                    fits(row, &asked).then_some(asked.as_str())
                } else {
                    Some(*row)
                };
                prop_assert_eq!(named(row, &asked), expected, "{} of {}", row, asked);
            }
        }
    }

    #[test]
    fn a_parameter_is_a_plain_name_or_nothing() {
        let row = "/sign-in/with/{provider}/callback";
        let good = "/sign-in/with/campus-2/callback";
        assert_eq!(named(row, good), Some(good));
        assert_eq!(named("/sign-in", "/sign-in"), Some("/sign-in"));
        for bad in [
            "/sign-in/with//callback",
            "/sign-in/with/../callback",
            "/sign-in/with/%2e%2e/callback",
            "/sign-in/with/a%2Fb/callback",
            "/sign-in/with/Campus/callback",
            "/sign-in/with/a/b/callback",
            "/sign-in/with/callback",
            "/sign-in/with/campus/",
        ] {
            assert_eq!(named(row, bad), None, "{bad}");
        }
    }
}
