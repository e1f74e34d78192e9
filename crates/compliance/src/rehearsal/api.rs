//! Rehearsals as callers see them.

use super::operation::{Failure, Rehearsals, Spec, Wanted};
use super::{Found, Report, Scope};
use api::convert::{self, timestamp};
use api::proto::compliance::v1 as pb;
use api::proto::compliance::v1::replay_with_rule_pack_request::Pack as AskedPack;
use api::status::{self, Violations};
use domain::id::{PageId, RequestId};
use domain::pack::{Pack, Packs};
use domain::rehearsal::{Outcome, Proposed, Range};
use domain::time::Timestamp;
use event_log::Conversations;
use prost::Message as _;
use sha2::{Digest, Sha256};
use sql::rehearsals::{Rehearsal, State};
use tonic::Status;
use uuid::Uuid;

/// How many rehearsals a page holds when nobody says, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// How many rows of counts an answer holds at most.
const MOST_COUNTS: usize = 1_000;

/// What a call asks for, once all of it can be understood.
pub(crate) fn wanted(asked: &pb::ReplayWithRulePackRequest, packs: &Packs) -> Result<Wanted, Status> {
    let mut violations = Violations::default();
    let page = violations.take("parent", api::name::parse_page(&asked.parent));
    let request = if asked.validate_only && asked.request_id.is_empty() {
        Some(String::new())
    } else {
        violations.take("request_id", RequestId::parse(&asked.request_id)).map(|_| asked.request_id.clone())
    };
    let range = range(asked, &mut violations);
    let proposed = match &asked.pack {
        None => {
            violations.add("pack", "is required: pack_text, rule_pack or in_force");
            None
        }
        Some(AskedPack::InForce(_)) => Some(Proposed::InForce(Box::new(packs.clone()))),
        Some(AskedPack::PackText(text)) => {
            violations.take("pack_text", Pack::parse("pack_text", text)).map(|pack| Proposed::Pack(Box::new(pack)))
        }
        Some(AskedPack::RulePack(name)) => {
            Some(Proposed::Pack(Box::new(crate::packs::find(packs, name).map(|(pack, _)| pack.clone())?)))
        }
    };
    let (Some(page), Some(request), Some(range), Some(proposed)) = (page, request, range, proposed) else {
        return Err(violations.into_status());
    };
    Ok(Wanted { scope: Scope { range, page }, proposed, request, request_digest: digest(asked) })
}

fn range(asked: &pb::ReplayWithRulePackRequest, violations: &mut Violations) -> Option<Range> {
    let mut moment = |field: &str, time: Option<&prost_types::Timestamp>| match time.map(convert::moment) {
        None => Some(None),
        Some(Some(moment)) => Some(Some(moment)),
        Some(None) => {
            violations.add(field, "lies outside all time");
            None
        }
    };
    let (from, to) = (moment("from_time", asked.from_time.as_ref()), moment("to_time", asked.to_time.as_ref()));
    let (from, to) = (from?, to?);
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        violations.add("to_time", "lies behind from_time");
        return None;
    }
    Some(Range { from, to })
}

/// A digest of what is asked for, without how the call is to be answered: the same digest is the same request.
fn digest(asked: &pb::ReplayWithRulePackRequest) -> [u8; 32] {
    let bare = pb::ReplayWithRulePackRequest { request_id: String::new(), validate_only: false, ..asked.clone() };
    Sha256::digest(bare.encode_to_vec()).into()
}

/// What would be begun, without beginning it.
pub(crate) fn planned(wanted: &Wanted, now: Timestamp) -> pb::Rehearsal {
    let pack = match &wanted.proposed {
        Proposed::Pack(pack) => Some(&**pack),
        Proposed::InForce(_) => None,
    };
    let Range { from, to } = wanted.scope.range;
    pb::Rehearsal {
        state: pb::RehearsalState::Pending.into(),
        create_time: Some(timestamp(now)),
        ..of(pack, wanted.scope.page.as_ref(), from, to)
    }
}

fn of(pack: Option<&Pack>, page: Option<&PageId>, from: Option<Timestamp>, to: Option<Timestamp>) -> pb::Rehearsal {
    pb::Rehearsal {
        parent: page.map_or_else(|| "pages/-".to_owned(), |page| format!("pages/{page}")),
        pack: pack.map(|pack| pack.reference().name.clone()).unwrap_or_default(),
        pack_digest: pack.map(|pack| hex::encode(pack.reference().digest)).unwrap_or_default(),
        from_time: from.map(timestamp),
        to_time: to.map(timestamp),
        ..pb::Rehearsal::default()
    }
}

impl Rehearsals {
    /// Begins one, or answers the one that the same request led to.
    pub(crate) async fn start(&self, wanted: &Wanted) -> Result<pb::Rehearsal, Status> {
        let begun = self.begin(wanted).await.map_err(failed)?;
        if begun.request_digest != wanted.request_digest {
            return Err(status::request_id_reused_for_rehearsal(&name(&begun)));
        }
        self.rendered(&begun)
    }

    /// One as it stands, with its result when there is one.
    pub(crate) async fn show(
        &self,
        found: Result<Option<Rehearsal>, Failure>,
        wanted: &str,
        conversations: &Conversations,
    ) -> Result<pb::Rehearsal, Status> {
        let row = found.map_err(failed)?.ok_or_else(|| status::no_such_rehearsal(wanted))?;
        let mut shown = self.rendered(&row)?;
        if row.state == State::Succeeded {
            let report = self.report(&row.id).await.map_err(failed)?;
            let mut result = result(&report);
            for (sample, found) in result.samples.iter_mut().zip(report.samples()) {
                sample.message = message(&found, conversations).await.map_err(failed)?;
            }
            shown.result = Some(result);
        }
        Ok(shown)
    }

