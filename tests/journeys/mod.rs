mod closed_loop;
mod data_scope;
mod idempotency;
mod identity;
