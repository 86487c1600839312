//! The running system: where it is, who may sign in, and how to hurt it.
//!
//! Invariant: no test knows a port, a file or a process; what differs between a laptop and a cluster is in here.

mod local;

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use anyhow::Result;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

pub use local::{Local, SecondSidecar, Started, Twin, root};

/// A role that a demo person has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Orders.
    Customer,
    /// Makes what was ordered, at both demo stores.
    Barista,
    /// Runs both demo stores.
    Manager,
    /// Runs the platform; works at no store.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Customer, Self::Barista, Self::Manager, Self::Admin];
}

/// What a person types to sign in.
#[derive(Clone, Deserialize)]
pub struct SignIn {
    /// The address.
    pub email: String,
    /// The password, generated when the system was first started.
    pub password: String,
}

impl fmt::Debug for SignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignIn")
            .field("email", &self.email)
            .finish_non_exhaustive()
    }
}

/// Something that runs, and that can be killed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A service, by its app id.
    App(String),
    /// The sidecar of a service.
    Sidecar(String),
    /// What the services stand on: `postgres`, `redis`, `kafka`, `vault`, `sentry`.
    Backing(&'static str),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::App(app) => f.write_str(app),
            Self::Sidecar(app) => write!(f, "{app}'s sidecar"),
            Self::Backing(part) => f.write_str(part),
        }
    }
}

/// A sidecar's HTTP interface, and the token that opens it.
#[derive(Clone)]
pub struct Sidecar {
    /// Where.
    pub url: Url,
    /// What its own app sends as `dapr-api-token`.
    pub token: String,
    /// Its interface by gRPC.
    pub grpc: Url,
    /// Where the other sidecars reach it, by TLS alone.
    pub internal: Url,
    /// Where it tells of itself in numbers.
    pub metrics: Url,
}

/// How a sidecar says who it is.
#[derive(Clone, Copy, Debug)]
pub enum Proof<'p> {
    /// It shows sentry this.
    Token(&'p str),
    /// It asks sentry without a token.
    Nothing,
    /// It asks nobody, and speaks without encryption.
    WithoutTls,
}

/// A service's listener behind its sidecar, and the token that only that sidecar should have.
#[derive(Clone)]
pub struct Listener {
    /// Where.
    pub url: Url,
    /// What its own sidecar sends as `dapr-api-token`.
    pub token: String,
}

/// What a file of the system has in it: a log, or a secret.
#[derive(Clone)]
pub struct Record {
    /// Whose it is: a file's name for a log, a place for a secret.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// The payment provider as a merchant reaches it: a party outside of the system.
#[derive(Clone)]
pub struct Provider {
    /// Its public interface.
    pub url: Url,
}

/// The system under test. A further place to run it at is a further variant.
pub enum Target {
    /// Started by `./run.sh` on this machine.
    Local(Local),
}

impl Target {
    /// The system that `./run.sh` started, as `CREMA_STATE` and `CREMA_PORT_BASE` name it.
    pub fn local() -> Result<Self> {
        Local::from_environment().map(Self::Local)
    }

    /// The public address, which is the issuer too.
    #[must_use]
    pub fn public(&self) -> &Url {
        match self {
            Self::Local(local) => local.public(),
        }
    }

    /// The certificate authority of the public address, as PEM.
    #[must_use]
    pub fn ca(&self) -> &[u8] {
        match self {
            Self::Local(local) => local.ca(),
        }
    }

    /// How the demo person of a role signs in.
    pub fn sign_in(&self, role: Role) -> Result<&SignIn> {
        match self {
            Self::Local(local) => local.sign_in(role),
        }
    }

    /// The app ids of all services.
    #[must_use]
    pub fn apps(&self) -> Vec<&str> {
        match self {
            Self::Local(local) => local.apps(),
        }
    }

    /// Where a service tells of itself: `/healthz`, `/readyz`, `/metrics`, `/routes`.
    pub fn ops(&self, app: &str) -> Result<Url> {
        match self {
            Self::Local(local) => local.ops(app),
        }
    }

