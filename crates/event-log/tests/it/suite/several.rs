//! Several appends by one call.

use crate::samples::{conversation, fact, ids, neighbour, record};
use event_log::{Appended, EventLog, Expected};

pub(crate) async fn appends_made_together_keep_their_order_in_each_stream(log: &dyn EventLog) {
    let streams: Vec<_> = (0..7).map(conversation).collect();
    let records: Vec<_> = (0..300).map(|number| record(&streams[number * number % 7], "x")).collect();
    for records in records.chunks(100) {
        log.append_all(records).await.unwrap();
    }
    for stream in &streams {
        let wanted: Vec<_> = records.iter().filter(|record| record.stream == *stream).map(|record| record.id).collect();
        assert_eq!(ids(&log.read(stream, 0).await.unwrap()), wanted);
    }
}

pub(crate) async fn appends_made_together_are_answered_one_by_one(log: &dyn EventLog) {
    let stream = conversation(1);
    let other = neighbour(log, &stream);
    let known = log.append(&fact(&stream, "known"), Expected::Any).await.unwrap().revision;
    let records = [fact(&stream, "a"), fact(&other, "b"), fact(&other, "known"), fact(&stream, "c")];

    let answers = log.append_all(&records).await.unwrap();

    assert_eq!(answers.len(), records.len());
    assert_eq!(answers[2], Appended { revision: known, is_duplicate: true });
    for number in [0, 1, 3] {
        let (record, answer) = (&records[number], answers[number]);
        let stored = log.read(&record.stream, answer.revision - 1).await.unwrap();
        assert_eq!((stored[0].position, &stored[0].record), (answer.revision, record));
        assert!(!answer.is_duplicate);
    }
}

pub(crate) async fn a_repeated_call_adds_nothing(log: &dyn EventLog) {
    let stream = conversation(1);
    let records: Vec<_> = (0..5).map(|number| fact(&stream, &number.to_string())).collect();
    let answers = log.append_all(&records).await.unwrap();
    assert_eq!(log.append_all(&records).await.unwrap(), answers);
    assert_eq!(log.read(&stream, 0).await.unwrap().len(), 5);
}

pub(crate) async fn no_appends_are_answered_at_once(log: &dyn EventLog) {
    assert_eq!(log.append_all(&[]).await.unwrap(), []);
}
