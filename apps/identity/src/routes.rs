//! The table of routes, and the paths by which discovery and the pages name them.
//!
//! Invariant: a path is written once; what discovery advertises is what is served. Only an operator's routes take a
//! scope: each other endpoint checks by its own protocol who is asking (client secret, cookie, or a bearer token of this
//! server's own).

use http::Method;
use service::routes::{Access, Routes};

use crate::ops;
use crate::state::App;

/// Discovery, where OpenID clients look for it.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The same, where OAuth clients look for it (RFC 8414 §3).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// The public keys.
pub const JWKS: &str = "/oauth2/jwks";
/// The authorization endpoint.
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// The token endpoint.
pub const TOKEN: &str = "/oauth2/token";
/// The revocation endpoint.
pub const REVOKE: &str = "/oauth2/revoke";
/// The introspection endpoint.
pub const INTROSPECT: &str = "/oauth2/introspect";
/// The userinfo endpoint.
pub const USERINFO: &str = "/oauth2/userinfo";
/// The end-session endpoint, to which clients send a person who signs out.
pub const LOGOUT: &str = "/oauth2/logout";
/// The sign-in page.
pub const SIGN_IN: &str = "/sign-in";
/// The registration page.
pub const REGISTER: &str = "/register";
/// Where the sign-out button posts.
pub const SIGN_OUT: &str = "/sign-out";
/// The stylesheet.
pub const STYLESHEET: &str = "/identity.css";

/// What the platform's operators may.
const OPERATE: Access = Access::Scope("identity:operate");

/// The table.
#[must_use]
pub fn routes() -> Routes<App> {
    Routes::new()
        .route(
            Method::GET,
            DISCOVERY,
            Access::Public,
            ops::discovery::handle,
        )
        .route(
            Method::GET,
            METADATA,
            Access::Public,
            ops::discovery::handle,
        )
        .route(Method::GET, JWKS, Access::Public, ops::jwks::handle)
        .route(
            Method::GET,
            AUTHORIZE,
            Access::Public,
            ops::authorize::handle,
        )
        .route(
            Method::POST,
            AUTHORIZE,
            Access::Public,
            ops::authorize::by_form,
        )
        .route(Method::POST, TOKEN, Access::Public, ops::token::handle)
        .route(Method::POST, REVOKE, Access::Public, ops::revoke::handle)
        .route(
            Method::POST,
            INTROSPECT,
            Access::Public,
            ops::introspect::handle,
        )
        .route(Method::GET, USERINFO, Access::Public, ops::userinfo::handle)
        .route(
            Method::POST,
            USERINFO,
            Access::Public,
            ops::userinfo::handle,
        )
        .route(Method::GET, LOGOUT, Access::Public, ops::logout::by_link)
        .route(Method::POST, LOGOUT, Access::Public, ops::logout::by_form)
        .route(Method::GET, SIGN_IN, Access::Public, ops::sign_in::show)
        .route(Method::POST, SIGN_IN, Access::Public, ops::sign_in::submit)
        .route(Method::GET, REGISTER, Access::Public, ops::register::show)
        .route(
            Method::POST,
            REGISTER,
            Access::Public,
            ops::register::submit,
        )
        .route(
            Method::POST,
            SIGN_OUT,
            Access::Public,
            ops::sign_out::handle,
        )
        .route(
            Method::GET,
            STYLESHEET,
            Access::Public,
            ops::stylesheet::handle,
        )
        .route(Method::GET, "/v1/users", OPERATE, ops::users::handle)
        .route(Method::GET, "/v1/users/{id}", OPERATE, ops::user::handle)
        .route(
            Method::PUT,
            "/v1/users/{id}/roles",
            OPERATE,
            ops::user_roles::handle,
        )
        .route(
            Method::POST,
            "/v1/users/{id}/deactivate",
            OPERATE,
            ops::user_activation::deactivate,
        )
        .route(
            Method::POST,
            "/v1/users/{id}/reactivate",
            OPERATE,
            ops::user_activation::reactivate,
        )
        .route(Method::GET, "/v1/audit", OPERATE, ops::audit::list)
        .route(
            Method::GET,
            "/v1/audit/verification",
            OPERATE,
            ops::audit::check,
        )
        .route(Method::GET, "/v1/clients", OPERATE, ops::clients::handle)
}
