use huiyin_domain::customers::customer_no;
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::{self, Customer, ExternalId};
use huiyin_persistence::customers::tags;
use huiyin_persistence::identity::users;
use huiyin_persistence::integration::{events, numbers};
use uuid::Uuid;

pub use super::changes::{Edited, edit};
use super::draft::Profile;
use super::draft::{blank, changed_fields, check_references, fields_for, merge, unique};
use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, again, transact};

/// Tags of one customer at most.
const TAGS: usize = 100;

/// Creates a customer, perhaps with the names that other systems have for it. An agent's customer is the agent's own
/// unless another owner is given; a customer without a department is its owner's department's, and without either it
/// belongs where its maker reaches it.
pub async fn create(
    app: &App,
    command: &Command,
    profile: Profile,
    external: Vec<(String, String)>,
) -> Result<Customer> {
    transact(app, command, async |tx| create_in(tx, command, profile, external).await).await
}

async fn create_in(
    tx: &Tx,
    command: &Command,
    mut profile: Profile,
    external: Vec<(String, String)>,
) -> Result<Customer> {
    let fields = fields_for(tx, &profile, true).await?;
    let tags = profile.tags.take().map(unique).unwrap_or_default();
    let mut blank = blank(command);
    blank.owner_id = command.actor.user_id().filter(|_| command.actor.role == huiyin_domain::identity::Role::Agent);
    let mut customer = merge(blank, profile, &fields, true).map_err(Error::Faults)?;
    check_references(tx, &customer).await?;
    if let (Some(owner), None) = (customer.owner_id, customer.department_id) {
        customer.department_id = users::active(tx, owner).await?.and_then(|user| user.department_id);
    }
    if let (None, None) = (customer.owner_id, customer.department_id) {
        match command.scope() {
            Scope::All => {}
            Scope::Department { department, .. } => customer.department_id = Some(department),
            Scope::Own { user, department } => {
                (customer.owner_id, customer.department_id) = (Some(user), department);
            }
        }
    }
    let number = numbers::next(tx, numbers::Series::Customer, 1).await?.first().copied().unwrap_or_default();
    customer.number = customer_no(number);
    profiles::insert(tx, vec![customer.clone()]).await?;
    tags::add(tx, tags.into_iter().map(|tag| (customer.id, tag)).collect()).await?;
    let links: Vec<ExternalId> = external
        .into_iter()
        .map(|(system, external_id)| ExternalId { system, external_id, customer_id: customer.id })
        .collect();
    let wanted = links.len();
    if profiles::link_external(tx, links).await?.len() < wanted {
        return Err(Fault::new(Code::ExternalIdTaken).at("/external_ids").into());
    }
    events::append(tx, command.actor.user_id(), command.now, &[created(&customer)]).await?;
    Ok(customer)
}

/// The event of a new customer.
pub fn created(customer: &Customer) -> Event {
    Event::CustomerCreated {
        customer_id: customer.id,
        number: customer.number.clone(),
        source: customer.source.clone(),
    }
}

/// Changes a customer, or asks for it where somebody else decides on what is protected.
pub async fn update(app: &App, command: &Command, id: Uuid, profile: Profile) -> Result<Edited> {
    transact(app, command, async |tx| {
        let before = profiles::lock(tx, command.scope(), id).await?.ok_or(Code::CustomerNotFound)?;
        edit(tx, command, before, profile).await
    })
    .await
}

/// Changes a customer that is locked, if there is anything to change, whatever is protected.
pub async fn update_in(tx: &Tx, command: &Command, before: Customer, profile: Profile) -> Result<Customer> {
    command.check_version(before.version)?;
    Ok(write(tx, command, before, profile, None).await?.0)
}

