//! The Graph API over HTTP: how a call comes in, and how an answer goes out or does not.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::errors::Refusal;
use crate::graph::call::{Call, Raw};
use crate::graph::{Manner, Reply, Usage, Verify};
use crate::platform::Answer;
use crate::server::Context;
use crate::webhooks::handshake;
use crate::world::app::AppIx;

/// How long a response waits for its echo when it is to come first.
const ECHO_WAIT: Duration = Duration::from_secs(5);

/// The largest upload, and what surrounds it.
const MOST_BYTES: usize = 30 << 20;

/// Marks a response that must not go out: the connection closes instead.
#[derive(Clone, Debug)]
pub(crate) struct Severed;

/// Every call that is not for the admin API.
pub(crate) async fn graph(State(context): State<Context>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MOST_BYTES).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    let header = |name| parts.headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let call = Call::parse(Raw {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: parts.uri.query().unwrap_or_default(),
        content_type: header(CONTENT_TYPE).unwrap_or_default(),
        authorization: header(AUTHORIZATION),
        body: &body,
    });
    let answer = context.platform.call(&call);
    respond(&context, answer).await
}

/// Carries an answer out, which may mean to wait or to say nothing.
async fn respond(context: &Context, answer: Answer) -> Response {
    let Answer { mut reply, echo } = answer;
    match std::mem::take(&mut reply.manner) {
        Manner::Now => write(reply),
        Manner::AfterEcho => {
            if let Some(settled) = echo {
                // Late, or nobody subscribed: the answer goes out all the same.
                drop(tokio::time::timeout(ECHO_WAIT, settled).await);
            }
            write(reply)
        }
        Manner::Slowly(ms) => {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_millis(ms.into())) => (),
                () = context.stop.cancelled() => (),
            }
            write(reply)
        }
        Manner::Close => severed(),
        Manner::Hang => {
            context.stop.cancelled().await;
            severed()
        }
        Manner::Handshake(app, verify) => {
            reply.body = shake_hands(context, app, *verify).await;
            if reply.body.get("error").is_some() {
                reply.status = Refusal::CallbackUnverified.shape().status;
            }
            write(reply)
        }
    }
}

/// Verifies a callback that the app has set by API.
async fn shake_hands(context: &Context, app: AppIx, verify: Verify) -> Value {
    match handshake::verify(&context.client, &verify.target, verify.challenge).await {
        Ok(()) => {
            context.platform.subscribe(app, verify.target);
            json!({ "success": true })
        }
        Err(_) => context.platform.change(|world, _| {
            let n = world.count_record(None, None);
            crate::errors::GraphError::from(Refusal::CallbackUnverified).body(world.ids.trace("", None, n))
        }),
    }
}

fn severed() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Severed);
    response
}

fn write(reply: Reply) -> Response {
    let Reply { status, body, usage, .. } = reply;
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = StatusCode::from_u16(status).expect("refusals have real statuses");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    let Usage { app_percent, page_percent, minutes_to_wait, page } = usage;
    let app = json!({ "call_count": app_percent.max(1), "total_cputime": 1, "total_time": 1 });
    headers.insert(HeaderName::from_static("x-app-usage"), ascii(&app));
    if let Some(page) = page {
        let mut business = serde_json::Map::new();
        business.insert(
            page.to_string(),
            json!([{
                "type": "messenger", "call_count": page_percent.max(1), "total_cputime": 1, "total_time": 1,
                "estimated_time_to_regain_access": minutes_to_wait
            }]),
        );
        headers.insert(HeaderName::from_static("x-business-use-case-usage"), ascii(&Value::Object(business)));
    }
    response
}

fn ascii(value: &Value) -> HeaderValue {
    HeaderValue::from_str(&value.to_string()).unwrap_or_else(|_| HeaderValue::from_static("{}"))
}
