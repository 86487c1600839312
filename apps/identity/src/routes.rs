//! The table of routes.
//!
//! Invariant: what discovery advertises is what is served. Only an operator's routes take a
//! scope: each other endpoint checks by its own protocol who is asking (client secret, cookie, or a bearer token of this
//! server's own).

use axum::Router;
use axum::extract::Request;
use axum::middleware::{from_fn_with_state, map_request};
use dapr_kit::query;
use http::Method;
use service::routes::{Access, Guard, Routes};

use crate::cors;
use crate::ops;
use crate::paths::{
    ACCOUNT, ACCOUNT_DELETE, ACCOUNT_EMAIL, ACCOUNT_EXPORT, ACCOUNT_LINKS, ACCOUNT_LINKS_BEGIN,
    ACCOUNT_LINKS_REMOVE, ACCOUNT_PASSWORD, ACCOUNT_PROFILE, ACCOUNT_RECOVERY_CODES,
    ACCOUNT_SECURITY, ACCOUNT_SECURITY_REMOVE, ACCOUNT_SESSIONS_END, ACCOUNT_SET_UP,
    ACCOUNT_SET_UP_BEGIN, ACCOUNT_WITHDRAW, AUTHORIZE, CHANGE_EMAIL, CONSENT, DISCOVERY,
    FORGOT_PASSWORD, INTROSPECT, JWKS, LOGOUT, METADATA, REGISTER, RESET_PASSWORD, REVOKE, SIGN_IN,
    SIGN_IN_CODE, SIGN_IN_SET_UP, SIGN_IN_WITH, SIGN_IN_WITH_CALLBACK, SIGN_OUT, STYLESHEET, TOKEN,
    USERINFO, VERIFY_EMAIL, VERIFY_EMAIL_AGAIN,
};
use crate::state::App;

/// What the platform's operators may.
const OPERATE: Access = Access::Scope("identity:operate");

/// What serves the table.
pub fn router(table: Routes<App>, app: &App, guard: Guard) -> Router {
    let shared = from_fn_with_state(app.clone(), cors::share);
    let router = table.into_router(app.clone(), guard).layer(shared);
    router.layer(map_request(with_query))
}

/// The public entry sends queries apart, because links' tokens and codes are in them.
async fn with_query(mut request: Request) -> Request {
    if let Some(uri) = query::put_back(request.uri(), request.headers()) {
        *request.uri_mut() = uri;
    }
    request
}

/// The table.
#[must_use]
pub fn routes() -> Routes<App> {
    federation(clients(particulars(accounts(secrets(protocol(
        Routes::new(),
    ))))))
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

/// The pages on which people say who they are.
fn particulars(routes: Routes<App>) -> Routes<App> {
    routes
        .route(
            Method::GET,
            ACCOUNT_PROFILE,
            Access::Public,
            ops::change_profile::show,
        )
        .route(
            Method::POST,
            ACCOUNT_PROFILE,
            Access::Public,
            ops::change_profile::submit,
        )
        .route(
            Method::GET,
            ACCOUNT_EMAIL,
            Access::Public,
            ops::ask_for_address::show,
        )
        .route(
            Method::POST,
            ACCOUNT_EMAIL,
            Access::Public,
            ops::ask_for_address::submit,
        )
        .route(
            Method::GET,
            CHANGE_EMAIL,
            Access::Public,
            ops::change_email::show,
        )
        .route(
            Method::POST,
            CHANGE_EMAIL,
            Access::Public,
            ops::change_email::submit,
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
