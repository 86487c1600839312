//! Signing in at identity: authorization code with PKCE, and what follows from it.
//!
//! Invariant: a browser gets a session only for the very sign-in that it began here.

mod id_token;
mod oidc;
mod pending;

pub use id_token::{IdTokenError, IdTokens};
pub use oidc::{CALLBACK, Oidc, OidcError, Redeemed};
pub use pending::{LIFETIME, Pending};
