//! What a comparison of the log with its history can find, and what whoever runs Nuncio does about it.

use crate::inspect::place;
use domain::id::StreamId;
use event_log::Position;
use serde_json::json;

/// Something that no erasure explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The shard; none where the whole file or the whole history is meant.
    pub(crate) shard: Option<u16>,
    /// The place there; 0 where there is none.
    pub(crate) position: Position,
    /// The stream, as far as it is known.
    pub(crate) stream: Option<StreamId>,
    /// What is wrong.
    pub(crate) kind: Kind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The embedded log's file contradicts itself, in SQLite's words.
    Damaged { words: String },
    /// The history was kept of another incarnation of the log.
    OtherIncarnation { kept: String },
    /// The log ends before the history does, which had come to `reached`.
    EndsEarly { reached: Position },
    /// The history has the record, and the log has not.
    Lost,
    /// Neither has anything from here up to `last`.
    Vacant { last: Position },
    /// The log's bytes are not those that were stored. Whether the history still has these.
    LogAltered { history_has_it: bool },
    /// The record cannot be read. Whether its bytes are known to be those that were stored.
    Unreadable { cause: String, is_as_stored: bool },
    /// The log has the record, and the history, which came by, has not.
    NotKept,
    /// The history's row is not what was kept. Whether the log still has that.
    HistoryAltered { log_has_it: bool },
}

impl Kind {
    /// The word for it that programs read.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "damaged_file",
            Self::OtherIncarnation { .. } => "other_incarnation",
            Self::EndsEarly { .. } => "log_ends_early",
            Self::Lost => "lost",
            Self::Vacant { .. } => "vacant",
            Self::LogAltered { .. } => "log_altered",
            Self::Unreadable { .. } => "unreadable",
            Self::NotKept => "not_in_history",
            Self::HistoryAltered { .. } => "history_altered",
        }
    }

    /// Whether it says that the log alone no longer holds everything: then the history must not be dropped.
    pub(crate) const fn speaks_against_the_log(&self) -> bool {
        match self {
            Self::Damaged { .. }
            | Self::OtherIncarnation { .. }
            | Self::EndsEarly { .. }
            | Self::Lost
            | Self::Vacant { .. }
            | Self::LogAltered { .. } => true,
            Self::Unreadable { is_as_stored, .. } => !*is_as_stored,
            Self::HistoryAltered { log_has_it } => !*log_has_it,
            Self::NotKept => false,
        }
    }

    fn what(&self) -> String {
        match self {
            Self::Damaged { words } => format!("the log's file contradicts itself: {words}"),
            Self::OtherIncarnation { kept } => format!("the history is of incarnation {kept} of the log"),
            Self::EndsEarly { reached } => format!("the log ends here, and the history had come to {reached}"),
            Self::Lost => "the history has this record, and the log has lost it".to_owned(),
            Self::Vacant { last } => format!("nothing stands here up to {last}, and nothing was erased in this shard"),
            Self::LogAltered { .. } => "the log's bytes are not those that were stored".to_owned(),
            Self::Unreadable { cause, .. } => format!("this record cannot be read ({cause})"),
            Self::NotKept => "the log has this record, and the history has passed it by".to_owned(),
            Self::HistoryAltered { .. } => "the history's row is not what was kept".to_owned(),
        }
    }

    const fn advice(&self) -> &'static str {
        match self {
            Self::Damaged { .. } => "stop every role and restore the log from a backup",
            Self::OtherIncarnation { .. } => {
                "nothing can be compared until the conversation role has started, which fills it anew"
            }
            Self::EndsEarly { .. } => {
                "it was brought back from an older copy: use a newer one, or, with every role stopped, run `nuncio log \
                 restored --lost-after TIME`"
            }
            Self::Lost | Self::Vacant { .. } => {
                "stop every role and restore the log from a backup that has it, or give it up with `nuncio rebuild history \
                 --accept-loss`"
            }
            Self::LogAltered { history_has_it: true } => {
                "restore the log from a backup; the history has the record as it was"
            }
            Self::LogAltered { history_has_it: false } => "restore the log from a backup; the history has it no more",
            Self::Unreadable { is_as_stored: true, .. } => {
                "it stands as it was stored, by a later version: run that one"
            }
            Self::Unreadable { is_as_stored: false, .. } => {
                "a later version may have written it: run that one, or else restore the log from a backup"
            }
            Self::NotKept | Self::HistoryAltered { log_has_it: true } => {
                "the log has it: `nuncio rebuild history` fills the history anew"
            }
            Self::HistoryAltered { log_has_it: false } => "compare it with a backup before anything is dropped",
        }
    }
}

impl Finding {
    /// A line for people.
    pub(crate) fn text(&self) -> String {
        let place = self.shard.map_or_else(|| "-".to_owned(), |shard| place(shard, self.position));
        let stream = self.stream.as_ref().map_or_else(|| "-".to_owned(), StreamId::to_string);
        let (word, what, advice) = (self.kind.as_str(), self.kind.what(), self.kind.advice());
        format!("{word}  {place}  {stream}  {what}; {advice}")
    }

    /// A line for programs.
    pub(crate) fn json(&self) -> serde_json::Value {
        let mut line = json!({
            "finding": self.kind.as_str(),
            "shard": self.shard,
            "position": self.shard.map(|_| self.position),
            "stream": self.stream.as_ref().map(StreamId::to_string),
            "what": self.kind.what(),
            "advice": self.kind.advice(),
        });
        if let Kind::Vacant { last } = self.kind {
            line["last"] = last.into();
        }
        line
    }
}