    /// Where a service listens to its sidecar.
    pub fn listener(&self, app: &str) -> Result<Listener> {
        match self {
            Self::Local(local) => local.listener(app),
        }
    }

    /// A service's sidecar.
    pub fn sidecar(&self, app: &str) -> Result<Sidecar> {
        match self {
            Self::Local(local) => local.sidecar(app),
        }
    }

    /// Names the running instance of a part; another one after a restart, nothing while it is down.
    #[must_use]
    pub fn instance(&self, part: &Part) -> Option<String> {
        match self {
            Self::Local(local) => local.instance(part),
        }
    }

    /// Ends a part as a crash does: it has no chance to tidy up.
    pub async fn kill(&self, part: &Part) -> Result<()> {
        match self {
            Self::Local(local) => local.kill(part).await,
        }
    }

    /// Ends a service, and keeps it from coming back.
    pub async fn put_away(&self, app: &str) -> Result<()> {
        match self {
            Self::Local(local) => local.put_away(app).await,
        }
    }

    /// Lets a service come back that was put away.
    pub async fn bring_back(&self, app: &str) -> Result<()> {
        match self {
            Self::Local(local) => local.bring_back(app).await,
        }
    }

    /// Ends a part as the loss of its machine does: what it kept is gone too.
    pub async fn lose(&self, part: &Part) -> Result<()> {
        match self {
            Self::Local(local) => local.lose(part).await,
        }
    }

    /// Brings back a part that nothing else brings back, and returns when it takes requests. A vault comes back sealed.
    pub async fn start(&self, part: &Part) -> Result<()> {
        match self {
            Self::Local(local) => local.start(part).await,
        }
    }

    /// Opens a sealed vault.
    pub async fn unseal(&self) -> Result<()> {
        match self {
            Self::Local(local) => local.unseal().await,
        }
    }

    /// Rotates secrets as an operator does: `signing`, or `tokens`, or some of `session`, `quotes`, `clients`, `webhook`, `database`.
    pub async fn rotate(&self, what: &[&str]) -> Result<()> {
        match self {
            Self::Local(local) => local.rotate(what).await,
        }
    }

    /// What a part wrote to its log.
    pub fn logs(&self, part: &Part) -> Result<String> {
        match self {
            Self::Local(local) => local.logs(part),
        }
    }

    /// Every message of a topic since its beginning, read by Kafka's own consumer, past Dapr and our services.
    pub async fn messages(&self, topic: &str) -> Result<Vec<Value>> {
        self.messages_of(&[topic.to_owned()]).await
    }

    /// Every message of several topics; those of one subject in the order that they were published in.
    pub async fn messages_of(&self, topics: &[String]) -> Result<Vec<Value>> {
        match self {
            Self::Local(local) => local.messages(topics).await,
        }
    }

    /// All that was ever published, to whatever topic, as text: headers, keys and messages, a line for each.
    pub async fn published(&self) -> Result<String> {
        match self {
            Self::Local(local) => local.published().await,
        }
    }

    /// Every column of every table of every service, each with all its values.
    pub async fn columns(&self) -> Result<Vec<Record>> {
        match self {
            Self::Local(local) => local.columns().await,
        }
    }

    /// Everything in the cache behind the state stores as text: keys and values.
    pub async fn cached(&self) -> Result<String> {
        match self {
            Self::Local(local) => local.cached().await,
        }
    }

    /// Lets an app read a topic again from its beginning, and returns when it has.
    pub async fn replay(&self, app: &str, topic: &str) -> Result<()> {
        match self {
            Self::Local(local) => local.replay(app, topic).await,
        }
    }

    /// Names another identity provider by which people may sign in, as its operator does.
    pub async fn name_provider(&self, name: &str, description: &Value) -> Result<()> {
        match self {
            Self::Local(local) => local.name_provider(name, description).await,
        }
    }

    /// Takes that back.
    pub async fn forget_provider(&self, name: &str) -> Result<()> {
        match self {
            Self::Local(local) => local.forget_provider(name).await,
        }
    }

