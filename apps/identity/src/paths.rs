//! The paths by which discovery, the pages and the mails name what is served.
//!
//! Invariant: a path is written once; the table of routes has the same.

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
/// Where the link in a mail makes an address that of an account.
pub const CHANGE_EMAIL: &str = "/change-email";
/// A person's account.
pub const ACCOUNT: &str = "/account";
/// Where she changes her name and her time zone.
pub const ACCOUNT_PROFILE: &str = "/account/profile";
/// Where she asks for another e-mail address.
pub const ACCOUNT_EMAIL: &str = "/account/email";
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
