//! Any text as an id, a stream's name, or another name that we write and read back.

use api::name::Home;
use domain::id::{AppId, OptinRef, PageId, PersonKey, PostId, Psid, SendId, StreamId, SystemName};
use event_log::{Checkpoint, PARTITIONS, partition_of};
use messenger::metadata;
use uuid::Uuid;

/// Names are read back as they were written, and no id can forge a word of a name or of a subject.
pub fn subject_encoding(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    names_itself(text);
    // Two ids in one input; without a line break the same text is both.
    let (first, second) = text.split_once('\n').unwrap_or((text, text));
    if let Ok(page) = PageId::parse(first) {
        in_streams_of(&page, second);
    }
    if let Ok(app) = AppId::parse(first) {
        has_plain_words(&StreamId::Quarantine(app), 1);
    }
    if let Ok(name) = SystemName::parse(first) {
        has_plain_words(&StreamId::System(name), 1);
    }
}

/// A text that is taken for a name is the only way to write it.
fn names_itself(text: &str) {
    if let Ok(stream) = StreamId::parse(text) {
        assert_eq!(stream.to_string(), text);
        has_plain_words(&stream, text.split('/').count() - 1);
    }
    if let Ok(send) = SendId::parse(text) {
        assert_eq!(send.to_string(), text);
    }
    if let Some(person) = PersonKey::parse(text) {
        assert_eq!(person.to_string(), text);
    }
    if let Ok(checkpoint) = Checkpoint::parse(text) {
        assert_eq!(Checkpoint::parse(&checkpoint.to_string()), Ok(checkpoint), "a checkpoint is read back");
    }
    match metadata::read(text) {
        (Some(send), callers) => assert_eq!(metadata::write(&send, callers), text),
        (None, foreign) => assert_eq!(foreign, Some(text), "foreign words are kept whole"),
    }
}

fn in_streams_of(page: &PageId, second: &str) {
    has_plain_words(&StreamId::Page(page.clone()), 1);
    let mut key = [0; 16];
    key.iter_mut().zip(second.bytes()).for_each(|(to, from)| *to = from);
    let person = PersonKey::from_bytes(key);
    has_plain_words(&StreamId::Conversation(page.clone(), person), 2);
    if let Ok(user_ref) = OptinRef::parse(second) {
        has_plain_words(&StreamId::Optin(page.clone(), user_ref), 2);
    }

    if let Ok(post) = PostId::parse(second) {
        has_plain_words(&StreamId::Comment(page.clone(), post, person), 3);
    }

    let send = SendId::new(page.clone(), person, Uuid::from_bytes(key));
    assert_eq!(SendId::parse(&send.to_string()), Ok(send.clone()));
    assert_eq!(metadata::read(&metadata::write(&send, Some(second))), (Some(send.clone()), Some(second)));
    assert_eq!(metadata::read(&metadata::write(&send, None)), (Some(send), None));

    if let Ok(psid) = Psid::parse(second) {
        let name = api::name::conversation(page, &psid);
        assert_eq!(api::name::parse_conversation(&name), Ok((page.clone(), psid.clone())));
        for post in [None, PostId::parse(second).ok()] {
            let home = Home { page: page.clone(), post, psid: psid.clone() };
            let message = api::name::message(&home.send(person, Uuid::from_bytes(key)), &psid);
            assert_eq!(api::name::parse_message(&message), Ok((home, Uuid::from_bytes(key))));
            assert!(api::name::parse_conversation(&message).is_err(), "a message is no conversation");
        }
    }
}

/// The name is read back, its key has `n_words` words, and none of them can end a word of a subject or stand for others.
fn has_plain_words(stream: &StreamId, n_words: usize) {
    let name = stream.to_string();
    assert_eq!(StreamId::parse(&name).as_ref(), Ok(stream), "a stream is read back from its name");
    let key = stream.key();
    assert_eq!(name, format!("{}/{key}", stream.kind().as_str()));

    let subject = format!("log.{}.{}.{}", partition_of(stream), stream.kind().as_str(), key.replace('/', "."));
    let words: Vec<_> = subject.split('.').collect();
    assert_eq!(words.len(), 3 + n_words, "{subject}");
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
    assert!(words.iter().all(|word| !word.is_empty() && word.bytes().all(is_plain)), "{subject}");
    assert_eq!(words[2], stream.kind().as_str(), "{subject}");
    assert!(partition_of(stream) < PARTITIONS);
}
