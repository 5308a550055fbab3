//! Which rows somebody reaches, and what of them is shown: what is out of reach is as if it were not there.

use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, department, id, integration, user};
use crate::support::{Client, Running, journey};

const PHONE: &str = "138 0013 8000";
const MAIL: &str = "zhang.wei@example.com";

/// A user whose scope is not that of the role.
async fn with_scope(running: &Running, admin: &Client, username: &str, role: &str, scope: &str, code: &str) -> Client {
    let (_, id) = user(running, admin, username, role, Some(code)).await;
    admin.patch(&format!("/api/v1/users/{id}"), json!({ "data_scope": scope })).await.expect(200);
    running.sign_in(username, &format!("{username} has a password")).await
}

/// One value of every row of a list, in order.
async fn listed(client: &Client, path: &str, field: &str) -> Vec<String> {
    let list = client.get(path).await.expect(200);
    let items = list["items"].as_array().unwrap();
    let mut found: Vec<String> = items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

async fn customer(client: &Client, name: &str, owner: Option<&str>, department: Option<&str>) -> String {
    let body = json!({
        "name": name, "owner_id": owner, "department_id": department, "phone": PHONE, "email": MAIL,
        "address": "世纪大道 1 号", "external_ids": [{ "system": "erp", "id": name }],
    });
    id(&client.post("/api/v1/customers", body).await.expect(201))
}

/// Two departments with a customer each, and who looks at them.
struct Firm {
    running: Running,
    admin: Client,
    /// Names and ids of the customers: li's and wang's of customer service, one that is only the department's, zhao's
    /// of sales, and nobody's.
    customers: Vec<(&'static str, String)>,
    li: Client,
    zhao: Client,
}

impl Firm {
    async fn of(running: Running) -> Firm {
        let admin = running.admin().await;
        let (li, li_id) = user(&running, &admin, "li", "agent", Some("customer_service")).await;
        let (_, wang_id) = user(&running, &admin, "wang", "agent", Some("customer_service")).await;
        let (zhao, zhao_id) = user(&running, &admin, "zhao", "agent", Some("sales")).await;
        let service = department(&admin, "customer_service").await;
        let customers = vec![
            ("li's", customer(&admin, "li's", Some(&li_id), None).await),
            ("wang's", customer(&admin, "wang's", Some(&wang_id), None).await),
            ("service's", customer(&admin, "service's", None, Some(&service)).await),
            ("zhao's", customer(&admin, "zhao's", Some(&zhao_id), None).await),
            ("nobody's", customer(&admin, "nobody's", None, None).await),
        ];
        Firm { running, admin, customers, li, zhao }
    }

    /// Everybody who looks, and the customers whom they reach, and of those the ones whose contact data they see.
    async fn readers(&self) -> Vec<(&'static str, Client, Vec<&'static str>, Vec<&'static str>)> {
        let Firm { running, admin, .. } = self;
        let (manager, _) = user(running, admin, "manager", "manager", Some("customer_service")).await;
        let (homeless, _) = user(running, admin, "homeless", "manager", None).await;
        let (director, _) = user(running, admin, "director", "director", Some("customer_service")).await;
        let wide = with_scope(running, admin, "wide", "agent", "department", "customer_service").await;
        let widest = with_scope(running, admin, "widest", "agent", "all", "customer_service").await;
        let narrow = with_scope(running, admin, "narrow", "director", "own", "customer_service").await;
        let blind =
            integration(running, admin, &["customers:read", "customers:write", "orders:read", "tiering:read"]).await;
        let scopes = ["customers:read", "customers:write", "orders:read", "tiering:read", "personal_data:read"];
        let seeing = integration(running, admin, &scopes).await;
        let all = vec!["li's", "nobody's", "service's", "wang's", "zhao's"];
        let service = vec!["li's", "service's", "wang's"];
        vec![
            ("admin", admin.clone(), all.clone(), all.clone()),
            ("director", director, all.clone(), vec![]),
            ("director of narrow scope", narrow, vec![], vec![]),
            ("manager", manager, service.clone(), service.clone()),
            ("manager without department", homeless, vec![], vec![]),
            ("owner", self.li.clone(), vec!["li's"], vec!["li's"]),
            ("owner elsewhere", self.zhao.clone(), vec!["zhao's"], vec!["zhao's"]),
            ("agent of department scope", wide, service.clone(), service.clone()),
            ("agent of scope all", widest, all.clone(), service),
            ("key", blind, all.clone(), vec![]),
            ("key for personal data", seeing, all.clone(), all),
        ]
    }
}

journey! {
    async fn customers_out_of_reach_are_not_there(running: Running) {
        let firm = Firm::of(running).await;
        for (reader, client, reached, _) in firm.readers().await {
            assert_eq!(listed(&client, "/api/v1/customers", "name").await, reached, "{reader}");
            for (name, id) in &firm.customers {
                let (there, path) = (reached.contains(name), format!("/api/v1/customers/{id}"));
                let by_external = format!("/api/v1/customers/by-external-id/erp/{name}");
                for path in [&path, &by_external, &format!("{path}/orders")] {
                    match client.get(path).await {
                        answer if there => drop(answer.expect(200)),
                        answer => assert_eq!(answer.problem(404), "customer_not_found", "{reader} {path}"),
                    }
                }
                let tier = client.get(&format!("{path}/tier")).await.problem(404);
                assert_eq!(tier, if there { "tier_not_found" } else { "customer_not_found" }, "{reader}");
                let by_name = listed(&client, &format!("/api/v1/customers?name={name}"), "name").await;
                assert_eq!(by_name.is_empty(), !there, "{reader} {name}");
            }
        }
    }
}

journey! {
    async fn customers_out_of_reach_are_not_changed(running: Running) {
        let firm = Firm::of(running).await;
        for (reader, client, reached, _) in firm.readers().await {
            for (name, id) in &firm.customers {
                let note = json!({ "note": format!("written by {reader}") });
                let by_id = client.patch(&format!("/api/v1/customers/{id}"), note.clone()).await;
                let by_external = client.put(&format!("/api/v1/customers/by-external-id/erp/{name}"), note.clone()).await;
                for answer in [by_id, by_external] {
                    match reached.contains(name) {
                        // Directors write nothing, whatever they reach.
                        _ if reader.starts_with("director") => assert_eq!(answer.problem(403), "forbidden"),
                        true => assert_eq!(answer.expect(200)["note"], note["note"]),
                        false => assert_eq!(answer.problem(404), "customer_not_found", "{reader} {name}"),
                    }
                }
                let now = firm.admin.get(&format!("/api/v1/customers/{id}")).await.expect(200);
                let written = now["note"] == note["note"];
                assert_eq!(written, reached.contains(name) && !reader.starts_with("director"), "{reader} {name}");
            }
        }
    }
}

journey! {
    async fn contact_data_is_masked_for_whoever_has_no_need_of_it(running: Running) {
        let firm = Firm::of(running).await;
        let secrets = ["13800138000", "0013 8000", "zhang.wei", "世纪大道"];
        for (reader, client, reached, clear) in firm.readers().await {
            let list = client.get("/api/v1/customers").await.expect(200);
            let mut shown: Vec<Value> = list["items"].as_array().unwrap().clone();
            for (name, id) in firm.customers.iter().filter(|(name, _)| reached.contains(name)) {
                shown.push(client.get(&format!("/api/v1/customers/{id}")).await.expect(200));
                shown.push(client.get(&format!("/api/v1/customers/by-external-id/erp/{name}")).await.expect(200));
                if !reader.starts_with("director") {
                    let answer = client.patch(&format!("/api/v1/customers/{id}"), json!({ "industry": reader })).await;
                    shown.push(answer.expect(200));
                }
            }
            for customer in shown {
                let seen = clear.contains(&customer["name"].as_str().unwrap());
                assert_eq!(customer["masked"], json!(!seen), "{reader} {customer}");
                if seen {
                    assert_eq!((&customer["phone"], &customer["email"]), (&json!(PHONE), &json!(MAIL)));
                    assert_eq!(customer["address"], "世纪大道 1 号");
                } else {
                    assert_eq!((&customer["phone"], &customer["email"]), (&json!("138****8000"), &json!("z****@example.com")));
                    assert!(secrets.iter().all(|secret| !customer.to_string().contains(secret)), "{reader} {customer}");
                }
            }
        }
    }
}

journey! {
    /// To find a customer by phone is to know the phone.
    async fn a_filter_by_contact_data_tells_nothing_that_is_masked(running: Running) {
        let firm = Firm::of(running).await;
        for (reader, client, _, clear) in firm.readers().await {
            for filter in ["phone=13800138000", "phone=%2B86%20138-0013-8000", "email=Zhang.Wei@EXAMPLE.com"] {
                let found = listed(&client, &format!("/api/v1/customers?{filter}"), "name").await;
                assert_eq!(found, clear, "{reader} {filter}");
            }
            let other = listed(&client, "/api/v1/customers?phone=13900139000", "name").await;
            assert!(other.is_empty(), "{reader}");
            let nonsense = client.get("/api/v1/customers?phone=none").await;
            assert!(nonsense.status == 422 || nonsense.expect(200)["items"] == json!([]), "{reader}");
        }
    }
}

journey! {
    async fn a_new_customer_is_within_reach_of_its_maker(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "manager", "manager", Some("sales")).await;
        let (homeless, homeless_id) = user(&running, &admin, "homeless", "manager", None).await;
        let (agent, agent_id) = user(&running, &admin, "li", "agent", Some("sales")).await;
        let wide = with_scope(&running, &admin, "wide", "agent", "department", "finance").await;
        for (maker, client) in [("manager", &manager), ("homeless", &homeless), ("agent", &agent), ("wide", &wide)] {
            let made = client.post("/api/v1/customers", json!({ "name": maker })).await;
            let location = made.header("location").to_owned();
            assert_eq!(made.expect(201), client.get(&location).await.expect(200), "{maker}");
        }
        let of = |name: &'static str| {
            let admin = admin.clone();
            async move { admin.get(&format!("/api/v1/customers?name={name}")).await.expect(200)["items"][0].clone() }
        };
        let sales = json!(department(&admin, "sales").await);
        let (managers, agents) = (of("manager").await, of("agent").await);
        assert_eq!((&managers["owner_id"], &managers["department_id"]), (&Value::Null, &sales));
        assert_eq!((&agents["owner_id"], &agents["department_id"]), (&json!(agent_id), &sales));
        assert_eq!(of("homeless").await["owner_id"], json!(homeless_id));
        // Who reaches all may leave it to nobody; it is given away on purpose where an owner is named.
        admin.post("/api/v1/customers", json!({ "name": "admin" })).await.expect(201);
        assert_eq!(of("admin").await["department_id"], Value::Null);
        let given = agent.post("/api/v1/customers", json!({ "name": "given", "owner_id": homeless_id })).await.expect(201);
        assert_eq!(agent.get(&format!("/api/v1/customers/{}", id(&given))).await.problem(404), "customer_not_found");
    }
}

