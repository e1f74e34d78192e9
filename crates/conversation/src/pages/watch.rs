//! Looks after Pages in the background: asks the platform about each now and then, records what changed, and tells what
//! is wrong.

use super::{PagesService, Parts};
use domain::id::PageId;
use secrecy::SecretString;
use service_kit::Gauge;
use sql::Acquired;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// One replica checks.
const LEASE: &str = "pages/check";
/// How often it is looked what the Pages' streams say, between checks.
const LOOK: Duration = Duration::from_secs(30);
/// How many Pages are read at a time.
const ROWS: usize = 100;

/// How many Pages something is wrong with, as their streams tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Overview {
    /// Pages whose token the platform does not take.
    pub token_dead: usize,
    /// Pages for which the app may not send.
    pub permission_lost: usize,
    /// Pages of which our app does not hear all that it needs.
    pub fields_missing: usize,
    /// Pages that are paused.
    pub paused: usize,
    /// All Pages that have a token here.
    pub all: usize,
}

impl Overview {
    /// What somebody should do something about, in words; none: nothing.
    pub fn trouble(&self) -> Option<String> {
        let Self { token_dead, permission_lost, fields_missing, .. } = self;
        let is_well = [token_dead, permission_lost, fields_missing].into_iter().all(|n| *n == 0);
        let words = format!(
            "{token_dead} Pages with a token that the platform does not take, {permission_lost} for which the app may not \
             send, {fields_missing} whose webhooks are not all heard: ListPages names them"
        );
        (!is_well).then_some(words)
    }
}

/// Runs until `stop` is cancelled. `tell` hears how the Pages stand, whenever that was looked at.
pub async fn watch(service: PagesService, stop: CancellationToken, tell: impl Fn(Overview)) {
    let parts = &service.0;
    let gauge = parts.metrics.gauge("nuncio.pages", "{page}", "Pages with a token here, by what is wrong with them");
    let owner = parts.ids.uuid_v7(parts.clock.now()).to_string();
    loop {
        match parts.overview().await {
            Ok(overview) => {
                show(&gauge, overview);
                tell(overview);
            }
            Err(error) => tracing::warn!(%error, "it could not be looked how the Pages stand; it is tried again"),
        }
        if let Err(error) = parts.check_all(&owner, &stop).await {
            tracing::warn!(%error, "the Pages could not be checked; it is tried again");
        }
        tokio::select! {
            () = stop.cancelled() => return,
            () = tokio::time::sleep(LOOK.min(parts.check_every)) => (),
        }
    }
}

fn show(gauge: &Gauge, overview: Overview) {
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    gauge.set(number(overview.token_dead), &[("state", "token_dead")]);
    gauge.set(number(overview.permission_lost), &[("state", "permission_lost")]);
    gauge.set(number(overview.fields_missing), &[("state", "fields_missing")]);
    gauge.set(number(overview.paused), &[("state", "paused")]);
    gauge.set(number(overview.all), &[("state", "all")]);
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

impl Parts {
    /// Every Page that has a token here, with the token.
    async fn speaking(&self) -> Result<Vec<(PageId, SecretString)>, Failure> {
        let (mut pages, mut after) = (self.configured.clone(), None);
        loop {
            let rows = self.registry.list(after.as_ref(), ROWS).await?;
            let Some(last) = rows.last() else { return Ok(pages.into_iter().collect()) };
            after = Some(last.page.clone());
            for row in rows {
                // The registered one wins.
                let token = self.registry.open(&row)?;
                pages.insert(row.page, token);
            }
        }
    }

    async fn overview(&self) -> Result<Overview, Failure> {
        let mut overview = Overview::default();
        for (page, _) in self.speaking().await? {
            let state = self.judged_by.page(&page).await?.state;
            overview.all += 1;
            overview.token_dead += usize::from(state.standing().token_dead().is_some());
            overview.permission_lost += usize::from(state.standing().permission_lost().is_some());
            overview.fields_missing += usize::from(!state.standing().missing().is_empty());
            overview.paused += usize::from(state.is_paused());
        }
        Ok(overview)
    }

    /// Asks the platform about every Page, unless that was done not long ago. The lease is not given back: it ends when
    /// the next check is due, so that there is one in that time, by whichever replica.
    async fn check_all(&self, owner: &str, stop: &CancellationToken) -> Result<(), Failure> {
        let acquired = self.database.acquire(LEASE, owner, self.check_every, self.clock.uptime()).await?;
        let Acquired::Ours(_) = acquired else { return Ok(()) };
        for (page, token) in self.speaking().await? {
            if stop.is_cancelled() {
                return Ok(());
            }
            let found = self.look(&page, &token).await;
            self.keep(&page, &token, &found).await?;
        }
        Ok(())
    }
}
