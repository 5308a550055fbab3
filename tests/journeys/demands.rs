//! What many suggestions ask for becomes a demand, and whoever asked is told how far it has come.

use serde_json::{Value, json};

use crate::support::builders::{id, user};
use crate::support::{Client, Running, journey};

const DEMANDS: &str = "/api/v1/demands";

async fn suggestion(client: &Client, content: &str, customer: Option<&str>) -> String {
    let body =
        json!({ "channel": "app", "content": content, "subtype": "feature_improvement", "customer_id": customer });
    id(&client.post("/api/v1/feedback", body).await.expect(201))
}

async fn notices(client: &Client, customer: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/v1/customers/{customer}/timeline?kind=demand.notice")).await.expect(200);
    page["items"].as_array().unwrap().iter().map(|entry| entry["summary"].clone()).collect()
}

journey! {
    async fn whoever_asked_is_told_once_how_far_it_has_come(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "wang.fang", "manager", Some("sales")).await;
        let (owner, owner_id) = user(&running, &admin, "sun.yu", "agent", Some("sales")).await;
        let customer = |name: &'static str| json!({ "name": name, "owner_id": owner_id });
        let first = id(&admin.post("/api/v1/customers", customer("晨光贸易")).await.expect(201));
        let second = id(&admin.post("/api/v1/customers", customer("砚田印务")).await.expect(201));

        let title = json!({ "title": "报表支持按月导出", "description": "销售和库存报表都要能选月份导出为表格" });
        let demand = id(&owner.post(DEMANDS, title).await.expect(201));
        let other = id(&owner.post(DEMANDS, json!({ "title": "手机端深色界面" })).await.expect(201));
        let path = format!("{DEMANDS}/{demand}");

        let one = suggestion(&admin, "希望报表可以按月导出，现在只能按天导", Some(&first)).await;
        let two = suggestion(&admin, "库存报表导出能不能选月份", Some(&first)).await;
        let three = suggestion(&admin, "建议增加按月导出报表", Some(&second)).await;
        let nobody = suggestion(&admin, "报表要能导出", None).await;
        let fitting = admin.get(&format!("/api/v1/feedback/{one}/similar-demands")).await.expect(200);
        assert_eq!((fitting["items"].as_array().unwrap().len(), &fitting["items"][0]["demand"]["id"]), (1, &json!(demand)), "{fitting}");

        for feedback in [&one, &two, &three, &nobody, &three] {
            admin.post(&format!("{path}/feedback"), json!({ "feedback_id": feedback })).await.expect(200);
        }
        let shown = owner.get(&path).await.expect(200);
        assert_eq!((&shown["feedback_count"], &shown["askers"]), (&json!(4), &json!(2)));
        let asking = admin.get(&format!("{path}/feedback?limit=3")).await.expect(200);
        assert_eq!((asking["items"].as_array().unwrap().len(), asking["next_cursor"].is_string()), (3, true));
        let detached = admin.post(&format!("{path}/detach"), json!({ "feedback_id": nobody })).await.expect(200);
        assert_eq!(detached["feedback_count"], 3);
        let complaint = admin.post("/api/v1/feedback", json!({ "channel": "app", "content": "坏了", "subtype": "product_function" })).await.expect(201);
        let refused = admin.post(&format!("{path}/feedback"), json!({ "feedback_id": id(&complaint) })).await;
        assert_eq!(refused.problem(409), "not_a_suggestion");

        assert_eq!(owner.post(&format!("{path}/move"), json!({ "status": "planned" })).await.problem(403), "forbidden");
        manager.post(&format!("{path}/move"), json!({ "status": "planned", "note": "排入第四季度" })).await.expect(200);
        running.settle().await;
        for customer in [&first, &second] {
            assert_eq!(notices(&admin, customer).await, [json!("A demand that was asked for is planned now")]);
        }
        let told = owner.get("/api/v1/me/notifications").await.expect(200);
        let told: Vec<&str> = told["items"].as_array().unwrap().iter().map(|row| row["kind"].as_str().unwrap()).collect();
        assert_eq!(told.iter().filter(|kind| **kind == "demand.notice").count(), 2, "{told:?}");

        // Put off and planned again: nobody is told of the plan a second time.
        manager.post(&format!("{path}/move"), json!({ "status": "collected" })).await.expect(200);
        manager.post(&format!("{path}/move"), json!({ "status": "planned" })).await.expect(200);
        manager.post(&format!("{path}/move"), json!({ "status": "released" })).await.expect(200);
        running.settle().await;
        assert_eq!(notices(&admin, &second).await.len(), 3, "planned, collected, released");
        assert_eq!(manager.post(&format!("{path}/move"), json!({ "status": "declined" })).await.problem(409), "demand_status");
        let moves = owner.get(&path).await.expect(200)["moves"].as_array().unwrap().clone();
        assert_eq!((moves.len(), &moves[0]["note"]), (4, &json!("排入第四季度")));
        let released = owner.get(&format!("{DEMANDS}?status=released")).await.expect(200);
        assert_eq!((released["items"].as_array().unwrap().len(), &released["items"][0]["id"]), (1, &json!(demand)));
        let changed = manager.patch(&format!("{DEMANDS}/{other}"), json!({ "title": "手机端夜间模式" })).await.expect(200);
        assert_eq!(changed["title"], "手机端夜间模式");
    }
}
