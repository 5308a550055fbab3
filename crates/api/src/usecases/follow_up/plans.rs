//! Follow-up plans (回访计划): made and changed. What makes their tasks is elsewhere.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::follow_up::plan::{
    Definition, PlanAction, Touchpoint as Written, after, over, seen_until, touchpoint_faults,
};
use huiyin_domain::follow_up::preset::Preset;
use huiyin_domain::follow_up::{Assignment, PlanStatus, Trigger};
use huiyin_domain::identity::{Actor, Permission, Role, Scope};
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::follow_up::plans::{self, Plan, Touchpoint};
use huiyin_persistence::follow_up::scripts;
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use huiyin_persistence::tiering::segments;
use huiyin_persistence::{DbErr, Tx};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::generation;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// A plan with its touchpoints.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct View {
    pub plan: Plan,
    pub touchpoints: Vec<Touchpoint>,
}

/// A plan to make.
#[derive(Debug, Clone)]
pub struct NewPlan {
    pub definition: Definition,
    pub touchpoints: Vec<Written>,
    pub preset: Option<Preset>,
    /// It makes tasks from now on; else it is a draft.
    pub start: bool,
}

/// A touchpoint as it is to be: one that there is (`id`), or a new one.
#[derive(Debug, Clone)]
pub struct TouchpointChange {
    pub id: Option<Uuid>,
    pub touchpoint: Written,
}

/// What a stored plan says.
pub fn definition(row: &Plan) -> Result<Definition, DbErr> {
    Ok(Definition {
        name: row.name.clone(),
        description: row.description.clone(),
        segment_id: row.segment_id,
        condition: row.condition.clone(),
        purpose: stored(&row.purpose)?,
        method: stored(&row.method)?,
        script_id: row.script_id,
        priority: stored(&row.priority)?,
        assignment: from_json(&row.assignment)?,
        department_id: row.department_id,
        catch_up: stored(&row.catch_up)?,
        goal: row.goal.as_ref().map(from_json).transpose()?,
        incentive: row.incentive.clone(),
    })
}

/// What a stored touchpoint says.
pub fn written(row: &Touchpoint) -> Result<Written, DbErr> {
    Ok(Written {
        name: row.name.clone(),
        trigger: from_json(&row.trigger)?,
        window_days: row.window_days.unsigned_abs(),
    })
}

/// Lays what a plan says over its row.
fn lay_over(said: Definition, touchpoints: &[Written], row: Plan) -> Result<Plan, DbErr> {
    Ok(Plan {
        personal: said.is_personal(touchpoints),
        name: said.name.trim().to_owned(),
        description: said.description,
        segment_id: said.segment_id,
        condition: said.condition,
        purpose: said.purpose.to_string(),
        method: said.method.to_string(),
        script_id: said.script_id,
        priority: said.priority.to_string(),
        assignment: to_json(&said.assignment)?,
        department_id: said.department_id,
        catch_up: said.catch_up.to_string(),
        goal: said.goal.as_ref().map(to_json).transpose()?,
        incentive: said.incentive,
        ..row
    })
}

