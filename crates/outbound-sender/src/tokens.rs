//! The access tokens that messages leave with: those of registered Pages, and for other Pages those of the configuration.

use domain::id::PageId;
use secrecy::{ExposeSecret, SecretString};
use sql::pages::{Registry, RegistryError};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use subtle::ConstantTimeEq;
use tokio::time::Instant;

/// How old a token may be: another one is used within this time, without a restart.
const FRESH: Duration = Duration::from_secs(1);

/// A token as it was read last; none: the Page is not registered.
type Read = (Instant, Option<Arc<SecretString>>);

pub(crate) struct Tokens {
    configured: HashMap<PageId, Arc<SecretString>>,
    registry: Registry,
    read: Mutex<HashMap<PageId, Read>>,
}

impl Tokens {
    pub(crate) fn new(configured: HashMap<PageId, SecretString>, registry: Registry) -> Self {
        let configured = configured.into_iter().map(|(page, token)| (page, Arc::new(token))).collect();
        Self { configured, registry, read: Mutex::default() }
    }

    /// The token of a Page; none: there is none. The registered one wins over the configured one.
    pub(crate) async fn of(&self, page: &PageId) -> Result<Option<Arc<SecretString>>, RegistryError> {
        let known = self.locked().get(page).filter(|(at, _)| at.elapsed() < FRESH).map(|(_, token)| token.clone());
        let registered = match known {
            Some(token) => token,
            None => self.look_up(page).await?,
        };
        Ok(registered.or_else(|| self.configured.get(page).cloned()))
    }

    /// Whether the Page speaks by this very token now.
    pub(crate) async fn is_in_use(&self, page: &PageId, token: &SecretString) -> Result<bool, RegistryError> {
        let registered = self.look_up(page).await?;
        let used = registered.as_ref().or_else(|| self.configured.get(page));
        let is_same =
            |used: &Arc<SecretString>| used.expose_secret().as_bytes().ct_eq(token.expose_secret().as_bytes());
        Ok(used.is_some_and(|used| is_same(used).into()))
    }

    /// The registered token as it is now, which from here on is used.
    async fn look_up(&self, page: &PageId) -> Result<Option<Arc<SecretString>>, RegistryError> {
        let at = Instant::now();
        let token = self.registry.token(page).await?.map(Arc::new);
        self.locked().insert(page.clone(), (at, token.clone()));
        Ok(token)
    }

    /// Whether the Page may speak at all. When the registry does not answer, that is found out when a message is to leave.
    pub(crate) async fn knows(&self, page: &PageId) -> bool {
        if self.configured.contains_key(page) {
            return true;
        }
        match self.of(page).await {
            Ok(token) => token.is_some(),
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "it cannot be told whether a Page is registered"
                );
                true
            }
        }
    }

    fn locked(&self) -> MutexGuard<'_, HashMap<PageId, Read>> {
        self.read.lock().expect("nothing panics while it holds the lock")
    }
}
