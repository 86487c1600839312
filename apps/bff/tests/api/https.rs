//! The public listener itself: HTTPS, a certificate that changes, an orderly end.

use std::collections::HashMap;

use bff::public;
use bff::tls::{configure, replace};
use dapr_kit::Secret;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, StatusCode};
use service::server::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::stage::Stage;

/// A certificate for this machine, as the vault keeps it, and a client that trusts it alone.
fn certificate() -> (Secret, Client) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let fields = HashMap::from([
        ("certificate".to_owned(), cert.pem()),
        ("private_key".to_owned(), signing_key.serialize_pem()),
    ]);
    let trusted = Certificate::from_pem(cert.pem().as_bytes()).expect("a certificate");
    // Every request on a connection of its own: a kept one would still show the old certificate.
    let client = Client::builder()
        .tls_certs_only([trusted])
        .pool_max_idle_per_host(0)
        .no_proxy();
    (
        Secret::new("tls", fields),
        client.build().expect("a client"),
    )
}

#[tokio::test]
async fn a_new_certificate_serves_at_once_and_a_useless_one_changes_nothing() {
    let stage = Stage::set().await;
    let (old, trusts_old) = certificate();
    let (new, trusts_new) = certificate();
    let tls = configure(&old).expect("a usable certificate");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (end, ended) = watch::channel(false);
    let hub = stage.app.hub.clone();
    let serving = tokio::spawn(public::serve(
        listener,
        tls.clone(),
        stage.public(),
        hub,
        Shutdown::on(ended),
    ));

    let url = format!("https://localhost:{port}/");
    let page = trusts_old.get(&url).send().await.expect("an answer");
    assert_eq!(page.status(), StatusCode::OK);
    assert!(trusts_new.get(&url).send().await.is_err());

    let useless = HashMap::from([("certificate".to_owned(), "none".to_owned())]);
    assert!(replace(&tls, &Secret::new("tls", useless)).is_err());
    assert!(
        trusts_old.get(&url).send().await.is_ok(),
        "the old one stays"
    );

    replace(&tls, &new).expect("a usable certificate");
    assert!(trusts_new.get(&url).send().await.is_ok());
    assert!(trusts_old.get(&url).send().await.is_err());
    assert!(
        trusts_new
            .get(url.replace("https", "http"))
            .send()
            .await
            .is_err(),
        "HTTPS alone"
    );

    end.send_replace(true);
    serving.await.expect("no panic").expect("an orderly end");
}
