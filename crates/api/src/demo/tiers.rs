//! A tiering run, awaited.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::NaiveDate;
use serde_json::json;

use super::Outcome;
use super::api::{Session, text};
use super::customers::{CUSTOMERS, Habit, SYSTEM, external_id};

const LOOK_EVERY: Duration = Duration::from_millis(200);
const PATIENCE: u32 = 300;

/// Computes all tiers and answers how many of the firm's customers came into each.
pub async fn compute(admin: &Session, today: NaiveDate) -> Outcome<String> {
    let path = "/api/v1/tiering/runs";
    let run = admin.post(path, Some(json!({ "as_of": today }))).await?.granted("POST", path)?;
    follow(admin, &format!("{path}/{}", text(&run, "id"))).await?;
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for (index, _) in CUSTOMERS.iter().enumerate().filter(|(_, entry)| entry.0 != Habit::Prospect) {
        let path = format!("/api/v1/customers/by-external-id/{SYSTEM}/{}", external_id(index));
        let customer = admin.get(&path).await?;
        let tier = admin.get(&format!("/api/v1/customers/{}/tier", text(&customer, "id"))).await?;
        *counts.entry(text(&tier, "tier")).or_default() += 1;
    }
    Ok(counts.iter().map(|(tier, count)| format!("{count} {tier}")).collect::<Vec<_>>().join(", "))
}

async fn follow(admin: &Session, path: &str) -> Outcome<()> {
    for _ in 0..PATIENCE {
        let run = admin.get(path).await?;
        match run["status"].as_str() {
            Some("completed") => return Ok(()),
            Some("failed") => return Err(format!("the tiering run failed: {}", text(&run, "error")).into()),
            _ => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
    Err("the tiering run does not end: does any copy of the server run with HUIYIN_JOBS=on?".into())
}
