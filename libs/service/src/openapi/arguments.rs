//! What a handler's arguments say of the requests that it takes.
//!
//! Invariant: an argument says the refusals of its own, so no row has to repeat them.

use std::collections::BTreeSet;

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use dapr_kit::CloudEvent;
use http::HeaderMap;
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};

use crate::auth::Principal;
use crate::extract::{Json, Path, Query};
use crate::grpc::{self, Message};

/// The requests of one route, being described.
pub struct Request<'g> {
    schemas: &'g mut SchemaGenerator,
    /// The body: its media type and what it may be.
    pub(super) body: Option<(&'static str, Schema)>,
    /// The path's parameters: one schema, or one of a tuple.
    pub(super) path: Option<Schema>,
    /// The query, as an object.
    pub(super) query: Option<Schema>,
    /// Statuses, each with the type of a problem.
    pub(super) refusals: BTreeSet<(u16, &'static str)>,
}

impl<'g> Request<'g> {
    pub(super) fn new(schemas: &'g mut SchemaGenerator) -> Self {
        Self {
            schemas,
            body: None,
            path: None,
            query: None,
            refusals: BTreeSet::new(),
        }
    }
}

/// An argument of a handler.
pub trait Argument {
    /// Says what it takes of a request, and what it refuses.
    fn describe(request: &mut Request<'_>);
}

impl<T: JsonSchema> Argument for Json<T> {
    fn describe(request: &mut Request<'_>) {
        request.body = Some(("application/json", request.schemas.subschema_for::<T>()));
        request.refusals.extend([
            (400, "malformed-json"),
            (415, "unsupported-media-type"),
            (422, "invalid-body"),
        ]);
    }
}

impl<T: JsonSchema> Argument for Path<T> {
    fn describe(request: &mut Request<'_>) {
        request.path = Some(request.schemas.subschema_for::<T>());
        request.refusals.insert((404, "not-found"));
    }
}

impl<T: JsonSchema> Argument for Query<T> {
    fn describe(request: &mut Request<'_>) {
        request.query = Some(request.schemas.subschema_for::<T>());
        request.refusals.insert((422, "invalid-query"));
    }
}

impl<T> Argument for Message<T> {
    fn describe(request: &mut Request<'_>) {
        let message = schemars::json_schema!({
            "type": "string",
            "format": "binary",
            "description": "The call's message, as the service's proto/ has it, in one frame of gRPC.",
        });
        request.body = Some((grpc::MEDIA_TYPE, message));
        request
            .refusals
            .extend([(400, "malformed-message"), (415, "not-grpc")]);
    }
}

impl<T> Argument for CloudEvent<T> {
    fn describe(request: &mut Request<'_>) {
        let event = schemars::json_schema!({
            "type": "object",
            "description": "An event (CloudEvents 1.0, structured mode); docs/events.md lists the types.",
            "required": ["id", "source", "type", "subject", "time", "sequence", "data"],
            "properties": {
                "id": { "type": "string" },
                "source": { "type": "string" },
                "type": { "type": "string" },
                "subject": { "type": "string" },
                "time": { "type": "string", "format": "date-time" },
                "sequence": { "type": ["string", "integer"] },
                "crematraceparent": { "type": ["string", "null"] },
            },
        });
        request.body = Some(("application/cloudevents+json", event));
    }
}

/// Arguments of which a document has nothing to say, or only the handler itself.
macro_rules! silent {
    ($($name:ty $(where $generic:ident)?),*) => {
        $(impl $(<$generic>)? Argument for $name {
            fn describe(_: &mut Request<'_>) {}
        })*
    };
}

silent!(Bytes, HeaderMap, Principal, RawQuery, State<S> where S, Extension<E> where E);

/// The arguments of a handler, as axum names them: first how the last of them is extracted, then each.
pub trait Arguments {
    /// Lets each say what it takes.
    fn describe(request: &mut Request<'_>);
}

impl Arguments for ((),) {
    fn describe(_: &mut Request<'_>) {}
}

macro_rules! arguments {
    ($($name:ident),*) => {
        impl<Via, $($name: Argument),*> Arguments for (Via, $($name),*) {
            fn describe(request: &mut Request<'_>) {
                $($name::describe(request);)*
            }
        }
    };
}

arguments!(A);
arguments!(A, B);
arguments!(A, B, C);
arguments!(A, B, C, D);
arguments!(A, B, C, D, E);
arguments!(A, B, C, D, E, F);
