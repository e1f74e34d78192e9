//! A rehearsal in a running process: begun there, looked at until it has ended.

use super::{TOLD_EVERY, told_of};
use crate::output::note;
use anyhow::Context;
use api::convert::timestamp;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::compliance::v1::replay_with_rule_pack_request::Pack as Asked;
use api::proto::compliance::v1::{
    CancelRehearsalRequest, GetRehearsalRequest, PacksInForce, Rehearsal, RehearsalResult, RehearsalState,
    ReplayWithRulePackRequest,
};
use compliance::rehearsal::{Scope, Seen};
use domain::pack::Pack;
use service_kit::{Clock, Ids};
use std::time::{Duration, Instant};
use tonic::transport::Channel;

/// How often it is asked how far it is.
const EVERY: Duration = Duration::from_millis(200);

/// Begins a rehearsal and waits for its result. Ctrl-C cancels it there.
pub(super) async fn rehearse(server: &str, pack: Option<Pack>, scope: Scope) -> anyhow::Result<RehearsalResult> {
    let connected = ComplianceClient::connect(server.to_owned()).await;
    let mut client =
        connected.with_context(|| format!("cannot reach {server}: --server names where gRPC is offered"))?;
    let pack = pack.map_or(Asked::InForce(PacksInForce {}), |pack| Asked::PackText(pack.text().to_owned()));
    let request = ReplayWithRulePackRequest {
        parent: scope.page.map_or_else(|| "pages/-".to_owned(), |page| format!("pages/{page}")),
        request_id: Ids::random().uuid_v7(Clock::system().now()).to_string(),
        pack: Some(pack),
        from_time: scope.range.from.map(timestamp),
        to_time: scope.range.to.map(timestamp),
        validate_only: false,
    };
    let begun = client.replay_with_rule_pack(request).await.map_err(|status| said(&status))?.into_inner();
    note(&format!("{} runs at {server}", begun.name))?;
    let name = begun.name.clone();
    tokio::select! {
        ended = wait(client.clone(), begun) => result(ended?),
        _ = tokio::signal::ctrl_c() => {
            let request = CancelRehearsalRequest { name: name.clone() };
            client.cancel_rehearsal(request).await.map_err(|status| said(&status))?;
            anyhow::bail!("{name} is cancelled; what is done of it is kept, and ResumeRehearsal goes on behind that")
        }
    }
}

/// Waits until it has ended.
async fn wait(mut client: ComplianceClient<Channel>, mut rehearsal: Rehearsal) -> anyhow::Result<Rehearsal> {
    let mut told = Instant::now();
    while matches!(rehearsal.state(), RehearsalState::Pending | RehearsalState::Running) {
        tokio::time::sleep(EVERY).await;
        let request = GetRehearsalRequest { name: rehearsal.name.clone() };
        rehearsal = client.get_rehearsal(request).await.map_err(|status| said(&status))?.into_inner();
        if told.elapsed() >= TOLD_EVERY {
            told = Instant::now();
            let Rehearsal { passed_records: records, total_records: of_records, judged_sends: sends, .. } = rehearsal;
            note(&told_of(Seen { records, of_records, sends }))?;
        }
    }
    Ok(rehearsal)
}

fn result(ended: Rehearsal) -> anyhow::Result<RehearsalResult> {
    let state = ended.state();
    if state == RehearsalState::Cancelled {
        anyhow::bail!("{} was cancelled by somebody else", ended.name);
    }
    ended.result.with_context(|| format!("{} failed: {}", ended.name, ended.error))
}

/// What a server said against it, without what only programs read.
fn said(status: &tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("the server says: {} ({})", status.message(), status.code())
}
