//! The schema's history, and whether a database has all of it.
//!
//! A migration changes one thing and leaves the code before it working: new processes come up while old ones run. A file
//! that was released is never edited; databases remember its checksum.

use crate::database::Database;
use crate::dialect::{On, on};
use crate::error::{BoxError, SqlError};
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::{Connection, SqlSafeStr};

/// Every file of `migrations/`, oldest first: its name, which begins with a time, and its text.
macro_rules! files {
    ($($name:literal),+ $(,)?) => {
        [$(($name, include_str!(concat!("../migrations/", $name, ".sql")))),+]
    };
}

const FILES: &[(&str, &str)] = &files![
    "20261122090000_create_checkpoints",
    "20261122090100_create_leases",
    "20261122090200_create_tombstones",
    "20261122090300_create_history",
    "20261122090400_index_history_by_place",
    "20261122090500_create_snapshots",
    "20261122090600_create_outbox",
    "20261122090700_index_outbox_by_turn",
    "20261122090800_index_outbox_by_start",
    "20261122090900_create_due",
    "20261122091000_index_due_by_time",
    "20261122091100_index_outbox_by_stream",
    "20261122100000_create_receipts",
    "20261122100100_index_receipts_by_sequence",
    "20261122190000_outbox_held",
    "20261122190100_leases_released",
    "20261122200000_create_page_counts",
    "20261122201000_create_rehearsals",
    "20261122201100_create_rehearsal_parts",
    "20261122201200_create_rehearsal_samples",
    "20261122210000_create_pages",
    "20261122210100_leases_noted",
    "20261122220200_create_sends",
    "20261122220210_index_sends_by_place",
    "20261122220220_index_sends_by_request",
    "20261122220230_index_sends_by_key",
    "20261122220240_fill_sends",
    "20261122220300_create_echoes",
    "20261122220301_index_echoes_by_page",
    "20261122220500_create_pauses",
    "20261122220600_create_attachments",
    "20261122220700_create_personas",
    "20261122220701_create_persona_agents",
    "20261123030100_create_engaged",
    "20261123030101_index_engaged_by_time",
    "20261123030102_fill_engaged",
    "20261123030200_create_calls",
];

/// The newest migration that this version has.
pub fn newest() -> i64 {
    migrations().last().map_or(0, |migration| migration.version)
}

/// What migrating did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migrated {
    /// The migrations applied now, oldest first; none when the database had them all.
    pub applied: Vec<i64>,
    /// The newest migration the database has.
    pub at: i64,
}

/// A database whose schema is not this version's.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It lacks something. Nothing changes until somebody says so.
    #[error(
        "the database is {}, this version needs {}: run `nuncio migrate`",
        Place(*.at), .missing.last().copied().unwrap_or_default()
    )]
    Behind {
        /// The newest migration it has; 0 for an empty database.
        at: i64,
        /// What it lacks, oldest first.
        missing: Vec<i64>,
    },
    /// A newer version has been here.
    #[error(
        "the database is {}, this version knows nothing beyond {known}: run the newer version that migrated it",
        Place(*.at)
    )]
    Ahead {
        /// The newest migration it has.
        at: i64,
        /// The newest that this version has.
        known: i64,
        /// What it has that this version does not know, oldest first.
        unknown: Vec<i64>,
    },
    /// A migration was applied with another text than this version's.
    #[error("migration {version} was applied in another form than this version's; the database is not ours, or broken")]
    Altered {
        /// Which.
        version: i64,
    },
    /// A migration cannot be applied; the database is as the one before left it.
    #[error("cannot apply migration {version}")]
    Failed {
        /// Which.
        version: i64,
        /// Why.
        source: BoxError,
    },
    /// The database could not be asked.
    #[error(transparent)]
    Sql(#[from] SqlError),
}

/// Where a database stands, in words.
struct Place(i64);

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.0 == 0 { f.write_str("empty") } else { write!(f, "at migration {}", self.0) }
    }
}

impl Database {
    /// Whether this version can work with the schema. Changes nothing.
    ///
    /// # Errors
    /// [`SchemaError`] says what to do.
    pub async fn check(&self) -> Result<(), SchemaError> {
        compare(&self.applied().await?, &migrations())
    }

    /// Whether this is a SQLite file in which nothing was ever made: one that is new, or whose making was cut short.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn is_new_file(&self) -> Result<bool, SqlError> {
        let On::Sqlite(pool) = self.pools() else { return Ok(false) };
        let things: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master")
            .fetch_one(pool)
            .await
            .map_err(SqlError::statement)?;
        Ok(things == 0)
    }

    /// Brings the schema to this version's, one migration after the other, each whole or not at all. Any number of
    /// processes may do so at once: PostgreSQL's wait for each other under an advisory lock, SQLite's in line to write.
    ///
    /// # Errors
    /// When the database is ahead or altered, or a migration fails.
    pub async fn migrate(&self) -> Result<Migrated, SchemaError> {
        let before = self.applied().await?;
        match compare(&before, &migrations()) {
            Ok(()) | Err(SchemaError::Behind { .. }) => (),
            Err(error) => return Err(error),
        }
        let migrator = Migrator::with_migrations(migrations());
        match self.pools() {
            On::Sqlite(pool) => {
                let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(SqlError::statement)?;
                migrator.run_direct(None, &mut *transaction, false).await.map_err(failed)?;
                transaction.commit().await.map_err(SqlError::commit)?;
            }
            On::Postgres(pool) => {
                // Never back into the pool: after an error it would keep the lock.
                let mut connection = pool.acquire().await.map_err(SqlError::statement)?.detach();
                migrator.run_direct(None, &mut connection, false).await.map_err(failed)?;
                connection.close().await.map_err(SqlError::statement)?;
            }
        }
        let (after, before) = (versions(&self.applied().await?), versions(&before));
        let at = after.last().copied().unwrap_or_default();
        Ok(Migrated { applied: after.into_iter().filter(|version| !before.contains(version)).collect(), at })
    }

    /// The migrations that the database has, oldest first, with their checksums.
    async fn applied(&self) -> Result<Vec<(i64, Vec<u8>)>, SqlError> {
        let exists = match self.pools() {
            On::Sqlite(_) => "SELECT COUNT(*) FROM sqlite_master WHERE name = '_sqlx_migrations'",
            On::Postgres(_) => {
                "SELECT COUNT(*) FROM (SELECT 1 WHERE to_regclass('_sqlx_migrations') IS NOT NULL) AS it"
            }
        };
        let tables: i64 =
            on!(self.pools(), pool => sqlx::query_scalar(exists).fetch_one(pool).await).map_err(SqlError::statement)?;
        if tables == 0 {
            return Ok(Vec::new());
        }
        let applied = "SELECT version, checksum FROM _sqlx_migrations ORDER BY version";
        on!(self.pools(), pool => sqlx::query_as(applied).fetch_all(pool).await).map_err(SqlError::statement)
    }
}

