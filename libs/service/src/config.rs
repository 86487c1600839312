//! The environment, read once and strictly: a `CREMA_*` variable that nobody knows refuses to start.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};

use dapr_kit::DaprConfig;
use secrecy::SecretString;
use url::Url;

/// A setting that is missing or can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It must be set.
    #[error("{0} is not set")]
    Missing(String),
    /// Its value can't be read.
    #[error("{name} can't be read: {reason}")]
    Invalid {
        /// The variable.
        name: String,
        /// What is wrong with its value.
        reason: String,
    },
    /// A misspelt or outdated setting would otherwise be ignored in silence.
    #[error("{0} is no setting of this service")]
    Unknown(String),
}

/// The variables of the process.
#[derive(Debug)]
pub struct Environment(BTreeMap<String, String>);

/// What every service is told.
#[derive(Clone, Debug)]
pub struct Common {
    /// Where the sidecar calls us.
    pub app_listen: SocketAddr,
    /// Where health and metrics are asked for.
    pub ops_listen: SocketAddr,
    /// Our sidecar.
    pub dapr: DaprConfig,
    /// What our sidecar shows when it calls us.
    pub app_api_token: SecretString,
    /// The issuer of access tokens: the public address.
    pub issuer: Url,
    /// Where traces are sent, if anywhere (OTLP over HTTP).
    pub otlp: Option<Url>,
    /// The log filter, such as `info,sqlx=warn`.
    pub log: String,
}

/// The data that an empty database begins with: a setting of those that have one.
pub const SEED: &str = "CREMA_SEED";

/// Settings that every service knows.
const COMMON: [&str; 3] = ["CREMA_ISSUER", "CREMA_LISTEN", "CREMA_OPS_PORT"];

impl Environment {
    /// Reads the process's environment; `known` are the service's own `CREMA_*` settings.
    pub fn read(known: &[&str]) -> Result<Self, ConfigError> {
        #[expect(
            clippy::disallowed_methods,
            reason = "this is the one place that reads the environment"
        )]
        Self::from_vars(std::env::vars(), known)
    }

    fn from_vars(
        vars: impl Iterator<Item = (String, String)>,
        known: &[&str],
    ) -> Result<Self, ConfigError> {
        let vars: BTreeMap<_, _> = vars.filter(|(_, value)| !value.is_empty()).collect();
        let unknown = vars.keys().find(|name| {
            name.starts_with("CREMA_")
                && !COMMON.contains(&name.as_str())
                && !known.contains(&name.as_str())
        });
        match unknown {
            Some(name) => Err(ConfigError::Unknown(name.clone())),
            None => Ok(Self(vars)),
        }
    }

    /// The value, if set and not empty.
    #[must_use]
    pub fn optional(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// The value.
    pub fn require(&self, name: &str) -> Result<&str, ConfigError> {
        self.optional(name)
            .ok_or_else(|| ConfigError::Missing(name.to_owned()))
    }

    /// The value, parsed.
    pub fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(
        &self,
        name: &str,
    ) -> Result<T, ConfigError> {
        self.require(name)?
            .parse()
            .map_err(|error: T::Err| ConfigError::Invalid {
                name: name.to_owned(),
                reason: error.to_string(),
            })
    }

    /// Whether an empty database is filled with the demonstration's data.
    pub fn seed_demo(&self) -> Result<bool, ConfigError> {
        match self.optional(SEED) {
            None => Ok(false),
            Some("demo") => Ok(true),
            Some(other) => Err(ConfigError::Invalid {
                name: SEED.to_owned(),
                reason: format!("there is no seed `{other}`, only `demo`"),
            }),
        }
    }

    /// What every service is told. The ports and tokens are those of `dapr run` and of the sidecar injector.
    pub fn common(&self) -> Result<Common, ConfigError> {
        // In a cluster the pod's sidecar and probes come from outside the loopback; the default stays closed.
        let host = match self.optional("CREMA_LISTEN") {
            Some(_) => self.parse("CREMA_LISTEN")?,
            None => Ipv4Addr::LOCALHOST.into(),
        };
        let sidecar = |name: &str| {
            let port: u16 = self.parse(name)?;
            let text = format!("http://127.0.0.1:{port}");
            text.parse::<Url>().map_err(|error| ConfigError::Invalid {
                name: name.to_owned(),
                reason: error.to_string(),
            })
        };
        Ok(Common {
            app_listen: SocketAddr::new(host, self.parse("APP_PORT")?),
            ops_listen: SocketAddr::new(host, self.parse("CREMA_OPS_PORT")?),
            dapr: DaprConfig {
                http: sidecar("DAPR_HTTP_PORT")?,
                grpc: sidecar("DAPR_GRPC_PORT")?,
                api_token: Some(self.require("DAPR_API_TOKEN")?.into()),
            },
            app_api_token: self.require("APP_API_TOKEN")?.into(),
            issuer: self.parse("CREMA_ISSUER")?,
            otlp: match self.optional("OTEL_EXPORTER_OTLP_ENDPOINT") {
                Some(_) => Some(self.parse("OTEL_EXPORTER_OTLP_ENDPOINT")?),
                None => None,
            },
            log: self.optional("RUST_LOG").unwrap_or("info").to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vars(pairs: &[(&str, &str)]) -> impl Iterator<Item = (String, String)> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        pairs.into_iter()
    }

    #[test]
    fn an_unknown_setting_refuses_to_start() {
        let error = Environment::from_vars(vars(&[("CREMA_SEDE", "demo")]), &["CREMA_SEED"]);
        assert!(matches!(error, Err(ConfigError::Unknown(name)) if name == "CREMA_SEDE"));
        assert!(
            Environment::from_vars(
                vars(&[("CREMA_SEED", "demo"), ("HOME", "/")]),
                &["CREMA_SEED"]
            )
            .is_ok()
        );
    }

    #[test]
    fn a_seed_that_does_not_exist_refuses_to_start() {
        for (value, expected) in [("", Some(false)), ("demo", Some(true)), ("more", None)] {
            let set = [(SEED, value)];
            let environment = Environment::from_vars(vars(&set), &[SEED]).expect("known");
            assert_eq!(environment.seed_demo().ok(), expected);
        }
    }

    #[test]
    fn a_missing_token_is_named() {
        let all = [
            ("APP_PORT", "1"),
            ("CREMA_OPS_PORT", "2"),
            ("DAPR_HTTP_PORT", "3"),
            ("DAPR_GRPC_PORT", "4"),
            ("DAPR_API_TOKEN", "t"),
            ("APP_API_TOKEN", "t"),
            ("CREMA_ISSUER", "https://localhost:8443"),
        ];
        let whole = Environment::from_vars(vars(&all), &[]).expect("known settings");
        assert_eq!(
            whole.common().expect("complete").app_listen.to_string(),
            "127.0.0.1:1"
        );
        for missing in 0..all.len() {
            let rest: Vec<_> = all
                .iter()
                .copied()
                .filter(|pair| *pair != all[missing])
                .collect();
            let error = Environment::from_vars(vars(&rest), &[])
                .expect("known")
                .common()
                .expect_err("missing");
            assert!(
                matches!(&error, ConfigError::Missing(name) if name == all[missing].0),
                "{error}"
            );
        }
    }
}
