//! The packs that a process knows: those that come with it, and what the log's stream of packs says.

mod asked;

pub use asked::Asked;

use super::{BUILT_IN, BadPack, Pack};
use crate::decision::PackRef;
use crate::event::{Event, System, SystemKind};
use crate::id::{PageId, RequestId};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The packs that are known, which of them are in force when, and what single Pages have of their own.
///
/// A Page may be pinned to one pack, and may have numbers and flags of its own in every pack.
#[derive(Clone, Debug)]
pub struct Packs {
    known: Vec<Arc<Pack>>,
    /// In the order in which they take effect; of two with one instant, the one that was activated later counts.
    active: Vec<Arc<Pack>>,
    pages: BTreeMap<PageId, Own>,
    unreadable: Vec<BadPack>,
    /// Whether a text is in the log, by its digest.
    loaded: Vec<[u8; 32]>,
    /// The calls that changed something, or would have: each with a digest of what it asked for.
    requests: BTreeMap<RequestId, [u8; 16]>,
}

/// What a Page has of its own.
#[derive(Clone, Debug, Default)]
struct Own {
    pin: Option<Arc<Pack>>,
    overrides: Option<String>,
    /// Every pack with the Page's own values, by the digest of its text.
    changed: BTreeMap<[u8; 32], Arc<Pack>>,
}

/// Something an operator wants of the packs.
#[derive(Clone, Debug)]
pub enum Change {
    /// Keeps a pack's text in the log, so that it can be activated.
    Load {
        /// What problems call the text.
        file: String,
        /// The text.
        text: String,
    },
    /// Puts a pack into force from its instant on.
    Activate(PackRef),
    /// Takes a pack out of force.
    Retire(PackRef),
    /// Judges a Page by one pack whatever the time; none: by the pack in force again.
    Pin(PageId, Option<PackRef>),
    /// Gives a Page numbers and flags of its own, as a piece of a pack; none: takes them away.
    Override(PageId, Option<String>),
}

/// Why a change of packs is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The text is no pack.
    #[error(transparent)]
    Text(#[from] BadPack),
    /// No pack has this name and digest.
    #[error("there is no rule pack `{0}` with this digest")]
    Unknown(String),
    /// Nothing would be in force any more.
    #[error("`{0}` is the last rule pack in force")]
    Last(String),
    /// It is so already.
    #[error("that is so already")]
    Unchanged,
    /// The same call was made before.
    #[error("the same call was made before")]
    Repeated,
    /// Another call was made before under the same name.
    #[error("another call was made under this request id")]
    RequestIdReused,
}

impl Packs {
    /// The packs that come with this version, all in force.
    pub fn built_in() -> Self {
        let read = |(file, text)| Arc::new(Pack::parse(file, text).expect("a test reads every pack that we ship"));
        let known: Vec<_> = BUILT_IN.into_iter().map(read).collect();
        Self::all_in_force(known)
    }

    /// These packs alone, all in force.
    pub fn of(packs: impl IntoIterator<Item = Pack>) -> Option<Self> {
        let mut active: Vec<_> = packs.into_iter().map(Arc::new).collect();
        active.sort_by_key(|pack| pack.in_force_from());
        (!active.is_empty()).then(|| Self::all_in_force(active))
    }

    fn all_in_force(known: Vec<Arc<Pack>>) -> Self {
        let (pages, unreadable, loaded, requests) = (BTreeMap::new(), Vec::new(), Vec::new(), BTreeMap::new());
        Self { active: known.clone(), known, pages, unreadable, loaded, requests }
    }

    /// What they are after one more event of the log's stream of packs. A text that this version cannot read changes
    /// nothing but the list of such texts.
    pub fn evolve(&mut self, event: &Event) {
        let Event::System(System { kind, .. }) = event else { return };
        match kind {
            SystemKind::LogRestored { .. } => (),
            SystemKind::PackLoaded { text } => self.load(text),
            SystemKind::PackActivated { pack } => {
                if let Some(pack) = self.known(pack) {
                    self.active.retain(|active| active.reference() != pack.reference());
                    self.active.push(pack);
                    self.active.sort_by_key(|pack| pack.in_force_from());
                }
            }
            SystemKind::PackRetired { pack } => {
                if self.active.iter().any(|active| active.reference() != pack) {
                    self.active.retain(|active| active.reference() != pack);
                }
            }
            SystemKind::PackPinned { page, pack } => {
                let pin = pack.as_ref().and_then(|pack| self.known(pack));
                self.pages.entry(page.clone()).or_default().pin = pin;
            }
            SystemKind::PackOverridden { page, overrides } => {
                self.pages.entry(page.clone()).or_default().overrides.clone_from(overrides);
            }
            SystemKind::PacksRequested { request, request_digest } => {
                self.requests.entry(request.clone()).or_insert(*request_digest);
            }
        }
        self.change_pages();
    }

    fn load(&mut self, text: &str) {
        match Pack::read_back("the log", text) {
            Ok(pack) => {
                self.loaded.push(pack.reference().digest);
                if self.find(pack.reference()).is_none() {
                    self.known.push(Arc::new(pack));
                }
            }
            Err(error) => self.unreadable.push(error),
        }
    }

    /// Makes every Page's own packs anew: rare, and cheaper than doing it for every judgement.
    fn change_pages(&mut self) {
        for own in self.pages.values_mut() {
            own.changed.clear();
            let Some(overrides) = &own.overrides else { continue };
            let changed = self.known.iter().filter_map(|pack| {
                let changed = pack.with_overrides("the Page's own", overrides).ok()?;
                Some((pack.reference().digest, Arc::new(changed)))
            });
            own.changed = changed.collect();
        }
    }

