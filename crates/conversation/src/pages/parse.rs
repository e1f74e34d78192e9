//! Requests about Pages, parsed once.

use api::name;
use api::status::Violations;
use domain::id::{PageId, RequestId};
use domain::page::Asked;
use sha2::{Digest, Sha256};
use tonic::Status;

/// How long a name or a reason may be.
pub(super) const MOST_CHARS: usize = 500;

/// The Page, and the call's own name, of a call that changes something.
pub(super) struct Call {
    pub(super) page: PageId,
    pub(super) asked: Asked,
}

/// Reads what every call that changes something has. `what` is all else that it asks for, without a secret.
pub(super) fn call(name: &str, request_id: &str, what: &[&str], violations: &mut Violations) -> Option<Call> {
    let page = violations.take("name", name::parse_one_page(name));
    let request = violations.take("request_id", RequestId::parse(request_id));
    let (page, request) = (page?, request?);
    let mut digest = [0; 16];
    let mut hash = Sha256::new();
    for word in what {
        hash.update(word.len().to_be_bytes());
        hash.update(word.as_bytes());
    }
    digest.copy_from_slice(&hash.finalize()[..16]);
    Some(Call { page, asked: Asked { request, digest } })
}

/// The Page of a call that has nothing else.
pub(super) fn page(name: &str) -> Result<PageId, Status> {
    let mut violations = Violations::default();
    violations.take("name", name::parse_one_page(name)).ok_or_else(|| violations.into_status())
}

/// Words of a person: some, not too many, and nothing that moves a cursor.
pub(super) fn words(field: &str, raw: &str, least: usize, violations: &mut Violations) {
    let n_chars = raw.chars().count();
    if !(least..=MOST_CHARS).contains(&n_chars) || raw.chars().any(char::is_control) {
        violations.add(field, format!("is {least} to {MOST_CHARS} characters on one line"));
    }
}
