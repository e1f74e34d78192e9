//! Which handler a path and method lead to, and whose token may go there.

use super::call::{Call, Method};
use super::{Handler, Request, send};
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
    #[expect(dead_code, reason = "used from the next slice on")]
    App,
    /// A thing of the token's Page: the handler looks.
    #[expect(dead_code, reason = "used from the next slice on")]
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

const ROUTES: &[Route] = &[route(Post, "messages", Scope::Page, send::post)];

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
