//! Sends the mail that is due, through the Dapr binding `email`.
//!
//! A mail is queued in the transaction of its cause and made when it is sent: a link's token is drawn then, so that it
//! is never in the database but as a hash, and each try has a token of its own. Whom it is for is looked up then too,
//! so that asking for mail takes the same time whether or not there is an account.
//! Invariant: one mail at a time, because the binding can't take two (`components/email.yaml`); what is claimed has its
//! next try written down before it is sent, so a crash repeats a mail and never loses one.

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use dapr_kit::{BindingError, Dapr};

use crate::error::Failure;
use crate::mail::{self, Kind, Letter, Purpose};
use crate::opaque::Opaque;
use crate::person::EmailAddress;
use crate::state::App;
use crate::store::{self, links::NewLink, mails::Claimed};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(1);
/// A person gets a link for one purpose at most this often, however often anybody asks.
const QUIET: chrono::Duration = chrono::Duration::minutes(1);

/// A way to send mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Hands a letter over for this address.
    async fn send(&self, to: &str, letter: &Letter) -> Result<(), BindingError>;
}

/// The Dapr binding `email`.
pub struct Smtp(pub Dapr);

#[async_trait]
impl Mailer for Smtp {
    async fn send(&self, to: &str, letter: &Letter) -> Result<(), BindingError> {
        let metadata = BTreeMap::from([("emailTo", to), ("subject", letter.subject)]);
        self.0.bind("email", &metadata, &letter.body).await
    }
}

/// Sends what is due, for ever.
pub async fn run(app: App, mailer: impl Mailer) {
    let mut ticks = tokio::time::interval(EVERY);
    loop {
        ticks.tick().await;
        if let Err(error) = send_due(&app, &mailer).await {
            tracing::warn!(%error, "mail waits");
        }
    }
}

/// Sends what is due now, the oldest first; how many were sent.
pub async fn send_due(app: &App, mailer: &dyn Mailer) -> Result<usize, Failure> {
    let mut sent = 0;
    loop {
        let mut db = app.db.acquire().await?;
        let Some(mail) = store::mails::claim(&mut db, app.clock.now()).await? else {
            return Ok(sent);
        };
        drop(db);
        let kind = mail.kind;
        let Some(letter) = write(app, &mail).await? else {
            done(app, &mail).await?;
            continue;
        };
        match mailer.send(&mail.address, &letter).await {
            Ok(()) => {
                done(app, &mail).await?;
                sent += 1;
                tracing::info!(mail.kind = %kind, "mail sent");
            }
            Err(error) => {
                tracing::warn!(mail.kind = %kind, mail.tries = mail.tries, %error, "mail waits for another try");
            }
        }
    }
}

async fn done(app: &App, mail: &Claimed) -> Result<(), Failure> {
    let mut db = app.db.acquire().await?;
    Ok(store::mails::delete(&mut db, mail.id).await?)
}

/// What to send; `None` if nobody wants it any more.
async fn write(app: &App, mail: &Claimed) -> Result<Option<Letter>, Failure> {
    if app.clock.now() - mail.created_at > mail.kind.wanted_for() {
        tracing::warn!(mail.kind = %mail.kind, mail.tries = mail.tries, "mail given up");
        return Ok(None);
    }
    match mail.kind {
        Kind::Notice(notice) => Ok(Some(mail::telling(notice, app.issuer()))),
        Kind::Link(purpose) => write_link(app, mail, purpose).await,
    }
}

async fn write_link(
    app: &App,
    mail: &Claimed,
    purpose: Purpose,
) -> Result<Option<Letter>, Failure> {
    let Ok(address) = EmailAddress::parse(&mail.address) else {
        return Ok(None);
    };
    let now = app.clock.now();
    let mut db = app.db.begin().await?;
    let Some(contact) = store::people::by_address(&mut db, &address).await? else {
        return Ok(None);
    };
    let needless = purpose == Purpose::ConfirmAddress && contact.verified;
    let first = mail.tries == 1;
    if needless
        || first && store::links::since(&mut db, contact.person, purpose, now - QUIET).await?
    {
        return Ok(None);
    }
    let token = Opaque::new(&app.ids)?;
    let link = NewLink {
        hash: token.hash(),
        person: contact.person,
        purpose,
        created_at: now,
        expires_at: now + purpose.lifetime(),
    };
    store::links::insert(&mut db, &link).await?;
    db.commit().await?;
    Ok(Some(mail::with_link(purpose, &token, app.issuer())))
}
