//! Which rule a feedback meets, and who is given it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::dispatch::{act, history, of};
use crate::support::builders::{COMPLAINT, complaint, department, id, user};
use crate::support::{Client, Running, journey};

/// A rule, tried after those that there are.
async fn rule(admin: &Client, body: Value) -> String {
    id(&admin.post("/api/v1/routing-rules", body).await.expect(201))
}

/// How many feedback of these each has been given.
fn shares(feedback: &[Value]) -> BTreeMap<String, usize> {
    let mut shares = BTreeMap::new();
    for one in feedback {
        *shares.entry(one["handler_id"].as_str().unwrap_or("nobody").to_owned()).or_default() += 1;
    }
    shares
}

journey! {
    async fn the_first_rule_met_says_where_it_goes(running: Running) {
        let admin = running.admin().await;
        let [research, sales] = [department(&admin, "research").await, department(&admin, "sales").await];
        let rules = admin.get("/api/v1/routing-rules").await.expect(200);
        let subtypes: Vec<&Value> = rules["items"].as_array().unwrap().iter().map(|rule| &rule["subtype"]).collect();
        assert_eq!(subtypes.len(), 6, "one a category");
        assert!(subtypes.iter().all(|subtype| subtype.is_string()));

        let customer = id(&admin.post("/api/v1/customers", json!({ "kind": "enterprise", "name": "晨光贸易" })).await.expect(201));
        admin.post(&format!("/api/v1/customers/{customer}/tags"), json!({ "add": ["大客户"] })).await.expect(200);
        let tagged = json!({ "field": "tags", "op": "has_any", "value": ["大客户"] });
        let first = rule(&admin, json!({
            "name": "大客户的故障", "department_id": sales, "collaborators": [research],
            "criteria": { "words": ["ＰＯＳ", "登录"], "priorities": ["urgent", "important"], "customer": tagged },
        })).await;
        let said = |customer: Option<&str>| json!({ "channel": "hotline", "content": COMPLAINT, "customer_id": customer });
        let theirs = admin.post("/api/v1/feedback", said(Some(&customer))).await.expect(201);
        assert_eq!((&theirs["department_id"], &theirs["collaborators"]), (&json!(sales), &json!([research])));
        let told = history(&admin, &id(&theirs)).await;
        assert_eq!(told[1]["event"]["data"]["rule_id"], json!(first), "{told:?}");
        let others = admin.post("/api/v1/feedback", said(None)).await.expect(201);
        assert_eq!(others["department_id"], json!(research), "of nobody known: by its category");

        let preview = |body: Value| admin.post("/api/v1/routing-rules/preview", body);
        let seen = preview(json!({ "content": COMPLAINT, "customer_id": customer })).await.expect(200);
        assert_eq!((&seen["rule_id"], &seen["department_id"], &seen["lead"]), (&json!(first), &json!(sales), &json!("department")));
        let seen = preview(json!({ "content": COMPLAINT })).await.expect(200);
        assert_eq!((&seen["tried"][0]["missed"], &seen["tried"][1]["met"]), (&json!("customer"), &json!(true)));
        assert_eq!(preview(json!({ "content": "你好" })).await.expect(200)["waits_for_triage"], true);

        admin.patch(&format!("/api/v1/routing-rules/{first}"), json!({ "active": false })).await.expect(200);
        let theirs = admin.post("/api/v1/feedback", said(Some(&customer))).await.expect(201);
        assert_eq!(theirs["department_id"], json!(research), "it is tried no more");
    }
}

journey! {
    async fn rules_are_ordered_changed_and_removed(running: Running) {
        let admin = running.admin().await;
        let [sales, finance] = [department(&admin, "sales").await, department(&admin, "finance").await];
        let a = rule(&admin, json!({ "name": "甲", "department_id": sales })).await;
        let b = rule(&admin, json!({ "name": "乙", "department_id": finance })).await;
        assert_eq!(complaint(&admin).await["department_id"], json!(sales), "the first that is met");
        let order = json!({ "rule_ids": [b, a] });
        let ordered = admin.post("/api/v1/routing-rules/reorder", order).await.expect(200);
        let names: Vec<&str> = ordered["items"].as_array().unwrap().iter().take(2).map(|rule| rule["name"].as_str().unwrap()).collect();
        assert_eq!(names, ["乙", "甲"]);
        assert_eq!(complaint(&admin).await["department_id"], json!(finance));
        let stale = json!({ "rule_ids": [a] });
        assert_eq!(admin.post("/api/v1/routing-rules/reorder", stale).await.problem(409), "routing_rules_changed");

        let path = format!("/api/v1/routing-rules/{b}");
        let changed = admin.patch(&path, json!({ "criteria": { "channels": ["shop"] } })).await;
        assert_eq!(changed.header("etag"), "\"3\"", "it was moved, and changed");
        let stale = admin.clone().with_header("if-match", "\"1\"");
        assert_eq!(stale.patch(&path, json!({ "name": "丙" })).await.problem(412), "version_conflict");
        assert_eq!(complaint(&admin).await["department_id"], json!(sales), "not from a shop");
        assert_eq!(admin.delete(&path).await.status, 204);
        assert_eq!(admin.get(&path).await.problem(404), "routing_rule_not_found");
    }
}

