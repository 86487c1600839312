//! Where canaries come from: somebody registers, signs in, sets up a second step and pays by card.
//!
//! Invariant: a canary is at least twenty letters that nobody else uses, so that finding it is no chance.

use anyhow::{Context as _, Result, ensure};
use aws_lc_rs::hmac;
use e2e::client::fresh;
use e2e::order::coffee;
use e2e::patience::until;
use e2e::target::Record;
use e2e::{Answer, Client, SignIn, Target};
use reqwest::StatusCode;
use reqwest::header::{LOCATION, SET_COOKIE};
use url::Url;

use crate::shop::{by_card, outcome, place_at_once};
use crate::stack::{GENEROUS, menu, word};
use crate::tokens::Person;

/// The canary that is her address.
pub const ADDRESS: &str = "an e-mail address";
/// The canary that is her name.
pub const NAME: &str = "a name";
/// How the secret of an authenticator app is written.
const BASE32: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Somebody who has left canaries everywhere.
pub struct Planted {
    /// Her browser.
    pub browser: Client,
    /// How she signs in.
    pub person: SignIn,
    /// Her token for the BFF, and for order.
    pub tokens: [String; 2],
    /// What is looked for.
    pub canaries: Vec<Record>,
}

/// The answer to a registration under this name, by a browser that is not needed any more.
pub async fn registered_as(target: &Target, name: &str) -> Result<Answer> {
    let person = SignIn {
        email: format!("{}@crema.example", fresh()),
        password: fresh(),
    };
    register(&Client::new(target)?, target, name, &person).await
}

async fn register(
    browser: &Client,
    target: &Target,
    name: &str,
    person: &SignIn,
) -> Result<Answer> {
    let page = target.public().join("/register")?;
    let form = browser.get(page.as_str()).await?;
    let fields = [
        ("name", name),
        ("email", &person.email),
        ("password", &person.password),
    ];
    Ok(browser.fill(&page, form, &["name"], &fields).await?.1)
}

impl Planted {
    /// A newcomer, and all that she types and is given.
    pub async fn by_a_newcomer(target: &Target) -> Result<Self> {
        let (browser, local, name) = (Client::new(target)?, fresh(), format!("Zoë {}", fresh()));
        let person = SignIn {
            email: format!("{local}@crema.example"),
            password: fresh(),
        };
        let done = register(&browser, target, &name, &person).await?;
        done.expect(StatusCode::SEE_OTHER)?;
        let mut canaries = vec![
            record(ADDRESS, &local),
            record(NAME, &name),
            record("a password", &person.password),
            record("a link's token", &link_token(target, &person).await?),
        ];
        canaries.extend(signing_in(&browser, target, &person).await?);
        let signed_in = Person::of(target, &browser).await?;
        let tokens = [signed_in.at_bff().to_owned(), signed_in.at("order").await?];
        for token in &tokens {
            canaries.push(record("an access token", token));
        }
        canaries.push(record("a refresh token", signed_in.refresh()));
        canaries.push(pay(&browser).await?);
        canaries.extend(second_step(&browser, target, &person).await?);
        for Record { name, text } in &canaries {
            ensure!(text.len() >= 10, "{name} is short: {}", text.len());
        }
        Ok(Self {
            browser,
            person,
            tokens,
            canaries,
        })
    }
}

pub fn record(name: &str, text: &str) -> Record {
    Record {
        name: name.to_owned(),
        text: text.to_owned(),
    }
}

/// The token of the link by which she confirms her address.
async fn link_token(target: &Target, person: &SignIn) -> Result<String> {
    let mail = until("her mail", GENEROUS, || async {
        target.mail(&person.email).await.ok()?.pop()
    })
    .await?;
    let html = word(&mail, "html");
    let link = html.split("token=").nth(1).context("a link")?;
    let token = link.split(|c: char| !(c.is_ascii_alphanumeric() || "-_".contains(c)));
    Ok(token.into_iter().next().unwrap_or_default().to_owned())
}

