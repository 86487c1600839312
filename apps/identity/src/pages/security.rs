//! The account's page about the second factor.
//!
//! Invariant: it offers what can be done, and nothing that would be refused.

use axum::response::Response;

use super::code;
use crate::paths;
use crate::second_factor::Proof;

/// What the page shows.
#[derive(Debug)]
pub struct SecurityPage {
    /// A second factor guards the account.
    pub guarded: bool,
    /// How many recovery codes are left.
    pub recovery_codes: i64,
    /// The person must have one.
    pub demanded: bool,
    /// What came of the last code.
    pub proof: Option<Proof>,
}

impl SecurityPage {
    /// Renders it.
    #[must_use]
    pub fn render(&self) -> Response {
        let main = if self.guarded {
            self.on()
        } else {
            let begin = paths::ACCOUNT_SET_UP_BEGIN;
            format!(
                r#"<p>A stolen password is not enough to sign in as you, once a code from an app on your phone is asked for too.</p>
<form method="post" action="{begin}">
<button type="submit">Set it up</button>
</form>"#
            )
        };
        let account = paths::ACCOUNT;
        let main = format!(
            r#"{main}
<p class="aside"><a href="{account}">Back to your account</a></p>"#
        );
        code::answer(self.proof, "Second step", &main)
    }

    fn on(&self) -> String {
        let left = self.recovery_codes;
        let field = code::field(Some("From your app, or a recovery code."), self.proof);
        let (renew, remove) = (
            paths::ACCOUNT_RECOVERY_CODES,
            paths::ACCOUNT_SECURITY_REMOVE,
        );
        // One form, two buttons: each says where it posts to.
        let off = if self.demanded {
            r#"<p class="hint">Who works here can't do without it.</p>"#.to_owned()
        } else {
            format!(
                r#"<button class="quiet" type="submit" formaction="{remove}">Do without the second step</button>"#
            )
        };
        format!(
            r#"<p role="status">Signing in takes a code from your app. Recovery codes left: {left}.</p>
<form method="post" action="{renew}">
{field}<button type="submit">New recovery codes</button>
{off}
</form>"#
        )
    }
}
