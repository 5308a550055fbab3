//! What an empty database starts with: an administrator, departments, routing, a calendar, policies, a tier model.

use chrono::{DateTime, Utc};
use huiyin_domain::feedback::Subtype;
use huiyin_domain::identity::Role;
use huiyin_domain::sla::{china, presets};
use huiyin_domain::tiering::TierModel;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::routing;
use huiyin_persistence::identity::departments::{self, Department};
use huiyin_persistence::identity::users::{self, User, username_key};
use huiyin_persistence::integration::{settings, timers};
use huiyin_persistence::sla::calendars::{self, StoredCalendar};
use huiyin_persistence::sla::policies::{self, StoredPolicy};
use huiyin_persistence::support::{new_id, to_json};
use huiyin_persistence::tiering::models::{self, StoredModel};
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::App;
use super::feedback::classifier;
use super::feedback::routing::of_category;
use super::identity::passwords;
use super::integration::housekeeping;
use super::support::{Error, Result};
use super::tiering::schedule;
use crate::secret::random;

/// What the first start on an empty database has made.
#[derive(Debug)]
pub struct FirstStart {
    pub username: String,
    /// Only where it was generated; shown once.
    pub password: Option<String>,
}

/// Departments of a new deployment, and the categories that go to each (F6).
const DEPARTMENTS: &[(&str, &str, &[Subtype])] = &[
    ("customer_service", "客户服务部", &[Subtype::ServiceQuality, Subtype::ServiceExperience, Subtype::ProductUsage]),
    ("research", "研发部", &[Subtype::ProductFunction, Subtype::FeatureImprovement]),
    ("sales", "销售部", &[Subtype::CooperationPolicy]),
    ("finance", "财务部", &[]),
];
/// Cooperation policy is answered by sales together with finance.
const COLLABORATORS: &[(Subtype, &str)] = &[(Subtype::CooperationPolicy, "finance")];

/// Makes what is missing; on a database that has users, only checks that it is kept in this time zone. Copies that
/// start at once wait for each other at the first row.
pub async fn run(app: &App, now: DateTime<Utc>) -> Result<Option<FirstStart>> {
    let zone = app.config.time_zone.name();
    let given = app.config.admin_password.as_ref().map(|password| password.expose_secret().to_owned());
    let tx = app.db.begin().await?;
    let kept = settings::get_or_set(&tx, "time_zone", zone).await?;
    if kept != zone {
        let why = format!("this database keeps its local dates in {kept}, not {zone}");
        return Err(Error::broken("HUIYIN_TIME_ZONE", why));
    }
    schedule::prepare(app, &tx, now).await?;
    classifier::prepare(&tx, now).await?;
    if users::any(&tx).await? {
        tx.commit().await?;
        return Ok(None);
    }
    let generated = given.is_none().then(|| random(12));
    let password = given.or_else(|| generated.clone()).unwrap_or_default();
    let password_hash = passwords::hash(password, "HUIYIN_ADMIN_PASSWORD").await?;
    let username = app.config.admin_username.clone();
    users::insert(&tx, administrator(&username, password_hash, now)).await?;
    let departments = make_departments(&tx, now).await?;
    make_routing(&tx, &departments, now).await?;
    make_sla(&tx, now).await?;
    let model = StoredModel {
        id: new_id(now),
        name: "default".to_owned(),
        active: true,
        model: to_json(&TierModel::default())?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    models::insert(&tx, model).await?;
    timers::set(&tx, now, vec![housekeeping::next(now)]).await?;
    tx.commit().await?;
    Ok(Some(FirstStart { username, password: generated }))
}

fn administrator(username: &str, password_hash: String, now: DateTime<Utc>) -> User {
    User {
        id: new_id(now),
        username: username.to_owned(),
        username_key: username_key(username),
        display_name: username.to_owned(),
        role: Role::Admin.to_string(),
        data_scope: Role::Admin.default_scope().to_string(),
        department_id: None,
        password_hash,
        active: true,
        created_at: now,
        updated_at: now,
        version: 1,
    }
}

async fn make_departments(tx: &Tx, now: DateTime<Utc>) -> Result<Vec<(&'static str, Uuid)>> {
    let mut made = Vec::new();
    for (code, name, _) in DEPARTMENTS {
        let (code_text, name) = ((*code).to_owned(), (*name).to_owned());
        let department = Department {
            id: new_id(now),
            code: code_text,
            name,
            head_user_id: None,
            director_user_id: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        made.push((*code, departments::insert(tx, department).await?.id));
    }
    Ok(made)
}

async fn make_routing(tx: &Tx, departments: &[(&'static str, Uuid)], now: DateTime<Utc>) -> Result<()> {
    let by_code = |wanted: &str| departments.iter().find(|(code, _)| *code == wanted).map(|(_, id)| *id);
    for (code, _, subtypes) in DEPARTMENTS {
        let Some(department_id) = by_code(code) else { continue };
        for subtype in *subtypes {
            let collaborators: Vec<Uuid> =
                COLLABORATORS.iter().filter(|(of, _)| of == subtype).filter_map(|(_, code)| by_code(code)).collect();
            routing::insert(tx, of_category(*subtype, department_id, to_json(&collaborators)?, now)?).await?;
        }
    }
    Ok(())
}

/// The first preset is the one in force.
async fn make_sla(tx: &Tx, now: DateTime<Utc>) -> Result<()> {
    let calendar = StoredCalendar {
        id: new_id(now),
        name: "中国大陆工作日历".to_owned(),
        built_in: true,
        spec: to_json(&china())?,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    let calendar_id = calendars::insert(tx, calendar).await?.id;
    for (index, spec) in presets().into_iter().enumerate() {
        let policy = StoredPolicy {
            id: new_id(now),
            name: spec.name.clone(),
            active: index == 0,
            enabled: true,
            calendar_id,
            spec: to_json(&spec)?,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        policies::insert(tx, policy).await?;
    }
    Ok(())
}
