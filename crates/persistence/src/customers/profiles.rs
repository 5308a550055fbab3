use huiyin_domain::identity::Scope;
use sea_orm::prelude::*;
use sea_orm::sea_query::{OnConflict, Query};
use sea_orm::{
    Condition, ConnectionTrait, DbBackend, FromQueryResult, IntoActiveModel, JoinType, QueryOrder, QueryResult,
    QuerySelect, QueryTrait,
};

pub use crate::entity::customer_external_ids::Model as ExternalId;
pub use crate::entity::customers::Model as Customer;
use crate::entity::{contacts, customer_external_ids, customers};
use crate::support::{Page, PageRequest, from_json};

/// Columns of one inserted customer: batches are bounded by the parameters of a statement.
pub const COLUMNS: usize = 35;

/// Which customers an actor reaches; one that was merged into another is reached by nobody.
pub fn visible(scope: Scope) -> Condition {
    let reached = match scope {
        Scope::All => Condition::all(),
        Scope::Department { user, department } => Condition::any()
            .add(customers::Column::DepartmentId.eq(department))
            .add(customers::Column::OwnerId.eq(user)),
        Scope::Own { user, .. } => Condition::all().add(customers::Column::OwnerId.eq(user)),
    };
    Condition::all().add(customers::Column::MergedInto.is_null()).add(reached)
}

/// A customer with what is shown beside it, read in one statement.
#[derive(Debug, Clone)]
pub struct Known {
    pub customer: Customer,
    pub external_ids: Vec<(String, String)>,
    pub tags: Vec<String>,
    /// By the churn model fitted last.
    pub churn_risk: Option<String>,
}

impl FromQueryResult for Known {
    fn from_query_result(row: &QueryResult, prefix: &str) -> Result<Self, DbErr> {
        let tags: Option<Json> = row.try_get(prefix, "tags")?;
        let links: Option<Json> = row.try_get(prefix, "links")?;
        Ok(Known {
            customer: Customer::from_query_result(row, prefix)?,
            external_ids: links.map_or_else(|| Ok(Vec::new()), |links| from_json(&links))?,
            tags: tags.map_or_else(|| Ok(Vec::new()), |tags| from_json(&tags))?,
            churn_risk: row.try_get(prefix, "churn_risk")?,
        })
    }
}

/// Adds tags and external ids, each as one JSON list, and the churn risk to a select of customers.
pub fn with_known(db: &impl ConnectionTrait, select: Select<customers::Entity>) -> Select<customers::Entity> {
    let (tags, links) = match db.get_database_backend() {
        DbBackend::Postgres => (
            "json_agg(tag ORDER BY tag)",
            "json_agg(json_build_array(system, external_id) ORDER BY system, external_id)",
        ),
        _ => (
            "json_group_array(tag ORDER BY tag)",
            "json_group_array(json_array(system, external_id) ORDER BY system, external_id)",
        ),
    };
    let of = |what: &str, table: &str| {
        Expr::cust(format!("(SELECT {what} FROM {table} WHERE {table}.customer_id = customers.id)"))
    };
    select
        .expr_as(of(tags, "customer_tags"), "tags")
        .expr_as(of(links, "customer_external_ids"), "links")
        .expr_as(of("risk", "customer_churn"), "churn_risk")
}

/// What a list may be narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub owner_id: Option<Uuid>,
    pub department_id: Option<Uuid>,
    pub phone_key: Option<String>,
    pub email_key: Option<String>,
    pub name_key: Option<String>,
    /// Beside the reader's own scope.
    pub within: Option<Scope>,
}

pub async fn list(
    db: &impl ConnectionTrait,
    scope: Scope,
    filter: Filter,
    page: PageRequest,
) -> Result<Page<Known>, DbErr> {
    use customers::Column as C;
    let mut select = customers::Entity::find()
        .filter(visible(scope))
        .apply_if(filter.owner_id, |q, v| q.filter(C::OwnerId.eq(v)))
        .apply_if(filter.department_id, |q, v| q.filter(C::DepartmentId.eq(v)))
        .apply_if(filter.phone_key, |q, v| q.filter(C::PhoneKey.eq(v)))
        .apply_if(filter.email_key, |q, v| q.filter(C::EmailKey.eq(v)))
        .apply_if(filter.name_key, |q, v| q.filter(C::NameKey.eq(v)))
        .apply_if(filter.within, |q, v| q.filter(visible(v)));
    if let Some(before) = page.before {
        select = select.filter(C::Id.lt(before));
    }
    let select = select.order_by_desc(C::Id).limit(page.limit + 1);
    let rows = with_known(db, select).into_model::<Known>().all(db).await?;
    Ok(Page::from_overfetch(rows, page.limit, |known| known.customer.id))
}

