use huiyin_domain::event::Event;
use huiyin_domain::fault::Code;
use huiyin_domain::feedback::Subtype;
use huiyin_persistence::feedback::routing::{self, RoutingRule};
use huiyin_persistence::identity::departments;
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{new_id, to_json};
use uuid::Uuid;

use super::step::missing;
use crate::usecases::App;
use crate::usecases::support::{Command, Result, transact};

/// Says where a category goes from now on.
pub async fn put(
    app: &App,
    command: &Command,
    subtype: Subtype,
    department_id: Uuid,
    collaborators: Vec<Uuid>,
) -> Result<RoutingRule> {
    let now = command.now;
    transact(app, command, async |tx| {
        if departments::find(tx, department_id).await?.is_none() {
            return Err(missing(Code::DepartmentNotFound, "/department_id").into());
        }
        if departments::count_existing(tx, &collaborators).await? < collaborators.len() {
            return Err(missing(Code::DepartmentNotFound, "/collaborators").into());
        }
        let collaborators = to_json(&collaborators)?;
        let rule = match routing::lock(tx, subtype).await? {
            Some(before) => {
                command.check_version(before.version)?;
                let version = before.version + 1;
                routing::update(tx, RoutingRule { department_id, collaborators, updated_at: now, version, ..before })
                    .await?
            }
            None => {
                let rule = RoutingRule {
                    id: new_id(now),
                    subtype: subtype.to_string(),
                    department_id,
                    collaborators,
                    created_at: now,
                    updated_at: now,
                    version: 1,
                };
                routing::insert(tx, rule).await?
            }
        };
        let event = Event::RoutingRuleChanged { rule_id: rule.id, subtype, department_id };
        events::append(tx, command.actor.user_id(), now, &[event]).await?;
        Ok(rule)
    })
    .await
}
