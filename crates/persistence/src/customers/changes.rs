//! Change requests, and the fields that wait for one.

use std::collections::HashMap;

use huiyin_domain::customers::ChangeStatus;
use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::OnConflict;
use sea_orm::{Condition, ConnectionTrait, IntoActiveModel, QueryOrder, QuerySelect, QueryTrait};

use super::reach::reached;
pub use crate::entity::change_requests::Model as ChangeRequest;
use crate::entity::{change_requests, customers, pending_changes};
use crate::support::{Page, PageRequest, page_by_id};

/// A request is reached by whoever made it, and by whoever reaches its customer.
fn visible(scope: Scope) -> Condition {
    let user = match scope {
        Scope::All => return Condition::all(),
        Scope::Department { user, .. } | Scope::Own { user, .. } => user,
    };
    Condition::any()
        .add(change_requests::Column::RequestedBy.eq(user))
        .add(change_requests::Column::CustomerId.in_subquery(reached(scope)))
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub status: Option<ChangeStatus>,
    pub customer_id: Option<Uuid>,
    pub requested_by: Option<Uuid>,
}

/// A request, and whose its customer is now: by that is decided what of it is shown.
#[derive(Debug, Clone)]
pub struct Known {
    pub request: ChangeRequest,
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Known>, DbErr> {
    use change_requests::Column as C;
    let select = change_requests::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.status, |q, v| q.filter(C::Status.eq(v.as_str())))
        .apply_if(filter.customer_id, |q, v| q.filter(C::CustomerId.eq(v)))
        .apply_if(filter.requested_by, |q, v| q.filter(C::RequestedBy.eq(v)));
    let page: Page<ChangeRequest> = page_by_id!(select, C::Id, page, db);
    Ok(Page { items: with_owners(db, page.items).await?, next: page.next })
}

/// A request with what is shown beside it.
pub async fn show(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Known>, DbErr> {
    let found = find(db, scope, id).await?;
    Ok(with_owners(db, found.into_iter().collect()).await?.pop())
}

async fn with_owners(db: &impl ConnectionTrait, requests: Vec<ChangeRequest>) -> Result<Vec<Known>, DbErr> {
    use customers::Column as C;
    let ids = requests.iter().map(|request| request.customer_id);
    let rows: Vec<(Uuid, Option<Uuid>, Option<Uuid>)> = customers::Entity::find()
        .select_only()
        .columns([C::Id, C::OwnerId, C::DepartmentId])
        .filter(C::Id.is_in(ids))
        .into_tuple()
        .all(db)
        .await?;
    let owners: HashMap<Uuid, _> = rows.into_iter().map(|(id, owner, department)| (id, (owner, department))).collect();
    let known = requests.into_iter().map(|request| {
        let (owner_id, department_id) = owners.get(&request.customer_id).copied().unwrap_or_default();
        Known { request, owner_id, department_id }
    });
    Ok(known.collect())
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<ChangeRequest>, DbErr> {
    change_requests::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a request until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<ChangeRequest>, DbErr> {
    change_requests::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn insert(tx: &impl ConnectionTrait, request: ChangeRequest) -> Result<ChangeRequest, DbErr> {
    change_requests::Entity::insert(request.clone().into_active_model()).exec_without_returning(tx).await?;
    Ok(request)
}

pub async fn update(tx: &impl ConnectionTrait, request: ChangeRequest) -> Result<ChangeRequest, DbErr> {
    change_requests::Entity::update(request.into_active_model().reset_all()).exec(tx).await
}

/// The pending requests of a customer, locked.
pub async fn lock_pending(tx: &impl ConnectionTrait, customer_id: Uuid) -> Result<Vec<ChangeRequest>, DbErr> {
    change_requests::Entity::find()
        .filter(change_requests::Column::CustomerId.eq(customer_id))
        .filter(change_requests::Column::Status.eq(ChangeStatus::Pending.as_str()))
        .order_by_asc(change_requests::Column::Id)
        .lock_exclusive()
        .all(tx)
        .await
}

/// By what a field is known while it waits: a contact's is named with the contact.
fn key(contact: Option<Uuid>, field: &str) -> String {
    contact.map_or_else(|| field.to_owned(), |contact| format!("{contact}.{field}"))
}

/// Lets fields wait for a request; `false` where one of them waits for another already.
pub async fn reserve(tx: &impl ConnectionTrait, request: &ChangeRequest, fields: &[String]) -> Result<bool, DbErr> {
    let rows = fields.iter().map(|field| {
        let field = key(request.contact_id, field);
        pending_changes::Model { customer_id: request.customer_id, field, request_id: request.id }.into_active_model()
    });
    let taken = OnConflict::columns([pending_changes::Column::CustomerId, pending_changes::Column::Field])
        .do_nothing()
        .to_owned();
    let reserved = pending_changes::Entity::insert_many(rows).on_conflict(taken).exec_without_returning(tx).await?;
    Ok(reserved == fields.len() as u64)
}

/// Which of these fields of a customer, or of one of its contacts, wait for a request, and for which.
pub async fn waiting(
    db: &impl ConnectionTrait,
    customer_id: Uuid,
    contact: Option<Uuid>,
    fields: &[String],
) -> Result<Vec<(String, Uuid)>, DbErr> {
    let keys: HashMap<String, &String> = fields.iter().map(|field| (key(contact, field), field)).collect();
    let rows: Vec<(String, Uuid)> = pending_changes::Entity::find()
        .select_only()
        .column(pending_changes::Column::Field)
        .column(pending_changes::Column::RequestId)
        .filter(pending_changes::Column::CustomerId.eq(customer_id))
        .filter(pending_changes::Column::Field.is_in(keys.keys()))
        .order_by_asc(pending_changes::Column::Field)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().filter_map(|(known, request)| Some(((*keys.get(&known)?).clone(), request))).collect())
}

/// Lets go of the fields that wait for a request.
pub async fn release(tx: &impl ConnectionTrait, request_id: Uuid) -> Result<(), DbErr> {
    pending_changes::Entity::delete_many()
        .filter(pending_changes::Column::RequestId.eq(request_id))
        .exec(tx)
        .await
        .map(|_| ())
}