journey! {
    async fn a_rule_does_not_contradict_itself(running: Running) {
        let admin = running.admin().await;
        let (_, outsider) = user(&running, &admin, "li.na", "agent", Some("research")).await;
        let sales = department(&admin, "sales").await;
        let create = |body: Value| admin.post("/api/v1/routing-rules", body);
        for body in [
            json!({ "name": "无人牵头", "collaborators": [] }),
            json!({ "name": "无人牵头", "collaborators": [sales], "strategy": "round_robin" }),
            json!({ "name": "没有人", "department_id": sales, "strategy": "person" }),
            json!({ "name": "多余的人", "department_id": sales, "handler_id": outsider }),
        ] {
            assert_eq!(create(body).await.problem(409), "routing_rule_conflict");
        }
        let outside = json!({ "name": "外人", "department_id": sales, "strategy": "person", "handler_id": outsider });
        assert_eq!(create(outside).await.problem(409), "handler_outside_department");
        let unknown = json!({ "field": "custom.colour", "op": "eq", "value": "红" });
        let unknown = json!({ "name": "颜色", "department_id": sales, "criteria": { "customer": unknown } });
        assert_eq!(create(unknown).await.problem(409), "custom_field_unknown");
        let rules = admin.get("/api/v1/routing-rules").await.expect(200);
        let of_category = format!("/api/v1/routing-rules/{}", id(&rules["items"][0]));
        let other = json!({ "criteria": { "channels": ["shop"] } });
        assert_eq!(admin.patch(&of_category, other).await.problem(409), "routing_rule_conflict");
        admin.patch(&of_category, json!({ "strategy": "least_loaded" })).await.expect(200);
        let body = json!({ "department_id": sales });
        let put = admin.put("/api/v1/routing-rules/product_function", body).await.expect(200);
        assert_eq!((&put["subtype"], &put["department_id"]), (&json!("product_function"), &json!(sales)));
    }
}

journey! {
    async fn turns_go_round_among_those_present(running: Running) {
        let admin = running.admin().await;
        let finance = department(&admin, "finance").await;
        let mut people = Vec::new();
        for name in ["an.an", "bo.bo", "cao.cao"] {
            people.push(user(&running, &admin, name, "agent", Some("finance")).await.1);
        }
        user(&running, &admin, "boss", "manager", Some("finance")).await;
        rule(&admin, json!({ "name": "轮流", "department_id": finance, "strategy": "round_robin" })).await;
        let mut given = Vec::new();
        for _ in 0..6 {
            given.push(complaint(&admin).await);
        }
        assert_eq!(shares(&given), people.iter().map(|one| (one.clone(), 2)).collect(), "twice round, and no manager");

        let tomorrow = json!({ "user_id": people[0], "starts_at": "2026-10-20T00:00:00Z", "ends_at": "2026-10-21T00:00:00Z" });
        admin.post("/api/v1/absences", tomorrow).await.expect(201);
        let mut given = Vec::new();
        for _ in 0..4 {
            given.push(complaint(&admin).await);
        }
        assert_eq!(shares(&given), BTreeMap::from([(people[1].clone(), 2), (people[2].clone(), 2)]), "one is away");
    }
}

journey! {
    async fn at_the_same_moment_no_one_is_given_more_than_his_turn(running: Running) {
        let admin = running.admin().await;
        let finance = department(&admin, "finance").await;
        for name in ["an.an", "bo.bo", "cao.cao", "ding.ding"] {
            user(&running, &admin, name, "agent", Some("finance")).await;
        }
        for strategy in ["round_robin", "least_loaded"] {
            let rules = admin.get("/api/v1/routing-rules").await.expect(200);
            if rules["items"][0]["subtype"].is_null() {
                admin.delete(&format!("/api/v1/routing-rules/{}", id(&rules["items"][0]))).await;
            }
            rule(&admin, json!({ "name": strategy, "department_id": finance, "strategy": strategy })).await;
            let mut at_once = tokio::task::JoinSet::new();
            for _ in 0..12 {
                let admin = admin.clone();
                at_once.spawn_local(async move { complaint(&admin).await });
            }
            let given = at_once.join_all().await;
            let shares = shares(&given);
            assert!(shares.len() == 4 && shares.values().all(|share| *share == 3), "{strategy}: {shares:?}");
        }
    }
}

