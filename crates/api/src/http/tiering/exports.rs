use std::collections::{BTreeSet, HashMap};

use actix_web::{HttpRequest, HttpResponse, post, web};
use huiyin_domain::audit::PersonalField;
use huiyin_domain::customers::export::{ExportColumn, birthday_text};
use huiyin_domain::customers::{mask_email, mask_phone};
use huiyin_domain::fault::Lang;
use huiyin_domain::identity::Scope;
use huiyin_domain::money::Money;
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::customers::profiles::Known;
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::support::new_id;
use huiyin_persistence::tiering::search::{self, Position, Search, Sort};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;
use validator::Validate;

use super::search::{SortInput, narrowed, sort};
use crate::http::customers::Tag;
use crate::http::support::condition::Condition;
use crate::http::support::enums::{ExportColumnSchema, TableFileSchema};
use crate::http::support::problem::language;
use crate::http::support::table::{self, FileKind, Pages};
use crate::http::support::{ApiResult, Body, Can, may};
use crate::usecases::App;
use crate::usecases::customers::draft::birthday_of;
use crate::usecases::customers::exports::{Exported, record};
use crate::usecases::support::Command;

pub fn routes(config: &mut ServiceConfig) {
    config.service(export_customers);
}

/// Customers that are read at a time.
const PAGE: u64 = 500;

/// What is to be exported (导出): all that you reach, unless narrowed.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct ExportCustomers {
    #[schema(value_type = TableFileSchema)]
    format: FileKind,
    /// In this order; all of them unless given.
    #[schema(nullable = false, value_type = Option<Vec<ExportColumnSchema>>, min_items = 1, max_items = 50)]
    columns: Option<Vec<ExportColumn>>,
    #[schema(nullable = false)]
    condition: Option<Condition>,
    /// As in the search.
    #[schema(nullable = false, min_length = 1, max_length = 200, example = "晨光")]
    text: Option<String>,
    /// With any of these tags.
    #[schema(nullable = false, min_items = 1, max_items = 50)]
    tags: Option<Vec<Tag>>,
    #[schema(nullable = false)]
    sort: Option<SortInput>,
}

