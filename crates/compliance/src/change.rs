//! Changes of the rule packs that callers ask for.

mod how;

use crate::append::Writer;
use crate::packs;
use api::name;
use api::proto::compliance::v1 as pb;
use api::status::{self, Violations};
use domain::decision::PackRef;
use domain::id::{PageId, StreamId};
use domain::pack::{BadPack, Change, Pack, Packs, Refused};
use domain::time::Timestamp;
use event_log::{AppendError, JudgedBy, LoadedPacks, MOST_TRIES};
use how::How;
use std::sync::Arc;
use tonic::Status;

/// Changes rule packs.
#[derive(Debug)]
pub(crate) struct Changes {
    pub(crate) writer: Writer,
    pub(crate) judged_by: JudgedBy,
}

impl Changes {
    pub(crate) async fn activate(&self, mut asked: pb::ActivateRulePackRequest) -> Result<pb::RulePack, Status> {
        let mut violations = Violations::default();
        let how = How::take(&mut asked, &mut violations);
        let wanted = match asked.pack {
            Some(pb::activate_rule_pack_request::Pack::Name(name)) => Wanted::parse("name", &name, &mut violations),
            Some(pb::activate_rule_pack_request::Pack::Text(text)) => match Pack::parse("text", &text) {
                Ok(pack) => Some(Wanted::Text { reference: pack.reference().clone(), text }),
                Err(bad) => {
                    add_problems("text", &bad, &mut violations);
                    None
                }
            },
            None => {
                violations.add("pack", "is a known pack's `name`, or a whole pack's `text`");
                None
            }
        };
        let Some(wanted) = wanted.filter(|_| violations.is_empty()) else { return Err(violations.into_status()) };
        let load = match &wanted {
            Wanted::Text { text, .. } => Some(Change::Load { file: "text".to_owned(), text: text.clone() }),
            Wanted::Known { .. } => None,
        };
        let changes = |packs: &Packs| {
            let activate = Change::Activate(wanted.find(packs)?);
            Ok(load.clone().into_iter().chain([activate]).collect())
        };
        let after = self.change(&how, "text", changes).await?;
        self.pack(&after, &wanted)
    }

    pub(crate) async fn retire(&self, mut asked: pb::RetireRulePackRequest) -> Result<pb::RulePack, Status> {
        let mut violations = Violations::default();
        let how = How::take(&mut asked, &mut violations);
        let wanted = Wanted::parse("name", &asked.name, &mut violations);
        let Some(wanted) = wanted.filter(|_| violations.is_empty()) else { return Err(violations.into_status()) };
        let after = self.change(&how, "name", |packs| Ok(vec![Change::Retire(wanted.find(packs)?)])).await?;
        self.pack(&after, &wanted)
    }

    pub(crate) async fn pin(&self, mut asked: pb::PinRulePackRequest) -> Result<pb::PageRules, Status> {
        let mut violations = Violations::default();
        let how = How::take(&mut asked, &mut violations);
        let page = page(&asked.name, &mut violations);
        let wanted =
            (!asked.rule_pack.is_empty()).then(|| Wanted::parse("rule_pack", &asked.rule_pack, &mut violations));
        let wanted = wanted.flatten();
        let Some(page) = page.filter(|_| violations.is_empty()) else { return Err(violations.into_status()) };
        let changes = |packs: &Packs| {
            let pack = wanted.as_ref().map(|wanted| wanted.find(packs)).transpose()?;
            Ok(vec![Change::Pin(page.clone(), pack)])
        };
        let after = self.change(&how, "rule_pack", changes).await?;
        Ok(self.rules(&after, &page))
    }

    pub(crate) async fn overrides(&self, mut asked: pb::OverrideRulePackRequest) -> Result<pb::PageRules, Status> {
        let mut violations = Violations::default();
        let how = How::take(&mut asked, &mut violations);
        let Some(page) = page(&asked.name, &mut violations).filter(|_| violations.is_empty()) else {
            return Err(violations.into_status());
        };
        let overrides = Some(asked.overrides).filter(|text| !text.is_empty());
        let changes = |_: &Packs| Ok(vec![Change::Override(page.clone(), overrides.clone())]);
        let after = self.change(&how, "overrides", changes).await?;
        Ok(self.rules(&after, &page))
    }