fn migrations() -> Vec<Migration> {
    let migration = |(name, text): (&'static str, &'static str)| {
        let (version, what) = name.split_once('_').expect("a file is named by a time, `_`, and what it does");
        let version = version.parse().expect("a file's name begins with a time in digits");
        Migration::new(version, what.replace('_', " ").into(), MigrationType::Simple, text.into_sql_str(), false)
    };
    FILES.iter().copied().map(migration).collect()
}

fn versions(applied: &[(i64, Vec<u8>)]) -> Vec<i64> {
    applied.iter().map(|(version, _)| *version).collect()
}

fn compare(applied: &[(i64, Vec<u8>)], ours: &[Migration]) -> Result<(), SchemaError> {
    let has = versions(applied);
    let at = has.last().copied().unwrap_or_default();
    let known: Vec<_> = ours.iter().map(|migration| migration.version).collect();
    let unknown: Vec<_> = has.iter().copied().filter(|version| !known.contains(version)).collect();
    if !unknown.is_empty() {
        return Err(SchemaError::Ahead { at, known: known.last().copied().unwrap_or_default(), unknown });
    }
    let text = |version: i64| ours.iter().find(|migration| migration.version == version);
    let is_altered = |(version, sum): &&(i64, Vec<u8>)| text(*version).is_some_and(|ours| *ours.checksum != **sum);
    if let Some((version, _)) = applied.iter().find(is_altered) {
        return Err(SchemaError::Altered { version: *version });
    }
    let missing: Vec<_> = known.into_iter().filter(|version| !has.contains(version)).collect();
    if missing.is_empty() { Ok(()) } else { Err(SchemaError::Behind { at, missing }) }
}

/// What stopped the run. Somebody else may have migrated since we looked.
fn failed(error: MigrateError) -> SchemaError {
    if let MigrateError::VersionMissing(version) = error {
        return SchemaError::Ahead { at: version, known: newest(), unknown: vec![version] };
    }
    if let MigrateError::ExecuteMigration(source, version) = error {
        return SchemaError::Failed { version, source: source.into() };
    }
    if let MigrateError::Execute(source) = error {
        return SqlError::statement(source).into();
    }
    SqlError::Broken(error.into()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(ours: &[Migration]) -> Vec<(i64, Vec<u8>)> {
        ours.iter().map(|migration| (migration.version, migration.checksum.to_vec())).collect()
    }

    #[test]
    fn every_file_is_listed_and_in_order() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
        let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
        let mut files: Vec<_> = files.collect();
        files.sort();
        let listed: Vec<_> = FILES.iter().map(|(name, _)| format!("{name}.sql")).collect();
        assert_eq!(files, listed);
    }

    #[test]
    fn a_file_changes_one_thing() {
        for (name, text) in FILES {
            assert_eq!(text.matches(';').count(), 1, "{name}");
        }
    }

    #[test]
    fn a_database_behind_is_told_what_to_run() {
        let ours = migrations();
        let mut has = applied(&ours);
        has.truncate(2);
        let error = compare(&has, &ours).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the database is at migration 20261122090100, this version needs 20261123030200: run `nuncio migrate`"
        );
        let SchemaError::Behind { at: 20_261_122_090_100, missing } = error else { panic!("{error}") };
        assert_eq!(missing.len(), ours.len() - 2);
        let empty = compare(&[], &ours).unwrap_err().to_string();
        assert_eq!(empty, "the database is empty, this version needs 20261123030200: run `nuncio migrate`");
    }

    #[test]
    fn a_database_ahead_is_told_to_run_the_newer_version() {
        let ours = migrations();
        let mut has = applied(&ours);
        has.push((99_999_999_999_999, Vec::new()));
        let error = compare(&has, &ours).unwrap_err();
        assert!(error.to_string().contains("run the newer version"), "{error}");
        assert!(matches!(error, SchemaError::Ahead { unknown, .. } if unknown == [99_999_999_999_999]));
    }

    #[test]
    fn a_database_with_another_text_is_not_touched() {
        let ours = migrations();
        let mut has = applied(&ours);
        has[1].1[0] ^= 1;
        let version = ours[1].version;
        assert!(matches!(compare(&has, &ours), Err(SchemaError::Altered { version: it }) if it == version));
    }
}
