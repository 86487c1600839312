//! This service's document: of each route what its handler's arguments don't say.
//!
//! Invariant: a row of the table that is missing here makes no document, nor does one that is served no more. The
//! endpoints of the protocol answer as their standards say; the document says where.

use http::Method;
use service::openapi::{Document, Mismatch};
use service::page::Page;

use crate::audit::Row;
use crate::error;
use crate::ops::audit::Verification;
use crate::ops::client::Shown;
use crate::ops::register_client::WithSecret;
use crate::ops::{token, userinfo};
use crate::paths;
use crate::routes;
use crate::store::accounts::Account;

mod pages;

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

/// The document, as `openapi.json` keeps it.
pub fn document() -> Result<serde_json::Value, Mismatch> {
    let mut it = Document::of(
        "identity",
        "Who people are and what they may: signing in, tokens, accounts, clients, and what happened to them.",
        routes::routes().table(),
    );
    metadata(&mut it);
    protocol(&mut it);
    signed_in(&mut it);
    people(&mut it);
    clients(&mut it);
    audit(&mut it);
    pages::describe(&mut it);
    it.finish()
}

fn metadata(it: &mut Document) {
    for (path, id) in [
        (paths::DISCOVERY, "getDiscovery"),
        (paths::METADATA, "getMetadata"),
    ] {
        it.row(
            GET,
            path,
            id,
            "What is offered here (OpenID Connect Discovery, RFC 8414).",
        )
        .object(
            200,
            "The metadata.",
            &[
                "issuer",
                "authorization_endpoint",
                "token_endpoint",
                "jwks_uri",
            ],
        );
    }
    it.row(GET, paths::JWKS, "getKeys", "The public keys (RFC 7517).")
        .object(200, "The keys.", &["keys"]);
}

fn protocol(it: &mut Document) {
    let asked = [
        "response_type",
        "client_id",
        "redirect_uri",
        "scope",
        "state",
        "nonce",
        "code_challenge",
        "code_challenge_method",
        "prompt",
        "max_age",
        "login_hint",
    ];
    it.row(
        GET,
        paths::AUTHORIZE,
        "authorize",
        "Asks a person to sign in, for a client (RFC 6749, RFC 7636).",
    )
    .reads(&asked)
    .leads_on(303, "Back to the client, or to a page of ours.")
    .page(200, "What the person has to agree to.")
    .page(400, "The client or its address is not to be believed.")
    .page(500, "Something broke on our side.")
    .page(503, "Not now.");
    it.row(
        POST,
        paths::AUTHORIZE,
        "authorizeByForm",
        "The same, by a form.",
    )
    .form(&asked)
    .leads_on(303, "To the same request as a link.")
    .page(400, "It can't be read.");
    it.row(
        POST,
        paths::TOKEN,
        "getToken",
        "Gives out tokens (RFC 6749, RFC 8693).",
    )
    .form(&[
        "grant_type",
        "client_id",
        "client_secret",
        "code",
        "code_verifier",
        "redirect_uri",
        "refresh_token",
        "scope",
        "audience",
        "subject_token",
        "subject_token_type",
        "requested_token_type",
        "resource",
    ])
    .json::<token::Answer>(200, "The tokens.")
    .json::<error::Body>(400, "Refused as RFC 6749 says.")
    .json::<error::Body>(401, "The client did not prove who it is.")
    .refuses(503, "unavailable");
    it.row(POST, paths::REVOKE, "revoke", "Ends a token (RFC 7009).")
        .form(&["token", "token_type_hint", "client_id", "client_secret"])
        .bare(200, "It is good no more, or never was.")
        .json::<error::Body>(400, "Refused as RFC 6749 says.")
        .json::<error::Body>(401, "The client did not prove who it is.")
        .refuses(503, "unavailable");
    it.row(
        POST,
        paths::INTROSPECT,
        "introspect",
        "Tells what a token is (RFC 7662).",
    )
    .form(&["token", "token_type_hint", "client_id", "client_secret"])
    .object(
        200,
        "`active`, and of a good one what it says.",
        &["active"],
    )
    .json::<error::Body>(400, "Refused as RFC 6749 says.")
    .json::<error::Body>(401, "The client did not prove who it is.")
    .refuses(503, "unavailable");
}

