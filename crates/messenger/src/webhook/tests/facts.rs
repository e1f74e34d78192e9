//! Ids of facts: which deliveries are one fact, and that an id once given never changes.

use super::*;
use std::collections::HashSet;

/// Ids that the first version gave, of items of `messaging`.
const FIRST: [(&str, &str); 15] = [
    // message
    (
        "10b6aadd0ef93971194db9a0ccb463b7",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_1","text":"hi"}}"#,
    ),
    // message without mid
    (
        "4291e969933eacc39e996f52fbe2d56e",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"text":"hi"}}"#,
    ),
    // echo
    (
        "4b2eaa13460849368c62f248575a37b2",
        r#"{"sender":{"id":"1001"},"recipient":{"id":"2002"},"timestamp":1767225599000,"message":{"mid":"m_1","is_echo":true,"app_id":77}}"#,
    ),
    // delivery
    (
        "2a6e924160693b96d4f6daea21dc701e",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"delivery":{"watermark":1767225599000}}"#,
    ),
    // delivery with mids
    (
        "a8c905e66048f94062a549440f759785",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"delivery":{"watermark":1767225599000,"mids":["m_1","m_2"]}}"#,
    ),
    // read
    (
        "4e28a2a9798cc55d45154c8de81002ea",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"read":{"watermark":1767225599000}}"#,
    ),
    // postback
    (
        "1a23ec6f175b8e9b29185de4173f941f",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"postback":{"mid":"m_1","title":"T","payload":"P"}}"#,
    ),
    // postback without mid
    (
        "8b6f28c4f74cd16e77329d1224bf2c42",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"postback":{"title":"T","payload":"P"}}"#,
    ),
    // stripped postback
    (
        "30c33d1fdf4eb74fb3227b8fc3bb42a4",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"postback":{"title":"T"}}"#,
    ),
    // postback of a reference
    (
        "ccdb3bda208ba1c128f7b33db92627ea",
        r#"{"sender":{"user_ref":"u-1"},"recipient":{"id":"1001"},"timestamp":1767225599000,"postback":{"title":"T"}}"#,
    ),
    // link
    (
        "29ad740a815a1244bd33ee49f7310829",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"referral":{"source":"SHORTLINK","type":"OPEN_THREAD","ref":"spring"}}"#,
    ),
    // ad
    (
        "0bce8309c9426285f23ca4d3bff92f01",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"referral":{"source":"ADS","type":"OPEN_THREAD","ad_id":7}}"#,
    ),
    // guest
    (
        "b7a4ead204a90095b762807502a07d1f",
        r#"{"sender":{"user_ref":"u-1"},"recipient":{"id":"1001"},"timestamp":1767225599000,"referral":{"source":"CUSTOMER_CHAT_PLUGIN","referer_uri":"https://shop.example/","is_guest_user":true}}"#,
    ),
    // unrecognized
    (
        "3c9e81abf09a3d6101dc99960e038500",
        r#"{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"brand_new":{"a":1}}"#,
    ),
    // unrecognized and unreadable
    ("99a1d69c1eea97ef3c8f4f8d617b1e00", r#"5"#),
];

#[test]
fn a_kind_that_was_always_known_keeps_its_ids() {
    for (id, item) in FIRST {
        assert_eq!(fact_of(&in_entry("messaging", item)).to_string(), id, "{item}");
    }
}

