//! Scripts (话术): every change of what is said is a version of its own.

use huiyin_domain::customers::{CustomerKind, product_lines};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault, Lang};
use huiyin_domain::feedback::case::mask_text;
use huiyin_domain::follow_up::script::{Content, ScriptStatus, Values, Variable, check_content};
use huiyin_domain::identity::{Actor, DataScope, Permission};
use huiyin_domain::tiering::Tier;
use huiyin_persistence::customers::orders::{self, Filter as OrderFilter};
use huiyin_persistence::customers::{contacts, profiles};
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::follow_up::preparation;
use huiyin_persistence::follow_up::scripts::{self, Script, ScriptVersion};
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::events;
use huiyin_persistence::support::{PageRequest, from_json, new_id, stored, to_json};
use huiyin_persistence::tiering::tiers;
use huiyin_persistence::{ConnectionTrait, Tx};
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, transact};

/// A script to create.
#[derive(Debug)]
pub struct NewScript {
    pub name: String,
    pub description: Option<String>,
    /// For whom it is meant; for everybody unless said.
    pub customer_kind: Option<CustomerKind>,
    pub content: Content,
}

/// What is said anew. `None`: not said.
#[derive(Debug, Default)]
pub struct Change {
    pub name: Option<String>,
    pub description: Option<Option<String>>,
    pub customer_kind: Option<Option<CustomerKind>>,
}

