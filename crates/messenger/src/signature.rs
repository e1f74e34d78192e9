//! Proof that a body comes from the platform, and that a call comes from the app.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

/// The header that carries a webhook's signature.
pub const HEADER: &str = "X-Hub-Signature-256";

/// The app's secret, and the one before it while a change of secret is under way.
#[derive(Clone, Debug)]
pub struct AppSecrets {
    /// The secret that signs now.
    pub current: SecretString,
    /// A secret that is still accepted.
    pub previous: Option<SecretString>,
}

/// Why a body is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSignature {
    /// There is no signature at all.
    #[error("the signature is missing")]
    Missing,
    /// The header has another form.
    #[error("the signature is not `sha256=` and 64 hexadecimal digits in lower case")]
    Malformed,
    /// The body was not signed with a secret of ours, or was changed on the way.
    #[error("the signature does not fit the body")]
    Wrong,
}

impl AppSecrets {
    /// Checks the signature over the body exactly as it was received; a body that was parsed and written again
    /// has other bytes. Takes the same time for every wrong signature.
    ///
    /// # Errors
    /// When the body must not be believed.
    pub fn verify(&self, header: Option<&str>, body: &[u8]) -> Result<(), BadSignature> {
        let given = parse(header.ok_or(BadSignature::Missing)?).ok_or(BadSignature::Malformed)?;
        let fits = |secret: &SecretString| mac(secret, body).verify_slice(&given).is_ok();
        if fits(&self.current) || self.previous.as_ref().is_some_and(fits) { Ok(()) } else { Err(BadSignature::Wrong) }
    }
}

/// The header's value that the platform would send with `body`.
pub fn sign(secret: &SecretString, body: &[u8]) -> String {
    format!("sha256={}", hex::encode(mac(secret, body).finalize().into_bytes()))
}

/// The `appsecret_proof` of a call made with `token`: it shows that the caller holds the app's secret too.
pub fn appsecret_proof(token: &SecretString, secret: &SecretString) -> String {
    hex::encode(mac(secret, token.expose_secret().as_bytes()).finalize().into_bytes())
}

fn mac(secret: &SecretString, message: &[u8]) -> Hmac<Sha256> {
    let mut mac = Hmac::new_from_slice(secret.expose_secret().as_bytes()).expect("an HMAC key may have any length");
    mac.update(message);
    mac
}

fn parse(header: &str) -> Option<[u8; 32]> {
    let digits = header.strip_prefix("sha256=")?;
    let mut bytes = [0; 32];
    hex::decode_to_slice(digits, &mut bytes).ok()?;
    // The decoder takes capital letters as well; the platform never writes them.
    digits.bytes().all(|byte| !byte.is_ascii_uppercase()).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = r#"{"object":"page","entry":[{"id":"1001","time":1767225600123,"messaging":[{"sender":{"id":"2002"},"recipient":{"id":"1001"},"timestamp":1767225599000,"message":{"mid":"m_demo1","text":"caf\u00e9 \ud83d\ude00 a\/b x\u0040y.zz"}}]}]}"#;
    const SIGNED: &str = "sha256=bd82f6e63f36f718a8428e1a3a34dfe962712ed36325acf550640c83e30dbb86";

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    fn secrets(current: &str, previous: Option<&str>) -> AppSecrets {
        AppSecrets { current: secret(current), previous: previous.map(secret) }
    }

    #[test]
    fn a_body_signed_by_the_app_is_believed() {
        assert_eq!(BODY.len(), 230);
        assert_eq!(sign(&secret("test-app-secret-0001"), BODY.as_bytes()), SIGNED);
        assert_eq!(secrets("test-app-secret-0001", None).verify(Some(SIGNED), BODY.as_bytes()), Ok(()));
    }

    #[test]
    fn the_previous_secret_is_still_accepted_and_a_third_is_not() {
        let body = BODY.as_bytes();
        assert_eq!(secrets("next", Some("test-app-secret-0001")).verify(Some(SIGNED), body), Ok(()));
        assert_eq!(secrets("next", Some("other")).verify(Some(SIGNED), body), Err(BadSignature::Wrong));
        assert_eq!(secrets("next", None).verify(Some(SIGNED), body), Err(BadSignature::Wrong));
    }

    #[test]
    fn the_same_json_written_again_does_not_verify() {
        let value: serde_json::Value = serde_json::from_str(BODY).unwrap();
        let again = BODY.replace(r"\u00e9 \ud83d\ude00 a\/b x\u0040y", "é 😀 a/b x@y");
        assert_eq!(again.len(), 212);
        assert_eq!(serde_json::from_str::<serde_json::Value>(&again).unwrap(), value);
        let secrets = secrets("test-app-secret-0001", None);
        assert_eq!(secrets.verify(Some(SIGNED), again.as_bytes()), Err(BadSignature::Wrong));
        let own = "sha256=af5ce9f06620028799bd459ef9291b2b25d8d9e4120cbaf8c8f67af4a68f5a6a";
        assert_eq!(secrets.verify(Some(own), BODY.as_bytes()), Err(BadSignature::Wrong));
    }

    #[test]
    fn one_changed_byte_is_noticed() {
        let mut body = BODY.as_bytes().to_vec();
        body[100] ^= 1;
        assert_eq!(secrets("test-app-secret-0001", None).verify(Some(SIGNED), &body), Err(BadSignature::Wrong));
    }

    #[test]
    fn a_header_of_another_form_is_malformed() {
        let secrets = secrets("test-app-secret-0001", None);
        let digits = &SIGNED["sha256=".len()..];
        let bad = [
            String::new(),
            digits.to_owned(),
            format!("sha1={digits}"),
            format!("SHA256={digits}"),
            format!("sha256={}", digits.to_uppercase()),
            format!("sha256={}", &digits[1..]),
            format!("sha256={digits}00"),
            format!("sha256= {digits}"),
            format!("sha256={digits} "),
            format!("sha256={}g", &digits[1..]),
        ];
        for header in bad {
            assert_eq!(secrets.verify(Some(&header), BODY.as_bytes()), Err(BadSignature::Malformed), "{header}");
        }
        assert_eq!(secrets.verify(None, BODY.as_bytes()), Err(BadSignature::Missing));
    }

    #[test]
    fn the_proof_of_a_token_is_its_keyed_hash() {
        assert_eq!(
            appsecret_proof(&secret("EAAtesttoken123"), &secret("test-app-secret-0001")),
            "cabbf4372ff38366c965bd6718f1a5ccc6a38c502232485ab27d495b39d625b6"
        );
    }
}
