//! Where a person goes who has signed out at a client's request. No IO.
//!
//! Invariant: the address is, byte for byte, one that is registered for the client.

use url::Url;

use crate::client::Client;
use crate::issuer::Issuer;
use crate::redirect_uri;
use crate::return_to::Elsewhere;

/// A registered address, with what the client wants back there.
#[derive(Debug, Clone)]
pub struct PostLogout {
    client: Client,
    uri: String,
    state: Option<String>,
}

impl PostLogout {
    /// Reads `post_logout_redirect_uri` and `state` (OpenID Connect RP-Initiated Logout §2): `None` without an address,
    /// an error with one that is not registered for this client.
    pub fn parse(
        client: Option<Client>,
        uri: Option<&str>,
        state: Option<&str>,
        issuer: &Issuer,
    ) -> Result<Option<Self>, Elsewhere> {
        let Some(uri) = uri else {
            return Ok(None);
        };
        let client = client
            .filter(|client| client.logs_out_to(uri, issuer))
            .ok_or(Elsewhere)?;
        Ok(Some(Self {
            client,
            uri: uri.to_owned(),
            state: state.map(str::to_owned),
        }))
    }

    /// The address with the client's `state`.
    pub fn location(&self) -> Result<String, Elsewhere> {
        let mut address = Url::parse(&self.uri).map_err(|_| Elsewhere)?;
        if let Some(state) = &self.state {
            address.query_pairs_mut().append_pair("state", state);
        }
        Ok(address.into())
    }

    /// What the policy of a page must allow whose form leads there in the end; nothing more than this site for clients of
    /// ours.
    #[must_use]
    pub fn source(&self) -> Option<String> {
        let address = Url::parse(&self.uri).ok()?;
        (!self.client.is_own()).then(|| redirect_uri::source(&address))
    }

    /// The parameters that say the same again.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("client_id", self.client.id()),
            ("post_logout_redirect_uri", &self.uri),
        ]
        .into_iter()
        .chain(self.state.as_deref().map(|state| ("state", state)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::OwnClient;

    fn read(client: &str, uri: &str, state: Option<&str>) -> Result<Option<PostLogout>, Elsewhere> {
        let issuer = Issuer::new(&"https://localhost:8443".parse().expect("an address"));
        PostLogout::parse(
            OwnClient::find(client).map(Client::Own),
            Some(uri),
            state,
            &issuer,
        )
    }

    #[test]
    fn only_what_is_registered_byte_for_byte() {
        let there = read("bff", "https://localhost:8443/", Some("a&b")).expect("registered");
        let there = there.expect("an address");
        assert_eq!(
            there.location().as_deref(),
            Ok("https://localhost:8443/?state=a%26b")
        );
        assert_eq!(
            there.fields().collect::<Vec<_>>(),
            [
                ("client_id", "bff"),
                ("post_logout_redirect_uri", "https://localhost:8443/"),
                ("state", "a&b")
            ]
        );
        for near in [
            "https://localhost:8443",
            "https://localhost:8443/?x",
            "https://localhost:8443/#x",
            "https://localhost:8443//",
            "https://LOCALHOST:8443/",
            "https://localhost/",
            "http://localhost:8443/",
            "https://localhost:8443/api/session/callback",
            "/",
        ] {
            assert_eq!(read("bff", near, None).err(), Some(Elsewhere), "{near}");
        }
        for other in ["order", "nobody"] {
            let refused = read(other, "https://localhost:8443/", None);
            assert_eq!(refused.err(), Some(Elsewhere), "{other}");
        }
    }
}
