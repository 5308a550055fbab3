//! What is to be said of the rows of an import, to read and to take along.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, get, web};
use huiyin_domain::customers::import::{Finding, Verdict};
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_persistence::customers::imports::{self, Finding as Stored};
use huiyin_persistence::support::from_json;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use crate::http::support::enums::{FileKindSchema, MatchKeySchema, VerdictSchema};
use crate::http::support::problem::language;
use crate::http::support::table::{self, Pages};
use crate::http::support::{ApiResult, Can, Id, PageParams, Params, may};
use crate::usecases::App;
use crate::usecases::customers::imports::visible_to;

pub fn routes(config: &mut ServiceConfig) {
    config.service(list_errors);
}

/// Rows of the report that are read at a time for a file.
const PAGE: u64 = 1000;

/// One thing about one cell.
#[derive(Debug, Serialize, ToSchema)]
struct ImportFinding {
    /// The header as it stands in the file; empty: the whole row.
    #[schema(example = "手机")]
    column: String,
    /// The cell, its beginning where it is long.
    #[schema(example = "1590000247")]
    value: String,
    /// Stable code for programs.
    #[schema(example = "phone_digits")]
    code: String,
    #[schema(example = "Phone invalid: 10 digits, a mobile number has 11")]
    reason: String,
    /// What would be right.
    #[schema(example = "11 digits, such as 13800138000")]
    expected: String,
}

/// Who a row is already.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct ImportDuplicate {
    /// The earlier row of the same file.
    #[schema(example = 64)]
    row: Option<i64>,
    /// The customer, where you reach it.
    customer_id: Option<Uuid>,
    #[schema(example = "C000064")]
    number: Option<String>,
    /// By what they are the same, the surest first.
    #[schema(value_type = Vec<MatchKeySchema>)]
    keys: Vec<String>,
}

/// What is to be said of one row.
#[derive(Debug, Serialize, ToSchema)]
struct ImportRow {
    /// Counted from 1 after the header, blank rows too.
    #[schema(example = 29)]
    row: i64,
    #[schema(value_type = VerdictSchema)]
    verdict: String,
    #[schema(example = "KH0029")]
    external_id: Option<String>,
    duplicate: Option<ImportDuplicate>,
    errors: Vec<ImportFinding>,
}

/// One page of a report, in the order of the rows.
#[derive(Debug, Serialize, ToSchema)]
struct ImportRowPage {
    items: Vec<ImportRow>,
    /// Pass it as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

impl ImportRow {
    fn of(row: Stored, lang: Lang) -> ApiResult<Self> {
        let findings: Vec<Finding> = from_json(&row.findings)?;
        let errors = findings.into_iter().map(|finding| ImportFinding {
            code: finding.reason.as_str().to_owned(),
            reason: finding.message(lang),
            expected: finding.expected(lang),
            column: finding.column,
            value: finding.value,
        });
        Ok(ImportRow {
            row: row.row,
            verdict: row.verdict,
            external_id: row.external_id,
            duplicate: row.duplicate.as_ref().map(from_json).transpose()?,
            errors: errors.collect(),
        })
    }
}

#[derive(Debug, Deserialize, IntoParams, ToSchema, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
struct ReportParams {
    /// Only rows of this verdict.
    #[schema(value_type = Option<VerdictSchema>)]
    #[param(value_type = Option<VerdictSchema>)]
    verdict: Option<Verdict>,
    /// `json`, or a file of everything; by `Accept` unless given.
    #[schema(inline, value_type = Option<FileKindSchema>)]
    #[param(inline, value_type = Option<FileKindSchema>)]
    format: Option<table::FileKind>,
    /// `next_cursor` of the page before.
    #[schema(pattern = "@cursor")]
    #[param(pattern = "@cursor")]
    cursor: Option<String>,
    /// Rows a page; 50 unless given.
    #[schema(minimum = 1, maximum = 200)]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<i64>,
}

/// Read what is to be said of single rows
///
/// Rows that were not imported, rows that are customers already, and rows that are worth a look; each with every
/// column, its value, the reason and what would be right. As JSON page by page, as csv or xlsx all at once (by `format`
/// or `Accept`).
#[utoipa::path(tag = "imports", operation_id = "list_customer_import_errors", params(("id" = Uuid, Path, description = "The import"), ReportParams), security(("bearer" = [])),
    responses((status = 200, description = "The report", content((ImportRowPage = "application/json"), (String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))),
    extensions(("x-permission" = json!("customers:import")), ("x-errors" = json!(["import_not_found"]))))]
