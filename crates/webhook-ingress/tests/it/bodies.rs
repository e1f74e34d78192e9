//! Webhook bodies as the platform writes them.

/// When the tests' clock begins: milliseconds since 1970.
pub(crate) const NOON_MS: i64 = 1_767_225_600_000;

/// The app's secret.
pub(crate) const SECRET: &str = "test-app-secret-0001";

/// A body with escapes, so that parsing it and writing it again gives other bytes.
pub(crate) const ESCAPED: &str = r#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_demo1","text":"caf\u00e9 \ud83d\ude00 a\/b x\u0040y.zz"}}]}]}"#;

/// [`ESCAPED`]'s signature under [`SECRET`], computed elsewhere.
pub(crate) const ESCAPED_SIGNATURE: &str = "sha256=bd82f6e63f36f718a8428e1a3a34dfe962712ed36325acf550640c83e30dbb86";

/// What `person` wrote to `page`: an item of `messaging`.
pub(crate) fn message(page: &str, person: &str, mid: &str) -> String {
    item(page, person, &format!(r#""message":{{"mid":"{mid}","text":"hello from {mid}"}}"#))
}

/// An event of `person` on `page`, with these members beside its ends.
pub(crate) fn item(page: &str, person: &str, members: &str) -> String {
    format!(r#"{{"sender":{{"id":"{person}"}},"recipient":{{"id":"{page}"}},"timestamp":{NOON_MS},{members}}}"#)
}

/// An entry of `page` with these items in `messaging`.
pub(crate) fn entry(page: &str, items: &[String]) -> String {
    format!(r#"{{"id":"{page}","time":{NOON_MS},"messaging":[{}]}}"#, items.join(","))
}

/// A body with these entries.
pub(crate) fn body(entries: &[String]) -> String {
    format!(r#"{{"object":"page","entry":[{}]}}"#, entries.join(","))
}

/// A body with one entry of `page` and these items.
pub(crate) fn of_page(page: &str, items: &[String]) -> String {
    body(&[entry(page, items)])
}

/// A body with one message of person 2002 to Page 1001.
pub(crate) fn one_message(mid: &str) -> String {
    of_page("1001", &[message("1001", "2002", mid)])
}
