//! Journeys over HTTP, on SQLite and on PostgreSQL.

mod contract;
mod journeys;
mod outbox;
mod role_matrix;
mod support;
