//! The table of routes, and the paths by which discovery and the pages name them.
//!
//! Invariant: a path is written once; what discovery advertises is what is served. Only an operator's routes take a
//! scope: each other endpoint checks by its own protocol who is asking (client secret, cookie, or a bearer token of this
//! server's own).

use http::Method;
use service::routes::{Access, Routes};

use crate::ops;
use crate::state::App;

/// Discovery, where OpenID clients look for it.
pub const DISCOVERY: &str = "/.well-known/openid-configuration";
/// The same, where OAuth clients look for it (RFC 8414 §3).
pub const METADATA: &str = "/.well-known/oauth-authorization-server";
/// The public keys.
pub const JWKS: &str = "/oauth2/jwks";
/// The authorization endpoint.
pub const AUTHORIZE: &str = "/oauth2/authorize";
/// The token endpoint.
pub const TOKEN: &str = "/oauth2/token";
/// The revocation endpoint.
pub const REVOKE: &str = "/oauth2/revoke";
/// The introspection endpoint.
pub const INTROSPECT: &str = "/oauth2/introspect";
/// The userinfo endpoint.
pub const USERINFO: &str = "/oauth2/userinfo";
/// The end-session endpoint, to which clients send a person who signs out.
pub const LOGOUT: &str = "/oauth2/logout";
/// Where somebody goes on who came to sign in from nowhere: the shop, which gets to know her on the way.
pub const SHOP: &str = "/api/session/start?return=%2F";
/// The sign-in page.
pub const SIGN_IN: &str = "/sign-in";
/// The registration page.
pub const REGISTER: &str = "/register";
/// Where a sign-in by another provider begins.
pub const SIGN_IN_WITH: &str = "/sign-in/with/{provider}";
/// Where that provider sends people back to: an address of its own for each, so that no answer passes for another's.
pub const SIGN_IN_WITH_CALLBACK: &str = "/sign-in/with/{provider}/callback";
/// The page for the second factor of a sign-in.
pub const SIGN_IN_CODE: &str = "/sign-in/code";
/// The page for setting up a second factor before the sign-in is over.
pub const SIGN_IN_SET_UP: &str = "/sign-in/second-factor";
/// Where the link in a mail confirms an address.
pub const VERIFY_EMAIL: &str = "/verify-email";
/// Where such a mail is asked for again.
pub const VERIFY_EMAIL_AGAIN: &str = "/verify-email/again";
/// Where a link for a new password is asked for.
pub const FORGOT_PASSWORD: &str = "/forgot-password";
/// Where that link leads.
pub const RESET_PASSWORD: &str = "/reset-password";
/// A person's account.
pub const ACCOUNT: &str = "/account";
/// Where she changes her password.
pub const ACCOUNT_PASSWORD: &str = "/account/password";
/// Where she sees to her second factor.
pub const ACCOUNT_SECURITY: &str = "/account/security";
/// Where she sets one up.
pub const ACCOUNT_SET_UP: &str = "/account/security/set-up";
/// Where she begins to.
pub const ACCOUNT_SET_UP_BEGIN: &str = "/account/security/begin";
/// Where she removes it.
pub const ACCOUNT_SECURITY_REMOVE: &str = "/account/security/remove";
/// Where she gets new recovery codes.
pub const ACCOUNT_RECOVERY_CODES: &str = "/account/security/recovery-codes";
/// Where she sees to her accounts elsewhere that sign her in.
pub const ACCOUNT_LINKS: &str = "/account/links";
/// Where she begins to link one.
pub const ACCOUNT_LINKS_BEGIN: &str = "/account/links/begin";
/// Where she removes one.
pub const ACCOUNT_LINKS_REMOVE: &str = "/account/links/remove";
/// Where she ends sessions of hers.
pub const ACCOUNT_SESSIONS_END: &str = "/account/sessions/end";
/// Where she takes back what she allowed an application.
pub const ACCOUNT_WITHDRAW: &str = "/account/applications/withdraw";
/// All that is known about her.
pub const ACCOUNT_EXPORT: &str = "/account/export";
/// Where she deletes her account.
pub const ACCOUNT_DELETE: &str = "/account/delete";
/// Where she says whether an application may know her.
pub const CONSENT: &str = "/consent";
/// Where the sign-out button posts.
pub const SIGN_OUT: &str = "/sign-out";
/// The stylesheet.
pub const STYLESHEET: &str = "/identity.css";

