use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use actix_web::{HttpRequest, get, web};
use chrono::{DateTime, Utc};
use huiyin_domain::fault::{Code, Lang};
use huiyin_domain::sla::{Calendar, Clock, Entry, EntryKind, Unit, due, spent, used};
use huiyin_persistence::feedback::parts::{self, Part};
use huiyin_persistence::feedback::pool;
use huiyin_persistence::sla::clocks::{self, Line, StoredClock};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_actix_web::service_config::ServiceConfig;
use uuid::Uuid;

use super::body::{Deadline, TargetView};
use crate::http::sla::Explanation;
use crate::http::support::enums::UnitSchema;
use crate::http::support::problem::language;
use crate::http::support::{ApiResult, Can, Id, may};
use crate::usecases::App;
use crate::usecases::sla::policies;
use crate::usecases::support::Error;

pub fn routes(config: &mut ServiceConfig) {
    config.service(get_clocks);
}

/// A stretch in which a clock stood still.
#[derive(Debug, Serialize, ToSchema)]
struct PauseView {
    from: DateTime<Utc>,
    /// Null while it lasts.
    to: Option<DateTime<Utc>>,
}

/// One line of a clock's ledger. The lines are only ever added to; what the clock shows is what they add up to.
#[derive(Debug, Serialize, ToSchema)]
struct LedgerEntry {
    at: DateTime<Utc>,
    /// `started`, `paused`, `resumed`, `stopped` or `recomputed`.
    #[schema(example = "started")]
    kind: &'static str,
    /// What has to be met from here on; only of `started` and `recomputed`.
    target: Option<TargetView>,
    /// The event that brought it about.
    #[schema(example = "feedback.received")]
    cause: Option<String>,
    /// Whose doing it was; null for the clock and for other systems.
    actor_id: Option<Uuid>,
    /// By which calendar the clock goes from here on; null where that does not change.
    calendar_id: Option<Uuid>,
}

/// A clock, read now.
#[derive(Debug, Serialize, ToSchema)]
struct ClockReading {
    #[serde(flatten)]
    deadline: Deadline,
    /// The part of the feedback that it measures; null for the feedback's own clocks.
    part_id: Option<Uuid>,
    /// The department whose part that is.
    department_id: Option<Uuid>,
    /// The unit of `used` and `left`: the target's, or `business_hours` where there is none.
    #[schema(value_type = UnitSchema)]
    unit: String,
    /// Time used.
    #[schema(example = 3.5)]
    used: f64,
    /// Time left; null without a target.
    #[schema(example = 20.5)]
    left: Option<f64>,
    /// Share of the target that is used; above 1 it is missed; null without a target.
    #[schema(example = 0.146)]
    share: Option<f64>,
    overdue: bool,
    pauses: Vec<PauseView>,
    /// How the deadline comes about; null where there is none.
    explanation: Option<Explanation>,
    /// How the time used comes about, day by day.
    counted: Explanation,
    /// Oldest first.
    entries: Vec<LedgerEntry>,
}

/// Who burned the time: what a department has used, as lead or as collaborator.
#[derive(Debug, Serialize, ToSchema)]
struct DepartmentTime {
    department_id: Uuid,
    /// How often it has had the feedback, or a part of it.
    #[schema(example = 2)]
    stretches: u32,
    /// Whether it has it now.
    open: bool,
    /// Time used inside working hours, in seconds.
    #[schema(example = 12600)]
    working_seconds: i64,
    /// Time used by day and night, in seconds.
    #[schema(example = 90000)]
    elapsed_seconds: i64,
}

#[derive(Debug, Serialize, ToSchema)]
struct ClockList {
    /// The feedback's own clocks, and one for each stretch of a department.
    items: Vec<ClockReading>,
    departments: Vec<DepartmentTime>,
}

/// Read the clocks of a feedback
///
/// With time used, time left, every pause, how both come about, and the ledger behind it. One clock is the customer's
/// (`resolve`, since the feedback came in); `department` clocks tell how long each department has had it. They pause while
/// the customer is awaited, and measure only, unless the policy gives departments a target.
#[utoipa::path(tag = "feedback", operation_id = "get_feedback_clocks", params(("id" = Uuid, Path, description = "The feedback")), security(("bearer" = [])),
    responses((status = 200, description = "The clocks, read now", body = ClockList)),
    extensions(("x-permission" = json!("feedback:read")), ("x-errors" = json!(["feedback_not_found"]))))]
