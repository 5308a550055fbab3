//! Journeys over HTTP, on SQLite and on PostgreSQL.

mod documents;
mod journeys;
mod role_matrix;
mod support;
