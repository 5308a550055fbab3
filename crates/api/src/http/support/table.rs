//! Tables as files: csv as it is read, xlsx by way of a file, both in bounded memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use actix_web::http::header::ACCEPT;
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use futures_util::stream;
use huiyin_domain::customers::import::clean::neutralised;
use rust_xlsxwriter::Workbook;
use serde::Deserialize;

use super::problem::{ApiError, ApiResult};
use crate::usecases::support::Error;

pub const CSV: &str = "text/csv; charset=utf-8";
pub const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
/// Rows of one sheet; a format knows 1,048,576 at most.
const SHEET: u32 = 1_000_000;

/// In which form a table is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FileKind {
    Json,
    Csv,
    Xlsx,
}

impl FileKind {
    pub const ALL: [FileKind; 3] = [FileKind::Json, FileKind::Csv, FileKind::Xlsx];
    /// Those that are files.
    pub const FILES: [FileKind; 2] = [FileKind::Csv, FileKind::Xlsx];

    pub fn as_str(self) -> &'static str {
        match self {
            FileKind::Json => "json",
            FileKind::Csv => "csv",
            FileKind::Xlsx => "xlsx",
        }
    }
}

/// What `Accept` asks for first; JSON unless it names a file.
pub fn wanted(request: &HttpRequest) -> FileKind {
    let accept = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let named = accept.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    let known = |name: &str| match name {
        "text/csv" => Some(FileKind::Csv),
        XLSX => Some(FileKind::Xlsx),
        "application/json" | "*/*" => Some(FileKind::Json),
        _ => None,
    };
    named.filter_map(known).next().unwrap_or(FileKind::Json)
}

/// Rows of a table, some at a time.
pub trait Pages: 'static {
    /// The next rows; `None` after the last.
    fn next(&mut self) -> impl Future<Output = ApiResult<Option<Vec<Vec<String>>>>>;
}

/// Sends csv in UTF-8 with a mark, as spreadsheets want it; what looks like a formula is kept from being one.
pub fn csv(name: &str, headers: Vec<String>, pages: impl Pages) -> HttpResponse {
    let rows = stream::unfold((Some(headers), Some(pages)), |(headers, pages)| async move {
        let mut pages = pages?;
        if let Some(headers) = headers {
            let start = lines(&[headers]).map(|lines| Bytes::from([b"\xEF\xBB\xBF".as_slice(), &lines].concat()));
            return Some((start, (None, Some(pages))));
        }
        match pages.next().await {
            Ok(Some(rows)) => Some((lines(&rows).map(Bytes::from), (None, Some(pages)))),
            Ok(None) => None,
            // The answer breaks off: a part must not be taken for the whole.
            Err(error) => Some((Err(error), (None, None))),
        }
    });
    answer(name, "csv", CSV).streaming(rows)
}

fn lines(rows: &[Vec<String>]) -> ApiResult<Vec<u8>> {
    let failed = |error: String| ApiError::from(Error::Internal(error));
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| neutralised(cell).into_owned());
        writer.write_record(cells).map_err(|error| failed(error.to_string()))?;
    }
    writer.into_inner().map_err(|error| failed(error.to_string()))
}

/// Sends a workbook whose cells are all texts: a text is never computed.
pub async fn xlsx(folder: &Path, name: &str, headers: Vec<String>, mut pages: impl Pages) -> ApiResult<HttpResponse> {
    let failed = |error: String| ApiError::from(Error::Internal(error));
    std::fs::create_dir_all(folder).map_err(|error| failed(error.to_string()))?;
    let mut book = Book::new(folder, headers).map_err(|error| failed(error.to_string()))?;
    while let Some(rows) = pages.next().await? {
        book.rows(&rows).map_err(|error| failed(error.to_string()))?;
    }
    let folder = folder.to_path_buf();
    let file = tokio::task::spawn_blocking(move || -> std::io::Result<File> {
        let mut file = tempfile::tempfile_in(folder)?;
        book.book.save_to_writer(&mut file).map_err(std::io::Error::other)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    });
    let file = file.await.map_err(|error| failed(error.to_string()))?.map_err(|error| failed(error.to_string()))?;
    let parts = stream::unfold(Some(file), |file| async move {
        let mut file = file?;
        let mut part = vec![0; 64 * 1024];
        match file.read(&mut part) {
            Ok(0) => None,
            Ok(count) => {
                part.truncate(count);
                Some((Ok(Bytes::from(part)), Some(file)))
            }
            Err(error) => Some((Err(ApiError::from(Error::Internal(error.to_string()))), None)),
        }
    });
    Ok(answer(name, "xlsx", XLSX).streaming(parts))
}

struct Book {
    book: Workbook,
    headers: Vec<String>,
    sheet: usize,
    row: u32,
}

impl Book {
    fn new(folder: &Path, headers: Vec<String>) -> Result<Book, rust_xlsxwriter::XlsxError> {
        let mut book = Workbook::new();
        book.set_tempdir(folder)?;
        let mut book = Book { book, headers, sheet: 0, row: 0 };
        book.begin()?;
        Ok(book)
    }

    /// Rows go to a file as soon as the next one begins.
    fn begin(&mut self) -> Result<(), rust_xlsxwriter::XlsxError> {
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        for (column, header) in (0..).zip(&self.headers) {
            sheet.write_string(0, column, header)?;
        }
        self.row = 1;
        Ok(())
    }

    fn rows(&mut self, rows: &[Vec<String>]) -> Result<(), rust_xlsxwriter::XlsxError> {
        for row in rows {
            if self.row >= SHEET {
                self.sheet += 1;
                self.begin()?;
            }
            let sheet = self.book.worksheet_from_index(self.sheet)?;
            for (column, cell) in (0..).zip(row) {
                if !cell.is_empty() {
                    sheet.write_string(self.row, column, cell)?;
                }
            }
            self.row += 1;
        }
        Ok(())
    }
}

fn answer(name: &str, extension: &str, content_type: &str) -> actix_web::HttpResponseBuilder {
    let mut response = HttpResponse::Ok();
    response
        .insert_header(("content-type", content_type))
        .insert_header(("content-disposition", format!("attachment; filename=\"{name}.{extension}\"")))
        .insert_header(("cache-control", "no-store"));
    response
}
