//! Files that the platform keeps for a Page, so that it fetches each once however many messages carry it.
//!
//! A message is claimed only when its files are there: a claim stands for one call, and lasts seconds, while the platform may
//! take more than a minute to fetch a film.

use crate::Parts;
use crate::dispatch::Work;
use crate::quota::Reserved;
use crate::standing::DEAD_TOKEN_RESTS;
use domain::content::{Media, Words};
use domain::id::{AttachmentId, PageId};
use domain::send::Class;
use domain::time::{Span, Timestamp};
use messenger::client::errors::ErrorClass;
use messenger::client::{ApiError, As, CallError, Scope, Usage};
use sql::attachments::{self, Kept, Key};
use sql::{Database, SqlError};
use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::Semaphore;

/// The platform forgets a file after 90 days (its page on saving assets).
pub(crate) const KEPT: Span = Span::from_hours(90 * 24);
/// A file that is older counts as forgotten, a day before it is: a message may wait for its turn.
const FRESH: Span = Span::from_hours(89 * 24);
/// How many files are fetched at a time, whatever their Pages. Our own choice: the platform names no limit, and uploads must
/// leave most of the sender's places to messages.
const MOST_AT_A_TIME: usize = 4;
/// When a message looks again whose file is being fetched for another.
const LOOK_AGAIN: Span = Span::from_millis(100);
/// How many files' failures are remembered at a time.
const MOST_FAILURES: usize = 10_000;

/// What is under way in this process. Two replicas may fetch the same file at once; each message takes the id that it finds.
pub(crate) struct Files {
    database: Database,
    places: Semaphore,
    under_way: Mutex<HashSet<(PageId, Key)>>,
    failures: Mutex<HashMap<(PageId, Key), u32>>,
}

/// A file, as it was looked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum File {
    /// The platform keeps it.
    Kept {
        kept: Kept,
        /// Whether it was uploaded before it was looked for.
        was_there: bool,
    },
    /// It is not there yet: when to look again.
    Later(Timestamp),
    /// It never will be: the platform refuses it.
    Refused(ApiError),
}

/// One file of a Page.
pub(crate) struct Wanted<'a> {
    pub(crate) by: As<'a>,
    pub(crate) media: Media,
    pub(crate) url: &'a Words,
    /// The call that asks for it; none: a message does.
    pub(crate) request: Option<&'a str>,
}

impl Wanted<'_> {
    pub(crate) fn key(&self) -> Key {
        let kind = match self.media {
            Media::Image => "image",
            Media::Audio => "audio",
            Media::Video => "video",
            Media::File => "file",
        };
        Key::of(kind, self.url.as_str())
    }
}

/// Ends what is under way, however the upload ends.
struct UnderWay<'a> {
    files: &'a Files,
    file: (PageId, Key),
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        locked(&self.files.under_way).remove(&self.file);
    }
}

impl Files {
    pub(crate) fn new(database: Database) -> Self {
        Self {
            database,
            places: Semaphore::new(MOST_AT_A_TIME),
            under_way: Mutex::default(),
            failures: Mutex::default(),
        }
    }

    /// The file, if the platform keeps it for a while yet.
    pub(crate) async fn find(&self, page: &PageId, key: Key, now: Timestamp) -> Result<Option<Kept>, SqlError> {
        attachments::get(&self.database, page, key, before(now, FRESH)).await
    }

    /// The platform does not know this file any more, if it ever did.
    pub(crate) async fn forget(&self, page: &PageId, id: &AttachmentId) -> Result<bool, SqlError> {
        attachments::forget(&self.database, page, id).await
    }

    /// Whether a call's request id was used for another file.
    pub(crate) async fn is_of_another(&self, page: &PageId, request: &str, key: Key) -> Result<bool, SqlError> {
        attachments::is_of_another(&self.database, page, request, key).await
    }

    fn begin(&self, page: &PageId, key: Key) -> Option<UnderWay<'_>> {
        let file = (page.clone(), key);
        let is_first = locked(&self.under_way).insert(file.clone());
        // Made only by whoever is first: its end is the end of the upload.
        is_first.then(|| UnderWay { files: self, file })
    }

    fn failed(&self, file: &(PageId, Key)) -> u32 {
        let mut failures = locked(&self.failures);
        if failures.len() >= MOST_FAILURES {
            failures.clear();
        }
        let n_failed = failures.entry(file.clone()).or_default();
        *n_failed += 1;
        *n_failed
    }

    fn ended(&self, file: &(PageId, Key)) {
        locked(&self.failures).remove(file);
    }
}

fn before(now: Timestamp, span: Span) -> Timestamp {
    now.plus(Span::from_millis(-span.as_millis()))
}

fn locked<T>(one: &Mutex<T>) -> MutexGuard<'_, T> {
    one.lock().expect("nothing panics while it holds the lock")
}