/// The faults of a content that stands at `/content`.
pub fn checked(content: &Content) -> Result<(), Vec<Fault>> {
    let below = |fault: Fault| {
        let at = format!("/content{}", fault.pointer.clone().unwrap_or_default());
        fault.at(at)
    };
    let faults: Vec<Fault> = check_content(content).into_iter().map(below).collect();
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Creates a script with its first version.
pub async fn create(app: &App, command: &Command, new: NewScript) -> Result<(Script, ScriptVersion)> {
    checked(&new.content).map_err(Error::Faults)?;
    let now = command.now;
    transact(app, command, async |tx| {
        let script = Script {
            id: new_id(now),
            name: new.name.trim().to_owned(),
            description: new.description,
            customer_kind: new.customer_kind.map(|kind| kind.to_string()),
            status: ScriptStatus::Active.to_string(),
            latest_version: 1,
            created_by: command.actor.user_id(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let script = scripts::insert(tx, script).await?;
        let version = scripts::insert_version(tx, version_of(command, &script, &new.content)?).await?;
        append(tx, command, Event::ScriptCreated { script_id: script.id }).await?;
        Ok((script, version))
    })
    .await
}

/// The content as the latest version of a script.
fn version_of(command: &Command, script: &Script, content: &Content) -> Result<ScriptVersion> {
    Ok(ScriptVersion {
        script_id: script.id,
        number: script.latest_version,
        content: to_json(content)?,
        created_by: command.actor.user_id(),
        created_at: command.now,
    })
}

async fn append(tx: &Tx, command: &Command, event: Event) -> Result<()> {
    Ok(events::append(tx, command.actor.user_id(), command.now, &[event]).await?)
}

async fn lock(tx: &Tx, command: &Command, id: Uuid) -> Result<Script> {
    let script = scripts::lock(tx, id).await?.ok_or(Code::ScriptNotFound)?;
    command.check_version(script.version)?;
    Ok(script)
}

/// Changes what is known of a script, but not what is said.
pub async fn update(app: &App, command: &Command, id: Uuid, change: Change) -> Result<Script> {
    transact(app, command, async |tx| {
        let before = lock(tx, command, id).await?;
        let mut after = before.clone();
        after.name = change.name.map_or(after.name, |name| name.trim().to_owned());
        after.description = change.description.unwrap_or(after.description);
        after.customer_kind =
            change.customer_kind.map_or(after.customer_kind, |kind| kind.map(|kind| kind.to_string()));
        let differs = [
            ("name", after.name != before.name),
            ("description", after.description != before.description),
            ("customer_kind", after.customer_kind != before.customer_kind),
        ];
        let fields: Vec<String> = differs.iter().filter(|(_, is)| *is).map(|(name, _)| (*name).to_owned()).collect();
        if fields.is_empty() {
            return Ok(before);
        }
        let after = store(tx, command, after).await?;
        append(tx, command, Event::ScriptUpdated { script_id: id, fields }).await?;
        Ok(after)
    })
    .await
}

async fn store(tx: &Tx, command: &Command, row: Script) -> Result<Script> {
    let version = row.version + 1;
    Ok(scripts::update(tx, Script { updated_at: command.now, version, ..row }).await?)
}

/// Says what is said from now on, in a new version; a content that is not new makes none. What was answered by an older
/// version keeps that.
pub async fn revise(app: &App, command: &Command, id: Uuid, content: Content) -> Result<(Script, ScriptVersion)> {
    checked(&content).map_err(Error::Faults)?;
    transact(app, command, async |tx| {
        let before = lock(tx, command, id).await?;
        if before.status != ScriptStatus::Active.as_str() {
            return Err(Code::ScriptArchived.into());
        }
        let latest = scripts::version(tx, id, before.latest_version).await?.ok_or(Code::ScriptVersionNotFound)?;
        if from_json::<Content>(&latest.content)? == content {
            return Ok((before, latest));
        }
        let number = before.latest_version + 1;
        let after = store(tx, command, Script { latest_version: number, ..before }).await?;
        let version = scripts::insert_version(tx, version_of(command, &after, &content)?).await?;
        append(tx, command, Event::ScriptRevised { script_id: id, number }).await?;
        Ok((after, version))
    })
    .await
}

/// Archives a script, or takes it out of the archive. Said twice it is said once.
pub async fn set_status(app: &App, command: &Command, id: Uuid, status: ScriptStatus) -> Result<Script> {
    transact(app, command, async |tx| {
        let before = lock(tx, command, id).await?;
        if before.status == status.as_str() {
            return Ok(before);
        }
        let after = store(tx, command, Script { status: status.to_string(), ..before }).await?;
        let event = match status {
            ScriptStatus::Active => Event::ScriptRestored { script_id: id },
            ScriptStatus::Archived => Event::ScriptArchived { script_id: id },
        };
        append(tx, command, event).await?;
        Ok(after)
    })
    .await
}

/// What a script is filled with for a customer within the actor's reach, as far as it goes without a task: nothing that is
/// masked for anybody.
pub async fn values(db: &impl ConnectionTrait, actor: &Actor, customer: Option<Uuid>) -> Result<Values> {
    let mut values = Values::default();
    if let Some(user) = actor.user_id() {
        values.set(Variable::AgentName, users::active(db, user).await?.map(|user| user.display_name));
    }
    if let Some(department) = actor.department {
        let department = departments::find(db, department).await?;
        values.set(Variable::DepartmentName, department.map(|department| department.name));
    }
    let Some(customer) = customer else { return Ok(values) };
    let missing = || Fault::new(Code::CustomerNotFound).at("/customer_id");
    let customer = profiles::find(db, actor.scope(), customer).await?.ok_or_else(missing)?;
    let contact = contacts::primary(db, customer.id).await?.map(|contact| contact.name);
    values.set(Variable::ContactName, contact.or_else(|| Some(customer.name.clone())));
    values.set(Variable::ContractEnd, customer.contract_end.map(|date| date.to_string()));
    let mut product = from_json::<Vec<String>>(&customer.core_products)?.into_iter().next();
    if actor.may(Permission::OrdersRead) {
        let of_customer = OrderFilter { customer_id: Some(customer.id), ..OrderFilter::default() };
        let last = orders::list(db, actor.scope(), of_customer, PageRequest { before: None, limit: 1 }).await?;
        if let Some(order) = last.items.into_iter().next() {
            product = product_lines(order.lines.as_ref()).into_iter().next().or(product);
            values.set(Variable::OrderDate, Some(order.ordered_on.to_string()));
            values.set(Variable::OrderNo, Some(order.order_no));
        }
    }
    values.set(Variable::ProductName, product);
    values.set(Variable::CustomerName, Some(customer.name));
    if let Some(known) = tiers::find(db, customer.id).await? {
        values.set(Variable::TierName, Some(stored::<Tier>(&known.tier)?.name(Lang::Zh)));
    }
    Ok(values)
}

/// What the script of a follow-up is filled with, whoever makes it: he reaches the customer by the task, and nothing that is
/// masked for anybody is in it.
pub async fn values_of_task(
    db: &impl ConnectionTrait,
    actor: &Actor,
    plan: Option<Uuid>,
    customer: Option<Uuid>,
    feedback: Option<&Feedback>,
) -> Result<Values> {
    let reader = Actor { data_scope: DataScope::All, ..actor.clone() };
    let mut known = values(db, &reader, customer).await?;
    if let Some(feedback) = feedback {
        known.set(Variable::FeedbackNo, Some(feedback.number.clone()));
        known.set(Variable::Solution, feedback.solution.as_deref().map(mask_text));
        known.set(
            Variable::ContactName,
            feedback.contact_name.clone().or(Some(known.get(Variable::ContactName).to_owned())),
        );
    }
    if let Some(plan) = preparation::plan_of(db, plan).await? {
        known.set(Variable::PlanName, Some(plan.name));
        known.set(Variable::Incentive, plan.incentive);
    }
    Ok(known)
}
