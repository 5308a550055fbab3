//! The statements that the API issues for the three requests, written down. `$1` is understood by both databases.

const CUSTOMER_COLUMNS: &[&str] = &[
    "id",
    "number",
    "kind",
    "name",
    "name_key",
    "industry",
    "phone",
    "phone_key",
    "email",
    "email_key",
    "address",
    "source",
    "owner_id",
    "department_id",
    "note",
    "firm_key",
    "birthday_calendar",
    "birthday_year",
    "birthday_month",
    "birthday_day",
    "birthday_leap",
    "cooperation_start",
    "cooperation_stage",
    "annual_amount",
    "contract_end",
    "core_products",
    "preferred_channel",
    "lifecycle_stage",
    "last_activity_at",
    "custom",
    "search",
    "merged_into",
    "created_at",
    "updated_at",
    "version",
];

/// A customer within reach, as a use case reads it.
pub fn customer() -> String {
    let columns: Vec<String> = CUSTOMER_COLUMNS.iter().map(|name| format!("\"customers\".\"{name}\"")).collect();
    format!(
        "SELECT {} FROM \"customers\" WHERE \"customers\".\"merged_into\" IS NULL AND \"customers\".\"id\" = $1 LIMIT $2",
        columns.join(", ")
    )
}

/// Customers with their tags, external ids and churn risk, as they are shown.
pub fn customers(postgres: bool, one: bool) -> String {
    let columns: Vec<String> = CUSTOMER_COLUMNS.iter().map(|name| format!("\"customers\".\"{name}\"")).collect();
    let (tags, links) = if postgres {
        ("json_agg(tag ORDER BY tag)", "json_agg(json_build_array(system, external_id) ORDER BY system, external_id)")
    } else {
        (
            "json_group_array(tag ORDER BY tag)",
            "json_group_array(json_array(system, external_id) ORDER BY system, external_id)",
        )
    };
    let of = |what: &str, table: &str| format!("(SELECT {what} FROM {table} WHERE {table}.customer_id = customers.id)");
    let (tags, links) = (of(tags, "customer_tags"), of(links, "customer_external_ids"));
    let risk = of("risk", "customer_churn");
    let rest =
        if one { "AND \"customers\".\"id\" = $1 LIMIT $2" } else { "ORDER BY \"customers\".\"id\" DESC LIMIT $1" };
    format!(
        "SELECT {}, {tags}, {links}, {risk} FROM \"customers\" WHERE \"customers\".\"merged_into\" IS NULL {rest}",
        columns.join(", ")
    )
}

/// What the customer's feedback adds up to.
pub const FIGURES: &str = "INSERT INTO customer_figures (customer_id, complaints, feedback_open, last_feedback_at) \
     SELECT c.id, count(CASE WHEN f.kind = 'complaint' THEN 1 END), count(CASE WHEN f.state <> 'closed' THEN 1 END), \
     max(f.received_at) FROM customers c LEFT JOIN feedback f ON f.customer_id = c.id WHERE c.id IN ($1) GROUP BY c.id \
     ORDER BY c.id ON CONFLICT (customer_id) DO UPDATE SET complaints = excluded.complaints, \
     feedback_open = excluded.feedback_open, last_feedback_at = excluded.last_feedback_at";

pub const TIER: &str = "SELECT \"customer_id\", \"run_id\", \"tier\", \"rfm_class\", \"rule\", \"frequency\", \"monetary\", \
     \"r\", \"f\", \"m\", \"computed_at\", \"last_on\", \"as_of\", \"cause\", \"tag\" \
     FROM \"customer_tiers\" WHERE \"customer_tiers\".\"customer_id\" = $1 LIMIT $2";

pub const POLICY: &str = "SELECT \"sla_policies\".\"id\" AS \"policy_id\", \"sla_policies\".\"version\" AS \"policy_version\", \
     \"calendars\".\"id\" AS \"calendar_id\", \"calendars\".\"version\" AS \"calendar_version\" FROM \"sla_policies\" \
     INNER JOIN \"calendars\" ON \"sla_policies\".\"calendar_id\" = \"calendars\".\"id\" \
     WHERE \"sla_policies\".\"active\" = $1 LIMIT $2";

