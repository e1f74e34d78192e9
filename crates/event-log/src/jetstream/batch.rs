//! Batches: many records of one subject by one direct get, which any replica of the stream may answer.
//!
//! What a batch brings stands in the log or stood there; that it is all there is, only the stream's leader knows. So a
//! batch that is cut short, comes in a wrong order or not at all is no error: its first part counts, and whoever asked
//! goes on behind that. Servers before 2.11 answer with one record.

use super::REQUEST_TIMEOUT;
use super::shard::Raw;
use crate::record::Position;
use async_nats::header::{NATS_LAST_SEQUENCE, NATS_SEQUENCE, NATS_SUBJECT};
use async_nats::{Client, Message, Subscriber};
use futures_util::StreamExt as _;
use serde::Serialize;
use tokio::time::timeout;

/// What direct gets of a stream are asked under.
const DIRECT_GET: &str = "$JS.API.DIRECT.GET";

/// How many records are asked for at once.
const MOST: usize = 500;

/// After how many bytes a batch ends, so that a few large records do not fill the memory.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Only batches have it: how many records are left behind this one.
const NUM_PENDING: &str = "Nats-Num-Pending";

#[derive(Serialize)]
struct Request<'a> {
    seq: Position,
    next_by_subj: &'a str,
    batch: usize,
    max_bytes: usize,
}

/// What one direct get brought.
#[derive(Default)]
pub(super) struct Batch {
    /// Consecutive records of the replica that answered, from where they were asked for.
    pub(super) raws: Vec<Raw>,
    /// Nobody ended it in time. Asking again would take as long.
    pub(super) is_silent: bool,
}

/// The records of a subject from `position` on, as many as one batch holds.
pub(super) async fn batch(client: &Client, stream: &str, subject: &str, position: Position) -> Batch {
    let request = Request { seq: position, next_by_subj: subject, batch: MOST, max_bytes: MOST_BYTES };
    let request = serde_json::to_vec(&request).expect("numbers and a text are JSON");
    let inbox = client.new_inbox();
    let mut batch = Batch::default();
    // Whatever fails here fails for whoever goes on with another request, and is told there.
    let Ok(mut answers) = client.subscribe(inbox.clone()).await else { return batch };
    let asked = client.publish_with_reply(format!("{DIRECT_GET}.{stream}"), inbox, request.into()).await;
    if asked.is_ok() {
        batch.gather(&mut answers, subject, position).await;
    }
    batch
}

impl Batch {
    async fn gather(&mut self, answers: &mut Subscriber, subject: &str, position: Position) {
        loop {
            let Ok(answer) = timeout(REQUEST_TIMEOUT, answers.next()).await else {
                self.is_silent = true;
                return;
            };
            let Some(answer) = answer else { return };
            if !self.take(answer, subject, position).unwrap_or(false) {
                return;
            }
        }
    }

    /// Takes a record in, if it is one and follows those that are there. Whether more come; none if it is not.
    fn take(&mut self, answer: Message, subject: &str, position: Position) -> Option<bool> {
        // Records have no status. The end of a batch has one, and so has every refusal.
        if answer.status.is_some() {
            return None;
        }
        let headers = answer.headers?;
        // The server's own come last: a record may have been stored with headers of the same names.
        let number = |name: &str| headers.get_last(name)?.as_str().parse::<u64>().ok();
        let at = number(NATS_SEQUENCE.as_ref())?;
        let before = self.raws.last().map(|raw| raw.position);
        if headers.get_last(NATS_SUBJECT)?.as_str() != subject || at < position || before.is_some_and(|it| at <= it) {
            return None;
        }
        let is_of_batch = number(NUM_PENDING).is_some();
        // What it follows in the batch, 0 at the beginning: others would have been lost on the way.
        if is_of_batch && number(NATS_LAST_SEQUENCE.as_ref())? != before.unwrap_or(0) {
            return None;
        }
        self.raws.push(Raw { position: at, subject: subject.to_owned(), payload: answer.payload });
        Some(is_of_batch)
    }
}