#[get("/customers/imports/{id}/errors")]
async fn list_errors(
    can: Can<may::CustomersImport>,
    app: web::Data<App>,
    request: HttpRequest,
    id: Id,
    params: Params<ReportParams>,
) -> ApiResult<HttpResponse> {
    let import = imports::find(&app.db, visible_to(&can.actor), id.0).await?.ok_or(Code::ImportNotFound)?;
    let (lang, params) = (language(&request), params.0);
    let rows = Report { app: app.clone(), import: import.id, verdict: params.verdict, after: 0, lang };
    let name = format!("import-{}", import.id);
    match params.format.unwrap_or_else(|| table::wanted(&request)) {
        table::FileKind::Csv => Ok(table::csv(&name, headers(lang), rows)),
        table::FileKind::Xlsx => table::xlsx(&app.config.data_dir, &name, headers(lang), rows).await,
        table::FileKind::Json => {
            let limit = PageParams { cursor: None, limit: params.limit }.request()?.limit;
            let after = params.cursor.as_deref().map(decode).transpose()?.unwrap_or_default();
            let mut found = imports::findings(&app.db, import.id, params.verdict, after, limit + 1).await?;
            let more = found.len() as u64 > limit;
            found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            let next_cursor = found.last().filter(|_| more).map(|row| format!("{:032x}", row.row));
            let items = found.into_iter().map(|row| ImportRow::of(row, lang)).collect::<ApiResult<_>>()?;
            Ok(HttpResponse::Ok().json(ImportRowPage { items, next_cursor }))
        }
    }
}

/// The number of the row after which a page begins.
/// A row that is beyond all rows has none after it.
fn decode(cursor: &str) -> Result<i64, Fault> {
    let row = u128::from_str_radix(cursor, 16).map_err(|_| Fault::new(Code::InvalidCursor).at("#query/cursor"))?;
    Ok(i64::try_from(row).unwrap_or(i64::MAX))
}

fn headers(lang: Lang) -> Vec<String> {
    let headers = match lang {
        Lang::Zh => ["行号", "结论", "客户编号", "列", "内容", "代码", "原因", "应为", "重复的行", "重复的客户"],
        Lang::En => [
            "row",
            "verdict",
            "external_id",
            "column",
            "value",
            "code",
            "reason",
            "expected",
            "duplicate_row",
            "duplicate_number",
        ],
    };
    headers.map(str::to_owned).to_vec()
}

/// A report as a table: a line for each finding.
struct Report {
    app: web::Data<App>,
    import: Uuid,
    verdict: Option<Verdict>,
    after: i64,
    lang: Lang,
}

impl Pages for Report {
    async fn next(&mut self) -> ApiResult<Option<Vec<Vec<String>>>> {
        let found = imports::findings(&self.app.db, self.import, self.verdict, self.after, PAGE).await?;
        let Some(last) = found.last() else { return Ok(None) };
        self.after = last.row;
        let verdicts: BTreeMap<&str, &str> = match self.lang {
            Lang::Zh => BTreeMap::from([("error", "错误"), ("duplicate", "重复"), ("notice", "提示")]),
            Lang::En => BTreeMap::new(),
        };
        let mut lines = Vec::new();
        for row in found {
            let row = ImportRow::of(row, self.lang)?;
            let verdict = verdicts.get(row.verdict.as_str()).copied().unwrap_or(&row.verdict);
            let duplicate = row.duplicate.as_ref();
            let other_row = duplicate.and_then(|other| other.row).map(|row| row.to_string()).unwrap_or_default();
            let other_number = duplicate.and_then(|other| other.number.clone()).unwrap_or_default();
            for finding in row.errors {
                lines.push(vec![
                    row.row.to_string(),
                    verdict.to_owned(),
                    row.external_id.clone().unwrap_or_default(),
                    finding.column,
                    finding.value,
                    finding.code,
                    finding.reason,
                    finding.expected,
                    other_row.clone(),
                    other_number.clone(),
                ]);
            }
        }
        Ok(Some(lines))
    }
}
