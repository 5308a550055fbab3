//! Writes what has been decided on a batch, in statements over many rows.

use chrono::{DateTime, Utc};
use huiyin_domain::customers::customer_no;
use huiyin_domain::event::Event;
use huiyin_persistence::Tx;
use huiyin_persistence::customers::contacts::{self, Contact};
use huiyin_persistence::customers::imports::{self, Import, Touched};
use huiyin_persistence::customers::profiles::{self, Customer, ExternalId};
use huiyin_persistence::customers::tags;
use huiyin_persistence::integration::{events, numbers};
use huiyin_persistence::support::{even_parts, to_json};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::batch::{Changed, New, Plan, signed};
use super::run::Run;
use crate::usecases::customers::contacts::first_of;
use crate::usecases::customers::draft::changed_fields;
use crate::usecases::customers::profiles::created;
use crate::usecases::support::Result;

/// Customers of one statement: SQLite takes 32,766 parameters.
const CUSTOMERS: usize = 512;
const NARROW: usize = 2048;

/// What a customer was before an import changed it.
#[derive(Debug, Serialize, Deserialize)]
pub struct Before {
    pub customer: Customer,
    pub new_tags: Vec<String>,
    pub new_external_ids: Vec<String>,
}

pub async fn apply(tx: &Tx, run: &Run<'_>, import: &Import, now: DateTime<Utc>, plan: Plan) -> Result<()> {
    imports::say(tx, plan.findings).await?;
    imports::remember(tx, plan.keys).await?;
    if import.dry_run {
        return Ok(());
    }
    let mut happened = Vec::new();
    let mut touched = Vec::new();
    let mut written = Written::default();
    let numbers = numbers::next(tx, numbers::Series::Customer, plan.created.len()).await?;
    for (new, number) in plan.created.into_iter().zip(numbers) {
        let New { row, mut customer, tags, external_id, contact } = new;
        customer.number = customer_no(number);
        happened.push(created(&customer));
        if let Some((name, position)) = contact {
            let contact = first_of(customer.id, now, &name, position);
            happened.push(Event::ContactCreated { contact_id: contact.id, customer_id: customer.id });
            written.contacts.push(contact);
        }
        written.beside(import, customer.id, tags, external_id);
        touched.push(Touched {
            import_id: import.id,
            customer_id: customer.id,
            row: signed(row),
            version: customer.version,
            before: None,
        });
        written.customers.push(customer);
    }
    for part in even_parts(std::mem::take(&mut written.customers), CUSTOMERS) {
        profiles::insert(tx, part).await?;
    }
    for changed in plan.changed.into_values() {
        touched.push(change(tx, import, now, changed, &mut written, &mut happened).await?);
    }
    for part in even_parts(written.contacts, CUSTOMERS) {
        contacts::insert_all(tx, part).await?;
    }
    for part in even_parts(written.tags, NARROW) {
        tags::add(tx, part).await?;
    }
    for part in even_parts(written.links, NARROW) {
        profiles::link_external(tx, part).await?;
    }
    imports::touch(tx, touched).await?;
    for part in even_parts(happened, NARROW) {
        events::append(tx, run.actor.user_id(), now, &part).await?;
    }
    Ok(())
}

#[derive(Default)]
struct Written {
    customers: Vec<Customer>,
    tags: Vec<(Uuid, String)>,
    links: Vec<ExternalId>,
    contacts: Vec<Contact>,
}

impl Written {
    fn beside(
        &mut self,
        import: &Import,
        customer_id: Uuid,
        tags: Vec<String>,
        external: impl IntoIterator<Item = String>,
    ) {
        self.tags.extend(tags.into_iter().map(|tag| (customer_id, tag)));
        let system = &import.system;
        self.links.extend(external.into_iter().map(|external_id| ExternalId {
            system: system.clone(),
            external_id,
            customer_id,
        }));
    }
}

async fn change(
    tx: &Tx,
    import: &Import,
    now: DateTime<Utc>,
    changed: Changed,
    written: &mut Written,
    happened: &mut Vec<Event>,
) -> Result<Touched> {
    let Changed { row, before, after, new_tags, new_external_ids } = changed;
    let mut fields = changed_fields(&before, &after);
    if !new_tags.is_empty() {
        fields.push("tags".to_owned());
    }
    if !new_external_ids.is_empty() {
        fields.push("external_ids".to_owned());
    }
    written.beside(import, after.id, new_tags.clone(), new_external_ids.clone());
    let after = profiles::update(tx, Customer { updated_at: now, version: before.version + 1, ..after }).await?;
    happened.push(Event::CustomerUpdated { customer_id: after.id, fields });
    Ok(Touched {
        import_id: import.id,
        customer_id: after.id,
        row: signed(row),
        version: after.version,
        before: Some(to_json(&Before { customer: before, new_tags, new_external_ids })?),
    })
}
