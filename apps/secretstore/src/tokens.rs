//! One token per app, for its sidecar: got by the app's role, an orphan, periodic, with the app's policy alone.
//!
//! A token that still is what it should be is kept and renewed; any other is replaced.

use secrecy::{ExposeSecret as _, SecretString};
use vaultrs::{
    api::token::{requests::ListAccessorRequest, responses::LookupTokenResponse},
    token,
};

use crate::{
    approle,
    vault::{Vault, VaultError, failed},
};

/// A token dies when nobody has renewed it for this long: 32 days, so that a laptop may rest for a month.
pub const PERIOD_SECONDS: u64 = 32 * 24 * 3600;

/// An app's token, and whether it is a new one.
pub struct AppToken {
    /// The token itself.
    pub token: SecretString,
    /// By which it is renewed and revoked; it opens nothing.
    pub accessor: String,
    /// Whether it was made just now.
    pub fresh: bool,
}

/// Keeps the app's token if it serves, and makes one otherwise.
pub async fn ensure(
    root: &Vault,
    app: &str,
    kept: Option<SecretString>,
) -> Result<AppToken, VaultError> {
    if let Some(token) = kept {
        match look_up(root, &token).await? {
            Some(found) if serves(&found, app) => {
                token::renew(root.client(), token.expose_secret(), None)
                    .await
                    .map_err(failed("renew an app's token"))?;
                return Ok(AppToken {
                    token,
                    accessor: found.accessor,
                    fresh: false,
                });
            }
            Some(found) => token::revoke_accessor(root.client(), &found.accessor)
                .await
                .map_err(failed("revoke an app's old token"))?,
            None => {}
        }
    }
    approle::log_in(root, app).await
}

/// Lets a token live on for its whole period, seen with the rotator's token.
pub async fn renew(keeper: &Vault, accessor: &str) -> Result<(), VaultError> {
    token::renew_accessor(keeper.client(), accessor, None)
        .await
        .map_err(failed("renew an app's token"))?;
    Ok(())
}

/// Revokes all tokens of an app but this one.
pub async fn revoke_others(root: &Vault, app: &str, kept: &str) -> Result<(), VaultError> {
    let all = root.call("list the tokens", ListAccessorRequest {}).await?;
    for accessor in all.keys.iter().filter(|accessor| *accessor != kept) {
        let found = token::lookup_accessor(root.client(), accessor).await;
        match found.map_err(failed("look up a token")) {
            Ok(found) if found.policies == [app] => {
                token::revoke_accessor(root.client(), accessor)
                    .await
                    .map_err(failed("revoke an app's old token"))?;
            }
            Ok(_) => {}
            // A token may expire between the list and the look.
            Err(error) if matches!(error.code(), Some(403 | 404)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the vault knows of a token; `None` once it has expired or was revoked.
async fn look_up(
    root: &Vault,
    token: &SecretString,
) -> Result<Option<LookupTokenResponse>, VaultError> {
    let found = token::lookup(root.client(), token.expose_secret()).await;
    match found.map_err(failed("look up an app's token")) {
        Ok(found) => Ok(Some(found)),
        // Root may look at any token, so a refusal means that there is none.
        Err(error) if matches!(error.code(), Some(400 | 403 | 404)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn serves(found: &LookupTokenResponse, app: &str) -> bool {
    found.path == approle::CAME_BY
        && found.policies == [app]
        && found.orphan
        && found.renewable == Some(true)
        && found.creation_ttl == PERIOD_SECONDS
}
