//! The public listener.
//!
//! Invariant: HTTPS alone; a connection that sends nothing useful in time is closed.

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::time::Duration;

use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use service::server::{DRAIN, Shutdown};
use tokio::net::TcpListener;
use tower::service_fn;

use crate::live::Hub;
use crate::perimeter::entrance::Entrance;

/// How long a client may take to shake hands, and then for the head of each request.
const HEAD_DEADLINE: Duration = Duration::from_secs(10);
/// The most bytes of a request's head.
const MOST_HEAD: usize = 32 * 1024;
/// The most requests at once on one HTTP/2 connection.
const MOST_STREAMS: u32 = 100;

/// Serves what is behind `entrance` until the end is requested, then finishes what is under way; streams are told to end.
pub async fn serve(
    listener: TcpListener,
    tls: RustlsConfig,
    entrance: Entrance,
    hub: Hub,
    shutdown: Shutdown,
) -> std::io::Result<()> {
    let handle = Handle::new();
    let stopping = handle.clone();
    tokio::spawn(async move {
        shutdown.requested().await;
        hub.close();
        stopping.graceful_shutdown(Some(DRAIN));
    });
    let acceptor = RustlsAcceptor::new(tls)
        .handshake_timeout(HEAD_DEADLINE)
        .acceptor(NoDelayAcceptor::new());
    let mut server = Server::<SocketAddr>::from_listener(listener)
        .acceptor(acceptor)
        .handle(handle);
    let builder = server.http_builder();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_DEADLINE)
        .max_buf_size(MOST_HEAD);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MOST_STREAMS)
        .max_header_list_size(u32::try_from(MOST_HEAD).unwrap_or(u32::MAX))
        // Finds out that a laptop was closed, and gives its streams' seats back.
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
    server
        .serve(service_fn(move |peer: SocketAddr| {
            ready(Ok::<_, Infallible>(entrance.of(peer)))
        }))
        .await
}
