//! Evidence of every authentication event: what has been recorded can't be changed or removed without a trace.
//!
//! Invariant: a row is written in the transaction of what it tells, and chained to all rows before it ([`Chain`]). No
//! e-mail address, name or whole network address is in it.

mod chain;

pub use chain::{Chain, Flaw, Row};

use sqlx::PgConnection;
use uuid::Uuid;

use crate::opaque::{self, Hash};
use crate::origin::Origin;
use crate::person::PersonId;
use crate::state::App;
use crate::store;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// An account was made.
    Registered,
    /// Somebody wanted an account for an address that has one.
    RegistrationRepeated,
    /// A person signed in.
    SignedIn,
    /// A password was right, and the sign-in waits for a second factor.
    PasswordAccepted,
    /// A password was refused, at a sign-in or in the account: no such account, a wrong one, or a closed account.
    SignInRefused,
    /// A password was not looked at: too many tries.
    SignInThrottled,
    /// A code of a second factor was refused, or not looked at.
    SecondFactorRefused,
    /// A person signed out here.
    SignedOut,
    /// A session ended.
    SessionEnded,
    /// A code was issued to a client.
    CodeIssued,
    /// A code was redeemed.
    CodeRedeemed,
    /// A code came a second time: its grant has ended.
    CodeReused,
    /// A refresh token was used.
    Refreshed,
    /// A used refresh token came back: its family has ended.
    RefreshReplayed,
    /// A client gave back a token.
    Revoked,
    /// A password was changed by who knew the old one.
    PasswordChanged,
    /// A password was changed by a link in a mail.
    PasswordReset,
    /// A link in a mail was asked for.
    MailAsked,
    /// An address was confirmed.
    AddressConfirmed,
    /// An account has another address.
    AddressChanged,
    /// A person changed her name or her time zone.
    ProfileChanged,
    /// A second factor guards the account from now on.
    SecondFactorOn,
    /// No second factor guards the account any more.
    SecondFactorOff,
    /// There are new recovery codes.
    RecoveryCodesRenewed,
    /// A person deleted her account.
    AccountDeleted,
    /// Another provider vouched for a person, and the sign-in waits for a second factor.
    ProviderAccepted,
    /// What came of another provider was refused, or it could not be asked.
    ProviderRefused,
    /// Another provider vouched for a stranger with the address of this account.
    ProviderAddressTaken,
    /// An account at another provider signs this person in from now on.
    ProviderLinked,
    /// It does no more.
    ProviderUnlinked,
    /// An operator gave or took roles.
    RolesChanged,
    /// An operator closed an account.
    Deactivated,
    /// An operator opened an account again.
    Reactivated,
    /// An operator registered a client of another company.
    ClientRegistered,
    /// An operator changed its registration.
    ClientChanged,
    /// An operator gave it a new secret.
    ClientSecretRenewed,
    /// An operator ended the secret before.
    ClientSecretEnded,
    /// An operator removed it.
    ClientRemoved,
    /// A person allowed a client something.
    ConsentGiven,
    /// A person did not allow it.
    ConsentRefused,
    /// A person took back what she had allowed.
    ConsentWithdrawn,
}

impl Kind {
    /// Its name in the table.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::RegistrationRepeated => "registration_repeated",
            Self::SignedIn => "signed_in",
            Self::PasswordAccepted => "password_accepted",
            Self::SignInRefused => "sign_in_refused",
            Self::SignInThrottled => "sign_in_throttled",
            Self::SecondFactorRefused => "second_factor_refused",
            Self::SignedOut => "signed_out",
            Self::SessionEnded => "session_ended",
            Self::CodeIssued => "code_issued",
            Self::CodeRedeemed => "code_redeemed",
            Self::CodeReused => "code_reused",
            Self::Refreshed => "refreshed",
            Self::RefreshReplayed => "refresh_replayed",
            Self::Revoked => "revoked",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::MailAsked => "mail_asked",
            Self::AddressConfirmed => "address_confirmed",
            Self::AddressChanged => "address_changed",
            Self::ProfileChanged => "profile_changed",
            Self::SecondFactorOn => "second_factor_on",
            Self::SecondFactorOff => "second_factor_off",
            Self::RecoveryCodesRenewed => "recovery_codes_renewed",
            Self::AccountDeleted => "account_deleted",
            Self::ProviderAccepted => "provider_accepted",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderAddressTaken => "provider_address_taken",
            Self::ProviderLinked => "provider_linked",
            Self::ProviderUnlinked => "provider_unlinked",
            Self::RolesChanged => "roles_changed",
            Self::Deactivated => "deactivated",
            Self::Reactivated => "reactivated",
            Self::ClientRegistered => "client_registered",
            Self::ClientChanged => "client_changed",
            Self::ClientSecretRenewed => "client_secret_renewed",
            Self::ClientSecretEnded => "client_secret_ended",
            Self::ClientRemoved => "client_removed",
            Self::ConsentGiven => "consent_given",
            Self::ConsentRefused => "consent_refused",
            Self::ConsentWithdrawn => "consent_withdrawn",
        }
    }
}

/// One thing that happened, being written down.
#[derive(Debug, Clone)]
#[must_use = "it is evidence only once it is recorded"]
pub struct Entry {
    /// What.
    pub kind: Kind,
    /// Whose account it is about.
    pub person: Option<Uuid>,
    /// Who did it, if it was not she.
    pub actor: Option<String>,
    /// The client.
    pub client: Option<String>,
    /// The session.
    pub session: Option<Uuid>,
    /// Where it came from.
    pub network: Option<String>,
    /// The pseudonym of an address whose account is not known, or must not be looked up.
    pub account: Option<String>,
    /// What else is worth knowing.
    pub detail: Option<String>,
}

impl Entry {
    /// That this happened.
    pub fn of(kind: Kind) -> Self {
        Self {
            kind,
            person: None,
            actor: None,
            client: None,
            session: None,
            network: None,
            account: None,
            detail: None,
        }
    }

    /// To whom.
    pub fn person(mut self, person: PersonId) -> Self {
        self.person = Some(person.0);
        self
    }

    /// By whom, if it was not she.
    pub fn actor(mut self, actor: PersonId) -> Self {
        self.actor = Some(actor.to_string());
        self
    }

    /// By which client.
    pub fn client(mut self, client: &str) -> Self {
        self.client = Some(client.to_owned());
        self
    }

    /// In which session.
    pub fn session(mut self, session: Uuid) -> Self {
        self.session = Some(session);
        self
    }

    /// From where.
    pub fn origin(mut self, origin: &Origin) -> Self {
        self.network = origin.network();
        self
    }

    /// Under which address, of which only the hash is kept.
    pub fn account(mut self, account: &Hash) -> Self {
        self.account = Some(hex(account));
        self
    }

    /// What else.
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Writes it down. Let it be the last thing before the commit: all writers wait for each other here.
    pub async fn record(self, app: &App, db: &mut PgConnection) -> sqlx::Result<()> {
        store::audit::append(db, app.ids.next(), app.clock.now(), &self).await
    }
}

/// The pseudonym of an e-mail address, or of whatever was typed in the place of one.
#[must_use]
pub fn pseudonym(typed: &str) -> Hash {
    opaque::hash(&typed.trim().to_lowercase())
}

/// Bytes in lower-case hexadecimal.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a text never fails.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
