//! News from within this process, so that whoever sends for a Page need not wait for the table. Any of it may be lost:
//! the table tells the same a little later, and the claim decides.

use domain::id::{PageId, StreamId};
use sql::outbox::Waiting;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::{Notify, mpsc};

/// How much news may wait for one Page. More is lost, and read from the table.
const MOST: usize = 4_096;

/// News of one Page.
#[derive(Clone, Debug)]
pub(crate) enum Hint {
    /// A send waits.
    Waits(Waiting),
    /// Something happened in a conversation.
    Happened(News),
    /// The table has changed.
    Table,
}

/// Something that happened in a conversation.
#[derive(Clone, Debug)]
pub(crate) struct News {
    pub(crate) stream: StreamId,
    /// The position of the record: whoever has looked at the conversation as far knows it.
    pub(crate) position: u64,
    /// Whether something may be to be done there by it where nothing was: not if it only says that sends have ended.
    pub(crate) begins: bool,
}

/// Who is to be told. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Hints(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    desks: Mutex<HashMap<PageId, mpsc::Sender<Hint>>>,
    /// Pages for which there was news and nobody to take it.
    orphans: Mutex<Vec<PageId>>,
    called: Notify,
}

impl Hints {
    /// Tells whoever sends for the Page here, if somebody does.
    pub(crate) fn tell_if_open(&self, page: &PageId, hint: Hint) {
        self.reach(page, hint);
    }

    /// The same; answers whether somebody does.
    fn reach(&self, page: &PageId, hint: Hint) -> bool {
        match locked(&self.0.desks).get(page) {
            Some(desk) => desk.try_send(hint).is_ok() || !desk.is_closed(),
            None => false,
        }
    }

    /// The same; if nobody does, it is looked whether that can begin here.
    pub(crate) fn tell(&self, page: &PageId, hint: Hint) {
        if !self.reach(page, hint) {
            locked(&self.0.orphans).push(page.clone());
            self.0.called.notify_one();
        }
    }

    /// From now on this takes the news of the Page.
    pub(crate) fn open(&self, page: PageId) -> mpsc::Receiver<Hint> {
        let (sender, receiver) = mpsc::channel(MOST);
        locked(&self.0.desks).insert(page, sender);
        receiver
    }

    /// Nobody takes the news of the Page any more.
    pub(crate) fn close(&self, page: &PageId) {
        locked(&self.0.desks).remove(page);
    }

    /// The Pages for which there was news and nobody to take it; waits for the first.
    pub(crate) async fn orphans(&self) -> Vec<PageId> {
        loop {
            let pages = std::mem::take(&mut *locked(&self.0.orphans));
            if !pages.is_empty() {
                return pages;
            }
            self.0.called.notified().await;
        }
    }
}

fn locked<T>(place: &Mutex<T>) -> MutexGuard<'_, T> {
    place.lock().expect("nothing panics while it holds the lock")
}