    fn known(&self, reference: &PackRef) -> Option<Arc<Pack>> {
        self.known.iter().find(|pack| pack.reference() == reference).cloned()
    }

    /// The pack in force at `now`; before the first one's instant, the first.
    pub fn in_force(&self, now: Timestamp) -> &Pack {
        let begun = self.active.iter().rev().find(|pack| pack.in_force_from() <= now);
        begun.or(self.active.first()).expect("there is always a first pack")
    }

    /// The pack by which a Page is judged at `now`: the one it is pinned to, or the one in force, with its own values.
    pub fn in_force_for(&self, page: &PageId, now: Timestamp) -> &Pack {
        let Some(own) = self.pages.get(page) else { return self.in_force(now) };
        let pack = own.pin.as_deref().unwrap_or_else(|| self.in_force(now));
        own.changed.get(&pack.reference().digest).map_or(pack, |changed| changed)
    }

    /// The instants after `now` from which a Page is judged by another pack.
    pub fn next_change(&self, page: &PageId, now: Timestamp) -> Option<Timestamp> {
        if self.pages.get(page).is_some_and(|own| own.pin.is_some()) {
            return None;
        }
        // Before the first one's instant the first applies already.
        self.active.iter().skip(1).map(|pack| pack.in_force_from()).find(|from| *from > now)
    }

    /// The pack that a stored decision names, if this process knows it.
    pub fn find(&self, reference: &PackRef) -> Option<&Pack> {
        self.known.iter().find(|pack| pack.reference() == reference).map(Arc::as_ref)
    }

    /// Every pack that is known, and whether it is in force from its instant on.
    pub fn all(&self) -> impl Iterator<Item = (&Pack, bool)> {
        let is_active = |pack: &Arc<Pack>| self.active.iter().any(|active| active.reference() == pack.reference());
        self.known.iter().map(move |pack| (pack.as_ref(), is_active(pack)))
    }

    /// The pack that a Page is pinned to.
    pub fn pin(&self, page: &PageId) -> Option<&PackRef> {
        self.pages.get(page)?.pin.as_ref().map(|pack| pack.reference())
    }

    /// A Page's own numbers and flags.
    pub fn overrides(&self, page: &PageId) -> Option<&str> {
        self.pages.get(page)?.overrides.as_deref()
    }

    /// Texts in the log that this version cannot read.
    pub fn unreadable(&self) -> &[BadPack] {
        &self.unreadable
    }

    /// What happens when the packs that come with this version are kept in the log, as far as they are not: decisions
    /// made by them can then be made again from the log alone.
    pub fn keep_known(&self, now: Timestamp) -> Vec<Event> {
        let missing = self.known.iter().filter(|pack| !self.loaded.contains(&pack.reference().digest));
        missing.map(|pack| system(now, SystemKind::PackLoaded { text: pack.text().to_owned() })).collect()
    }

    /// What happens when this change is made.
    ///
    /// # Errors
    /// When it cannot be made, or changes nothing.
    pub fn decide(&self, change: &Change, now: Timestamp) -> Result<Vec<Event>, Refused> {
        let kind = match change {
            Change::Load { file, text } => {
                let pack = Pack::parse(file, text)?;
                refuse(self.loaded.contains(&pack.reference().digest))?;
                SystemKind::PackLoaded { text: text.clone() }
            }
            Change::Activate(pack) => {
                let found = self.must_know(pack)?;
                let last = self.active.iter().rfind(|active| active.in_force_from() == found.in_force_from());
                refuse(last.is_some_and(|last| last.reference() == pack))?;
                return Ok(self.with_text(&found, SystemKind::PackActivated { pack: pack.clone() }, now));
            }
            Change::Retire(pack) => {
                self.must_know(pack)?;
                refuse(!self.active.iter().any(|active| active.reference() == pack))?;
                if self.active.len() == 1 {
                    return Err(Refused::Last(pack.name.clone()));
                }
                SystemKind::PackRetired { pack: pack.clone() }
            }
            Change::Pin(page, pack) => {
                refuse(self.pin(page) == pack.as_ref())?;
                let kind = SystemKind::PackPinned { page: page.clone(), pack: pack.clone() };
                let Some(pack) = pack else { return Ok(vec![system(now, kind)]) };
                let found = self.must_know(pack)?;
                return Ok(self.with_text(&found, kind, now));
            }
            Change::Override(page, overrides) => {
                refuse(self.overrides(page) == overrides.as_deref())?;
                if let Some(text) = overrides {
                    let mut judged = self.active.iter().chain(self.pages.get(page).and_then(|own| own.pin.as_ref()));
                    judged.try_for_each(|pack| pack.with_overrides("the Page's own", text).map(drop))?;
                }
                SystemKind::PackOverridden { page: page.clone(), overrides: overrides.clone() }
            }
        };
        Ok(vec![system(now, kind)])
    }

    fn must_know(&self, pack: &PackRef) -> Result<Arc<Pack>, Refused> {
        self.known(pack).ok_or_else(|| Refused::Unknown(pack.name.clone()))
    }

    /// What is named in the log must be in the log.
    fn with_text(&self, pack: &Pack, kind: SystemKind, now: Timestamp) -> Vec<Event> {
        let is_loaded = self.loaded.contains(&pack.reference().digest);
        let text = (!is_loaded).then(|| SystemKind::PackLoaded { text: pack.text().to_owned() });
        text.into_iter().chain([kind]).map(|kind| system(now, kind)).collect()
    }
}

fn system(at: Timestamp, kind: SystemKind) -> Event {
    Event::System(System { at, kind })
}

const fn refuse(is_so_already: bool) -> Result<(), Refused> {
    if is_so_already { Err(Refused::Unchanged) } else { Ok(()) }
}
