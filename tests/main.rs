//! Journeys over HTTP, on SQLite and on PostgreSQL.

mod journeys;
mod outbox;
mod role_matrix;
mod support;
