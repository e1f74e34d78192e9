//! Subjects: where each stream's records are published, and what a follower listens to.

use crate::partition::partition_of;
use crate::port::{Filter, Pages};
use domain::id::{Kind, StreamId};

/// The subject of a stream: `<prefix>.<partition>.<kind>.<ids…>`. The words of a stream's key hold only letters,
/// digits, `-`, `_` and `=`, so none can end a word or be a wildcard.
pub(super) fn of(prefix: &str, stream: &StreamId) -> String {
    let (partition, kind) = (partition_of(stream), stream.kind().as_str());
    format!("{prefix}.{partition}.{kind}.{}", stream.key().replace('/', "."))
}

/// The stream that a subject is of; none when it is of none of ours.
pub(super) fn stream(subject: &str) -> Option<StreamId> {
    let words: Vec<_> = subject.split('.').collect();
    // How many words the prefix has is not known here, and the partition tells which is the kind.
    let parsed = |nth: usize| StreamId::parse(&words[nth..].join("/")).ok();
    (1..words.len()).filter_map(parsed).find(|stream| subject.ends_with(&of("", stream)))
}

/// Every subject of one partition.
pub(super) fn of_partition(prefix: &str, partition: u16) -> String {
    format!("{prefix}.{partition}.>")
}

/// Subjects that hold at least everything a filter wants; no two of them overlap. Partitions are left to
/// [`Filter::matches`]: a filter on each of them would cost the server more than it saves.
pub(super) fn wanted(prefix: &str, filter: &Filter) -> Vec<String> {
    let kinds: &[Kind] = if filter.kinds.is_empty() { &Kind::ALL } else { &filter.kinds };
    match &filter.pages {
        Pages::All if filter.kinds.is_empty() => vec![format!("{prefix}.>")],
        Pages::All => kinds.iter().map(|kind| format!("{prefix}.*.{}.>", kind.as_str())).collect(),
        Pages::One(page) => kinds
            .iter()
            .map(|kind| match kind {
                Kind::Conversation | Kind::Comment | Kind::Optin => format!("{prefix}.*.{}.{page}.>", kind.as_str()),
                Kind::Page | Kind::Quarantine | Kind::System => format!("{prefix}.*.{}.{page}", kind.as_str()),
            })
            .collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{AppId, OptinRef, PageId, PersonKey, PostId, SystemName};
    use proptest::prelude::*;

    fn any_stream() -> impl Strategy<Value = StreamId> {
        let page = || "[A-Za-z0-9_-]{1,64}".prop_map(|id| PageId::parse(&id).unwrap());
        prop_oneof![
            (page(), any::<[u8; 16]>())
                .prop_map(|(page, key)| StreamId::Conversation(page, PersonKey::from_bytes(key))),
            (page(), "[!-~]{1,40}", any::<[u8; 16]>()).prop_map(|(page, post, key)| {
                StreamId::Comment(page, PostId::parse(&post).unwrap(), PersonKey::from_bytes(key))
            }),
            (page(), "[!-~]{1,40}").prop_map(|(page, raw)| StreamId::Optin(page, OptinRef::parse(&raw).unwrap())),
            page().prop_map(StreamId::Page),
            "[A-Za-z0-9_-]{1,64}".prop_map(|app| StreamId::Quarantine(AppId::parse(&app).unwrap())),
            "[A-Za-z0-9_-]{1,64}".prop_map(|name| StreamId::System(SystemName::parse(&name).unwrap())),
        ]
    }

    /// Whether a subject falls under a pattern, as NATS decides it.
    fn falls_under(subject: &str, pattern: &str) -> bool {
        let mut words = subject.split('.');
        for part in pattern.split('.') {
            match (part, words.next()) {
                (">", Some(_)) => return true,
                ("*", Some(_)) => (),
                (part, Some(word)) if part == word => (),
                _ => return false,
            }
        }
        words.next().is_none()
    }

    proptest! {
        #[test]
        fn no_stream_can_forge_a_word_of_a_subject(stream in any_stream()) {
            let subject = of("log", &stream);
            let words: Vec<_> = subject.split('.').collect();
            prop_assert_eq!(words.len(), 3 + stream.key().split('/').count());
            prop_assert_eq!(words[2], stream.kind().as_str());
            let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_=".contains(&byte);
            prop_assert!(words.iter().all(|word| !word.is_empty() && word.bytes().all(is_plain)), "{subject}");
        }

        #[test]
        fn a_subject_tells_its_stream(stream in any_stream(), prefix in "[a-z]{1,9}(\\.[a-z0-9]{1,9}){0,2}") {
            prop_assert_eq!(super::stream(&of(&prefix, &stream)), Some(stream));
        }

        #[test]
        fn two_streams_never_share_a_subject(one in any_stream(), other in any_stream()) {
            prop_assert_eq!(of("log", &one) == of("log", &other), one == other);
        }

        #[test]
        fn what_a_filter_matches_falls_under_exactly_one_of_its_subjects(stream in any_stream(), other in any_stream()) {
            let pages = [Pages::All].into_iter().chain(stream.page().cloned().map(Pages::One));
            for pages in pages {
                for kinds in [vec![], vec![stream.kind()], vec![stream.kind(), other.kind()], vec![other.kind()]] {
                    let mut kinds = kinds;
                    kinds.dedup();
                    let filter = Filter { kinds, pages: pages.clone(), partitions: Vec::new() };
                    let subject = of("log", &stream);
                    let count = wanted("log", &filter).iter().filter(|wanted| falls_under(&subject, wanted)).count();
                    prop_assert_eq!(count, usize::from(filter.matches(&stream, partition_of(&stream))));
                }
            }
        }
    }
}
