//! The keys that secrets are sealed under.

use service_kit::Reader;
use sql::sealed::Keys;
use std::sync::Arc;

/// Without any, nothing can be sealed, and Pages speak by the tokens of the configuration alone.
pub(super) fn keys(reader: &mut Reader) -> Option<Arc<Keys>> {
    let help = "keys of 32 bytes, in hex or base64, that access tokens are sealed under: the first seals, all open";
    let text = reader.secret("secrets.key", help)?;
    match Keys::parse(&text) {
        Ok(keys) => Some(Arc::new(keys)),
        Err(error) => {
            reader.problem("secrets.key", error.to_string());
            None
        }
    }
}
