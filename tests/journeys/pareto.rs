//! The customers that bring most of the revenue.

use serde_json::{Value, json};

use super::tiering::{cancelled, customer_id, load};
use crate::support::builders::{order, user};
use crate::support::{Client, Running, journey};

const PARETO: &str = "/api/v1/tiering/pareto";

/// Names of the page, and what the whole says: customers, of, revenue, of, cut.
async fn seen(client: &Client, query: &str) -> (Vec<String>, Vec<Value>) {
    let answer = client.get(&format!("{PARETO}{query}")).await.expect(200);
    let names =
        answer["items"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().to_owned()).collect();
    let figures = ["customers", "customers_total", "revenue", "revenue_total", "cut"].map(|name| answer[name].clone());
    (names, figures.to_vec())
}

async fn sell(client: &Client) {
    let mut refunded = order("4", "D", "2026-10-01T02:00:00Z", "500");
    refunded["refunded"] = json!("495");
    load(
        client,
        [
            order("1", "A", "2026-09-01T02:00:00Z", "60"),
            order("2", "B", "2026-10-01T02:00:00Z", "20"),
            order("3", "C", "2026-10-02T02:00:00Z", "10"),
            refunded,
            order("5", "E", "2026-10-01T02:00:00Z", "5"),
            cancelled(order("6", "F", "2026-10-01T02:00:00Z", "1000")),
            order("7", "G", "2026-10-01T02:00:00Z", "0"),
        ],
    )
    .await;
}

journey! {
    async fn the_fewest_that_bring_a_share_are_found(running: Running) {
        let admin = running.admin().await;
        let (names, figures) = seen(&admin, "").await;
        assert_eq!((names.len(), figures), (0, vec![json!(0), json!(0), json!("0.00"), json!("0.00"), Value::Null]));

        sell(&admin).await;
        let (names, figures) = seen(&admin, "").await;
        assert_eq!(names, ["客户A", "客户B"]);
        assert_eq!(figures, [json!(2), json!(5), json!("80.00"), json!("100.00"), json!("20.00")]);
        let answer = admin.get(PARETO).await.expect(200);
        assert_eq!((&answer["share"], &answer["customers_percent"], &answer["items"][1]["running"]), (&json!(80), &json!(40.0), &json!("80.00")));
        assert_eq!(seen(&admin, "?share=81").await.0, ["客户A", "客户B", "客户C"]);
        assert_eq!(seen(&admin, "?share=1").await.0, ["客户A"]);
        // Of those who bring the same, the one created last comes first.
        assert_eq!(seen(&admin, "?share=100").await.0, ["客户A", "客户B", "客户C", "客户E", "客户D"]);
        assert_eq!(seen(&admin, "?share=95").await.1[0], 4);

        let (names, figures) = seen(&admin, "?from=2026-10-01&to=2026-10-01&share=60").await;
        assert_eq!((names, figures[3].clone()), (vec!["客户B".to_owned()], json!("30.00")));
        assert_eq!(seen(&admin, "?to=2026-09-30").await.0, ["客户A"]);
        assert_eq!(seen(&admin, "?from=2027-01-01").await.1[1], 0);
    }
}

journey! {
    async fn pages_continue_and_end(running: Running) {
        let admin = running.admin().await;
        sell(&admin).await;
        for period in ["", "&from=2026-01-01"] {
            let (mut all, mut cursor) = (Vec::new(), String::new());
            loop {
                let page = admin.get(&format!("{PARETO}?share=100&limit=2{period}{cursor}")).await.expect(200);
                assert_eq!(page["customers"], 5);
                all.extend(page["items"].as_array().unwrap().iter().map(|item| item["running"].clone()));
                let Some(next) = page["next_cursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(all, ["60.00", "80.00", "90.00", "95.00", "100.00"]);
        }
        assert_eq!(admin.get(&format!("{PARETO}?share=0&limit=201&cursor=x&from=yesterday")).await.faults(), ["#query/cursor", "#query/from", "#query/limit", "#query/share"]);
        let nobody = uuid::Uuid::now_v7().simple().to_string();
        assert_eq!(admin.get(&format!("{PARETO}?cursor={nobody}")).await.expect(200)["items"], json!([]));
    }
}

journey! {
    async fn everybody_sees_the_revenue_of_whom_they_reach(running: Running) {
        let admin = running.admin().await;
        sell(&admin).await;
        let (agent, agent_id) = user(&running, &admin, "agent.a", "agent", Some("sales")).await;
        for customer in ["B", "C"] {
            let path = format!("/api/v1/customers/{}", customer_id(&admin, customer).await);
            admin.patch(&path, json!({ "owner_id": agent_id })).await.expect(200);
        }
        let (names, figures) = seen(&agent, "").await;
        assert_eq!(names, ["客户B", "客户C"]);
        assert_eq!(figures, [json!(2), json!(2), json!("30.00"), json!("30.00"), json!("10.00")]);
        assert_eq!(seen(&agent, "?from=2026-10-02").await.1[3], "10.00");
    }
}
