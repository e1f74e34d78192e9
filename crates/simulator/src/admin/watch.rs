//! For whoever watches: waits until anything changes, and shows what went over the wire lately.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use serde::{Deserialize, Serialize};

use super::input;
use super::model::Changes;
use crate::faults::FaultKind;
use crate::server::Context;
use crate::traffic::Exchange;
use crate::world::deeds::Sentence;

/// What the caller has seen, and how long to wait for more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Seen {
    after: Option<u64>,
    #[serde(default)]
    wait_ms: u32,
}

/// Which exchanges are wanted.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Wanted {
    after: u64,
    page: Option<String>,
    psid: Option<String>,
    limit: Option<usize>,
}

/// A kind of fault, for people to choose.
#[derive(Serialize)]
pub(super) struct KindRow {
    kind: FaultKind,
    /// Whether it hits webhooks and not sends.
    webhooks: bool,
    says: &'static str,
}

/// Answers at once if anything has changed since `after`, else as soon as it does, and after `wait_ms` at the latest.
pub(super) async fn changes(State(context): State<Context>, uri: Uri) -> Result<Json<Changes>, Sentence> {
    let Seen { after, wait_ms } = input::query(&uri)?;
    tokio::select! {
        () = context.platform.until_changed(after) => (),
        () = context.stop.cancelled() => (),
        () = tokio::time::sleep(Duration::from_millis(wait_ms.into())) => (),
    }
    Ok(Json(Changes { change: context.platform.n_changes() }))
}

/// The latest exchanges with their bodies, newest first.
pub(super) async fn traffic(State(context): State<Context>, uri: Uri) -> Result<Json<Vec<Exchange>>, Sentence> {
    let Wanted { after, page, psid, limit } = input::query(&uri)?;
    let fits = |wanted: &Option<String>, is: &Option<String>| wanted.is_none() || wanted == is;
    let state = context.platform.state();
    let rows = state.traffic.after(after).filter(|row| fits(&page, &row.page) && fits(&psid, &row.psid));
    Ok(Json(rows.take(limit.unwrap_or(usize::MAX)).cloned().collect()))
}

/// Every kind of fault that can be armed.
pub(super) async fn fault_kinds() -> Json<Vec<KindRow>> {
    let row = |(kind, says): &(FaultKind, &'static str)| KindRow { kind: *kind, webhooks: kind.is_of_webhooks(), says };
    Json(FaultKind::ALL.iter().map(row).collect())
}
