//! Protected fields: an agent's edit waits until somebody who decides has decided, once.

use chrono::TimeDelta;
use futures_util::future::join_all;
use huiyin_domain::event::Event;
use huiyin_persistence::integration::events;
use serde_json::{Value, json};

use crate::support::builders::{department, id, integration, user};
use crate::support::{Client, Running, journey};

const OLD: &str = "138 0013 8000";
const NEW: &str = "139 0013 9000";

/// Customer service with an agent, the agent's customer, and a manager.
struct Desk {
    running: Running,
    admin: Client,
    manager: Client,
    agent: Client,
    agent_id: String,
    customer: String,
}

impl Desk {
    async fn of(running: Running) -> Desk {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "zhao.min", "manager", Some("customer_service")).await;
        let (agent, agent_id) = user(&running, &admin, "li.na", "agent", Some("customer_service")).await;
        let body = json!({
            "name": "上海晨光贸易有限公司", "phone": OLD, "email": "old@example.com", "owner_id": agent_id, "annual_amount": "1000.00",
        });
        let customer = format!("/api/v1/customers/{}", id(&admin.post("/api/v1/customers", body).await.expect(201)));
        Desk { running, admin, manager, agent, agent_id, customer }
    }

    async fn now(&self) -> Value {
        self.admin.get(&self.customer).await.expect(200)
    }

    async fn ask(&self, body: Value) -> String {
        format!("/api/v1/change-requests/{}", id(&self.agent.patch(&self.customer, body).await.expect(202)))
    }
}

