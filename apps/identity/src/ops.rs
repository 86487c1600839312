//! One file per operation: its handler, its core and its refusals.
//!
//! Invariant: an answer that carries a code, a token or a person's data is never stored on its way.

pub mod audit;
pub mod authorize;
pub mod client_credentials;
pub mod clients;
pub mod discovery;
pub mod exchange;
pub mod introspect;
pub mod jwks;
pub mod logout;
pub mod redeem_code;
pub mod refresh;
pub mod register;
pub mod revoke;
pub mod sign_in;
pub mod sign_out;
pub mod stylesheet;
pub mod token;
pub mod user;
pub mod user_activation;
pub mod user_roles;
pub mod userinfo;
pub mod users;
