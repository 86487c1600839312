//! The public entry under floods and failures: who is served, what the others are told, and that nothing is lost.
//!
//! Invariant: who breaks something has the system for itself, and gives it back whole.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use e2e::client::{fresh, plain};
use e2e::order::{coffee, list};
use e2e::patience::{insist, until};
use e2e::target::Record;
use e2e::{Answer, Client, Part, Target, checker};
use reqwest::{Method, StatusCode};
use tokio::task::JoinSet;

use crate::healing::PATIENCE;
use crate::stack::{self, GENEROUS, menu, newcomer, order_one, whole};

/// How long any request takes at most, whatever is broken behind the entry.
const DEADLINE: Duration = Duration::from_secs(15);
/// How soon somebody is told that an upstream is cut off.
const AT_ONCE: Duration = Duration::from_secs(2);
/// Failures in a row that cut an upstream off.
const FAILURES: usize = 5;

/// What somebody is told who can't be served now.
#[track_caller]
fn told_to_come_again(answer: &Answer) {
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{answer:?}");
    let wait = answer.header("retry-after").parse::<u64>();
    assert!(wait.is_ok_and(|wait| wait >= 1), "{answer:?}");
    let problem = answer.json().expect("a problem");
    assert_eq!(problem["type"], "urn:problem-type:crema:unavailable");
    assert_eq!(problem["trace_id"], answer.trace_id);
}

