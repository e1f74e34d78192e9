//! A Page as callers see it.

use super::platform::{Found, fields_missing, permission_lost, token_refused};
use api::convert::timestamp;
use api::name;
use api::proto::page::v1 as pb;
use domain::decision::Capability;
use domain::id::PageId;
use event_log::LoadedPage;
use sql::pages::Registered;

/// The Page as its stream and the registry tell, with the problems that are known of it.
pub(super) fn page(id: &PageId, loaded: &LoadedPage, registered: Option<&Registered>) -> pb::Page {
    let (state, standing) = (&loaded.state, loaded.state.standing());
    let dead = standing.token_dead().map(|dead| token_refused(dead.code, dead.subcode));
    let lost = standing.permission_lost().map(|lost| permission_lost(lost.code, lost.subcode));
    let capability = |one: Capability| {
        let granted = state.capability(one)?;
        Some(pb::PageCapability { capability: one.as_str().to_owned(), granted })
    };
    pb::Page {
        name: name::page(id),
        display_name: standing.name().unwrap_or_default().to_owned(),
        state: if state.is_paused() { pb::PageState::Paused } else { pb::PageState::Active }.into(),
        pause_reason: standing.paused().map(|paused| paused.reason.clone()).unwrap_or_default(),
        pause_time: standing.paused().map(|paused| timestamp(paused.fact.at)),
        app: state.app().map(|app| app.as_str().to_owned()).unwrap_or_default(),
        messaging_enabled: state.messaging_off().is_none(),
        capabilities: Capability::ALL.into_iter().filter_map(capability).collect(),
        problems: dead.into_iter().chain(lost).chain(fields_missing(standing.missing())).collect(),
        create_time: registered.map(|found| timestamp(found.created_at)),
        token_time: registered.map(|found| timestamp(found.updated_at)),
        revision: loaded.revision,
    }
}

/// The same, with what a check found out in the place of what was known.
pub(super) fn checked(id: &PageId, loaded: &LoadedPage, registered: Option<&Registered>, found: Found) -> pb::Page {
    // No check finds this out: only a message does.
    let lost = loaded.state.standing().permission_lost().map(|lost| permission_lost(lost.code, lost.subcode));
    let problems = found.problems.into_iter().chain(lost).collect();
    pb::Page { problems, ..page(id, loaded, registered) }
}
