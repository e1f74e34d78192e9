//! The log's content as a file: for backups, for moving, and for looking at it with other tools.

use crate::cli::{ExportFormat, ExportOptions};
use crate::settings::LogSettings;
use crate::{inspect, log};
use anyhow::Context;
use event_log::{Checkpoint, Filter, Followed, Follower, Pages, Unreadable};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tokio::time::Instant;

/// After how long it says how far it has come, and how often from then on.
const PROGRESS: Duration = Duration::from_secs(5);

/// Writes everything that is in the log now, and at the end where to go on.
pub(crate) async fn run(settings: LogSettings, options: ExportOptions) -> anyhow::Result<()> {
    let log = log::open_to_read(&settings).await?;
    let ExportOptions { from, page, output: format, to } = options;
    let pages = page.map_or(Pages::All, Pages::One);
    let filter = Filter { kinds: Vec::new(), pages, partitions: Vec::new() };
    let from = from.unwrap_or_else(Checkpoint::beginning);
    let mut reached = Checkpoint { incarnation: log.identity().incarnation().to_owned(), ..from.clone() };
    // A checkpoint has at least one position.
    reached.advance(0, 0);
    let mut follower = log.follow(filter, from).await?;
    let out = Out::open(to.as_deref())?;
    let mut export = Export { out, format, n_records: 0, n_unreadable: 0, told: Instant::now() };
    let ended = export.all(&mut follower, &mut reached).await;
    let finished = export.out.finish();
    let Export { n_records, n_unreadable, .. } = export;
    ended.and(finished).with_context(|| {
        format!(
            "the export ended early, after {n_records} records; what was written counts: go on with --from {reached}"
        )
    })?;
    let among = match n_unreadable {
        0 => String::new(),
        _ => format!(", {n_unreadable} of which cannot be read by this version and went as they stand"),
    };
    tell(&format!("exported {n_records} records{among}; go on from here with --from {reached}"))?;
    Ok(())
}

struct Export {
    out: Out,
    format: ExportFormat,
    n_records: u64,
    /// How many of these cannot be read.
    n_unreadable: u64,
    told: Instant,
}

impl Export {
    /// Writes until the log's end is reached. `reached` is then, and after a failure, where to go on.
    async fn all(&mut self, follower: &mut Follower, reached: &mut Checkpoint) -> anyhow::Result<()> {
        loop {
            let followed = follower.next_or_unreadable().await?;
            self.write(&followed).context("cannot write the export")?;
            match followed {
                Ok(Followed::Record(stored)) => {
                    reached.advance(stored.shard, stored.position);
                    self.n_records += 1;
                }
                Ok(Followed::Checkpoint(checkpoint)) => *reached = checkpoint,
                Ok(Followed::CaughtUp(checkpoint)) => {
                    *reached = checkpoint;
                    return Ok(());
                }
                Err(found) => {
                    reached.advance(found.shard, found.position);
                    self.n_records += 1;
                    self.n_unreadable += 1;
                    let place = inspect::place(found.shard, found.position);
                    tell(&format!("{place} is {}", inspect::unreadable_words(&found)))?;
                }
            }
            if self.told.elapsed() >= PROGRESS {
                self.told = Instant::now();
                tell(&format!("exported {} records so far", self.n_records))?;
            }
        }
    }

    fn write(&mut self, followed: &Result<Followed, Box<Unreadable>>) -> io::Result<()> {
        match self.format {
            ExportFormat::Binary => self.out.writer.write_all(&event_log::export(followed)),
            ExportFormat::Json => writeln!(self.out.writer, "{}", line(followed)),
        }
    }
}

/// What is readable of a record for everybody, and its bytes for programs.
fn line(followed: &Result<Followed, Box<Unreadable>>) -> serde_json::Value {
    let (mut line, bytes) = match followed {
        Ok(Followed::Record(stored)) => (inspect::header(stored), &stored.bytes),
        Err(found) => (inspect::unreadable(found), &found.bytes),
        Ok(Followed::Checkpoint(checkpoint) | Followed::CaughtUp(checkpoint)) => {
            return json!({ "checkpoint": checkpoint.to_string() });
        }
    };
    line["bytes"] = hex::encode(bytes).into();
    line
}

/// Where the export goes.
struct Out {
    writer: Box<dyn Write + Send>,
    file: Option<(File, PathBuf)>,
}

impl Out {
    /// A new file for its owner alone, or standard output. A file that is there is never overwritten.
    fn open(path: Option<&Path>) -> anyhow::Result<Self> {
        let Some(path) = path else {
            return Ok(Self { writer: Box::new(BufWriter::new(io::stdout())), file: None });
        };
        let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = made.with_context(|| format!("cannot make the file {}", path.display()))?;
        let writer = file.try_clone().with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(Self { writer: Box::new(BufWriter::new(writer)), file: Some((file, path.to_owned())) })
    }

    /// Answers when all of it is on the disk.
    fn finish(&mut self) -> anyhow::Result<()> {
        self.writer.flush().context("cannot write the end of the export")?;
        if let Some((file, path)) = &self.file {
            file.sync_all().with_context(|| format!("cannot sync {} to the disk", path.display()))?;
        }
        Ok(())
    }
}

/// Says something that is no part of the export.
fn tell(text: &str) -> io::Result<()> {
    writeln!(io::stderr().lock(), "{text}")
}
