//! One history of the schema for SQLite and PostgreSQL. A migration that has been released is never changed.

use sea_orm_migration::prelude::*;

mod m20261122_000001_identity;
mod m20261122_000002_integration;
mod m20261122_000003_customers;
mod m20261122_000004_tiering;
mod m20261122_000005_sla;
mod m20261122_000006_feedback;
mod m20261122_000007_profiles;
mod m20261122_000008_imports;
mod m20261122_000009_segments;
mod m20261122_000010_tiers;
mod m20261122_000011_churn;
mod m20261122_000012_care;
mod m20261122_000013_changes;
mod m20261122_000014_stocktakes;
mod m20261122_000015_classifier;
mod m20261122_000016_ledger;
mod m20261122_000017_promises;
mod m20261122_000018_dispatch;
mod m20261122_000019_cases;
mod m20261122_000020_intake;
mod m20261122_000021_merged_index;
mod m20261122_000022_follow_up;
mod m20261122_000023_generation;
mod m20261122_000024_task_figures;
mod m20261122_000026_closed_loop;
mod m20261122_000027_follow_up_quality;
mod m20261122_000028_contact_changes;
mod m20261122_000029_contact_limits;
mod m20261123_000030_task_indexes;
mod m20261123_000031_task_alarms;
mod m20261123_000032_script_values;
mod table;

pub use sea_orm_migration::MigratorTrait;

pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261122_000001_identity::Migration),
            Box::new(m20261122_000002_integration::Migration),
            Box::new(m20261122_000003_customers::Migration),
            Box::new(m20261122_000004_tiering::Migration),
            Box::new(m20261122_000005_sla::Migration),
            Box::new(m20261122_000006_feedback::Migration),
            Box::new(m20261122_000007_profiles::Migration),
            Box::new(m20261122_000008_imports::Migration),
            Box::new(m20261122_000009_segments::Migration),
            Box::new(m20261122_000010_tiers::Migration),
            Box::new(m20261122_000011_churn::Migration),
            Box::new(m20261122_000012_care::Migration),
            Box::new(m20261122_000013_changes::Migration),
            Box::new(m20261122_000014_stocktakes::Migration),
            Box::new(m20261122_000016_ledger::Migration),
            Box::new(m20261122_000017_promises::Migration),
            Box::new(m20261122_000018_dispatch::Migration),
            Box::new(m20261122_000020_intake::Migration),
            Box::new(m20261122_000019_cases::Migration),
            Box::new(m20261122_000015_classifier::Migration),
            Box::new(m20261122_000021_merged_index::Migration),
            Box::new(m20261122_000022_follow_up::Migration),
            Box::new(m20261122_000023_generation::Migration),
            Box::new(m20261122_000024_task_figures::Migration),
            Box::new(m20261122_000026_closed_loop::Migration),
            Box::new(m20261122_000027_follow_up_quality::Migration),
            Box::new(m20261122_000028_contact_changes::Migration),
            Box::new(m20261122_000029_contact_limits::Migration),
            Box::new(m20261123_000030_task_indexes::Migration),
            Box::new(m20261123_000031_task_alarms::Migration),
            Box::new(m20261123_000032_script_values::Migration),
        ]
    }
}
