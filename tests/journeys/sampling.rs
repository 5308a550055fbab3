//! Records are drawn at random and held against the customer file, by somebody else than who wrote them.

use std::collections::BTreeSet;

use chrono::TimeDelta;
use huiyin_domain::identity::Scope;
use huiyin_persistence::follow_up::samples::{Field, records_after};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::app::beginning;
use crate::support::builders::{department, id, user};
use crate::support::follow_ups::{Row, plan, store};
use crate::support::{Client, Running, journey};

const SAMPLES: &str = "/api/v1/follow-up-samples";

async fn drawn(client: &Client, sample: &Value) -> Vec<String> {
    let mut records = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = client.get(&format!("{SAMPLES}/{}/items?limit=7{cursor}", id(sample))).await.expect(200);
        records.extend(page["items"].as_array().unwrap().iter().map(|item| id(&item["record"])));
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return records,
        }
    }
}

journey! {
    async fn records_are_drawn_again_by_their_seed_and_checked_by_somebody_else(running: Running) {
        let admin = running.admin().await;
        let sales: Uuid = department(&admin, "sales").await.parse().unwrap();
        let service: Uuid = department(&admin, "customer_service").await.parse().unwrap();
        let (manager, manager_id) = user(&running, &admin, "wang.fang", "manager", Some("sales")).await;
        let (agent, agent_id) = user(&running, &admin, "sun.yu", "agent", Some("sales")).await;
        let (director, _) = user(&running, &admin, "zhao.min", "director", None).await;
        let (manager_id, agent_id): (Uuid, Uuid) = (manager_id.parse().unwrap(), agent_id.parse().unwrap());
        let customer = json!({ "name": "晨光贸易", "phone": "13800138000", "owner_id": agent_id, "department_id": sales });
        let customer: Uuid = id(&admin.post("/api/v1/customers", customer).await.expect(201)).parse().unwrap();
        let plan = plan(&running, "购买后回访", None, None).await;

        // Thirty of the department's agent, one of the manager, forty of another department, one of the month before.
        let at = beginning() - TimeDelta::days(2);
        let row = |department: Uuid, assignee: Option<Uuid>, minutes: i64| {
            let row = Row { customer: Some(customer), department: Some(department), assignee, ..Row::due(at) };
            row.reached(at + TimeDelta::minutes(minutes / 2))
        };
        let mut rows: Vec<Row> = (0..30).map(|n| Row { plan: Some(plan), ..row(sales, Some(agent_id), n) }).collect();
        rows.push(row(sales, Some(manager_id), 90));
        rows.extend((0..40).map(|n| row(service, None, n)));
        let mut earlier = row(sales, Some(agent_id), 0);
        earlier.closed_at = Some(at - TimeDelta::days(30));
        rows.push(earlier);
        let stored = store(&running, &rows).await;

        // Read in parts, also where several happened at one moment, each takes part once.
        let (from, until) = (at - TimeDelta::days(1), beginning());
        let field = Field { scope: Scope::All, plan_id: None, author_id: None, from, until };
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let part = records_after(&running.app.db, &field, after, 7).await.unwrap();
            after = part.last().copied();
            let whole = part.len() == 7;
            read.extend(part.into_iter().map(|(_, id)| id));
            if !whole {
                break;
            }
        }
        assert_eq!((read.len(), read.into_iter().collect::<BTreeSet<_>>().len()), (71, 71));

        let body = json!({ "from": "2026-10-01", "to": "2026-10-31", "size": 20, "seed": 7 });
        assert_eq!(agent.post(SAMPLES, body.clone()).await.problem(403), "forbidden");
        let one = director.post(SAMPLES, body.clone()).await.expect(201);
        assert_eq!((&one["population"], &one["drawn"], &one["seed"]), (&json!(71), &json!(20), &json!(7)));
        let two = admin.post(SAMPLES, body.clone()).await.expect(201);
        let (first, again) = (drawn(&director, &one).await, drawn(&admin, &two).await);
        assert_eq!(first, again, "the same seed draws the same");
        assert_eq!(first.iter().collect::<BTreeSet<_>>().len(), 20);
        let other = json!({ "from": "2026-10-01", "to": "2026-10-31", "size": 20 });
        let made_up = admin.post(SAMPLES, other.clone()).await.expect(201);
        assert!(made_up["seed"].as_i64().unwrap() >= 0);
        assert_ne!(drawn(&admin, &made_up).await, first);
        let repeated = admin.clone().with_header("idempotency-key", "again");
        assert_eq!(repeated.post(SAMPLES, other.clone()).await.expect(201), repeated.post(SAMPLES, other).await.expect(201));

        // Of the department, of a plan, of a person: only theirs take part.
        let all = json!({ "from": "2026-10-01", "to": "2026-10-31", "size": 500 });
        let of_department = manager.post(SAMPLES, all.clone()).await.expect(201);
        let expected: BTreeSet<String> = stored[..31].iter().map(Uuid::to_string).collect();
        assert_eq!((&of_department["population"], &of_department["department_id"]), (&json!(31), &json!(sales)));
        assert_eq!(drawn(&manager, &of_department).await.into_iter().collect::<BTreeSet<_>>(), expected);
        let mut narrowed = all.clone();
        narrowed["plan_id"] = json!(plan);
        narrowed["author_id"] = json!(agent_id);
        assert_eq!(admin.post(SAMPLES, narrowed).await.expect(201)["population"], 30);
        let mut missing = all;
        missing["plan_id"] = json!(Uuid::now_v7());
        missing["author_id"] = json!(Uuid::now_v7());
        let missing = admin.post(SAMPLES, missing).await;
        assert_eq!((missing.status, missing.json()["errors"].as_array().unwrap().len()), (404, 2), "{}", missing.text);
        assert_eq!(manager.get(&format!("{SAMPLES}/{}", id(&one))).await.problem(404), "sample_not_found");
        let seen: Vec<Value> = manager.get(SAMPLES).await.expect(200)["items"].as_array().unwrap().clone();
        assert_eq!(seen, std::slice::from_ref(&of_department));

        // The record beside the file, masked for those who have no need.
        let path = format!("{SAMPLES}/{}", id(&of_department));
        let items = manager.get(&format!("{path}/items?limit=1")).await.expect(200);
        let item = &items["items"][0];
        assert_eq!((&item["customer"]["phone"], &item["figures"]["orders"], &item["verdict"]), (&json!("13800138000"), &json!(0), &Value::Null));
        let masked = director.get(&format!("{path}/items?limit=1")).await.expect(200);
        assert_eq!(masked["items"][0]["customer"]["phone"], "138****8000");

        // Nobody checks the own record; a verdict said anew takes the place of the one before.
        let verdict = |record: &Uuid| format!("{path}/items/{record}/verdict");
        let said = |verdict: &str| json!({ "verdict": verdict, "note": "电话核实" });
        let own = stored[30];
        assert_eq!(manager.post(&verdict(&own), said("matches")).await.problem(409), "own_record");
        let checked = director.post(&verdict(&own), said("matches")).await.expect(200);
        assert_eq!((&checked["checked"], &checked["match_rate"], &checked["verdict"]), (&json!(1), &json!(100.0), &json!("matches")));
        manager.post(&verdict(&stored[0]), said("differs")).await.expect(200);
        manager.post(&verdict(&stored[1]), said("doubtful")).await.expect(200);
        let corrected = manager.post(&verdict(&stored[1]), json!({ "verdict": "matches" })).await.expect(200);
        let progress = ["checked", "matches", "differs", "doubtful", "note"].map(|name| corrected[name].clone());
        assert_eq!(progress, [json!(3), json!(2), json!(1), json!(0), Value::Null]);
        let open = manager.get(&format!("{path}/items?checked=false&limit=200")).await.expect(200);
        assert_eq!(open["items"].as_array().unwrap().len(), 28);
        let outside = verdict(stored.last().unwrap());
        assert_eq!(manager.post(&outside, said("matches")).await.problem(404), "sample_item_not_found");

        let wrong = json!({ "from": "2026-10-02", "to": "2026-10-01", "size": 1 });
        assert_eq!(admin.post(SAMPLES, wrong).await.problem(409), "period_invalid");
        let wrong = json!({ "from": "2026-10-02", "to": "x", "size": 0, "seed": -1 });
        assert_eq!(admin.post(SAMPLES, wrong).await.faults(), ["/seed", "/size", "/to"]);
    }
}
