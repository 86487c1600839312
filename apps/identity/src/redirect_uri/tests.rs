//! The addresses of other companies' clients, by example and by property.

use proptest::prelude::*;

use super::*;

fn issuer() -> Issuer {
    Issuer::new(&"https://localhost:8443".parse().expect("an address"))
}

fn parse(text: &str, kind: Kind) -> Result<RedirectUri, Unfit> {
    RedirectUri::parse(text, kind, &issuer())
}

#[test]
fn what_a_server_may_have() {
    for good in [
        "https://beans.example/callback",
        "https://beans.example",
        "https://beans.example/",
        "https://beans.example:8443/a/b?tenant=7",
        "https://192.0.2.1/cb",
        "https://localhost:9443/cb",
        "https://xn--rstzeug-90a.example/cb",
    ] {
        assert!(parse(good, Kind::Confidential).is_ok(), "{good}");
        assert!(parse(good, Kind::Public).is_ok(), "{good}");
    }
}

#[test]
fn what_a_program_on_a_device_may_have() {
    for good in [
        "http://127.0.0.1/callback",
        "http://127.0.0.1:51004/callback",
        "com.example.beans:/callback",
        "com.example.beans://callback/x",
    ] {
        assert!(parse(good, Kind::Public).is_ok(), "{good}");
        assert_eq!(
            parse(good, Kind::Confidential),
            Err(Unfit::Scheme),
            "{good}"
        );
    }
}

#[test]
fn what_nobody_may_have() {
    for (bad, why) in [
        ("", Unfit::Form),
        ("/callback", Unfit::Form),
        ("beans.example/callback", Unfit::Form),
        ("//beans.example/callback", Unfit::Form),
        ("https://", Unfit::Form),
        ("https:beans.example/cb", Unfit::Form),
        ("https:/beans.example/cb", Unfit::Form),
        ("HTTPS://beans.example/cb", Unfit::Form),
        ("https://Beans.example/cb", Unfit::Form),
        ("https://beans.example:443/cb", Unfit::Form),
        ("https://beans.example/a/../cb", Unfit::Form),
        ("https://beans.example/%2e%2e/cb", Unfit::Form),
        ("https://127.1/cb", Unfit::Form),
        ("https://rüstzeug.example/cb", Unfit::Form),
        ("https://beans.example/c b", Unfit::Form),
        ("https://beans.example\\@evil.example/", Unfit::Form),
        ("https://beans.example/cb\r\nSet-Cookie:x", Unfit::Form),
        ("https://beans.example?x=1", Unfit::Form),
        ("https://beans.example/cb#", Unfit::Fragment),
        ("https://beans.example/cb#x", Unfit::Fragment),
        ("https://ada@beans.example/cb", Unfit::UserInfo),
        ("https://ada:pw@beans.example/cb", Unfit::UserInfo),
        ("https://@beans.example/cb", Unfit::UserInfo),
        ("com.example.beans://ada@x/cb", Unfit::UserInfo),
        ("https://*.beans.example/cb", Unfit::Wildcard),
        ("https://beans.example/*", Unfit::Wildcard),
        ("http://beans.example/cb", Unfit::Scheme),
        ("http://localhost:8080/cb", Unfit::Scheme),
        ("http://127.0.0.1.evil.example/cb", Unfit::Scheme),
        ("http://127.0.0.2/cb", Unfit::Scheme),
        ("http://[::1]/cb", Unfit::Scheme),
        ("javascript:alert(1)", Unfit::Scheme),
        ("data:text/html,x", Unfit::Scheme),
        ("file:///etc/passwd", Unfit::Scheme),
        ("ftp://beans.example/cb", Unfit::Scheme),
        ("beans:/cb", Unfit::Scheme),
        ("https://localhost:8443/api/session/callback", Unfit::Ours),
        ("https://beans.example/cb?code=1", Unfit::Query),
        ("https://beans.example/cb?a=1&%69ss=x", Unfit::Query),
    ] {
        assert_eq!(parse(bad, Kind::Public), Err(why), "{bad}");
    }
    let long = format!("https://beans.example/{}", "a".repeat(LONGEST));
    assert_eq!(parse(&long, Kind::Public), Err(Unfit::Form));
}