    /// The payment provider.
    pub fn provider(&self) -> Result<Provider> {
        match self {
            Self::Local(local) => local.provider(),
        }
    }

    /// Stops a part without ending it, as a machine does that is out of memory; it notices nothing.
    pub async fn pause(&self, part: &Part) -> Result<()> {
        match self {
            Self::Local(local) => local.pause(part).await,
        }
    }

    /// Lets a paused part go on where it stopped.
    pub async fn resume(&self, part: &Part) -> Result<()> {
        match self {
            Self::Local(local) => local.resume(part).await,
        }
    }

    /// A second process of a service, beside the first and with the same sidecar; it ends when this is dropped.
    pub async fn twin(&self, app: &str) -> Result<Twin> {
        self.twin_traced(app, None).await
    }

    /// The same, handing its traces to a collector.
    pub async fn twin_traced(&self, app: &str, collector: Option<&Url>) -> Result<Twin> {
        match self {
            Self::Local(local) => local.twin(app, collector).await,
        }
    }

    /// A second sidecar, without components, that says it is this app's; it ends when this is dropped.
    pub fn second_sidecar(&self, claims: &str, proof: Proof<'_>) -> Result<SecondSidecar> {
        match self {
            Self::Local(local) => local.second_sidecar(claims, proof, None),
        }
    }

    /// The same, handing its traces, all of them, to a collector.
    pub fn second_sidecar_traced(
        &self,
        claims: &str,
        proof: Proof<'_>,
        collector: &Url,
    ) -> Result<SecondSidecar> {
        match self {
            Self::Local(local) => local.second_sidecar(claims, proof, Some(collector)),
        }
    }

    /// What the sidecar of an app shows to sentry.
    pub fn sentry_token(&self, app: &str) -> Result<String> {
        match self {
            Self::Local(local) => local.sentry_token(app),
        }
    }

    /// Every address that a part of the system listens at, with the part's name.
    pub fn listening(&self) -> Result<Vec<(String, SocketAddr)>> {
        match self {
            Self::Local(local) => local.listening(),
        }
    }

    /// Every secret in the vault: whose it is, and its name.
    pub fn places(&self) -> Result<Vec<(String, String)>> {
        match self {
            Self::Local(local) => local.places(),
        }
    }

    /// The rows that a query of a service's database gives, as JSON; the operator asks, not the service.
    pub async fn rows(&self, app: &str, query: &str) -> Result<Vec<Value>> {
        match self {
            Self::Local(local) => local.rows(app, query).await,
        }
    }

    /// Runs a statement in a service's database, as an operator might who makes a mistake.
    pub async fn execute(&self, app: &str, statement: &str) -> Result<()> {
        match self {
            Self::Local(local) => local.sql(app, statement).await.map(drop),
        }
    }

    /// The mail that came for an address, oldest first, as the mail server shows it; each has its `subject` and `html`.
    pub async fn mail(&self, address: &str) -> Result<Vec<Value>> {
        match self {
            Self::Local(local) => local.mail(address).await,
        }
    }

    /// The payment provider's own books, oldest line first.
    pub fn books(&self) -> Result<Vec<Value>> {
        match self {
            Self::Local(local) => local.books(),
        }
    }

    /// All logs of the system.
    pub fn all_logs(&self) -> Result<Vec<Record>> {
        match self {
            Self::Local(local) => local.all_logs(),
        }
    }

    /// Every secret that the system was given in a file.
    pub fn secrets(&self) -> Result<Vec<Record>> {
        match self {
            Self::Local(local) => local.secrets(),
        }
    }

    /// The topics that services publish to.
    pub fn topics(&self) -> Result<Vec<String>> {
        match self {
            Self::Local(_) => local::topics(),
        }
    }

    /// Where clients of this system write down what they asked for.
    #[must_use]
    pub fn history(&self) -> &Path {
        match self {
            Self::Local(local) => local.history(),
        }
    }
}
