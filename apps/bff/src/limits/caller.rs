//! Who is counted as one: the address of a connection.
//!
//! Invariant: no header has a say in it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::Extensions;

/// What is counted together: an IPv4 address, or the 64 bits of IPv6 that one subscriber has for herself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Origin(Option<IpAddr>);

impl Origin {
    /// Of the connection that a request came by. Requests without one, which only tests make, are counted as one.
    #[must_use]
    pub fn of(request: &Extensions) -> Self {
        let peer = request.get::<ConnectInfo<SocketAddr>>();
        Self(peer.map(|ConnectInfo(peer)| together(peer.ip())))
    }

    /// As text, for a key of the state store.
    #[must_use]
    pub fn name(self) -> String {
        self.0
            .map_or_else(|| "nowhere".to_owned(), |address| address.to_string())
    }
}

fn together(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)).into(),
        v4 @ IpAddr::V4(_) => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_ipv6_a_subscriber_is_counted_and_of_ipv4_an_address() {
        let of = |text: &str| together(text.parse().expect("an address"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:9::1"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:203.0.113.9"), of("203.0.113.9"));
        assert_ne!(of("203.0.113.8"), of("203.0.113.9"));
    }
}
