//! The statements that the API issues for the three requests, written down. `$1` is understood by both databases.

macro_rules! customer_columns {
    () => {
        "\"customers\".\"id\", \"customers\".\"number\", \"customers\".\"kind\", \"customers\".\"name\", \
         \"customers\".\"name_key\", \"customers\".\"industry\", \"customers\".\"phone\", \"customers\".\"phone_key\", \
         \"customers\".\"email\", \"customers\".\"email_key\", \"customers\".\"address\", \"customers\".\"source\", \
         \"customers\".\"owner_id\", \"customers\".\"department_id\", \"customers\".\"note\", \
         \"customers\".\"created_at\", \"customers\".\"updated_at\", \"customers\".\"version\""
    };
}

pub const CUSTOMER: &str =
    concat!("SELECT ", customer_columns!(), " FROM \"customers\" WHERE \"customers\".\"id\" = $1 LIMIT $2");

pub const CUSTOMERS: &str =
    concat!("SELECT ", customer_columns!(), " FROM \"customers\" ORDER BY \"customers\".\"id\" DESC LIMIT $1");

/// The external ids of `n` customers.
pub fn external_ids(n: usize) -> String {
    let these: Vec<String> = (1..=n).map(|i| format!("${i}")).collect();
    format!(
        "SELECT \"customer_external_ids\".\"system\", \"customer_external_ids\".\"external_id\", \
         \"customer_external_ids\".\"customer_id\" FROM \"customer_external_ids\" \
         WHERE \"customer_external_ids\".\"customer_id\" IN ({}) \
         ORDER BY \"customer_external_ids\".\"system\" ASC, \"customer_external_ids\".\"external_id\" ASC",
        these.join(", ")
    )
}

pub const TIER: &str = "SELECT \"customer_id\", \"run_id\", \"tier\", \"rfm_class\", \"rule\", \"frequency\", \"monetary\", \
     \"r\", \"f\", \"m\", \"computed_at\", \"last_on\", \"as_of\", \"cause\", \"tag\" \
     FROM \"customer_tiers\" WHERE \"customer_tiers\".\"customer_id\" = $1 LIMIT $2";

pub const POLICY: &str = "SELECT \"sla_policies\".\"id\" AS \"policy_id\", \"sla_policies\".\"version\" AS \"policy_version\", \
     \"calendars\".\"id\" AS \"calendar_id\", \"calendars\".\"version\" AS \"calendar_version\" FROM \"sla_policies\" \
     INNER JOIN \"calendars\" ON \"sla_policies\".\"calendar_id\" = \"calendars\".\"id\" \
     WHERE \"sla_policies\".\"active\" = $1 LIMIT $2";

pub const ROUTING: &str = "SELECT \"id\", \"subtype\", \"department_id\", \"collaborators\", \"created_at\", \"updated_at\", \
     \"version\" FROM \"routing_rules\" WHERE \"routing_rules\".\"subtype\" = $1 LIMIT $2";

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
];

pub const ENTRY_COLUMNS: &[&str] = &["clock_id", "position", "entry"];

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
