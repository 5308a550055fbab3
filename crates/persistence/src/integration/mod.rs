//! What carries everything else: the outbox, timers, leases, idempotency, notifications, numbers.

pub mod events;
pub mod idempotency;
pub mod leases;
pub mod notifications;
pub mod numbers;
pub mod settings;
pub mod timeline;
pub mod timers;
