//! Orders in bulk: a stream of lines, read and stored as it comes, so that size does not matter.

use std::collections::HashSet;

use actix_web::{HttpRequest, post, web};
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use huiyin_domain::customers::OrderStatus;
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_domain::money::Money;
use serde::{Deserialize, Serialize};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use utoipa_actix_web::service_config::ServiceConfig;
use validator::Validate;

use crate::http::support::edge::Edge;
use crate::http::support::enums::OrderStatusSchema;
use crate::http::support::input::{media_type, parse};
use crate::http::support::money::Amount;
use crate::http::support::problem::{ApiError, FieldProblem, language};
use crate::http::support::{ApiResult, Can, may};
use crate::usecases::App;
use crate::usecases::customers::orders::{NewOrder, OrderTimes, Recorded, check_refund, record};
use crate::usecases::support::Command;

pub fn routes(config: &mut ServiceConfig) {
    config.service(bulk_orders);
}

/// Orders of one transaction.
const BATCH: usize = 1000;
/// Longest line in bytes; a longer one is a fault of that line.
const LINE_LIMIT: usize = 256 * 1024;
/// Lines whose faults are told one by one.
const ERRORS_TOLD: usize = 1000;
/// Faults of one line that are told: a line can have a hundred thousand.
const FAULTS_TOLD: usize = 100;

/// One order, one line. Its schema stands in no body of the contract, so whatever it consists of is written in place.
#[derive(Debug, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
struct OrderLine {
    /// The system that knows the order and the customer by these numbers.
    #[schema(min_length = 1, max_length = 50, pattern = "@system", example = "erp")]
    external_system: String,
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "SO-2026-0001")]
    order_no: String,
    /// A customer that is not known is created.
    #[schema(min_length = 1, max_length = 200, pattern = "@external-id", example = "10086")]
    customer_external_id: String,
    /// For a customer that is created; its external id where no name is given.
    #[schema(max_length = 200, example = "上海晨光贸易有限公司")]
    customer_name: Option<String>,
    ordered_at: DateTime<Utc>,
    #[schema(inline)]
    amount: Amount,
    /// `paid` unless given; cancelled orders do not count.
    #[schema(inline, value_type = Option<OrderStatusSchema>)]
    status: Option<OrderStatus>,
    /// Product lines, kept as they are.
    #[schema(value_type = Option<Vec<Object>>, max_items = 2000)]
    lines: Option<serde_json::Value>,
    paid_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    signed_at: Option<DateTime<Utc>>,
    /// What was given back of the amount; nothing unless given.
    #[schema(inline)]
    refunded: Option<Amount>,
}

/// The body as a whole. A text to HTTP; this name carries the schema of its lines into the contract, against which
/// every line is checked.
struct OrderLines;

impl PartialSchema for OrderLines {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .content_media_type("application/x-ndjson")
            .description(Some("One `OrderLine` a line."))
            .into()
    }
}

impl ToSchema for OrderLines {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        schemas.push((OrderLine::name().into_owned(), OrderLine::schema()));
        OrderLine::schemas(schemas);
    }
}

/// What became of the lines.
#[derive(Debug, Default, Serialize, ToSchema)]
struct BulkResult {
    /// Orders that were new.
    #[schema(example = 4980)]
    created: u64,
    /// Orders that were known, and now are as told.
    #[schema(example = 15)]
    updated: u64,
    /// Lines that were not taken.
    #[schema(example = 5)]
    failed: u64,
    /// The faults of the first 1,000 lines that were not taken.
    errors: Vec<LineError>,
}

/// A line that was not taken.
#[derive(Debug, Serialize, ToSchema)]
struct LineError {
    /// Counted from 1, blank lines included.
    #[schema(example = 17)]
    line: u64,
    /// The number of the order, where the line has one.
    #[schema(example = "SO-2026-0001")]
    order_no: Option<String>,
    errors: Vec<FieldProblem>,
}

