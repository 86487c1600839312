//! The pages in the document: their addresses, their forms' fields, and that all of them answer with HTML.
//!
//! Invariant: which answer a page gives to whom is said by its own tests; the document names every status there is.

use http::Method;
use service::openapi::{Document, Operation};

use super::{GET, POST};
use crate::paths as at;

/// Method, path, operation, what it is for, and the fields of its form or its address.
type Row = (
    Method,
    &'static str,
    &'static str,
    &'static str,
    &'static [&'static str],
);

const PAGES: [Row; 41] = [
    (
        GET,
        at::SIGN_IN,
        "showSignIn",
        "Where people sign in.",
        &["return", "registered"],
    ),
    (
        POST,
        at::SIGN_IN,
        "signIn",
        "Signs in.",
        &["email", "password", "return"],
    ),
    (
        GET,
        at::REGISTER,
        "showRegister",
        "Where people open an account.",
        &["return"],
    ),
    (
        POST,
        at::REGISTER,
        "register",
        "Opens an account.",
        &["email", "name", "password", "return"],
    ),
    (
        POST,
        at::CONSENT,
        "consent",
        "What a person allows a client.",
        &["request", "mark", "answer"],
    ),
    (
        POST,
        at::SIGN_OUT,
        "signOut",
        "Signs out here.",
        &["return"],
    ),
    (
        GET,
        at::SIGN_IN_CODE,
        "showSignInCode",
        "Where the second factor is asked for.",
        &["return"],
    ),
    (
        POST,
        at::SIGN_IN_CODE,
        "signInCode",
        "Proves the second factor.",
        &["code", "return"],
    ),
    (
        GET,
        at::SIGN_IN_SET_UP,
        "showSetUpAtSignIn",
        "Where staff get a second factor.",
        &["return"],
    ),
    (
        POST,
        at::SIGN_IN_SET_UP,
        "setUpAtSignIn",
        "Sets a second factor up.",
        &["code", "return"],
    ),
    (
        GET,
        at::VERIFY_EMAIL,
        "showVerifyEmail",
        "Where an address is confirmed.",
        &["token"],
    ),
    (
        POST,
        at::VERIFY_EMAIL,
        "verifyEmail",
        "Confirms an address.",
        &["token"],
    ),
    (
        GET,
        at::VERIFY_EMAIL_AGAIN,
        "showVerifyEmailAgain",
        "Where another mail is asked for.",
        &[],
    ),
    (
        POST,
        at::VERIFY_EMAIL_AGAIN,
        "verifyEmailAgain",
        "Asks for another mail.",
        &["email"],
    ),
    (
        GET,
        at::FORGOT_PASSWORD,
        "showForgotPassword",
        "Where a new password is asked for.",
        &[],
    ),
    (
        POST,
        at::FORGOT_PASSWORD,
        "forgotPassword",
        "Asks for a new password.",
        &["email"],
    ),
    (
        GET,
        at::RESET_PASSWORD,
        "showResetPassword",
        "Where a new password is chosen.",
        &["token"],
    ),
    (
        POST,
        at::RESET_PASSWORD,
        "resetPassword",
        "Chooses a new password.",
        &["token", "password"],
    ),
    (GET, at::ACCOUNT, "showAccount", "A person's account.", &[]),
    (
        GET,
        at::ACCOUNT_PASSWORD,
        "showChangePassword",
        "Where a password is changed.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_PASSWORD,
        "changePassword",
        "Changes a password.",
        &["password", "new"],
    ),
    (
        GET,
        at::ACCOUNT_SECURITY,
        "showSecurity",
        "A person's second factor.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_SET_UP_BEGIN,
        "beginSetUp",
        "Begins to set a second factor up.",
        &[],
    ),
    (
        GET,
        at::ACCOUNT_SET_UP,
        "showSetUp",
        "Where a second factor is set up.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_SET_UP,
        "setUp",
        "Sets a second factor up.",
        &["code"],
    ),
    (
        POST,
        at::ACCOUNT_SECURITY_REMOVE,
        "removeSecondFactor",
        "Removes the second factor.",
        &["code"],
    ),
    (
        POST,
        at::ACCOUNT_RECOVERY_CODES,
        "renewRecoveryCodes",
        "Makes new recovery codes.",
        &["code"],
    ),
    (
        POST,
        at::ACCOUNT_SESSIONS_END,
        "endSessions",
        "Signs out elsewhere.",
        &["session"],
    ),
    (
        POST,
        at::ACCOUNT_WITHDRAW,
        "withdrawConsent",
        "Takes a consent back.",
        &["application"],
    ),
    (
        GET,
        at::ACCOUNT_DELETE,
        "showDeleteAccount",
        "Where an account is deleted.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_DELETE,
        "deleteAccount",
        "Deletes an account.",
        &["password"],
    ),
    (
        GET,
        at::ACCOUNT_PROFILE,
        "showProfile",
        "Where name and time zone are changed.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_PROFILE,
        "changeProfile",
        "Changes name and time zone.",
        &["name", "zone"],
    ),
    (
        GET,
        at::ACCOUNT_EMAIL,
        "showChangeAddress",
        "Where another address is named.",
        &[],
    ),
    (
        POST,
        at::ACCOUNT_EMAIL,
        "askForAddress",
        "Names another address.",
        &["email", "password"],
    ),
    (
        GET,
        at::CHANGE_EMAIL,
        "showChangeEmail",
        "Where another address is confirmed.",
        &["token"],
    ),
    (
        POST,
        at::CHANGE_EMAIL,
        "changeEmail",
        "Confirms another address.",
        &["token"],
    ),
    (
        POST,
        at::SIGN_IN_WITH,
        "signInWith",
        "Leads to another provider.",
        &["return"],
    ),
    (
        GET,
        at::SIGN_IN_WITH_CALLBACK,
        "returnFromProvider",
        "Comes back from it.",
        &["code", "state", "iss", "error"],
    ),
    (
        POST,
        at::ACCOUNT_LINKS_BEGIN,
        "beginLink",
        "Links an account elsewhere.",
        &["provider"],
    ),
    (
        POST,
        at::ACCOUNT_LINKS_REMOVE,
        "removeLink",
        "Ends such a link.",
        &["account"],
    ),
];

