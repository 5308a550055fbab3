mod closed_loop;
mod deadlines;
mod single_orders;
mod sla;
mod data_scope;
mod idempotency;
mod identity;
