//! What a Crema service needs of its Dapr sidecar, typed: invocation, bindings, pub/sub, state and secrets.
//!
//! One sidecar, one [`Dapr`] handle, cloned freely. This crate knows no topic, no application and no
//! business word: names are arguments. Retries are the sidecar's (`dapr/resiliency/`); the deadline and the
//! breaker per upstream are ours, because Dapr keys its breaker by path and counts client errors in it.

mod binding;
mod breaker;
mod cloud_event;
pub mod deadline;
mod invoke;
pub mod query;
mod secrets;
mod sidecar;
mod tokens;
pub mod trace;

pub use binding::BindingError;
pub use cloud_event::{CloudEvent, CloudEventRejection};
pub use invoke::{InvokeError, InvokeRequest, Reply};
pub use secrets::{Secret, Secrets};
pub use sidecar::{Dapr, DaprConfig, DaprError, Envelope, Versioned};
pub use tokens::{InvokeHttp, Token, TokenError, Tokens, UserGrant};
