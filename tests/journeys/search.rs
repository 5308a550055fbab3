//! Finding customers: by text, by condition, in any order, and by nobody through what is masked.

use serde_json::{Value, json};

use crate::support::builders::{id, order, user};
use crate::support::{Client, Running, journey};

const SEARCH: &str = "/api/v1/customers/search";

async fn customer(client: &Client, body: Value) -> String {
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

fn names(page: &Value) -> Vec<String> {
    page["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect()
}

async fn found(client: &Client, body: Value) -> Vec<String> {
    names(&client.post(SEARCH, body).await.expect(200))
}

journey! {
    async fn a_name_is_found_by_any_part_and_a_customer_by_what_it_is_called(running: Running) {
        let admin = running.admin().await;
        let external = json!([{ "system": "crm", "id": "X-77" }]);
        customer(&admin, json!({ "name": "上海晨光贸易有限公司", "phone": "138 0013 8000", "external_ids": external })).await;
        customer(&admin, json!({ "name": "晨曦光学", "email": "hi@example.com", "tags": ["展会"] })).await;
        customer(&admin, json!({ "name": "ＡＣＭＥ Trading", "tags": ["展会", "老客户"] })).await;

        let by = |text: &str| json!({ "text": text });
        assert_eq!(found(&admin, by("晨光")).await, ["上海晨光贸易有限公司"], "neighbours, not characters");
        assert_eq!(found(&admin, by("晨")).await, ["晨曦光学", "上海晨光贸易有限公司"]);
        assert_eq!(found(&admin, by("acme trad")).await, ["ＡＣＭＥ Trading"]);
        assert_eq!(found(&admin, by("C000001")).await, ["上海晨光贸易有限公司"]);
        assert_eq!(found(&admin, by("c000001")).await, ["上海晨光贸易有限公司"]);
        assert_eq!(found(&admin, by("X-77")).await, ["上海晨光贸易有限公司"]);
        assert_eq!(found(&admin, by("+86 13800138000")).await, ["上海晨光贸易有限公司"]);
        assert_eq!(found(&admin, by("HI@example.com")).await, ["晨曦光学"]);
        assert!(found(&admin, by("\"'*() OR %")).await.is_empty());
        assert!(found(&admin, by("——")).await.is_empty(), "a text of which nothing is left finds nobody");

        assert_eq!(found(&admin, json!({ "tags": ["展会", "无"] })).await, ["ＡＣＭＥ Trading", "晨曦光学"]);
        assert_eq!(found(&admin, json!({ "tags": ["展会"], "text": "晨" })).await, ["晨曦光学"]);
    }
}

journey! {
    async fn a_condition_says_who_is_meant(running: Running) {
        let admin = running.admin().await;
        admin.post("/api/v1/custom-fields", json!({ "key": "colour", "label": "颜色", "kind": "choice", "choices": ["红", "蓝"] })).await.expect(201);
        let big = customer(&admin, json!({ "name": "大客户", "annual_amount": "150000", "custom": { "colour": "红" }, "contract_end": "2026-12-01" })).await;
        customer(&admin, json!({ "name": "小客户", "annual_amount": "900.50" })).await;
        let lines = json!([{ "product_line": "办公耗材", "quantity": 1 }]);
        let mut bought = json!({
            "external_system": "erp", "order_no": "1", "customer_id": big, "ordered_at": "2026-10-01T02:00:00Z", "amount": "10.00",
            "status": "delivered", "lines": lines,
        });
        bought["delivered_at"] = json!("2026-10-05T02:00:00Z");
        admin.post("/api/v1/orders", bought).await.expect(201);

        let meant = |condition: Value| json!({ "condition": condition });
        for (condition, expected) in [
            (json!({ "field": "annual_amount", "op": "gte", "value": "100000" }), vec!["大客户"]),
            (json!({ "field": "annual_amount", "op": "lt", "value": 901 }), vec!["小客户"]),
            (json!({ "field": "custom.colour", "op": "eq", "value": "红" }), vec!["大客户"]),
            (json!({ "field": "bought", "op": "has_any", "value": ["办公耗材"] }), vec!["大客户"]),
            (json!({ "field": "last_delivered_at", "op": "within_last", "value": { "days": 30 } }), vec!["大客户"]),
            (json!({ "field": "last_delivered_at", "op": "not_within_last", "value": { "days": 7 } }), vec!["小客户", "大客户"]),
            (json!({ "field": "contract_end", "op": "within_next", "value": { "days": 60 } }), vec!["大客户"]),
            (json!({ "field": "orders", "op": "eq", "value": 0 }), vec!["小客户"]),
            (json!({ "all": [{ "field": "complaints", "op": "lte", "value": 2 }, { "not": { "field": "name", "op": "contains", "value": "小" } }] }), vec!["大客户"]),
        ] {
            assert_eq!(found(&admin, meant(condition.clone())).await, expected, "{condition}");
        }

        let bad = meant(json!({ "all": [
            { "field": "annual_amount", "op": "contains", "value": "1" },
            { "field": "tier", "op": "eq", "value": "gold" },
            { "field": "created_at", "op": "within_last", "value": { "days": 0 } },
        ] }));
        let pointers = ["/condition/all/0/op", "/condition/all/1/value", "/condition/all/2/value/days"];
        assert_eq!(admin.post(SEARCH, bad).await.faults(), pointers);
        for (condition, code) in [
            (json!({ "field": "custom.shoe", "op": "is_empty" }), "custom_field_unknown"),
            (json!({ "field": "custom.colour", "op": "gt", "value": 1 }), "condition_mismatch"),
            (json!({ "all": vec![json!({ "all": vec![json!({ "field": "orders", "op": "gt", "value": 1 }); 50] }); 4] }), "condition_too_large"),
        ] {
            assert_eq!(admin.post(SEARCH, meant(condition)).await.problem(409), code);
        }

        let fields = admin.get("/api/v1/conditions/fields").await.expect(200);
        let last = fields["items"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&last["field"], &last["choices"]), (&json!("custom.colour"), &json!(["红", "蓝"])));
    }
}

journey! {
    async fn what_is_masked_finds_nobody(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "agent", "agent", Some("customer_service")).await;
        let (director, _) = user(&running, &admin, "director", "director", Some("customer_service")).await;
        let birthday = json!({ "calendar": "lunar", "month": 8, "day": 15 });
        customer(&admin, json!({ "name": "张三", "phone": "13800138000", "birthday": birthday, "owner_id": agent_id })).await;
        customer(&admin, json!({ "name": "李四", "phone": "13900139000" })).await;

        let personal = [
            json!({ "field": "phone", "op": "eq", "value": "13800138000" }),
            json!({ "not": { "field": "phone", "op": "eq", "value": "13900139000" } }),
            json!({ "any": [{ "field": "birthday", "op": "anniversary_within", "value": { "days": 7 } }, { "field": "name", "op": "eq", "value": "张三" }] }),
        ];
        for condition in personal {
            let body = json!({ "condition": condition });
            assert_eq!(found(&admin, body.clone()).await, ["张三"], "{condition}");
            assert_eq!(found(&agent, body.clone()).await, ["张三"], "{condition}");
            assert!(found(&director, body).await.is_empty(), "{condition}");
        }
        assert_eq!(found(&admin, json!({ "text": "13800138000" })).await, ["张三"]);
        assert!(found(&director, json!({ "text": "13800138000" })).await.is_empty());
        assert_eq!(found(&director, json!({})).await, ["李四", "张三"], "the director sees them, masked");
        assert_eq!(found(&agent, json!({})).await, ["张三"], "and the agent only the own");
    }
}