/// Export customers
///
/// The customers of the search, with the same scope and masks, as csv (UTF-8 with a mark; what looks like a formula is kept
/// from being one by a leading apostrophe) or xlsx (all cells are texts). Headers are Chinese or English by
/// `Accept-Language`, and known to the import. Without `columns` the custom fields in use follow at the end. The export
/// is noted in the event log with the number of rows, and in the audit log where personal data leaves unmasked.
#[utoipa::path(tag = "imports", operation_id = "export_customers", request_body = ExportCustomers, security(("bearer" = [])),
    responses((status = 200, description = "The file", content((String = "text/csv"), (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")))),
    extensions(("x-permission" = json!("customers:read")), ("x-errors" = json!(["condition_too_large", "condition_mismatch", "custom_field_unknown"]))))]
#[post("/customers/exports")]
async fn export_customers(
    can: Can<may::CustomersRead>,
    app: web::Data<App>,
    request: HttpRequest,
    body: Body<ExportCustomers>,
) -> ApiResult<HttpResponse> {
    let lang = language(&request);
    let body = body.0;
    let search = narrowed(&app, &can, body.condition, body.text, body.tags).await?;
    let fields = match body.columns {
        Some(_) => Vec::new(),
        None => custom_fields::list(&app.db).await?.into_iter().filter(|field| field.active).collect(),
    };
    let columns = body.columns.unwrap_or_else(|| ExportColumn::ALL.to_vec());
    let mut headers: Vec<String> = columns.iter().map(|column| column.header(lang).to_owned()).collect();
    headers.extend(fields.iter().map(|field| match lang {
        Lang::Zh => field.label.clone(),
        Lang::En => format!("custom.{}", field.key),
    }));
    let personal = columns.iter().map(|column| column.as_str());
    let personal = personal.filter(|name| name.parse::<PersonalField>().is_ok()).collect();
    let id = new_id(can.now);
    let export = Export {
        app: app.clone(),
        scope: can.scope(),
        command: can.command()?,
        search,
        sort: sort(body.sort),
        columns,
        custom: fields.into_iter().map(|field| field.key).collect(),
        names: HashMap::new(),
        after: None,
        ended: false,
        noted: false,
        exported: Exported { id, format: body.format.as_str(), rows: 0, masked: 0, personal },
    };
    let name = format!("customers-{id}");
    match body.format {
        FileKind::Xlsx => table::xlsx(&app.config.data_dir, &name, headers, export).await,
        _ => Ok(table::csv(&name, headers, export)),
    }
}

/// An export under way.
struct Export {
    app: web::Data<App>,
    scope: Scope,
    command: Command,
    search: Search,
    sort: Sort,
    columns: Vec<ExportColumn>,
    /// Keys of custom fields.
    custom: Vec<String>,
    /// Of users and departments.
    names: HashMap<Uuid, String>,
    after: Option<Position>,
    ended: bool,
    noted: bool,
    exported: Exported,
}

impl Pages for Export {
    async fn next(&mut self) -> ApiResult<Option<Vec<Vec<String>>>> {
        if self.ended {
            self.noted = true;
            record(&self.app, &self.command, self.exported.clone()).await?;
            return Ok(None);
        }
        let page = search::page(&self.app.db, self.scope, &self.search, self.sort, self.after.as_ref(), PAGE).await?;
        (self.ended, self.after) = (page.next.is_none(), page.next);
        self.learn(&page.items).await?;
        let rows: Vec<Vec<String>> = page.items.into_iter().map(|known| self.row(known)).collect();
        Ok(Some(rows))
    }
}

impl Drop for Export {
    /// Whoever breaks off has taken what was sent until then.
    fn drop(&mut self) {
        if self.noted || self.exported.rows == 0 {
            return;
        }
        let (app, command, exported) = (self.app.clone(), self.command.clone(), self.exported.clone());
        actix_web::rt::spawn(async move {
            if let Err(error) = record(&app, &command, exported).await {
                tracing::error!(%error, "an export that broke off could not be noted");
            }
        });
    }
}

impl Export {
    async fn learn(&mut self, page: &[Known]) -> ApiResult<()> {
        let new = |id: &Uuid| !self.names.contains_key(id);
        let ids = |of: fn(&Known) -> Option<Uuid>| page.iter().filter_map(of).filter(new).collect::<BTreeSet<_>>();
        let (owners, places) = (ids(|known| known.customer.owner_id), ids(|known| known.customer.department_id));
        self.names.extend(users::names(&self.app.db, &owners.into_iter().collect::<Vec<_>>()).await?);
        self.names.extend(departments::names(&self.app.db, places.into_iter().collect()).await?);
        Ok(())
    }

    fn row(&mut self, known: Known) -> Vec<String> {
        let clear = self.command.actor.sees_personal_data(known.customer.owner_id, known.customer.department_id);
        self.exported.rows += 1;
        self.exported.masked += i64::from(!clear);
        let mut cells: Vec<String> = self.columns.iter().map(|column| self.cell(*column, &known, clear)).collect();
        let custom = &known.customer.custom;
        cells.extend(self.custom.iter().map(|key| custom.get(key).map(text).unwrap_or_default()));
        cells
    }

    fn cell(&self, column: ExportColumn, known: &Known, clear: bool) -> String {
        let row = &known.customer;
        let name = |id: Option<Uuid>| id.and_then(|id| self.names.get(&id)).cloned().unwrap_or_default();
        let personal = |text: &Option<String>, mask: fn(&str) -> String| {
            text.as_deref().map(|text| if clear { text.to_owned() } else { mask(text) }).unwrap_or_default()
        };
        let plain = |text: &Option<String>| text.clone().unwrap_or_default();
        let date = |date: Option<chrono::NaiveDate>| date.map(|date| date.to_string()).unwrap_or_default();
        let time = |time: chrono::DateTime<chrono::Utc>| {
            time.with_timezone(&self.app.config.time_zone).format("%Y-%m-%d %H:%M:%S").to_string()
        };
        match column {
            ExportColumn::Number => row.number.clone(),
            ExportColumn::Name => row.name.clone(),
            ExportColumn::Kind => row.kind.clone(),
            ExportColumn::Industry => plain(&row.industry),
            ExportColumn::Phone if clear => plain(&row.phone),
            ExportColumn::Phone => personal(&row.phone_key, mask_phone),
            ExportColumn::Email => personal(&row.email, mask_email),
            ExportColumn::Birthday => match birthday_of(row) {
                Some(birthday) if clear => birthday_text(&birthday),
                Some(_) => "****".to_owned(),
                None => String::new(),
            },
            ExportColumn::Address if clear => plain(&row.address),
            ExportColumn::Address => String::new(),
            ExportColumn::Source => row.source.clone(),
            ExportColumn::Owner => name(row.owner_id),
            ExportColumn::Department => name(row.department_id),
            ExportColumn::CooperationStart => date(row.cooperation_start),
            ExportColumn::CooperationStage => plain(&row.cooperation_stage),
            ExportColumn::AnnualAmount => {
                row.annual_amount.map(|amount| Money::from_minor(amount).to_string()).unwrap_or_default()
            }
            ExportColumn::ContractEnd => date(row.contract_end),
            ExportColumn::CoreProducts => text(&row.core_products),
            ExportColumn::PreferredChannel => plain(&row.preferred_channel),
            ExportColumn::LifecycleStage => plain(&row.lifecycle_stage),
            ExportColumn::ChurnRisk => plain(&known.churn_risk),
            ExportColumn::LastActivityAt => row.last_activity_at.map(time).unwrap_or_default(),
            ExportColumn::Tags => known.tags.join("、"),
            ExportColumn::Note => plain(&row.note),
            ExportColumn::ExternalIds => {
                let ids = known.external_ids.iter().map(|(system, id)| format!("{system}:{id}"));
                ids.collect::<Vec<_>>().join("、")
            }
            ExportColumn::CreatedAt => time(row.created_at),
            ExportColumn::UpdatedAt => time(row.updated_at),
        }
    }
}

/// A JSON value as it stands in a cell.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join("、"),
        other => other.to_string(),
    }
}
