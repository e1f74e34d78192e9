//! Which handler a path and method lead to, and whose token may go there.

use super::call::{Call, Method};
use super::{
    Handler, Request, attachments, control, conversations, insights, labels, nodes, notifications, personas, profile,
    send, subscriptions, templates,
};
use crate::errors::{GraphError, Refusal};
use crate::world::World;
use crate::world::app::Caller;

use Method::{Delete, Get, Post};

/// What the first word of the path must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scope {
    /// The token's own Page, by its id or `me`.
    Page,
    /// The token's own app.
    App,
    /// A thing of the token's Page: the handler looks.
    Thing,
}

/// An edge: `/{node}/{name}`, or with an empty name the node itself.
pub(super) struct Route {
    name: &'static str,
    method: Method,
    scope: Scope,
    handler: Handler,
}

const fn route(method: Method, name: &'static str, scope: Scope, handler: Handler) -> Route {
    Route { name, method, scope, handler }
}

const ROUTES: &[Route] = &[
    route(Post, "messages", Scope::Page, send::post),
    route(Get, "messages", Scope::Thing, conversations::messages),
    route(Post, "message_attachments", Scope::Page, attachments::upload),
    route(Get, "messenger_profile", Scope::Page, profile::get),
    route(Post, "messenger_profile", Scope::Page, profile::set),
    route(Delete, "messenger_profile", Scope::Page, profile::delete),
    route(Get, "custom_user_settings", Scope::Page, profile::get_own),
    route(Post, "custom_user_settings", Scope::Page, profile::set_own),
    route(Delete, "custom_user_settings", Scope::Page, profile::delete_own),
    route(Post, "personas", Scope::Page, personas::create),
    route(Get, "personas", Scope::Page, personas::list),
    route(Post, "custom_labels", Scope::Page, labels::create),
    route(Get, "custom_labels", Scope::Thing, labels::list),
    route(Post, "label", Scope::Thing, labels::assign),
    route(Delete, "label", Scope::Thing, labels::remove),
    route(Get, "conversations", Scope::Page, conversations::list),
    route(Post, "pass_thread_control", Scope::Page, control::pass),
    route(Post, "take_thread_control", Scope::Page, control::take),
    route(Post, "request_thread_control", Scope::Page, control::ask),
    route(Post, "release_thread_control", Scope::Page, control::release),
    route(Post, "extend_thread_control", Scope::Page, control::extend),
    route(Get, "thread_owner", Scope::Page, control::owner),
    route(Get, "subscribed_apps", Scope::Page, subscriptions::subscribed),
    route(Post, "subscribed_apps", Scope::Page, subscriptions::subscribe),
    route(Delete, "subscribed_apps", Scope::Page, subscriptions::unsubscribe),
    route(Get, "subscriptions", Scope::App, subscriptions::callbacks),
    route(Post, "subscriptions", Scope::App, subscriptions::set_callback),
    route(Delete, "subscriptions", Scope::App, subscriptions::drop_callback),
    route(Post, "message_templates", Scope::Page, templates::create),
    route(Get, "message_templates", Scope::Page, templates::list),
    route(Delete, "message_templates", Scope::Page, templates::delete),
    route(Get, "notification_message_tokens", Scope::Page, notifications::list),
    route(Post, "notification_messages_dev_support", Scope::Page, notifications::help),
    route(Get, "insights", Scope::Page, insights::read),
    route(Get, "messaging_feature_review", Scope::Page, insights::review),
    route(Post, "moderate_conversations", Scope::Page, insights::moderate),
    route(Post, "unlink_accounts", Scope::Page, insights::unlink),
    route(Get, "", Scope::Thing, nodes::get),
    route(Delete, "", Scope::Thing, nodes::delete),
];

/// The route of a call. A path that is known with another method is another error than one that is not.
pub(super) fn find(call: &Call) -> Result<&'static Route, GraphError> {
    let name = match call.path.as_slice() {
        [_] => "",
        [_, name] => name.as_str(),
        _ => return Err(unknown(call)),
    };
    let mut known = ROUTES.iter().filter(|route| route.name == name).peekable();
    if known.peek().is_none() {
        return Err(unknown(call));
    }
    known.find(|route| route.method == call.method).ok_or_else(|| {
        let method = call.method.name().to_ascii_lowercase();
        GraphError::from(Refusal::NoSuchObject).saying(format!("Unsupported {method} request."))
    })
}

/// What the recorder calls it.
pub(super) fn name(call: &Call) -> String {
    match call.path.as_slice() {
        [_] => "node".to_owned(),
        [_, name] if ROUTES.iter().any(|route| route.name == name) => name.clone(),
        _ => "unknown".to_owned(),
    }
}

fn unknown(call: &Call) -> GraphError {
    let path = call.path.iter().skip(1).map(String::as_str).collect::<Vec<_>>().join("/");
    GraphError::from(Refusal::UnknownPath).saying(format!("Unknown path components: /{path}"))
}

impl Route {
    /// Lets the caller in if the path is theirs, and notes who it is.
    pub(super) fn enter(
        &self,
        world: &World,
        request: &mut Request<'_>,
        caller: Caller,
    ) -> Result<Handler, GraphError> {
        match caller {
            Caller::Page { page, app } => {
                request.note.page = Some(page.clone());
                request.page = page;
                request.app = app;
            }
            Caller::App(app) => request.app = app,
        }
        request.note.app = Some(request.app);
        let is_own = match self.scope {
            Scope::Page if request.page.is_empty() => {
                return Err(GraphError::from(Refusal::TokenInvalid)
                    .saying("This method must be called with a Page Access Token"));
            }
            Scope::Page => request.node == "me" || *request.node == *request.page,
            Scope::App => request.node == world.app(request.app).id,
            Scope::Thing => true,
        };
        if is_own { Ok(self.handler) } else { Err(Refusal::NoSuchObject.into()) }
    }
}
