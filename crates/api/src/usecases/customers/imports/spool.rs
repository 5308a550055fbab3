//! The file of an import on the local disk, and the thread that reads it.

use std::fs::File;
use std::io::Write;

use chrono::TimeDelta;
use huiyin_domain::customers::import::{Column, Finding, Row};
use huiyin_persistence::customers::imports;
use huiyin_persistence::integration::timers::{self, Claimed};
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::lists::{self, Kind, Piece, Reading};
use crate::usecases::App;
use crate::usecases::support::{Error, Result};

/// Rows of one transaction: short enough that other writers of SQLite do not wait long.
pub const BATCH: usize = 1000;
/// Batches that are read ahead.
const AHEAD: usize = 2;

/// Rows in order, and how far they reach.
#[derive(Debug, Default)]
pub struct Batch {
    pub rows: Vec<(u64, Row)>,
    /// Rows with nothing in them.
    pub blank: u64,
    /// Rows that have been read once these are dealt with.
    pub until: u64,
    /// Share of the file, in millionths.
    pub ppm: i32,
    /// The columns, where they have become known or more.
    pub columns: Option<Vec<Column>>,
}

/// What the reading thread tells.
#[derive(Debug)]
pub enum Told {
    Kind(Kind),
    Batch(Batch),
    /// There is nothing more; or the file could not be read to its end.
    End(Result<(), Finding>),
}

/// Copies the stored file into a nameless one, which is gone with this process.
pub async fn spool(app: &App, timer: &Claimed, import: Uuid, lease: TimeDelta) -> Result<Option<File>> {
    let failed = |error: std::io::Error| Error::broken("import file", error);
    let folder = &app.config.data_dir;
    std::fs::create_dir_all(folder).map_err(failed)?;
    let mut file = tempfile::tempfile_in(folder).map_err(failed)?;
    for seq in 0.. {
        let Some(bytes) = imports::chunk(&app.db, import, seq).await? else { break };
        file.write_all(&bytes).map_err(failed)?;
        if seq % 64 == 63 && !timers::renew(&app.db, timer, app.clock.now() + lease).await? {
            return Ok(None);
        }
    }
    Ok(Some(file))
}

/// Reads a file in a thread of its own, some batches ahead of who takes them.
pub fn read(mut file: File, reading: Reading) -> mpsc::Receiver<Told> {
    let (sender, receiver) = mpsc::channel(AHEAD);
    tokio::task::spawn_blocking(move || {
        let kind = match lists::recognise(&mut file) {
            Ok(kind) => kind,
            Err(finding) => return drop(sender.blocking_send(Told::End(Err(finding)))),
        };
        if sender.blocking_send(Told::Kind(kind)).is_err() {
            return;
        }
        let mut batch = Batch { until: reading.skip, ..Batch::default() };
        let end = lists::rows(file, kind, reading, &mut |piece, share| {
            match piece {
                Piece::Columns(columns) => batch.columns = Some(columns),
                Piece::Blank(count) => {
                    batch.blank += count;
                    batch.until += count;
                }
                Piece::Row(number, Row::Blank) => {
                    batch.blank += 1;
                    batch.until = number;
                }
                Piece::Row(number, row) => {
                    batch.rows.push((number, row));
                    batch.until = number;
                }
            }
            batch.ppm = (share.clamp(0.0, 1.0) * 1e6) as i32;
            if batch.rows.len() < BATCH {
                return true;
            }
            let next = Batch { until: batch.until, ppm: batch.ppm, ..Batch::default() };
            sender.blocking_send(Told::Batch(std::mem::replace(&mut batch, next))).is_ok()
        });
        let rest = sender.blocking_send(Told::Batch(batch)).is_ok();
        if rest {
            drop(sender.blocking_send(Told::End(end)));
        }
    });
    receiver
}