/// What the platform's operators may.
const OPERATE: Access = Access::Scope("identity:operate");

/// The table.
#[must_use]
pub fn routes() -> Routes<App> {
    federation(clients(accounts(secrets(protocol(Routes::new())))))
}

/// Where a sign-in by this provider begins.
#[must_use]
pub fn sign_in_with(provider: &str) -> String {
    SIGN_IN_WITH.replace("{provider}", provider)
}

/// Where this provider sends people back to.
#[must_use]
pub fn sign_in_with_callback(provider: &str) -> String {
    SIGN_IN_WITH_CALLBACK.replace("{provider}", provider)
}

/// The endpoints of the protocol, signing in and signing out.
fn protocol(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::GET,
            DISCOVERY,
            Access::Public,
            ops::discovery::handle,
        )
        .route(
            Method::GET,
            METADATA,
            Access::Public,
            ops::discovery::handle,
        )
        .route(Method::GET, JWKS, Access::Public, ops::jwks::handle)
        .route(
            Method::GET,
            AUTHORIZE,
            Access::Public,
            ops::authorize::handle,
        )
        .route(
            Method::POST,
            AUTHORIZE,
            Access::Public,
            ops::authorize::by_form,
        )
        .route(Method::POST, TOKEN, Access::Public, ops::token::handle)
        .route(Method::POST, REVOKE, Access::Public, ops::revoke::handle)
        .route(
            Method::POST,
            INTROSPECT,
            Access::Public,
            ops::introspect::handle,
        )
        .route(Method::GET, USERINFO, Access::Public, ops::userinfo::handle)
        .route(
            Method::POST,
            USERINFO,
            Access::Public,
            ops::userinfo::handle,
        )
        .route(Method::GET, LOGOUT, Access::Public, ops::logout::by_link)
        .route(Method::POST, LOGOUT, Access::Public, ops::logout::by_form)
        .route(Method::GET, SIGN_IN, Access::Public, ops::sign_in::show)
        .route(Method::POST, SIGN_IN, Access::Public, ops::sign_in::submit)
        .route(Method::GET, REGISTER, Access::Public, ops::register::show)
        .route(
            Method::POST,
            REGISTER,
            Access::Public,
            ops::register::submit,
        )
        .route(Method::POST, CONSENT, Access::Public, ops::consent::submit)
        .route(
            Method::POST,
            SIGN_OUT,
            Access::Public,
            ops::sign_out::handle,
        )
        .route(
            Method::GET,
            STYLESHEET,
            Access::Public,
            ops::stylesheet::handle,
        )
        .route(Method::GET, "/v1/users", OPERATE, ops::users::handle)
        .route(Method::GET, "/v1/users/{id}", OPERATE, ops::user::handle)
        .route(
            Method::PUT,
            "/v1/users/{id}/roles",
            OPERATE,
            ops::user_roles::handle,
        )
        .route(
            Method::POST,
            "/v1/users/{id}/deactivate",
            OPERATE,
            ops::user_activation::deactivate,
        )
        .route(
            Method::POST,
            "/v1/users/{id}/reactivate",
            OPERATE,
            ops::user_activation::reactivate,
        )
        .route(Method::GET, "/v1/audit", OPERATE, ops::audit::list)
        .route(
            Method::GET,
            "/v1/audit/verification",
            OPERATE,
            ops::audit::check,
        )
}

/// What operators do about clients.
fn clients(routes: Routes<App>) -> Routes<App> {
    routes
        .route(Method::GET, "/v1/clients", OPERATE, ops::clients::handle)
        .route(
            Method::POST,
            "/v1/clients",
            OPERATE,
            ops::register_client::handle,
        )
        .route(
            Method::GET,
            "/v1/clients/{id}",
            OPERATE,
            ops::client::handle,
        )
        .route(
            Method::PUT,
            "/v1/clients/{id}",
            OPERATE,
            ops::edit_client::handle,
        )
        .route(
            Method::DELETE,
            "/v1/clients/{id}",
            OPERATE,
            ops::edit_client::delete,
        )
        .route(
            Method::POST,
            "/v1/clients/{id}/secret",
            OPERATE,
            ops::client_secret::renew,
        )
        .route(
            Method::DELETE,
            "/v1/clients/{id}/secret/previous",
            OPERATE,
            ops::client_secret::drop_previous,
        )
}

