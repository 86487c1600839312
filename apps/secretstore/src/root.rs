//! Root for the length of one piece of work: made from three shares, used, revoked.
//!
//! However the work ends, the token is revoked, and so is every other root token that an earlier, broken run left behind.

use base64::{Engine as _, engine::general_purpose::STANDARD_NO_PAD};
use rustify_derive::Endpoint;
use secrecy::SecretString;
use serde::Deserialize;
use thiserror::Error;
use vaultrs::{
    api::token::{requests::ListAccessorRequest, responses::LookupTokenResponse},
    token,
};

use crate::{
    shares::Shares,
    vault::{Vault, VaultError, failed},
};

/// The policy that only root tokens carry.
const ROOT: &str = "root";

#[derive(Endpoint)]
#[endpoint(
    path = "sys/generate-root/attempt",
    method = "POST",
    response = "Attempt"
)]
struct StartRequest {}

#[derive(Endpoint)]
#[endpoint(path = "sys/generate-root/attempt", method = "DELETE")]
struct CancelRequest {}

#[derive(Endpoint)]
#[endpoint(
    path = "sys/generate-root/update",
    method = "POST",
    response = "Progress"
)]
struct GiveShareRequest {
    key: String,
    nonce: String,
}

#[derive(Deserialize)]
struct Attempt {
    nonce: String,
    otp: String,
}

#[derive(Deserialize)]
struct Progress {
    complete: bool,
    encoded_token: String,
}

/// Root that can't be had.
#[derive(Debug, Error)]
pub enum RootError {
    /// The vault's part of it.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// `OpenBao` closes the endpoints by default.
    #[error(
        "the vault makes no root token from shares: its listener's configuration must say \
         disable_unauthed_generate_root_endpoints = false"
    )]
    Closed,
}

/// Makes sure that a later run can get a root token; an attempt that somebody left unfinished is given up.
pub async fn require_generation(vault: &Vault) -> Result<(), RootError> {
    let cleared = vault
        .tell("give up an unfinished root generation", CancelRequest {})
        .await;
    cleared.map_err(|error| match error.code() {
        Some(403..=405) => RootError::Closed,
        _ => error.into(),
    })
}

/// Makes a root token from the shares.
pub async fn generate(vault: &Vault, shares: &Shares) -> Result<SecretString, RootError> {
    require_generation(vault).await?;
    let attempt = vault
        .call_bare("start a root generation", StartRequest {})
        .await?;
    let token = give_shares(vault, shares, &attempt).await;
    if token.is_err() {
        // The first error is the one to report; the next run gives this attempt up again.
        let _ = require_generation(vault).await;
    }
    Ok(token?)
}

async fn give_shares(
    vault: &Vault,
    shares: &Shares,
    attempt: &Attempt,
) -> Result<SecretString, VaultError> {
    let action = "generate a root token";
    for share in shares.enough() {
        let give = GiveShareRequest {
            key: share.to_owned(),
            nonce: attempt.nonce.clone(),
        };
        let progress = vault.call_bare(action, give).await?;
        if progress.complete {
            return decode(&progress.encoded_token, &attempt.otp)
                .ok_or(VaultError::Unreadable { action });
        }
    }
    Err(VaultError::Unreadable { action })
}

/// The vault sends the exclusive or of the token and the one-time password.
fn decode(encoded: &str, otp: &str) -> Option<SecretString> {
    let bytes = STANDARD_NO_PAD.decode(encoded.trim_end_matches('=')).ok()?;
    if bytes.len() != otp.len() {
        return None;
    }
    let token = bytes
        .iter()
        .zip(otp.bytes())
        .map(|(byte, pad)| byte ^ pad)
        .collect();
    String::from_utf8(token).ok().map(SecretString::from)
}

/// Does `work` with a root token and revokes it, whether the work succeeds, fails or is called off.
pub async fn during<T, E, W>(vault: &Vault, root: &SecretString, work: W) -> Result<T, E>
where
    E: From<VaultError>,
    W: AsyncFnOnce(&Vault) -> Result<T, E>,
{
    let privileged = vault.with_token(root)?;
    let outcome = work(&privileged).await;
    let revoked = revoke_all(&privileged).await;
    // What stopped the work says more than what stopped the cleaning up after it.
    let value = outcome?;
    revoked?;
    Ok(value)
}

/// Revokes every root token, this one last and in any case.
async fn revoke_all(root: &Vault) -> Result<(), VaultError> {
    let others = revoke_others(root).await;
    let own = token::revoke_self(root.client())
        .await
        .map_err(failed("revoke the root token"));
    others.and(own)
}

async fn revoke_others(root: &Vault) -> Result<(), VaultError> {
    let own = token::lookup_self(root.client())
        .await
        .map_err(failed("look up the root token"))?;
    let all = root.call("list the tokens", ListAccessorRequest {}).await?;
    for accessor in all
        .keys
        .iter()
        .filter(|accessor| **accessor != own.accessor)
    {
        if is_root(root, accessor).await? {
            token::revoke_accessor(root.client(), accessor)
                .await
                .map_err(failed("revoke an old root token"))?;
        }
    }
    Ok(())
}

async fn is_root(root: &Vault, accessor: &str) -> Result<bool, VaultError> {
    let found = token::lookup_accessor(root.client(), accessor).await;
    match found.map_err(failed("look up a token")) {
        Ok(LookupTokenResponse { policies, .. }) => Ok(policies.iter().any(|name| name == ROOT)),
        // A token may expire between the list and the look.
        Err(error) if matches!(error.code(), Some(403 | 404)) => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::*;

    #[test]
    fn a_token_comes_back_from_its_one_time_password() {
        let otp = "N5dG53eS0Z4D";
        let sent: Vec<u8> = b"s.K531n2h1D4"
            .iter()
            .zip(otp.bytes())
            .map(|(t, p)| t ^ p)
            .collect();
        let token = decode(&STANDARD_NO_PAD.encode(sent), otp).unwrap();
        assert_eq!(token.expose_secret(), "s.K531n2h1D4");
    }

    #[test]
    fn a_token_of_another_length_is_refused() {
        assert!(decode("AAAA", "N5dG53eS0Z4D").is_none());
        assert!(decode("not base64!", "N5dG53eS0Z4D").is_none());
    }
}
