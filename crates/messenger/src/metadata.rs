//! The text that travels with a message of ours and that its echo brings back.

use domain::id::SendId;

/// The `metadata` of one message: our send id, then a space and the caller's own metadata if there is any.
/// The platform takes less than 1,000 characters.
pub fn write(send: &SendId, callers: Option<&str>) -> String {
    match callers {
        Some(callers) => format!("{send} {callers}"),
        None => send.to_string(),
    }
}

/// Splits metadata into our send id and what is not ours. Text that does not begin with a send id is foreign as a whole.
pub fn read(metadata: &str) -> (Option<SendId>, Option<&str>) {
    let (first, rest) = match metadata.split_once(' ') {
        Some((first, rest)) => (first, Some(rest)),
        None => (metadata, None),
    };
    match SendId::parse(first) {
        Ok(send) => (Some(send), rest),
        Err(_) => (None, Some(metadata)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::id::{PageId, PersonKey};
    use uuid::Uuid;

    #[test]
    fn the_send_and_the_callers_words_come_back() {
        let send = SendId::new(PageId::parse("1001").unwrap(), PersonKey::from_bytes([7; 16]), Uuid::from_u128(9));
        for callers in [None, Some(""), Some("order 42  "), Some("{\"a\":1}")] {
            assert_eq!(read(&write(&send, callers)), (Some(send.clone()), callers));
        }
    }

    #[test]
    fn words_of_others_are_kept_whole() {
        for foreign in ["", "order-42", "c.1001 x", " c.1001"] {
            assert_eq!(read(foreign), (None, Some(foreign)));
        }
    }
}
