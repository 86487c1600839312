//! The table of routes, and the paths by which discovery and the pages name them.
//!
//! Invariant: a path is written once; what discovery advertises is what is served. No route takes a scope: each
//! endpoint checks by its own protocol who is asking (client secret, cookie, or a bearer token of this server's own).

use http::Method;
use service::routes::{Access, Routes};

use crate::ops;
use crate::state::App;

/// Discovery.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The public keys.
pub const JWKS: &str = "/oauth2/jwks";
/// The authorization endpoint.
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// The token endpoint.
pub const TOKEN: &str = "/oauth2/token";
/// The revocation endpoint.
pub const REVOKE: &str = "/oauth2/revoke";
/// The userinfo endpoint.
pub const USERINFO: &str = "/oauth2/userinfo";
/// The sign-in page.
pub const SIGN_IN: &str = "/sign-in";
/// The registration page.
pub const REGISTER: &str = "/register";
/// Where the sign-out button posts.
pub const SIGN_OUT: &str = "/sign-out";
/// The stylesheet.
pub const STYLESHEET: &str = "/identity.css";

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
        .route(Method::GET, JWKS, Access::Public, ops::jwks::handle)
        .route(
            Method::GET,
            AUTHORIZE,
            Access::Public,
            ops::authorize::handle,
        )
        .route(Method::POST, TOKEN, Access::Public, ops::token::handle)
        .route(Method::POST, REVOKE, Access::Public, ops::revoke::handle)
        .route(Method::GET, USERINFO, Access::Public, ops::userinfo::handle)
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
}