/// The pages for codes and links.
fn secrets(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::GET,
            SIGN_IN_CODE,
            Access::Public,
            ops::sign_in_code::show,
        )
        .route(
            Method::POST,
            SIGN_IN_CODE,
            Access::Public,
            ops::sign_in_code::submit,
        )
        .route(
            Method::GET,
            SIGN_IN_SET_UP,
            Access::Public,
            ops::set_up_second_factor::show_at_sign_in,
        )
        .route(
            Method::POST,
            SIGN_IN_SET_UP,
            Access::Public,
            ops::set_up_second_factor::submit_at_sign_in,
        )
        .route(
            Method::GET,
            VERIFY_EMAIL,
            Access::Public,
            ops::verify_email::show,
        )
        .route(
            Method::POST,
            VERIFY_EMAIL,
            Access::Public,
            ops::verify_email::submit,
        )
        .route(
            Method::GET,
            VERIFY_EMAIL_AGAIN,
            Access::Public,
            ops::ask_for_mail::show_confirmation,
        )
        .route(
            Method::POST,
            VERIFY_EMAIL_AGAIN,
            Access::Public,
            ops::ask_for_mail::submit_confirmation,
        )
        .route(
            Method::GET,
            FORGOT_PASSWORD,
            Access::Public,
            ops::ask_for_mail::show_reset,
        )
        .route(
            Method::POST,
            FORGOT_PASSWORD,
            Access::Public,
            ops::ask_for_mail::submit_reset,
        )
        .route(
            Method::GET,
            RESET_PASSWORD,
            Access::Public,
            ops::reset_password::show,
        )
        .route(
            Method::POST,
            RESET_PASSWORD,
            Access::Public,
            ops::reset_password::submit,
        )
}

/// The pages on which people see to their accounts.
fn accounts(routes: Routes<App>) -> Routes<App> {
    routes
        .route(Method::GET, ACCOUNT, Access::Public, ops::account::handle)
        .route(
            Method::GET,
            ACCOUNT_PASSWORD,
            Access::Public,
            ops::change_password::show,
        )
        .route(
            Method::POST,
            ACCOUNT_PASSWORD,
            Access::Public,
            ops::change_password::submit,
        )
        .route(
            Method::GET,
            ACCOUNT_SECURITY,
            Access::Public,
            ops::security::handle,
        )
        .route(
            Method::POST,
            ACCOUNT_SET_UP_BEGIN,
            Access::Public,
            ops::set_up_second_factor::begin,
        )
        .route(
            Method::GET,
            ACCOUNT_SET_UP,
            Access::Public,
            ops::set_up_second_factor::show,
        )
        .route(
            Method::POST,
            ACCOUNT_SET_UP,
            Access::Public,
            ops::set_up_second_factor::submit,
        )
        .route(
            Method::POST,
            ACCOUNT_SECURITY_REMOVE,
            Access::Public,
            ops::remove_second_factor::handle,
        )
        .route(
            Method::POST,
            ACCOUNT_RECOVERY_CODES,
            Access::Public,
            ops::renew_recovery_codes::handle,
        )
        .route(
            Method::POST,
            ACCOUNT_SESSIONS_END,
            Access::Public,
            ops::end_sessions::handle,
        )
        .route(
            Method::POST,
            ACCOUNT_WITHDRAW,
            Access::Public,
            ops::withdraw_consent::handle,
        )
        .route(
            Method::GET,
            ACCOUNT_EXPORT,
            Access::Public,
            ops::export_data::handle,
        )
        .route(
            Method::GET,
            ACCOUNT_DELETE,
            Access::Public,
            ops::delete_account::show,
        )
        .route(
            Method::POST,
            ACCOUNT_DELETE,
            Access::Public,
            ops::delete_account::submit,
        )
}

/// Signing in by other providers, and the page on which people see to that.
fn federation(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::POST,
            SIGN_IN_WITH,
            Access::Public,
            ops::sign_in_with::handle,
        )
        .route(
            Method::GET,
            SIGN_IN_WITH_CALLBACK,
            Access::Public,
            ops::sign_in_with_callback::handle,
        )
        .route(
            Method::GET,
            ACCOUNT_LINKS,
            Access::Public,
            ops::linked_accounts::show,
        )
        .route(
            Method::POST,
            ACCOUNT_LINKS_BEGIN,
            Access::Public,
            ops::linked_accounts::begin,
        )
        .route(
            Method::POST,
            ACCOUNT_LINKS_REMOVE,
            Access::Public,
            ops::linked_accounts::remove,
        )
}