/// Record orders in bulk
///
/// NDJSON, one order a line (schema `OrderLine`). Good lines stay even where others are refused; blank lines are
/// skipped. The same order told twice is updated, so the request may simply be sent again.
#[utoipa::path(tag = "orders", operation_id = "bulk_orders", security(("bearer" = [])),
    request_body(content((OrderLines = "application/x-ndjson"), (OrderLines = "text/plain")), description = "One `OrderLine` a line, such as `{\"external_system\":\"erp\",\"order_no\":\"SO-1\",\"customer_external_id\":\"10086\",\"customer_name\":\"上海晨光贸易有限公司\",\"ordered_at\":\"2026-10-20T09:30:00+08:00\",\"amount\":\"128.50\"}`"),
    responses((status = 200, description = "What became of the lines", body = BulkResult)),
    extensions(("x-permission" = json!("orders:write"))))]
#[post("/orders/bulk")]
async fn bulk_orders(
    can: Can<may::OrdersWrite>,
    app: web::Data<App>,
    request: HttpRequest,
    mut payload: web::Payload,
) -> ApiResult<web::Json<BulkResult>> {
    const EXPECTED: &str = "application/x-ndjson";
    if ![EXPECTED, "application/ndjson", "application/jsonl", "application/jsonlines", "text/plain"]
        .contains(&media_type(&request).as_str())
    {
        return Err(Fault::new(Code::UnsupportedMediaType).with("expected", EXPECTED).into());
    }
    // The request is repeatable as it is; a key would hold back what has been stored already.
    let command = Command { idempotency: None, ..can.command()? };
    let edge = Edge::of(&request)?;
    let mut load = Load {
        app: &app,
        edge: &edge,
        command,
        lang: language(&request),
        batch: Vec::new(),
        result: BulkResult::default(),
    };
    let mut lines = Lines::default();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::from(Fault::new(Code::MalformedJson).with("reason", error)))?;
        for line in lines.feed(&chunk) {
            load.line(line).await?;
        }
    }
    if let Some(line) = lines.rest() {
        load.line(line).await?;
    }
    load.flush().await?;
    Ok(web::Json(load.result))
}

/// Cuts a stream into lines, holding one line at most.
#[derive(Default)]
struct Lines {
    number: u64,
    buffer: Vec<u8>,
    overlong: bool,
}

struct Line {
    number: u64,
    /// `None`: longer than the limit.
    bytes: Option<Vec<u8>>,
}

impl Lines {
    fn feed(&mut self, chunk: &[u8]) -> Vec<Line> {
        let mut complete = Vec::new();
        let mut parts = chunk.split(|byte| *byte == b'\n').peekable();
        while let Some(part) = parts.next() {
            if self.buffer.len() + part.len() > LINE_LIMIT {
                self.overlong = true;
                self.buffer.clear();
            }
            if !self.overlong {
                self.buffer.extend_from_slice(part);
            }
            if parts.peek().is_some() {
                complete.push(self.take());
            }
        }
        complete
    }

    fn take(&mut self) -> Line {
        self.number += 1;
        let bytes = std::mem::take(&mut self.buffer);
        let overlong = std::mem::take(&mut self.overlong);
        Line { number: self.number, bytes: (!overlong).then_some(bytes) }
    }

    fn rest(&mut self) -> Option<Line> {
        (self.overlong || !self.buffer.is_empty()).then(|| self.take())
    }
}

/// The number of the order, where the line has one, and what is wrong.
type Refused = (Option<String>, Vec<Fault>);

struct Load<'a> {
    app: &'a App,
    edge: &'a Edge,
    command: Command,
    lang: Lang,
    batch: Vec<NewOrder>,
    result: BulkResult,
}

