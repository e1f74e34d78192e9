//! Changes the key that secrets are sealed under.

use crate::cli::RotateOptions;
use crate::output::{self, Format};
use crate::settings::Settings;
use anyhow::Context;
use serde_json::json;
use sql::pages::Registry;
use sql::{Database, Options};

/// Seals every secret under the first key.
pub(crate) async fn rotate(settings: &Settings, options: RotateOptions) -> anyhow::Result<()> {
    let keys = settings.keys.clone().context(
        "there is no key: set secrets.key_file to the path of a file with the new key and, behind it, the old one",
    )?;
    let opened = Database::open(&settings.sql_url, &Options::default()).await;
    let database = opened.context("cannot open the database that sql.url names")?;
    database.check().await?;
    let resealed = Registry::new(database.clone(), Some(keys.clone())).reseal().await;
    let n_resealed = resealed.context("not everything could be sealed anew; run this again")?;
    database.close().await;
    let key = keys.first();
    let text = match options.output {
        Format::Json => json!({ "key": key.as_str(), "resealed": n_resealed }).to_string(),
        Format::Text => format!(
            "{n_resealed} access tokens were sealed anew, and all are sealed under the key {key}: the others can go"
        ),
    };
    output::line(&text)?;
    Ok(())
}
