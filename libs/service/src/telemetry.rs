//! Logs, traces and metrics of a process, set up once.
//!
//! Every log event is one line of JSON with OpenTelemetry's names and the trace it belongs to; traces
//! go out by OTLP where a collector is named; metrics wait to be scraped at the ops listener.

mod line;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry_otlp::WithExportConfig as _;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::config::Common;

/// Bounds of duration histograms in seconds: those that OpenTelemetry advises for HTTP.
const SECONDS: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// Telemetry that can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The log filter is no filter.
    #[error("RUST_LOG can't be read: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// The trace exporter can't be built.
    #[error("traces can't be exported: {0}")]
    Exporter(#[from] opentelemetry_otlp::ExporterBuildError),
    /// A recorder or subscriber is in place already.
    #[error("telemetry is set up already: {0}")]
    Twice(String),
}

/// Keeps the exporters alive; [flush](Self::flush) it before the process ends.
pub struct Telemetry {
    traces: SdkTracerProvider,
    metrics: PrometheusHandle,
}

/// Sets up logs, traces and metrics of the service `app`.
pub fn init(app: &'static str, common: &Common) -> Result<Telemetry, TelemetryError> {
    let mut provider = SdkTracerProvider::builder()
        .with_resource(Resource::builder().with_service_name(app).build());
    if let Some(collector) = &common.otlp {
        let endpoint = format!("{}/v1/traces", collector.as_str().trim_end_matches('/'));
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_http()
            .with_endpoint(endpoint)
            .build()?;
        provider = provider.with_batch_exporter(exporter);
    }
    let traces = provider.build();
    let filter: EnvFilter = common.log.parse()?;
    // Libraries record their inner workings as debug spans; those would double every hop.
    let exported = tracing_opentelemetry::layer()
        .with_tracer(traces.tracer(app))
        .with_filter(LevelFilter::INFO);
    tracing_subscriber::registry()
        .with(exported)
        .with(
            tracing_subscriber::fmt::layer()
                .event_format(line::JsonLine { app })
                .with_filter(filter),
        )
        .try_init()
        .map_err(|error| TelemetryError::Twice(error.to_string()))?;
    let metrics = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".into()), &SECONDS)
        .and_then(PrometheusBuilder::install_recorder)
        .map_err(|error| TelemetryError::Twice(error.to_string()))?;
    Ok(Telemetry { traces, metrics })
}

impl Telemetry {
    /// The handle that renders the metrics.
    #[must_use]
    pub fn metrics(&self) -> PrometheusHandle {
        self.metrics.clone()
    }

    /// Sends what is still held back.
    pub fn flush(self) {
        if let Err(error) = self.traces.shutdown() {
            tracing::warn!(%error, "the last traces were lost");
        }
    }
}

/// The trace id of the current span, if it belongs to a trace.
#[must_use]
pub fn trace_id() -> Option<String> {
    let context = tracing::Span::current().context();
    let span = context.span();
    let span = span.span_context();
    span.is_valid().then(|| span.trace_id().to_string())
}