impl Load<'_> {
    async fn line(&mut self, line: Line) -> ApiResult<()> {
        let Some(bytes) = line.bytes else {
            self.fail(line.number, None, &[Fault::new(Code::LineTooLong).at("").with("limit", LINE_LIMIT)]);
            return Ok(());
        };
        let text = bytes.strip_prefix(b"\xEF\xBB\xBF").filter(|_| line.number == 1).unwrap_or(&bytes);
        if text.iter().all(u8::is_ascii_whitespace) {
            return Ok(());
        }
        match self.read(text)? {
            Ok(order) => {
                self.batch.push(order);
                if self.batch.len() >= BATCH { self.flush().await } else { Ok(()) }
            }
            Err((order_no, faults)) => {
                self.fail(line.number, order_no, &faults);
                Ok(())
            }
        }
    }

    /// The order of a line, or what is wrong with the line. What goes wrong here ends the request.
    fn read(&self, text: &[u8]) -> ApiResult<Result<NewOrder, Refused>> {
        let value: serde_json::Value = match serde_json::from_slice(text) {
            Ok(value) => value,
            Err(error) => {
                let fault = Fault::new(Code::MalformedJson).at("").with("reason", error);
                return Ok(Err((None, vec![fault])));
            }
        };
        let order_no = value["order_no"].as_str().map(|text| text.chars().take(200).collect::<String>());
        let amount_fault = Amount::fault(&value["amount"]);
        match parse(self.edge.schemas, value, "") {
            Err(error) if error.cause().is_some() => Err(error),
            parsed => Ok(Self::order(order_no, amount_fault, parsed.map_err(ApiError::into_faults))),
        }
    }

    fn order(
        order_no: Option<String>,
        amount_fault: Option<Fault>,
        parsed: Result<OrderLine, Vec<Fault>>,
    ) -> Result<NewOrder, Refused> {
        if let Some(fault) = amount_fault {
            let others = parsed.map_or_else(|faults| faults, |_| Vec::new());
            let others = others.into_iter().filter(|other| other.pointer.as_deref() != Some("/amount"));
            return Err((order_no, others.chain([fault.at("/amount")]).collect()));
        }
        let order = parsed.map_err(|faults| (order_no.clone(), faults))?;
        let amount = order.amount.money().map_err(|fault| (order_no.clone(), vec![fault.at("/amount")]))?;
        let refunded = order.refunded.map_or(Ok(Money::default()), |refunded| refunded.money());
        let refunded = refunded.map_err(|fault| fault.at("/refunded"));
        let refunded = refunded.and_then(|refunded| check_refund(amount, refunded).map(|()| refunded));
        let refunded = refunded.map_err(|fault| (order_no, vec![fault]))?;
        Ok(NewOrder {
            external_system: order.external_system,
            order_no: order.order_no,
            customer_external_id: order.customer_external_id,
            customer_name: order.customer_name.filter(|name| !name.trim().is_empty()),
            ordered_at: order.ordered_at,
            amount,
            status: order.status.unwrap_or(OrderStatus::Paid),
            lines: order.lines,
            times: OrderTimes { paid_at: order.paid_at, delivered_at: order.delivered_at, signed_at: order.signed_at },
            refunded,
        })
    }

    fn fail(&mut self, line: u64, order_no: Option<String>, faults: &[Fault]) {
        self.result.failed += 1;
        if self.result.errors.len() < ERRORS_TOLD {
            let told = |fault: &Fault| FieldProblem {
                pointer: fault.pointer.clone().unwrap_or_default(),
                code: fault.code.as_str().to_owned(),
                detail: fault.message(self.lang),
            };
            self.result.errors.push(LineError {
                line,
                order_no,
                errors: faults.iter().take(FAULTS_TOLD).map(told).collect(),
            });
        }
    }

    /// Stores what has been read. An order told twice goes into a later transaction, so that it is an update.
    async fn flush(&mut self) -> ApiResult<()> {
        let mut waiting = std::mem::take(&mut self.batch);
        while !waiting.is_empty() {
            let mut seen = HashSet::new();
            let mut later = Vec::new();
            let mut now = Vec::with_capacity(waiting.len());
            for order in waiting {
                let (system, number) = order.key();
                // Once one has to wait, all of its number have to: the last one told must win.
                if seen.insert((system.to_owned(), number.to_owned())) { now.push(order) } else { later.push(order) }
            }
            let Recorded { created, updated } = record(self.app, &self.command, now).await?;
            self.result.created += created;
            self.result.updated += updated;
            waiting = later;
        }
        Ok(())
    }
}
