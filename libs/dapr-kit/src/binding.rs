//! Output bindings: handing something to a system outside, such as a mail server, through the sidecar.
//!
//! Invariant: nothing of what was handed over is in an error; it may be secret.

use std::collections::BTreeMap;
use std::time::Duration;

use http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::Serialize;

use crate::sidecar::Dapr;
use crate::trace;

/// How long the system behind the binding may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// Something that was not handed over, as far as one can tell.
#[derive(Debug, thiserror::Error)]
pub enum BindingError {
    /// The sidecar, or the system behind it, refused.
    #[error("the binding {binding} answered {status}")]
    Refused {
        /// The component.
        binding: String,
        /// The HTTP status of the sidecar: 400 for a binding that is not there, 500 for a failure behind it.
        status: StatusCode,
    },
    /// No answer, or none in time; what became of the call is unknown.
    #[error("no answer from the binding {binding}")]
    Unreachable {
        /// The component.
        binding: String,
        /// Why.
        #[source]
        source: reqwest::Error,
    },
    /// The component's name makes no path.
    #[error("{0} is no name of a binding")]
    Name(String),
}

#[derive(Serialize)]
struct Call<'a> {
    operation: &'static str,
    metadata: &'a BTreeMap<&'a str, &'a str>,
    data: &'a str,
}

impl Dapr {
    /// Hands `data` to an output binding by its operation `create`; `metadata` is what that component takes per call.
    pub async fn bind(
        &self,
        binding: &str,
        metadata: &BTreeMap<&str, &str>,
        data: &str,
    ) -> Result<(), BindingError> {
        let url = self
            .base
            .join(&format!("/v1.0/bindings/{binding}"))
            .map_err(|_| BindingError::Name(binding.to_owned()))?;
        let mut request = self.http.post(url).timeout(DEADLINE).json(&Call {
            operation: "create",
            metadata,
            data,
        });
        if let Some(token) = &self.api_token {
            request = request.header("dapr-api-token", token.expose_secret());
        }
        if let Some(traceparent) = trace::current() {
            request = request.header("traceparent", traceparent);
        }
        let answer = request
            .send()
            .await
            .map_err(|source| BindingError::Unreachable {
                binding: binding.to_owned(),
                source,
            })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        Err(BindingError::Refused {
            binding: binding.to_owned(),
            status,
        })
    }
}
