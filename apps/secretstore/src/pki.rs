//! The development CA, whose key never leaves the vault, and the certificate of the public address.
//!
//! The CA may sign for `localhost` alone, so that trusting it gives nobody power over another name.

use std::{path::Path, time::Duration};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject as _},
};
use thiserror::Error;
use vaultrs::{
    api::pki::requests::{GenerateCertificateRequest, GenerateRootRequest, SetRoleRequest},
    pki::{cert, issuer, role},
};

use crate::{
    files::{self, FileError},
    kv,
    mounts::{PKI, PKI_LONGEST},
    vault::{self, Vault, VaultError, failed},
};

/// The app that serves the public address.
pub const SERVED_BY: &str = "bff";
/// The secret that holds the certificate and its key.
const PATH: &str = "bff/tls";
/// The PKI engine's role for it.
const ROLE: &str = "localhost";
/// How long a certificate lives: 90 days.
const LIFE: &str = "2160h";
/// A certificate is replaced when it has less than this left.
const MARGIN: Duration = Duration::from_hours(30 * 24);
/// The names that the public address has.
const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// A certificate that can't be had.
#[derive(Debug, Error)]
pub enum PkiError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The CA's file.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Makes sure of the CA, of its public file, and of a certificate that holds for a month; says whether one was issued.
pub async fn ensure(root: &Vault, ca_file: &Path, now: UnixTime) -> Result<bool, PkiError> {
    let ca = match authority(root).await? {
        Some(ca) => ca,
        None => found_authority(root).await?,
    };
    files::write_public(ca_file, &ca)?;

    let mut secret = kv::read(root, PATH).await?;
    let soon = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + MARGIN);
    let kept = secret
        .values
        .get("certificate")
        .filter(|_| secret.values.contains_key("private_key"));
    if kept.is_some_and(|leaf| holds(leaf, &ca, soon)) {
        return Ok(false);
    }
    let (certificate, private_key) = issue(root).await?;
    secret.values.insert("certificate".to_owned(), certificate);
    secret.values.insert("private_key".to_owned(), private_key);
    kv::write(root, PATH, &secret).await?;
    Ok(true)
}

/// The CA's certificate, if the engine has a CA.
async fn authority(root: &Vault) -> Result<Option<String>, VaultError> {
    match issuer::list(root.client(), PKI)
        .await
        .map_err(failed("list the CAs"))
    {
        Ok(_) => {}
        Err(error) if error.code() == Some(404) => return Ok(None),
        Err(error) => return Err(error),
    }
    let found = issuer::read(root.client(), PKI, None)
        .await
        .map_err(failed("read the CA"))?;
    Ok(Some(line_ended(&found.certificate)))
}

async fn found_authority(root: &Vault) -> Result<String, VaultError> {
    let action = "make the CA";
    let mut wanted = GenerateRootRequest::builder();
    wanted
        .common_name("Crema development CA")
        .key_type("ec")
        .key_bits(256_u64)
        .max_path_length(0)
        .permitted_dns_domains(vec![NAMES[0].to_owned()])
        .ttl(PKI_LONGEST);
    cert::ca::generate(root.client(), PKI, "internal", Some(&mut wanted))
        .await
        .map_err(failed(action))?
        .map(|made| line_ended(&made.certificate))
        .ok_or(VaultError::Unreadable { action })
}

/// Issues a certificate; returns it and its private key, both as PEM.
async fn issue(root: &Vault) -> Result<(String, String), VaultError> {
    let mut rules = SetRoleRequest::builder();
    rules
        .allowed_domains(vec![NAMES[0].to_owned()])
        .allow_bare_domains(true)
        .allow_ip_sans(true)
        .server_flag(true)
        .client_flag(false)
        .key_type("ec")
        .key_bits(256_u64)
        .key_usage(vec!["DigitalSignature".to_owned()])
        .ttl(LIFE)
        .max_ttl(LIFE);
    role::set(root.client(), PKI, ROLE, Some(&mut rules))
        .await
        .map_err(failed("write the CA's rules"))?;
    let mut wanted = GenerateCertificateRequest::builder();
    wanted
        .common_name(NAMES[0])
        .ip_sans(NAMES[1..].join(","))
        .private_key_format("pkcs8")
        .ttl(LIFE);
    let made = cert::generate(root.client(), PKI, ROLE, Some(&mut wanted))
        .await
        .map_err(failed("issue a certificate"))?;
    Ok((line_ended(&made.certificate), line_ended(&made.private_key)))
}

/// Whether a client that trusts the CA would accept the certificate for every name at that time.
fn holds(leaf: &str, ca: &str, at: UnixTime) -> bool {
    let check = || -> Option<()> {
        let mut trusted = RootCertStore::empty();
        trusted
            .add(CertificateDer::from_pem_slice(ca.as_bytes()).ok()?)
            .ok()?;
        let verifier = WebPkiServerVerifier::builder_with_provider(trusted.into(), vault::crypto())
            .build()
            .ok()?;
        let leaf = CertificateDer::from_pem_slice(leaf.as_bytes()).ok()?;
        for name in NAMES {
            let name = ServerName::try_from(name).ok()?;
            verifier
                .verify_server_cert(&leaf, &[], &name, &[], at)
                .ok()?;
        }
        Some(())
    };
    check().is_some()
}

fn line_ended(pem: &str) -> String {
    format!("{}\n", pem.trim_end())
}
