//! The commands about sealed secrets.

use crate::output::Format;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Seals everything anew under the first key of `secrets.key` that is sealed under another.
    #[command(after_help = "\
To change the key: make a new one with `openssl rand -hex 32`, put it in front of the old one in `secrets.key`, restart every
process, run this, then take the old one out. The system may run, and running this twice does no harm.

Examples:
  nuncio secrets rotate
  NUNCIO_SECRETS__KEY_FILE=/run/secrets/nuncio-keys nuncio secrets rotate --output json")]
    Rotate(RotateOptions),
}

#[derive(Debug, Args)]
pub(crate) struct RotateOptions {
    /// How to print.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}