#[test]
fn how_ids_and_times_are_written_does_not_change_a_fact() {
    let members = r#""postback":{"title":"T","payload":"P"}"#;
    let same = [
        format!(r#"{{"sender":{{"id":"2002"}},"recipient":{{"id":"1001"}},"timestamp":1767225599000,{members}}}"#),
        format!(r#"{{"timestamp":"1767225599","recipient":{{"id":1001}},"sender":{{"id":2002}},{members}}}"#),
    ];
    let facts: Vec<_> = same.iter().map(|item| fact_of(&in_entry("messaging", item))).collect();
    assert_eq!(facts[0], facts[1]);
    let bare = format!(r#"{{"object":"page","entry":[{{"id":1001,"standby":[{}]}}]}}"#, same[1]);
    assert_eq!(fact_of(&bare), facts[0]);
}

#[test]
fn facts_that_differ_have_different_ids() {
    let ends = |person: u32, at: u64| {
        format!(r#""sender":{{"id":{person}}},"recipient":{{"id":1001}},"timestamp":17672255990{at:02}"#)
    };
    let events = [
        (ends(1, 0), r#""message":{"mid":"m_1"}"#),
        (ends(1, 0), r#""message":{"mid":"m_1","is_echo":true}"#),
        (ends(1, 0), r#""message":{"text":"hi"}"#),
        (ends(1, 1), r#""message":{"text":"hi"}"#),
        (ends(1, 0), r#""postback":{"mid":"m_1"}"#),
        (ends(1, 0), r#""postback":{"title":"T","payload":"P"}"#),
        (ends(1, 0), r#""postback":{"title":"T","payload":"Q"}"#),
        (ends(1, 0), r#""postback":{"title":"U","payload":"P"}"#),
        (ends(1, 1), r#""postback":{"title":"T","payload":"P"}"#),
        (ends(2, 0), r#""postback":{"title":"T","payload":"P"}"#),
        (ends(1, 0), r#""read":{"watermark":1}"#),
        (ends(1, 0), r#""read":{"watermark":2}"#),
        (ends(2, 0), r#""read":{"watermark":1}"#),
        (ends(1, 0), r#""delivery":{"watermark":1}"#),
        (ends(1, 0), r#""delivery":{"watermark":1,"mids":["m_1"]}"#),
        (ends(1, 0), r#""delivery":{"watermark":1,"mids":["m_1","m_2"]}"#),
        (ends(1, 0), r#""referral":{"source":"ADS","ref":"1"}"#),
        (ends(1, 0), r#""referral":{"source":"ADS","ad_id":"1"}"#),
        (ends(1, 0), r#""new":1"#),
        (ends(1, 0), r#""new":2"#),
    ];
    let ids: HashSet<_> = events
        .iter()
        .flat_map(|(ends, members)| {
            let body = in_entry("messaging", &format!("{{{ends},{members}}}"));
            [fact_of(&body), fact_of(&body.replace("1001", "1002"))]
        })
        .collect();
    assert_eq!(ids.len(), 2 * events.len());
}

#[test]
fn details_that_cannot_be_read_hide_no_message() {
    for (members, beside) in [
        (r#""commands":5"#, ""),
        (r#""commands":[7,{}]"#, ""),
        (r#""nlp":"x","seq":[],"sticker_id":{}"#, ""),
        (r#""reply_to":{"is_self_reply":"no"}"#, ""),
        (r#""attachments":[{"type":"template","payload":{"product":5,"id":[],"start_time":"noon"}}]"#, ""),
        (r#""referral":{"source":"ADS","product":5,"ads_context_data":[],"referer_uri":1,"is_guest_user":{}}"#, ""),
        (r#""text":"hi""#, r#","hop_context":[5],"prior_message":"x""#),
    ] {
        let placed = event(&format!(r#""message":{{"mid":"m_1",{members}}}{beside}"#));
        assert_eq!(placed.fact.kind.as_str(), "message", "{members}");
        assert_eq!(placed.fact.fact, event(r#""message":{"mid":"m_1"}"#).fact.fact);
    }
}

#[test]
fn what_happens_again_is_another_fact_and_what_is_told_again_is_not() {
    let at = |ms: u32, members: &str| {
        let ends = format!(r#""sender":{{"id":"2002"}},"recipient":{{"id":"1001"}},"timestamp":1767225599{ms:03}"#);
        fact_of(&in_entry("messaging", &format!("{{{ends},{members}}}")))
    };
    let notifications = r#""optin":{"type":"notification_messages","notification_messages_token":"t","notification_messages_status":"STOP NOTIFICATIONS"}"#;
    for members in [
        r#""reaction":{"mid":"m_1","action":"react"}"#,
        r#""account_linking":{"status":"unlinked"}"#,
        r#""pass_thread_control":{"new_owner_app_id":"77"}"#,
        r#""form":{"id":"5"}"#,
        notifications,
    ] {
        assert_eq!(at(1, members), at(1, members));
        assert_ne!(at(1, members), at(2, members), "{members}");
    }
    for members in [
        r#""optin":{"type":"one_time_notif_req","one_time_notif_token":"t"}"#,
        r#""message":{"mid":"m_1","is_deleted":true}"#,
    ] {
        assert_eq!(at(1, members), at(2, members), "{members}");
    }
}

#[test]
fn what_seems_to_come_from_the_page_is_no_act_of_the_person() {
    for members in [r#""reaction":{"mid":"m_1","action":"react"}"#, r#""optin":{"ref":"spring"}"#] {
        let item = format!("{{{ECHO_ENDS},{members}}}");
        let placed = one(&in_entry("messaging", &item));
        assert_eq!(placed.place, person("2002"));
        check_kept(&placed, "messaging", &item);
    }
}
