//! Stocktakes (清查行动): made at once, filled by a job, answered by the owners, reminded of by timers.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use huiyin_domain::customers::{CooperationStage, REMINDERS, StocktakeStatus, quarter_end, stage_of};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_domain::timer::TimerKind;
use huiyin_persistence::customers::profiles;
use huiyin_persistence::customers::stocktakes::{self, Confirmation, Stocktake};
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::integration::timers::{self, Claimed, NewTimer};
use huiyin_persistence::support::{new_id, to_json};
use serde_json::json;
use uuid::Uuid;

use super::changes::{Edited, edit};
use super::draft::{Profile, changed_fields};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// A claim outlives a batch by far.
const LEASE_FOR: TimeDelta = TimeDelta::minutes(2);
/// Confirmations of one transaction: short enough that SQLite's other writers do not wait long.
const BATCH: usize = 32_000 / stocktakes::COLUMNS;
/// When owners are reminded, local time.
const IN_THE_MORNING: NaiveTime = match NaiveTime::from_hms_opt(9, 0, 0) {
    Some(time) => time,
    None => NaiveTime::MIN,
};

/// Which customers are asked for, and until when.
#[derive(Debug, Clone)]
pub struct NewStocktake {
    pub name: String,
    /// The end of the quarter unless said.
    pub due_on: Option<NaiveDate>,
    pub department_id: Option<Uuid>,
    pub owner_id: Option<Uuid>,
    /// All unless said.
    pub cooperation_stages: Vec<CooperationStage>,
}

/// What an owner says of a customer.
#[derive(Debug, Clone)]
pub struct Answer {
    pub renewed: Option<bool>,
    pub lost: bool,
    pub cooperation_stage: Option<CooperationStage>,
    /// What is known wrongly.
    pub corrections: Profile,
    pub note: Option<String>,
}

