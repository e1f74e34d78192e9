//! `POST /{version}/{page}/messages`: reads what came, and leaves the judging to the platform.

use axum::extract::{Path, Request, State};
use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use axum::response::Response;

use super::body::{self, Fields};
use super::{reply, respond};
use crate::platform::Call;
use crate::server::Context;
use crate::world::{Credentials, Refusal};

/// A call that names its version, like `v25.0`.
pub(super) async fn versioned(
    State(context): State<Context>,
    Path((version, page)): Path<(String, String)>,
    request: Request,
) -> Response {
    if is_version(&version) {
        handle(&context, page, request).await
    } else {
        reply(context.platform.refuse(Refusal::UnknownPath))
    }
}

/// A call without a version: the app's own would apply.
pub(super) async fn unversioned(
    State(context): State<Context>,
    Path(page): Path<String>,
    request: Request,
) -> Response {
    handle(&context, page, request).await
}

async fn handle(context: &Context, page: String, request: Request) -> Response {
    let bearer = bearer(request.headers());
    let query = body::query(request.uri());
    let body = body::read(request).await;
    let call = call(page, bearer, query, body);
    let answer = context.platform.send(&call);
    respond(context, answer).await
}

/// Puts the parts together. The body's fields win over the query's; the token is looked for in the header, then there.
fn call(page: String, bearer: Option<String>, query: Fields, body: Result<Fields, Refusal>) -> Call {
    let (body, unreadable) = match body {
        Ok(body) => (body, None),
        Err(refusal) => (Fields::new(), Some(refusal)),
    };
    let mut fields = query;
    fields.extend(body);
    let mut text = |key: &str| fields.remove(key).and_then(|value| value.as_str().map(str::to_owned));
    let token = text("access_token");
    let proof = text("appsecret_proof");
    let credentials = Credentials { token: bearer.or(token), proof };
    let fields = match unreadable {
        None => Ok(fields),
        Some(refusal) => Err(refusal),
    };
    Call { page, credentials, fields }
}

fn bearer(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().to_owned())
}

fn is_version(text: &str) -> bool {
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let numbers = text.strip_prefix('v').and_then(|rest| rest.split_once('.'));
    numbers.is_some_and(|(major, minor)| is_number(major) && is_number(minor))
}
