//! NDJSON: an object a line; its keys are the headers.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use encoding_rs::Encoding;
use huiyin_domain::customers::import::header::MAX_COLUMNS;
use huiyin_domain::customers::import::{Finding, Reason};
use serde_json::Value;

use super::encoding::{Decoding, Meter};
use super::{Feed, Piece, RECORD_LIMIT, unreadable};

pub(super) fn read(file: File, encoding: &'static Encoding, feed: &mut Feed<'_>) -> Result<(), Finding> {
    let size = file.metadata().map_err(unreadable)?.len().max(1);
    let meter = Meter::default();
    let mut lines = BufReader::with_capacity(64 * 1024, Decoding::new(file, encoding, u64::MAX, meter.clone()));
    let mut line = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    let mut cells = Vec::new();
    // There is no header that could be missing.
    feed.begun = true;
    loop {
        line.clear();
        let count = lines.by_ref().take(RECORD_LIMIT).read_until(b'\n', &mut line).map_err(unreadable)?;
        let share = meter.read() as f64 / size as f64;
        if count == 0 {
            return feed.end();
        }
        if count as u64 == RECORD_LIMIT && !line.ends_with(b"\n") {
            return Err(feed.too_long());
        }
        let text = line.trim_ascii();
        let more = if text.is_empty() {
            feed.blanks(1, share)
        } else {
            match serde_json::from_slice::<Value>(text) {
                Ok(Value::Object(object)) => {
                    let new = take(feed, &mut known, &mut cells, object);
                    let told = !new || (feed.sink)(Piece::Columns(feed.columns.clone()), share);
                    told && feed.record(&cells, share)?
                }
                Ok(_) => feed.refuse(malformed("no object"), share),
                Err(error) => feed.refuse(malformed(error), share),
            }
        };
        if !more {
            return Ok(());
        }
    }
}

fn malformed(reason: impl std::fmt::Display) -> Finding {
    Finding::new(Reason::MalformedJson).with("reason", reason)
}

/// Puts the values under the columns of their keys; whether a key was new. Keys beyond the limit of columns are left
/// out like any that nobody knows.
fn take(
    feed: &mut Feed<'_>,
    known: &mut HashMap<String, usize>,
    cells: &mut Vec<String>,
    object: serde_json::Map<String, Value>,
) -> bool {
    let before = feed.columns.len();
    cells.iter_mut().for_each(String::clear);
    for (key, value) in object {
        let index = match known.get(&key) {
            Some(index) => *index,
            None if feed.columns.len() < MAX_COLUMNS => {
                feed.columns.push(feed.reading.headers.column(&key));
                cells.push(String::new());
                known.insert(key, feed.columns.len() - 1);
                feed.columns.len() - 1
            }
            None => continue,
        };
        if let Some(cell) = cells.get_mut(index) {
            *cell = text(value);
        }
    }
    feed.columns.len() > before
}

/// A value as it would stand in a cell; of a list, an item a line.
fn text(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text,
        Value::Array(items) => items.into_iter().map(text).collect::<Vec<_>>().join("\n"),
        other => other.to_string(),
    }
}
