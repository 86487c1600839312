//! A person with a browser who signs in by another provider.
//!
//! Invariant: her browser keeps every cookie that it is given, and goes where a page sends it.

use std::collections::BTreeMap;

use http::header;
use identity::person::{EmailAddress, PersonId};
use identity::store;
use url::Url;

use crate::callers::{Browser, authorization};
use crate::provider::Provider;
use crate::world::{Answer, World};

pub const WITH: &str = "/sign-in/with/campus";

/// She.
pub struct Traveller<'a> {
    pub browser: Browser<'a>,
    pub jar: BTreeMap<String, String>,
}

impl<'a> Traveller<'a> {
    pub fn new(world: &'a World) -> Self {
        Self::with(world.browser())
    }

    /// One who goes on with this browser.
    pub fn with(browser: Browser<'a>) -> Self {
        let cookie = browser.cookie.as_deref().and_then(|c| c.split_once('='));
        let jar = cookie.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            jar: jar.into_iter().collect(),
            browser,
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.pack();
        let answer = self.browser.get(path).await;
        self.keep(answer)
    }

    pub async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.pack();
        let answer = self.browser.post(path, form).await;
        self.keep(answer)
    }

    fn pack(&mut self) {
        let pairs = self
            .jar
            .iter()
            .map(|(name, value)| format!("{name}={value}"));
        let pairs: Vec<_> = pairs.collect();
        self.browser.cookie = (!pairs.is_empty()).then(|| pairs.join("; "));
    }

    fn keep(&mut self, answer: Answer) -> Answer {
        for cookie in answer.headers.get_all(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            assert!(
                cookie.ends_with("; Secure; HttpOnly; SameSite=Lax"),
                "{cookie}"
            );
            let pair = cookie.split(';').next().expect("a pair");
            let (name, value) = pair.split_once('=').expect("a name");
            if value.is_empty() {
                self.jar.remove(name);
            } else {
                self.jar.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Sets off with this form, and is at the provider: its address, as the page has it.
    pub async fn sets_off(&mut self, path: &str, form: &[(&str, &str)]) -> Url {
        let page = self.post(path, form).await;
        assert_eq!(page.status, 200, "{page:?}");
        address_on(&page)
    }

    /// Signs in from start to end, and comes back here: what she is answered.
    pub async fn signs_in(&mut self, provider: &Provider) -> Answer {
        let there = self.sets_off(WITH, &[]).await;
        self.get(&provider.authorize(&there)).await
    }

    /// The same from one of the account's pages.
    pub async fn proves_it(&mut self, provider: &Provider, page: &str) -> Answer {
        let there = self.sets_off(WITH, &[("return", page)]).await;
        assert!(there.as_str().contains("&max_age=300"), "{there}");
        self.get(&provider.authorize(&there)).await
    }

    pub async fn is_in(&mut self) -> bool {
        self.pack();
        let answer = self.browser.authorize(&authorization()).await;
        answer.sent("code").is_some()
    }
}

/// Where a page sends the browser.
pub fn address_on(page: &Answer) -> Url {
    let (_, rest) = page.body.split_once("0; url=").expect("a redirect");
    let address = rest.split('"').next().expect("its end");
    assert!(
        page.body
            .contains(&format!(r#"<a class="button" href="{address}""#))
    );
    address.replace("&amp;", "&").parse().expect("an address")
}

/// Who has this address.
pub async fn person(world: &World, address: &str) -> Option<PersonId> {
    let mut db = world.app.db.acquire().await.expect("a connection");
    let address = EmailAddress::parse(address).expect("an address");
    let contact = store::people::by_address(&mut db, &address).await;
    contact.expect("a query").map(|contact| contact.person)
}

/// The last entry of the audit: what, and what else.
pub async fn last_on_record(world: &World) -> (String, Option<String>) {
    sqlx::query_as("select kind, detail from audit order by position desc limit 1")
        .fetch_one(&world.app.db)
        .await
        .expect("the audit")
}
