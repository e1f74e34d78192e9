//! Rehearsals of rule packs in a running process: kept in the database, or, where there is none, in a file of the process's
//! own that goes with it.

use crate::app::Deps;
use anyhow::Context;
use compliance::rehearsal::{self, Rehearsals};
use secrecy::SecretString;
use service_kit::Shutdown;
use sql::{Create, Database, Options};
use tempfile::TempDir;

/// Starts working on rehearsals, and answers where they are asked for.
pub(crate) async fn start(deps: &Deps, shutdown: &Shutdown) -> anyhow::Result<Rehearsals> {
    let Deps { log, database, clock, ids, .. } = deps.clone();
    let is_durable = database.is_some();
    let (database, own) = match database {
        Some(database) => (database, None),
        None => {
            tracing::warn!("rehearsals are kept until this process ends, since there is no database");
            let (database, own) = own_file().await?;
            (database, Some(own))
        }
    };
    let rehearsals = Rehearsals::new(rehearsal::Deps { log, database, is_durable, clock, ids });
    let (working, stop) = (rehearsals.clone(), shutdown.stop());
    shutdown.spawn("rehearsals", async move {
        working.work(stop).await;
        drop(own);
        Ok(())
    });
    Ok(rehearsals)
}

async fn own_file() -> anyhow::Result<(Database, TempDir)> {
    let folder = tempfile::Builder::new().prefix("nuncio-rehearsals-").tempdir().context("cannot make a folder")?;
    let url = SecretString::from(format!("sqlite:{}", folder.path().join("tables.sqlite").display()));
    let database = Database::open(&url, &Options { create: Create::IfMissing, ..Options::default() }).await?;
    database.migrate().await?;
    Ok((database, folder))
}
