//! How a Page stands, as callers see it.

use api::convert::timestamp;
use api::proto::compliance::v1 as pb;
use domain::decision::Capability;
use domain::id::PageId;
use domain::pack::{Pack, Packs};
use domain::page::{Health, Page};
use domain::time::Timestamp;
use event_log::LoadedPage;

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

/// Whether the pack has this way at that moment, and the Page has it: as was said of it, or as the pack says of all.
fn has(capability: Capability, page: &Page, pack: &Pack, at: Timestamp) -> bool {
    let granted = |by_default| page.capability(capability).unwrap_or(by_default);
    if capability == Capability::CustomerFeedback {
        let rule = pack.tags().get(&domain::decision::Tag::CustomerFeedback);
        return rule.is_some_and(|rule| rule.dated.applies(at) && granted(rule.on_by_default));
    }
    pack.route(capability).is_some_and(|rule| rule.dated.applies(at) && granted(rule.on_by_default))
}