/// Signs in step by step: every cookie, and what every redirect carries.
async fn signing_in(browser: &Client, target: &Target, person: &SignIn) -> Result<Vec<Record>> {
    let mut canaries = Vec::new();
    for answer in browser.walk_in(person).await? {
        for cookie in answer.headers.get_all(SET_COOKIE) {
            let (name, value) = cookie.to_str()?.split_once('=').context("a cookie")?;
            let value = value.split(';').next().unwrap_or_default();
            // One that is taken away is empty.
            if !value.is_empty() {
                canaries.push(record(&format!("the cookie {name}"), value));
            }
        }
        canaries.extend(carried(&target.public().join(answer.header(LOCATION))?));
    }
    for name in [
        "the cookie __Host-crema",
        "the cookie __Host-crema-id",
        "code",
    ] {
        let there = canaries.iter().any(|canary| canary.name == name);
        ensure!(there, "signing in shows no {name}");
    }
    Ok(canaries)
}

/// What an address carries that only the two ends should know.
fn carried(address: &Url) -> Vec<Record> {
    let secret = ["code", "state", "nonce", "code_challenge"];
    let pairs = address.query_pairs();
    let pairs = pairs.filter(|(name, _)| secret.contains(&&**name));
    pairs.map(|(name, value)| record(&name, &value)).collect()
}

/// Orders with a card that no bank knows.
async fn pay(browser: &Client) -> Result<Record> {
    let card = format!("tok_{}", fresh());
    let wish = by_card(coffee(&menu(browser).await?)?, &card);
    let order = place_at_once(browser, &wish).await?;
    let order = outcome(browser, &order.id).await?;
    ensure!(order.checkout == "cancelled", "{order:?}");
    Ok(record("the token of a card", &card))
}

/// Sets up an authenticator app, and signs in with a wrong code and then with one of the recovery codes.
async fn second_step(browser: &Client, target: &Target, person: &SignIn) -> Result<Vec<Record>> {
    let public = target.public();
    let security = public.join("/account/security")?;
    let page = browser.get(security.as_str()).await?;
    let (_, answer) = browser.fill(&security, page, &[], &[]).await?;
    answer.expect(StatusCode::SEE_OTHER)?;
    let set_up = public.join("/account/security/set-up")?;
    let page = browser.get(set_up.as_str()).await?;
    let shown = between(&page.body, "aria-labelledby=\"secret-label\">", "<");
    let secret = shown.context("no secret is shown")?.replace(' ', "");
    let code = totp(&secret)?;
    let (_, page) = browser
        .fill(&set_up, page, &["code"], &[("code", &code)])
        .await?;
    let page = page.expect(StatusCode::OK)?;
    let codes: Vec<_> = page.body.split("<li><code>").skip(1).collect();
    let codes: Vec<_> = codes
        .iter()
        .filter_map(|rest| rest.split('<').next())
        .collect();

    let other = Client::new(target)?;
    let door = public.join("/sign-in")?;
    let form = other.get(door.as_str()).await?;
    let fields = [
        ("email", person.email.as_str()),
        ("password", &person.password),
    ];
    other.fill(&door, form, &["password"], &fields).await?;
    let door = public.join("/sign-in/code")?;
    let wrong = fresh();
    let form = other.get(door.as_str()).await?;
    let (_, form) = other
        .fill(&door, form, &["code"], &[("code", &wrong)])
        .await?;
    ensure!(!form.status.is_redirection(), "{form:?}");
    let form = Answer {
        status: StatusCode::OK,
        ..form
    };
    let used = codes.first().context("no recovery codes")?;
    let (_, done) = other
        .fill(&door, form, &["code"], &[("code", used)])
        .await?;
    done.expect(StatusCode::SEE_OTHER)?;
    let mut canaries = vec![
        record("the secret of an authenticator", &secret),
        record("a wrong code", &wrong),
    ];
    canaries.extend(codes.iter().map(|code| record("a recovery code", code)));
    Ok(canaries)
}

fn between<'t>(text: &'t str, before: &str, after: &str) -> Option<&'t str> {
    text.split_once(before)?.1.split(after).next()
}

/// What an authenticator app shows now (RFC 6238).
fn totp(secret: &str) -> Result<String> {
    let (mut key, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for letter in secret.bytes() {
        let value = BASE32.iter().position(|known| *known == letter);
        bits = (bits << 5) | u32::try_from(value.context("no base32")?)?;
        count += 5;
        if count >= 8 {
            count -= 8;
            key.push(u8::try_from((bits >> count) & 0xff)?);
        }
    }
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let step = now.as_secs() / 30;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[19] & 0xf);
    let word = u32::from_be_bytes([tag[at] & 0x7f, tag[at + 1], tag[at + 2], tag[at + 3]]);
    Ok(format!("{:06}", word % 1_000_000))
}
