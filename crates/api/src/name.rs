//! Resource names, as callers write them.

use domain::decision::PackRef;
use domain::id::{PageId, PersonaId, Psid};
use uuid::Uuid;

/// The name has another form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadName {
    /// A Page was expected.
    #[error("looks like `pages/{{page}}`, or `pages/-` for all")]
    Page,
    /// One Page was expected.
    #[error("looks like `pages/{{page}}`")]
    OnePage,
    /// A conversation was expected.
    #[error("looks like `pages/{{page}}/conversations/{{psid}}`")]
    Conversation,
    /// A message was expected.
    #[error("looks like `pages/{{page}}/conversations/{{psid}}/messages/{{message}}`")]
    Message,
    /// A persona was expected.
    #[error("looks like `pages/{{page}}/personas/{{persona}}`")]
    Persona,
    /// One rule pack was expected.
    #[error("looks like `rulePacks/{{name}}@{{digest}}`, with at least the first 8 digits of the digest")]
    RulePack,
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

/// `rulePacks/{name}@{digest}`, with any number of the digest's digits from 8 on, as name and digits.
///
/// # Errors
/// When the name has another form.
pub fn parse_rule_pack(name: &str) -> Result<(&str, &str), BadName> {
    let (name, digest) =
        name.strip_prefix("rulePacks/").and_then(|rest| rest.split_once('@')).ok_or(BadName::RulePack)?;
    let is_digest = (8..=64).contains(&digest.len()) && digest.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    if is_digest && !name.is_empty() { Ok((name, digest)) } else { Err(BadName::RulePack) }
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

/// `pages/{page}/personas/{persona}`
///
/// # Errors
/// When the name has another form.
pub fn parse_persona(name: &str) -> Result<(PageId, PersonaId), BadName> {
    let words: Vec<_> = name.split('/').collect();
    let ["pages", page, "personas", persona] = words[..] else { return Err(BadName::Persona) };
    let page = PageId::parse(page).map_err(|_| BadName::Persona)?;
    Ok((page, PersonaId::parse(persona).map_err(|_| BadName::Persona)?))
}

/// `pages/{page}` of one Page.
///
/// # Errors
/// When the name has another form.
pub fn parse_one_page(name: &str) -> Result<PageId, BadName> {
    parse_page(name)?.ok_or(BadName::OnePage)
}

/// The name of a Page.
pub fn page(page: &PageId) -> String {
    format!("pages/{page}")
}

/// The name of a conversation.
pub fn conversation(page: &PageId, psid: &Psid) -> String {
    format!("pages/{page}/conversations/{}", psid.as_str())
}

/// The name of a persona.
pub fn persona(page: &PageId, persona: &PersonaId) -> String {
    format!("pages/{page}/personas/{persona}")
}

/// The name of a rule pack.
pub fn rule_pack(pack: &PackRef) -> String {
    format!("rulePacks/{}@{}", pack.name, hex::encode(pack.digest))
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
        let us = PersonaId::parse("77").unwrap();
        let page = PageId::parse("1001").unwrap();
        assert_eq!(parse_persona(&persona(&page, &us)), Ok((page, us)));
        let pack = rule_pack(&PackRef { name: "own".to_owned(), digest: [10; 32] });
        assert_eq!(parse_rule_pack(&pack), Ok(("own", "0a".repeat(32).as_str())));
        assert_eq!(parse_rule_pack("rulePacks/own@0a0a0a0a"), Ok(("own", "0a0a0a0a")));
    }

    #[test]
    fn other_forms_are_refused() {
        for name in ["", "pages/1", "pages//conversations/2", "pages/1/conversations/", "pages/1/conversations/2/x"] {
            assert_eq!(parse_conversation(name), Err(BadName::Conversation), "{name}");
        }
        assert_eq!(parse_message("pages/1/conversations/2/messages/x"), Err(BadName::Message));
        assert_eq!(parse_persona("pages/1/personas/"), Err(BadName::Persona));
        for name in
            ["rulePacks/own", "own@0a0a0a0a", "rulePacks/@0a0a0a0a", "rulePacks/own@0a0a0a", "rulePacks/own@0A0A0A0A"]
        {
            assert_eq!(parse_rule_pack(name), Err(BadName::RulePack), "{name}");
        }
    }
}
