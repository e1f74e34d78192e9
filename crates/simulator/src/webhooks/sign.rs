//! The two signatures of a body: HMAC over its exact bytes with the app secret.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha1::Sha1;
use sha2::Sha256;

/// The value of `X-Hub-Signature-256`.
pub(crate) fn sha256(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length is a key");
    mac.update(body);
    format!("sha256={}", hex::encode(mac.finalize().into_bytes()))
}

/// The value of the older `X-Hub-Signature`, for clients that still look at it.
pub(crate) fn sha1(secret: &SecretString, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.expose_secret().as_bytes()).expect("any length is a key");
    mac.update(body);
    format!("sha1={}", hex::encode(mac.finalize().into_bytes()))
}
