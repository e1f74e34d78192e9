//! Migrating, and refusing a schema that is not this version's.

use crate::sandbox::{Sandbox, on_both};
use secrecy::SecretString;
use sql::{Database, Migrated, OpenError, Options, SchemaError, newest};

on_both!(
    nothing_changes_without_migrate,
    migrating_twice_changes_nothing_the_second_time,
    many_may_migrate_at_once,
    a_database_of_a_newer_version_is_refused,
    an_interrupted_migration_goes_on_where_it_stopped,
);

async fn nothing_changes_without_migrate(sandbox: Sandbox) {
    for _ in 0..2 {
        let error = sandbox.database.check().await.unwrap_err();
        assert!(error.to_string().contains("run `nuncio migrate`"), "{error}");
        assert!(matches!(error, SchemaError::Behind { at: 0, missing } if missing.last() == Some(&newest())));
    }
}

async fn migrating_twice_changes_nothing_the_second_time(sandbox: Sandbox) {
    let first = sandbox.database.migrate().await.unwrap();
    assert_eq!((first.applied.last(), first.at), (Some(&newest()), newest()));
    sandbox.database.check().await.unwrap();
    let second = sandbox.database.migrate().await.unwrap();
    assert_eq!(second, Migrated { applied: Vec::new(), at: newest() });
    sandbox.database.check().await.unwrap();
}

async fn many_may_migrate_at_once(sandbox: Sandbox) {
    let mut processes = Vec::new();
    for _ in 0..4 {
        processes.push(sandbox.another().await);
    }
    // From nothing, and then again from one behind.
    for _ in 0..12 {
        let mut migrating = tokio::task::JoinSet::new();
        for database in &processes {
            let database = database.clone();
            migrating.spawn(async move { database.migrate().await });
        }
        for outcome in migrating.join_all().await {
            assert_eq!(outcome.unwrap().at, newest());
        }
        sandbox.database.check().await.unwrap();
        take_back_the_newest(&sandbox).await;
    }
}

async fn take_back_the_newest(sandbox: &Sandbox) {
    sandbox.pretend("DROP TABLE calls").await;
    sandbox.pretend("DELETE FROM _sqlx_migrations WHERE version = (SELECT MAX(version) FROM _sqlx_migrations)").await;
}

async fn a_database_of_a_newer_version_is_refused(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    sandbox
        .pretend(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
        SELECT 99990101000000, description, success, checksum, execution_time FROM _sqlx_migrations \
        WHERE version = 20261122090000",
        )
        .await;
    for error in [sandbox.database.check().await.unwrap_err(), sandbox.database.migrate().await.unwrap_err()] {
        assert!(error.to_string().contains("run the newer version"), "{error}");
        assert!(matches!(error, SchemaError::Ahead { at: 99_990_101_000_000, unknown, .. } if unknown.len() == 1));
    }
}

async fn an_interrupted_migration_goes_on_where_it_stopped(sandbox: Sandbox) {
    let sandbox = sandbox.migrated().await;
    take_back_the_newest(&sandbox).await;
    let error = sandbox.database.check().await.unwrap_err();
    assert!(matches!(error, SchemaError::Behind { missing, .. } if missing == [newest()]));
    assert_eq!(sandbox.database.migrate().await.unwrap().applied, [newest()]);
}

#[tokio::test]
async fn a_missing_file_is_not_made_by_looking() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.sqlite");
    let url = SecretString::from(format!("sqlite:{}", path.display()));
    let error = Database::open(&url, &Options::default()).await.unwrap_err();
    assert!(matches!(&error, OpenError::Missing(missing) if *missing == path));
    assert!(error.to_string().ends_with("run `nuncio migrate`"), "{error}");
    assert!(!path.exists());
}

#[tokio::test]
async fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let sandbox = Sandbox::sqlite().await.migrated().await;
    for file in std::fs::read_dir(sandbox.folder.unwrap().path()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o077, 0, "{:?}", file.path());
    }
}

#[tokio::test]
async fn a_wrong_url_is_refused_without_being_shown() {
    for url in ["", "mysql://u:hush@h/d", "postgres:/hush", "sqlite::memory:", "sqlite:x?mode=memory", "hush.sqlite"] {
        let error = Database::open(&SecretString::from(url), &Options::default()).await.unwrap_err();
        assert!(matches!(error, OpenError::Url), "{url}: {error}");
        assert!(!format!("{error:?} {error}").contains("hush"));
    }
}