/// Adds the pages.
pub(super) fn describe(it: &mut Document) {
    for (method, path, id, summary, fields) in PAGES {
        let shown = method == GET;
        let page = common(it.row(method, path, id, summary));
        let page = if shown {
            page.reads(fields)
        } else {
            sent(page.form(fields))
        };
        if [
            at::SIGN_IN_WITH,
            at::SIGN_IN_WITH_CALLBACK,
            at::ACCOUNT_LINKS_BEGIN,
        ]
        .contains(&path)
        {
            page.page(403, "Not so.")
                .page(404, "There is no such provider.")
                .page(409, "The account belongs to somebody.")
                .page(424, "The provider is away.");
        }
    }
    common(it.row(
        GET,
        at::ACCOUNT_LINKS,
        "showLinks",
        "A person's accounts elsewhere.",
    ));
    common(it.row(
        GET,
        at::ACCOUNT_EXPORT,
        "exportData",
        "All that is known of a person here, to keep.",
    ))
    .object(200, "The data.", &[])
    .with("Content-Disposition", "A file's name.");
}

/// What every page answers.
fn common(page: Operation<'_>) -> Operation<'_> {
    page.page(200, "The page.")
        .page(400, "It can't be read, or would lead elsewhere.")
        .page(500, "Something broke on our side.")
        .page(503, "Not now.")
        .leads_on(303, "Where to go on.")
}

/// What every form may be answered besides.
fn sent(page: Operation<'_>) -> Operation<'_> {
    page.page(403, "Another site sent it.")
        .page(409, "It stands against something.")
        .page(422, "A field is wrong: the page again, with what is wrong.")
        .page(429, "Too many tries.")
}
