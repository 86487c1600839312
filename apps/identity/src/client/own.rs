//! The platform's own clients: one table, no other grants.
//!
//! Invariant: least privilege; whatever is not in the table is refused.

use super::GrantType;
use crate::issuer::Issuer;
use crate::scope::Scopes;

/// One of the platform's own clients.
#[derive(Debug)]
pub struct OwnClient {
    /// Its `client_id`, which is its app id.
    pub id: &'static str,
    /// The paths under the issuer that codes may be sent to.
    redirect_paths: &'static [&'static str],
    /// The paths under the issuer that a person who has signed out may be sent to.
    post_logout_paths: &'static [&'static str],
    /// The grants that it may use.
    pub(super) grants: &'static [GrantType],
    /// Audience and scopes of what it does for itself.
    pub own: &'static [(&'static str, &'static [&'static str])],
    /// The audiences it may reach in a person's name.
    pub delegated: &'static [&'static str],
    /// Its sign-out is the person's: revoking its refresh token ends the session at this server too.
    pub(super) signs_out: bool,
}

static CLIENTS: [OwnClient; 2] = [
    OwnClient {
        id: "bff",
        redirect_paths: &["/api/session/callback"],
        post_logout_paths: &["/"],
        grants: &GrantType::ALL,
        own: &[
            ("catalog", &["catalog:read"]),
            ("order", &["order:slots"]),
            ("inventory", &["inventory:availability"]),
        ],
        delegated: &[
            "order",
            "catalog",
            "inventory",
            "payment",
            "shipping",
            "identity",
        ],
        signs_out: true,
    },
    OwnClient {
        id: "order",
        redirect_paths: &[],
        post_logout_paths: &[],
        grants: &[GrantType::ClientCredentials],
        own: &[
            ("catalog", &["catalog:quote"]),
            ("inventory", &["inventory:reserve"]),
            ("payment", &["payment:charge"]),
            ("shipping", &["shipping:announce"]),
        ],
        delegated: &[],
        signs_out: false,
    },
];

impl OwnClient {
    /// The client of this id.
    #[must_use]
    pub fn find(id: &str) -> Option<&'static Self> {
        CLIENTS.iter().find(|client| client.id == id)
    }

    /// All of them.
    #[must_use]
    pub fn all() -> &'static [Self] {
        &CLIENTS
    }

    /// Where codes may be sent.
    #[must_use]
    pub fn redirect_uris(&self, issuer: &Issuer) -> Vec<String> {
        let paths = self.redirect_paths.iter();
        paths.map(|path| issuer.at(path)).collect()
    }

    /// Where a person who has signed out may be sent.
    #[must_use]
    pub fn post_logout_redirect_uris(&self, issuer: &Issuer) -> Vec<String> {
        let paths = self.post_logout_paths.iter();
        paths.map(|path| issuer.at(path)).collect()
    }

    /// Its own scopes towards an audience; `None` when it has no business there.
    #[must_use]
    pub fn own_scopes(&self, audience: &str) -> Option<Scopes> {
        self.own
            .iter()
            .find(|(own, _)| *own == audience)
            .map(|(_, scopes)| scopes.iter().copied().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_id_of_ours_is_one_that_is_given_to_others() {
        for client in OwnClient::all() {
            assert!(uuid::Uuid::try_parse(client.id).is_err(), "{}", client.id);
        }
    }
}
