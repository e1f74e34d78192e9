//! Opens the database in which the tables are, and keeps an eye on it.

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use service_kit::{Backoff, CheckHandle, Health};
use sql::{Create, Database, OpenError, Options, SchemaError, SqlError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the database is asked whether it works.
const EVERY: Duration = Duration::from_secs(1);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// Where the tables are, and who is told whether they can be reached.
pub(crate) struct Tables {
    url: SecretString,
    health: CheckHandle,
    are_needed: bool,
}

/// A database that may not be up yet.
pub(crate) enum Found {
    /// It has the schema of this version.
    Ready(Database),
    /// It does not answer, and may later.
    Away,
}

impl Tables {
    pub(crate) const fn new(url: SecretString, health: CheckHandle) -> Self {
        Self { url, health, are_needed: true }
    }

    /// Tables that a process works better with, and is ready without.
    pub(crate) fn not_needed(url: SecretString) -> Self {
        Self { url, health: Health::new().check("database"), are_needed: false }
    }

    /// Whether a role cannot do its work without them.
    pub(crate) const fn are_needed(&self) -> bool {
        self.are_needed
    }

    /// Whether the tables are in a file, which only processes of one machine can share.
    pub(crate) fn are_in_a_file(&self) -> bool {
        self.url.expose_secret().starts_with("sqlite:")
    }

    /// Looks once. A SQLite file that is not there is made, with every table, since that changes nothing that is; any
    /// other schema than this version's is an error, and is left as it is.
    pub(crate) async fn find(&self) -> anyhow::Result<Found> {
        match open(&self.url).await {
            Ok(database) => {
                self.health.ok();
                Ok(Found::Ready(database))
            }
            Err(error) if is_away(&error) => {
                self.health.failing(format!("cannot reach the database at sql.url: {error:#}"));
                tracing::warn!("cannot open the database yet: {error:#}");
                Ok(Found::Away)
            }
            Err(error) => Err(error),
        }
    }

    /// Waits for the database, which may come up later than we do.
    pub(crate) async fn wait(&self, stop: &CancellationToken) -> anyhow::Result<Database> {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(5));
        let waiting = async {
            loop {
                tokio::time::sleep(backoff.next(1.0)).await;
                if let Found::Ready(database) = self.find().await? {
                    return Ok(database);
                }
            }
        };
        tokio::select! {
            () = stop.cancelled() => anyhow::bail!("stopped before the database could be opened"),
            found = waiting => found,
        }
    }

    /// Asks the database once a second whether it works, and tells readiness.
    pub(crate) async fn watch(self, database: Database, stop: CancellationToken) -> anyhow::Result<()> {
        loop {
            match tokio::time::timeout(PATIENCE, database.now()).await {
                Ok(Ok(_)) => self.health.ok(),
                Ok(Err(error)) => self.health.failing(format!("{:#}", anyhow::Error::new(error))),
                Err(_) => self.health.failing(format!("the database did not answer within {} s", PATIENCE.as_secs())),
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(EVERY) => (),
            }
        }
    }
}

/// Opens the database if its schema is this version's, or it is a new file. Whoever typed a command is there to see it
/// fail.
pub(crate) async fn open(url: &SecretString) -> anyhow::Result<Database> {
    let database = match Database::open(url, &Options::default()).await {
        Err(OpenError::Missing(_)) => {
            let options = Options { create: Create::IfMissing, ..Options::default() };
            Database::open(url, &options).await
        }
        opened => opened,
    };
    let database = database.context("cannot open the database that sql.url names")?;
    match database.check().await {
        Ok(()) => return Ok(database),
        Err(SchemaError::Behind { at: 0, .. }) if database.is_new_file().await? => (),
        Err(error) => {
            database.close().await;
            return Err(anyhow::Error::new(error).context("the database that sql.url names does not fit this version"));
        }
    }
    database.migrate().await.context("cannot make the tables")?;
    tracing::info!("made the tables in a new file, which sql.url names");
    Ok(database)
}

/// Whether trying again later may help.
fn is_away(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let is_unreachable = matches!(cause.downcast_ref(), Some(OpenError::Unavailable(_)));
        let is_silent = |error: &SqlError| matches!(error, SqlError::Unavailable(_) | SqlError::Unknown(_));
        is_unreachable
            || cause.downcast_ref().is_some_and(is_silent)
            || matches!(cause.downcast_ref(), Some(SchemaError::Sql(error)) if is_silent(error))
    })
}