#[get("/feedback/{id}/clocks")]
async fn get_clocks(
    can: Can<may::FeedbackRead>,
    app: web::Data<App>,
    id: Id,
    request: HttpRequest,
) -> ApiResult<web::Json<ClockList>> {
    let feedback = pool::find(&app.db, can.scope(), id.0).await?.ok_or(Code::FeedbackNotFound)?;
    let chinese = language(&request) == Lang::Zh;
    let rows = clocks::all_of(&app.db, vec![feedback.id]).await?;
    let mut ledgers = clocks::lines(&app.db, rows.iter().map(|row| row.id).collect()).await?;
    let parts: HashMap<Uuid, Part> =
        parts::of_feedback(&app.db, feedback.id).await?.into_iter().map(|part| (part.id, part)).collect();
    let mut items = Vec::new();
    let mut departments: BTreeMap<Uuid, DepartmentTime> = BTreeMap::new();
    for row in rows {
        let lines = ledgers.remove(&row.id).unwrap_or_default();
        let entries = lines.iter().map(clocks::entry).collect::<Result<Vec<Entry>, _>>()?;
        let clock = Clock::replay(&entries).map_err(|error| Error::broken("stored clock", error))?;
        let calendar = calendar_of(&app, &row).await?;
        let department_id = row.part_id.and_then(|part| parts.get(&part)).map(|part| part.department_id);
        if let Some(department) = department_id {
            add_up(departments.entry(department).or_insert_with(|| none_of(department)), &clock, &calendar, can.now);
        }
        items.push(read(row, &clock, &calendar, entries.into_iter().zip(lines), department_id, can.now, chinese)?);
    }
    Ok(web::Json(ClockList { items, departments: departments.into_values().collect() }))
}

/// What has stopped is read by the calendar as it was then; what is open, as it is now.
async fn calendar_of(app: &App, row: &StoredClock) -> ApiResult<Arc<Calendar>> {
    Ok(match (row.stopped_at, row.calendar_version) {
        (Some(_), Some(version)) => policies::calendar_at(app, &app.db, row.calendar_id, version).await?,
        _ => policies::calendar(app, &app.db, row.calendar_id).await?,
    })
}

fn read(
    row: StoredClock,
    clock: &Clock,
    calendar: &Calendar,
    entries: impl Iterator<Item = (Entry, Line)>,
    department_id: Option<Uuid>,
    now: DateTime<Utc>,
    chinese: bool,
) -> ApiResult<ClockReading> {
    let start = clock.started_at();
    // A deadline out of reach is none.
    let explained = clock.target().and_then(|target| due(calendar, start, target, clock.pauses()).ok());
    let explanation = explained.map(|due| Explanation::of(due.explanation, chinese)).transpose()?;
    let account = spent(calendar, start, clock.until(now), clock.unit(), clock.pauses());
    let reading = clock.reading(calendar, now).ok();
    let (left, share) = reading.as_ref().map(|reading| (reading.left, reading.share)).unwrap_or_default();
    Ok(ClockReading {
        part_id: row.part_id,
        department_id,
        unit: clock.unit().to_string(),
        used: used(calendar, start, clock.until(now), clock.unit(), clock.pauses()),
        left,
        share,
        overdue: reading.is_some_and(|reading| reading.overdue),
        pauses: clock.pauses().iter().map(|pause| PauseView { from: pause.from, to: pause.to }).collect(),
        explanation,
        counted: Explanation::of_spent(account, chinese)?,
        entries: entries.map(|(entry, line)| shown(entry, line)).collect(),
        deadline: row.into(),
    })
}

fn shown(entry: Entry, line: Line) -> LedgerEntry {
    let (kind, target) = match entry.kind {
        EntryKind::Started { target } => ("started", target),
        EntryKind::Paused => ("paused", None),
        EntryKind::Resumed => ("resumed", None),
        EntryKind::Stopped => ("stopped", None),
        EntryKind::Recomputed { target } => ("recomputed", target),
    };
    let Line { cause, actor_id, calendar_id, .. } = line;
    LedgerEntry { at: entry.at, kind, target: target.map(TargetView::from), cause, actor_id, calendar_id }
}

fn none_of(department_id: Uuid) -> DepartmentTime {
    DepartmentTime { department_id, stretches: 0, open: false, working_seconds: 0, elapsed_seconds: 0 }
}

fn add_up(time: &mut DepartmentTime, clock: &Clock, calendar: &Calendar, now: DateTime<Utc>) {
    let seconds = |unit, length: f64| {
        let used = used(calendar, clock.started_at(), clock.until(now), unit, clock.pauses());
        (used * length).round() as i64
    };
    time.stretches += 1;
    time.open |= clock.stopped_at().is_none();
    time.working_seconds += seconds(Unit::BusinessHours, 3600.0);
    time.elapsed_seconds += seconds(Unit::Minutes, 60.0);
}
