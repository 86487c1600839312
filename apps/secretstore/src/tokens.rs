//! One token per app, for its sidecar: an orphan, periodic, with the app's policy alone.
//!
//! A token that still is what it should be is kept and renewed; any other is replaced.

use secrecy::{ExposeSecret as _, SecretString};
use vaultrs::{
    api::token::{requests::CreateOrphanTokenRequest, responses::LookupTokenResponse},
    token,
};

use crate::vault::{Vault, VaultError, failed};

/// A token dies when nobody has renewed it for this long: 32 days, so that a laptop may rest for a month.
const PERIOD_SECONDS: u64 = 32 * 24 * 3600;

/// An app's token, and whether it is a new one.
pub struct AppToken {
    /// The token itself.
    pub token: SecretString,
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
                    fresh: false,
                });
            }
            Some(found) => token::revoke_accessor(root.client(), &found.accessor)
                .await
                .map_err(failed("revoke an app's old token"))?,
            None => {}
        }
    }
    let mut wanted = CreateOrphanTokenRequest::builder();
    wanted
        .display_name(app)
        .policies(vec![app.to_owned()])
        .no_default_policy(true)
        .period(format!("{PERIOD_SECONDS}s"))
        .renewable(true);
    let made = token::new_orphan(root.client(), Some(&mut wanted))
        .await
        .map_err(failed("make an app's token"))?;
    Ok(AppToken {
        token: SecretString::from(made.client_token),
        fresh: true,
    })
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
    found.policies == [app]
        && found.orphan
        && found.renewable == Some(true)
        && found.creation_ttl == PERIOD_SECONDS
}
