//! Journeys over HTTP, on SQLite and on PostgreSQL.

mod journeys;
mod role_matrix;
mod support;
