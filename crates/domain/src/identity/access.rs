use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::text_enum;

text_enum! {
    /// What a person or key may do (角色).
    Role {
        /// Configures everything, manages users (管理员).
        Admin = "admin",
        /// Reads everything, decides leads of cross-department feedback (管理层).
        Director = "director",
        /// Runs a department (部门负责人).
        Manager = "manager",
        /// Cares for customers and handles feedback (客户经理, 客服专员).
        Agent = "agent",
        /// Another system with an API key (ERP, OA).
        Integration = "integration",
    }
}

text_enum! {
    /// Which rows somebody reaches (数据范围).
    DataScope {
        Own = "own",
        Department = "department",
        All = "all",
    }
}

text_enum! {
    /// One thing that may be allowed. Also the scope names of API keys.
    Permission {
        UsersRead = "users:read",
        UsersManage = "users:manage",
        DepartmentsRead = "departments:read",
        DepartmentsManage = "departments:manage",
        ApiKeysManage = "api_keys:manage",
        CustomersRead = "customers:read",
        CustomersWrite = "customers:write",
        CustomersMerge = "customers:merge",
        ChangeRequestsDecide = "change_requests:decide",
        PersonalDataReveal = "personal_data:reveal",
        CustomersImport = "customers:import",
        InteractionsRead = "interactions:read",
        InteractionsWrite = "interactions:write",
        AttachmentsRead = "attachments:read",
        AttachmentsWrite = "attachments:write",
        CustomersConfigure = "customers:configure",
        ActivitiesWrite = "activities:write",
        StocktakesManage = "stocktakes:manage",
        OrdersRead = "orders:read",
        OrdersWrite = "orders:write",
        SegmentsRead = "segments:read",
        SegmentsManage = "segments:manage",
        TieringRead = "tiering:read",
        TieringRun = "tiering:run",
        TieringConfigure = "tiering:configure",
        FeedbackRead = "feedback:read",
        FeedbackCreate = "feedback:create",
        FeedbackClassify = "feedback:classify",
        FeedbackDispatch = "feedback:dispatch",
        FeedbackHandle = "feedback:handle",
        FeedbackApprove = "feedback:approve",
        FeedbackConfigure = "feedback:configure",
        CasesRead = "cases:read",
        DemandsRead = "demands:read",
        DemandsWrite = "demands:write",
        DemandsManage = "demands:manage",
        FollowUpRead = "follow_up:read",
        FollowUpHandle = "follow_up:handle",
        FollowUpAssign = "follow_up:assign",
        FollowUpPlan = "follow_up:plan",
        FollowUpConfigure = "follow_up:configure",
        SlaRead = "sla:read",
        SlaConfigure = "sla:configure",
        EventsRead = "events:read",
        AuditRead = "audit:read",
        Account = "account",
        PersonalDataRead = "personal_data:read",
    }
}

impl Role {
    /// The roles of people; `integration` is that of API keys, bounded by their scopes.
    pub const OF_PEOPLE: [Role; 4] = [Role::Admin, Role::Director, Role::Manager, Role::Agent];

    /// The data scope of a role unless a user has been given another.
    pub fn default_scope(self) -> DataScope {
        match self {
            Role::Admin | Role::Director | Role::Integration => DataScope::All,
            Role::Manager => DataScope::Department,
            Role::Agent => DataScope::Own,
        }
    }

    /// The one table of who may do what. An API key may at most do what this table grants `integration`,
    /// and of that only what its scopes name.
    pub fn grants(self, permission: Permission) -> bool {
        use Permission::*;
        match permission {
            Account => self != Role::Integration,
            CustomersRead | OrdersRead | TieringRead | FeedbackRead | FeedbackClassify | SlaRead | DepartmentsRead => {
                true
            }
            SegmentsRead | InteractionsRead | AttachmentsRead => true,
            InteractionsWrite | AttachmentsWrite => self != Role::Director,
            UsersRead => matches!(self, Role::Admin | Role::Director | Role::Manager),
            UsersManage | DepartmentsManage | ApiKeysManage | AuditRead => self == Role::Admin,
            CustomersConfigure | TieringConfigure | FeedbackConfigure | SlaConfigure => self == Role::Admin,
            FeedbackApprove => matches!(self, Role::Admin | Role::Manager),
            CustomersWrite | FeedbackCreate => self != Role::Director,
            CustomersMerge | ChangeRequestsDecide => matches!(self, Role::Admin | Role::Manager),
            // Keys either have `personal_data:read`, or have no need.
            PersonalDataReveal => self != Role::Integration,
            CustomersImport => matches!(self, Role::Admin | Role::Manager | Role::Integration),
            ActivitiesWrite | OrdersWrite => matches!(self, Role::Admin | Role::Integration),
            TieringRun => matches!(self, Role::Admin | Role::Director | Role::Integration),
            SegmentsManage | StocktakesManage => matches!(self, Role::Admin | Role::Director | Role::Manager),
            FeedbackDispatch => matches!(self, Role::Admin | Role::Director | Role::Manager),
            FeedbackHandle => matches!(self, Role::Admin | Role::Manager | Role::Agent),
            CasesRead => self != Role::Integration,
            DemandsRead => true,
            DemandsWrite => matches!(self, Role::Admin | Role::Manager | Role::Agent),
            DemandsManage => matches!(self, Role::Admin | Role::Director | Role::Manager),
            FollowUpRead => true,
            FollowUpHandle => matches!(self, Role::Admin | Role::Manager | Role::Agent),
            FollowUpAssign | FollowUpPlan => matches!(self, Role::Admin | Role::Director | Role::Manager),
            FollowUpConfigure => self == Role::Admin,
            EventsRead => matches!(self, Role::Admin | Role::Integration),
            PersonalDataRead => self != Role::Director,
        }
    }
}

