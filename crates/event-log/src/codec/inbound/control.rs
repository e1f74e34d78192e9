//! Which app speaks for the Page, and whether the Page may speak at all.

use super::word;
use crate::codec::{Undecodable, optional, required, text_of};
use api::proto::log::v1 as wire;
use domain::event::{AppRoles, ControlStep, PolicyAction, PolicyEnforcement, ThreadControl};
use domain::id::AppId;

pub(super) fn control_to_wire(control: &ThreadControl) -> wire::ThreadControl {
    wire::ThreadControl {
        step: control.step.as_str().to_owned(),
        from: text_of(control.from.as_ref(), AppId::as_str),
        to: text_of(control.to.as_ref(), AppId::as_str),
        metadata: control.metadata.clone(),
    }
}

pub(super) fn control_from_wire(control: wire::ThreadControl) -> Result<ThreadControl, Undecodable> {
    Ok(ThreadControl {
        step: word(&control.step, ControlStep::parse, "thread_control.step")?,
        from: optional(&control.from, AppId::parse, "thread_control.from")?,
        to: optional(&control.to, AppId::parse, "thread_control.to")?,
        metadata: control.metadata,
    })
}

pub(super) fn roles_to_wire(apps: &[AppRoles]) -> wire::AppRoles {
    let one = |app: &AppRoles| wire::AppRole { app: app.app.as_str().to_owned(), roles: app.roles.clone() };
    wire::AppRoles { apps: apps.iter().map(one).collect() }
}

pub(super) fn roles_from_wire(apps: wire::AppRoles) -> Result<Vec<AppRoles>, Undecodable> {
    let one =
        |app: wire::AppRole| Ok(AppRoles { app: required(&app.app, AppId::parse, "app_roles.app")?, roles: app.roles });
    apps.apps.into_iter().map(one).collect()
}

pub(super) fn policy_to_wire(policy: &PolicyEnforcement) -> wire::PolicyEnforcement {
    wire::PolicyEnforcement { action: policy.action.as_str().to_owned(), reason: policy.reason.clone() }
}

pub(super) fn policy_from_wire(policy: wire::PolicyEnforcement) -> Result<PolicyEnforcement, Undecodable> {
    let action = word(&policy.action, PolicyAction::parse, "policy_enforcement.action")?;
    Ok(PolicyEnforcement { action, reason: policy.reason })
}
