//! The control: the least that can answer, in the web framework that our services use.
//!
//! Invariant: no check, no log, no metric, no database; what it takes is what the framework and the way to it take.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::routing::get;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use dapr_kit::{Dapr, DaprConfig};
use e2e::{Target, target};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use url::Url;

/// What one bare handler is like.
pub struct Bare {
    /// Where it listens.
    pub port: u16,
    /// Whether as the public entry does: over TLS, with that entry's own certificate.
    pub tls: bool,
    /// What `/menu` answers.
    pub menu: Bytes,
    /// Where `/relay` passes its body on, through a sidecar.
    pub relay: Option<Relay>,
}

/// The next application on the way.
#[derive(Clone)]
pub struct Relay {
    /// Its method at the sidecar.
    pub url: Url,
    /// What opens the sidecar.
    pub token: String,
    /// What it passes on beside, if anything: an access token.
    pub bearer: Option<String>,
}

#[derive(Clone)]
struct Next {
    http: reqwest::Client,
    relay: Relay,
}

impl Bare {
    /// Serves until the process ends.
    pub async fn serve(self, target: &Target) -> Result<()> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let router = self.router()?;
        let listener = TcpListener::bind(address).await;
        let listener = listener.with_context(|| address.to_string())?;
        if self.tls {
            let tls = RustlsConfig::from_config(Arc::new(public_certificate(target).await?));
            let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
            let server = axum_server::Server::<SocketAddr>::from_listener(listener);
            server
                .acceptor(acceptor)
                .serve(router.into_make_service())
                .await?;
        } else {
            axum::serve(listener, router).await?;
        }
        Ok(())
    }

    fn router(&self) -> Result<Router> {
        let menu = self.menu.clone();
        let router = Router::new()
            .route("/healthz", get(async || "alive"))
            // A body that nobody reads would cost the connection.
            .route(
                "/hello",
                get(async || "hello").post(async |_: Bytes| "hello"),
            )
            .route(
                "/menu",
                get(async move || ([(CONTENT_TYPE, "application/json")], menu)),
            );
        let Some(relay) = self.relay.clone() else {
            return Ok(router);
        };
        let http = reqwest::Client::builder().no_proxy().build()?;
        let next = get(ask_on).post(pass_on).with_state(Next { http, relay });
        Ok(router.route("/relay", next))
    }
}

/// What the next one answers; what went wrong, as text, if it does not.
async fn pass_on(State(next): State<Next>, body: Bytes) -> Result<Bytes, (StatusCode, String)> {
    let request = next.http.post(next.relay.url.clone()).body(body);
    relayed(&next.relay, request).await
}

/// The same for a question.
async fn ask_on(State(next): State<Next>) -> Result<Bytes, (StatusCode, String)> {
    relayed(&next.relay, next.http.get(next.relay.url.clone())).await
}

async fn relayed(
    relay: &Relay,
    mut request: reqwest::RequestBuilder,
) -> Result<Bytes, (StatusCode, String)> {
    let lost = |error: reqwest::Error| (StatusCode::BAD_GATEWAY, format!("{error:?}"));
    request = request.header("dapr-api-token", &relay.token);
    if let Some(bearer) = &relay.bearer {
        request = request.bearer_auth(bearer);
    }
    let answer = request.send().await.map_err(lost)?;
    let status = answer.status();
    let body = answer.bytes().await.map_err(lost)?;
    if status == StatusCode::OK {
        return Ok(body);
    }
    let text = String::from_utf8_lossy(&body);
    Err((StatusCode::BAD_GATEWAY, format!("{status}: {text}")))
}

/// The handle of a sidecar as its own app has it.
pub fn dapr(sidecar: &target::Sidecar) -> Result<Dapr> {
    let mut grpc = sidecar.url.clone();
    let port = sidecar.url.port().context("a sidecar without a port")?;
    // By the convention of dapr.yaml: +2 HTTP, +3 gRPC.
    grpc.set_port(Some(port + 1)).ok().context("no port")?;
    Ok(Dapr::connect(&DaprConfig {
        http: sidecar.url.clone(),
        grpc,
        api_token: Some(sidecar.token.clone().into()),
    })?)
}

/// The same certificate, key and protocols as the BFF's.
async fn public_certificate(target: &Target) -> Result<ServerConfig> {
    let secret = dapr(&target.sidecar("bff")?)?;
    let secret = secret.secret("secretstore", "tls").await?;
    let chain = CertificateDer::pem_slice_iter(secret.require("certificate")?.as_bytes());
    let key = PrivateKeyDer::from_pem_slice(secret.require("private_key")?.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain.collect::<Result<_, _>>()?, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
