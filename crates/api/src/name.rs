//! Resource names, as callers write them.

use domain::id::{PageId, Psid};
use uuid::Uuid;

/// The name has another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A Page was expected.
    #[error("looks like `pages/{{page}}`, or `pages/-` for all")]
    Page,
    /// A conversation was expected.
    #[error("looks like `pages/{{page}}/conversations/{{psid}}`")]
    Conversation,
    /// A message was expected.
    #[error("looks like `pages/{{page}}/conversations/{{psid}}/messages/{{message}}`")]
    Message,
}

/// `pages/{page}`; none for `pages/-`, which means all.
///
/// # Errors
/// When the name has another form.
pub fn parse_page(name: &str) -> Result<Option<PageId>, BadName> {
    match name.strip_prefix("pages/").ok_or(BadName::Page)? {
        "-" => Ok(None),
        page => PageId::parse(page).map(Some).map_err(|_| BadName::Page),
    }
}

/// `pages/{page}/conversations/{psid}`
///
/// # Errors
/// When the name has another form.
pub fn parse_conversation(name: &str) -> Result<(PageId, Psid), BadName> {
    let words: Vec<_> = name.split('/').collect();
    let ["pages", page, "conversations", psid] = words[..] else { return Err(BadName::Conversation) };
    let page = PageId::parse(page).map_err(|_| BadName::Conversation)?;
    Ok((page, Psid::parse(psid).map_err(|_| BadName::Conversation)?))
}

/// `pages/{page}/conversations/{psid}/messages/{message}`
///
/// # Errors
/// When the name has another form.
pub fn parse_message(name: &str) -> Result<(PageId, Psid, Uuid), BadName> {
    let (conversation, message) = name.split_once("/messages/").ok_or(BadName::Message)?;
    let (page, psid) = parse_conversation(conversation).map_err(|_| BadName::Message)?;
    Ok((page, psid, Uuid::try_parse(message).map_err(|_| BadName::Message)?))
}

/// The name of a conversation.
pub fn conversation(page: &PageId, psid: &Psid) -> String {
    format!("pages/{page}/conversations/{}", psid.as_str())
}

/// The name of a message.
pub fn message(page: &PageId, psid: &Psid, message: Uuid) -> String {
    format!("{}/messages/{message}", conversation(page, psid))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let (page, psid) = (PageId::parse("1001").unwrap(), Psid::parse("24601").unwrap());
        let id = Uuid::from_u128(7);
        assert_eq!(parse_conversation(&conversation(&page, &psid)), Ok((page.clone(), psid.clone())));
        assert_eq!(parse_message(&message(&page, &psid, id)), Ok((page.clone(), psid, id)));
        assert_eq!(parse_page("pages/1001"), Ok(Some(page)));
        assert_eq!(parse_page("pages/-"), Ok(None));
    }

    #[test]
    fn other_forms_are_refused() {
        for name in ["", "pages/1", "pages//conversations/2", "pages/1/conversations/", "pages/1/conversations/2/x"] {
            assert_eq!(parse_conversation(name), Err(BadName::Conversation), "{name}");
        }
        assert_eq!(parse_message("pages/1/conversations/2/messages/x"), Err(BadName::Message));
    }
}
