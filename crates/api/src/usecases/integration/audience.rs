//! The people whom a feedback concerns, looked up once for all events of a batch: when deadlines pass, they are many, and
//! of few departments.

use std::collections::HashMap;

use huiyin_domain::identity::Role;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::Feedback;
use huiyin_persistence::identity::departments;
use huiyin_persistence::identity::users::{self, User};
use uuid::Uuid;

use crate::usecases::support::Result;

/// Directors or administrators that are told of one thing at most.
const DIRECTORS: u64 = 20;
/// Heads and managers that are told of one thing at most.
const DECIDERS: u64 = 20;
/// People of a department that are told of what lies in its pool at most.
const POOL: u64 = 50;

/// Who a feedback concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    Handler,
    Reporter,
    /// The head of the department; directors where it has none yet: they decide where it goes.
    Head,
    /// Head and managers of the department; administrators where there are none.
    Deciders,
    /// Everybody in the department, as long as nobody there has taken it.
    Pool,
    /// Who stands above the department; administrators where nobody does.
    Director,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Group {
    User(Uuid),
    Head(Uuid),
    /// The head, else the managers; administrators where there are neither.
    Leads(Uuid),
    Directors,
    Deciders(Option<Uuid>),
    Pool(Uuid),
    Above(Option<Uuid>),
}

/// Groups of people, those who are active, as far as they have been asked for.
pub struct Audience<'a> {
    tx: &'a Tx,
    members: HashMap<Group, Vec<Uuid>>,
}

impl<'a> Audience<'a> {
    pub fn new(tx: &'a Tx) -> Self {
        Audience { tx, members: HashMap::new() }
    }

    /// Whoever has a task in hand; as long as nobody has, the head of the department.
    pub async fn in_whose_hands(&mut self, assignee: Option<Uuid>, department: Option<Uuid>) -> Result<Vec<Uuid>> {
        match assignee {
            Some(assignee) => self.members_of(Group::User(assignee)).await,
            None => self.above(department, 1).await,
        }
    }

    /// Who stands above a department: its head at level 1, the director beyond.
    pub async fn above(&mut self, department: Option<Uuid>, level: i32) -> Result<Vec<Uuid>> {
        match (department, level) {
            (Some(department), 1) => self.members_of(Group::Leads(department)).await,
            _ => self.members_of(Group::Above(department)).await,
        }
    }

    pub async fn of(&mut self, feedback: &Feedback, who: Who) -> Result<Vec<Uuid>> {
        let group = match (who, feedback.department_id) {
            (Who::Handler, _) => feedback.handler_id.map(Group::User),
            (Who::Reporter, _) => feedback.reporter_id.map(Group::User),
            (Who::Head, Some(department)) => Some(Group::Head(department)),
            (Who::Head, None) => Some(Group::Directors),
            (Who::Deciders, department) => Some(Group::Deciders(department)),
            (Who::Pool, department) => department.filter(|_| feedback.handler_id.is_none()).map(Group::Pool),
            (Who::Director, department) => Some(Group::Above(department)),
        };
        match group {
            Some(group) => self.members_of(group).await,
            None => Ok(Vec::new()),
        }
    }

    async fn members_of(&mut self, group: Group) -> Result<Vec<Uuid>> {
        if let Some(known) = self.members.get(&group) {
            return Ok(known.clone());
        }
        let found = members(self.tx, group).await?.into_iter().map(|user| user.id).collect::<Vec<_>>();
        self.members.insert(group, found.clone());
        Ok(found)
    }
}

async fn members(tx: &Tx, group: Group) -> Result<Vec<User>> {
    match group {
        Group::User(user) => Ok(users::active(tx, user).await?.into_iter().collect()),
        Group::Directors => Ok(users::active_of_role(tx, Role::Director, DIRECTORS).await?),
        Group::Pool(department) => Ok(users::active_of_department(tx, department, POOL).await?),
        Group::Deciders(department) => deciders(tx, department).await,
        Group::Head(department) => {
            let department = departments::find(tx, department).await?;
            active(tx, department.and_then(|department| department.head_user_id)).await
        }
        Group::Leads(department) => {
            let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
            let head = active(tx, head).await?;
            if head.is_empty() { deciders(tx, Some(department)).await } else { Ok(head) }
        }
        Group::Above(department) => {
            let department = match department {
                Some(department) => departments::find(tx, department).await?,
                None => None,
            };
            let director = active(tx, department.and_then(|department| department.director_user_id)).await?;
            match director.is_empty() {
                true => Ok(users::active_of_role(tx, Role::Admin, DIRECTORS).await?),
                false => Ok(director),
            }
        }
    }
}

async fn active(tx: &Tx, user: Option<Uuid>) -> Result<Vec<User>> {
    match user {
        Some(user) => Ok(users::active(tx, user).await?.into_iter().collect()),
        None => Ok(Vec::new()),
    }
}

/// Head and managers of a department; administrators where there are none.
pub async fn deciders(tx: &Tx, department: Option<Uuid>) -> Result<Vec<User>> {
    let mut told = Vec::new();
    if let Some(department) = department {
        told = users::active_managers(tx, department, DECIDERS).await?;
        let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
        if let Some(head) = head.filter(|head| told.iter().all(|user| user.id != *head)) {
            told.extend(users::active(tx, head).await?);
        }
    }
    if told.is_empty() {
        told = users::active_of_role(tx, Role::Admin, DECIDERS).await?;
    }
    Ok(told)
}

/// The head of a department; its managers where it has none, and directors where there are none either.
pub async fn heads_of(tx: &Tx, department: Option<Uuid>) -> Result<Vec<Uuid>> {
    if let Some(department) = department {
        let head = departments::find(tx, department).await?.and_then(|department| department.head_user_id);
        if let Some(head) = head
            && users::active(tx, head).await?.is_some()
        {
            return Ok(vec![head]);
        }
        let managers = users::active_managers(tx, department, DIRECTORS).await?;
        if !managers.is_empty() {
            return Ok(managers.into_iter().map(|user| user.id).collect());
        }
    }
    let directors = users::active_of_role(tx, Role::Director, DIRECTORS).await?;
    Ok(directors.into_iter().map(|user| user.id).collect())
}
