//! What the platform itself still knows of a conversation: its latest messages.

use super::calls::{As, Call, CallAnswer};
use super::{Answered, SendClient};
use crate::json::{self, Detail, Words as Text};
use domain::content::Words;
use domain::id::{Mid, PageId, Psid};
use domain::time::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

/// How many messages a page holds.
const PAGE_LENGTH: usize = 25;
/// The most pages that are read: the platform lists all messages, and shows the words of the 20 newest.
const MOST_PAGES: usize = 3;
/// What is asked of each message.
const FIELDS: &str = "id,created_time,from,message,attachments";

/// A message, as the platform remembers it. Personal data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastMessage {
    /// Its id.
    pub mid: Mid,
    /// When it was sent, to the second.
    pub sent_at: Option<Timestamp>,
    /// Whether the Page sent it; unknown where the platform shows no more than that there was one.
    pub is_ours: Option<bool>,
    /// What it says.
    pub text: Option<Words>,
    /// Its files.
    pub files: Vec<PastFile>,
}

/// The newest messages of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// The messages, newest first.
    pub messages: Vec<PastMessage>,
    /// Whether these are all that there are.
    pub is_whole: bool,
}

/// A file of a message, as the platform remembers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastFile {
    /// Its type, such as `image/png` or `image`.
    pub kind: Option<String>,
    /// Where it can be fetched, for a while.
    pub url: Option<Words>,
}

#[derive(Deserialize)]
struct Conversations {
    data: Vec<Conversation>,
}

#[derive(Deserialize)]
struct Conversation {
    id: String,
    messages: Option<Messages>,
}

#[derive(Deserialize)]
struct Messages {
    data: Vec<Detail<WireMessage>>,
    #[serde(default)]
    paging: Detail<Paging>,
}

/// Where a list goes on.
#[derive(Deserialize)]
pub(super) struct Paging {
    cursors: Option<Cursors>,
    next: Option<String>,
}

#[derive(Deserialize)]
struct Cursors {
    after: Option<String>,
}

#[derive(Deserialize)]
struct WireMessage {
    id: String,
    #[serde(default)]
    created_time: Detail<Box<RawValue>>,
    #[serde(default)]
    from: Detail<Party>,
    #[serde(default)]
    message: Detail<Text>,
    #[serde(default)]
    attachments: Detail<Files>,
}

#[derive(Deserialize)]
struct Party {
    id: json::Id,
}

#[derive(Deserialize)]
struct Files {
    data: Vec<Detail<WireFile>>,
}

#[derive(Deserialize)]
struct WireFile {
    mime_type: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    file_url: Option<String>,
    #[serde(default)]
    image_data: Detail<Located>,
    #[serde(default)]
    video_data: Detail<Located>,
    #[serde(default)]
    payload: Detail<Located>,
}

#[derive(Deserialize)]
struct Located {
    url: Option<String>,
}

impl Paging {
    /// The cursor of the next page, if there is one.
    pub(super) fn next(self) -> Option<String> {
        self.next.and(self.cursors)?.after
    }
}

impl Messages {
    fn newest(self, page: &PageId) -> Newest {
        let n_listed = self.data.len();
        let has_more = self.paging.0.and_then(Paging::next).is_some();
        let messages: Vec<_> = self.data.into_iter().filter_map(|message| message.0?.read(page)).collect();
        let is_whole = !has_more && n_listed < PAGE_LENGTH && messages.len() == n_listed;
        Newest { messages, is_whole }
    }
}

impl WireMessage {
    fn read(self, page: &PageId) -> Option<PastMessage> {
        Some(PastMessage {
            mid: Mid::parse(&self.id).ok()?,
            sent_at: self.created_time.0.and_then(|raw| moment(&raw)),
            is_ours: self.from.0.map(|party| party.id.0 == page.as_str()),
            text: self.message.0.and_then(|text| Words::unless_empty(text.0)),
            files: self.attachments.0.map(Files::read).unwrap_or_default(),
        })
    }
}

impl Files {
    fn read(self) -> Vec<PastFile> {
        let files = self.data.into_iter().filter_map(|file| file.0);
        let located = |place: Detail<Located>| place.0.and_then(|place| place.url);
        files
            .map(|file| {
                let url = file.file_url.or(located(file.image_data)).or(located(file.video_data));
                let url = url.or(located(file.payload)).map(Words::from);
                PastFile { kind: file.mime_type.or(file.kind), url }
            })
            .collect()
    }
}

/// A moment as the Graph API writes it: `2026-04-27T00:00:00+0000`, or seconds.
pub(super) fn moment(raw: &RawValue) -> Option<Timestamp> {
    let text = json::text(raw)?;
    let time = jiff::Timestamp::strptime("%Y-%m-%dT%H:%M:%S%z", &text);
    time.ok().map(|time| Timestamp::from_millis(time.as_millisecond())).or_else(|| json::moment(raw))
}

/// The conversation with a person, and the first page of its messages.
fn first_page<'a>(by: As<'a>, person: &Psid) -> Call<'a> {
    let fields = format!("id,messages.limit({PAGE_LENGTH}){{{FIELDS}}}");
    Call::get(&[by.page.as_str(), "conversations"])
        .with("platform", "messenger")
        .with("user_id", person.as_str())
        .with("fields", fields)
}

impl SendClient {
    /// The newest messages with a person, 25 at most, by one call: all whose words the platform shows are among them. None
    /// where there is no conversation, which is not taken for a whole one.
    pub async fn newest_messages(&self, by: As<'_>, person: &Psid) -> CallAnswer<Newest> {
        let first = self.call::<Conversations>(by, first_page(by, person)).await;
        let found = |found: Conversations| found.data.into_iter().next()?.messages;
        first.map(|conversations| found(conversations).map(|page| page.newest(by.page)).unwrap_or_default())
    }

    /// The latest messages with a person, newest first, 75 at most. None where there is no conversation. What stands in
    /// a message that cannot be read is left out.
    pub async fn latest_messages(&self, by: As<'_>, person: &Psid) -> CallAnswer<Vec<PastMessage>> {
        let first = self.call::<Conversations>(by, first_page(by, person)).await;
        let mut usage = first.usage;
        let found = match first.answer {
            Ok(found) => found.data.into_iter().next(),
            Err(error) => return Answered { answer: Err(error), usage },
        };
        let Some(Conversation { id, messages: Some(mut page) }) = found else {
            return Answered { answer: Ok(Vec::new()), usage };
        };
        let mut all = Vec::new();
        for n_pages in 1.. {
            all.extend(page.data.into_iter().filter_map(|message| message.0?.read(by.page)));
            let Some(after) = page.paging.0.and_then(Paging::next).filter(|_| n_pages < MOST_PAGES) else { break };
            let call = Call::get(&[id.as_str(), "messages"])
                .with("fields", FIELDS)
                .with("limit", PAGE_LENGTH.to_string())
                .with("after", after);
            let next = self.call::<Messages>(by, call).await;
            usage = next.usage;
            page = match next.answer {
                Ok(next) => next,
                Err(error) => return Answered { answer: Err(error), usage },
            };
        }
        Answered { answer: Ok(all), usage }
    }
}
