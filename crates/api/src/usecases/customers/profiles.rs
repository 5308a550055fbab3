use huiyin_domain::customers::{CustomerKind, Email, Phone, customer_no, normalise_name};
use huiyin_domain::event::Event;
use huiyin_domain::fault::{Code, Fault};
use huiyin_domain::identity::Scope;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::profiles::{self, Customer, ExternalId};
use huiyin_persistence::identity::{departments, users};
use huiyin_persistence::integration::{events, numbers};
use huiyin_persistence::support::new_id;
use uuid::Uuid;

use crate::usecases::App;
use crate::usecases::support::{Command, Error, Result, again, transact};

/// What may be said about a customer. `None`: not said; `Some(None)`: cleared.
#[derive(Debug, Clone, Default)]
pub struct Profile {
    pub kind: Option<CustomerKind>,
    pub name: Option<String>,
    pub industry: Option<Option<String>>,
    pub phone: Option<Option<String>>,
    pub email: Option<Option<String>>,
    pub address: Option<Option<String>>,
    pub source: Option<String>,
    pub owner_id: Option<Option<Uuid>>,
    pub department_id: Option<Option<Uuid>>,
    pub note: Option<Option<String>>,
}

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

async fn create_in(tx: &Tx, command: &Command, profile: Profile, external: Vec<(String, String)>) -> Result<Customer> {
    let mut blank = blank(command);
    blank.owner_id = command.actor.user_id().filter(|_| command.actor.role == huiyin_domain::identity::Role::Agent);
    let mut customer = merge(blank, profile)?;
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

/// A customer of whom nothing is known yet.
pub fn blank(command: &Command) -> Customer {
    Customer {
        id: new_id(command.now),
        number: String::new(),
        kind: CustomerKind::Enterprise.to_string(),
        name: String::new(),
        name_key: String::new(),
        industry: None,
        phone: None,
        phone_key: None,
        email: None,
        email_key: None,
        address: None,
        source: "api".to_owned(),
        owner_id: None,
        department_id: None,
        note: None,
        created_at: command.now,
        updated_at: command.now,
        version: 1,
    }
}

pub async fn update(app: &App, command: &Command, id: Uuid, profile: Profile) -> Result<Customer> {
    transact(app, command, async |tx| {
        let before = profiles::lock(tx, command.scope(), id).await?.ok_or(Code::CustomerNotFound)?;
        update_in(tx, command, before, profile).await
    })
    .await
}

async fn update_in(tx: &Tx, command: &Command, before: Customer, profile: Profile) -> Result<Customer> {
    command.check_version(before.version)?;
    let after = merge(before.clone(), profile)?;
    let fields = changed_fields(&before, &after);
    if fields.is_empty() {
        return Ok(before);
    }
    check_references(tx, &after).await?;
    let after =
        profiles::update(tx, Customer { updated_at: command.now, version: before.version + 1, ..after }).await?;
    let event = Event::CustomerUpdated { customer_id: after.id, fields };
    events::append(tx, command.actor.user_id(), command.now, &[event]).await?;
    Ok(after)
}

/// Creates or updates the customer that another system calls so. `true`: created. Of two that create it at once, one
/// does, and the other finds it and updates.
pub async fn put_by_external(
    app: &App,
    command: &Command,
    system: String,
    external_id: String,
    profile: Profile,
) -> Result<(Customer, bool)> {
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
) -> Result<(Customer, bool)> {
    transact(app, command, async |tx| {
        if let Some(known) = profiles::external_owner(tx, &system, &external_id).await? {
            // Known, but perhaps not to this caller.
            let before = profiles::lock(tx, command.scope(), known).await?.ok_or(Code::CustomerNotFound)?;
            return Ok((update_in(tx, command, before, profile).await?, false));
        }
        if command.expected_version.is_some() {
            return Err(Fault::new(Code::VersionConflict).with("etag", "-").into());
        }
        if profile.name.is_none() {
            return Err(Fault::new(Code::NameRequired).at("/name").into());
        }
        let created = create_in(tx, command, profile, vec![(system, external_id)]).await;
        created.map(|customer| (customer, true)).map_err(|error| match error {
            Error::Faults(faults) if faults.iter().any(|fault| fault.code == Code::ExternalIdTaken) => {
                Code::ConcurrentChange.into()
            }
            other => other,
        })
    })
    .await
}

/// Lays what is said over what is known; contact data is kept as entered and as it is matched.
fn merge(mut customer: Customer, profile: Profile) -> Result<Customer> {
    let mut faults = Vec::new();
    if let Some(kind) = profile.kind {
        customer.kind = kind.to_string();
    }
    if let Some(name) = profile.name {
        customer.name_key = normalise_name(&name);
        customer.name = name.trim().to_owned();
    }
    if let Some(phone) = profile.phone {
        let key = phone.as_deref().map(Phone::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::InvalidFormat).at("/phone").with("expected", "phone"));
        }
        customer.phone_key = key.flatten().map(|phone| phone.to_string());
        customer.phone = phone.map(|text| text.trim().to_owned());
    }
    if let Some(email) = profile.email {
        let key = email.as_deref().map(Email::parse);
        if key == Some(None) {
            faults.push(Fault::new(Code::InvalidFormat).at("/email").with("expected", "email"));
        }
        customer.email_key = key.flatten().map(|email| email.to_string());
        customer.email = email.map(|text| text.trim().to_owned());
    }
    for (target, value) in [
        (&mut customer.industry, profile.industry),
        (&mut customer.address, profile.address),
        (&mut customer.note, profile.note),
    ] {
        if let Some(value) = value {
            *target = value;
        }
    }
    customer.source = profile.source.unwrap_or(customer.source);
    customer.owner_id = profile.owner_id.unwrap_or(customer.owner_id);
    customer.department_id = profile.department_id.unwrap_or(customer.department_id);
    if faults.is_empty() { Ok(customer) } else { Err(Error::Faults(faults)) }
}

async fn check_references(tx: &Tx, customer: &Customer) -> Result<()> {
    let mut faults = Vec::new();
    if let Some(owner) = customer.owner_id
        && users::active(tx, owner).await?.is_none()
    {
        faults.push(Fault::new(Code::UserNotFound).at("/owner_id"));
    }
    if let Some(department) = customer.department_id
        && departments::find(tx, department).await?.is_none()
    {
        faults.push(Fault::new(Code::DepartmentNotFound).at("/department_id"));
    }
    if faults.is_empty() { Ok(()) } else { Err(Error::Faults(faults)) }
}

fn changed_fields(before: &Customer, after: &Customer) -> Vec<String> {
    let changes = [
        ("kind", before.kind != after.kind),
        ("name", before.name != after.name),
        ("industry", before.industry != after.industry),
        ("phone", before.phone != after.phone),
        ("email", before.email != after.email),
        ("address", before.address != after.address),
        ("source", before.source != after.source),
        ("owner_id", before.owner_id != after.owner_id),
        ("department_id", before.department_id != after.department_id),
        ("note", before.note != after.note),
    ];
    changes.iter().filter(|(_, changed)| *changed).map(|(name, _)| (*name).to_owned()).collect()
}
