//! The page on which people play the customer: a few files, compiled in, that live off the admin API alone. What people and
//! bots write is shown as text, and the policy lets no script run but these.

use axum::Router;
use axum::extract::Path;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::http;
use crate::server::Context;

/// Pictures and sounds may come from wherever a bot keeps them; everything else is the simulator's own.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data: http: https:; media-src 'self' http: https:; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

const SCRIPT: &str = "text/javascript; charset=utf-8";

const FRONT: (&str, &[u8]) = ("text/html; charset=utf-8", include_bytes!("page/index.html"));

/// Name, type and bytes of everything under `/assets`.
const ASSETS: [(&str, &str, &[u8]); 11] = [
    ("style.css", "text/css; charset=utf-8", include_bytes!("page/style.css")),
    ("main.js", SCRIPT, include_bytes!("page/main.js")),
    ("api.js", SCRIPT, include_bytes!("page/api.js")),
    ("dom.js", SCRIPT, include_bytes!("page/dom.js")),
    ("chat.js", SCRIPT, include_bytes!("page/chat.js")),
    ("cards.js", SCRIPT, include_bytes!("page/cards.js")),
    ("deeds.js", SCRIPT, include_bytes!("page/deeds.js")),
    ("time.js", SCRIPT, include_bytes!("page/time.js")),
    ("traffic.js", SCRIPT, include_bytes!("page/traffic.js")),
    ("icon.svg", "image/svg+xml", include_bytes!("page/icon.svg")),
    // What a person can send without having a picture anywhere.
    ("sample.png", "image/png", include_bytes!("page/sample.png")),
];

/// The page at `/` and its files. What is posted to `/` is a batch of the Graph API.
pub(crate) fn router() -> Router<Context> {
    Router::new().route("/", get(front).fallback(http::graph)).route("/assets/{name}", get(asset))
}

async fn front() -> Response {
    serve(FRONT.0, FRONT.1)
}

async fn asset(Path(name): Path<String>) -> Response {
    match ASSETS.iter().find(|(known, _, _)| *known == name) {
        Some((_, kind, bytes)) => serve(kind, bytes),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn serve(kind: &'static str, bytes: &'static [u8]) -> Response {
    let headers: [(HeaderName, &'static str); 5] = [
        (CONTENT_TYPE, kind),
        (CONTENT_SECURITY_POLICY, POLICY),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (CACHE_CONTROL, "no-cache"),
    ];
    (headers, bytes).into_response()
}