/// How many orders somebody has.
async fn orders(customer: &Client) -> Result<usize> {
    let all = customer.get("/api/orders").await?;
    Ok(list(&all.expect(StatusCode::OK)?.json()?["items"]).len())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_from_one_address_costs_another_nothing() -> Result<()> {
    const AT_A_TIME: usize = 32;
    static OVER: AtomicBool = AtomicBool::new(false);
    let stack = stack::alone().await?;
    let (polite, rude) = (newcomer(&stack).await?, Client::new(&stack)?);
    // Somebody else who has not signed in either, and so has nothing but an address.
    let visitor = Client::new(&stack)?;
    let mut flood = JoinSet::new();
    for _ in 0..AT_A_TIME {
        let rude = rude.clone();
        flood.spawn(async move {
            let mut told = BTreeMap::new();
            while !OVER.load(Ordering::Relaxed) {
                let answer = rude.get("/api/orders").await?;
                *told.entry(answer.status).or_insert(0) += 1;
            }
            anyhow::Ok(told)
        });
    }
    let served = async {
        // The flood has used up what it may.
        until("a flood", GENEROUS, || async {
            let answer = rude.get("/api/orders").await.ok()?;
            (answer.status == StatusCode::TOO_MANY_REQUESTS).then_some(())
        })
        .await?;
        for placed in 1..=3 {
            order_one(&polite).await?;
            ensure!(orders(&polite).await? == placed, "an order is lost");
            ensure!(polite.session().await?["signed_in"] == true);
            let answer = visitor.get("/api/orders").await?;
            answer.expect(StatusCode::UNAUTHORIZED)?;
        }
        anyhow::Ok(())
    };
    let served = served.await;
    OVER.store(true, Ordering::Relaxed);
    let mut told = BTreeMap::new();
    for ended in flood.join_all().await {
        for (status, times) in ended? {
            *told.entry(status).or_insert(0) += times;
        }
    }
    served.context("while somebody else floods")?;
    let known = [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS];
    ensure!(told.keys().eq(&known), "{told:?}");
    ensure!(told[&known[1]] > told[&known[0]], "no flood: {told:?}");
    Ok(())
}

/// What a sign-in costs the limits, without costing anything else: the way back from identity, with nothing to show.
const CALLBACK: &str = "/api/session/callback";
/// How many of these one address has, and how long until it has all of them again.
const SIGN_INS: (usize, u64) = (120, 60);

/// Comes back from identity until the entry has had enough, at most `most` times; how often it had not.
async fn callbacks(client: &Client, entry: &reqwest::Url, most: usize) -> Result<usize> {
    let path = entry.join(CALLBACK)?;
    for nth in 0..most {
        match client.get(path.as_str()).await?.status {
            StatusCode::TOO_MANY_REQUESTS => return Ok(nth),
            // There is no sign-in under way.
            StatusCode::BAD_REQUEST => {}
            other => anyhow::bail!("callback {nth} is answered {other}"),
        }
    }
    Ok(most)
}

/// What came back to a quota since then.
fn regained(since: Instant) -> Result<usize> {
    let (burst, seconds) = (u64::try_from(SIGN_INS.0)?, SIGN_INS.1);
    Ok(usize::try_from(
        (since.elapsed().as_secs() + 1) * burst / seconds,
    )?)
}

#[tokio::test]
async fn replicas_count_sign_ins_together() -> Result<()> {
    let stack = stack::alone().await?;
    let twin = stack.twin("bff").await?;
    let (visitor, began) = (Client::new(&stack)?, Instant::now());
    let here = callbacks(&visitor, stack.public(), SIGN_INS.0 / 2).await?;
    let there = callbacks(&visitor, twin.public(), SIGN_INS.0 * 2).await?;
    let regained = regained(began)?;
    ensure!(
        here + there >= SIGN_INS.0 && here + there <= SIGN_INS.0 + regained,
        "{here} here and {there} there, {regained} came back meanwhile"
    );
    // Another address is another count.
    let other = callbacks(&Client::new(&stack)?, twin.public(), 1).await?;
    ensure!(other == 1, "another address has to wait");
    twin.kill().await
}

#[tokio::test]
async fn without_redis_nobody_is_signed_in_and_all_else_goes_on() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, redis) = (newcomer(&stack).await?, Part::Backing("redis"));
    let order = order_one(&customer).await?;
    let away = || answered(&stack, "away");
    let before = away().await?;
    stack.kill(&redis).await?;
    let meanwhile = async {
        let visitor = Client::new(&stack)?;
        for page in ["/", "/api/stores", "/register", "/oauth2/jwks"] {
            visitor.get(page).await?.expect(StatusCode::OK)?;
        }
        // The session that was found a moment ago is at hand until that moment is over.
        let (path, began) = (format!("/api/orders/{}", order.id), Instant::now());
        let answer = until("the end of the moment", GENEROUS, || async {
            let answer = customer.get(&path).await.ok()?;
            (answer.status != StatusCode::OK).then_some(answer)
        });
        told_to_come_again(&answer.await?);
        ensure!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
        // The limits of this replica hold, and nobody is refused because the shared ones are gone.
        let (stranger, began) = (Client::new(&stack)?, Instant::now());
        let count = callbacks(&stranger, stack.public(), SIGN_INS.0 * 2).await?;
        let most = SIGN_INS.0 + regained(began)?;
        ensure!(
            (SIGN_INS.0..=most).contains(&count),
            "{count} rather than {most}"
        );
        ensure!(away().await? > before, "no metric tells of it");
        anyhow::Ok(())
    };
    let meanwhile = meanwhile.await;
    stack.start(&redis).await?;
    meanwhile.context("without Redis")?;
    whole(&stack).await?;
    // Signed in still, or out; and whoever is out comes in again.
    let status = insist("an answer", PATIENCE, || async {
        let status = customer.get("/api/orders").await?.status;
        ensure!(!status.is_server_error(), "{status}");
        Ok(status)
    })
    .await?;
    ensure!(
        [StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&status),
        "{status}"
    );
    newcomer(&stack).await?;
    Ok(())
}

/// How often the shared count answered this.
async fn answered(target: &Target, outcome: &str) -> Result<u64> {
    let address = target.ops("bff")?.join("/metrics")?;
    let text = plain(target)?.get(address).send().await?.text().await?;
    let row = format!("crema_shared_limits_asked_total{{outcome=\"{outcome}\"}} ");
    let value = text.lines().find_map(|line| line.strip_prefix(&row));
    Ok(value.context(row.clone())?.parse()?)
}

