//! A client of another company: registered by an operator, it sends people to us and redeems what they bring back.
//!
//! Invariant: it knows what a client knows, its id, its secret and what it was answered.

use http::{Method, header};
use identity::role::Role;
use serde_json::{Value, json};

use crate::callers::{Browser, Client, Operator};
use crate::world::{Answer, CHALLENGE, VERIFIER, World};

pub const BEANS: &str = "https://beans.example/callback";
pub const BYE: &str = "https://beans.example/bye";

/// What an operator says of Beans & Co, which has a server.
pub fn registration() -> Value {
    json!({
        "name": "Beans & Co",
        "kind": "confidential",
        "redirect_uris": [BEANS],
        "post_logout_redirect_uris": [BYE],
        "scopes": ["openid", "profile", "email"],
        "grant_types": ["authorization_code", "refresh_token"],
    })
}

/// The same with one field changed.
pub fn registration_with(field: &str, value: Value) -> Value {
    let mut all = registration();
    all[field] = value;
    all
}

/// A registered client.
pub struct Foreign<'a> {
    world: &'a World,
    pub id: String,
    /// `id:secret`, or nothing for a public one.
    pub credentials: Option<String>,
}

/// Registers a client as somebody who runs the platform.
pub async fn register(operator: &Operator<'_>, said: &Value) -> Answer {
    let body = said.to_string();
    operator
        .send(Method::POST, "/v1/clients", None, &body)
        .await
}

impl<'a> Foreign<'a> {
    pub async fn of(world: &'a World, operator: &Operator<'_>, said: &Value) -> Self {
        let answer = register(operator, said).await;
        assert_eq!(answer.status, 201, "{answer:?}");
        let id = answer.text("client_id");
        let secret = answer.json()["client_secret"].as_str().map(str::to_owned);
        Self {
            world,
            credentials: secret.map(|secret| format!("{id}:{secret}")),
            id,
        }
    }

    /// Beans & Co.
    pub async fn beans(world: &'a World) -> Self {
        let operator = world.operator().await;
        Self::of(world, &operator, &registration()).await
    }

    pub fn client(&self) -> Client<'a> {
        let mut client = self.world.client("nobody");
        client.credentials.clone_from(&self.credentials);
        client
    }

    /// A correct authorization request for these scopes, with more parameters.
    pub fn request<'b>(
        &'b self,
        scope: &'b str,
        more: &[(&'b str, &'b str)],
    ) -> Vec<(&'b str, &'b str)> {
        let mut all = vec![
            ("response_type", "code"),
            ("client_id", &self.id),
            ("redirect_uri", BEANS),
            ("scope", scope),
            ("state", "s-1"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in more {
            all.retain(|(known, _)| known != name);
            all.push((name, value));
        }
        all
    }

    /// What comes back when a signed-in person allows this.
    pub async fn allowed(&self, browser: &mut Browser<'_>, scope: &str) -> Answer {
        let page = browser.authorize(&self.request(scope, &[])).await;
        says(browser, &page, "allow").await
    }

    pub async fn redeem(&self, code: &str, redirect_uri: &str) -> Answer {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", redirect_uri),
            ("code_verifier", VERIFIER),
        ];
        if self.credentials.is_none() {
            form.push(("client_id", &self.id));
        }
        self.client().token(&form).await
    }

    /// The tokens for a signed-in person, who allows this.
    pub async fn tokens(&self, browser: &mut Browser<'_>, scope: &str) -> Answer {
        let back = self.allowed(browser, scope).await;
        let code = back.sent("code").unwrap_or_else(|| panic!("{back:?}"));
        let answer = self.redeem(&code, BEANS).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer
    }
}

/// The value of a field of a page that shows none.
pub fn field(page: &Answer, name: &str) -> String {
    let start = format!(r#"name="{name}" value=""#);
    let (_, rest) = page
        .body
        .split_once(&start)
        .unwrap_or_else(|| panic!("no {name}: {page:?}"));
    let value = rest.split('"').next().expect("its end");
    value
        .replace("&#39;", "'")
        .replace("&quot;", "\"")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// Presses a button of the page that asks for consent.
pub async fn says(browser: &mut Browser<'_>, page: &Answer, answer: &str) -> Answer {
    assert!(page.body.contains("Allow access?"), "{page:?}");
    let (request, mark) = (field(page, "request"), field(page, "mark"));
    let form = [("request", &*request), ("mark", &*mark), ("answer", answer)];
    browser.post("/consent", &form).await
}

/// What userinfo answers to this access token.
pub async fn userinfo(world: &World, access: &str) -> Answer {
    let request = http::Request::get("/oauth2/userinfo")
        .header("authorization", format!("Bearer {access}"))
        .body(axum::body::Body::empty());
    world.send(request.expect("a request")).await
}

/// A browser in which some customer is signed in.
pub async fn customer(world: &World) -> Browser<'_> {
    let customer = world.person(Role::Customer, &[]).await;
    world.signed_in(customer).await
}

/// The policy of a page.
pub fn policy(page: &Answer) -> &str {
    let policy = &page.headers[header::CONTENT_SECURITY_POLICY];
    policy.to_str().expect("text")
}
