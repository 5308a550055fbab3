//! The rules of dispatch: made, changed, ordered, removed.

use chrono::{DateTime, Utc};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::feedback::{Criteria, Strategy, Subtype};
use huiyin_domain::tiering::condition::Condition;
use huiyin_persistence::customers::custom_fields;
use huiyin_persistence::feedback::routing::{self, RoutingRule};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{from_json, new_id, stored, to_json};
use huiyin_persistence::{DbErr, Tx};
use serde_json::Value;
use uuid::Uuid;

use super::place::check;
use super::step::missing;
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// Behind all rules with criteria of their own.
const CATEGORIES: i32 = 1_000_000;
/// Rules beside those of the categories: each feedback is held against them.
pub const LIMIT: usize = 200;

/// What a rule says. Changes are laid over what it said before.
#[derive(Debug, Clone)]
pub struct Rule {
    pub name: String,
    pub active: bool,
    pub criteria: Criteria,
    /// `None`: a supervisor names it.
    pub department_id: Option<Uuid>,
    /// Departments that work along; where a supervisor names the lead, those that are proposed.
    pub collaborators: Vec<Uuid>,
    pub strategy: Strategy,
    pub handler_id: Option<Uuid>,
}

impl Rule {
    pub fn of(row: &RoutingRule) -> Result<Self, DbErr> {
        Ok(Rule {
            name: row.name.clone(),
            active: row.active,
            criteria: from_json(&row.criteria)?,
            department_id: row.department_id,
            collaborators: from_json(&row.collaborators)?,
            strategy: stored(&row.strategy)?,
            handler_id: row.handler_id,
        })
    }

    /// Lays it over a row.
    fn over(self, row: RoutingRule) -> Result<RoutingRule, DbErr> {
        Ok(RoutingRule {
            name: self.name.trim().to_owned(),
            active: self.active,
            criteria: to_json(&self.criteria)?,
            department_id: self.department_id,
            collaborators: to_json(&self.collaborators)?,
            strategy: self.strategy.to_string(),
            handler_id: self.handler_id,
            ..row
        })
    }

    fn contradictions(&self) -> Vec<Fault> {
        let fault = |pointer: &str, reason: &str| missing(Code::RoutingRuleConflict, pointer).with("reason", reason);
        let mut faults = Vec::new();
        if self.department_id.is_none() && self.strategy != Strategy::Pool {
            faults.push(fault("/strategy", "without department: pool"));
        }
        if self.department_id.is_none() && self.collaborators.is_empty() {
            faults.push(fault("/collaborators", "without department: at least one to propose"));
        }
        if (self.strategy == Strategy::Person) != self.handler_id.is_some() {
            faults.push(fault("/handler_id", "strategy person, and no other, names a handler"));
        }
        faults
    }

    /// Names everything that is wrong with it at once.
    async fn check(&self, tx: &Tx) -> Result<()> {
        let mut faults = self.contradictions();
        if let Some(written) = &self.criteria.customer {
            let fields = custom_fields::active(tx).await?;
            faults.extend(Condition::parse_for(written, "/criteria/customer", &fields).err().unwrap_or_default());
        }
        if !faults.is_empty() {
            return Err(Error::Faults(faults));
        }
        check(tx, self.department_id, &self.collaborators, self.handler_id).await
    }
}

/// The rule of a category, which is tried after all others.
pub fn of_category(
    subtype: Subtype,
    department_id: Uuid,
    collaborators: Value,
    now: DateTime<Utc>,
) -> Result<RoutingRule, DbErr> {
    Ok(RoutingRule {
        id: new_id(now),
        position: CATEGORIES,
        name: subtype.to_string(),
        active: true,
        subtype: Some(subtype.to_string()),
        criteria: to_json(&Criteria::of_category(subtype))?,
        department_id: Some(department_id),
        collaborators,
        strategy: Strategy::Pool.to_string(),
        handler_id: None,
        created_at: now,
        updated_at: now,
        version: 1,
    })
}

fn changed(rule: &RoutingRule) -> Result<Event, DbErr> {
    let subtype = rule.subtype.as_deref().map(stored).transpose()?;
    Ok(Event::RoutingRuleChanged { rule_id: rule.id, subtype, department_id: rule.department_id })
}

async fn tell(tx: &Tx, command: &Command, event: Event) -> Result<()> {
    Ok(events::append(tx, command.actor.user_id(), command.now, &[event]).await?)
}

