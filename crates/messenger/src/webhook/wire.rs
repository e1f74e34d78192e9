//! The shapes of the envelope and of an event's ends. Keys that are not named here are skipped.

use serde::Deserialize;
use serde_json::value::RawValue;

#[derive(Deserialize)]
pub(super) struct Body<'a> {
    #[serde(borrow)]
    pub(super) object: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) entry: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Entry<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) time: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) messaging: Option<&'a RawValue>,
    /// As the platform's own sample of a form misspells it.
    #[serde(borrow, rename = "messaging:")]
    pub(super) misspelt: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) standby: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) changes: Option<&'a RawValue>,
}

/// Who and when: what must be known of an event before its kind.
#[derive(Deserialize)]
pub(super) struct Ends<'a> {
    #[serde(borrow)]
    pub(super) sender: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) recipient: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) timestamp: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) message: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) optin: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
pub(super) struct Party<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) user_ref: Option<&'a RawValue>,
}

#[derive(Deserialize)]
pub(super) struct Flags {
    pub(super) is_echo: Option<bool>,
}

/// An item of `changes`.
#[derive(Deserialize)]
pub(super) struct Change<'a> {
    pub(super) field: String,
    #[serde(borrow)]
    pub(super) value: Option<&'a RawValue>,
}
