//! The tables as sea-orm sees them, and nothing else.

pub mod api_keys;
pub mod calendars;
pub mod customer_external_ids;
pub mod customer_tiers;
pub mod customers;
pub mod departments;
pub mod event_cursors;
pub mod events;
pub mod feedback;
pub mod feedback_communications;
pub mod idempotency_keys;
pub mod leases;
pub mod login_attempts;
pub mod notifications;
pub mod orders;
pub mod refresh_tokens;
pub mod routing_rules;
pub mod sessions;
pub mod settings;
pub mod sla_clock_entries;
pub mod sla_clocks;
pub mod sla_policies;
pub mod tiering_models;
pub mod tiering_runs;
pub mod timers;
pub mod users;
