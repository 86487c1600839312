//! Where a request came from: the address that the BFF saw.
//!
//! Invariant: only the first entry of `X-Forwarded-For` is read. The BFF drops what its caller sent under this name and
//! writes the address of the connection; each sidecar on the way adds its own behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use axum::http::HeaderMap;

use crate::opaque::{self, Hash};

/// The address of who is asking; none, if the request did not come by the public entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(Option<IpAddr>);

impl Origin {
    /// Reads it from a request's headers.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let address = headers
            .get("x-forwarded-for")
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(',').next())
            .and_then(|first| first.trim().parse::<IpAddr>().ok());
        Self(address.map(|address| address.to_canonical()))
    }

    /// The network, for the record: the first 24 bits of an IPv4 address, the first 48 of an IPv6 one.
    #[must_use]
    pub fn network(&self) -> Option<String> {
        let network = match self.0? {
            IpAddr::V4(address) => {
                let kept = Ipv4Addr::from_bits(address.to_bits() & (u32::MAX << 8));
                format!("{kept}/24")
            }
            IpAddr::V6(address) => {
                let kept = Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 80));
                format!("{kept}/48")
            }
        };
        Some(network)
    }

    /// What is counted together: an IPv4 address, or the 64 bits of IPv6 that one subscriber has for herself. Requests
    /// without an address are counted as one.
    #[must_use]
    pub fn key(&self) -> Hash {
        let text = match self.0 {
            None => "nowhere".to_owned(),
            Some(IpAddr::V4(address)) => address.to_string(),
            Some(IpAddr::V6(address)) => {
                Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).to_string()
            }
        };
        opaque::hash(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn origin(lines: &[&'static str]) -> Origin {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_static(line));
        }
        Origin::of(&headers)
    }

    #[test]
    fn it_is_what_the_bff_wrote_and_not_what_came_later() {
        for lines in [
            &["203.0.113.9"][..],
            &["203.0.113.9, 10.0.0.1"],
            &["203.0.113.9", "10.0.0.1"],
            &["::ffff:203.0.113.9"],
        ] {
            assert_eq!(origin(lines), origin(&["203.0.113.9"]), "{lines:?}");
            assert_eq!(origin(lines).network().as_deref(), Some("203.0.113.0/24"));
        }
        for nowhere in [&[][..], &["unknown"], &[""]] {
            assert_eq!(origin(nowhere), Origin(None));
            assert_eq!(origin(nowhere).network(), None);
        }
    }

    #[test]
    fn of_ipv6_a_subscriber_is_counted_and_a_site_is_recorded() {
        let (one, neighbour) = (origin(&["2001:db8:1:2::1"]), origin(&["2001:db8:1:2:9::1"]));
        assert_eq!(one.key(), neighbour.key());
        assert_ne!(one.key(), origin(&["2001:db8:1:3::1"]).key());
        assert_eq!(one.network().as_deref(), Some("2001:db8:1::/48"));
        assert_ne!(origin(&["192.0.2.1"]).key(), origin(&["192.0.2.2"]).key());
    }
}
