//! A stocktake: owners confirm what is known of their customers, correct it, and are reminded.

use serde_json::{Value, json};

use crate::support::builders::{department, id, user};
use crate::support::client::Answer;
use crate::support::{Client, Running, journey};

const STOCKTAKES: &str = "/api/v1/stocktakes";

async fn customer(client: &Client, body: Value) -> String {
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

async fn confirmations(client: &Client, stocktake: &str, query: &str) -> Vec<Value> {
    let page = client.get(&format!("{STOCKTAKES}/{stocktake}/confirmations{query}")).await.expect(200);
    page["items"].as_array().unwrap().clone()
}

fn of<'a>(confirmations: &'a [Value], name: &str) -> &'a Value {
    confirmations.iter().find(|confirmation| confirmation["customer"]["name"] == name).unwrap()
}

async fn answer(client: &Client, confirmation: &Value, body: Value) -> Answer {
    client.post(&format!("/api/v1/stocktake-confirmations/{}/answer", id(confirmation)), body).await
}

journey! {
    async fn owners_confirm_their_customers_by_the_end_of_the_quarter(running: Running) {
        let admin = running.admin().await;
        let (na, na_id) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        let (lei, lei_id) = user(&running, &admin, "han.lei", "agent", Some("sales")).await;
        for name in ["晨光贸易", "远航物流", "北方机械"] {
            customer(&na, json!({ "name": name, "cooperation_stage": "signed" })).await;
        }
        customer(&lei, json!({ "name": "南方电子", "cooperation_stage": "potential" })).await;
        customer(&lei, json!({ "name": "已经流失", "cooperation_stage": "lost" })).await;

        let body = json!({ "name": "四季度清查", "cooperation_stages": ["potential", "signed", "strategic"] });
        let made = admin.post(STOCKTAKES, body).await.expect(201);
        assert_eq!((&made["due_on"], &made["status"]), (&json!("2026-12-31"), &json!("filling")));
        running.settle().await;
        let stocktake = id(&made);
        let path = format!("{STOCKTAKES}/{stocktake}");
        let progress = admin.get(&path).await.expect(200);
        assert_eq!((&progress["stocktake"]["status"], &progress["total"], &progress["answered"], &progress["overdue"]),
            (&json!("open"), &json!(4), &json!(0), &json!(0)));
        assert_eq!(progress["owners"].as_array().unwrap().len(), 2);

        // Each sees the own part, and answers it.
        let hers = confirmations(&na, &stocktake, "").await;
        assert_eq!(hers.len(), 3);
        assert!(hers.iter().all(|one| one["owner_id"] == json!(na_id) && one["status"] == "open"));
        let confirmed = answer(&na, of(&hers, "晨光贸易"), json!({ "renewed": true, "corrections": { "contract_end": "2027-12-31", "phone": "138 0013 8000" } })).await.expect(200);
        assert_eq!((&confirmed["status"], &confirmed["answered_by"], &confirmed["renewed"], &confirmed["cooperation_stage"]),
            (&json!("answered"), &json!(na_id), &json!(true), &json!("signed")));
        let mut corrected: Vec<&str> = confirmed["corrected"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        corrected.sort_unstable();
        assert_eq!(corrected, ["contract_end"], "a phone is protected: that correction waits for approval");
        let waiting = admin.get("/api/v1/change-requests").await.expect(200);
        let request = &waiting["items"][0];
        admin.call(&format!("/api/v1/change-requests/{}/approve", request["id"].as_str().unwrap())).await.expect(200);
        let known = na.get(&format!("/api/v1/customers/{}", confirmed["customer"]["id"].as_str().unwrap())).await.expect(200);
        assert_eq!((&known["contract_end"], &known["phone"]), (&json!("2027-12-31"), &json!("138 0013 8000")));
        let lost = answer(&na, of(&hers, "远航物流"), json!({ "lost": true, "note": "转向竞争对手" })).await.expect(200);
        assert_eq!((&lost["cooperation_stage"], &lost["corrected"]), (&json!("lost"), &json!(["cooperation_stage"])));

        // Once only, without contradiction, and not for others.
        let last = of(&hers, "北方机械");
        assert_eq!(answer(&na, of(&hers, "晨光贸易"), json!({})).await.problem(409), "confirmation_answered");
        assert_eq!(answer(&na, last, json!({ "lost": true, "renewed": true })).await.problem(409), "stocktake_contradiction");
        assert_eq!(answer(&lei, last, json!({})).await.problem(404), "confirmation_not_found");
        assert_eq!(answer(&na, last, json!({ "corrections": { "kind": "robot" } })).await.faults(), ["/corrections/kind"]);
        let wrong = answer(&na, last, json!({ "corrections": { "custom": { "nothing": 1 } } })).await.expect(409);
        assert!(wrong["errors"][0]["pointer"].as_str().unwrap().starts_with("/corrections/custom"), "{wrong}");
        assert_eq!(confirmations(&na, &stocktake, "?status=open").await.len(), 1);

        // The day after, what is open is overdue, and its owners are told.
        running.until("2027-01-01T01:00:00Z").await;
        let (admin, lei) = (running.admin().await, running.sign_in("han.lei", "han.lei has a password").await);
        let progress = admin.get(&path).await.expect(200);
        assert_eq!((&progress["answered"], &progress["overdue"]), (&json!(2), &json!(2)));
        let late = confirmations(&admin, &stocktake, &format!("?status=overdue&owner_id={lei_id}")).await;
        assert_eq!((late.len(), &late[0]["status"]), (1, &json!("overdue")));
        let told = lei.get("/api/v1/me/notifications").await.expect(200);
        assert_eq!(told["items"].as_array().unwrap().len(), 3, "a week before, on the day, the day after: {told}");

        let closed = admin.call(&format!("{path}/close")).await.expect(200);
        assert_eq!(closed["status"], "closed");
        assert_eq!(answer(&lei, &late[0], json!({})).await.problem(409), "stocktake_closed");
        assert_eq!(admin.call(&format!("{path}/close")).await.problem(409), "stocktake_closed");
    }
}

journey! {
    async fn a_manager_takes_stock_of_the_own_department(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "wang.li", "manager", Some("sales")).await;
        let (agent, _) = user(&running, &admin, "li.na", "agent", Some("sales")).await;
        customer(&agent, json!({ "name": "销售部的客户" })).await;
        customer(&admin, json!({ "name": "别处的客户" })).await;
        let made = manager.post(STOCKTAKES, json!({ "name": "本部门", "due_on": "2026-10-31" })).await.expect(201);
        running.settle().await;
        let all = confirmations(&admin, &id(&made), "").await;
        assert_eq!((all.len(), &all[0]["customer"]["name"]), (1, &json!("销售部的客户")));
        let elsewhere = department(&admin, "customer_service").await;
        let refused = manager.post(STOCKTAKES, json!({ "name": "他人", "department_id": elsewhere })).await;
        assert_eq!(refused.problem(404), "department_not_found");
        assert_eq!(admin.post(STOCKTAKES, json!({ "name": "晚了", "due_on": "2026-10-19" })).await.problem(409), "stocktake_due");
        assert_eq!(agent.post(STOCKTAKES, json!({ "name": "无权" })).await.problem(403), "forbidden");
    }
}