/// The kinds of a user's notifications, oldest first.
async fn told(client: &Client) -> Vec<String> {
    let list = client.get("/api/v1/me/notifications").await.expect(200);
    let kinds = list["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap().to_owned());
    kinds.rev().collect()
}

async fn status(client: &Client, request: &str) -> Value {
    client.get(request).await.expect(200)["status"].clone()
}

journey! {
    async fn an_agents_edit_waits_and_what_is_not_protected_is_done_at_once(running: Running) {
        let desk = Desk::of(running).await;
        let answer = desk.agent.patch(&desk.customer, json!({ "phone": NEW, "note": "换了号码", "email": "old@example.com" })).await;
        let location = answer.header("location").to_owned();
        let asked = answer.expect(202);
        assert_eq!(location, format!("/api/v1/change-requests/{}", id(&asked)));
        assert_eq!(asked["status"], "pending");
        assert_eq!(asked["fields"], json!({ "phone": { "from": OLD, "to": NEW } }), "what is the same is no change");
        assert_eq!(asked["applied"], json!(["note"]));
        assert_eq!((&asked["requested_by"], &asked["masked"]), (&json!(desk.agent_id), &json!(false)));
        assert_eq!(asked["due_at"], "2026-10-21T02:00:00Z");
        let now = desk.now().await;
        assert_eq!((&now["phone"], &now["note"]), (&json!(OLD), &json!("换了号码")));

        // Sent again it is the same request; another wish for the field has to wait.
        assert_eq!(id(&desk.agent.patch(&desk.customer, json!({ "phone": NEW })).await.expect(202)), id(&asked));
        let refused = desk.agent.patch(&desk.customer, json!({ "phone": "137 0013 7000", "industry": "零售" })).await;
        assert!(refused.text.contains("\"/phone\"") && refused.text.contains(&id(&asked)), "{}", refused.text);
        assert_eq!(refused.problem(409), "change_request_pending");
        assert_eq!(desk.now().await["industry"], Value::Null, "nothing is half-done");
        // Other fields may wait for other requests, and what needs nobody goes on.
        desk.agent.patch(&desk.customer, json!({ "name": "上海晨光集团" })).await.expect(202);
        desk.agent.patch(&desk.customer, json!({ "industry": "零售" })).await.expect(200);
        // What cannot be is refused at once.
        let nobody = json!({ "owner_id": id(&asked) });
        assert_eq!(desk.agent.patch(&desk.customer, nobody).await.problem(404), "user_not_found");

        let approved = desk.manager.call(&format!("{location}/approve")).await.expect(200);
        assert_eq!(approved["status"], "approved");
        assert!(approved["decided_by"].is_string() && approved["decided_at"].is_string());
        let now = desk.now().await;
        assert_eq!((&now["phone"], &now["phone_e164"]), (&json!(NEW), &json!("+8613900139000")));
        assert_eq!(now["name"], "上海晨光贸易有限公司");
        for step in ["approve", "reject", "withdraw"] {
            let client = if step == "withdraw" { &desk.agent } else { &desk.manager };
            let answer = client.post(&format!("{location}/{step}"), json!({ "reason": "太晚了" })).await;
            assert_eq!(answer.problem(409), "change_request_decided", "{step}");
        }

        // The history names both, and no value.
        let customer = desk.customer.rsplit('/').next().unwrap().parse().unwrap();
        let history = events::of_subject(&desk.running.app.db, customer, 0, 100).await.unwrap();
        let last = history.last().unwrap();
        let Event::CustomerUpdated { fields, requested_by, .. } = &last.event else { panic!("{last:?}") };
        assert_eq!((fields.as_slice(), requested_by.map(|id| id.to_string())), (&["phone".to_owned()][..], Some(desk.agent_id.clone())));
        assert_eq!(json!(last.actor_id), approved["decided_by"]);

        desk.running.settle().await;
        assert_eq!(told(&desk.agent).await, ["change_request.approved"]);
        assert_eq!(told(&desk.manager).await, ["change_request.created", "change_request.created"]);
        for client in [&desk.agent, &desk.manager] {
            let text = client.get("/api/v1/me/notifications").await.text;
            assert!(!text.contains("0013") && text.contains("phone"), "{text}");
        }
    }
}

journey! {
    async fn whoever_decides_writes_directly(running: Running) {
        let desk = Desk::of(running).await;
        let key = integration(&desk.running, &desk.admin, &["customers:read", "customers:write"]).await;
        for (client, name) in [(&desk.admin, "一"), (&desk.manager, "二"), (&key, "三")] {
            client.patch(&desk.customer, json!({ "name": name })).await.expect(200);
            assert_eq!(desk.now().await["name"], name);
        }
        // A manager in another department is nobody there.
        let (other, other_id) = user(&desk.running, &desk.admin, "sun", "manager", Some("sales")).await;
        let request = desk.ask(json!({ "name": "四" })).await;
        assert_eq!(other.get(&request).await.problem(404), "change_request_not_found");
        assert_eq!(other.call(&format!("{request}/approve")).await.problem(404), "change_request_not_found");
        desk.admin.patch(&format!("/api/v1/users/{other_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let other = desk.running.sign_in("sun", "sun has a password").await;
        assert_eq!(other.call(&format!("{request}/approve")).await.problem(409), "not_your_department");
        // There the own edit waits as well, and is not decided by oneself.
        let asked = other.patch(&desk.customer, json!({ "phone": NEW })).await.expect(202);
        let own = format!("/api/v1/change-requests/{}", id(&asked));
        assert_eq!(other.call(&format!("{own}/approve")).await.problem(409), "own_change_request");
        assert_eq!(desk.agent.call(&format!("{own}/withdraw")).await.problem(409), "not_your_change_request");
        assert_eq!(desk.agent.call(&format!("{request}/approve")).await.problem(403), "forbidden");
        other.call(&format!("{own}/withdraw")).await.expect(200);
        desk.manager.call(&format!("{request}/approve")).await.expect(200);
        assert_eq!(desk.now().await["name"], "四");
    }
}

journey! {
    async fn two_approvals_at_once_are_one(running: Running) {
        let desk = Desk::of(running).await;
        for (round, name) in ["甲", "乙", "丙"].iter().enumerate() {
            let request = desk.ask(json!({ "name": name, "annual_amount": format!("{}.00", 2000 + round) })).await;
            let path = format!("{request}/approve");
            let answers = join_all([&desk.manager, &desk.admin, &desk.manager].map(|client| client.call(&path))).await;
            let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
            statuses.sort_unstable();
            assert_eq!(statuses, [200, 409, 409]);
            let now = desk.now().await;
            assert_eq!((&now["name"], &now["annual_amount"]), (&json!(name), &json!(format!("{}.00", 2000 + round))));
        }
        let customer = desk.customer.rsplit('/').next().unwrap().parse().unwrap();
        let history = events::of_subject(&desk.running.app.db, customer, 0, 100).await.unwrap();
        assert_eq!(history.len(), 1 + 3, "made, and changed three times");
    }
}

journey! {
    async fn a_field_that_changed_meanwhile_is_not_overwritten(running: Running) {
        let desk = Desk::of(running).await;
        let request = desk.ask(json!({ "name": "新名", "phone": NEW })).await;
        desk.manager.patch(&desk.customer, json!({ "phone": "137 0013 7000" })).await.expect(200);
        let answer = desk.manager.call(&format!("{request}/approve")).await;
        assert!(answer.text.contains("phone") && !answer.text.contains("0013"), "{}", answer.text);
        assert_eq!(answer.problem(409), "change_request_stale");
        assert_eq!(status(&desk.agent, &request).await, "superseded");
        let now = desk.now().await;
        assert_eq!((&now["name"], &now["phone"]), (&json!("上海晨光贸易有限公司"), &json!("137 0013 7000")));
        // The field is free again.
        let again = desk.ask(json!({ "phone": NEW })).await;
        desk.manager.call(&format!("{again}/approve")).await.expect(200);
        assert_eq!(desk.now().await["phone"], NEW);
        desk.running.settle().await;
        assert_eq!(told(&desk.agent).await, ["change_request.superseded", "change_request.approved"]);
    }
}

journey! {
    async fn a_rejection_says_why_and_a_withdrawal_frees_the_field(running: Running) {
        let desk = Desk::of(running).await;
        let request = desk.ask(json!({ "owner_id": null })).await;
        let path = format!("{request}/reject");
        for body in [json!({}), json!({ "reason": " " }), json!({ "reason": null })] {
            assert_eq!(desk.manager.post(&path, body).await.faults()[0], "/reason");
        }
        let stale = desk.manager.clone().with_header("if-match", "\"7\"");
        assert_eq!(stale.post(&path, json!({ "reason": "不行" })).await.problem(412), "version_conflict");
        let rejected = desk.manager.post(&path, json!({ "reason": "客户仍由你负责" })).await.expect(200);
        assert_eq!((&rejected["status"], &rejected["reason"]), (&json!("rejected"), &json!("客户仍由你负责")));
        assert_eq!(desk.now().await["owner_id"], json!(desk.agent_id));

        let second = desk.ask(json!({ "email": null })).await;
        assert_eq!(desk.agent.call(&format!("{second}/withdraw")).await.expect(200)["status"], "withdrawn");
        let third = desk.ask(json!({ "email": null })).await;
        desk.manager.call(&format!("{third}/approve")).await.expect(200);
        assert_eq!(desk.now().await["email"], Value::Null);
        desk.running.settle().await;
        assert_eq!(told(&desk.agent).await, ["change_request.rejected", "change_request.approved"]);

        // Lists: by state, by customer, by requester; others' customers are not among them.
        let (stranger, _) = user(&desk.running, &desk.admin, "wang", "agent", Some("sales")).await;
        let customer = desk.customer.rsplit('/').next().unwrap();
        for (client, query, expected) in [
            (&desk.agent, String::new(), 3), (&desk.manager, String::new(), 3), (&stranger, String::new(), 0),
            (&desk.agent, "?status=withdrawn".to_owned(), 1), (&desk.agent, "?status=pending".to_owned(), 0),
            (&desk.admin, format!("?customer_id={customer}"), 3), (&desk.admin, format!("?requested_by={}", desk.agent_id), 3),
        ] {
            let list = client.get(&format!("/api/v1/change-requests{query}")).await.expect(200);
            assert_eq!(list["items"].as_array().unwrap().len(), expected, "{query}");
        }
    }
}

journey! {
    async fn after_a_day_the_department_is_reminded_once(running: Running) {
        let desk = Desk::of(running).await;
        let department = department(&desk.admin, "customer_service").await;
        let (_, head) = user(&desk.running, &desk.admin, "head", "director", Some("customer_service")).await;
        desk.admin.patch(&format!("/api/v1/departments/{department}"), json!({ "head_user_id": head })).await.expect(200);
        let late = desk.ask(json!({ "name": "迟" })).await;
        let decided = desk.ask(json!({ "phone": NEW })).await;
        desk.manager.call(&format!("{decided}/approve")).await.expect(200);
        let mut overdue = Vec::new();
        for hours in [23, 1, 1, 48] {
            desk.running.pass(TimeDelta::hours(hours)).await;
            let mut counts = Vec::new();
            for name in ["zhao.min", "head", "li.na"] {
                let client = desk.running.sign_in(name, &format!("{name} has a password")).await;
                counts.push(told(&client).await.iter().filter(|kind| *kind == "change_request.overdue").count());
            }
            overdue.push(counts);
        }
        assert_eq!(overdue, [[0, 0, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0]]);
        // It can still be decided.
        let manager = desk.running.sign_in("zhao.min", "zhao.min has a password").await;
        manager.call(&format!("{late}/approve")).await.expect(200);
    }
}

journey! {
    async fn administrators_say_what_is_protected(running: Running) {
        let desk = Desk::of(running).await;
        const PATH: &str = "/api/v1/customers/protected-fields";
        let answer = desk.agent.get(PATH).await;
        assert_eq!(answer.header("etag"), "\"1\"");
        assert_eq!(answer.expect(200)["fields"], json!(["annual_amount", "contact.email", "contact.phone", "department_id", "email", "name", "owner_id", "phone"]));
        let field = json!({ "key": "credit", "label": "信用", "kind": "text" });
        desk.admin.post("/api/v1/custom-fields", field).await.expect(201);
        let body = json!({ "fields": ["note", "birthday", "custom.credit"] });
        assert_eq!(desk.manager.put(PATH, body.clone()).await.problem(403), "forbidden");
        let stale = desk.admin.clone().with_header("if-match", "\"2\"");
        assert_eq!(stale.put(PATH, body.clone()).await.problem(412), "version_conflict");
        let answer = desk.admin.put(PATH, body).await;
        assert_eq!(answer.header("etag"), "\"2\"");
        answer.expect(200);
        for bad in ["tags", "custom.", "custom.X", "number", ""] {
            assert_eq!(desk.admin.put(PATH, json!({ "fields": [bad] })).await.faults(), ["/fields/0"], "{bad}");
        }

        let body = json!({
            "name": "乙", "note": "n", "birthday": { "calendar": "lunar", "month": 8, "day": 15 }, "custom": { "credit": "A" },
        });
        let asked = desk.agent.patch(&desk.customer, body).await.expect(202);
        assert_eq!(asked["applied"], json!(["name"]));
        assert_eq!(asked["fields"]["custom.credit"], json!({ "from": null, "to": "A" }));
        assert_eq!(asked["fields"].as_object().unwrap().len(), 3);
        desk.manager.call(&format!("/api/v1/change-requests/{}/approve", id(&asked))).await.expect(200);
        let now = desk.now().await;
        assert_eq!((&now["custom"], &now["note"]), (&json!({ "credit": "A" }), &json!("n")));
        assert_eq!(now["birthday"]["text"], "农历八月十五");
        // What is taken away waits too.
        let asked = desk.agent.patch(&desk.customer, json!({ "custom": { "credit": null }, "birthday": null })).await.expect(202);
        desk.manager.call(&format!("/api/v1/change-requests/{}/approve", id(&asked))).await.expect(200);
        let now = desk.now().await;
        assert_eq!((&now["custom"], &now["birthday"]), (&json!({}), &Value::Null));
    }
}

journey! {
    async fn by_another_systems_id_an_agent_asks_as_well(running: Running) {
        let desk = Desk::of(running).await;
        let path = "/api/v1/customers/by-external-id/crm/1";
        desk.agent.put(path, json!({ "name": "自己的", "phone": OLD })).await.expect(201);
        let asked = desk.agent.put(path, json!({ "phone": NEW, "note": "n" })).await.expect(202);
        assert_eq!((&asked["fields"]["phone"]["to"], &asked["applied"]), (&json!(NEW), &json!(["note"])));
        let now = desk.agent.get(path).await.expect(200);
        assert_eq!((&now["phone"], &now["note"]), (&json!(OLD), &json!("n")));

        // Under a key it is asked for once, and the answer comes again.
        let keyed = desk.agent.clone().with_header("idempotency-key", "edit-1");
        let first = keyed.patch(&desk.customer, json!({ "name": "再来" })).await.expect(202);
        assert_eq!(keyed.patch(&desk.customer, json!({ "name": "再来" })).await.expect(202), first);
        // Whoever saw another version is told so before anything is asked for.
        let stale = desk.agent.clone().with_header("if-match", "\"9\"");
        assert_eq!(stale.patch(&desk.customer, json!({ "phone": NEW })).await.problem(412), "version_conflict");
    }
}

journey! {
    async fn a_request_shows_no_more_than_the_customer(running: Running) {
        let desk = Desk::of(running).await;
        let put = json!({ "fields": ["phone", "email", "birthday", "address"] });
        desk.admin.put("/api/v1/customers/protected-fields", put).await.expect(200);
        let body = json!({ "phone": NEW, "email": "new.mail@example.com", "birthday": "1987-06-05", "address": "世纪大道 1 号" });
        let request = desk.ask(body).await;
        let (director, _) = user(&desk.running, &desk.admin, "director", "director", Some("customer_service")).await;
        let (_, wide_id) = user(&desk.running, &desk.admin, "wide", "agent", Some("sales")).await;
        desk.admin.patch(&format!("/api/v1/users/{wide_id}"), json!({ "data_scope": "all" })).await.expect(200);
        let wide = desk.running.sign_in("wide", "wide has a password").await;
        let key = integration(&desk.running, &desk.admin, &["customers:read"]).await;
        for client in [&director, &wide, &key] {
            for path in [request.as_str(), "/api/v1/change-requests"] {
                let answer = client.get(path).await;
                for secret in ["0013", "1390013", "new.mail", "old@", "1987", "06-05", "世纪"] {
                    assert!(!answer.text.contains(secret), "{secret}: {}", answer.text);
                }
            }
            let shown = client.get(&request).await.expect(200);
            assert_eq!(shown["masked"], true);
            assert_eq!(shown["fields"]["phone"], json!({ "from": "138****8000", "to": "139****9000" }));
            assert_eq!(shown["fields"]["email"]["to"], "n****@example.com");
        }
        let clear = desk.manager.get(&request).await.expect(200);
        assert_eq!((&clear["masked"], &clear["fields"]["address"]["to"]), (&json!(false), &json!("世纪大道 1 号")));
        // Who has lost the customer sees the own request, but no more than others.
        desk.admin.patch(&desk.customer, json!({ "owner_id": wide_id, "department_id": department(&desk.admin, "sales").await })).await.expect(200);
        let shown = desk.agent.get(&request).await.expect(200);
        assert_eq!((&shown["masked"], &shown["fields"]["phone"]["to"]), (&json!(true), &json!("139****9000")));
    }
}

journey! {
    async fn what_is_protected_of_a_contact_waits_as_well(running: Running) {
        let desk = Desk::of(running).await;
        let contacts = format!("{}/contacts", desk.customer);
        let body = json!({ "name": "王芳", "phone": OLD, "email": "wang@example.com" });
        let contact = desk.agent.post(&contacts, body).await.expect(201);
        let path = format!("/api/v1/contacts/{}", id(&contact));
        let answer = desk.agent.patch(&path, json!({ "phone": NEW, "position": "采购总监", "email": "wang@example.com" })).await;
        let request = answer.header("location").to_owned();
        let asked = answer.expect(202);
        assert_eq!((&asked["contact_id"], &asked["customer_id"]), (&contact["id"], &contact["customer_id"]));
        assert_eq!((&asked["fields"], &asked["applied"]), (&json!({ "phone": { "from": OLD, "to": NEW } }), &json!(["position"])));
        let now = desk.agent.get(&path).await.expect(200);
        assert_eq!((&now["phone"], &now["position"]), (&json!(OLD), &json!("采购总监")));

        // The customer's own number is another matter; so is that of another contact.
        let own = desk.ask(json!({ "phone": NEW })).await;
        let other = id(&desk.agent.post(&contacts, json!({ "name": "李雷", "phone": OLD })).await.expect(201));
        desk.agent.patch(&format!("/api/v1/contacts/{other}"), json!({ "phone": NEW })).await.expect(202);
        let refused = desk.agent.patch(&path, json!({ "phone": "137 0013 7000" })).await;
        assert!(refused.text.contains("\"/phone\""), "{}", refused.text);
        assert_eq!(refused.problem(409), "change_request_pending");
        assert_eq!(id(&desk.agent.patch(&path, json!({ "phone": NEW })).await.expect(202)), id(&asked), "asked for already");

        let approve = format!("{request}/approve");
        let answers = join_all([&desk.manager, &desk.admin].map(|client| client.call(&approve))).await;
        let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [200, 409], "once");
        let now = desk.agent.get(&path).await.expect(200);
        assert_eq!((&now["phone"], &now["phone_e164"]), (&json!(NEW), &json!("+8613900139000")));
        assert_eq!(desk.now().await["phone"], OLD);

        // Whoever decides writes directly, and what has changed meanwhile is not overwritten.
        let later = desk.agent.patch(&path, json!({ "phone": OLD })).await.expect(202);
        desk.manager.patch(&path, json!({ "phone": "137 0013 7000" })).await.expect(200);
        let later = format!("/api/v1/change-requests/{}", id(&later));
        assert_eq!(desk.manager.call(&format!("{later}/approve")).await.problem(409), "change_request_stale");
        assert_eq!(desk.agent.get(&path).await.expect(200)["phone"], "137 0013 7000");

        // A contact that is removed takes its requests along; those of others stay.
        let last = format!("/api/v1/change-requests/{}", id(&desk.agent.patch(&path, json!({ "email": null })).await.expect(202)));
        assert_eq!(desk.manager.delete(&path).await.status, 204);
        assert_eq!(status(&desk.agent, &last).await, "superseded");
        assert_eq!(status(&desk.agent, &own).await, "pending");
    }
}

journey! {
    async fn contacts_are_as_protected_as_the_administrator_says(running: Running) {
        let desk = Desk::of(running).await;
        let contact = desk.agent.post(&format!("{}/contacts", desk.customer), json!({ "name": "王芳", "phone": OLD })).await.expect(201);
        let path = format!("/api/v1/contacts/{}", id(&contact));
        let setting = "/api/v1/customers/protected-fields";
        desk.admin.put(setting, json!({ "fields": ["contact.name"] })).await.expect(200);
        desk.agent.patch(&path, json!({ "phone": NEW })).await.expect(200);
        let asked = desk.agent.patch(&path, json!({ "name": "王芳芳", "note": "改名" })).await.expect(202);
        assert_eq!((&asked["fields"], &asked["applied"]), (&json!({ "name": { "from": "王芳", "to": "王芳芳" } }), &json!(["note"])));
        assert_eq!(desk.admin.put(setting, json!({ "fields": ["contact.is_primary"] })).await.faults(), ["/fields/0"]);
    }
}
