//! The registry of clients: who may ask for what. One table, no other grants.
//!
//! Invariant: least privilege; whatever is not in the table is refused.

use crate::issuer::Issuer;
use crate::scope::Scopes;

/// The grants of the token endpoint, by their `grant_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GrantType {
    /// A code from the authorization endpoint.
    AuthorizationCode,
    /// A refresh token from an earlier answer.
    RefreshToken,
    /// The client for itself.
    ClientCredentials,
    /// The client for a person, towards another audience (RFC 8693).
    TokenExchange,
}

impl GrantType {
    /// Every grant there is; discovery lists these.
    pub const ALL: [Self; 4] = [
        Self::AuthorizationCode,
        Self::RefreshToken,
        Self::ClientCredentials,
        Self::TokenExchange,
    ];

    /// Its `grant_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AuthorizationCode => "authorization_code",
            Self::RefreshToken => "refresh_token",
            Self::ClientCredentials => "client_credentials",
            Self::TokenExchange => "urn:ietf:params:oauth:grant-type:token-exchange",
        }
    }

    /// The grant of this `grant_type`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|grant| grant.as_str() == text)
    }
}

/// One registered client.
#[derive(Debug)]
pub struct Client {
    /// Its `client_id`, which is its app id.
    pub id: &'static str,
    /// The paths under the issuer that codes may be sent to.
    redirect_paths: &'static [&'static str],
    /// The paths under the issuer that a person who has signed out may be sent to.
    post_logout_paths: &'static [&'static str],
    grants: &'static [GrantType],
    /// Audience and scopes of what it does for itself.
    own: &'static [(&'static str, &'static [&'static str])],
    /// The audiences it may reach in a person's name.
    delegated: &'static [&'static str],
    /// Its sign-out is the person's: revoking its refresh token ends the session at this server too.
    pub signs_out: bool,
}

static CLIENTS: [Client; 2] = [
    Client {
        id: "bff",
        redirect_paths: &["/api/session/callback"],
        post_logout_paths: &["/"],
        grants: &GrantType::ALL,
        own: &[
            ("catalog", &["catalog:read"]),
            ("inventory", &["inventory:availability"]),
        ],
        delegated: &["order", "catalog", "inventory", "payment", "identity"],
        signs_out: true,
    },
    Client {
        id: "order",
        redirect_paths: &[],
        post_logout_paths: &[],
        grants: &[GrantType::ClientCredentials],
        own: &[
            ("catalog", &["catalog:quote"]),
            ("inventory", &["inventory:reserve"]),
            ("payment", &["payment:charge"]),
        ],
        delegated: &[],
        signs_out: false,
    },
];

impl Client {
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

    /// Audience and scopes of what it does for itself.
    #[must_use]
    pub fn own(&self) -> &'static [(&'static str, &'static [&'static str])] {
        self.own
    }

    /// The audiences it may reach in a person's name.
    #[must_use]
    pub fn delegated(&self) -> &'static [&'static str] {
        self.delegated
    }

    /// Whether it may use this grant.
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        self.grants.contains(&grant)
    }

    /// Whether `uri` is, byte for byte, one of its redirect URIs.
    #[must_use]
    pub fn redirects_to(&self, uri: &str, issuer: &Issuer) -> bool {
        self.redirect_paths
            .iter()
            .any(|path| issuer.at(path) == uri)
    }

    /// Whether `uri` is, byte for byte, one of its post-logout redirect URIs.
    #[must_use]
    pub fn logs_out_to(&self, uri: &str, issuer: &Issuer) -> bool {
        self.post_logout_paths
            .iter()
            .any(|path| issuer.at(path) == uri)
    }

    /// Its own scopes towards an audience; `None` when it has no business there.
    #[must_use]
    pub fn own_scopes(&self, audience: &str) -> Option<Scopes> {
        self.own
            .iter()
            .find(|(own, _)| *own == audience)
            .map(|(_, scopes)| scopes.iter().copied().collect())
    }

    /// Whether it may reach this audience in a person's name.
    #[must_use]
    pub fn acts_towards(&self, audience: &str) -> bool {
        self.delegated.contains(&audience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn redirect_uris_are_compared_byte_for_byte() {
        let issuer = Issuer::new(&"https://localhost:8443/".parse().expect("an address"));
        let bff = Client::find("bff").expect("registered");
        assert!(bff.redirects_to("https://localhost:8443/api/session/callback", &issuer));
        for near in [
            "https://localhost:8443/api/session/callback/",
            "https://localhost:8443/api/session/callback?x=1",
            "https://localhost:8443/api/session/callback#x",
            "https://localhost:8443/api/session/Callback",
            "https://LOCALHOST:8443/api/session/callback",
            "https://localhost/api/session/callback",
            "http://localhost:8443/api/session/callback",
            "https://localhost:8443/api/session/../session/callback",
            "",
        ] {
            assert!(!bff.redirects_to(near, &issuer), "{near}");
        }
        let order = Client::find("order").expect("registered");
        assert!(!order.redirects_to("https://localhost:8443/api/session/callback", &issuer));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn one_character_more_less_or_other_is_another_address(
            place in any::<prop::sample::Index>(),
            put in any::<char>(),
            change in 0..3,
        ) {
            let issuer = Issuer::new(&"https://localhost:8443/".parse().expect("an address"));
            let bff = Client::find("bff").expect("registered");
            for path in ["/api/session/callback", "/"] {
                let good = issuer.at(path);
                let (before, after) = good.split_at(place.index(good.len()));
                let near = match change {
                    0 => format!("{before}{put}{}", &after[1..]),
                    1 => format!("{before}{put}{after}"),
                    _ => format!("{before}{}", &after[1..]),
                };
                prop_assume!(near != good);
                prop_assert!(!bff.redirects_to(&near, &issuer), "{}", near);
                prop_assert!(!bff.logs_out_to(&near, &issuer), "{}", near);
            }
        }

        #[test]
        fn no_text_is_a_registered_address(text in "\\PC{0,60}|https://localhost:8443/[ -~]{1,40}") {
            let issuer = Issuer::new(&"https://localhost:8443/".parse().expect("an address"));
            let bff = Client::find("bff").expect("registered");
            prop_assert!(!bff.redirects_to(&text, &issuer));
            prop_assert!(!bff.logs_out_to(&text, &issuer));
        }
    }

    #[test]
    fn services_have_the_least_there_is() {
        let order = Client::find("order").expect("registered");
        assert!(!order.may(GrantType::TokenExchange) && !order.may(GrantType::AuthorizationCode));
        assert_eq!(
            order.own_scopes("catalog").map(|s| s.to_string()),
            Some("catalog:quote".to_owned())
        );
        assert_eq!(order.own_scopes("order"), None);
        assert!(!order.acts_towards("catalog"));
        assert!(Client::find("BFF").is_none());
    }

    #[test]
    fn grant_types_read_back() {
        for grant in GrantType::ALL {
            assert_eq!(GrantType::parse(grant.as_str()), Some(grant));
        }
        for refused in ["password", "implicit", ""] {
            assert_eq!(GrantType::parse(refused), None);
        }
    }
}