pub const ROUTING: &str = "SELECT \"id\", \"position\", \"name\", \"active\", \"subtype\", \"criteria\", \"department_id\", \
     \"collaborators\", \"strategy\", \"handler_id\", \"created_at\", \"updated_at\", \"version\" FROM \"routing_rules\" \
     WHERE \"active\" = $1 AND (\"subtype\" IS NULL OR \"subtype\" = $2) ORDER BY \"position\", \"id\"";

pub const FEEDBACK_COLUMNS: &[&str] = &[
    "id",
    "number",
    "channel",
    "channel_message_id",
    "content",
    "customer_id",
    "reporter_id",
    "contact_name",
    "contact_phone",
    "contact_email",
    "kind",
    "subtype",
    "priority",
    "mood",
    "confidence",
    "needs_review",
    "evidence",
    "classified_by",
    "state",
    "awaiting",
    "department_id",
    "handler_id",
    "first_handler_id",
    "collaborators",
    "promised_at",
    "solution",
    "improvement",
    "reopened_times",
    "escalation_level",
    "policy_id",
    "received_at",
    "accepted_at",
    "resolved_at",
    "closed_at",
    "work_key",
    "deputy_id",
    "proposed_departments",
    "rejections",
    "created_at",
    "updated_at",
    "version",
];

pub const CLOCK_COLUMNS: &[&str] = &[
    "id",
    "feedback_id",
    "kind",
    "calendar_id",
    "state",
    "target_value",
    "target_unit",
    "started_at",
    "due_at",
    "provisional",
    "stopped_at",
    "breached_at",
    "entries",
    "part_id",
    "calendar_version",
];

pub const ENTRY_COLUMNS: &[&str] = &["clock_id", "position", "entry", "cause", "actor_id", "calendar_id"];

pub const PART_COLUMNS: &[&str] = &[
    "id",
    "feedback_id",
    "department_id",
    "role",
    "handler_id",
    "task",
    "state",
    "round",
    "note",
    "added_by",
    "started_at",
    "accepted_at",
    "ended_at",
    "created_at",
    "updated_at",
    "version",
];

pub const TIMER_COLUMNS: &[&str] = &[
    "id",
    "kind",
    "subject_id",
    "unique_key",
    "due_at",
    "payload",
    "attempts",
    "lease_owner",
    "lease_until",
    "failed_at",
    "last_error",
];

pub const EVENT_COLUMNS: &[&str] = &["id", "kind", "subject", "subject_id", "data", "actor_id", "occurred_at"];

pub const TIMELINE_COLUMNS: &[&str] =
    &["id", "customer_id", "kind", "subject", "subject_id", "data", "actor_id", "occurred_at"];

/// `rows` rows into a table.
pub fn insert(table: &str, columns: &[&str], rows: usize, rest: &str) -> String {
    let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
    let row = |row: usize| {
        let values: Vec<String> = (1..=columns.len()).map(|i| format!("${}", row * columns.len() + i)).collect();
        format!("({})", values.join(", "))
    };
    let values: Vec<String> = (0..rows).map(row).collect();
    format!("INSERT INTO \"{table}\" ({}) VALUES {} {rest}", names.join(", "), values.join(", "))
}

pub const KNOWN_MESSAGE: &str = "ON CONFLICT (\"channel\", \"channel_message_id\") DO NOTHING";

pub const MOVED_TIMER: &str = "ON CONFLICT (\"unique_key\") DO UPDATE SET \"id\" = \"excluded\".\"id\", \
     \"due_at\" = \"excluded\".\"due_at\", \"payload\" = \"excluded\".\"payload\", \
     \"attempts\" = \"excluded\".\"attempts\", \"lease_owner\" = \"excluded\".\"lease_owner\", \
     \"lease_until\" = \"excluded\".\"lease_until\", \"failed_at\" = \"excluded\".\"failed_at\", \
     \"last_error\" = \"excluded\".\"last_error\"";

pub mod sqlite {
    pub const BEGIN: &str = "BEGIN IMMEDIATE";
    pub const NUMBER: &str = "UPDATE counters SET value = value + $1 WHERE name = 'feedback' RETURNING value";
}

pub mod postgres {
    pub const BEGIN: &str = "BEGIN";
    pub const NUMBER: &str = "SELECT nextval('feedback_number') AS value FROM generate_series(1, $1)";
}
