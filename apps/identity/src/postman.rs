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
use chrono::{DateTime, Utc};
use dapr_kit::{BindingError, Dapr};
use service::database;
use sqlx::PgConnection;

use crate::error::Failure;
use crate::mail::{self, Kind, Letter, Notice, Purpose};
use crate::opaque::Opaque;
use crate::person::{EmailAddress, PersonId};
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
        Kind::Link(Purpose::ChangeAddress) => write_wish(app, mail).await,
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
    let mut db = database::begin(&app.db).await?;
    let Some(contact) = store::people::by_address(&mut db, &address).await? else {
        return Ok(None);
    };
    let person = contact.person;
    let needless = purpose == Purpose::ConfirmAddress && contact.verified;
    if needless || too_soon(&mut db, mail, person, purpose, now).await? {
        return Ok(None);
    }
    let token = Opaque::new(&app.ids)?;
    let link = NewLink {
        hash: token.hash(),
        person,
        purpose,
        created_at: now,
        expires_at: now + purpose.lifetime(),
        wish: None,
    };
    store::links::insert(&mut db, &link).await?;
    db.commit().await?;
    Ok(Some(mail::with_link(purpose, &token, app.issuer())))
}

/// The link by which an address becomes that of whoever wants it, or what to tell its owner if it has one. There is a
/// link in both cases, so that a minute is quiet after both; what is only told leaves one that nobody knows.
async fn write_wish(app: &App, mail: &Claimed) -> Result<Option<Letter>, Failure> {
    let (Some(session), Ok(address)) = (mail.session, EmailAddress::parse(&mail.address)) else {
        return Ok(None);
    };
    let (now, purpose) = (app.clock.now(), Purpose::ChangeAddress);
    let mut db = database::begin(&app.db).await?;
    let Some(person) = store::sessions::owner(&mut db, session, now).await? else {
        return Ok(None);
    };
    if too_soon(&mut db, mail, person, purpose, now).await? {
        return Ok(None);
    }
    let owner = store::people::by_address(&mut db, &address).await?;
    let token = Opaque::new(&app.ids)?;
    let link = NewLink {
        hash: token.hash(),
        person,
        purpose,
        created_at: now,
        expires_at: now + purpose.lifetime(),
        wish: Some((&address, session)),
    };
    store::links::insert(&mut db, &link).await?;
    db.commit().await?;
    let letter = if owner.is_some() {
        mail::telling(Notice::AddressTaken, app.issuer())
    } else {
        mail::with_link(purpose, &token, app.issuer())
    };
    Ok(Some(letter))
}

/// Whether the person was sent a link for this purpose a moment ago; another try of the same mail is no other link.
async fn too_soon(
    db: &mut PgConnection,
    mail: &Claimed,
    person: PersonId,
    purpose: Purpose,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    Ok(mail.tries == 1 && store::links::since(db, person, purpose, now - QUIET).await?)
}
