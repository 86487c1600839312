//! A Dapr sidecar's gRPC API as far as one secret goes.

use std::collections::HashMap;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use dapr::dapr::proto::runtime::v1::{GetSecretRequest, GetSecretResponse};
use tokio::net::TcpListener;
use tonic::body::Body;
use tonic::codegen::{Service, http};
use tonic::server::{Grpc, NamedService, UnaryService};
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;
use tonic::{Request, Response, Status};
use tonic_prost::ProstCodec;

use crate::merchant::WEBHOOK_SECRET;
use crate::world::API_KEY;

/// Starts one that knows the program's secret; answers where.
pub async fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let server = Server::builder().add_service(Fake);
    tokio::spawn(server.serve_with_incoming(TcpIncoming::from(listener)));
    address
}

#[derive(Clone)]
struct Fake;

impl NamedService for Fake {
    const NAME: &'static str = "dapr.proto.runtime.v1.Dapr";
}

impl Service<http::Request<Body>> for Fake {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        Box::pin(async move {
            assert!(request.uri().path().ends_with("/GetSecret"));
            let mut grpc = Grpc::new(ProstCodec::default());
            Ok(grpc.unary(Secrets, request).await)
        })
    }
}

struct Secrets;

impl UnaryService<GetSecretRequest> for Secrets {
    type Response = GetSecretResponse;
    type Future = Ready<Result<Response<GetSecretResponse>, Status>>;

    fn call(&mut self, request: Request<GetSecretRequest>) -> Self::Future {
        let request = request.into_inner();
        let asked = (&*request.store_name, &*request.key);
        assert_eq!(asked, ("secretstore", "merchant"));
        let data = [("api_key", API_KEY), ("webhook_secret", WEBHOOK_SECRET)];
        let data = data.map(|(name, value)| (name.to_owned(), value.to_owned()));
        ready(Ok(Response::new(GetSecretResponse {
            data: HashMap::from(data),
        })))
    }
}
