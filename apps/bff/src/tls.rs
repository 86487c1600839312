//! The certificate of the public listener, from the secret `tls`.
//!
//! Invariant: TLS 1.2 or newer with forward secrecy and authenticated encryption; a new certificate serves new connections
//! at once, and one that can't be used leaves the old one in place.

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use dapr_kit::{DaprError, Secret, Secrets};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem};
use rustls::version::{TLS12, TLS13};

/// A certificate that can't be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The secret lacks a part.
    #[error(transparent)]
    Secret(#[from] DaprError),
    /// A part is no PEM.
    #[error("the certificate or its key is no PEM")]
    Pem(#[from] pem::Error),
    /// The parts do not fit together.
    #[error("the certificate and its key can't be used")]
    Unusable(#[from] rustls::Error),
}

/// The listener's configuration, which follows the secret from now on.
pub fn follow(mut secret: Secrets) -> Result<RustlsConfig, TlsError> {
    let config = configure(&secret.current())?;
    let following = config.clone();
    tokio::spawn(async move {
        loop {
            secret.changed().await;
            match replace(&following, &secret.current()) {
                Ok(()) => tracing::info!("the certificate was replaced"),
                Err(error) => {
                    tracing::error!(%error, "the new certificate can't be used: the old one stays");
                }
            }
        }
    });
    Ok(config)
}

/// The listener's configuration with the certificate of `secret`.
pub fn configure(secret: &Secret) -> Result<RustlsConfig, TlsError> {
    Ok(RustlsConfig::from_config(Arc::new(server_config(secret)?)))
}

/// Serves new connections with the certificate of `secret`, if it can be used.
pub fn replace(config: &RustlsConfig, secret: &Secret) -> Result<(), TlsError> {
    config.reload_from_config(Arc::new(server_config(secret)?));
    Ok(())
}

fn server_config(secret: &Secret) -> Result<ServerConfig, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(secret.require("certificate")?.as_bytes())
        .collect::<Result<_, _>>()?;
    let key = PrivateKeyDer::from_pem_slice(secret.require("private_key")?.as_bytes())?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&[&TLS13, &TLS12])?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