/// Who is acting: a signed-in person, an API key, or the clock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Principal {
    User {
        session: Uuid,
    },
    ApiKey {
        scopes: Vec<Permission>,
    },
    /// Timers and event consumers; what they do is not bounded by a role.
    System,
}

/// Somebody with a role and the rows that they reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The user's or key's id; nil for the clock.
    pub id: Uuid,
    pub principal: Principal,
    pub role: Role,
    pub data_scope: DataScope,
    pub department: Option<Uuid>,
}

/// The rows an actor reaches, as every finder takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    All,
    /// Rows of the department and the actor's own.
    Department {
        user: Uuid,
        department: Uuid,
    },
    /// The actor's own rows, and those pooled in the department.
    Own {
        user: Uuid,
        department: Option<Uuid>,
    },
}

impl Actor {
    pub fn system() -> Self {
        Actor {
            id: Uuid::nil(),
            principal: Principal::System,
            role: Role::Admin,
            data_scope: DataScope::All,
            department: None,
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        match &self.principal {
            Principal::System => true,
            Principal::User { .. } => self.role.grants(permission),
            Principal::ApiKey { scopes } => Role::Integration.grants(permission) && scopes.contains(&permission),
        }
    }

    /// The user id for columns that name a person; a key or the clock is none.
    pub fn user_id(&self) -> Option<Uuid> {
        matches!(self.principal, Principal::User { .. }).then_some(self.id)
    }

    pub fn scope(&self) -> Scope {
        match (self.data_scope, self.department) {
            (DataScope::All, _) => Scope::All,
            (DataScope::Department, Some(department)) => Scope::Department { user: self.id, department },
            (DataScope::Department | DataScope::Own, department) => Scope::Own { user: self.id, department },
        }
    }

    /// The rows whose contact data a list may be narrowed by: those that show it unmasked, and `None` where none do.
    /// Finding a row by what is masked in it would tell it after all.
    pub fn personal_data_scope(&self) -> Option<Scope> {
        let (everywhere, somewhere) = match &self.principal {
            Principal::System => (true, true),
            Principal::ApiKey { .. } => (self.may(Permission::PersonalDataRead), false),
            Principal::User { .. } => (self.role == Role::Admin, self.role.grants(Permission::PersonalDataRead)),
        };
        match (everywhere, somewhere, self.department) {
            (true, ..) => Some(Scope::All),
            (false, true, Some(department)) => Some(Scope::Department { user: self.id, department }),
            (false, true, None) => Some(Scope::Own { user: self.id, department: None }),
            (false, false, _) => None,
        }
    }

    /// Whether contact data is shown unmasked: to the owner, the owner's department and administrators, and to
    /// keys with `personal_data:read`; never to directors (PRODUCT.md, data scope).
    pub fn sees_personal_data(&self, owner: Option<Uuid>, department: Option<Uuid>) -> bool {
        match &self.principal {
            Principal::System => true,
            Principal::ApiKey { .. } => self.may(Permission::PersonalDataRead),
            Principal::User { .. } if self.role == Role::Admin => true,
            Principal::User { .. } if !self.role.grants(Permission::PersonalDataRead) => false,
            Principal::User { .. } => {
                owner == Some(self.id) || (self.department.is_some() && self.department == department)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(scopes: &[Permission]) -> Actor {
        Actor { principal: Principal::ApiKey { scopes: scopes.to_vec() }, role: Role::Integration, ..Actor::system() }
    }

    #[test]
    fn a_key_may_what_it_names_and_never_more_than_the_role() {
        let actor = key(&[Permission::OrdersWrite, Permission::UsersManage]);
        assert!(actor.may(Permission::OrdersWrite));
        assert!(!actor.may(Permission::CustomersRead), "not named");
        assert!(!actor.may(Permission::UsersManage), "named, but no integration may");
    }

    #[test]
    fn a_department_scope_without_department_falls_back_to_own() {
        let actor = Actor { data_scope: DataScope::Department, ..Actor::system() };
        assert_eq!(actor.scope(), Scope::Own { user: Uuid::nil(), department: None });
    }

    #[test]
    fn directors_read_everything_but_personal_data() {
        let department = Some(Uuid::from_u128(7));
        let director = Actor {
            id: Uuid::from_u128(1),
            principal: Principal::User { session: Uuid::nil() },
            role: Role::Director,
            data_scope: DataScope::All,
            department,
        };
        assert!(!director.sees_personal_data(Some(director.id), department));
        let colleague = Actor { role: Role::Agent, id: Uuid::from_u128(2), ..director };
        assert!(colleague.sees_personal_data(None, department));
        assert!(!colleague.sees_personal_data(None, None), "a row without a department is nobody's department");
    }
}
