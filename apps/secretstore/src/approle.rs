//! An `AppRole` for each holder: what a token of it may do is the role's to say, and the role names one policy alone.
//!
//! Invariant: a secret id is used once, within a minute, by the run that had it made; it is written nowhere.

use secrecy::SecretString;
use vaultrs::{
    api::{auth::approle::requests::SetAppRoleRequest, sys::requests::EnableAuthRequest},
    auth::approle::{self, role},
    sys::auth,
};

use crate::{
    tokens::{AppToken, PERIOD_SECONDS},
    vault::{Vault, VaultError, failed},
};

/// Where the roles are.
const MOUNT: &str = "approle";
/// What the vault knows of a token that came by a role.
pub const CAME_BY: &str = "auth/approle/login";
/// How long a secret id is good that nobody uses: one that a run left when it died.
const SECRET_ID_LASTS: &str = "60s";

/// Makes sure that holders can log in by roles.
pub async fn mount(root: &Vault) -> Result<(), VaultError> {
    let mounted = auth::list(root.client())
        .await
        .map_err(failed("list the ways to log in"))?;
    if mounted.contains_key(&format!("{MOUNT}/")) {
        return Ok(());
    }
    let mut by_role = EnableAuthRequest::builder();
    by_role.description("apps, each by a role of its own");
    auth::enable(root.client(), MOUNT, "approle", Some(&mut by_role))
        .await
        .map_err(failed("let apps log in by roles"))
}

/// Makes sure of a holder's role: its tokens carry the policy of its name alone, and live for as long as they are renewed.
pub async fn ensure(root: &Vault, holder: &str) -> Result<(), VaultError> {
    let mut wanted = SetAppRoleRequest::builder();
    wanted
        .bind_secret_id(true)
        .secret_id_num_uses(1u64)
        .secret_id_ttl(SECRET_ID_LASTS)
        .token_policies(vec![holder.to_owned()])
        .token_no_default_policy(true)
        .token_period(format!("{PERIOD_SECONDS}s"))
        .token_type("service");
    role::set(root.client(), MOUNT, holder, Some(&mut wanted))
        .await
        .map_err(failed("write a role"))
}

/// Logs in by a holder's role, as the holder would: with nothing but the role's id and the secret id.
pub async fn log_in(root: &Vault, holder: &str) -> Result<AppToken, VaultError> {
    let role = role::read_id(root.client(), MOUNT, holder)
        .await
        .map_err(failed("read a role's id"))?;
    let once = role::secret::generate(root.client(), MOUNT, holder, None)
        .await
        .map_err(failed("make a secret id"))?;
    let nobody = root.with_token(&SecretString::default())?;
    let came = approle::login(nobody.client(), MOUNT, &role.role_id, &once.secret_id)
        .await
        .map_err(failed("log in by a role"))?;
    Ok(AppToken {
        token: SecretString::from(came.client_token),
        accessor: came.accessor,
        fresh: true,
    })
}
