//! Reading JSON as the platform writes it: ids and numbers come as text or as numbers, and nothing may be lost.

use domain::time::Timestamp;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, Error, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Reads an object, and only an object: serde's structs would take an array for one too. A key that comes twice
/// makes it unreadable, so that neither of the two is lost.
pub(crate) fn object<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Option<T> {
    if raw.get().starts_with('{') { serde_json::from_str(raw.get()).ok() } else { None }
}

/// Reads an id: a text, or a whole number taken digit by digit.
pub(crate) fn text(raw: &RawValue) -> Option<String> {
    let json = raw.get();
    if json.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(json.to_owned());
    }
    serde_json::from_str(json).ok()
}

/// Reads a whole number that is not negative, also from a text.
pub(crate) fn number(raw: &RawValue) -> Option<i64> {
    let digits = text(raw)?;
    if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Reads a moment. The platform writes milliseconds, and in places seconds: below 10^12 it is the start of a second.
pub(crate) fn moment(raw: &RawValue) -> Option<Timestamp> {
    const FIRST_MILLISECONDS: i64 = 1_000_000_000_000;
    let number = number(raw)?;
    Some(Timestamp::from_millis(if number < FIRST_MILLISECONDS { number * 1_000 } else { number }))
}

/// An object in a field, read as [`object`] does.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        object(raw).map(Self).ok_or_else(|| D::Error::custom("expected a readable object"))
    }
}

/// An id in a field, read as [`text`] does.
pub(crate) struct Id(pub(crate) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        text(raw).map(Self).ok_or_else(|| D::Error::custom("expected a text or a whole number"))
    }
}

/// Words of a person. Half an emoji, as a careless cut leaves it, is replaced, and does not make the rest unreadable.
#[derive(Default)]
pub(crate) struct Words(pub(crate) String);

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;

        impl Visitor<'_> for Bytes {
            type Value = Words;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Words, E> {
                Ok(Words(String::from_utf8_lossy(bytes).into_owned()))
            }
        }

        // serde_json hands out half a surrogate pair only to those who ask for bytes.
        deserializer.deserialize_bytes(Bytes)
    }
}

/// A number or a word, as text: a text's own words, or a number just as it was written.
#[derive(Default)]
pub(crate) struct Scalar(pub(crate) String);

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<Words>(raw).map(|words| Self(words.0)).map_err(D::Error::custom),
            Some(b'-' | b'0'..=b'9' | b't' | b'f') => Ok(Self(raw.to_owned())),
            _ => Err(D::Error::custom("expected a text, a number or a truth")),
        }
    }
}

/// A whole number in a field, also as a text.
pub(crate) struct Integer(pub(crate) i64);

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Scalar(text) = Scalar::deserialize(deserializer)?;
        text.parse().map(Self).map_err(|_| D::Error::custom("expected a whole number"))
    }
}

/// A moment in a field, read as [`moment`] does.
pub(crate) struct Moment(pub(crate) Timestamp);

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        moment(raw).map(Self).ok_or_else(|| D::Error::custom("expected a moment"))
    }
}

/// A detail that is left out where it can't be read: it must not make the rest unreadable.
pub(crate) struct Detail<T>(pub(crate) Option<T>);

impl<T> Default for Detail<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: DeserializeOwned> Deserialize<'de> for Detail<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&RawValue>::deserialize(deserializer)?;
        Ok(Self(serde_json::from_str(raw.get()).ok()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> Box<RawValue> {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn an_id_is_a_text_or_a_whole_number() {
        for (json, expected) in [
            ("\"1001\"", Some("1001")),
            ("1001", Some("1001")),
            (" 1001 ", Some("1001")),
            ("123456789012345678901234567890", Some("123456789012345678901234567890")),
            ("1e3", None),
            ("-1", None),
            ("1.0", None),
            ("null", None),
            ("true", None),
            ("[1]", None),
        ] {
            assert_eq!(text(&raw(json)).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn a_moment_below_a_million_million_is_in_seconds() {
        for (json, expected) in [
            ("1767225599123", Some(1_767_225_599_123)),
            ("\"1767225599123\"", Some(1_767_225_599_123)),
            ("1767225599", Some(1_767_225_599_000)),
            ("\"1767225599\"", Some(1_767_225_599_000)),
            ("999999999999", Some(999_999_999_999_000)),
            ("1000000000000", Some(1_000_000_000_000)),
            ("0", Some(0)),
            ("9223372036854775807", Some(i64::MAX)),
            ("9223372036854775808", None),
            ("-5", None),
            ("1.5", None),
            ("\"\"", None),
            ("\"soon\"", None),
        ] {
            assert_eq!(moment(&raw(json)).map(Timestamp::as_millis), expected, "{json}");
        }
    }

    #[test]
    fn a_detail_that_cannot_be_read_is_left_out() {
        let read = |json: &str| serde_json::from_str::<Detail<Vec<Detail<Integer>>>>(json).unwrap();
        let numbers =
            |json| read(json).0.map(|all| all.into_iter().map(|one| one.0.map(|one| one.0)).collect::<Vec<_>>());
        assert_eq!(numbers(r#"[1,"-2",{},"x",null,1.5]"#), Some(vec![Some(1), Some(-2), None, None, None, None]));
        assert_eq!((numbers("{}"), numbers("null")), (None, None));
    }

    #[test]
    fn a_number_is_kept_as_it_was_written() {
        for (json, expected) in [
            ("79.90", Some("79.90")),
            ("\"79.90\"", Some("79.90")),
            ("-1e3", Some("-1e3")),
            ("true", Some("true")),
            ("null", None),
            ("{}", None),
            ("[1]", None),
        ] {
            assert_eq!(serde_json::from_str::<Scalar>(json).ok().map(|one| one.0).as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn half_an_emoji_does_not_make_the_words_unreadable() {
        let words: Words = serde_json::from_str(r#""caf\u00e9 \ud83d\ude00 \ud83d""#).unwrap();
        assert!(words.0.starts_with("café 😀 \u{fffd}"), "{}", words.0);
        assert!(serde_json::from_str::<Words>("5").is_err());
    }
}
