//! xlsx: the first sheet that has a header. Cells are read as they come; only the table of shared texts is held.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};

use calamine::{Cell, DataRef, DataType, Reader, Xlsx};
use huiyin_domain::customers::import::header::MAX_COLUMNS;
use huiyin_domain::customers::import::{Finding, Reason};

use super::{Feed, unreadable};

const MIB: u64 = 1024 * 1024;
/// What all parts together may come to, unpacked. They are read as a stream, which costs time and no memory.
const UNPACKED: u64 = 4096 * MIB;
/// What the parts that are held in memory may weigh.
const HELD: u64 = 256 * MIB;
/// Longest stretch without a cell in a sheet: one text is not longer.
const STRETCH: u64 = 64 * MIB;
/// What an element costs in memory beside its text.
const ELEMENT: u64 = 32;

pub(super) fn read(mut file: File, feed: &mut Feed<'_>) -> Result<(), Finding> {
    weigh(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(file)).map_err(unreadable)?;
    let Some(name) = book.sheet_names().first().cloned() else { return Err(Finding::new(Reason::EmptyFile)) };
    let mut cells = book.worksheet_cells_reader(&name).map_err(unreadable)?;
    let last = f64::from(cells.dimensions().end.0).max(1.0);
    let mut rows = Rows { feed, last, current: None, cells: Vec::new(), next: 0 };
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        if !rows.cell(&cell)? {
            return Ok(());
        }
    }
    if rows.flush()? { feed.end() } else { Ok(()) }
}

/// Gathers cells into rows.
struct Rows<'a, 'b> {
    feed: &'a mut Feed<'b>,
    last: f64,
    current: Option<u32>,
    cells: Vec<String>,
    /// The row that would come next if none were empty.
    next: u32,
}

impl Rows<'_, '_> {
    fn cell(&mut self, cell: &Cell<DataRef<'_>>) -> Result<bool, Finding> {
        let (row, column) = cell.get_position();
        if self.current != Some(row) {
            if !self.flush()? {
                return Ok(false);
            }
            self.current = Some(row);
        }
        let text = text(cell.get_value());
        if !text.is_empty() {
            // Far out there is no column; what stands there is one cell too many.
            let column = (column as usize).min(MAX_COLUMNS);
            if self.cells.len() <= column {
                self.cells.resize(column + 1, String::new());
            }
            if let Some(slot) = self.cells.get_mut(column) {
                *slot = text;
            }
        }
        Ok(true)
    }

    fn flush(&mut self) -> Result<bool, Finding> {
        let Some(row) = self.current.take() else { return Ok(true) };
        let share = f64::from(row) / self.last;
        if !self.feed.blanks(u64::from(row.saturating_sub(self.next)), share) {
            return Ok(false);
        }
        self.next = row + 1;
        let width = self.feed.columns.len();
        if self.cells.len() < width {
            self.cells.resize(width, String::new());
        }
        let cells = std::mem::take(&mut self.cells);
        self.feed.record(&cells, share.min(1.0))
    }
}

/// A cell as a person sees it: a number without the noise of its binary form, a date as a date.
fn text(value: &DataRef<'_>) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => number.to_string(),
        DataRef::Float(number) => plain(*number),
        DataRef::Bool(value) => value.to_string(),
        DataRef::DateTime(_) | DataRef::DateTimeIso(_) => match (value.as_datetime(), value.as_date()) {
            (Some(time), _) if time.time() == chrono::NaiveTime::MIN => time.date().to_string(),
            (Some(time), _) => time.format("%Y-%m-%d %H:%M:%S").to_string(),
            (None, Some(date)) => date.to_string(),
            (None, None) => value.as_string().unwrap_or_default(),
        },
        DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}

/// Spreadsheets show fifteen digits.
fn plain(number: f64) -> String {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        return format!("{number:.0}");
    }
    format!("{number:.14e}").parse::<f64>().unwrap_or(number).to_string()
}

/// Unpacks everything once without keeping it: what an archive says of its own size may be a lie.
fn weigh(file: &mut File) -> Result<(), Finding> {
    let too_large = |limit: u64| Finding::new(Reason::UnpackedTooLarge).with("limit", limit / MIB);
    let mut archive = zip::ZipArchive::new(BufReader::new(file)).map_err(unreadable)?;
    let (mut unpacked, mut held) = (0, 0);
    let mut block = vec![0; 64 * 1024];
    for index in 0..archive.len() {
        let mut part = archive.by_index(index).map_err(unreadable)?;
        let sheet = part.name().map_err(unreadable)?.replace('\\', "/").to_lowercase().contains("worksheets/sheet");
        let (mut since, mut last) = (0, 0);
        loop {
            let count = part.read(&mut block).map_err(unreadable)?;
            if count == 0 {
                break;
            }
            unpacked += count as u64;
            if unpacked > UNPACKED {
                return Err(too_large(UNPACKED));
            }
            if sheet {
                for byte in &block[..count] {
                    since = if last == b'<' && *byte == b'c' { 0 } else { since + 1 };
                    last = *byte;
                    if since > STRETCH {
                        return Err(too_large(STRETCH));
                    }
                }
            } else {
                let elements = block[..count].iter().filter(|byte| **byte == b'<').count();
                held += count as u64 + ELEMENT * elements as u64;
                if held > HELD {
                    return Err(too_large(HELD));
                }
            }
        }
    }
    Ok(())
}
