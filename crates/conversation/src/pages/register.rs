//! Takes over access tokens: tried first, sealed, and told of without the token.
//!
//! The token is stored before the event is: a call that ends between the two is repeated, and says the rest.

use super::parse::{self, Call};
use super::{Found, Known, Parts, changed, complete, platform, refused, render};
use api::name;
use api::proto::page::v1 as pb;
use api::status::{self, Violations};
use domain::id::PageId;
use domain::page::{Change, Page};
use event_log::LoadedPage;
use secrecy::{ExposeSecret, SecretString};
use sql::pages::Registered;
use tonic::Status;

/// What became of a call with this request id before.
enum Before {
    /// It is new.
    New,
    /// It was made, with this very token.
    Same,
}

impl Parts {
    pub(super) async fn register(&self, asked: pb::RegisterPageRequest) -> Result<pb::Page, Status> {
        let pb::RegisterPageRequest { name, access_token, display_name, request_id, validate_only } = asked;
        let mut violations = Violations::default();
        parse::words("display_name", &display_name, 0, &mut violations);
        let token = violations.take("access_token", platform::token(access_token));
        let call = parse::call(&name, &request_id, &["register", &display_name], &mut violations);
        let (call, token) = complete(call.zip(token), violations)?;
        self.registry.can_seal().map_err(|error| refused(&error))?;
        let known = self.stored(&call.page).await?;
        if let Before::Same = self.before(&call, &token, &known)? {
            return Ok(render::page(&call.page, &known.loaded, known.registered.as_ref()));
        }
        if let Some(registered) = &known.registered
            && !self.is_token(registered, &token)?
        {
            return Err(status::page_exists(&name::page(&call.page)));
        }
        let found = self.usable(&call.page, &token).await?;
        if validate_only {
            return Ok(render::checked(&call.page, &known.loaded, known.registered.as_ref(), found));
        }
        let app = found.app.clone().or_else(|| self.app.clone());
        let display_name = Some(display_name).filter(|name| !name.is_empty());
        let change = match app {
            Some(app) => Change::Register { app, name: display_name },
            None => return Err(status::page_not_ready(&name::page(&call.page), &found.problems)),
        };
        self.take_over(&call, &token, &change, found).await
    }

    pub(super) async fn rotate(&self, asked: pb::RotatePageTokenRequest) -> Result<pb::Page, Status> {
        let pb::RotatePageTokenRequest { name, access_token, request_id, validate_only } = asked;
        let mut violations = Violations::default();
        let token = violations.take("access_token", platform::token(access_token));
        let call = parse::call(&name, &request_id, &["rotate"], &mut violations);
        let (call, token) = complete(call.zip(token), violations)?;
        self.registry.can_seal().map_err(|error| refused(&error))?;
        let known = self.stored(&call.page).await?;
        if known.registered.is_none() {
            return Err(status::no_such_page(&name::page(&call.page)));
        }
        if let Before::Same = self.before(&call, &token, &known)? {
            return Ok(render::page(&call.page, &known.loaded, known.registered.as_ref()));
        }
        let found = self.usable(&call.page, &token).await?;
        if validate_only {
            return Ok(render::checked(&call.page, &known.loaded, known.registered.as_ref(), found));
        }
        self.take_over(&call, &token, &Change::RotateToken, found).await
    }

    async fn stored(&self, page: &PageId) -> Result<Known, Status> {
        let registered = self.registry.get(page).await.map_err(|error| status::unavailable(&error))?;
        let loaded = self.judged_by.page(page).await.map_err(|error| status::unavailable(&error))?;
        Ok(Known { loaded, registered })
    }

    /// A digest of the call is in the log, but nothing of the token is: that is compared with the one that is kept.
    fn before(&self, call: &Call, token: &SecretString, known: &Known) -> Result<Before, Status> {
        let page: &Page = &known.loaded.state;
        let Some(digest) = page.standing().asked(&call.asked.request) else { return Ok(Before::New) };
        let is_same = match &known.registered {
            Some(registered) => digest == call.asked.digest && self.is_token(registered, token)?,
            None => false,
        };
        if is_same { Ok(Before::Same) } else { Err(status::page_request_id_reused(&name::page(&call.page))) }
    }

    fn is_token(&self, registered: &Registered, token: &SecretString) -> Result<bool, Status> {
        let kept = self.registry.open(registered).map_err(|error| refused(&error))?;
        Ok(kept.expose_secret() == token.expose_secret())
    }

    /// What the platform says of a token that can be used.
    async fn usable(&self, page: &PageId, token: &SecretString) -> Result<Found, Status> {
        let found = self.look(page, token).await;
        match found.silence() {
            Some(silence) => Err(status::platform_silent(silence)),
            None if found.is_unusable() => Err(status::page_not_ready(&name::page(page), &found.problems)),
            None => Ok(found),
        }
    }

    async fn take_over(
        &self,
        call: &Call,
        token: &SecretString,
        change: &Change,
        found: Found,
    ) -> Result<pb::Page, Status> {
        let page = &call.page;
        self.registry.put(page, token, self.clock.now()).await.map_err(|error| refused(&error))?;
        let told = self.change(page, change, Some(&call.asked)).await;
        told.map_err(|error| changed(page, &error))?;
        let loaded: LoadedPage = self.keep(page, token, &found).await.map_err(|error| changed(page, &error))?;
        let registered = self.registry.get(page).await.map_err(|error| status::unavailable(&error))?;
        tracing::info!(%page, "took over the access token of a Page");
        Ok(render::checked(page, &loaded, registered.as_ref(), found))
    }
}