/// Says where a category goes from now on, as long as no rule before it says otherwise.
pub async fn put(
    app: &App,
    command: &Command,
    subtype: Subtype,
    department_id: Uuid,
    collaborators: Vec<Uuid>,
) -> Result<RoutingRule> {
    let now = command.now;
    transact(app, command, async |tx| {
        let new = of_category(subtype, department_id, to_json(&collaborators)?, now)?;
        let rule = match routing::lock_category(tx, subtype).await? {
            Some(before) => {
                command.check_version(before.version)?;
                let mut rule = Rule::of(&before)?;
                (rule.active, rule.department_id, rule.collaborators) = (true, Some(department_id), collaborators);
                if before.department_id != Some(department_id) && rule.strategy == Strategy::Person {
                    // Whoever was named is of the department that it went to before.
                    (rule.strategy, rule.handler_id) = (Strategy::Pool, None);
                }
                rule.check(tx).await?;
                let version = before.version + 1;
                routing::update(tx, rule.over(RoutingRule { updated_at: now, version, ..before })?).await?
            }
            None => {
                Rule::of(&new)?.check(tx).await?;
                routing::insert(tx, new).await?
            }
        };
        tell(tx, command, changed(&rule)?).await?;
        Ok(rule)
    })
    .await
}

/// Makes a rule, tried after those that there are, but before those of the categories.
pub async fn create(app: &App, command: &Command, rule: Rule) -> Result<RoutingRule> {
    let now = command.now;
    transact(app, command, async |tx| {
        rule.check(tx).await?;
        let before = routing::lock_all(tx).await?;
        let own: Vec<&RoutingRule> = before.iter().filter(|rule| rule.subtype.is_none()).collect();
        if own.len() >= LIMIT {
            return Err(Fault::new(Code::TooManyRoutingRules).with("limit", LIMIT).into());
        }
        let blank = RoutingRule {
            id: new_id(now),
            position: own.last().map_or(0, |last| last.position + 1),
            name: String::new(),
            active: true,
            subtype: None,
            criteria: Value::Null,
            department_id: None,
            collaborators: Value::Null,
            strategy: String::new(),
            handler_id: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let row = routing::insert(tx, rule.over(blank)?).await?;
        tell(tx, command, changed(&row)?).await?;
        Ok(row)
    })
    .await
}

/// Changes what a rule asks or says. What the rule of a category asks is its category.
pub async fn update(app: &App, command: &Command, id: Uuid, change: impl FnOnce(&mut Rule)) -> Result<RoutingRule> {
    transact(app, command, async |tx| {
        let before = routing::lock(tx, id).await?.ok_or(Code::RoutingRuleNotFound)?;
        command.check_version(before.version)?;
        let mut rule = Rule::of(&before)?;
        change(&mut rule);
        let unchanged: Criteria = from_json(&before.criteria)?;
        if before.subtype.is_some() && rule.criteria != unchanged {
            let reason = "the rule of a category asks for the category and nothing else";
            return Err(missing(Code::RoutingRuleConflict, "/criteria").with("reason", reason).into());
        }
        rule.check(tx).await?;
        let after = rule.over(before.clone())?;
        if after == before {
            return Ok(before);
        }
        let (version, updated_at) = (before.version + 1, command.now);
        let row = routing::update(tx, RoutingRule { version, updated_at, ..after }).await?;
        tell(tx, command, changed(&row)?).await?;
        Ok(row)
    })
    .await
}

/// Removes a rule; what it has sent somewhere stays there.
pub async fn remove(app: &App, command: &Command, id: Uuid) -> Result<()> {
    transact(app, command, async |tx| {
        let before = routing::lock(tx, id).await?.ok_or(Code::RoutingRuleNotFound)?;
        command.check_version(before.version)?;
        routing::delete(tx, id).await?;
        tell(tx, command, Event::RoutingRuleDeleted { rule_id: id }).await
    })
    .await
}

/// Puts the rules in another order: all of them but those of the categories, which stay behind.
pub async fn reorder(app: &App, command: &Command, order: Vec<Uuid>) -> Result<Vec<RoutingRule>> {
    transact(app, command, async |tx| {
        let before = routing::lock_all(tx).await?;
        let mut known: Vec<Uuid> = before.iter().filter(|rule| rule.subtype.is_none()).map(|rule| rule.id).collect();
        if known == order {
            return Ok(before);
        }
        let mut named = order.clone();
        named.sort_unstable();
        known.sort_unstable();
        if named != known {
            return Err(missing(Code::RoutingRulesChanged, "/rule_ids").into());
        }
        for rule in before {
            let Some(place) = order.iter().position(|id| *id == rule.id) else { continue };
            let position = i32::try_from(place).unwrap_or(CATEGORIES);
            if position != rule.position {
                let version = rule.version + 1;
                routing::update(tx, RoutingRule { position, updated_at: command.now, version, ..rule }).await?;
            }
        }
        if let Some(first) = order.first() {
            tell(tx, command, Event::RoutingRulesReordered { rule_id: *first, rules: order.clone() }).await?;
        }
        Ok(routing::list(tx).await?)
    })
    .await
}