/// Takes a complaint in from this person, for research.
async fn report(client: &Client) -> (String, Value) {
    let contact = json!({ "name": "张伟", "phone": PHONE, "email": MAIL });
    let body = json!({ "channel": "hotline", "content": COMPLAINT, "contact": contact });
    let feedback = client.post("/api/v1/feedback", body).await.expect(201);
    (feedback["number"].as_str().unwrap().to_owned(), feedback)
}

journey! {
    async fn feedback_is_seen_by_handler_pool_and_reporter(running: Running) {
        let admin = running.admin().await;
        let (reporter, _) = user(&running, &admin, "li", "agent", Some("customer_service")).await;
        let (beside, _) = user(&running, &admin, "wang", "agent", Some("customer_service")).await;
        let (handler, _) = user(&running, &admin, "zhao", "agent", Some("research")).await;
        let (colleague, _) = user(&running, &admin, "qian", "agent", Some("research")).await;
        let (manager, _) = user(&running, &admin, "sun", "manager", Some("research")).await;
        let (elsewhere, _) = user(&running, &admin, "zhou", "manager", Some("sales")).await;
        let (director, _) = user(&running, &admin, "wu", "director", None).await;
        let wide = with_scope(&running, &admin, "wide", "agent", "all", "sales").await;
        let key = integration(&running, &admin, &["feedback:read"]).await;
        let seeing = integration(&running, &admin, &["feedback:read", "personal_data:read"]).await;

        let (pooled, pooled_body) = report(&admin).await;
        let (reported, _) = report(&reporter).await;
        let (handled, handled_body) = report(&admin).await;
        let path = format!("/api/v1/feedback/{}", id(&handled_body));
        handler.post(&format!("{path}/accept"), json!({ "promised_at": "2026-10-21T10:00:00Z" })).await.expect(200);

        let all = [&pooled, &reported, &handled];
        let readers: [(&str, &Client, &[&String], bool); 11] = [
            ("admin", &admin, &all, true),
            ("director", &director, &all, false),
            ("manager", &manager, &all, true),
            ("manager elsewhere", &elsewhere, &[], false),
            ("handler", &handler, &all, true),
            ("colleague", &colleague, &[&pooled, &reported], true),
            ("reporter", &reporter, &[&reported], true),
            ("beside the reporter", &beside, &[], false),
            ("agent of scope all", &wide, &all, false),
            ("key", &key, &all, false),
            ("key for personal data", &seeing, &all, true),
        ];
        for (reader, client, reached, clear) in readers {
            let mut expected: Vec<String> = reached.iter().map(|number| (*number).clone()).collect();
            expected.sort();
            let list = client.get("/api/v1/feedback").await;
            assert_eq!(listed(client, "/api/v1/feedback", "number").await, expected, "{reader}");
            assert_eq!(list.text.contains("zhang.wei"), clear && !expected.is_empty(), "{reader}");
            for (number, body) in [(&pooled, &pooled_body), (&handled, &handled_body)] {
                let path = format!("/api/v1/feedback/{}", id(body));
                for path in [path.clone(), format!("{path}/history"), format!("{path}/clocks"), format!("{path}/communications")] {
                    match client.get(&path).await {
                        answer if reached.contains(&number) => drop(answer.expect(200)),
                        answer => assert_eq!(answer.problem(404), "feedback_not_found", "{reader} {path}"),
                    }
                }
                if reached.contains(&number) {
                    let contact = client.get(&path).await.expect(200)["contact"].clone();
                    let shown = if clear { [PHONE, MAIL] } else { ["138****8000", "z****@example.com"] };
                    assert_eq!([&contact["phone"], &contact["email"]], [&json!(shown[0]), &json!(shown[1])], "{reader}");
                }
            }
        }
        for client in [&colleague, &beside, &elsewhere] {
            assert_eq!(client.call(&format!("{path}/start")).await.problem(404), "feedback_not_found");
            let word = json!({ "method": "phone", "content": "x" });
            assert_eq!(client.post(&format!("{path}/communications"), word).await.problem(404), "feedback_not_found");
        }
        assert_eq!(admin.get(&path).await.expect(200)["state"], "accepted");
    }
}

