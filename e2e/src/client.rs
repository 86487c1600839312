//! A browser, as far as HTTP goes: it keeps cookies, walks the pages, and says where its requests come from.
//!
//! Invariant: it knows the public address and nothing else; redirects are followed one by one and never off that origin.

mod events;
mod form;

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use reqwest::header::{CONTENT_TYPE, HeaderMap, LOCATION, ORIGIN};
use reqwest::redirect::Policy;
use reqwest::{Certificate, Method, RequestBuilder, Response, StatusCode};
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

pub use events::{Events, ServerEvent};

use crate::history::{Command, Journal};
use crate::target::{SignIn, Target};
use form::Form;

/// A request that takes longer has failed; live streams have no such bound.
const DEADLINE: Duration = Duration::from_secs(20);
/// A sign-in has five redirects; more are a loop.
const MOST_HOPS: usize = 10;

/// A browser with cookies of its own. A clone shares them.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    public: Url,
    journal: Journal,
}

/// An answer, read whole.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: String,
    /// The trace that the request began.
    pub trace_id: String,
}

impl Answer {
    /// The body as JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body).with_context(|| format!("no JSON in {self:?}"))
    }

    /// This answer, if it has that status.
    pub fn expect(self, status: StatusCode) -> Result<Self> {
        ensure!(
            self.status == status,
            "{} rather than {status}: {}",
            self.status,
            self.body
        );
        Ok(self)
    }

    /// A header as text; empty if there is none.
    #[must_use]
    pub fn header(&self, name: impl reqwest::header::AsHeaderName) -> &str {
        let value = self.headers.get(name).and_then(|value| value.to_str().ok());
        value.unwrap_or_default()
    }

    async fn read(response: Response, trace_id: String) -> Result<Self> {
        let (status, headers) = (response.status(), response.headers().clone());
        let body = response.text().await?;
        Ok(Self {
            status,
            headers,
            body,
            trace_id,
        })
    }
}

/// 32 hexadecimal digits that nobody has used before: a key, a trace, a password.
#[must_use]
pub fn fresh() -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a client has no `Ids`; it is outside of every service"
    )]
    Uuid::now_v7().simple().to_string()
}

/// One of the sixteen million addresses that this machine has for itself.
fn some_address() -> Ipv4Addr {
    #[expect(
        clippy::disallowed_methods,
        reason = "a client has no `Ids`; it is outside of every service"
    )]
    let random = Uuid::now_v7().into_bytes();
    let [.., b, c, d] = random;
    Ipv4Addr::new(127, b, c, d.clamp(2, 254))
}

/// The client of a machine: no cookies, no redirects, trusting the system's own authority alone.
pub fn plain(target: &Target) -> Result<reqwest::Client> {
    Ok(builder(target)?.build()?)
}

fn builder(target: &Target) -> Result<reqwest::ClientBuilder> {
    Ok(reqwest::Client::builder()
        .tls_certs_only([Certificate::from_pem(target.ca())?])
        .redirect(Policy::none())
        .connect_timeout(Duration::from_secs(5)))
}

impl Client {
    /// A browser that nobody has used yet, on a machine of its own: what is counted by address counts for it alone.
    pub fn new(target: &Target) -> Result<Self> {
        let http = builder(target)?
            .cookie_store(true)
            .local_address(IpAddr::V4(some_address()))
            .build()?;
        Ok(Self {
            http,
            public: target.public().clone(),
            journal: Journal::of_this_process(target.history()),
        })
    }

    /// A browser in which this person is signed in.
    pub async fn signed_in(target: &Target, person: &SignIn) -> Result<Self> {
        let client = Self::new(target)?;
        client.sign_in(person).await?;
        Ok(client)
    }

    /// A request as a page of ours would make it, with the id of the trace that it begins.
    pub fn request(&self, method: &Method, path: &str) -> Result<(RequestBuilder, String)> {
        let trace_id = fresh();
        let span = &trace_id[16..];
        let request = self
            .http
            .request(method.clone(), self.public.join(path)?)
            .header("traceparent", format!("00-{trace_id}-{span}-01"))
            .header("sec-fetch-site", "same-origin");
        let request = if method.is_safe() {
            request
        } else {
            let origin = self.public.origin().ascii_serialization();
            request
                .header(ORIGIN, origin)
                .header("x-crema-request", "1")
        };
        Ok((request, trace_id))
    }