journey! {
    async fn the_least_loaded_is_given_the_next(running: Running) {
        let admin = running.admin().await;
        let finance = department(&admin, "finance").await;
        let (_, busy) = user(&running, &admin, "an.an", "agent", Some("finance")).await;
        let (_, free) = user(&running, &admin, "bo.bo", "agent", Some("finance")).await;
        for _ in 0..2 {
            let one = id(&complaint(&admin).await);
            act(&admin, &one, "assign", json!({ "department_id": finance, "handler_id": busy })).await;
        }
        let mut to = Vec::new();
        for _ in 0..4 {
            let one = id(&complaint(&admin).await);
            let assigned = act(&admin, &one, "assign", json!({ "department_id": finance, "strategy": "least_loaded" })).await;
            to.push(assigned["handler_id"].as_str().unwrap().to_owned());
        }
        assert_eq!(to.iter().filter(|one| **one == free).count(), 3, "two to draw level, then by turn: {to:?}");
    }
}

journey! {
    async fn a_supervisor_names_the_lead_of_what_concerns_several(running: Running) {
        let admin = running.admin().await;
        let (director, _) = user(&running, &admin, "director", "director", None).await;
        let [sales, finance] = [department(&admin, "sales").await, department(&admin, "finance").await];
        let body = json!({ "name": "跨部门", "collaborators": [sales, finance], "criteria": { "subtypes": ["cooperation_policy"] } });
        rule(&admin, body).await;
        let waiting = of(&admin, "cooperation_policy", "normal").await;
        assert_eq!((&waiting["state"], &waiting["department_id"], &waiting["needs_review"]), (&json!("new"), &Value::Null, &json!(false)));
        let mut proposed: Vec<String> = serde_json::from_value(waiting["proposed_departments"].clone()).unwrap();
        proposed.sort();
        let mut both = vec![sales.clone(), finance.clone()];
        both.sort();
        assert_eq!(proposed, both);
        let triage = director.get("/api/v1/feedback/work-list?view=triage").await.expect(200);
        assert_eq!(id(&triage["items"][0]), id(&waiting));
        let body = json!({ "department_id": finance, "collaborators": [sales], "reason": "发票问题，财务牵头" });
        let named = act(&director, &id(&waiting), "assign", body).await;
        assert_eq!((&named["state"], &named["proposed_departments"]), (&json!("assigned"), &json!([])));
    }
}

journey! {
    async fn what_was_sent_back_is_not_sent_there_again(running: Running) {
        let admin = running.admin().await;
        let (manager, manager_id) = user(&running, &admin, "wang.fang", "manager", Some("research")).await;
        let [sales, research] = [department(&admin, "sales").await, department(&admin, "research").await];
        let one = id(&complaint(&admin).await);
        act(&manager, &one, "reject", json!({ "reason": "不是产品问题" })).await;
        let triage = json!({ "subtype": "product_function", "priority": "important" });
        let again = act(&admin, &one, "triage", triage.clone()).await;
        assert_eq!((&again["state"], &again["department_id"]), (&json!("rejected"), &Value::Null), "its category's rule says research");
        let [rejection] = again["rejections"].as_array().unwrap().as_slice() else { panic!("{again}") };
        assert_eq!((&rejection["department_id"], &rejection["rejected_by"]), (&json!(research), &json!(manager_id)));
        assert_eq!(rejection["reason"], "不是产品问题");
        let pool = admin.get("/api/v1/feedback/work-list?view=triage").await.expect(200);
        assert_eq!(id(&pool["items"][0]), one);
        rule(&admin, json!({ "name": "其余归销售", "department_id": sales })).await;
        let again = act(&admin, &one, "triage", triage).await;
        assert_eq!((&again["state"], &again["department_id"]), (&json!("assigned"), &json!(sales)), "the next rule that is met");
        let back = act(&admin, &one, "assign", json!({ "department_id": research, "reason": "确认是缺陷" })).await;
        assert_eq!(back["department_id"], json!(research), "a person may say so all the same");
    }
}
