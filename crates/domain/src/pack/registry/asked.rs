//! Changes that a caller asks for: several at once, and once for each name of a call.

use super::{Change, Packs, Refused, system};
use crate::event::{Event, SystemKind};
use crate::id::RequestId;
use crate::time::Timestamp;

/// A caller's call: repeated under its name, it changes nothing again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The caller's name for the call.
    pub id: RequestId,
    /// A digest of everything that was asked for; another one under the same name is another call.
    pub digest: [u8; 16],
}

impl Packs {
    /// What happens when these changes are made one after the other, all of them or none. What is so already does not
    /// happen again, but the call is remembered: repeated later, it must not undo what others did meanwhile.
    ///
    /// # Errors
    /// When one of them cannot be made, or the call was made before.
    pub fn ask(&self, changes: &[Change], asked: Option<&Asked>, now: Timestamp) -> Result<Vec<Event>, Refused> {
        match asked.and_then(|asked| Some((asked, self.requests.get(&asked.id)?))) {
            Some((asked, known)) if asked.digest == *known => return Err(Refused::Repeated),
            Some(_) => return Err(Refused::RequestIdReused),
            None => (),
        }
        let (mut after, mut events) = (self.clone(), Vec::new());
        for change in changes {
            match after.decide(change, now) {
                Ok(more) => {
                    more.iter().for_each(|event| after.evolve(event));
                    events.extend(more);
                }
                Err(Refused::Unchanged) => (),
                Err(refused) => return Err(refused),
            }
        }
        events.extend(asked.map(|Asked { id, digest }| {
            system(now, SystemKind::PacksRequested { request: id.clone(), request_digest: *digest })
        }));
        Ok(events)
    }
}
