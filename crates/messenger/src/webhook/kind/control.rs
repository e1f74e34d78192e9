//! Which app speaks for the Page, and whether the Page may speak at all.

use crate::json::{self, Id, Words};
use domain::event::{AppRoles, ControlStep, InboundKind, PolicyAction, PolicyEnforcement, ThreadControl};
use domain::id::AppId;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;

#[derive(Deserialize)]
struct Wire {
    previous_owner_app_id: Option<Id>,
    new_owner_app_id: Option<Id>,
    requested_owner_app_id: Option<Id>,
    metadata: Option<Words>,
}

pub(super) fn passed(raw: &RawValue) -> Option<InboundKind> {
    let wire: Wire = json::object(raw)?;
    control(ControlStep::Passed, wire.previous_owner_app_id, wire.new_owner_app_id, wire.metadata)
}

pub(super) fn taken(raw: &RawValue) -> Option<InboundKind> {
    let wire: Wire = json::object(raw)?;
    control(ControlStep::Taken, wire.previous_owner_app_id, wire.new_owner_app_id, wire.metadata)
}

pub(super) fn requested(raw: &RawValue) -> Option<InboundKind> {
    let wire: Wire = json::object(raw)?;
    control(ControlStep::Requested, None, Some(wire.requested_owner_app_id?), wire.metadata)
}

fn control(step: ControlStep, from: Option<Id>, to: Option<Id>, metadata: Option<Words>) -> Option<InboundKind> {
    let app = |id: Option<Id>| id.map(|id| AppId::parse(&id.0)).transpose().ok();
    let metadata = metadata.map(|metadata| metadata.0);
    Some(InboundKind::ThreadControl(ThreadControl { step, from: app(from)?, to: app(to)?, metadata }))
}

pub(super) fn app_roles(raw: &RawValue) -> Option<InboundKind> {
    let apps: BTreeMap<String, Vec<String>> = json::object(raw)?;
    let one = |(app, roles): (String, Vec<String>)| Some(AppRoles { app: AppId::parse(&app).ok()?, roles });
    Some(InboundKind::AppRoles(apps.into_iter().map(one).collect::<Option<_>>()?))
}

pub(super) fn policy_enforcement(raw: &RawValue) -> Option<InboundKind> {
    #[derive(Deserialize)]
    struct Enforced {
        action: String,
        reason: Option<Words>,
    }
    let enforced: Enforced = json::object(raw)?;
    let (action, reason) = (PolicyAction::parse(&enforced.action)?, enforced.reason.map(|reason| reason.0));
    Some(InboundKind::PolicyEnforcement(PolicyEnforcement { action, reason }))
}