impl Parts {
    /// The file as the platform keeps it; where it does not, it is told to fetch it, once for all who want it. `heeds` takes
    /// what the platform says of its limits.
    pub(crate) async fn file(&self, wanted: &Wanted<'_>, heeds: &dyn Heeds) -> Result<File, SqlError> {
        let (page, key) = (wanted.by.page, wanted.key());
        if let Some(kept) = self.files.find(page, key, self.clock.now()).await? {
            return Ok(File::Kept { kept, was_there: true });
        }
        let later = || Ok(File::Later(self.clock.now().plus(LOOK_AGAIN)));
        let (Some(under_way), Ok(_place)) = (self.files.begin(page, key), self.files.places.try_acquire()) else {
            return later();
        };
        // Somebody may have ended between the first look and the beginning.
        if let Some(kept) = self.files.find(page, key, self.clock.now()).await? {
            return Ok(File::Kept { kept, was_there: true });
        }
        // Held until the call was made.
        let mut call = match self.call_or_rest(page, Class::Person) {
            Ok(call) => call,
            Err(free) => return Ok(File::Later(free)),
        };
        let begun = self.clock.now();
        call.as_mut().into_iter().for_each(Reserved::begins);
        let answered = self.client.upload(wanted.by, wanted.media, wanted.url).await;
        heeds.heed(self, &answered.usage, answered.answer.is_err());
        match answered.answer {
            Ok(id) => {
                self.files.ended(&under_way.file);
                // It expires by when the platform took it, which is not before it was asked to.
                let kept = Kept { id, uploaded_at: begun };
                let forgotten = before(begun, KEPT);
                attachments::put(&self.files.database, page, key, (&kept, wanted.request), forgotten).await?;
                Ok(File::Kept { kept, was_there: false })
            }
            Err(CallError::Refused(error)) => Ok(self.refused_file(wanted, error, &under_way, heeds).await),
            Err(error @ (CallError::NotSent(_) | CallError::Ambiguous(_))) => {
                let n_failed = self.files.failed(&under_way.file);
                tracing::warn!(%page, %error, "a file was not uploaded; it is tried again");
                Ok(File::Later(self.backoff(n_failed)))
            }
        }
    }

    async fn refused_file(
        &self,
        wanted: &Wanted<'_>,
        error: ApiError,
        under_way: &UnderWay<'_>,
        heeds: &dyn Heeds,
    ) -> File {
        let (page, code, subcode) = (wanted.by.page, error.code, error.subcode);
        tracing::warn!(%page, code, subcode, class = error.class().as_str(), "the platform refused a file");
        if error.is_of_the_token() {
            self.token_is_dead(wanted.by, &error).await;
            return File::Later(self.clock.now().plus(Span::from_secs(DEAD_TOKEN_RESTS.as_secs().cast_signed())));
        }
        let n_failed = self.files.failed(&under_way.file);
        match error.class() {
            ErrorClass::Rate(scope) => {
                let until = self.told(&error).unwrap_or_else(|| self.backoff(n_failed));
                heeds.pause(self, scope, until);
                File::Later(until)
            }
            ErrorClass::Transient if n_failed <= error.treatment().tries => {
                File::Later(self.told(&error).unwrap_or_else(|| self.backoff(n_failed)))
            }
            ErrorClass::Page(lack) => {
                let again_at = self.page_lacks(wanted.by, lack, &error, heeds).await;
                match again_at.filter(|_| heeds.waits()) {
                    Some(at) => File::Later(at),
                    None => self.refused_for_good(error, under_way),
                }
            }
            ErrorClass::Transient
            | ErrorClass::Message
            | ErrorClass::Attachment
            | ErrorClass::Token
            | ErrorClass::Person
            | ErrorClass::Thread
            | ErrorClass::Feature
            | ErrorClass::Ambiguous => self.refused_for_good(error, under_way),
        }
    }

    fn refused_for_good(&self, error: ApiError, under_way: &UnderWay<'_>) -> File {
        self.files.ended(&under_way.file);
        File::Refused(error)
    }
}

/// Who takes the platform's word on its limits.
pub(crate) trait Heeds: Sync {
    /// Whether it can wait until a Page has what it lacks.
    fn waits(&self) -> bool;
    /// How much of them is used.
    fn heed(&self, parts: &Parts, usage: &Usage, is_refused: bool);
    /// What is over has to pause.
    fn pause(&self, parts: &Parts, scope: Scope, until: Timestamp);
}

/// A message on its way.
impl Heeds for Work {
    fn waits(&self) -> bool {
        true
    }

    fn heed(&self, parts: &Parts, usage: &Usage, is_refused: bool) {
        parts.heed(usage, is_refused, self);
    }

    fn pause(&self, parts: &Parts, scope: Scope, until: Timestamp) {
        parts.pause(scope, parts.uptime_in(until.since(parts.clock.now())), self);
    }
}

/// A call, which may be served where nothing of the Page is sent: only what concerns the whole app is heeded.
pub(crate) struct Called;

impl Heeds for Called {
    fn waits(&self) -> bool {
        false
    }

    fn heed(&self, _: &Parts, _: &Usage, _: bool) {}

    fn pause(&self, parts: &Parts, scope: Scope, until: Timestamp) {
        if scope == Scope::App {
            parts.app_pause.extend(parts.uptime_in(until.since(parts.clock.now())));
        }
    }
}
