//! How a Page stands, as callers see it.

use crate::counts::counted;
use api::convert::timestamp;
use api::proto::compliance::v1 as pb;
use domain::decision::Capability;
use domain::id::PageId;
use domain::pack::{BlockRateLimit, Pack, Packs};
use domain::page::{Health, Page};
use domain::time::{Span, Timestamp};
use event_log::LoadedPage;
use sql::Database;
use sql::page_counts::Counted;

/// How the platform stands to a Page at a moment, and what the Page has then.
pub(crate) fn health(page: &PageId, loaded: &LoadedPage, packs: &Packs, at: Timestamp) -> pb::PageHealth {
    let pack = packs.in_force_for(page, at);
    let (standing, start, end) = match loaded.state.health(pack.restrictions(), at) {
        Health::Well => (pb::PageStanding::Well, None, None),
        Health::Warned(fact) => (pb::PageStanding::Warned, Some(fact.at), None),
        Health::Restricted(found) => (pb::PageStanding::Restricted, Some(found.fact.at), Some(found.until)),
    };
    let has = Capability::ALL.into_iter().filter(|capability| has(*capability, &loaded.state, pack, at));
    pb::PageHealth {
        name: format!("pages/{page}"),
        standing: standing.into(),
        start_time: start.map(timestamp),
        end_time: end.map(timestamp),
        messaging_on: loaded.state.messaging_off().is_none(),
        capabilities: has.map(|capability| capability.as_str().to_owned()).collect(),
        pack: pack.reference().name.clone(),
        pinned: packs.pin(page).is_some(),
        overridden: pack.overrides().is_some(),
        revision: loaded.revision,
        block_rate: None,
        block_rate_above_time: loaded.state.block_rate_above().map(|fact| timestamp(fact.at)),
    }
}

/// How many people block the Page lately, beside what its pack says; none while the database does not answer.
pub(crate) async fn block_rate(
    database: &Database,
    page: &PageId,
    packs: &Packs,
    now: Timestamp,
) -> Option<pb::BlockRate> {
    let limit = packs.in_force_for(page, now).block_rate();
    let Counted { sends, blocks } = match counted(database, page, limit, now).await {
        Ok(counted) => counted,
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a Page's health is told without its block rate");
            return None;
        }
    };
    let span = duration(limit.map_or(BlockRateLimit::LONGEST, |limit| limit.within));
    let limit = limit.map(|BlockRateLimit { per_mille, least_sends, within }| pb::BlockRateLimit {
        per_mille,
        least_sends,
        span: Some(duration(within)),
    });
    let per_mille = (blocks * 1_000).checked_div(sends).unwrap_or(0);
    let per_mille = u32::try_from(per_mille).unwrap_or(u32::MAX);
    Some(pb::BlockRate { span: Some(span), sends, blocks, per_mille, limit })
}

/// A span of whole seconds, as all of packs are.
const fn duration(span: Span) -> prost_types::Duration {
    prost_types::Duration { seconds: span.as_millis() / 1_000, nanos: 0 }
}

/// Whether the pack has this way at that moment, and the Page has it: as was said of it, or as the pack says of all.
fn has(capability: Capability, page: &Page, pack: &Pack, at: Timestamp) -> bool {
    let granted = |by_default| page.capability(capability).unwrap_or(by_default);
    if capability == Capability::CustomerFeedback {
        let rule = pack.tags().get(&domain::decision::Tag::CustomerFeedback);
        return rule.is_some_and(|rule| rule.dated.applies(at) && granted(rule.on_by_default));
    }
    pack.route(capability).is_some_and(|rule| rule.dated.applies(at) && granted(rule.on_by_default))
}
