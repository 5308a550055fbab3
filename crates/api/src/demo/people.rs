//! The firm's people: departments and their heads, a user of every role, and the ERP's key.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::Outcome;
use super::api::{Api, Session, text};

/// Somebody who works there.
pub struct Person {
    pub username: &'static str,
    pub name: &'static str,
    pub role: &'static str,
    /// Code of the department; empty for the management.
    pub department: &'static str,
    pub heads: bool,
    pub title: &'static str,
}

const fn person(
    username: &'static str,
    name: &'static str,
    role: &'static str,
    department: &'static str,
    title: &'static str,
) -> Person {
    Person { username, name, role, department, heads: matches!(role.as_bytes(), b"manager"), title }
}

pub const PEOPLE: &[Person] = &[
    person("shen.li", "沈栎", "director", "", "服务总监: reads everything, personal data masked"),
    person("he.ran", "何苒禾", "manager", "customer_service", "head of 客户服务部"),
    person("qiu.li", "邱砺岩", "manager", "research", "head of 研发部"),
    person("tan.xing", "谭荇", "manager", "sales", "head of 销售部"),
    person("lu.bing", "陆秉舟", "manager", "finance", "head of 财务部"),
    person("ruan.qing", "阮青禾", "agent", "customer_service", "客服专员"),
    person("gu.tong", "顾桐影", "agent", "customer_service", "客服专员"),
    person("xin.yu", "辛屿", "agent", "research", "研发工程师, handles defects"),
    person("wei.ran", "韦苒", "agent", "sales", "客户经理"),
    person("jiang.yan", "姜砚秋", "agent", "sales", "客户经理"),
];

/// Departments that a new deployment does not have by itself.
const MORE_DEPARTMENTS: &[(&str, &str)] = &[("after_sales", "售后服务部")];

const KEY_NAME: &str = "ERP (demo)";
const KEY_SCOPES: [&str; 4] = ["orders:write", "customers:read", "customers:write", "feedback:create"];

/// Everybody by user name, with what is needed to act in their place.
pub struct Staff {
    api: Api,
    password: String,
    ids: HashMap<String, String>,
    /// Department id to the people who handle feedback there.
    agents: HashMap<String, Vec<&'static str>>,
    /// Of the ERP's key, where it was made now.
    pub new_key: Option<String>,
}

/// Makes whoever and whatever is missing.
pub async fn hire(api: &Api, admin: &Session, password: &str) -> Outcome<Staff> {
    let departments = departments(admin).await?;
    let known = admin.all("/api/v1/users").await?;
    let mut ids: HashMap<String, String> =
        known.iter().map(|user| (text(user, "username"), text(user, "id"))).collect();
    let mut hired = 0;
    for person in PEOPLE.iter() {
        if ids.contains_key(person.username) {
            continue;
        }
        let body = json!({
            "username": person.username, "display_name": person.name, "password": password, "role": person.role,
            "department_id": departments.get(person.department).map(|department| &department["id"]),
        });
        let user = admin.post("/api/v1/users", Some(body)).await?.granted("POST", "/api/v1/users")?;
        ids.insert(person.username.to_owned(), text(&user, "id"));
        hired += 1;
    }
    println!("Users: {hired} new, {} known before.", PEOPLE.len() - hired);
    appoint_heads(admin, &departments, &ids).await?;

    let mut agents: HashMap<String, Vec<&'static str>> = HashMap::new();
    for person in PEOPLE.iter().filter(|person| person.role == "agent") {
        if let Some(department) = departments.get(person.department) {
            agents.entry(text(department, "id")).or_default().push(person.username);
        }
    }
    let new_key = erp_key(admin).await?;
    Ok(Staff { api: api.clone(), password: password.to_owned(), ids, agents, new_key })
}

async fn departments(admin: &Session) -> Outcome<HashMap<String, Value>> {
    let path = "/api/v1/departments";
    let mut departments: HashMap<String, Value> =
        admin.all(path).await?.into_iter().map(|department| (text(&department, "code"), department)).collect();
    for (code, name) in MORE_DEPARTMENTS {
        if !departments.contains_key(*code) {
            let made = admin.post(path, Some(json!({ "code": code, "name": name }))).await?.granted("POST", path)?;
            departments.insert((*code).to_owned(), made);
        }
    }
    Ok(departments)
}

/// Only where a department has no head yet.
async fn appoint_heads(
    admin: &Session,
    departments: &HashMap<String, Value>,
    ids: &HashMap<String, String>,
) -> Outcome<()> {
    for head in PEOPLE.iter().filter(|person| person.heads) {
        let Some(department) = departments.get(head.department) else { continue };
        if department["head_user_id"].is_null() {
            let path = format!("/api/v1/departments/{}", text(department, "id"));
            admin.patch(&path, json!({ "head_user_id": ids.get(head.username) })).await?;
        }
    }
    Ok(())
}

async fn erp_key(admin: &Session) -> Outcome<Option<String>> {
    let path = "/api/v1/api-keys";
    let known = admin.all(path).await?;
    if known.iter().any(|key| key["name"] == KEY_NAME && key["revoked_at"].is_null()) {
        return Ok(None);
    }
    let body = json!({ "name": KEY_NAME, "scopes": KEY_SCOPES });
    Ok(Some(text(&admin.post(path, Some(body)).await?.granted("POST", path)?, "secret")))
}

impl Staff {
    pub fn id(&self, username: &str) -> Option<&String> {
        self.ids.get(username)
    }

    /// Somebody of this department who handles the `n`-th matter.
    pub fn agent_of(&self, department: &str, n: usize) -> Option<&'static str> {
        let agents = self.agents.get(department)?;
        agents.get(n % agents.len()).copied()
    }

    pub async fn sign_in(&self, username: &str) -> Outcome<Session> {
        let outcome = self.api.sign_in(username, &self.password).await;
        outcome.map_err(|error| {
            format!(
                "the demo acts as its own users, but cannot sign in as {username:?} (another --user-password?): {error}"
            )
            .into()
        })
    }
}