/// A new touchpoint of a plan; `seen` is up to when it has been seen to.
fn new_touchpoint(
    plan_id: Uuid,
    place: usize,
    said: &Written,
    seen: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Touchpoint, DbErr> {
    Ok(Touchpoint {
        id: new_id(now),
        plan_id,
        position: position(place),
        name: said.name.trim().to_owned(),
        trigger_kind: said.trigger.kind().to_owned(),
        event: said.trigger.event().map(|event| event.to_string()),
        trigger: to_json(&said.trigger)?,
        window_days: days(said),
        created_at: now,
        retired_at: None,
        swept_until: seen,
    })
}

fn position(place: usize) -> i32 {
    i32::try_from(place).unwrap_or(i32::MAX)
}

fn days(said: &Written) -> i32 {
    i32::try_from(said.window_days).unwrap_or(i32::MAX)
}

/// The department of whoever does not reach everything: plans of theirs are of it.
fn own_department(actor: &Actor) -> Option<Uuid> {
    actor.department.filter(|_| actor.scope() != Scope::All)
}

/// Whether somebody manages the plans of this department, or of none.
fn manages(actor: &Actor, department: Option<Uuid>) -> bool {
    actor.scope() == Scope::All || (department.is_some() && department == actor.department)
}

/// Whether somebody may be told of all customers of a department, or of all there are, by what personal data says: whoever
/// is in the plan is named in its tasks.
fn tells(actor: &Actor, department: Option<Uuid>) -> bool {
    match actor.personal_data_scope() {
        Some(Scope::All) => true,
        Some(Scope::Department { department: own, .. }) => department == Some(own),
        Some(Scope::Own { .. }) | None => false,
    }
}

fn at(code: Code, pointer: &str) -> Fault {
    Fault::new(code).at(pointer)
}

fn all_or_none(faults: Vec<Fault>) -> Result<()> {
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

/// Names everything at once in which a plan contradicts itself or what is configured, and then every reference to what
/// is not there.
pub(super) async fn check(tx: &Tx, command: &Command, said: &Definition, touchpoints: &[Written]) -> Result<()> {
    let fields = custom_fields::active(tx).await?;
    let mut faults = said.faults(&fields);
    faults.extend(touchpoint_faults(touchpoints, &fields));
    if !manages(&command.actor, said.department_id) {
        faults.push(at(Code::PlanNotYours, "/department_id"));
    }
    all_or_none(faults)?;

    let mut missing = Vec::new();
    if let Some(department) = said.department_id
        && departments::find(tx, department).await?.is_none()
    {
        missing.push(at(Code::DepartmentNotFound, "/department_id"));
    }
    let segment = match said.segment_id {
        Some(segment) => segments::find(tx, segment).await?,
        None => None,
    };
    if said.segment_id.is_some() && segment.is_none() {
        missing.push(at(Code::SegmentNotFound, "/segment_id"));
    }
    let of_segment = segment.is_some_and(|segment| segment.personal);
    if (of_segment || said.is_personal(touchpoints)) && !tells(&command.actor, said.department_id) {
        let pointer = if of_segment { "/segment_id" } else { "/condition" };
        missing.push(at(Code::Forbidden, pointer).with("permission", Permission::PersonalDataRead));
    }
    if let Some(script) = said.script_id
        && scripts::find(tx, script).await?.is_none()
    {
        missing.push(at(Code::ScriptNotFound, "/script_id"));
    }
    let (pointer, given_to) = match said.assignment {
        Assignment::Owner => return all_or_none(missing),
        Assignment::RoundRobin { department_id }
        | Assignment::LeastLoaded { department_id }
        | Assignment::Pool { department_id } => {
            let found = departments::find(tx, department_id).await?;
            missing.extend(found.is_none().then(|| at(Code::DepartmentNotFound, "/assignment/department_id")));
            ("/assignment/department_id", Some(department_id))
        }
        Assignment::User { user_id } => {
            let found = users::active(tx, user_id).await?;
            missing.extend(found.is_none().then(|| at(Code::UserNotFound, "/assignment/user_id")));
            if let Some(user) = &found
                && !stored::<Role>(&user.role)?.grants(Permission::FollowUpHandle)
            {
                let reason = format!("{}: no {}", user.role, Permission::FollowUpHandle);
                return Err(at(Code::PlanConflict, "/assignment/user_id").with("reason", reason).into());
            }
            ("/assignment/user_id", found.and_then(|user| user.department_id))
        }
    };
    all_or_none(missing)?;
    if manages(&command.actor, given_to) { Ok(()) } else { Err(at(Code::PlanNotYours, pointer).into()) }
}

/// Loads and locks a plan that the actor manages, in the version that he has seen.
pub(super) async fn lock(tx: &Tx, command: &Command, id: Uuid) -> Result<Plan> {
    let plan = plans::lock(tx, command.scope(), id).await?.ok_or(Code::PlanNotFound)?;
    if !manages(&command.actor, plan.department_id) {
        return Err(Code::PlanNotYours.into());
    }
    command.check_version(plan.version)?;
    Ok(plan)
}

/// Everything that is done with a plan ends here: what happened is told, and its touchpoints are looked at.
pub(super) async fn tell(tx: &Tx, command: &Command, plan: Plan, happened: &[Event]) -> Result<View> {
    if !happened.is_empty() && plan.started_at.is_some() {
        generation::set_out(tx, plan.id, command.now).await?;
    }
    events::append(tx, command.actor.user_id(), command.now, happened).await?;
    let touchpoints = plans::touchpoints(tx, plan.id).await?;
    Ok(View { plan, touchpoints })
}

/// Makes a plan: a draft, or one that makes tasks from now on. Whoever does not reach everything makes it for the own
/// department.
pub async fn create(app: &App, command: &Command, new: NewPlan) -> Result<View> {
    let now = command.now;
    transact(app, command, async |tx| {
        let NewPlan { mut definition, touchpoints, preset, start } = new;
        definition.department_id = definition.department_id.or_else(|| own_department(&command.actor));
        check(tx, command, &definition, &touchpoints).await?;
        if start {
            let triggers = touchpoints.iter().map(|touchpoint| &touchpoint.trigger).enumerate();
            all_or_none(over(triggers, app.local_date(now)))?;
        }
        let blank = Plan {
            id: new_id(now),
            name: String::new(),
            description: None,
            preset: preset.map(|preset| preset.to_string()),
            status: if start { PlanStatus::Active } else { PlanStatus::Draft }.to_string(),
            segment_id: None,
            condition: None,
            personal: false,
            purpose: String::new(),
            method: String::new(),
            script_id: None,
            priority: String::new(),
            assignment: serde_json::Value::Null,
            department_id: None,
            catch_up: String::new(),
            goal: None,
            incentive: None,
            started_at: start.then_some(now),
            paused_at: None,
            ended_at: None,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let plan = plans::insert(tx, lay_over(definition, &touchpoints, blank)?).await?;
        let rows = touchpoints.iter().enumerate().map(|(place, said)| {
            let seen = start.then(|| seen_until(&said.trigger, None, now, app.config.time_zone));
            new_touchpoint(plan.id, place, said, seen, now)
        });
        plans::insert_touchpoints(tx, rows.collect::<Result<_, DbErr>>()?).await?;
        let plan_id = plan.id;
        let mut happened = vec![Event::FollowUpPlanCreated { plan_id, preset, department_id: plan.department_id }];
        happened.extend(start.then_some(Event::FollowUpPlanStarted { plan_id }));
        tell(tx, command, plan, &happened).await
    })
    .await
}

/// Changes a plan. Tasks that there are stay as they are, those to come follow. A touchpoint whose trigger is changed is
/// retired and another takes its place; `touchpoints` are all that there are to be.
pub async fn update(
    app: &App,
    command: &Command,
    id: Uuid,
    change: impl FnOnce(&mut Definition),
    touchpoints: Option<Vec<TouchpointChange>>,
) -> Result<View> {
    transact(app, command, async |tx| {
        let before = lock(tx, command, id).await?;
        after(stored(&before.status)?, PlanAction::Change)?;
        let said = definition(&before)?;
        let mut wanted = said.clone();
        change(&mut wanted);
        let present = plans::touchpoints(tx, id).await?;
        let list: Vec<Written> = match &touchpoints {
            Some(touchpoints) => touchpoints.iter().map(|one| one.touchpoint.clone()).collect(),
            None => present.iter().map(written).collect::<Result<_, DbErr>>()?,
        };
        check(tx, command, &wanted, &list).await?;
        let mut fields = changed_fields(&said, &wanted);
        if let Some(touchpoints) = touchpoints
            && replace(app, tx, command, &before, present, touchpoints).await?
        {
            fields.push("touchpoints".to_owned());
        }
        if fields.is_empty() {
            return tell(tx, command, before, &[]).await;
        }
        let version = before.version + 1;
        let row = lay_over(wanted, &list, Plan { updated_at: command.now, version, ..before })?;
        let plan = plans::update(tx, row).await?;
        tell(tx, command, plan, &[Event::FollowUpPlanUpdated { plan_id: id, fields }]).await
    })
    .await
}

/// Puts these touchpoints in the place of those that there are; `false`: they are the same.
async fn replace(
    app: &App,
    tx: &Tx,
    command: &Command,
    plan: &Plan,
    mut present: Vec<Touchpoint>,
    wanted: Vec<TouchpointChange>,
) -> Result<bool> {
    let (now, zone) = (command.now, app.config.time_zone);
    // Of a draft nothing is seen to before it starts.
    let runs = stored::<PlanStatus>(&plan.status)? != PlanStatus::Draft;
    let mut moved = false;
    let mut new = Vec::new();
    let mut fresh: Vec<(usize, Trigger)> = Vec::new();
    let (mut unknown, mut gone) = (Vec::new(), Vec::new());
    let named: HashSet<Uuid> = wanted.iter().filter_map(|one| one.id).collect();
    for (place, TouchpointChange { id, touchpoint: said }) in wanted.into_iter().enumerate() {
        let known = match id {
            Some(id) => Some(present.iter().position(|row| row.id == id)),
            None => alike(&present, &named, &said)?.map(Some),
        };
        if known == Some(None) {
            unknown.push(at(Code::TouchpointNotFound, &format!("/touchpoints/{place}/id")));
            continue;
        }
        let row = known.flatten().map(|at| present.swap_remove(at));
        let trigger = row.as_ref().map(|row| from_json::<Trigger>(&row.trigger)).transpose()?;
        match (row, trigger) {
            (Some(row), Some(trigger)) if trigger == said.trigger => {
                let same = Touchpoint {
                    name: said.name.trim().to_owned(),
                    window_days: days(&said),
                    position: position(place),
                    ..row.clone()
                };
                if same != row {
                    plans::update_touchpoint(tx, same).await?;
                    moved = true;
                }
            }
            (row, trigger) => {
                let seen = runs.then(|| seen_until(&said.trigger, trigger.as_ref(), now, zone));
                new.push(new_touchpoint(plan.id, place, &said, seen, now)?);
                fresh.push((place, said.trigger));
                gone.extend(row);
            }
        }
    }
    all_or_none(unknown)?;
    if runs {
        all_or_none(over(fresh.iter().map(|(place, trigger)| (*place, trigger)), app.local_date(now)))?;
    }
    // What is left is wanted no more.
    gone.extend(present);
    moved |= !new.is_empty() || !gone.is_empty();
    for row in gone {
        plans::update_touchpoint(tx, Touchpoint { retired_at: Some(now), ..row }).await?;
    }
    plans::insert_touchpoints(tx, new).await?;
    Ok(moved)
}

/// The one among those that nobody has named that has the same trigger, and the same name if there are several: whoever
/// sends a plan back as it was made, without ids, does not want its customers contacted anew.
fn alike(present: &[Touchpoint], named: &HashSet<Uuid>, said: &Written) -> Result<Option<usize>, DbErr> {
    let mut found = None;
    for (place, row) in present.iter().enumerate() {
        if named.contains(&row.id) || written(row)?.trigger != said.trigger {
            continue;
        }
        if row.name == said.name.trim() {
            return Ok(Some(place));
        }
        found = found.or(Some(place));
    }
    Ok(found)
}

fn changed_fields(before: &Definition, after: &Definition) -> Vec<String> {
    let changes = [
        ("name", before.name != after.name.trim()),
        ("description", before.description != after.description),
        ("segment_id", before.segment_id != after.segment_id),
        ("condition", before.condition != after.condition),
        ("purpose", before.purpose != after.purpose),
        ("method", before.method != after.method),
        ("script_id", before.script_id != after.script_id),
        ("priority", before.priority != after.priority),
        ("assignment", before.assignment != after.assignment),
        ("department_id", before.department_id != after.department_id),
        ("catch_up", before.catch_up != after.catch_up),
        ("goal", before.goal != after.goal),
        ("incentive", before.incentive != after.incentive),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
