//! Identity: who people are, what they may do, and the tokens that say so.
//!
//! **Owns** people, their roles and the stores they work at, sign-in sessions, grants, signing keys.
//! **Promises** an OAuth 2 authorization server with OpenID Connect on top, whose issuer is the public address:
//! authorization code with PKCE, refresh with rotation, client credentials, token exchange, revocation, introspection,
//! userinfo, sign-out at a client's request.
//! **Publishes** and **listens to** nothing yet.
//!
//! Invariants: the truth is in PostgreSQL and whatever Redis holds may vanish; no password, code, cookie or refresh
//! token is stored in a form that its reader could replay; an answer never tells whether an account exists.

pub mod client;
pub mod client_auth;
pub mod config;
pub mod error;
pub mod issuer;
pub mod keys;
pub mod opaque;
pub mod ops;
pub mod pages;
pub mod params;
pub mod password;
pub mod person;
pub mod pkce;
pub mod post_logout;
pub mod return_to;
pub mod role;
pub mod rotation;
pub mod routes;
pub mod same_origin;
pub mod scope;
pub mod seed;
pub mod session;
pub mod standing;
pub mod state;
pub mod store;
pub mod sweep;
pub mod token;

/// The schema, applied by `main` and by the tests.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
