//! The handle to one sidecar: secrets, state and publishing over gRPC.
//!
//! Every call carries the sidecar's API token and a deadline; a broken channel reconnects by itself.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use dapr::client::ApiTokenInterceptor;
use dapr::dapr::proto::common::v1::state_options::StateConcurrency;
use dapr::dapr::proto::common::v1::{Etag, StateItem, StateOptions};
use dapr::dapr::proto::runtime::v1::dapr_client::DaprClient;
use dapr::dapr::proto::runtime::v1::{
    BulkPublishRequest, BulkPublishRequestEntry, DeleteStateRequest,
    ExecuteStateTransactionRequest, GetSecretRequest, GetStateRequest, SaveStateRequest,
    TransactionalStateOperation,
};
use secrecy::{ExposeSecret as _, SecretString};
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use url::Url;

use crate::breaker::Breakers;
use crate::secrets::Secret;

/// How long one call to the sidecar's own API may take.
const DEADLINE: Duration = Duration::from_secs(5);

/// Where the sidecar listens and what it wants to see.
#[derive(Clone, Debug)]
pub struct DaprConfig {
    /// Base of the HTTP API, such as `http://127.0.0.1:20402`.
    pub http: Url,
    /// Base of the gRPC API, such as `http://127.0.0.1:20403`.
    pub grpc: Url,
    /// The sidecar's API token; without it the sidecar answers 401.
    pub api_token: Option<SecretString>,
}

/// A call to the sidecar's own API that failed.
#[derive(Debug, thiserror::Error)]
pub enum DaprError {
    /// The configuration can't be used: an address, or a token that is no header value.
    #[error("the sidecar's configuration is unusable: {0}")]
    Config(String),
    /// The sidecar refused, or could not be reached.
    #[error("the sidecar answered {code} to {call}: {message}")]
    Call {
        /// What was asked of it.
        call: &'static str,
        /// The gRPC status code.
        code: tonic::Code,
        /// The sidecar's own words.
        message: String,
    },
}

/// One event, ready to be published as it stands.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// Names the entry within its batch.
    pub id: String,
    /// The Kafka key: entries of one key keep their order.
    pub key: String,
    /// A whole CloudEvent in JSON.
    pub event: Vec<u8>,
}

/// A value of the state store with the tag that names this version of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned {
    /// The value.
    pub value: Vec<u8>,
    /// Its tag.
    pub etag: String,
}

type Grpc = DaprClient<InterceptedService<Channel, ApiTokenInterceptor>>;

/// One sidecar. Cheap to clone.
#[derive(Clone)]
pub struct Dapr {
    pub(crate) http: reqwest::Client,
    pub(crate) base: Url,
    pub(crate) api_token: Option<SecretString>,
    pub(crate) breakers: Arc<Breakers>,
    grpc: Grpc,
}

