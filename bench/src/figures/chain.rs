//! A chain of 200 stores and 10,000 products: searching in it and reading its menus, beside the same statements alone.
//!
//! Invariant: a store sells 500 of the products, because a menu has to pass a sidecar's mebibyte; what is looked for is
//! looked for among all of them. Services and statements work on the same rows of the same database.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use dapr_kit::{Secrets, Tokens};
use e2e::order::list;
use e2e::{Client, Part, Target};
use http::Method;
use reqwest::StatusCode;
use url::Url;

use super::memory::megabytes;
use super::{LATENCY_LEG, cpu_row, half_of, latency_row, rate};
use crate::bare::dapr;
use crate::contest::{Contestant, Way, capacity, latency, median};
use crate::controls::{BARE, Controls};
use crate::http_call::Call;
use crate::load::Caller as _;
use crate::pgbench::{Pgbench, Programs};
use crate::processes::resident;
use crate::report::{Goal, Report, Row, note};
use crate::stack::{POSTGRES, Root, pid};

/// All rows of the chain.
const CHAIN: &str = include_str!("../../sql/chain.sql");
/// The statements of one search.
const SEARCH: &str = include_str!("../../sql/search.sql");
/// The statements of one menu.
const MENU: &str = include_str!("../../sql/menu.sql");
/// Where they are.
const DATABASE: &str = "db-catalog";
const STORES: usize = 200;
const PRODUCTS: usize = 500;
/// As `SEARCH` has it: nothing is called quite like that.
const WORDS: &str = "hazlenut%20capuccino";
/// What another name of one product does: every store's menu has to be read anew.
const CHANGE: &str = "UPDATE products SET description = description || '.' WHERE position = 1000";
/// Rounds of reading every menu anew.
const ROUNDS: usize = 3;
const CONNECTIONS: usize = 16;
const LEG: Duration = Duration::from_secs(3);

/// Opens the chain's stores.
pub async fn open(programs: &Programs) -> Result<()> {
    note("chain: 200 stores, 10,000 products");
    programs.query(DATABASE, &[], CHAIN).await.map(drop)
}

/// A menu of one of its stores, as the catalog writes it.
pub async fn menu(target: &Target) -> Result<String> {
    let path = format!("/api/stores/{}/menu", store(1));
    let answer = Client::new(target)?.get(&path).await?;
    let answer = answer.expect(StatusCode::OK)?;
    let menu = answer.json()?;
    let products = list(&menu["categories"])
        .iter()
        .map(|category| list(&category["products"]).len())
        .sum::<usize>();
    ensure!(products == PRODUCTS, "a menu of {products} products");
    Ok(answer.body)
}

fn store(nth: usize) -> String {
    format!("0190a000-0001-7000-8000-{nth:012}")
}

/// The catalog as the BFF's sidecar reaches it.
struct Door {
    url: Url,
    token: String,
    bearer: String,
}

impl Door {
    async fn of(target: &Target) -> Result<Self> {
        let caller = target.sidecar("bff")?;
        let dapr = dapr(&caller)?;
        let client = Secrets::watch(dapr.clone(), "secretstore", "client").await?;
        let tokens = Tokens::new(dapr, "identity", client);
        let token = tokens.for_self("catalog").await?;
        Ok(Self {
            url: caller.url,
            token: caller.token,
            bearer: format!("Bearer {}", token.expose()),
        })
    }

    fn url(&self, app: &str, path: &str) -> Result<Url> {
        let path = format!("/v1.0/invoke/{app}/method{path}");
        Ok(self.url.join(&path)?)
    }

    /// A call of every store in turn.
    fn each(&self, path: impl Fn(&str) -> String) -> Result<Call> {
        let mut call = self.call("catalog", &path(&store(1)))?;
        for nth in 2..=STORES {
            call = call.also(&self.url("catalog", &path(&store(nth)))?)?;
        }
        Ok(call)
    }

    fn call(&self, app: &str, path: &str) -> Result<Call> {
        Call::new(Method::GET, &self.url(app, path)?, "".into())?
            .header("dapr-api-token", &self.token)?
            .header("authorization", &self.bearer)
    }
}