#[tokio::test]
async fn without_identity_who_is_at_work_goes_on_and_others_are_told() -> Result<()> {
    let stack = stack::alone().await?;
    let (at_work, idle) = (newcomer(&stack).await?, newcomer(&stack).await?);
    order_one(&at_work).await?;
    stack.put_away("identity").await?;
    let link = fresh();
    let meanwhile = async {
        order_one(&at_work).await?;
        ensure!(orders(&at_work).await? == 2, "an order is lost");
        let began = Instant::now();
        told_to_come_again(&idle.get("/api/orders").await?);
        let visitor = Client::new(&stack)?;
        for path in ["/sign-in", &format!("/reset-password?token={link}")] {
            told_to_come_again(&visitor.get(path).await?);
        }
        ensure!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
        anyhow::Ok(())
    };
    let meanwhile = meanwhile.await;
    stack.bring_back("identity").await?;
    meanwhile.context("without identity")?;
    whole(&stack).await?;
    until("the others' turn", GENEROUS, || async {
        (orders(&idle).await.ok()? == 0).then_some(())
    })
    .await?;
    // What could not be passed on is not told to the log either.
    let link = Record {
        name: "a link's token".to_owned(),
        text: link,
    };
    let leaks = checker::search(&stack.all_logs()?, &[link]);
    ensure!(leaks.is_empty(), "{leaks:?}");
    Ok(())
}

#[tokio::test]
async fn a_frozen_service_is_cut_off_and_takes_an_order_once() -> Result<()> {
    let stack = stack::alone().await?;
    let (customer, frozen) = (newcomer(&stack).await?, Part::App("order".to_owned()));
    order_one(&customer).await?;
    let (wish, key) = (coffee(&menu(&customer).await?)?, fresh());
    stack.pause(&frozen).await?;
    let meanwhile = async {
        let began = Instant::now();
        let placing = customer.place_waiting(&wish, &key, None);
        let mut reading = JoinSet::new();
        for _ in 0..FAILURES {
            let customer = customer.clone();
            reading.spawn(async move { customer.get("/api/orders").await });
        }
        told_to_come_again(&placing.await?);
        for answer in reading.join_all().await {
            told_to_come_again(&answer?);
        }
        ensure!(began.elapsed() < DEADLINE, "{:?}", began.elapsed());
        let began = Instant::now();
        told_to_come_again(&customer.get("/api/orders").await?);
        ensure!(began.elapsed() < AT_ONCE, "it was asked once more");
        menu(&customer).await.map(drop)
    };
    let meanwhile = meanwhile.await;
    stack.resume(&frozen).await?;
    meanwhile.context("while order is frozen")?;
    // The breaker closes by itself, and the same key is the same order, whatever became of the first try.
    let placed = until("the order", GENEROUS, || async {
        let answer = customer.place(&wish, &key).await.ok()?;
        (answer.status == StatusCode::ACCEPTED).then_some(answer)
    })
    .await?;
    let again = customer.place(&wish, &key).await?;
    let again = again.expect(StatusCode::ACCEPTED)?.json()?;
    ensure!(again["id"] == placed.json()?["id"], "two orders of one key");
    ensure!(
        orders(&customer).await? == 2,
        "an order is lost, or there twice"
    );
    whole(&stack).await
}

#[tokio::test]
async fn live_views_are_for_our_own_pages_and_end_with_the_session() -> Result<()> {
    let stack = stack::shared().await?;
    let (customer, stranger) = (newcomer(&stack).await?, newcomer(&stack).await?);
    let order = order_one(&customer).await?;
    let path = format!("/api/orders/{}/events", order.id);
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
    ] {
        let (request, trace) = customer.request(&Method::GET, &path)?;
        let mut request = request.build()?;
        request.headers_mut().insert(name, value.parse()?);
        let answer = customer.execute(request, trace).await?;
        answer
            .expect(StatusCode::FORBIDDEN)
            .with_context(|| value.to_owned())?;
    }
    stranger.get(&path).await?.expect(StatusCode::NOT_FOUND)?;
    let nobody = Client::new(&stack)?.get(&path).await?;
    nobody.expect(StatusCode::UNAUTHORIZED)?;

    let mut page = customer.events(&path).await?;
    page.next(GENEROUS).await?;
    let signed_out = customer.sign_out().await?;
    signed_out.expect(StatusCode::NO_CONTENT)?;
    let ended = page.next(GENEROUS).await;
    ensure!(
        ended.is_err_and(|error| format!("{error:#}").contains("the stream ended")),
        "it goes on without a session"
    );
    let answer = customer.get(&path).await?;
    answer.expect(StatusCode::UNAUTHORIZED)?;
    Ok(())
}