journey! {
    async fn feedback_for_a_customer_out_of_reach_is_refused(running: Running) {
        let firm = Firm::of(running).await;
        let (_, zhaos) = firm.customers.iter().find(|(name, _)| *name == "zhao's").unwrap();
        let by = |more: Value| {
            let mut body = json!({ "channel": "hotline", "content": COMPLAINT });
            body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            body
        };
        let by_id = by(json!({ "customer_id": zhaos }));
        let by_external = by(json!({ "customer_external_id": { "system": "erp", "id": "zhao's" } }));
        for body in [by_id, by_external] {
            assert_eq!(firm.li.post("/api/v1/feedback", body.clone()).await.problem(404), "customer_not_found");
            firm.zhao.post("/api/v1/feedback", body).await.expect(201);
        }
        assert!(listed(&firm.li, "/api/v1/feedback", "number").await.is_empty(), "nothing half-written");
    }
}

journey! {
    async fn managers_see_the_people_of_their_department(running: Running) {
        let admin = running.admin().await;
        let (manager, _) = user(&running, &admin, "sun", "manager", Some("research")).await;
        let (_, inside) = user(&running, &admin, "zhao", "agent", Some("research")).await;
        let (_, outside) = user(&running, &admin, "li", "agent", Some("sales")).await;
        assert_eq!(listed(&manager, "/api/v1/users", "username").await, ["sun", "zhao"]);
        manager.get(&format!("/api/v1/users/{inside}")).await.expect(200);
        assert_eq!(manager.get(&format!("/api/v1/users/{outside}")).await.problem(404), "user_not_found");
    }
}
