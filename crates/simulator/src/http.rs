//! The Graph API: the routes, and how an answer goes out or does not.

pub(crate) mod body;
mod send;

use std::time::Duration;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde_json::json;

use crate::platform::{Answer, Reply};
use crate::server::Context;
use crate::world::Refusal;

/// How long a response waits for its echo when it is to come first.
const ECHO_WAIT: Duration = Duration::from_secs(5);

/// Marks a response that must not go out: the connection closes instead.
#[derive(Clone, Debug)]
pub(crate) struct Severed;

/// Every route of the Graph API; what is not known is refused as Meta does.
pub(crate) fn router() -> Router<Context> {
    Router::new()
        .route("/{version}/{page}/messages", post(send::versioned))
        .route("/{page}/messages", post(send::unversioned))
        .fallback(unknown)
}

async fn unknown(State(context): State<Context>) -> Response {
    reply(context.platform.refuse(Refusal::UnknownPath))
}

/// Carries an answer out, which may mean to wait or to say nothing.
async fn respond(context: &Context, answer: Answer) -> Response {
    match answer {
        Answer::Reply(ready) => reply(ready),
        Answer::AfterEcho(settled, ready) => {
            // Late, or nobody subscribed: the answer goes out all the same.
            drop(tokio::time::timeout(ECHO_WAIT, settled).await);
            reply(ready)
        }
        Answer::Close => severed(),
        Answer::Hang => {
            context.stop.cancelled().await;
            severed()
        }
    }
}

fn severed() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.extensions_mut().insert(Severed);
    response
}

fn reply(reply: Reply) -> Response {
    let Reply { status, body, usage_percent } = reply;
    let usage = json!({ "call_count": usage_percent, "total_cputime": 1, "total_time": 1 }).to_string();
    let usage = HeaderValue::from_str(&usage).expect("JSON of numbers is ASCII");
    let status = StatusCode::from_u16(status).expect("refusals have real statuses");
    (status, [(HeaderName::from_static("x-app-usage"), usage)], Json(body)).into_response()
}