journey! {
    async fn every_order_goes_through_everybody_once_while_others_write(running: Running) {
        let admin = running.admin().await;
        let mut all = Vec::new();
        for n in 0..11 {
            // Some values twice, some not at all.
            let mut body = json!({ "name": format!("客户{:02}", n % 9), "external_ids": [{ "system": "erp", "id": n.to_string() }] });
            if n % 3 != 0 {
                body["annual_amount"] = json!((n % 5 * 1000).to_string());
            }
            all.push(customer(&admin, body).await);
        }
        let active = json!({ "activities": [{ "customer_id": all[2], "kind": "login", "at": "2026-10-19T02:00:00Z" }, { "customer_id": all[5], "kind": "login", "at": "2026-10-18T02:00:00Z" }] });
        admin.post("/api/v1/activities", active).await.expect(200);
        let sold = [("1", "1", "30.00"), ("2", "4", "10.00"), ("3", "7", "20.00"), ("4", "8", "20.00")];
        admin.post_lines("/api/v1/orders/bulk", sold.map(|(no, of, amount)| order(no, of, &format!("2026-10-0{no}T02:00:00Z"), amount))).await.expect(200);
        let mut free = order("5", "9", "2026-10-01T02:00:00Z", "0.00");
        free["status"] = json!("placed");
        admin.post_lines("/api/v1/orders/bulk", [free]).await.expect(200);

        for by in ["created", "name", "annual_amount", "last_activity_at", "revenue", "last_order_on"] {
            for order in ["asc", "desc"] {
                let body = json!({ "sort": { "by": by, "order": order }, "limit": 3 });
                let mut seen: Vec<Value> = Vec::new();
                let mut cursor = Value::Null;
                loop {
                    let mut body = body.clone();
                    if !cursor.is_null() {
                        body["cursor"] = cursor.clone();
                    }
                    let page = admin.post(SEARCH, body).await.expect(200);
                    seen.extend(page["items"].as_array().unwrap().iter().cloned());
                    cursor = page["next_cursor"].clone();
                    if cursor.is_null() {
                        break;
                    }
                    // Somebody comes in at either end of any order.
                    if seen.len() > 6 {
                        continue;
                    }
                    let extra = json!({ "name": if seen.len().is_multiple_of(2) { "AAA" } else { "龘" }, "annual_amount": "99999999" });
                    customer(&admin, extra).await;
                    assert!(seen.len() < 100, "{by} {order} never ends");
                }
                let of_before: Vec<&str> =
                    seen.iter().map(|item| item["id"].as_str().unwrap()).filter(|id| all.iter().any(|known| known == id)).collect();
                let mut distinct = of_before.clone();
                distinct.sort_unstable();
                distinct.dedup();
                assert_eq!(distinct.len(), all.len(), "{by} {order}");
                assert_eq!(of_before.len(), all.len(), "{by} {order}: somebody twice");
                if by == "annual_amount" {
                    let known: Vec<f64> = seen.iter().filter_map(|item| item["annual_amount"].as_str()).map(|text| text.parse().unwrap()).collect();
                    let sorted = known.windows(2).all(|pair| if order == "asc" { pair[0] <= pair[1] } else { pair[0] >= pair[1] });
                    assert!(sorted, "{known:?}");
                    assert!(seen.last().unwrap()["annual_amount"].is_null(), "those without come last");
                }
                if by == "revenue" {
                    let place = |n: usize| of_before.iter().position(|id| *id == all[n]).unwrap();
                    let rising = place(3) < place(4) && place(4) < place(7) && place(7) < place(1);
                    let falling = place(3) > place(4) && place(4) > place(7) && place(7) > place(1);
                    assert!(if order == "asc" { rising } else { falling }, "{of_before:?}");
                }
            }
        }
        let page = admin.post(SEARCH, json!({ "sort": { "by": "name" }, "limit": 3 })).await.expect(200);
        let other = json!({ "sort": { "by": "created" }, "cursor": page["next_cursor"] });
        assert_eq!(admin.post(SEARCH, other).await.problem(409), "cursor_mismatch");
    }
}
