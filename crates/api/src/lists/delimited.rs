//! csv, whatever separates the cells.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use csv::{ByteRecord, ReaderBuilder};
use encoding_rs::Encoding;
use huiyin_domain::customers::import::{Finding, Headers};

use super::encoding::{Decoding, Meter};
use super::{Feed, HEADER_WITHIN, RECORD_LIMIT, unreadable};

const DELIMITERS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// Bytes in which the header stands, for finding out what separates its cells.
const SAMPLE: u64 = 256 * 1024;

pub(super) fn read(mut file: File, encoding: &'static Encoding, feed: &mut Feed<'_>) -> Result<(), Finding> {
    let size = file.metadata().map_err(unreadable)?.len().max(1);
    let delimiter = delimiter(&mut file, encoding, &feed.reading.headers)?;
    let meter = Meter::default();
    let text = Decoding::new(file, encoding, RECORD_LIMIT, meter.clone());
    let mut reader = builder(delimiter).from_reader(text);
    let mut record = ByteRecord::new();
    let mut cells: Vec<String> = Vec::new();
    loop {
        meter.reset();
        let before = reader.position().line();
        let more = match reader.read_byte_record(&mut record) {
            Ok(more) => more,
            Err(_) if meter.exceeded(RECORD_LIMIT) => return Err(feed.too_long()),
            Err(error) => return Err(unreadable(error)),
        };
        let share = meter.read() as f64 / size as f64;
        if !more {
            return feed.end();
        }
        take(&record, &mut cells);
        // The reader passes over empty lines; in a spreadsheet they are rows.
        let lines = reader.position().line() - before;
        let within: usize = record.iter().map(|cell| cell.iter().filter(|byte| **byte == b'\n').count()).sum();
        let skipped = lines.saturating_sub(1 + within as u64);
        if !feed.blanks(skipped, share) || !feed.record(&cells, share)? {
            return Ok(());
        }
    }
}

fn builder(delimiter: u8) -> ReaderBuilder {
    let mut builder = ReaderBuilder::new();
    builder.has_headers(false).flexible(true).delimiter(delimiter).buffer_capacity(64 * 1024);
    builder
}

fn take(record: &ByteRecord, cells: &mut Vec<String>) {
    cells.resize_with(record.len(), String::new);
    for (cell, bytes) in cells.iter_mut().zip(record) {
        cell.clear();
        cell.push_str(&String::from_utf8_lossy(bytes));
    }
}

/// The separator by which most columns of the header are known.
fn delimiter(file: &mut File, encoding: &'static Encoding, headers: &Headers) -> Result<u8, Finding> {
    let mut sample = Vec::new();
    file.by_ref().take(SAMPLE).read_to_end(&mut sample).map_err(unreadable)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let text = encoding.decode(&sample).0;
    let known = |delimiter: u8| {
        let mut reader = builder(delimiter).from_reader(text.as_bytes());
        let records = reader.byte_records().take(HEADER_WITHIN).filter_map(Result::ok);
        let mut cells = Vec::new();
        let counts = records.map(|record| {
            take(&record, &mut cells);
            let known = cells.iter().filter(|cell| headers.column(cell).target.is_some()).count();
            (known, cells.len())
        });
        counts.max().unwrap_or_default()
    };
    Ok(DELIMITERS.into_iter().rev().max_by_key(|delimiter| known(*delimiter)).unwrap_or(b','))
}