/// Changes a customer that is locked and answers which fields have changed. `requested_by` asked for it.
pub async fn write(
    tx: &Tx,
    command: &Command,
    before: Customer,
    mut profile: Profile,
    requested_by: Option<Uuid>,
) -> Result<(Customer, Vec<String>)> {
    let custom = fields_for(tx, &profile, false).await?;
    let tags = profile.tags.take();
    let after = merge(before.clone(), profile, &custom, false).map_err(Error::Faults)?;
    let mut fields = changed_fields(&before, &after);
    if let Some(tags) = tags
        && set_tags(tx, before.id, unique(tags)).await?
    {
        fields.push("tags".to_owned());
    }
    if fields.is_empty() {
        return Ok((before, fields));
    }
    check_changed(tx, &before, &after).await?;
    let after =
        profiles::update(tx, Customer { updated_at: command.now, version: before.version + 1, ..after }).await?;
    let event = Event::CustomerUpdated { customer_id: after.id, fields: fields.clone(), requested_by };
    events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok((after, fields))
}

/// A new owner and a new department must be there; one that has left since does not stand in the way of other edits.
pub async fn check_changed(tx: &Tx, before: &Customer, after: &Customer) -> Result<()> {
    let owner_id = after.owner_id.filter(|_| after.owner_id != before.owner_id);
    let department_id = after.department_id.filter(|_| after.department_id != before.department_id);
    check_references(tx, &Customer { owner_id, department_id, ..after.clone() }).await
}

/// Gives a customer exactly these tags; `false` where it has them already.
async fn set_tags(tx: &Tx, customer_id: Uuid, wanted: Vec<String>) -> Result<bool> {
    let had = tags::of(tx, customer_id).await?;
    let gone: Vec<String> = had.iter().filter(|tag| !wanted.contains(tag)).cloned().collect();
    let new: Vec<(Uuid, String)> =
        wanted.into_iter().filter(|tag| !had.contains(tag)).map(|tag| (customer_id, tag)).collect();
    let changed = !gone.is_empty() || !new.is_empty();
    tags::remove(tx, customer_id, &gone).await?;
    tags::add(tx, new).await?;
    Ok(changed)
}

/// Puts some tags on a customer and takes some off, whatever others it has.
pub async fn change_tags(
    app: &App,
    command: &Command,
    id: Uuid,
    add: Vec<String>,
    remove: Vec<String>,
) -> Result<Customer> {
    transact(app, command, async |tx| {
        let before = profiles::lock(tx, command.scope(), id).await?.ok_or(Code::CustomerNotFound)?;
        let mut tags = tags::of(tx, id).await?;
        tags.retain(|tag| !remove.contains(tag));
        tags.extend(add);
        if unique(tags.clone()).len() > TAGS {
            return Err(Fault::new(Code::TooManyTags).with("limit", TAGS).into());
        }
        update_in(tx, command, before, Profile { tags: Some(tags), ..Profile::default() }).await
    })
    .await
}

/// Creates or updates the customer that another system calls so. `true`: created. Of two that create it at once, one
/// does, and the other finds it and updates.
pub async fn put_by_external(
    app: &App,
    command: &Command,
    system: String,
    external_id: String,
    profile: Profile,
) -> Result<(Edited, bool)> {
    again(Error::is_concurrent_change, async || {
        put_once(app, command, system.clone(), external_id.clone(), profile.clone()).await
    })
    .await
}

async fn put_once(
    app: &App,
    command: &Command,
    system: String,
    external_id: String,
    profile: Profile,
) -> Result<(Edited, bool)> {
    transact(app, command, async |tx| {
        if let Some(known) = profiles::external_owner(tx, &system, &external_id).await? {
            // Known, but perhaps not to this caller.
            let before = profiles::lock(tx, command.scope(), known).await?.ok_or(Code::CustomerNotFound)?;
            return Ok((edit(tx, command, before, profile).await?, false));
        }
        if command.expected_version.is_some() {
            return Err(Fault::new(Code::VersionConflict).with("etag", "-").into());
        }
        if profile.name.is_none() {
            return Err(Fault::new(Code::NameRequired).at("/name").into());
        }
        let created = create_in(tx, command, profile, vec![(system, external_id)]).await;
        created.map(|customer| (Edited::Done(Box::new(customer)), true)).map_err(|error| match error {
            Error::Faults(faults) if faults.iter().any(|fault| fault.code == Code::ExternalIdTaken) => {
                Code::ConcurrentChange.into()
            }
            other => other,
        })
    })
    .await
}
