//! `GET /.well-known/openid-configuration` (OpenID Connect Discovery) and `/.well-known/oauth-authorization-server`
//! (RFC 8414): one answer at both.
//!
//! Invariant: it names what works, from the same constants that the code works by, and nothing else.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use crate::client::GrantType;
use crate::client_auth;
use crate::paths;
use crate::scope;
use crate::state::App;

/// The handler.
pub async fn handle(State(app): State<App>) -> Response {
    let issuer = app.issuer();
    let scopes = [&scope::PERSONAL[..], &scope::ACTING].concat();
    let body = Json(json!({
        "issuer": issuer.as_str(),
        "authorization_endpoint": issuer.at(paths::AUTHORIZE),
        "token_endpoint": issuer.at(paths::TOKEN),
        "revocation_endpoint": issuer.at(paths::REVOKE),
        "introspection_endpoint": issuer.at(paths::INTROSPECT),
        "userinfo_endpoint": issuer.at(paths::USERINFO),
        "end_session_endpoint": issuer.at(paths::LOGOUT),
        "jwks_uri": issuer.at(paths::JWKS),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": GrantType::ALL.map(GrantType::as_str),
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": client_auth::METHODS,
        "revocation_endpoint_auth_methods_supported": client_auth::METHODS,
        "introspection_endpoint_auth_methods_supported": client_auth::METHODS_WITH_SECRET,
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": scopes,
        "claims_supported": [
            "iss", "aud", "sub", "iat", "exp", "auth_time", "nonce", "sid", "name", "zoneinfo", "email", "email_verified",
            "roles", "stores"
        ],
        "prompt_values_supported": ["none", "login", "consent", "select_account"],
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": false,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
    }));
    ([(header::CACHE_CONTROL, "public, max-age=300")], body).into_response()
}
