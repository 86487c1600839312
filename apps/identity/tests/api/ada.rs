//! Ada, who has an account and a password, and her letter box.
//!
//! Invariant: she does what a person can do on the pages; her letter box sees what the mail server would.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use dapr_kit::BindingError;
use http::StatusCode;
use identity::mail::Letter;
use identity::paths::SHOP;
use identity::person::{EmailAddress, PersonId};
use identity::postman::{self, Mailer};
use identity::store;

use crate::callers::Browser;
use crate::world::{Answer, ISSUER, World};

pub const ADDRESS: &str = "ada@example.com";
pub const PASSWORD: &str = "punched cards";

/// A mail that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub to: String,
    pub letter: Letter,
}

impl Sent {
    /// The path and query of its link.
    pub fn link(&self) -> &str {
        let (_, rest) = self.letter.body.split_once("href=\"").expect("a link");
        let link = rest.split('"').next().expect("its end");
        link.strip_prefix(ISSUER).expect("a link to us")
    }

    /// The token of its link.
    pub fn token(&self) -> &str {
        self.link().split_once("token=").expect("a token").1
    }
}

/// The mail server.
#[derive(Default)]
pub struct MailServer {
    sent: Mutex<Vec<Sent>>,
    pub down: AtomicBool,
}

#[async_trait::async_trait]
impl Mailer for MailServer {
    async fn send(&self, to: &str, letter: &Letter) -> Result<(), BindingError> {
        if self.down.load(Ordering::SeqCst) {
            return Err(BindingError::Refused {
                binding: "email".to_owned(),
                status: StatusCode::INTERNAL_SERVER_ERROR,
            });
        }
        self.sent.lock().expect("a lock").push(Sent {
            to: to.to_owned(),
            letter: letter.clone(),
        });
        Ok(())
    }
}

/// Everything that is due now, sent.
pub async fn mail(world: &World) -> Vec<Sent> {
    let server = MailServer::default();
    let sent = postman::send_due(&world.app, &server).await.expect("sent");
    let letters = server.sent.into_inner().expect("a lock");
    assert_eq!(letters.len(), sent);
    letters
}

/// Gives her an account.
pub async fn registers(world: &World) -> Answer {
    let form = [("name", "Ada"), ("email", ADDRESS), ("password", PASSWORD)];
    let answer = world.browser().post("/register", &form).await;
    assert_eq!(answer.status, 303, "{answer:?}");
    answer
}

/// A browser in which she has just given this password.
pub async fn gives<'a>(world: &'a World, password: &str) -> (Browser<'a>, Answer) {
    let mut browser = world.browser();
    let form = [("email", ADDRESS), ("password", password)];
    let answer = browser.post("/sign-in", &form).await;
    (browser, answer)
}

/// A browser in which she is signed in.
pub async fn signs_in(world: &World) -> Browser<'_> {
    let (browser, answer) = gives(world, PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.location()), (303, SHOP));
    browser
}

/// Who she is to the service.
pub async fn id(world: &World) -> PersonId {
    let mut db = world.app.db.acquire().await.expect("a connection");
    let address = EmailAddress::parse(ADDRESS).expect("an address");
    let contact = store::people::by_address(&mut db, &address).await;
    contact.expect("a query").expect("her account").person
}
