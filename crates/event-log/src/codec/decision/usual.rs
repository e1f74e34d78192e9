//! The quick way to read decisions.

use super::{finding_from_wire, remedy_from_wire, route_from_wire};
use crate::codec::usual::{Extent, Fields, Value, moment, short, text};
use crate::codec::{right, uuid};
use api::proto::log::v1 as wire;
use domain::decision::{Decision, Finding, PackRef, Verdict};
use domain::id::RecordId;
use domain::pack::Rule;
use domain::time::Timestamp;
use prost::Message as _;

/// The decision in these bytes, if it has no uncommon parts.
pub(in crate::codec) fn read(bytes: &[u8], extent: Extent) -> Option<Box<Decision>> {
    let (mut verdict, mut findings, mut remedies) = (None, Vec::new(), Vec::new());
    let (mut at, mut holds_until, mut name, mut digest) = (Timestamp::default(), None, String::new(), None);
    let (mut evaluator, mut overrides, mut right) = (0, None, None);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Number(number)) if verdict.is_none() => verdict = Some(verdict_of(number)?),
            (2, Value::Bytes(raw)) => match (extent, verdict?) {
                (Extent::Whole, Verdict::Allowed(_) | Verdict::Blocked) => findings.push(finding(raw)?),
                (Extent::ToJudge, Verdict::Allowed(_)) => (),
                (Extent::ToJudge, Verdict::Blocked) => {
                    findings.push(Finding { rule: finding(raw)?.rule, facts: Vec::new(), span: None, about: None })
                }
            },
            (3 | 6, Value::Bytes(_)) if extent == Extent::ToJudge => (),
            (3, Value::Bytes(raw)) => remedies.push(remedy_from_wire(wire::Remedy::decode(raw).ok()?).ok()?),
            (4, Value::Number(ms)) => at = moment(ms),
            (5, Value::Number(ms)) => holds_until = Some(moment(ms)),
            (6, Value::Bytes(raw)) => text(raw)?.clone_into(&mut name),
            (7, Value::Bytes(raw)) => digest = Some(raw.try_into().ok()?),
            (8, Value::Number(number)) => evaluator = short(number)?,
            (9, Value::Bytes([])) => overrides = None,
            (9, Value::Bytes(raw)) => overrides = Some(raw.try_into().ok()?),
            (10, Value::Bytes(raw)) if right.is_none() => {
                right = Some(right::right_from_wire(wire::Right::decode(raw).ok()?).ok()?);
            }
            _ => return None,
        }
    }
    let pack = PackRef { name, digest: digest? };
    let (verdict, findings) = (verdict?, findings);
    Some(Box::new(Decision { verdict, findings, remedies, at, holds_until, pack, overrides, right, evaluator }))
}

fn verdict_of(number: u64) -> Option<Verdict> {
    let verdict = wire::Verdict::try_from(i32::try_from(number).ok()?).ok()?;
    let is_blocked = verdict == wire::Verdict::Blocked;
    if is_blocked { Some(Verdict::Blocked) } else { route_from_wire(verdict).map(Verdict::Allowed) }
}

/// Rules that speak of one of several things are left to the generated code.
fn finding(bytes: &[u8]) -> Option<Finding> {
    plain(bytes).or_else(|| finding_from_wire(wire::Finding::decode(bytes).ok()?).ok())
}

fn plain(bytes: &[u8]) -> Option<Finding> {
    let (mut rule, mut facts, mut from, mut to) = (None, Vec::new(), None, None);
    let mut fields = Fields::of(bytes);
    while let Some(field) = fields.next()? {
        match field {
            (1, Value::Bytes(raw)) => rule = Some(Rule::from_id(text(raw)?)?),
            (2, Value::Bytes(raw)) => facts.push(RecordId::new(uuid(raw, "finding.facts").ok()?)),
            (3, Value::Number(ms)) => from = Some(moment(ms)),
            (4, Value::Number(ms)) => to = Some(moment(ms)),
            _ => return None,
        }
    }
    if from.is_some() != to.is_some() {
        return None;
    }
    Some(Finding { rule: rule?, facts, span: from.zip(to), about: None })
}