/// Begins a stocktake. Who does not reach everybody asks for the own department.
pub async fn create(app: &App, command: &Command, new: NewStocktake) -> Result<Stocktake> {
    let now = command.now;
    let today = app.local_date(now);
    let due_on = new.due_on.unwrap_or_else(|| quarter_end(today));
    if due_on < today {
        return Err(Fault::new(Code::StocktakeDue).at("/due_on").into());
    }
    transact(app, command, async |tx| {
        let mut department_id = new.department_id;
        match command.scope() {
            Scope::All => {}
            Scope::Department { department, .. } if department_id.is_none_or(|wanted| wanted == department) => {
                department_id = Some(department);
            }
            Scope::Department { .. } | Scope::Own { .. } => {
                return Err(Fault::new(Code::DepartmentNotFound).at("/department_id").into());
            }
        }
        let mut missing = Vec::new();
        if let Some(department) = new.department_id
            && departments::find(tx, department).await?.is_none()
        {
            missing.push(Fault::new(Code::DepartmentNotFound).at("/department_id"));
        }
        if let Some(owner) = new.owner_id
            && users::active(tx, owner).await?.is_none()
        {
            missing.push(Fault::new(Code::UserNotFound).at("/owner_id"));
        }
        if !missing.is_empty() {
            return Err(Error::Faults(missing));
        }
        let stages: Vec<&str> = new.cooperation_stages.iter().map(|stage| stage.as_str()).collect();
        let row = Stocktake {
            id: new_id(now),
            name: new.name,
            due_on,
            status: StocktakeStatus::Filling.to_string(),
            department_id,
            owner_id: new.owner_id,
            cooperation_stages: to_json(&stages)?,
            filled_to: None,
            created_by: command.actor.user_id(),
            closed_at: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let row = stocktakes::insert(tx, row).await?;
        let timer = NewTimer {
            kind: TimerKind::StocktakeFill,
            subject_id: row.id,
            unique_key: format!("stocktake_fill:{}", row.id),
            due_at: now,
            payload: serde_json::Value::Null,
        };
        timers::set(tx, now, vec![timer]).await?;
        let event = Event::StocktakeCreated { stocktake_id: row.id, due_on };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// Makes a confirmation for every customer that is asked for, a batch a transaction; whoever takes over goes on.
pub async fn fill(app: &App, timer: &Claimed) -> Result<()> {
    loop {
        let now = app.clock.now();
        let tx = app.db.begin().await?;
        let filling = |row: &Stocktake| row.status == StocktakeStatus::Filling.as_str();
        let Some(row) = stocktakes::lock(&tx, timer.subject_id).await?.filter(filling) else {
            timers::complete(&tx, timer).await?;
            return Ok(tx.commit().await?);
        };
        let customers = stocktakes::next_customers(&tx, &row, BATCH as u64).await?;
        let Some((last, _)) = customers.last().copied() else {
            if timers::complete(&tx, timer).await? {
                timers::set(&tx, now, reminders(app, &row, now)).await?;
                let event = Event::StocktakeOpened { stocktake_id: row.id };
                let open = StocktakeStatus::Open.to_string();
                stocktakes::update(&tx, Stocktake { status: open, updated_at: now, version: row.version + 1, ..row })
                    .await?;
                events::append(&tx, None, now, &[event]).await?;
            }
            return Ok(tx.commit().await?);
        };
        if !timers::renew(&tx, timer, now + LEASE_FOR).await? {
            return Ok(());
        }
        let one = |(customer_id, owner_id)| Confirmation {
            id: new_id(now),
            stocktake_id: row.id,
            customer_id,
            owner_id,
            answered_at: None,
            answered_by: None,
            renewed: None,
            lost: None,
            cooperation_stage: None,
            corrected: json!([]),
            note: None,
        };
        stocktakes::add(&tx, customers.into_iter().map(one).collect()).await?;
        stocktakes::update(&tx, Stocktake { filled_to: Some(last), ..row }).await?;
        tx.commit().await?;
    }
}

/// Those that still lie ahead.
fn reminders(app: &App, row: &Stocktake, now: DateTime<Utc>) -> Vec<NewTimer> {
    let zone = app.config.time_zone;
    let at = |days: i64| {
        let morning = row.due_on.checked_add_signed(TimeDelta::days(days))?.and_time(IN_THE_MORNING);
        let due_at = zone.from_local_datetime(&morning).earliest()?.to_utc();
        let timer = NewTimer {
            kind: TimerKind::StocktakeReminder,
            subject_id: row.id,
            unique_key: format!("stocktake_reminder:{}:{days}", row.id),
            due_at,
            payload: serde_json::Value::Null,
        };
        (due_at > now).then_some(timer)
    };
    REMINDERS.into_iter().filter_map(at).collect()
}

/// Tells every owner how much is still to be confirmed.
pub async fn remind(app: &App, timer: &Claimed) -> Result<()> {
    let now = app.clock.now();
    let tx = app.db.begin().await?;
    if !timers::complete(&tx, timer).await? {
        return Ok(());
    }
    let open = |row: &Stocktake| row.status == StocktakeStatus::Open.as_str();
    if let Some(row) = stocktakes::find(&tx, timer.subject_id).await?.filter(open) {
        let overdue = app.local_date(now) > row.due_on;
        let happened: Vec<Event> = stocktakes::progress(&tx, Scope::All, row.id)
            .await?
            .into_iter()
            .filter_map(|(owner, total, answered)| owner.map(|owner_id| (owner_id, total - answered)))
            .filter(|(_, open)| *open > 0)
            .map(|(owner_id, open)| Event::StocktakeReminded {
                stocktake_id: row.id,
                owner_id,
                open,
                due_on: row.due_on,
                overdue,
            })
            .collect();
        events::append(&tx, None, now, &happened).await?;
    }
    tx.commit().await?;
    app.jobs_wanted.notify_one();
    Ok(())
}

/// Ends a stocktake; what is open stays so.
pub async fn close(app: &App, command: &Command, id: Uuid) -> Result<Stocktake> {
    transact(app, command, async |tx| {
        let row = stocktakes::lock(tx, id).await?.ok_or(Code::StocktakeNotFound)?;
        if let Scope::Department { department, .. } = command.scope()
            && row.department_id != Some(department)
        {
            return Err(Code::StocktakeNotFound.into());
        }
        command.check_version(row.version)?;
        if row.status == StocktakeStatus::Closed.as_str() {
            return Err(Code::StocktakeClosed.into());
        }
        let row = Stocktake {
            status: StocktakeStatus::Closed.to_string(),
            closed_at: Some(command.now),
            updated_at: command.now,
            version: row.version + 1,
            ..row
        };
        let row = stocktakes::update(tx, row).await?;
        let event = Event::StocktakeClosed { stocktake_id: id };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// Confirms a customer, and corrects what is known wrongly, in one transaction.
pub async fn answer(app: &App, command: &Command, id: Uuid, answer: Answer) -> Result<Confirmation> {
    let stage = stage_of(answer.renewed, answer.lost, answer.cooperation_stage)?;
    transact(app, command, async |tx| {
        // The customer is locked first, as a merge does.
        let asked = stocktakes::find_confirmation(tx, command.scope(), id).await?.ok_or(Code::ConfirmationNotFound)?;
        let before = profiles::lock(tx, command.scope(), asked.customer_id).await?.ok_or(Code::ConfirmationNotFound)?;
        let row = stocktakes::lock_confirmation(tx, id).await?.ok_or(Code::ConfirmationNotFound)?;
        if row.answered_at.is_some() {
            return Err(Code::ConfirmationAnswered.into());
        }
        let stocktake = stocktakes::find(tx, row.stocktake_id).await?.ok_or(Code::StocktakeNotFound)?;
        if stocktake.status == StocktakeStatus::Closed.as_str() {
            return Err(Code::StocktakeClosed.into());
        }
        let mut profile = answer.corrections;
        if let Some(stage) = stage {
            profile.cooperation_stage = Some(Some(stage));
        }
        let command = &Command { expected_version: None, ..command.clone() };
        // As any edit: what is protected waits for approval, and is not among what has been corrected.
        let after = match edit(tx, command, before.clone(), profile).await.map_err(in_corrections)? {
            Edited::Done(customer) => *customer,
            Edited::Waits(asked) => asked.customer,
        };
        let corrected = changed_fields(&before, &after);
        let row = Confirmation {
            answered_at: Some(command.now),
            answered_by: command.actor.user_id(),
            renewed: answer.renewed,
            lost: Some(answer.lost),
            cooperation_stage: after.cooperation_stage,
            corrected: to_json(&corrected)?,
            note: answer.note,
            ..row
        };
        let row = stocktakes::update_confirmation(tx, row).await?;
        let event = Event::StocktakeAnswered {
            stocktake_id: row.stocktake_id,
            customer_id: row.customer_id,
            lost: answer.lost,
            corrected,
        };
        events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
        Ok(row)
    })
    .await
}

/// What is wrong with a correction stands under `/corrections`.
fn in_corrections(error: Error) -> Error {
    let Error::Faults(faults) = error else { return error };
    let inside = |fault: Fault| match &fault.pointer {
        Some(pointer) => {
            let pointer = format!("/corrections{pointer}");
            fault.at(pointer)
        }
        None => fault,
    };
    Error::Faults(faults.into_iter().map(inside).collect())
}
