//! Who may do what through a sidecar: what is listed answers, and nothing else does; and whose sidecar it is, is proven.
//!
//! Invariant: the lists are written from the documents, and what runs is held against them in both directions.

mod expected;
mod identities;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use e2e::Target;
use e2e::client::plain;
use e2e::order::list;
use e2e::target::root;
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::stack::{self, routes, word};
use expected::{CALLS, COMPONENTS, SECRETS, TOPICS};

/// More than the broker's client sends: it refuses only once everything else is allowed, so nothing is published.
const TOO_LARGE: usize = 600_000;
/// So many requests at once: a refused call is repeated by the caller's sidecar, for more than a second.
const AT_ONCE: usize = 128;

/// An answer of a sidecar.
struct Answered {
    status: StatusCode,
    text: String,
}

/// Asks a sidecar, with a token if there is one.
async fn ask(
    target: &Target,
    app: &str,
    token: Option<&str>,
    (method, path): (&str, &str),
    body: String,
) -> Result<Answered> {
    let address = target.sidecar(app)?.url.join(path)?;
    let mut request = plain(target)?
        .request(method.parse::<Method>()?, address)
        .header("content-type", "text/plain")
        .body(body);
    if let Some(token) = token {
        request = request.header("dapr-api-token", token);
    }
    let answer = request.send().await.with_context(|| path.to_owned())?;
    Ok(Answered {
        status: answer.status(),
        text: answer.text().await?,
    })
}

/// Asks a sidecar as its own service does.
async fn ask_own(target: &Target, app: &str, what: (&str, &str), body: String) -> Result<Answered> {
    let token = target.sidecar(app)?.token;
    ask(target, app, Some(&token), what, body).await
}

fn set<T: Ord>(items: impl IntoIterator<Item = T>) -> BTreeSet<T> {
    items.into_iter().collect()
}

/// The resources of a folder, whatever their kind.
fn resources(folder: &str) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    for file in fs::read_dir(root().join(folder))? {
        let text = fs::read_to_string(file?.path())?;
        let documents = serde_saphyr::from_multiple::<Value>(&text)
            .map_err(|error| anyhow::anyhow!("{folder}: {error}"))?;
        found.extend(documents);
    }
    Ok(found)
}

#[tokio::test]
async fn a_service_reads_the_listed_secrets_and_no_other() -> Result<()> {
    let stack = stack::shared().await?;
    assert_eq!(set(SECRETS.map(|row| row.0)), set(stack.apps()));
    let mut names = BTreeSet::new();
    let mut places = BTreeSet::new();
    for (app, own, sidecars) in SECRETS {
        for name in own.iter().chain(sidecars) {
            names.insert(*name);
            places.insert((app.to_owned(), (*name).to_owned()));
        }
    }
    assert_eq!(set(stack.places()?), places, "what the vault holds");
    for (app, own, _) in SECRETS {
        for name in &names {
            let path = format!("/v1.0/secrets/secretstore/{name}");
            let answer = ask_own(&stack, app, ("GET", &path), String::new()).await?;
            ensure!(
                (answer.status == StatusCode::OK) == own.contains(name),
                "{app} reads {name}: {}",
                answer.status
            );
        }
        let bulk = ("GET", "/v1.0/secrets/secretstore/bulk");
        let answer = ask_own(&stack, app, bulk, String::new()).await?;
        ensure!(answer.status != StatusCode::OK, "{app} reads all at once");
    }
    Ok(())
}