    /// One page of them, the latest first.
    pub(crate) async fn page(&self, asked: &pb::ListRehearsalsRequest) -> Result<pb::ListRehearsalsResponse, Status> {
        let mut violations = Violations::default();
        let size = usize::try_from(asked.page_size).ok().map(|size| if size == 0 { PAGE } else { size.min(MOST) });
        if size.is_none() {
            violations.add("page_size", "is not negative");
        }
        let behind = Some(asked.page_token.as_str()).filter(|it| it.is_empty() || Uuid::try_parse(it).is_ok());
        if behind.is_none() {
            violations.add("page_token", "is what the page before answered");
        }
        let (Some(size), Some(behind)) = (size, behind) else { return Err(violations.into_status()) };
        let rows = self.list(behind, size).await.map_err(failed)?;
        let is_full = rows.len() == size;
        let next_page_token = rows.last().filter(|_| is_full).map(|row| row.id.clone()).unwrap_or_default();
        let rehearsals: Result<Vec<_>, Status> = rows.iter().map(|row| self.rendered(row)).collect();
        Ok(pb::ListRehearsalsResponse { rehearsals: rehearsals?, next_page_token })
    }

    fn rendered(&self, row: &Rehearsal) -> Result<pb::Rehearsal, Status> {
        let spec = Spec::read(row).map_err(failed)?;
        let pack = spec.pack().map_err(failed)?;
        let state = match row.state {
            State::Pending => pb::RehearsalState::Pending,
            State::Running => pb::RehearsalState::Running,
            State::Succeeded => pb::RehearsalState::Succeeded,
            State::Failed => pb::RehearsalState::Failed,
            State::Cancelled => pb::RehearsalState::Cancelled,
        };
        Ok(pb::Rehearsal {
            name: name(row),
            state: state.into(),
            create_time: Some(timestamp(row.created_at)),
            update_time: Some(timestamp(row.updated_at)),
            end_time: row.ended_at.map(timestamp),
            expire_time: Self::expires(row).map(timestamp),
            passed_records: row.progress.passed,
            total_records: row.progress.total,
            judged_sends: row.progress.sends,
            error: row.error.clone(),
            durable: self.are_durable(),
            ..of(pack.as_ref(), spec.page.as_ref(), spec.from, spec.to)
        })
    }
}

/// The id in a name.
pub(crate) fn parse_name(name: &str) -> Result<String, Status> {
    let id = name.strip_prefix("rehearsals/").and_then(|id| Uuid::try_parse(id).ok());
    id.map(|id| id.to_string()).ok_or_else(|| {
        let mut violations = Violations::default();
        violations.add("name", "looks like `rehearsals/{rehearsal}`");
        violations.into_status()
    })
}

fn name(row: &Rehearsal) -> String {
    format!("rehearsals/{}", row.id)
}

fn failed(failure: Failure) -> Status {
    match &failure {
        Failure::Log(error) => status::unavailable(error),
        Failure::Sql(sql::SqlError::Broken(_)) => status::internal(&failure),
        Failure::Sql(error) => status::tables_unavailable(error),
    }
}

/// The message's name; empty when the conversation was erased.
async fn message(found: &Found, conversations: &Conversations) -> Result<String, Failure> {
    let send = &found.rejudged.send;
    let known = conversations.find(send).await?.1;
    Ok(known.map(|known| api::name::message(send, &known.recipient)).unwrap_or_default())
}

/// What came out, for an answer. Messages are left unnamed: only the log tells whose they are.
pub fn result(report: &Report) -> pb::RehearsalResult {
    let (sends, to_block, to_allow) = report.tally.totals();
    let count = |(page, purpose, broadcast, outcome, n): (&PageId, _, Option<&str>, _, _)| {
        let (outcome, rule) = flip(outcome)?;
        Some(pb::RehearsalCount {
            parent: format!("pages/{page}"),
            purpose: convert::purpose(purpose).into(),
            broadcast: broadcast.unwrap_or_default().to_owned(),
            outcome: outcome.into(),
            rule,
            sends: n,
        })
    };
    let mut counts: Vec<_> = report.tally.all().filter_map(count).collect();
    // The order of equals is that of the tally.
    counts.sort_by_key(|row| std::cmp::Reverse(row.sends));
    let left_off_counts = counts.len().saturating_sub(MOST_COUNTS) as u64;
    counts.truncate(MOST_COUNTS);
    let sample = |found: Found| {
        let (outcome, rule) = flip(found.rejudged.outcome)?;
        Some(pb::RehearsalSample {
            send: found.rejudged.send.to_string(),
            message: String::new(),
            judge_time: Some(timestamp(found.rejudged.at)),
            purpose: convert::purpose(found.rejudged.purpose).into(),
            broadcast: found.rejudged.broadcast.unwrap_or_default(),
            outcome: outcome.into(),
            rule,
        })
    };
    let samples = report.samples().filter_map(sample).collect();
    pb::RehearsalResult { sends, to_block, to_allow, counts, left_off_counts, samples }
}

fn flip(outcome: Outcome) -> Option<(pb::RehearsalOutcome, String)> {
    match outcome {
        Outcome::Same => None,
        Outcome::ToBlock(rule) => Some((pb::RehearsalOutcome::ToBlock, rule.id().to_owned())),
        Outcome::ToAllow(rule) => Some((pb::RehearsalOutcome::ToAllow, rule.id().to_owned())),
    }
}
