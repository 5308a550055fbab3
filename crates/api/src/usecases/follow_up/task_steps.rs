//! What people do with follow-up tasks: give one, begin, try again later, postpone, hand on, call off.

use chrono::{DateTime, SubsecRound, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::task::{Errand, Hands, NotReached, TaskStep, Window};
use huiyin_domain::follow_up::{CancelCause, FollowUpMethod, TaskOrigin, TaskOutcome, TaskPriority, TaskState};
use huiyin_domain::identity::{Permission, Role, Scope, stand_in};
use huiyin_persistence::customers::{merging as merged, profiles};
use huiyin_persistence::follow_up::attempts::{self, Attempt, Postponement};
use huiyin_persistence::follow_up::scripts;
use huiyin_persistence::follow_up::tasks::{self, Task};
use huiyin_persistence::identity::{absences, departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, stored};
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use super::limits::limits;
use super::tasks::{NewTask, Timing, alarm_anew, cancel as call_off, errand, lay_over, new_task, store_closed};
use super::verification;
use crate::usecases::App;
use crate::usecases::customers::merging::missing;
use crate::usecases::support::{Command, Error, Result, transact};

/// A task that somebody gives by hand.
#[derive(Debug, Clone)]
pub struct Given {
    pub customer_id: Uuid,
    pub title: String,
    pub note: Option<String>,
    pub method: FollowUpMethod,
    pub script_id: Option<Uuid>,
    pub priority: TaskPriority,
    pub due_from: Option<DateTime<Utc>>,
    pub due_by: DateTime<Utc>,
    /// Oneself where neither is given; the department's pool where only that is.
    pub assignee_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
}

/// What is said anew. `None`: not said.
#[derive(Debug, Clone, Default)]
pub struct Change {
    pub title: Option<String>,
    pub note: Option<Option<String>>,
    pub priority: Option<TaskPriority>,
    pub due_from: Option<DateTime<Utc>>,
    pub due_by: Option<DateTime<Utc>>,
}

/// Gives a task for a customer within reach.
pub async fn give(app: &App, command: &Command, given: Given) -> Result<Task> {
    transact(app, command, async |tx| {
        let (now, me) = (command.now, command.actor.user_id());
        let window = Window { from: given.due_from.unwrap_or(now), by: given.due_by };
        let mut faults = window.check(now);
        let Some(customer) = profiles::find(tx, command.scope(), given.customer_id).await? else {
            let mut all = vec![missing(tx, command.scope(), given.customer_id).await?.at("/customer_id")];
            all.extend(faults);
            return Err(Error::Faults(all));
        };
        if let Some(script) = given.script_id
            && scripts::find(tx, script).await?.is_none()
        {
            faults.push(Fault::new(Code::ScriptNotFound).at("/script_id"));
        }
        let nobody = given.assignee_id.is_none() && given.department_id.is_none();
        let wanted = if nobody { me } else { given.assignee_id };
        let hands = hands(tx, command, wanted, given.department_id).await?;
        let hands = hands.map_err(|more| faults.extend(more)).unwrap_or_default();
        if !faults.is_empty() {
            return Err(Error::Faults(faults));
        }
        let own_pool = hands.assignee.is_none() && hands.department == command.actor.department;
        let own = (wanted.is_some() && wanted == me) || (own_pool && wanted.is_none());
        if !own && !command.actor.may(Permission::FollowUpAssign) {
            return Err(Fault::new(Code::Forbidden).with("permission", Permission::FollowUpAssign).into());
        }
        let moved = merged::hold(tx, &[customer.id]).await?;
        let new = NewTask {
            origin: TaskOrigin::Manual,
            plan_id: None,
            touchpoint_id: None,
            customer_id: Some(moved.get(&customer.id).copied().unwrap_or(customer.id)),
            occasion: None,
            feedback_id: None,
            source_record_id: None,
            title: given.title.trim().to_owned(),
            note: given.note,
            method: given.method,
            script_id: given.script_id,
            priority: given.priority,
            tier: None,
            hands,
            due_from: window.from,
            due_by: window.by,
            created_by: me,
            prompted_by: me,
        };
        let (task, happened) = new_task(app, tx, now, new).await?;
        events::append(tx, me, now, &happened).await?;
        Ok(task)
    })
    .await
}

/// In whose hands something comes that is meant for a person, or for the pool of a department. Who is away is stood in
/// for; where nobody is, it lies in the pool. What somebody takes for himself is his.
pub(super) async fn hands(
    tx: &Tx,
    command: &Command,
    assignee: Option<Uuid>,
    department: Option<Uuid>,
) -> Result<Result<Hands, Vec<Fault>>> {
    let mut faults = Vec::new();
    if let Some(department) = department
        && departments::find(tx, department).await?.is_none()
    {
        faults.push(Fault::new(Code::DepartmentNotFound).at("/department_id"));
    }
    let Some(wanted) = assignee else {
        if department.is_none() {
            faults.push(Fault::new(Code::ReferenceMissing).at("/assignee_id").with("name", "assignee_id"));
        }
        return Ok(if faults.is_empty() { Ok(Hands { department, ..Hands::default() }) } else { Err(faults) });
    };
    let Some(user) = users::active(tx, wanted).await? else {
        faults.push(Fault::new(Code::UserNotFound).at("/assignee_id"));
        return Ok(Err(faults));
    };
    if !stored::<Role>(&user.role)?.grants(Permission::FollowUpHandle) {
        faults.push(Fault::new(Code::AssigneeCannotFollowUp).at("/assignee_id").with("role", &user.role));
    }
    if department.is_some() && user.department_id != department {
        faults.push(Fault::new(Code::HandlerOutsideDepartment).at("/assignee_id"));
    }
    if !faults.is_empty() {
        return Ok(Err(faults));
    }
    let department = department.or(user.department_id);
    let direct = Hands { assignee, department, instead_of: None };
    if assignee == command.actor.user_id() {
        return Ok(Ok(direct));
    }
    Ok(Ok(match stand_in(wanted, &absences::away(tx, command.now).await?) {
        Some(one) if one != wanted => Hands { assignee: Some(one), department, instead_of: assignee },
        // In nobody's reach it would be lost.
        None if department.is_some() => Hands { assignee: None, department, instead_of: assignee },
        _ => direct,
    }))
}

/// Loads and locks a task that the actor may work on.
async fn take(tx: &Tx, command: &Command, id: Uuid) -> Result<(Task, Errand)> {
    let task = tasks::lock(tx, command.scope(), id).await?.ok_or(Code::TaskNotFound)?;
    command.check_version(task.version)?;
    let errand = errand(&task)?;
    errand.worked_on_by(&command.actor)?;
    Ok((task, errand))
}

async fn tell(tx: &Tx, command: &Command, happened: &[Event]) -> Result<()> {
    Ok(events::append(tx, command.actor.user_id(), command.now, happened).await?)
}

/// Whether somebody else of the caller's department has it: with his start it left the reach of those for whom it lay in
/// the pool, and they are told so instead of that there is no such task.
async fn taken(db: &impl ConnectionTrait, command: &Command, id: Uuid) -> Result<bool> {
    let Scope::Own { user, department: Some(department) } = command.scope() else { return Ok(false) };
    let found = tasks::find(db, Scope::Department { user, department }, id).await?;
    Ok(found.is_some_and(|task| task.assignee_id.is_some()))
}

/// Somebody begins with it; what lay in the pool is his by that.
pub async fn start(app: &App, command: &Command, id: Uuid) -> Result<Task> {
    let started = transact(app, command, async |tx| {
        let (task, errand) = take(tx, command, id).await?;
        let TaskStep { errand, event } = errand.start(command.actor.user_id())?;
        let task = tasks::update(tx, lay_over(task, &errand, None, command.now)).await?;
        tell(tx, command, &[event]).await?;
        Ok(task)
    });
    match started.await {
        Err(error) if error.is(Code::TaskNotFound) && taken(&app.db, command, id).await? => Err(Code::TaskTaken.into()),
        outcome => outcome,
    }
}

/// Nobody was reached.
#[derive(Debug, Clone)]
pub struct Miss {
    pub reason: NotReached,
    pub note: Option<String>,
    /// The opening of the next working day unless given.
    pub next_attempt_at: Option<DateTime<Utc>>,
}

/// Records an attempt that reached nobody. The last one closes the task.
pub async fn could_not_reach(app: &App, command: &Command, id: Uuid, miss: Miss) -> Result<Task> {
    let (now, by) = (command.now, command.actor.user_id());
    transact(app, command, async |tx| {
        let (task, errand) = take(tx, command, id).await?;
        let timing = Timing::load(app, tx).await?;
        let next = miss.next_attempt_at.map_or_else(|| timing.hours().next_opening(now), |at| at.trunc_subsecs(6));
        let TaskStep { errand, event } =
            errand.could_not_reach(by, miss.reason, next, limits(tx).await?.limits, now)?;
        let attempt = Attempt {
            id: new_id(now),
            task_id: id,
            number: errand.attempts,
            tried_at: now,
            tried_by: by,
            reason: miss.reason.to_string(),
            note: miss.note,
            next_attempt_at: errand.next_attempt_at,
        };
        attempts::insert(tx, attempt).await?;
        let task = lay_over(task, &errand, by, now);
        if errand.state == TaskState::Completed {
            let task = store_closed(tx, task).await?;
            let mut happened = vec![event, errand.completed(TaskOutcome::Unreachable, now)];
            if errand.origin == TaskOrigin::Verification {
                happened.extend(verification::left_to_head(tx, &task).await?);
            }
            tell(tx, command, &happened).await?;
            return Ok(task);
        }
        let task = tasks::update(tx, alarm_anew(&timing, task, now)?).await?;
        tell(tx, command, &[event]).await?;
        Ok(task)
    })
    .await
}

/// A later time.
#[derive(Debug, Clone)]
pub struct Later {
    /// As long before the end as it was, unless given.
    pub due_from: Option<DateTime<Utc>>,
    pub due_by: DateTime<Utc>,
    pub reason: String,
}

/// It is done later, and why.
pub async fn postpone(app: &App, command: &Command, id: Uuid, later: Later) -> Result<Task> {
    let (now, by) = (command.now, command.actor.user_id());
    transact(app, command, async |tx| {
        let (task, errand) = take(tx, command, id).await?;
        let (before, due_by) = (task.due_by, later.due_by.trunc_subsecs(6));
        let due_from = later.due_from.map_or(due_by - (before - task.due_from), |at| at.trunc_subsecs(6));
        let to = Window { from: due_from, by: due_by };
        let step = errand.postpone(to, limits(tx).await?.limits, now).map_err(Error::Faults)?;
        let postponement = Postponement {
            id: new_id(now),
            task_id: id,
            number: step.errand.postponements,
            reason: later.reason,
            due_before: before,
            due_by,
            postponed_by: by,
            postponed_at: now,
        };
        attempts::postpone(tx, postponement).await?;
        let timing = Timing::load(app, tx).await?;
        let task = alarm_anew(&timing, lay_over(task, &step.errand, by, now), now)?;
        let task = tasks::update(tx, task).await?;
        tell(tx, command, &[step.event]).await?;
        Ok(task)
    })
    .await
}

/// Puts it into other hands: a person's, or those of a department's pool. Directors may, who work on none themselves.
pub async fn reassign(
    app: &App,
    command: &Command,
    id: Uuid,
    assignee: Option<Uuid>,
    department: Option<Uuid>,
) -> Result<Task> {
    transact(app, command, async |tx| {
        let task = tasks::lock(tx, command.scope(), id).await?.ok_or(Code::TaskNotFound)?;
        command.check_version(task.version)?;
        let errand = errand(&task)?;
        if command.actor.role != Role::Director {
            errand.worked_on_by(&command.actor)?;
        }
        let to = hands(tx, command, assignee, department).await?.map_err(Error::Faults)?;
        let step = errand.clone().reassign(to)?;
        if to == (Hands { assignee: errand.assignee, department: errand.department, instead_of: errand.instead_of }) {
            // Where it is already.
            return Ok(task);
        }
        let task = tasks::update(tx, lay_over(task, &step.errand, None, command.now)).await?;
        tell(tx, command, &[step.event]).await?;
        Ok(task)
    })
    .await
}

/// It is not done any more, and why.
pub async fn cancel(app: &App, command: &Command, id: Uuid, reason: String) -> Result<Task> {
    transact(app, command, async |tx| {
        let (task, _) = take(tx, command, id).await?;
        let by = command.actor.user_id();
        let (task, event) = call_off(tx, by, task, CancelCause::Person, Some(reason), command.now).await?;
        tell(tx, command, &[event]).await?;
        Ok(task)
    })
    .await
}

/// Says anew what it is about, and, for those who may, when it is due and how pressing it is.
pub async fn update(app: &App, command: &Command, id: Uuid, change: Change) -> Result<Task> {
    let now = command.now;
    transact(app, command, async |tx| {
        let (before, errand) = take(tx, command, id).await?;
        let at = |given: Option<DateTime<Utc>>, kept: DateTime<Utc>| given.map_or(kept, |at| at.trunc_subsecs(6));
        let to = Window { from: at(change.due_from, before.due_from), by: at(change.due_by, before.due_by) };
        let priority = change.priority.unwrap_or(errand.priority);
        let planner = errand.clone();
        let (errand, planned) = errand.plan_anew(to, priority, now).map_err(Error::Faults)?;
        if !planned.is_empty() {
            planner.planned_by(&command.actor)?;
        }
        let mut task = before.clone();
        if let Some(title) = change.title {
            task.title = title.trim().to_owned();
        }
        task.note = change.note.unwrap_or(task.note);
        let said = [("title", task.title != before.title), ("note", task.note != before.note)];
        let said = said.into_iter().filter(|(_, changed)| *changed).map(|(name, _)| name);
        let fields: Vec<String> = said.chain(planned.iter().copied()).map(str::to_owned).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        let mut task = lay_over(task, &errand, None, now);
        if planned.iter().any(|field| field.starts_with("due")) {
            task = alarm_anew(&Timing::load(app, tx).await?, task, now)?;
        }
        let task = tasks::update(tx, task).await?;
        tell(tx, command, &[Event::FollowUpTaskUpdated { task_id: id, customer_id: task.customer_id, fields }]).await?;
        Ok(task)
    })
    .await
}
