//! Lists as files: csv, xlsx and NDJSON, read row by row in bounded memory.

mod delimited;
mod encoding;
mod json_lines;
mod workbook;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use huiyin_domain::customers::import::{Column, FileFormat, Finding, Headers, Reason, Row, Rules, read};

/// Longest record or line in bytes: a quote that is never closed must not swallow the memory.
const RECORD_LIMIT: u64 = 4 * 1024 * 1024;
/// Records in which the header is looked for: some lists begin with a title.
const HEADER_WITHIN: usize = 10;

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kind {
    pub format: FileFormat,
    /// Of text; a workbook has its own.
    pub encoding: Option<&'static str>,
}

/// What comes out of a file, in order. Rows are counted from 1 after the header, blank ones too.
#[derive(Debug)]
pub enum Piece {
    /// How the headers were understood; for NDJSON whenever a new key has appeared.
    Columns(Vec<Column>),
    Row(u64, Row),
    /// So many rows with nothing in them.
    Blank(u64),
}

/// Takes pieces with the share of the file that has been read (0 to 1). `false`: enough.
pub type Sink<'a> = &'a mut dyn FnMut(Piece, f64) -> bool;

/// How a file is to be read.
#[derive(Debug, Clone)]
pub struct Reading {
    pub headers: Headers,
    pub rules: Rules,
    /// Rows that have been dealt with before: counted, and not told again.
    pub skip: u64,
}

/// Looks at the whole file to say what it is.
pub fn recognise(file: &mut File) -> Result<Kind, Finding> {
    let mut head = Vec::new();
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    file.by_ref().take(4096).read_to_end(&mut head).map_err(unreadable)?;
    if head.starts_with(b"PK\x03\x04") {
        return Ok(Kind { format: FileFormat::Xlsx, encoding: None });
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let encoding = encoding::recognise(file).map_err(unreadable)?;
    let Some(encoding) = encoding else { return Err(Finding::new(Reason::UnsupportedFormat)) };
    let text = encoding.decode(&head).0;
    let format = match text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{FEFF}').chars().next() {
        None => return Err(Finding::new(Reason::EmptyFile)),
        Some('{') => FileFormat::Ndjson,
        // A JSON array would have to be held as a whole.
        Some('[') => return Err(Finding::new(Reason::UnsupportedFormat)),
        Some(_) => FileFormat::Csv,
    };
    Ok(Kind { format, encoding: Some(encoding.name()) })
}

/// Reads a file to its end, or until the sink has enough. What is wrong with the whole file is an error; what is wrong
/// with a row goes to the sink.
pub fn rows(mut file: File, kind: Kind, reading: Reading, sink: Sink<'_>) -> Result<(), Finding> {
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut feed = Feed { reading, columns: Vec::new(), before: Vec::new(), begun: false, number: 0, sink };
    match kind.format {
        FileFormat::Csv => delimited::read(file, encoding::named(kind.encoding), &mut feed),
        FileFormat::Ndjson => json_lines::read(file, encoding::named(kind.encoding), &mut feed),
        FileFormat::Xlsx => workbook::read(file, &mut feed),
    }
}

fn unreadable(error: impl std::fmt::Display) -> Finding {
    Finding::new(Reason::UnreadableFile).with("reason", error.to_string().chars().take(200).collect::<String>())
}

/// Finds the header, counts, skips, and lets the rules read each row.
struct Feed<'a> {
    reading: Reading,
    columns: Vec<Column>,
    /// Records before the header.
    before: Vec<Vec<String>>,
    begun: bool,
    number: u64,
    sink: Sink<'a>,
}

impl Feed<'_> {
    /// One record; `Ok(false)`: the sink has enough.
    fn record(&mut self, cells: &[String], share: f64) -> Result<bool, Finding> {
        if !self.begun {
            return self.header(cells, share);
        }
        self.number += 1;
        if self.number <= self.reading.skip {
            return Ok(true);
        }
        let row = read(&self.columns, cells, &self.reading.rules);
        Ok((self.sink)(Piece::Row(self.number, row), share))
    }

    fn header(&mut self, cells: &[String], share: f64) -> Result<bool, Finding> {
        if self.reading.headers.is_header(cells) {
            return self.begin(self.reading.headers.columns(cells)?, share);
        }
        self.before.push(cells.to_vec());
        if self.before.len() < HEADER_WITHIN { Ok(true) } else { self.no_header() }
    }

    fn begin(&mut self, columns: Vec<Column>, share: f64) -> Result<bool, Finding> {
        self.begun = true;
        self.columns = columns.clone();
        Ok((self.sink)(Piece::Columns(columns), share))
    }

    /// Tells what is wrong with the first record as a header.
    fn no_header(&self) -> Result<bool, Finding> {
        match self.before.first() {
            Some(first) => self.reading.headers.columns(first).map(|_| true),
            None => Err(Finding::new(Reason::EmptyFile)),
        }
    }

    fn blanks(&mut self, count: u64, share: f64) -> bool {
        if !self.begun || count == 0 {
            return true;
        }
        let skipped = self.reading.skip.saturating_sub(self.number).min(count);
        self.number += count;
        skipped == count || (self.sink)(Piece::Blank(count - skipped), share)
    }

    /// A row that could not even be taken apart.
    fn refuse(&mut self, finding: Finding, share: f64) -> bool {
        self.number += 1;
        let row = Row::Rejected { external_id: None, findings: vec![finding] };
        self.number <= self.reading.skip || (self.sink)(Piece::Row(self.number, row), share)
    }

    fn end(&self) -> Result<(), Finding> {
        if self.begun { Ok(()) } else { self.no_header().map(drop) }
    }

    fn too_long(&self) -> Finding {
        let row = self.number + u64::from(self.begun);
        Finding::new(Reason::RecordTooLong).with("row", row).with("limit", RECORD_LIMIT / (1024 * 1024))
    }
}

#[cfg(test)]
mod tests;
