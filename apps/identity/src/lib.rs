//! Identity: who people are, what they may do, and the tokens that say so.
//!
//! **Owns** people, their roles and the stores they work at, their second factors and accounts at other providers,
//! sign-in sessions, grants, signing keys, the mail about all this, and the clients of other companies with what people
//! have allowed them.
//! **Promises** an OAuth 2 authorization server with OpenID Connect on top, whose issuer is the public address:
//! authorization code with PKCE, refresh with rotation, client credentials, token exchange, revocation, introspection,
//! userinfo, sign-out at a client's request.
//! **Publishes** `identity-events` (`events/`): what happened to accounts, and which sessions ended. **Listens to**
//! nothing.
//!
//! Invariants: the truth is in PostgreSQL and whatever Redis holds may vanish; no password, code, cookie or refresh
//! token is stored in a form that its reader could replay; an answer never tells whether an account exists; every
//! authentication event is on record ([`audit`]), in the transaction of its effect.

pub mod admission;
pub mod audit;
pub mod authorization;
pub mod client;
pub mod client_auth;
pub mod config;
pub mod cors;
pub mod error;
pub mod events;
pub mod federation;
pub mod first_seen;
pub mod form;
pub mod issuer;
pub mod keys;
pub mod mail;
pub mod opaque;
pub mod openapi;
pub mod operator;
pub mod ops;
pub mod origin;
pub mod pages;
pub mod params;
pub mod password;
pub mod password_check;
pub mod password_rules;
pub mod paths;
pub mod person;
pub mod pkce;
pub mod post_logout;
pub mod postman;
pub mod proof;
pub mod redirect_uri;
pub mod return_to;
pub mod role;
pub mod rotation;
pub mod routes;
pub mod same_origin;
pub mod scope;
pub mod sealed;
pub mod second_factor;
pub mod seed;
pub mod session;
pub mod standing;
pub mod state;
pub mod step_up;
pub mod store;
pub mod sweep;
pub mod throttle;
pub mod token;
pub mod totp;
pub mod zone;

/// Creates and upgrades this service's own tables; the outbox has its own migrator.
pub static MIGRATOR: sqlx::migrate::Migrator = sqlx::migrate!("./migrations");
