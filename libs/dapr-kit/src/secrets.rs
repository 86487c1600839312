//! Secrets that follow their store: read at start, then looked at every ten seconds.
//!
//! A holder of [`Secrets`] always sees the newest value that the store gave; an outage of the store
//! (a sealed vault) leaves the last known value in force.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::watch;

use crate::sidecar::{Dapr, DaprError};

/// How often the store is asked for a newer value.
const POLL: Duration = Duration::from_secs(10);
/// How often it is asked while there is no first value: the vault may still be sealed.
const FIRST: Duration = Duration::from_millis(200);

/// One secret: a flat map of strings. `Debug` shows the names, never the values.
#[derive(Clone)]
pub struct Secret {
    name: String,
    fields: HashMap<String, SecretString>,
}

impl Secret {
    /// A secret called `name` with these fields.
    #[must_use]
    pub fn new(name: &str, fields: HashMap<String, String>) -> Self {
        let fields = fields
            .into_iter()
            .map(|(key, value)| (key, value.into()))
            .collect();
        Self {
            name: name.to_owned(),
            fields,
        }
    }

    /// The field, if the secret has it.
    #[must_use]
    pub fn get(&self, field: &str) -> Option<&SecretString> {
        self.fields.get(field)
    }

    /// The field, in the clear, or an error that names secret and field.
    pub fn require(&self, field: &str) -> Result<&str, DaprError> {
        self.get(field)
            .map(secrecy::ExposeSecret::expose_secret)
            .ok_or_else(|| {
                DaprError::Config(format!("the secret `{}` has no field `{field}`", self.name))
            })
    }

    /// The names of its fields.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Secret")
            .field("name", &self.name)
            .field("fields", &self.fields.keys())
            .finish()
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.fields.len() == other.fields.len()
            && self.fields.iter().all(|(key, value)| {
                other
                    .get(key)
                    .is_some_and(|o| o.expose_secret() == value.expose_secret())
            })
    }
}

/// A live view of one secret. Cheap to clone.
#[derive(Clone)]
pub struct Secrets(watch::Receiver<Arc<Secret>>);

impl Secrets {
    /// Waits for the first value of `key` in `store`, then keeps looking for newer ones.
    ///
    /// A store that is unavailable is waited for, with a warning; one that denies the application is an error.
    pub async fn watch(dapr: Dapr, store: &str, key: &str) -> Result<Self, DaprError> {
        let (store, key) = (store.to_owned(), key.to_owned());
        let mut warned = false;
        let first = loop {
            match dapr.secret(&store, &key).await {
                Ok(secret) => break secret,
                Err(
                    error @ DaprError::Call {
                        code: tonic::Code::PermissionDenied,
                        ..
                    },
                ) => {
                    return Err(error);
                }
                Err(error) => {
                    if !std::mem::replace(&mut warned, true) {
                        tracing::warn!(secret = key, %error, "waiting for the secret store");
                    }
                    tokio::time::sleep(FIRST).await;
                }
            }
        };
        let (sender, receiver) = watch::channel(Arc::new(first));
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = sender.closed() => return,
                    () = tokio::time::sleep(POLL) => {}
                }
                match dapr.secret(&store, &key).await {
                    Ok(secret) => {
                        let newer = sender.send_if_modified(|current| {
                            let newer = **current != secret;
                            if newer {
                                *current = Arc::new(secret);
                            }
                            newer
                        });
                        if newer {
                            tracing::info!(secret = key, "the secret has a new value");
                        }
                    }
                    Err(error) => {
                        tracing::warn!(secret = key, %error, "the secret store does not answer");
                    }
                }
            }
        });
        Ok(Self(receiver))
    }

    /// A secret that never changes.
    #[must_use]
    pub fn fixed(secret: Secret) -> Self {
        Self(watch::channel(Arc::new(secret)).1)
    }

    /// The newest value.
    #[must_use]
    pub fn current(&self) -> Arc<Secret> {
        self.0.borrow().clone()
    }

    /// Returns when there is a value that this handle has not seen; never, if none can come any more.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
        self.0.borrow_and_update();
    }
}

/// A secret whose values come from elsewhere than a store.
impl From<watch::Receiver<Arc<Secret>>> for Secrets {
    fn from(values: watch::Receiver<Arc<Secret>>) -> Self {
        Self(values)
    }
}
