//! Journeys over HTTP, on SQLite and on PostgreSQL.

mod conditions;
mod contract;
mod documents;
mod journeys;
mod migrating;
mod outbox;
mod role_matrix;
mod support;
