//! Brings the tables' schema to this version's.

use crate::cli::MigrateOptions;
use crate::output::{self, Format};
use anyhow::Context;
use secrecy::SecretString;
use serde_json::json;
use sql::{Create, Database, Options};

/// Applies every migration that the database lacks, or only looks.
pub(crate) async fn run(url: &SecretString, options: MigrateOptions) -> anyhow::Result<()> {
    let create = if options.check { Create::Never } else { Create::IfMissing };
    let opening = Options { create, ..Options::default() };
    let database = Database::open(url, &opening).await.context("cannot open the database that sql.url names")?;
    let applied = if options.check {
        database.check().await?;
        Vec::new()
    } else {
        database.migrate().await?.applied
    };
    database.close().await;
    let at = sql::newest();
    match options.output {
        Format::Json => output::line(&json!({ "at": at, "applied": applied }).to_string())?,
        Format::Text if applied.is_empty() => output::line(&format!("the database is up to date, at migration {at}"))?,
        Format::Text => {
            for version in &applied {
                output::line(&format!("applied migration {version}"))?;
            }
        }
    }
    Ok(())
}
