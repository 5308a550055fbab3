//! What a preview is asked of: a plan that is stored, or one that is not yet.

use chrono::{DateTime, Utc};
use huiyin_domain::fault::Code;
use huiyin_domain::follow_up::plan::{Definition, Touchpoint, over, seen_until};
use huiyin_domain::identity::{Actor, Scope};
use huiyin_domain::tiering::condition::Moment;
use huiyin_persistence::ConnectionTrait;
use huiyin_persistence::follow_up::plans;
use huiyin_persistence::support::{from_json, stored};
use huiyin_persistence::tiering::segments;
use uuid::Uuid;

use super::making::audience;
use super::plans::check;
use super::preview::{Look, Question};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result};

impl Question {
    /// What a stored plan would bring from what it has seen to on; of a draft, from today on.
    pub async fn of_stored(app: &App, actor: &Actor, plan: Uuid, now: DateTime<Utc>, days: u32) -> Result<Question> {
        let zone = app.config.time_zone;
        let plan = plans::find(&app.db, actor.scope(), plan).await?.ok_or(Code::PlanNotFound)?;
        let mut looks = Vec::new();
        // What has ended brings nothing.
        if plan.ended_at.is_none() {
            for touchpoint in plans::touchpoints(&app.db, plan.id).await? {
                let trigger = from_json(&touchpoint.trigger)?;
                let seen = touchpoint.swept_until.unwrap_or_else(|| seen_until(&trigger, None, now, zone));
                looks.push(Look { touchpoint_id: Some(touchpoint.id), trigger, seen_until: seen });
            }
        }
        Ok(Question {
            audience: audience(plan.department_id, plan.segment_id, plan.condition.as_ref(), Moment { now, zone })?,
            assignment: from_json(&plan.assignment)?,
            department_id: plan.department_id,
            catch_up: stored(&plan.catch_up)?,
            touchpoints: looks,
            days,
            scope: actor.scope(),
            personal: personal(&app.db, actor, plan.personal, plan.segment_id).await?,
        })
    }

    /// What a plan would bring that started now: checked as one that is made.
    pub async fn of_draft(
        app: &App,
        command: &Command,
        mut definition: Definition,
        touchpoints: Vec<Touchpoint>,
        days: u32,
    ) -> Result<Question> {
        let (actor, now, zone) = (&command.actor, command.now, app.config.time_zone);
        let own = actor.department.filter(|_| actor.scope() != Scope::All);
        definition.department_id = definition.department_id.or(own);
        let tx = app.db.begin().await?;
        check(&tx, command, &definition, &touchpoints).await?;
        tx.rollback().await?;
        let gone = over(touchpoints.iter().map(|touchpoint| &touchpoint.trigger).enumerate(), app.local_date(now));
        if !gone.is_empty() {
            return Err(Error::Faults(gone));
        }
        let is_personal = definition.is_personal(&touchpoints);
        let look = |touchpoint: Touchpoint| Look {
            touchpoint_id: None,
            seen_until: seen_until(&touchpoint.trigger, None, now, zone),
            trigger: touchpoint.trigger,
        };
        Ok(Question {
            audience: audience(
                definition.department_id,
                definition.segment_id,
                definition.condition.as_ref(),
                Moment { now, zone },
            )?,
            assignment: definition.assignment,
            department_id: definition.department_id,
            catch_up: definition.catch_up,
            touchpoints: touchpoints.into_iter().map(look).collect(),
            days,
            scope: actor.scope(),
            personal: personal(&app.db, actor, is_personal, definition.segment_id).await?,
        })
    }
}

/// Whose customers may be named, where being named tells personal data.
async fn personal(
    db: &impl ConnectionTrait,
    actor: &Actor,
    of_plan: bool,
    segment: Option<Uuid>,
) -> Result<Option<Option<Scope>>> {
    let of_segment = match segment {
        Some(segment) => segments::find(db, segment).await?.is_some_and(|segment| segment.personal),
        None => false,
    };
    Ok((of_plan || of_segment).then(|| actor.personal_data_scope()))
}
