//! Policies, and what this copy remembers of them: parsed once a version.

use std::sync::Arc;

use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::sla::{Calendar, CalendarSpec, PolicySpec};
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::integration::events;
use huiyin_persistence::sla::calendars;
use huiyin_persistence::sla::policies::{self, InForce, StoredPolicy};
use huiyin_persistence::support::{from_json, new_id, to_json};
use moka::sync::Cache;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact, unique_as};

/// A policy and its calendar, ready to compute with.
#[derive(Debug)]
pub struct Effective {
    pub policy_id: Uuid,
    pub calendar_id: Uuid,
    pub spec: PolicySpec,
    pub calendar: Arc<Calendar>,
}

/// Policies and calendars by id and version: what is held is never out of date.
pub struct Policies {
    policies: Cache<InForce, Arc<Effective>>,
    calendars: Cache<(Uuid, i64), Arc<Calendar>>,
}

impl Default for Policies {
    fn default() -> Self {
        Policies { policies: Cache::new(256), calendars: Cache::new(256) }
    }
}

/// The policy for new feedback.
pub async fn in_force(app: &App, db: &impl ConnectionTrait) -> Result<Option<Arc<Effective>>> {
    match policies::in_force(db).await? {
        Some(versions) => effective(app, db, versions).await.map(Some),
        None => Ok(None),
    }
}

/// One policy by id, active or not.
pub async fn by_id(app: &App, db: &impl ConnectionTrait, id: Uuid) -> Result<Option<Arc<Effective>>> {
    match policies::versions(db, id).await? {
        Some(versions) => effective(app, db, versions).await.map(Some),
        None => Ok(None),
    }
}

async fn effective(app: &App, db: &impl ConnectionTrait, versions: InForce) -> Result<Arc<Effective>> {
    if let Some(known) = app.policies.policies.get(&versions) {
        return Ok(known);
    }
    let stored = policies::find(db, versions.policy_id).await?.ok_or(Code::PolicyNotFound)?;
    let spec: PolicySpec = from_json(&stored.spec)?;
    let calendar = calendar(app, db, versions.calendar_id).await?;
    let effective =
        Arc::new(Effective { policy_id: versions.policy_id, calendar_id: versions.calendar_id, spec, calendar });
    app.policies.policies.insert(versions, effective.clone());
    Ok(effective)
}

/// A calendar, parsed.
pub async fn calendar(app: &App, db: &impl ConnectionTrait, id: Uuid) -> Result<Arc<Calendar>> {
    let stored = calendars::find(db, id).await?.ok_or(Code::CalendarNotFound)?;
    if let Some(known) = app.policies.calendars.get(&(id, stored.version)) {
        return Ok(known);
    }
    let spec: CalendarSpec = from_json(&stored.spec)?;
    let parsed = Calendar::try_from(spec).map_err(|faults| Error::broken("stored calendar", format!("{faults:?}")))?;
    let parsed = Arc::new(parsed);
    app.policies.calendars.insert((id, stored.version), parsed.clone());
    Ok(parsed)
}

fn check(spec: &PolicySpec) -> Result<()> {
    let fault = |fault: huiyin_domain::sla::PolicyFault| {
        Fault::new(Code::InvalidValue).at(fault.pointer).with("reason", format!("{:?}", fault.kind))
    };
    let faults: Vec<Fault> = spec.faults().into_iter().map(fault).collect();
    if !faults.is_empty() {
        return Err(Error::Faults(faults));
    }
    match spec.crossed_step() {
        Some(step) => Err(Fault::new(Code::EscalationConflict).at(format!("/escalation/{step}")).into()),
        None => Ok(()),
    }
}

async fn check_calendar(db: &impl ConnectionTrait, id: Uuid) -> Result<()> {
    match calendars::find(db, id).await? {
        Some(_) => Ok(()),
        None => Err(Fault::new(Code::CalendarNotFound).at("/calendar_id").into()),
    }
}

pub async fn create(app: &App, command: &Command, calendar_id: Uuid, spec: PolicySpec) -> Result<StoredPolicy> {
    check(&spec)?;
    let now = command.now;
    let policy = StoredPolicy {
        id: new_id(now),
        name: spec.name.clone(),
        active: false,
        calendar_id,
        spec: to_json(&spec)?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    transact(app, command, async |tx| {
        check_calendar(tx, calendar_id).await?;
        let policy = policies::insert(tx, policy).await.map_err(unique_as(Code::NameTaken))?;
        events::append(tx, command.actor.user_id(), now, &[Event::PolicyCreated { policy_id: policy.id }]).await?;
        Ok(policy)
    })
    .await
}

/// Changes a policy. New feedback goes by the new targets.
pub async fn update(
    app: &App,
    command: &Command,
    id: Uuid,
    change: impl FnOnce(PolicySpec) -> PolicySpec,
    calendar_id: Option<Uuid>,
) -> Result<StoredPolicy> {
    transact(app, command, async |tx| {
        let before = policies::lock(tx, id).await?.ok_or(Code::PolicyNotFound)?;
        command.check_version(before.version)?;
        let spec = change(from_json(&before.spec)?);
        check(&spec)?;
        if let Some(calendar) = calendar_id {
            check_calendar(tx, calendar).await?;
        }
        let after = StoredPolicy {
            name: spec.name.clone(),
            spec: to_json(&spec)?,
            calendar_id: calendar_id.unwrap_or(before.calendar_id),
            ..before.clone()
        };
        if after == before {
            return Ok(before);
        }
        let after = StoredPolicy { updated_at: command.now, version: before.version + 1, ..after };
        let after = policies::update(tx, after).await.map_err(unique_as(Code::NameTaken))?;
        events::append(tx, command.actor.user_id(), command.now, &[Event::PolicyUpdated { policy_id: id }]).await?;
        Ok(after)
    })
    .await
}

/// Makes a policy the one for new feedback.
pub async fn activate(app: &App, command: &Command, id: Uuid) -> Result<StoredPolicy> {
    transact(app, command, async |tx| {
        policies::deactivate_all(tx).await?;
        let policy = policies::lock(tx, id).await?.ok_or(Code::PolicyNotFound)?;
        let version = policy.version + 1;
        let policy =
            policies::update(tx, StoredPolicy { active: true, updated_at: command.now, version, ..policy }).await?;
        events::append(tx, command.actor.user_id(), command.now, &[Event::PolicyActivated { policy_id: id }]).await?;
        Ok(policy)
    })
    .await
}
