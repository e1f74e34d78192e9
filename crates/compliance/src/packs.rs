//! Rule packs as callers see them.

use api::convert::timestamp;
use api::name;
use api::proto::compliance::v1 as pb;
use api::status::{self, Violations};
use domain::pack::{Pack, Packs};
use domain::time::Timestamp;
use event_log::{LoadedPacks, Revision};
use tonic::Status;

/// How many packs a page holds when nobody says, and at most.
const PAGE: usize = 50;
const MOST: usize = 1_000;

/// One page of the packs, in the order in which they take effect, without their texts.
pub(crate) fn list(
    loaded: &LoadedPacks,
    asked: &pb::ListRulePacksRequest,
    now: Timestamp,
) -> Result<pb::ListRulePacksResponse, Status> {
    let packs = &loaded.state;
    let mut violations = Violations::default();
    let size = match usize::try_from(asked.page_size) {
        Ok(0) => Some(PAGE),
        Ok(size) => Some(size.min(MOST)),
        Err(_) => {
            violations.add("page_size", "is not negative");
            None
        }
    };
    // Packs are only ever added; a token is the place where the next page begins.
    let begin = if asked.page_token.is_empty() { Some(0) } else { asked.page_token.parse().ok() };
    if begin.is_none() {
        violations.add("page_token", "is what the page before answered");
    }
    let (Some(size), Some(begin)) = (size, begin) else { return Err(violations.into_status()) };
    let mut all: Vec<_> = packs.all().collect();
    all.sort_by_key(|(pack, _)| pack.in_force_from());
    let n_all = all.len();
    let shown = all
        .into_iter()
        .skip(begin)
        .take(size)
        .map(|(pack, is_active)| pb::RulePack { text: String::new(), ..rendered(pack, is_active, loaded, now) });
    let rule_packs: Vec<_> = shown.collect();
    let end = begin.saturating_add(rule_packs.len());
    let next_page_token = if end < n_all { end.to_string() } else { String::new() };
    Ok(pb::ListRulePacksResponse { rule_packs, next_page_token, etag: etag(loaded.revision) })
}

/// One pack with its text, by its name, and by the first digits of its digest where there is more than one of that name:
/// without any, the one that is in force or would be.
pub(crate) fn get(loaded: &LoadedPacks, wanted: &str, now: Timestamp) -> Result<pb::RulePack, Status> {
    let (pack, is_active) = find(&loaded.state, wanted)?;
    Ok(rendered(pack, is_active, loaded, now))
}

/// The same as the rules know it, and whether it is in force from its instant on.
pub(crate) fn find<'a>(packs: &'a Packs, wanted: &str) -> Result<(&'a Pack, bool), Status> {
    let unknown = || status::no_such_rule_pack(wanted);
    let rest = wanted.strip_prefix("rulePacks/").ok_or_else(|| {
        let mut violations = Violations::default();
        violations.add("name", "looks like `rulePacks/{name}` or `rulePacks/{name}@{digest}`");
        violations.into_status()
    })?;
    let (name, digest) = rest.split_once('@').unwrap_or((rest, ""));
    let fits = |pack: &Pack| pack.reference().name == name && hex::encode(pack.reference().digest).starts_with(digest);
    let found: Vec<_> = packs.all().filter(|(pack, _)| fits(pack)).collect();
    found.iter().find(|(_, is_active)| *is_active).or(found.last()).copied().ok_or_else(unknown)
}

/// What stands for a revision of the packs.
pub(crate) fn etag(revision: Revision) -> String {
    revision.to_string()
}

fn rendered(pack: &Pack, is_active: bool, loaded: &LoadedPacks, now: Timestamp) -> pb::RulePack {
    let reference = pack.reference();
    pb::RulePack {
        name: name::rule_pack(reference),
        display_name: reference.name.clone(),
        start_time: Some(timestamp(pack.in_force_from())),
        active: is_active,
        in_force: loaded.state.in_force(now).reference() == reference,
        text: pack.text().to_owned(),
        etag: etag(loaded.revision),
    }
}