#[tokio::test]
async fn a_sidecar_has_the_listed_components_and_no_other() -> Result<()> {
    let stack = stack::shared().await?;
    let there = resources("components")?;
    let there = there.iter().map(|one| word(&one["metadata"], "name"));
    assert_eq!(set(there), set(COMPONENTS.map(|row| row.0)));
    for app in stack.apps() {
        let answer = ask_own(&stack, app, ("GET", "/v1.0/metadata"), String::new()).await?;
        let metadata: Value = serde_json::from_str(&answer.text)?;
        let loaded = ["components", "httpEndpoints"].map(|kind| list(&metadata[kind]));
        let loaded = loaded.into_iter().flatten().map(|one| word(one, "name"));
        let listed = COMPONENTS.iter().filter(|(_, apps)| apps.contains(&app));
        assert_eq!(set(loaded), set(listed.map(|row| row.0)), "{app}");
        for (what, body, refused) in [
            (
                ("GET", "/v1.0/state/statestore/matrix"),
                "",
                "not configured",
            ),
            (
                ("GET", "/v1.0/state/statestore-durable/matrix"),
                "",
                "ERR_STATE_STORE_NOT_",
            ),
            (
                ("POST", "/v1.0/bindings/email"),
                r#"{"operation":"matrix"}"#,
                "couldn't find output binding",
            ),
            (
                ("POST", "/v1.0/publish/pubsub/unheard-of"),
                "",
                "pubsub is not found",
            ),
            (
                (
                    "GET",
                    "/v1.0/invoke/provider/method/v1/operations?reference=nobody",
                ),
                "",
                "no host found",
            ),
            (
                (
                    "GET",
                    "/v1.0/invoke/courier/method/v1/updates?after=1000000000",
                ),
                "",
                "no host found",
            ),
        ] {
            let answer = ask_own(&stack, app, what, body.to_owned()).await?;
            let component = what.1.split('/').nth(3).context("a component")?;
            let listed = COMPONENTS.iter().find(|row| row.0 == component);
            let has = listed.context(component)?.1.contains(&app);
            ensure!(
                answer.text.contains(refused) != has,
                "{app} and {component}: {}",
                answer.text
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_service_publishes_and_hears_the_listed_topics_and_no_other() -> Result<()> {
    let stack = stack::shared().await?;
    let mut subscribed = BTreeSet::new();
    for subscription in resources("dapr/subscriptions")? {
        let spec = &subscription["spec"];
        for topic in ["topic", "deadLetterTopic"].map(|name| word(spec, name)) {
            if !topic.is_empty() {
                subscribed.insert((word(spec, "pubsubname").to_owned(), topic.to_owned()));
            }
        }
    }
    let pairs = TOPICS.map(|row| (row.0.to_owned(), row.1.to_owned()));
    // What nobody hears but by the live component, and what nobody hears at all.
    let published = ["catalog-events", "unheard-of"];
    let published = published.map(|topic| ("pubsub".to_owned(), topic.to_owned()));
    assert_eq!(set(pairs), &subscribed | &set(published));

    for app in stack.apps() {
        let answer = ask_own(&stack, app, ("GET", "/v1.0/metadata"), String::new()).await?;
        let metadata: Value = serde_json::from_str(&answer.text)?;
        let heard = list(&metadata["subscriptions"]).iter();
        let heard = heard.map(|one| (word(one, "pubsubname"), word(one, "topic")));
        let listed = TOPICS.iter().filter(|row| row.3.contains(&app));
        assert_eq!(set(heard), set(listed.map(|row| (row.0, row.1))), "{app}");
        for (component, topic, publishers, _) in TOPICS {
            let path = format!("/v1.0/publish/{component}/{topic}");
            // Each of these letters becomes two.
            let answer = ask_own(&stack, app, ("POST", &path), "\"".repeat(TOO_LARGE)).await?;
            let allowed = answer.text.contains("message larger than");
            let refused = [StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&answer.status);
            ensure!(allowed != refused, "{app}: {path}: {}", answer.text);
            ensure!(
                allowed == publishers.contains(&app),
                "{app} publishes to {topic} by {component}: {}",
                answer.status
            );
        }
    }
    Ok(())
}

/// Which row of the list a call stands in.
fn listed(from: &str, to: &str, method: &str, path: &str) -> Option<usize> {
    CALLS.iter().position(|(caller, called, methods, start)| {
        let beneath = path.strip_prefix(start);
        (*caller, *called) == (from, to)
            && methods.contains(&method)
            && beneath.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
}

#[tokio::test]
async fn a_service_calls_the_listed_routes_and_no_other() -> Result<()> {
    let stack = stack::shared().await?;
    let mut calls = Vec::new();
    for called in stack.apps() {
        let mut served = routes(&stack, called).await?;
        served.retain(|row| word(row, "listener") != "public");
        let served = served
            .iter()
            .map(|row| (word(row, "method"), word(row, "path")));
        // What every service has besides, and what none has.
        let others = [("GET", "/dapr/config"), ("GET", "/readyz"), ("GET", "/any")];
        for (method, path) in served.chain(others) {
            let path = path.replace('{', "no-").replace('}', "");
            for caller in stack.apps().into_iter().filter(|app| *app != called) {
                let row = listed(caller, called, method, &path);
                calls.push((
                    caller.to_owned(),
                    called.to_owned(),
                    method.to_owned(),
                    path.clone(),
                    row,
                ));
            }
        }
    }
    let mut used: BTreeSet<_> = calls.iter().filter_map(|call| call.4).collect();
    // Foreign parties have no table of ours; a_sidecar_has_the_listed_components_and_no_other asks them.
    used.extend(listed("payment", "provider", "GET", "/v1/operations"));
    used.extend(listed("shipping", "courier", "GET", "/v1/updates"));
    assert_eq!(
        used,
        (0..CALLS.len()).collect(),
        "a row of the list is of no route"
    );
    ensure!(calls.len() > 700, "only {} calls", calls.len());

    let mut answers = JoinSet::new();
    while !calls.is_empty() || !answers.is_empty() {
        while answers.len() < AT_ONCE
            && let Some((caller, called, method, path, row)) = calls.pop()
        {
            let sidecar = stack.sidecar(&caller)?;
            let place = format!("/v1.0/invoke/{called}/method{path}");
            let request = plain(&stack)?
                .request(method.parse()?, sidecar.url.join(&place)?)
                .header("dapr-api-token", sidecar.token);
            answers.spawn(async move {
                let answer = request.send().await?;
                let (status, text) = (answer.status(), answer.text().await?);
                let policy =
                    "access control policy has denied access to id: spiffe://public/ns/default/";
                let denied = text.contains(&format!("{policy}{caller} "));
                ensure!(
                    denied
                        == (status == StatusCode::FORBIDDEN && text.contains("ERR_DIRECT_INVOKE"))
                        && denied == row.is_none()
                        && (denied || !status.is_server_error()),
                    "{caller} calls {called}: {method} {path}: {status} {text}"
                );
                Ok(())
            });
        }
        if let Some(answer) = answers.join_next().await {
            answer??;
        }
    }
    Ok(())
}

#[tokio::test]
async fn nothing_answers_to_the_token_of_another_service() -> Result<()> {
    let stack = stack::shared().await?;
    let mut paths = vec![
        ("GET", "/v1.0/metadata".to_owned()),
        ("POST", "/v1.0/shutdown".to_owned()),
    ];
    for (app, own, sidecars) in SECRETS {
        paths.push(("GET", format!("/v1.0/invoke/{app}/method/any")));
        let names = own.iter().chain(sidecars);
        paths.extend(names.map(|name| ("GET", format!("/v1.0/secrets/secretstore/{name}"))));
    }
    let topics = TOPICS
        .iter()
        .map(|row| format!("/v1.0/publish/{}/{}", row.0, row.1));
    paths.extend(topics.map(|path| ("POST", path)));
    for (component, _) in COMPONENTS {
        paths.push(("GET", format!("/v1.0/state/{component}/any")));
        paths.push(("POST", format!("/v1.0/bindings/{component}")));
    }
    let paths = set(paths);
    for app in stack.apps() {
        let mut tokens = vec![None, Some(stack.listener(app)?.token)];
        for other in stack.apps().into_iter().filter(|other| *other != app) {
            tokens.push(Some(stack.sidecar(other)?.token));
        }
        for (method, path) in &paths {
            for token in &tokens {
                let answer = ask(&stack, app, token.as_deref(), (method, path), String::new());
                let status = answer.await?.status;
                ensure!(
                    status == StatusCode::UNAUTHORIZED,
                    "{app}'s sidecar answers {path} with {status}"
                );
            }
        }
    }
    Ok(())
}
