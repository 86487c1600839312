//! The public listener itself: HTTPS, a certificate that changes, an orderly end.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bff::public;
use bff::tls::{configure, replace};
use dapr_kit::Secret;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use reqwest::{Certificate, Client, ClientBuilder, Method, StatusCode};
use service::server::Shutdown;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::stage::Stage;

/// A certificate for this machine, as the vault keeps it, and as a client does.
fn certificate() -> (Secret, Certificate) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let fields = HashMap::from([
        ("certificate".to_owned(), cert.pem()),
        ("private_key".to_owned(), signing_key.serialize_pem()),
    ]);
    let trusted = Certificate::from_pem(cert.pem().as_bytes()).expect("a certificate");
    (Secret::new("tls", fields), trusted)
}

fn trusting(certificate: Certificate) -> ClientBuilder {
    Client::builder().tls_certs_only([certificate]).no_proxy()
}

/// Every request on a connection of its own: a kept one would still show the old certificate.
fn forgetful(certificate: Certificate) -> Client {
    let client = trusting(certificate).pool_max_idle_per_host(0);
    client.build().expect("a client")
}

/// A way to this port that counts the connections that take it.
async fn counted(port: u16) -> (u16, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let here = listener.local_addr().expect("an address").port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        while let Ok((mut inner, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let outer = TcpStream::connect(("127.0.0.1", port)).await;
            let mut outer = outer.expect("the server");
            tokio::spawn(async move { copy_bidirectional(&mut inner, &mut outer).await });
        }
    });
    (here, count)
}

#[tokio::test]
async fn a_new_certificate_serves_at_once_and_a_useless_one_changes_nothing() {
    let stage = Stage::set().await;
    let (old, trusted_old) = certificate();
    let (new, trusted_new) = certificate();
    let (trusts_old, trusts_new) = (forgetful(trusted_old), forgetful(trusted_new));
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

#[tokio::test]
async fn who_is_refused_while_still_sending_keeps_the_connection_and_reads_why() {
    let stage = Stage::set().await;
    let (secret, trusted) = certificate();
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let (port, connections) = counted(listener.local_addr().expect("an address").port()).await;
    let (end, ended) = watch::channel(false);
    let serving = tokio::spawn(public::serve(
        listener,
        configure(&secret).expect("a usable certificate"),
        stage.public(),
        stage.app.hub.clone(),
        Shutdown::on(ended),
    ));
    let client = trusting(trusted).http1_only().build().expect("a client");

    // More than is read of a request before anybody asks for its body.
    let long = "x".repeat(512 * 1024);
    let refusals = [
        (Method::POST, "/api/orders", StatusCode::FORBIDDEN),
        (Method::POST, "/api/nothing", StatusCode::NOT_FOUND),
        (Method::PUT, "/api/stores", StatusCode::METHOD_NOT_ALLOWED),
        (Method::POST, "/oauth2/token", StatusCode::PAYLOAD_TOO_LARGE),
    ];
    for (method, path, status) in refusals {
        let url = format!("https://localhost:{port}{path}");
        let request = client.request(method, url).body(long.clone());
        let answer = request.send().await.expect("an answer");
        assert_eq!(answer.status(), status, "{path}");
        answer.bytes().await.expect("the whole answer");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);

    end.send_replace(true);
    serving.await.expect("no panic").expect("an orderly end");
}