    /// Sends a request and reads its answer.
    pub async fn send(&self, (request, trace_id): (RequestBuilder, String)) -> Result<Answer> {
        Answer::read(request.timeout(DEADLINE).send().await?, trace_id).await
    }

    /// Sends a request that is built already.
    pub async fn execute(&self, request: reqwest::Request, trace_id: String) -> Result<Answer> {
        Answer::read(self.http.execute(request).await?, trace_id).await
    }

    /// Reads a path.
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.send(self.request(&Method::GET, path)?).await
    }

    /// Posts JSON to a path.
    pub async fn post(&self, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
        let (mut request, trace_id) = self.request(&Method::POST, path)?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send((request.json(body), trace_id)).await
    }

    /// Deletes what a path names.
    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.send(self.request(&Method::DELETE, path)?).await
    }

    /// Opens a live stream.
    pub async fn events(&self, path: &str) -> Result<Events> {
        let (request, _) = self.request(&Method::GET, path)?;
        let response = request.header("accept", "text/event-stream").send().await?;
        let status = response.status();
        if status != StatusCode::OK {
            bail!("{path} answered {status}: {}", response.text().await?);
        }
        Ok(Events::new(response))
    }

    /// Follows redirects from an answer, by `GET`, until a page is there.
    async fn follow(&self, mut from: Url, mut answer: Answer) -> Result<(Url, Answer)> {
        for _ in 0..MOST_HOPS {
            if !answer.status.is_redirection() {
                return Ok((from, answer));
            }
            let next = from.join(answer.header(LOCATION))?;
            ensure!(
                next.origin() == self.public.origin(),
                "{from} leads off to {next}"
            );
            answer = self.get(next.as_str()).await?;
            from = next;
        }
        bail!("too many redirects, the last to {from}")
    }

    /// Opens a page.
    async fn open(&self, path: &str) -> Result<(Url, Answer)> {
        let there = self.public.join(path)?;
        let answer = self.get(path).await?;
        self.follow(there, answer).await
    }

    /// Fills in the form of a page that has these fields, posts it, and goes where it leads.
    async fn submit(
        &self,
        (page, answer): (Url, Answer),
        fields: &[(&str, &str)],
    ) -> Result<(Url, Answer)> {
        let names: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        let (there, answer) = self.fill(&page, answer, &names, fields).await?;
        self.follow(there, answer).await
    }

    /// Posts the form of a page that has the fields `names`, with these values; what is answered may lead off this site.
    pub async fn fill(
        &self,
        page: &Url,
        answer: Answer,
        names: &[&str],
        fields: &[(&str, &str)],
    ) -> Result<(Url, Answer)> {
        let answer = answer.expect(StatusCode::OK)?;
        let form = Form::find(&answer.body, names)
            .with_context(|| format!("{page} has no form with {names:?}"))?;
        let there = page.join(&form.action)?;
        let known: Vec<_> = fields.iter().map(|(name, _)| *name).collect();
        let filled: Vec<_> = form
            .values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .filter(|(name, _)| !known.contains(name))
            .chain(fields.iter().copied())
            .collect();
        let (request, trace_id) = self.request(&Method::POST, there.as_str())?;
        let answer = self.send((request.form(&filled), trace_id)).await?;
        Ok((there, answer))
    }

    /// Signs in through the pages, as a person does.
    pub async fn sign_in(&self, person: &SignIn) -> Result<()> {
        let page = self.open("/api/session/start?return=/").await?;
        let fields = [
            ("email", person.email.as_str()),
            ("password", person.password.as_str()),
        ];
        let (_, answer) = self.submit(page, &fields).await?;
        answer.expect(StatusCode::OK).context("after signing in")?;
        let session = self.session().await?;
        ensure!(
            session["signed_in"] == true,
            "signing in left no session: {session}"
        );
        Ok(())
    }

    /// Signs in likewise, one redirect after the other; every answer on the way, which has the cookies.
    pub async fn walk_in(&self, person: &SignIn) -> Result<Vec<Answer>> {
        let mut page = self.public.join("/api/session/start?return=/")?;
        let mut answer = self.get(page.as_str()).await?;
        let (mut answers, mut typed) = (Vec::new(), false);
        loop {
            answers.push(answer.clone());
            ensure!(
                answers.len() <= MOST_HOPS,
                "too many pages, the last {page}"
            );
            if answer.status.is_redirection() {
                page = page.join(answer.header(LOCATION))?;
                let ours = page.origin() == self.public.origin();
                ensure!(ours, "it leads off to {page}");
                answer = self.get(page.as_str()).await?;
            } else if typed {
                answer.expect(StatusCode::OK).context("after signing in")?;
                return Ok(answers);
            } else {
                let fields = [
                    ("email", person.email.as_str()),
                    ("password", person.password.as_str()),
                ];
                let names = ["email", "password"];
                (page, answer) = self.fill(&page, answer, &names, &fields).await?;
                typed = true;
            }
        }
    }

    /// Makes an account that nobody had, and signs in with it.
    pub async fn register(&self) -> Result<SignIn> {
        self.register_as("Nova Guest").await
    }

    /// The same, under this name.
    pub async fn register_as(&self, name: &str) -> Result<SignIn> {
        let email = format!("{}@crema.example", fresh());
        let person = SignIn {
            email,
            password: fresh(),
        };
        let page = self.open("/register").await?;
        let fields = [
            ("name", name),
            ("email", &person.email),
            ("password", &person.password),
        ];
        let (_, answer) = self.submit(page, &fields).await?;
        answer.expect(StatusCode::OK).context("after registering")?;
        self.sign_in(&person).await?;
        Ok(person)
    }

    /// Opens a link that leads to one form and presses its button.
    pub async fn press(&self, link: &str) -> Result<Answer> {
        let page = self.open(link).await?;
        let (_, answer) = self.submit(page, &[]).await?;
        Ok(answer)
    }

    /// Who the system takes this browser's user for.
    pub async fn session(&self) -> Result<Value> {
        self.get("/api/session")
            .await?
            .expect(StatusCode::OK)?
            .json()
    }

    /// Ends the session.
    pub async fn sign_out(&self) -> Result<Answer> {
        self.send(self.request(&Method::DELETE, "/api/session")?)
            .await
    }

    /// Orders, and waits a while for the outcome; the same key again means the same order.
    pub async fn place(&self, order: &Value, key: &str) -> Result<Answer> {
        self.place_waiting(order, key, Some("wait=10")).await
    }

    /// Orders, with a preference of one's own about waiting.
    pub async fn place_waiting(
        &self,
        order: &Value,
        key: &str,
        prefer: Option<&str>,
    ) -> Result<Answer> {
        let keyed = [("idempotency-key", key)];
        let headers: Vec<_> = prefer
            .map(|wish| ("prefer", wish))
            .into_iter()
            .chain(keyed)
            .collect();
        let placing = self.post("/api/orders", order, &headers);
        self.journal
            .noting(Command::Place, Some(key), None, placing)
            .await
    }

    /// Wishes an order undone.
    pub async fn cancel(&self, order: &str) -> Result<Answer> {
        let path = format!("/api/orders/{order}/cancellation");
        let (request, trace_id) = self.request(&Method::POST, &path)?;
        let cancelling = self.send((request, trace_id));
        self.journal
            .noting(Command::Cancel, None, Some(order), cancelling)
            .await
    }

    /// Gives money of an order back; the same key again means the same refund.
    pub async fn refund(&self, order: &str, refund: &Value, key: &str) -> Result<Answer> {
        let path = format!("/api/orders/{order}/refunds");
        let keyed = [("idempotency-key", key)];
        let refunding = self.post(&path, refund, &keyed);
        self.journal
            .noting(Command::Refund, Some(key), Some(order), refunding)
            .await
    }

    /// Brings an order that was read at `version` to the next step.
    pub async fn advance(&self, order: &str, version: i64, status: &str) -> Result<Answer> {
        let version = format!("\"{version}\"");
        let path = format!("/api/orders/{order}/fulfilment");
        self.post(
            &path,
            &json!({ "status": status }),
            &[("if-match", &version)],
        )
        .await
    }

    /// A text body, sent as what `kind` says.
    pub async fn post_text(
        &self,
        path: &str,
        kind: &str,
        body: String,
        headers: &[(&str, &str)],
    ) -> Result<Answer> {
        let (mut request, trace_id) = self.request(&Method::POST, path)?;
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send((request.header(CONTENT_TYPE, kind).body(body), trace_id))
            .await
    }
}