    /// Makes the changes, or says what would be if they were. Answers the packs as they are then.
    async fn change(
        &self,
        how: &How,
        field: &str,
        changes: impl Fn(&Packs) -> Result<Vec<Change>, Status> + Send + Sync,
    ) -> Result<LoadedPacks, Status> {
        for _ in 0..MOST_TRIES {
            let loaded = self.judged_by.loaded_packs().await.map_err(|error| status::unavailable(&error))?;
            let now = self.writer.clock.now();
            let events = match loaded.state.ask(&changes(&loaded.state)?, how.asked.as_ref(), now) {
                Err(Refused::Repeated) => return Ok(loaded),
                Err(Refused::RequestIdReused) => return Err(reused(how)),
                // Whoever names an etag wants to hear of that before anything else.
                Err(_) | Ok(_) if !how.etag.is_empty() && how.etag != packs::etag(loaded.revision) => {
                    return Err(status::rule_packs_changed(&packs::etag(loaded.revision)));
                }
                decided => decided.map_err(|refused| refusal(refused, field))?,
            };
            if events.is_empty() {
                return Ok(loaded);
            }
            let mut after = loaded.clone();
            events.iter().for_each(|event| Arc::make_mut(&mut after.state).evolve(event));
            if how.validate_only {
                return Ok(after);
            }
            match self.writer.append(StreamId::packs(), events, (now, loaded.revision)).await {
                Ok(appended) => {
                    tracing::info!(revision = appended.revision, "the rule packs were changed by a caller");
                    return Ok(LoadedPacks { revision: appended.revision, ..after });
                }
                Err(AppendError::Conflict { .. }) => (),
                Err(error) => return Err(status::unavailable(&error)),
            }
        }
        Err(status::contended())
    }

    fn pack(&self, after: &LoadedPacks, wanted: &Wanted) -> Result<pb::RulePack, Status> {
        let reference = wanted.find(&after.state)?;
        packs::get(after, &name::rule_pack(&reference), self.writer.clock.now())
    }

    fn rules(&self, after: &LoadedPacks, page: &PageId) -> pb::PageRules {
        let (packs, now): (_, Timestamp) = (&after.state, self.writer.clock.now());
        pb::PageRules {
            name: format!("pages/{page}"),
            rule_pack: name::rule_pack(packs.in_force_for(page, now).reference()),
            pinned_rule_pack: packs.pin(page).map(name::rule_pack).unwrap_or_default(),
            overrides: packs.overrides(page).unwrap_or_default().to_owned(),
            etag: packs::etag(after.revision),
        }
    }
}

/// The pack that a change is about.
enum Wanted {
    /// One whose whole text came with the call.
    Text { reference: PackRef, text: String },
    /// One that must be known, and the field that names it.
    Known { field: &'static str, name: String, digits: String },
}

impl Wanted {
    fn parse(field: &'static str, raw: &str, violations: &mut Violations) -> Option<Self> {
        let (name, digits) = violations.take(field, name::parse_rule_pack(raw))?;
        Some(Self::Known { field, name: name.to_owned(), digits: digits.to_owned() })
    }

    fn find(&self, packs: &Packs) -> Result<PackRef, Status> {
        let (field, name, digits) = match self {
            Self::Text { reference, .. } => return Ok(reference.clone()),
            Self::Known { field, name, digits } => (field, name, digits),
        };
        let fits = |pack: &PackRef| pack.name == *name && hex::encode(pack.digest).starts_with(digits.as_str());
        let mut found = packs.all().map(|(pack, _)| pack.reference()).filter(|pack| fits(pack));
        let first = found.next().ok_or_else(|| status::no_such_rule_pack(&format!("rulePacks/{name}@{digits}")))?;
        if found.next().is_some() {
            let mut violations = Violations::default();
            violations.add(field, "fits several rule packs; give more digits of the digest");
            return Err(violations.into_status());
        }
        Ok(first.clone())
    }
}

fn page(raw: &str, violations: &mut Violations) -> Option<PageId> {
    let page = violations.take("name", name::parse_page(raw))?;
    if page.is_none() {
        violations.add("name", "names one Page");
    }
    page
}

/// Every problem as a field of its own, so that a program finds line and key without reading sentences.
fn add_problems(field: &str, bad: &BadPack, violations: &mut Violations) {
    for problem in &bad.problems {
        let key = if problem.key.is_empty() { String::new() } else { format!(".{}", problem.key) };
        let line = if problem.line == 0 { String::new() } else { format!("line {}: ", problem.line) };
        violations.add(&format!("{field}{key}"), format!("{line}{}", problem.what));
    }
}

fn refusal(refused: Refused, field: &str) -> Status {
    match refused {
        Refused::Text(bad) => {
            let mut violations = Violations::default();
            add_problems(field, &bad, &mut violations);
            violations.into_status()
        }
        Refused::Unknown(name) => status::no_such_rule_pack(&name),
        Refused::Last(name) => status::last_rule_pack(&name),
        other @ (Refused::Unchanged | Refused::Repeated | Refused::RequestIdReused) => status::internal(&other),
    }
}

fn reused(how: &How) -> Status {
    status::rule_pack_request_id_reused(how.asked.as_ref().map_or("", |asked| asked.id.as_str()))
}