/// Who somebody is, and that she is so no longer.
fn signed_in(it: &mut Document) {
    for (method, id) in [(GET, "getUserInfo"), (POST, "getUserInfoByForm")] {
        it.row(
            method,
            paths::USERINFO,
            id,
            "Who the person of a token is (OpenID Connect).",
        )
        .json::<userinfo::UserInfo>(200, "What the scopes allow.")
        .bare(401, "No token of this server, as RFC 6750 says.")
        .bare(403, "The token lacks `openid`.")
        .refuses(503, "unavailable");
    }
    let asked = [
        "id_token_hint",
        "client_id",
        "post_logout_redirect_uri",
        "state",
    ];
    it.row(
        GET,
        paths::LOGOUT,
        "logOut",
        "Signs out for a client (OpenID Connect RP-Initiated Logout).",
    )
    .reads(&asked)
    .leads_on(303, "Back to the client.")
    .page(200, "What is to be confirmed, or that it is done.")
    .page(400, "The request can't be used.")
    .page(500, "Something broke on our side.")
    .page(503, "Not now.");
    it.row(POST, paths::LOGOUT, "logOutByForm", "The same, by a form.")
        .form(&asked)
        .leads_on(303, "To the same request as a link.")
        .page(400, "It can't be read.");
}

fn people(it: &mut Document) {
    it.row(GET, "/v1/users", "listUsers", "The accounts, newest first.")
        .json::<Page<Account>>(200, "A page.");
    it.row(GET, "/v1/users/{id}", "getUser", "One account.")
        .json::<Account>(200, "The account.")
        .versioned()
        .refuses(404, "user-not-found");
    it.row(
        PUT,
        "/v1/users/{id}/roles",
        "setRoles",
        "Says what a person may do.",
    )
    .conditional()
    .json::<Account>(200, "The account after it.")
    .versioned()
    .refuses(404, "user-not-found")
    .refuses(409, "own-account");
    it.row(
        POST,
        "/v1/users/{id}/deactivate",
        "deactivateUser",
        "Closes an account.",
    )
    .json::<Account>(200, "The account.")
    .versioned()
    .refuses(404, "user-not-found")
    .refuses(409, "own-account");
    it.row(
        POST,
        "/v1/users/{id}/reactivate",
        "reactivateUser",
        "Opens an account again.",
    )
    .json::<Account>(200, "The account.")
    .versioned()
    .refuses(404, "user-not-found");
}

fn clients(it: &mut Document) {
    it.row(
        GET,
        "/v1/clients",
        "listClients",
        "The clients, newest first; our own behind the others.",
    )
    .json::<Page<Shown>>(200, "A page.");
    it.row(
        POST,
        "/v1/clients",
        "registerClient",
        "Registers a client of another company.",
    )
    .json::<WithSecret<'static>>(
        201,
        "The client. A confidential one's secret is in this answer alone.",
    )
    .versioned()
    .with("Location", "The client.");
    it.row(GET, "/v1/clients/{id}", "getClient", "One client.")
        .json::<Shown>(200, "The client; one of another company has an `ETag`.")
        .refuses(404, "client-not-found");
    it.row(
        PUT,
        "/v1/clients/{id}",
        "editClient",
        "Says anew what a client is.",
    )
    .conditional()
    .json::<Shown>(200, "The client after it.")
    .versioned()
    .refuses(404, "client-not-found");
    it.row(
        DELETE,
        "/v1/clients/{id}",
        "removeClient",
        "Removes a client and all that it was granted.",
    )
    .bare(204, "Removed.")
    .refuses(404, "client-not-found");
    it.row(
        POST,
        "/v1/clients/{id}/secret",
        "renewSecret",
        "Gives a confidential client a new secret.",
    )
    .json::<WithSecret<'static>>(200, "The client with its secret.")
    .versioned()
    .refuses(404, "client-not-found")
    .refuses(409, "client-is-public");
    it.row(
        DELETE,
        "/v1/clients/{id}/secret/previous",
        "endPreviousSecret",
        "Ends the secret before the present one.",
    )
    .bare(204, "Only one is good.")
    .refuses(404, "client-not-found")
    .refuses(409, "client-is-public");
}

fn audit(it: &mut Document) {
    it.row(
        GET,
        "/v1/audit",
        "listAudit",
        "What happened, newest first.",
    )
    .json::<Page<Row>>(200, "A page.");
    it.row(
        GET,
        "/v1/audit/verification",
        "verifyAudit",
        "Whether all of it is as it was recorded.",
    )
    .json::<Verification>(200, "How far it is.");
    it.row(
        GET,
        paths::STYLESHEET,
        "getStylesheet",
        "How the pages look.",
    )
    .text(200, "The stylesheet.", "text/css");
}