/// A customer with what is shown beside it.
pub async fn show(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Known>, DbErr> {
    let select = customers::Entity::find_by_id(id).filter(visible(scope));
    with_known(db, select).into_model::<Known>().one(db).await
}

/// Customers with what is shown beside them, in no order.
pub async fn show_all(db: &impl ConnectionTrait, scope: Scope, ids: &[Uuid]) -> Result<Vec<Known>, DbErr> {
    let select =
        customers::Entity::find().filter(customers::Column::Id.is_in(ids.iter().copied())).filter(visible(scope));
    with_known(db, select).into_model::<Known>().all(db).await
}

pub async fn find(db: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Customer>, DbErr> {
    customers::Entity::find_by_id(id).filter(visible(scope)).one(db).await
}

/// Loads and locks a customer until the transaction ends.
pub async fn lock(tx: &impl ConnectionTrait, scope: Scope, id: Uuid) -> Result<Option<Customer>, DbErr> {
    customers::Entity::find_by_id(id).filter(visible(scope)).lock_exclusive().one(tx).await
}

pub async fn find_by_external(
    db: &impl ConnectionTrait,
    scope: Scope,
    system: &str,
    external_id: &str,
) -> Result<Option<Customer>, DbErr> {
    let link = customer_external_ids::Entity::belongs_to(customers::Entity)
        .from(customer_external_ids::Column::CustomerId)
        .to(customers::Column::Id)
        .into();
    customers::Entity::find()
        .join_rev(JoinType::InnerJoin, link)
        .filter(customer_external_ids::Column::System.eq(system))
        .filter(customer_external_ids::Column::ExternalId.eq(external_id))
        .filter(visible(scope))
        .one(db)
        .await
}

/// The customer that an external id names, in whatever scope: to know whether the id is free.
pub async fn external_owner(db: &impl ConnectionTrait, system: &str, external_id: &str) -> Result<Option<Uuid>, DbErr> {
    let row = customer_external_ids::Entity::find_by_id((system.to_owned(), external_id.to_owned())).one(db).await?;
    Ok(row.map(|row| row.customer_id))
}

/// Which of these external ids of a system are known, and to whom they belong.
pub async fn external_owners(
    db: &impl ConnectionTrait,
    system: &str,
    ids: &[String],
) -> Result<Vec<ExternalId>, DbErr> {
    customer_external_ids::Entity::find()
        .filter(customer_external_ids::Column::System.eq(system))
        .filter(customer_external_ids::Column::ExternalId.is_in(ids))
        .all(db)
        .await
}

/// The one customer that has this phone or mail, or has a contact who does; nobody where there are several, because a
/// guess could tell the wrong one.
pub async fn find_by_contact(
    db: &impl ConnectionTrait,
    phone_key: Option<&str>,
    email_key: Option<&str>,
) -> Result<Option<Customer>, DbErr> {
    use contacts::Column as K;
    use customers::Column as C;
    for conditions in [
        phone_key.map(|key| (C::PhoneKey.eq(key), K::PhoneKey.eq(key))),
        email_key.map(|key| (C::EmailKey.eq(key), K::EmailKey.eq(key))),
    ] {
        let Some((own, of_contact)) = conditions else { continue };
        let through = Query::select().column(K::CustomerId).from(contacts::Entity).and_where(of_contact).to_owned();
        // Two ways by an index each; an OR over both would read every customer.
        let mut found: Vec<Customer> = Vec::new();
        for condition in [own, C::Id.in_subquery(through)] {
            let select = customers::Entity::find().filter(condition).filter(C::MergedInto.is_null());
            found.extend(select.order_by_asc(C::Id).limit(2).all(db).await?);
        }
        found.dedup_by_key(|customer| customer.id);
        if found.len() == 1 {
            return Ok(found.pop());
        }
    }
    Ok(None)
}

pub async fn insert(tx: &impl ConnectionTrait, rows: Vec<Customer>) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    customers::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .exec_without_returning(tx)
        .await
        .map(|_| ())
}

pub async fn update(tx: &impl ConnectionTrait, customer: Customer) -> Result<Customer, DbErr> {
    customers::Entity::update(customer.into_active_model().reset_all()).exec(tx).await
}

/// Claims external ids for customers. Answers those that were free and are theirs now.
pub async fn link_external(tx: &impl ConnectionTrait, rows: Vec<ExternalId>) -> Result<Vec<ExternalId>, DbErr> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let taken = OnConflict::columns([customer_external_ids::Column::System, customer_external_ids::Column::ExternalId])
        .do_nothing()
        .to_owned();
    let insert = customer_external_ids::Entity::insert_many(rows.into_iter().map(IntoActiveModel::into_active_model))
        .on_conflict(taken);
    insert.exec_with_returning(tx).await
}

#[cfg(test)]
mod tests {
    use sea_orm::Iterable;

    #[test]
    fn batches_know_how_many_columns_there_are() {
        assert_eq!(super::customers::Column::iter().count(), super::COLUMNS);
        assert_eq!(crate::entity::orders::Column::iter().count(), crate::customers::orders::COLUMNS);
    }
}
