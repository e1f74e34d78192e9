//! Who calls: the access token names the Page, and the request proof shows that the app's own server made the call.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

use super::{Refusal, World};

/// The one app.
pub(crate) struct App {
    pub(crate) id: String,
    pub(crate) secret: SecretString,
    pub(crate) require_proof: bool,
}

/// What a call shows of its caller.
#[derive(Default)]
pub(crate) struct Credentials {
    pub(crate) token: Option<String>,
    pub(crate) proof: Option<String>,
}

/// The id of the Page that may be used: `path_page` is that id or `me`.
pub(crate) fn authorize(
    app: &App,
    world: &World,
    credentials: &Credentials,
    path_page: &str,
) -> Result<String, Refusal> {
    let token = credentials.token.as_deref().filter(|token| !token.is_empty()).ok_or(Refusal::TokenMissing)?;
    let (page, _) = world
        .pages()
        .find(|(_, page)| same(page.token.expose_secret().as_bytes(), token.as_bytes()))
        .ok_or(Refusal::TokenInvalid)?;
    check_proof(app, token, credentials.proof.as_deref())?;
    if path_page != "me" && path_page != page {
        return Err(Refusal::NotThisPage);
    }
    Ok(page.to_owned())
}

fn check_proof(app: &App, token: &str, proof: Option<&str>) -> Result<(), Refusal> {
    let Some(proof) = proof else {
        return if app.require_proof { Err(Refusal::ProofMissing) } else { Ok(()) };
    };
    let mut mac = Hmac::<Sha256>::new_from_slice(app.secret.expose_secret().as_bytes()).expect("any length is a key");
    mac.update(token.as_bytes());
    let expected = hex::encode(mac.finalize().into_bytes());
    if same(expected.as_bytes(), proof.as_bytes()) { Ok(()) } else { Err(Refusal::ProofWrong) }
}

fn same(left: &[u8], right: &[u8]) -> bool {
    left.ct_eq(right).into()
}