impl Dapr {
    /// Prepares the handle. Nothing is sent yet: the sidecar may still be starting.
    pub fn connect(config: &DaprConfig) -> Result<Self, DaprError> {
        let token = config
            .api_token
            .as_ref()
            .map(|token| token.expose_secret().to_owned());
        let interceptor = ApiTokenInterceptor::try_new(token)
            .map_err(|_| DaprError::Config("the API token is no valid header value".into()))?;
        let channel = Endpoint::from_shared(config.grpc.to_string())
            .map_err(|error| DaprError::Config(error.to_string()))?
            .connect_timeout(Duration::from_secs(1))
            .timeout(DEADLINE)
            .connect_lazy();
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(1))
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| DaprError::Config(error.to_string()))?;
        Ok(Self {
            http,
            base: config.http.clone(),
            api_token: config.api_token.clone(),
            breakers: Arc::default(),
            grpc: DaprClient::with_interceptor(channel, interceptor),
        })
    }

    /// Whether the sidecar has loaded its components and can send for its application.
    pub async fn ready(&self) -> bool {
        let Ok(url) = self.base.join("/v1.0/healthz/outbound") else {
            return false;
        };
        let answer = self
            .http
            .get(url)
            .timeout(Duration::from_secs(1))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status().is_success())
    }

    /// Publishes a batch of CloudEvents. On an error any of them may have arrived all the same: send
    /// the whole batch again, consumers drop what they have seen.
    pub async fn publish_bulk(
        &self,
        pubsub: &str,
        topic: &str,
        events: &[Envelope],
    ) -> Result<(), DaprError> {
        let entries = events
            .iter()
            .map(|envelope| BulkPublishRequestEntry {
                entry_id: envelope.id.clone(),
                event: envelope.event.clone(),
                content_type: "application/cloudevents+json".into(),
                metadata: HashMap::from([("partitionKey".into(), envelope.key.clone())]),
            })
            .collect();
        let reply = self
            .grpc
            .clone()
            .bulk_publish_event(BulkPublishRequest {
                pubsub_name: pubsub.into(),
                topic: topic.into(),
                entries,
                metadata: HashMap::new(),
            })
            .await
            .map_err(|status| refused("publish", &status))?
            .into_inner();
        match reply.failed_entries.first() {
            None => Ok(()),
            Some(entry) => Err(DaprError::Call {
                call: "publish",
                code: tonic::Code::Unavailable,
                message: entry.error.clone(),
            }),
        }
    }

    /// Reads one secret, a flat map of strings, from `store`.
    pub async fn secret(&self, store: &str, key: &str) -> Result<Secret, DaprError> {
        let reply = self
            .grpc
            .clone()
            .get_secret(GetSecretRequest {
                store_name: store.into(),
                key: key.into(),
                metadata: HashMap::new(),
            })
            .await
            .map_err(|status| refused("secret", &status))?;
        Ok(Secret::new(key, reply.into_inner().data))
    }

    /// The value under `key`, or nothing.
    pub async fn state_get(&self, store: &str, key: &str) -> Result<Option<Vec<u8>>, DaprError> {
        let reply = self
            .grpc
            .clone()
            .get_state(GetStateRequest {
                store_name: store.into(),
                key: key.into(),
                ..Default::default()
            })
            .await
            .map_err(|status| refused("state get", &status))?;
        let value = reply.into_inner().data;
        Ok((!value.is_empty()).then_some(value))
    }

    /// Saves `value` under `key`, to vanish after `ttl` (whole seconds, at least one).
    pub async fn state_save(
        &self,
        store: &str,
        key: &str,
        value: Vec<u8>,
        ttl: Duration,
    ) -> Result<(), DaprError> {
        let ttl = ttl.as_secs().max(1).to_string();
        let item = StateItem {
            key: key.into(),
            value,
            metadata: HashMap::from([("ttlInSeconds".into(), ttl)]),
            ..Default::default()
        };
        self.grpc
            .clone()
            .save_state(SaveStateRequest {
                store_name: store.into(),
                states: vec![item],
            })
            .await
            .map_err(|status| refused("state save", &status))?;
        Ok(())
    }

    /// The value under `key` with its tag, or nothing.
    pub async fn state_version(
        &self,
        store: &str,
        key: &str,
    ) -> Result<Option<Versioned>, DaprError> {
        let reply = self
            .grpc
            .clone()
            .get_state(GetStateRequest {
                store_name: store.into(),
                key: key.into(),
                ..Default::default()
            })
            .await
            .map_err(|status| refused("state get", &status))?
            .into_inner();
        Ok((!reply.data.is_empty()).then_some(Versioned {
            value: reply.data,
            etag: reply.etag,
        }))
    }

    /// Saves `value` under `key` if what is there still has the tag `etag`, or, without one, if nothing is there; says
    /// whether it did. It vanishes after `ttl`, if there is one. Redis that is away looks like another's write here, and
    /// so does PostgreSQL that is away to a first write: whoever goes on reads first, which tells.
    pub async fn state_replace(
        &self,
        store: &str,
        key: &str,
        value: Vec<u8>,
        etag: Option<&str>,
        ttl: impl Into<Option<Duration>>,
    ) -> Result<bool, DaprError> {
        let item = guarded(key, value, etag, ttl.into());
        let saved = self
            .grpc
            .clone()
            .save_state(SaveStateRequest {
                store_name: store.into(),
                states: vec![item],
            })
            .await;
        match saved {
            Ok(_) => Ok(true),
            Err(status) if status.code() == tonic::Code::Aborted => Ok(false),
            // What exists already is told so when it was to be new.
            Err(status) if etag.is_none() && status.code() == tonic::Code::Internal => Ok(false),
            Err(status) => Err(refused("state save", &status)),
        }
    }

    /// Deletes `key` if what is there still has the tag `etag`; says whether it did. An empty tag is none to
    /// the sidecar. Only for a store that tells an absent key from a stale tag: Redis does not.
    pub async fn state_remove(
        &self,
        store: &str,
        key: &str,
        etag: &str,
    ) -> Result<bool, DaprError> {
        let removed = self
            .grpc
            .clone()
            .delete_state(DeleteStateRequest {
                store_name: store.into(),
                key: key.into(),
                etag: Some(Etag { value: etag.into() }),
                ..Default::default()
            })
            .await;
        match removed {
            Ok(_) => Ok(true),
            Err(status) if status.code() == tonic::Code::Aborted => Ok(false),
            Err(status) => Err(refused("state delete", &status)),
        }
    }

    /// Saves a value as [`Dapr::state_replace`] does and deletes another, both or neither; says whether it did. Only for
    /// a store whose transactions are some: Redis writes the rest of one that fails. The sidecar answers a stale tag
    /// here like any failure, so false may mean that the store is away: whoever goes on reads first.
    pub async fn state_move(
        &self,
        store: &str,
        (gone, gone_etag): (&str, &str),
        (key, value): (&str, Vec<u8>),
        etag: Option<&str>,
        ttl: impl Into<Option<Duration>>,
    ) -> Result<bool, DaprError> {
        let operation = |kind: &str, item| TransactionalStateOperation {
            operation_type: kind.into(),
            request: Some(item),
        };
        let deleted = StateItem {
            key: gone.into(),
            etag: Some(Etag {
                value: gone_etag.into(),
            }),
            ..Default::default()
        };
        let moved = self
            .grpc
            .clone()
            .execute_state_transaction(ExecuteStateTransactionRequest {
                store_name: store.into(),
                operations: vec![
                    operation("upsert", guarded(key, value, etag, ttl.into())),
                    operation("delete", deleted),
                ],
                metadata: HashMap::new(),
            })
            .await;
        match moved {
            Ok(_) => Ok(true),
            Err(status)
                if matches!(status.code(), tonic::Code::Aborted | tonic::Code::Internal) =>
            {
                Ok(false)
            }
            Err(status) => Err(refused("state transaction", &status)),
        }
    }

    /// Deletes `key`; a key that is absent is no error.
    pub async fn state_delete(&self, store: &str, key: &str) -> Result<(), DaprError> {
        self.grpc
            .clone()
            .delete_state(DeleteStateRequest {
                store_name: store.into(),
                key: key.into(),
                ..Default::default()
            })
            .await
            .map_err(|status| refused("state delete", &status))?;
        Ok(())
    }
}

/// A value that is written only over the version `etag`, or, without one, over nothing.
fn guarded(key: &str, value: Vec<u8>, etag: Option<&str>, ttl: Option<Duration>) -> StateItem {
    let ttl = ttl.map(|ttl| ("ttlInSeconds".to_owned(), ttl.as_secs().max(1).to_string()));
    StateItem {
        key: key.into(),
        value,
        etag: etag.map(|etag| Etag { value: etag.into() }),
        metadata: ttl.into_iter().collect(),
        options: Some(StateOptions {
            concurrency: StateConcurrency::ConcurrencyFirstWrite.into(),
            ..Default::default()
        }),
    }
}

fn refused(call: &'static str, status: &tonic::Status) -> DaprError {
    DaprError::Call {
        call,
        code: status.code(),
        message: status.message().to_owned(),
    }
}