/// Measures it.
pub async fn measure(
    target: &Target,
    controls: &Controls,
    programs: &Programs,
    report: &mut Report,
) -> Result<()> {
    let door = Door::of(target).await?;
    let search = door.each(|store| format!("/v1/stores/{store}/search?q={WORDS}"))?;
    let menus = door.each(|store| format!("/v1/stores/{store}/menu"))?;
    anew(target, programs, &menus, report).await?;
    let roots = vec![
        Root::of(target, "sidecars", &Part::Sidecar("bff".into()))?,
        Root::of(target, "sidecars", &Part::Sidecar("catalog".into()))?,
        Root::of(target, "catalog", &Part::App("catalog".into()))?,
        Root::of(target, POSTGRES, &Part::Backing("postgres"))?,
    ];
    let hop = Contestant {
        name: "bare, a menu's bytes",
        way: Way::Http(door.call(BARE, "/menu")?),
        roots: controls.hop_roots.clone(),
    };
    for (figure, name, call, script) in [
        ("search of 10,000 products", "search", search, SEARCH),
        ("menus of 200 stores in turn", "menus", menus, MENU),
    ] {
        let ours = Contestant {
            name,
            way: Way::Http(call),
            roots: roots.clone(),
        };
        let alone = Contestant {
            name: "the same statements",
            way: Way::Sql(Pgbench::of(programs.clone(), DATABASE, script)),
            roots: vec![Root::of(target, POSTGRES, &Part::Backing("postgres"))?],
        };
        let outcome = capacity(name, &[&ours, &alone, &hop], CONNECTIONS, LEG).await?;
        let [us, sql, bytes] = [0, 1, 2].map(|nth| rate(outcome.standings[nth].per_second));
        report.rows([
            Row::ratio(
                &format!("{figure} / the same statements alone"),
                [us.clone(), sql],
                outcome.ratios[0],
                Goal::None,
            ),
            cpu_row("… processor time per request", &outcome, 1),
            Row::ratio(
                "… / bare handler of a menu's bytes, both behind two sidecars",
                [us, bytes],
                outcome.ratios[1],
                Goal::None,
            ),
        ]);
        let at = half_of(outcome.standings[0].per_second);
        let latencies = latency(name, [&ours, &hop], CONNECTIONS, at, LATENCY_LEG).await?;
        report.rows([latency_row("… beside those bytes", at, &latencies)]);
        let (kept, made) = outcome.rounds;
        report.remark(format!(
            "{figure}: {CONNECTIONS} connections to the BFF's sidecar; {kept} of {made} rounds counted."
        ));
    }
    Ok(())
}

/// Every menu after a change that reaches all of them, beside reading as many with the statements alone; and what they
/// hold of the catalog's memory.
async fn anew(
    target: &Target,
    programs: &Programs,
    menus: &Call,
    report: &mut Report,
) -> Result<()> {
    let catalog = pid(target, &Part::App("catalog".into()))?;
    let before = megabytes(resident(catalog)?)?;
    let mut caller = menus.callers(1).await?.pop().context("a caller")?;
    let script = Pgbench::of(programs.clone(), DATABASE, MENU);
    let (mut ours, mut alone) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        programs.query(DATABASE, &[], CHANGE).await?;
        // Until nobody relies on a version that was looked at before the change.
        tokio::time::sleep(Duration::from_millis(1_100)).await;
        let began = Instant::now();
        for _ in 0..STORES {
            caller.call().await?;
        }
        ours.push(began.elapsed().as_secs_f64() * 1e3 / 200.0);
        alone.push(1e3 / script.run(1, LEG).await?.per_second);
    }
    let [ours, alone] = [ours, alone].map(|times| median(times.into_iter()));
    report.rows([
        Row::ratio(
            "a menu read anew, one after the other / the same statements alone",
            [format!("{ours:.1} ms"), format!("{alone:.1} ms")],
            ours / alone,
            Goal::None,
        ),
        Row::alone(
            "… memory of the catalog for 200 menus",
            megabytes(resident(catalog)?)? - before,
            " MB",
            Goal::None,
        ),
    ]);
    Ok(())
}