#[test]
fn only_the_port_of_the_loopback_may_be_another_one() {
    let known = parse("http://127.0.0.1/cb?x=1", Kind::Public).expect("an address");
    for same in [
        "http://127.0.0.1/cb?x=1",
        "http://127.0.0.1:1/cb?x=1",
        "http://127.0.0.1:65535/cb?x=1",
    ] {
        assert!(known.admits(same), "{same}");
    }
    for other in [
        "http://127.0.0.1:/cb?x=1",
        "http://127.0.0.1:0/cb?x=1",
        "http://127.0.0.1:65536/cb?x=1",
        "http://127.0.0.1:1a/cb?x=1",
        "http://127.0.0.1:+1/cb?x=1",
        "http://127.0.0.1:1@evil.example/cb?x=1",
        "http://127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb?x=1#y",
        "http://127.0.0.1:1/cb/?x=1",
        "http://127.0.0.1.evil.example/cb?x=1",
        "https://127.0.0.1:1/cb?x=1",
        "http://localhost:1/cb?x=1",
    ] {
        assert!(!known.admits(other), "{other}");
    }
    let server = parse("https://127.0.0.1:9443/cb", Kind::Public).expect("an address");
    assert!(!server.admits("https://127.0.0.1:9444/cb"));
}

#[test]
fn a_policy_and_a_person_are_told_where_it_leads() {
    for (uri, policy, person) in [
        (
            "https://beans.example/cb?x",
            "https://beans.example",
            "beans.example",
        ),
        (
            "https://beans.example:99/cb",
            "https://beans.example:99",
            "beans.example",
        ),
        ("http://127.0.0.1:5/cb", "http://127.0.0.1:5", "127.0.0.1"),
        (
            "com.example.app://evil/cb",
            "com.example.app:",
            "com.example.app",
        ),
    ] {
        let uri = Url::parse(uri).expect("an address");
        assert_eq!((source(&uri).as_str(), shown(&uri)), (policy, person));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// As a browser reads it, not as we do.
    #[test]
    fn whatever_is_taken_leads_where_it_says(
        text in "\\PC{0,40}|(https|http|com\\.example\\.x|javascript|HTTP)://?[ -~]{0,40}|https://[a-z@:.*#/?\\\\%-]{1,30}|http://127\\.0\\.0\\.1[:0-9/?@.a-z]{0,12}",
        public in any::<bool>(),
    ) {
        let kind = if public { Kind::Public } else { Kind::Confidential };
        if let Ok(taken) = parse(&text, kind) {
            prop_assert_eq!(taken.as_str(), &text);
            prop_assert!(taken.admits(&text));
            let url = Url::parse(&text).expect("an address");
            prop_assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
            let with_path = format!("{text}/");
            prop_assert!(url.as_str() == text || url.as_str() == with_path);
            prop_assert!(!text.contains(['*', '\\', ' ', '\r', '\n', '"', '<', '#']));
            match url.scheme() {
                "https" => prop_assert!(url.host_str().is_some()),
                "http" => prop_assert!(public && url.host_str() == Some("127.0.0.1")),
                private => prop_assert!(public && private.contains('.')),
            }
            // What a policy is told is one source and nothing more.
            prop_assert!(!source(&url).contains([' ', ';', ',', '\'', '*']), "{}", source(&url));
        }
    }

    /// One character more, less or other is another address, except in a loopback's port.
    #[test]
    fn an_address_admits_itself_alone(place in any::<prop::sample::Index>(), put in any::<char>(), change in 0..3) {
        for text in ["https://beans.example:8443/cb?x=1", "com.example.beans:/cb"] {
            let known = parse(text, Kind::Public).expect("an address");
            // One more may come at the very end, too.
            let places = text.len() + usize::from(change == 1);
            let (before, after) = text.split_at(place.index(places));
            let near = match change {
                0 => format!("{before}{put}{}", &after[1..]),
                1 => format!("{before}{put}{after}"),
                _ => format!("{before}{}", &after[1..]),
            };
            prop_assume!(near != text);
            prop_assert!(!known.admits(&near), "{near}");
        }
    }

    /// Whatever comes back for a loopback address is on the loopback, at the same path.
    #[test]
    fn a_loopback_stays_a_loopback(sent in "http://127\\.0\\.0\\.1[:0-9a-z@.]{0,10}/cb|http://[ -~]{0,20}/cb") {
        let known = parse("http://127.0.0.1:80/cb", Kind::Public);
        prop_assert_eq!(known, Err(Unfit::Form), "a default port");
        let known = parse("http://127.0.0.1/cb", Kind::Public).expect("an address");
        if known.admits(&sent) {
            let url = Url::parse(&sent).expect("an address");
            prop_assert_eq!(url.host_str(), Some("127.0.0.1"));
            prop_assert_eq!(url.path(), "/cb");
        }
    }
}
