//! The registry of clients: who may ask for what. The platform's own are a table in the code, those of other companies
//! are registered by operators.
//!
//! Invariant: least privilege; whatever is not in the registry is refused. A registered client's id is a UUID and none of
//! ours is, so no registration takes the place of one of ours.

mod foreign;
mod own;

use std::sync::Arc;

use sqlx::PgPool;
use uuid::Uuid;

pub use foreign::{ClientName, ForeignClient, Kind, Registration, UnfitName};
pub use own::OwnClient;

use crate::issuer::Issuer;
use crate::scope::{self, Scopes};
use crate::store;

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

/// A client. Cheap to clone.
#[derive(Debug, Clone)]
pub enum Client {
    /// One of the platform's own.
    Own(&'static OwnClient),
    /// One of another company.
    Foreign(Arc<ForeignClient>),
}

impl Client {
    /// The client of this id. For one of ours the database is not asked.
    pub async fn find(db: &PgPool, id: &str) -> sqlx::Result<Option<Self>> {
        if let Some(own) = OwnClient::find(id) {
            return Ok(Some(Self::Own(own)));
        }
        // Only as it was given out: one client has one id, byte for byte.
        let Some(given) = Uuid::try_parse(id)
            .ok()
            .filter(|uuid| uuid.to_string() == id)
        else {
            return Ok(None);
        };
        let found = store::clients::get(&mut *db.acquire().await?, given).await?;
        Ok(found.map(|client| Self::Foreign(Arc::new(client))))
    }

    /// Its `client_id`.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Own(own) => own.id,
            Self::Foreign(foreign) => &foreign.client_id,
        }
    }

    /// The registration, if it is of another company.
    #[must_use]
    pub fn foreign(&self) -> Option<&ForeignClient> {
        match self {
            Self::Own(_) => None,
            Self::Foreign(foreign) => Some(foreign),
        }
    }

    /// Whether it is one of the platform's own, which learn people's roles and need nobody's consent.
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.foreign().is_none()
    }

    /// Whether it has no secret, so that its id alone is all it can say of itself (RFC 6749 §2.1).
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.foreign()
            .is_some_and(|foreign| foreign.registration.kind == Kind::Public)
    }

    /// Whether it may use this grant.
    #[must_use]
    pub fn may(&self, grant: GrantType) -> bool {
        match self {
            Self::Own(own) => own.grants.contains(&grant),
            Self::Foreign(foreign) => foreign.registration.may(grant),
        }
    }

    /// What it may ask a person for.
    #[must_use]
    pub fn asks_for(&self) -> Scopes {
        match self {
            Self::Own(_) => scope::PERSONAL.into_iter().collect(),
            Self::Foreign(foreign) => foreign.registration.scopes.clone(),
        }
    }

    /// Whether codes may be sent to `uri`.
    #[must_use]
    pub fn redirects_to(&self, uri: &str, issuer: &Issuer) -> bool {
        match self {
            Self::Own(own) => own.redirect_uris(issuer).iter().any(|known| known == uri),
            Self::Foreign(foreign) => {
                let known = &foreign.registration.redirect_uris;
                known.iter().any(|known| known.admits(uri))
            }
        }
    }

    /// Whether a person who has signed out may be sent to `uri`.
    #[must_use]
    pub fn logs_out_to(&self, uri: &str, issuer: &Issuer) -> bool {
        match self {
            Self::Own(own) => {
                let known = own.post_logout_redirect_uris(issuer);
                known.iter().any(|known| known == uri)
            }
            Self::Foreign(foreign) => {
                let known = &foreign.registration.post_logout_redirect_uris;
                known.iter().any(|known| known.admits(uri))
            }
        }
    }

    /// Its own scopes towards an audience; `None` when it has no business there.
    #[must_use]
    pub fn own_scopes(&self, audience: &str) -> Option<Scopes> {
        match self {
            Self::Own(own) => own.own_scopes(audience),
            Self::Foreign(foreign) => foreign.registration.own_scopes(audience),
        }
    }

    /// Whether it may reach this audience in a person's name.
    #[must_use]
    pub fn acts_towards(&self, audience: &str) -> bool {
        match self {
            Self::Own(own) => own.delegated.contains(&audience),
            Self::Foreign(foreign) => foreign.registration.acts_towards(audience),
        }
    }

    /// Whether its sign-out is the person's: revoking its refresh token ends the session at this server too.
    #[must_use]
    pub fn signs_out(&self) -> bool {
        match self {
            Self::Own(own) => own.signs_out,
            Self::Foreign(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn own(id: &str) -> Client {
        Client::Own(OwnClient::find(id).expect("registered"))
    }

    #[test]
    fn redirect_uris_are_compared_byte_for_byte() {
        let issuer = Issuer::new(&"https://localhost:8443/".parse().expect("an address"));
        let bff = own("bff");
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
        let order = own("order");
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
            let bff = own("bff");
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
            let bff = own("bff");
            prop_assert!(!bff.redirects_to(&text, &issuer));
            prop_assert!(!bff.logs_out_to(&text, &issuer));
        }
    }

    #[test]
    fn services_have_the_least_there_is() {
        let order = own("order");
        assert!(!order.may(GrantType::TokenExchange) && !order.may(GrantType::AuthorizationCode));
        assert_eq!(
            order.own_scopes("catalog").map(|s| s.to_string()),
            Some("catalog:quote".to_owned())
        );
        assert_eq!(order.own_scopes("order"), None);
        assert!(!order.acts_towards("catalog"));
        assert!(OwnClient::find("BFF").is_none());
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
