//! Resource names, as callers write them.

use domain::decision::PackRef;
use domain::id::{PageId, PersonKey, PersonaId, PostId, Psid, SendId};
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
    /// A conversation, or a person's comments on a post, were expected.
    #[error(
        "looks like `pages/{{page}}/conversations/{{psid}}` or `pages/{{page}}/posts/{{post}}/commenters/{{psid}}`"
    )]
    Home,
    /// Pages, a conversation, or a person's comments on a post, were expected.
    #[error(
        "looks like `pages/{{page}}`, `pages/-` for all, `pages/{{page}}/conversations/{{psid}}` or \
         `pages/{{page}}/posts/{{post}}/commenters/{{psid}}`"
    )]
    Scope,
    /// A message was expected.
    #[error(
        "looks like `pages/{{page}}/conversations/{{psid}}/messages/{{message}}` or \
         `pages/{{page}}/posts/{{post}}/commenters/{{psid}}/messages/{{message}}`"
    )]
    Message,
    /// A persona was expected.
    #[error("looks like `pages/{{page}}/personas/{{persona}}`")]
    Persona,
    /// One rule pack was expected.
    #[error("looks like `rulePacks/{{name}}@{{digest}}`, with at least the first 8 digits of the digest")]
    RulePack,
}

/// Where messages live: in a person's conversation with a Page, or with the person's comments on a post.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    /// The Page that speaks.
    pub page: PageId,
    /// The post; none in the conversation.
    pub post: Option<PostId>,
    /// The person.
    pub psid: Psid,
}

impl Home {
    /// The send with this id that lives here. `person` is the person's key in the log.
    pub fn send(&self, person: PersonKey, id: Uuid) -> SendId {
        match &self.post {
            None => SendId::new(self.page.clone(), person, id),
            Some(post) => SendId::to_commenter(self.page.clone(), post.clone(), person, id),
        }
    }
}

/// Whose messages are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those of all Pages.
    All,
    /// Those of one Page.
    Page(PageId),
    /// Those that live in one place.
    Home(Home),
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

/// `pages/{page}/conversations/{psid}`, or `pages/{page}/posts/{post}/commenters/{psid}`
///
/// # Errors
/// When the name has another form.
pub fn parse_home(name: &str) -> Result<Home, BadName> {
    if let Ok((page, psid)) = parse_conversation(name) {
        return Ok(Home { page, post: None, psid });
    }
    // The post's id may hold any sign; the person's holds no `/`, so it is what stands behind the last one.
    let (post, psid) = name.rsplit_once("/commenters/").ok_or(BadName::Home)?;
    let (page, post) = post.strip_prefix("pages/").and_then(|rest| rest.split_once("/posts/")).ok_or(BadName::Home)?;
    Ok(Home {
        page: PageId::parse(page).map_err(|_| BadName::Home)?,
        post: Some(PostId::parse(post).map_err(|_| BadName::Home)?),
        psid: Psid::parse(psid).map_err(|_| BadName::Home)?,
    })
}

/// `pages/-`, `pages/{page}`, or as [`parse_home`].
///
/// # Errors
/// When the name has another form.
pub fn parse_scope(name: &str) -> Result<Scope, BadName> {
    match parse_page(name) {
        Ok(page) => Ok(page.map_or(Scope::All, Scope::Page)),
        Err(_) => parse_home(name).map(Scope::Home).map_err(|_| BadName::Scope),
    }
}

/// Where a message lives, as [`parse_home`], and behind it `/messages/{message}`.
///
/// # Errors
/// When the name has another form.
pub fn parse_message(name: &str) -> Result<(Home, Uuid), BadName> {
    let (home, message) = name.rsplit_once("/messages/").ok_or(BadName::Message)?;
    let home = parse_home(home).map_err(|_| BadName::Message)?;
    Ok((home, Uuid::try_parse(message).map_err(|_| BadName::Message)?))
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

/// The name of a message to this person.
pub fn message(send: &SendId, psid: &Psid) -> String {
    let home = match send.post() {
        None => conversation(send.page(), psid),
        Some(post) => format!("{}/posts/{post}/commenters/{}", page(send.page()), psid.as_str()),
    };
    format!("{home}/messages/{}", send.uuid())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        let (page, psid) = (PageId::parse("1001").unwrap(), Psid::parse("24601").unwrap());
        let id = Uuid::from_u128(7);
        assert_eq!(parse_conversation(&conversation(&page, &psid)), Ok((page.clone(), psid.clone())));
        let person = PersonKey::from_bytes([7; 16]);
        // The last could be taken for the name of a message, if it were read from its beginning.
        for post in [None, Some("1001_5"), Some("1/commenters/2/messages/3")] {
            let post = post.map(|post| PostId::parse(post).unwrap());
            let home = Home { page: page.clone(), post, psid: psid.clone() };
            let name = message(&home.send(person, id), &psid);
            assert_eq!(parse_message(&name), Ok((home.clone(), id)), "{name}");
            assert_eq!(parse_scope(name.rsplit_once("/messages/").unwrap().0), Ok(Scope::Home(home)));
        }
        assert_eq!(parse_scope("pages/-"), Ok(Scope::All));
        assert_eq!(parse_scope("pages/1001"), Ok(Scope::Page(page.clone())));
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
        for name in ["pages/1/posts/2/commenters/", "pages/1/posts//commenters/2", "pages/1/posts/2", "x"] {
            assert_eq!(parse_home(name), Err(BadName::Home), "{name}");
            assert_eq!(parse_scope(name), Err(BadName::Scope), "{name}");
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
