//! All SQL, one file per aggregate: free functions on one connection.
//!
//! Invariant: nothing here decides; whether a row may be used is the caller's business.

pub mod accounts;
pub mod audit;
pub mod clients;
pub mod codes;
pub mod consents;
pub mod federation;
pub mod grants;
pub mod links;
pub mod mails;
pub mod pending_sign_ins;
pub mod people;
pub mod personal_data;
pub mod refresh_tokens;
pub mod second_factors;
pub mod sessions;
pub mod throttle;

use crate::role::Role;

/// Reads role names; one that only a later version knows gives nothing.
fn roles(names: &[String]) -> Vec<Role> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}
