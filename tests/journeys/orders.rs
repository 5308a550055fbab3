//! Orders in bulk: what becomes of good lines, bad lines, repeated lines and very many lines.

use std::convert::Infallible;
use std::time::Duration;

use futures_util::future::join;
use futures_util::stream;
use serde_json::{Value, json};

use crate::support::builders::{id, integration, order};
use crate::support::{Client, Running, journey, rows};

const BULK: &str = "/api/v1/orders/bulk";
const NDJSON: &str = "application/x-ndjson";

async fn erp(running: &Running) -> Client {
    integration(running, &running.admin().await, &["orders:write", "orders:read", "customers:read"]).await
}

fn counts(result: &Value) -> (u64, u64, u64) {
    let count = |name: &str| result[name].as_u64().unwrap();
    (count("created"), count("updated"), count("failed"))
}

/// The orders of a customer, oldest first: number and amount.
async fn orders_of(client: &Client, customer: &str) -> Vec<(String, String)> {
    let customer = client.get(&format!("/api/v1/customers/by-external-id/erp/{customer}")).await.expect(200);
    let page = client.get(&format!("/api/v1/customers/{}/orders?limit=200", id(&customer))).await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    page["items"].as_array().unwrap().iter().rev().map(|o| (text(&o["order_no"]), text(&o["amount"]))).collect()
}

fn pair(order_no: &str, amount: &str) -> (String, String) {
    (order_no.to_owned(), amount.to_owned())
}

journey! {
    async fn new_orders_are_recorded_and_known_ones_updated(running: Running) {
        let erp = erp(&running).await;
        let lines = || [
            order("SO-1", "甲", "2026-10-01T09:30:00+08:00", "128.5"),
            order("SO-2", "甲", "2026-10-02T23:30:00Z", "0"),
            order("SO-3", "乙", "2026-10-03T09:30:00+08:00", "9999999999999.99"),
        ];
        assert_eq!(counts(&erp.post_lines(BULK, lines()).await.expect(200)), (3, 0, 0));
        assert_eq!(rows::counts(&running).await["customers"], 2, "unknown customers are made, each once");
        assert_eq!(orders_of(&erp, "甲").await, [pair("SO-1", "128.50"), pair("SO-2", "0.00")]);
        assert_eq!(orders_of(&erp, "乙").await, [pair("SO-3", "9999999999999.99")]);

        let customer = erp.get("/api/v1/customers/by-external-id/erp/甲").await.expect(200);
        assert_eq!((&customer["name"], &customer["source"]), (&json!("客户甲"), &json!("erp")));
        let page = erp.get(&format!("/api/v1/customers/{}/orders", id(&customer))).await.expect(200);
        let newest = &page["items"][0];
        assert_eq!(newest["ordered_at"], "2026-10-02T23:30:00Z");
        assert_eq!((&newest["ordered_on"], &newest["status"]), (&json!("2026-10-03"), &json!("paid")), "local date");

        // The same again, one of them changed and given to another customer.
        let mut again = lines();
        again[1] = order("SO-2", "乙", "2026-10-02T23:30:00Z", "77.70");
        again[1]["status"] = json!("cancelled");
        again[1]["lines"] = json!([{ "sku": "A-1", "quantity": 2, "note": null }]);
        assert_eq!(counts(&erp.post_lines(BULK, again).await.expect(200)), (0, 3, 0));
        assert_eq!(orders_of(&erp, "甲").await, [pair("SO-1", "128.50")]);
        assert_eq!(orders_of(&erp, "乙").await, [pair("SO-2", "77.70"), pair("SO-3", "9999999999999.99")]);
        assert_eq!(rows::counts(&running).await["customers"], 2);

        // The number of another system is another order.
        let mut elsewhere = order("SO-1", "甲", "2026-10-01T09:30:00+08:00", "1");
        elsewhere["external_system"] = json!("shop");
        assert_eq!(counts(&erp.post_lines(BULK, [elsewhere]).await.expect(200)), (1, 0, 0));
    }
}

journey! {
    async fn of_an_order_told_twice_in_one_request_the_last_word_counts(running: Running) {
        let erp = erp(&running).await;
        let line = |order_no: &str, amount: &str| order(order_no, "甲", "2026-10-01T09:30:00+08:00", amount);
        let lines = [line("A", "1"), line("B", "5"), line("A", "2"), line("A", "3"), line("B", "6")];
        assert_eq!(counts(&erp.post_lines(BULK, lines).await.expect(200)), (2, 3, 0));
        let mut stored = orders_of(&erp, "甲").await;
        stored.sort();
        assert_eq!(stored, [pair("A", "3.00"), pair("B", "6.00")]);

        // And so where thousands of others lie between the two.
        let others = (0..2500).map(|n| order(&format!("X-{n}"), "乙", "2026-10-01T09:30:00+08:00", "1"));
        let lines = std::iter::once(line("C", "1")).chain(others).chain([line("C", "2")]);
        assert_eq!(counts(&erp.post_lines(BULK, lines).await.expect(200)), (2501, 1, 0));
        assert!(orders_of(&erp, "甲").await.contains(&pair("C", "2.00")));
    }
}

journey! {
    async fn a_name_is_found_for_every_customer_that_is_made(running: Running) {
        let erp = erp(&running).await;
        let mut lines: Vec<Value> = ["1", "2", "2", "3", " "].iter().enumerate()
            .map(|(n, customer)| order(&format!("SO-{n}"), customer, "2026-10-01T09:30:00+08:00", "1"))
            .collect();
        lines[0].as_object_mut().unwrap().remove("customer_name");
        lines[1]["customer_name"] = json!("  ");
        lines[3]["customer_name"] = Value::Null;
        lines[4]["customer_name"] = json!("");
        assert_eq!(counts(&erp.post_lines(BULK, lines).await.expect(200)), (5, 0, 0));
        for (customer, name) in [("1", "1"), ("2", "客户2"), ("3", "3"), ("%20", "C000004")] {
            let found = erp.get(&format!("/api/v1/customers/by-external-id/erp/{customer}")).await.expect(200);
            let name = if customer == "%20" { found["number"].as_str().unwrap() } else { name };
            assert_eq!(found["name"], name, "{customer}");
        }
    }
}

/// The faults of a line as `pointer code`, sorted.
fn faults(error: &Value) -> Vec<String> {
    let text = |fault: &Value| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
    let mut faults: Vec<String> = error["errors"].as_array().unwrap().iter().map(text).collect();
    faults.sort();
    faults
}

journey! {
    async fn bad_lines_are_named_by_number_and_the_good_ones_stay(running: Running) {
        let erp = erp(&running).await;
        let good = |order_no: &str| order(order_no, "甲", "2026-10-01T09:30:00+08:00", "1").to_string();
        let with = |name: &str, value: Value| {
            let mut line = order("BAD", "乙", "2026-10-01T09:30:00+08:00", "1");
            line[name] = value;
            line.to_string()
        };
        let many = json!({
            "external_system": "e r p", "order_no": "", "customer_external_id": "a\tb", "customer_name": "x".repeat(201),
            "ordered_at": "yesterday", "amount": true, "status": "lost", "lines": "x", "colour": "red",
        });
        let lines: Vec<(String, &[&str])> = vec![
            (format!("\u{FEFF}{}", good("SO-1")), &[]),
            (String::new(), &[]),
            (format!("{}\r", good("SO-3")), &[]),
            (" \t\r".to_owned(), &[]),
            (r#"{"external_system":"#.to_owned(), &[" malformed_json"]),
            ("{}".to_owned(), &[
                "/amount required", "/customer_external_id required", "/external_system required", "/order_no required",
                "/ordered_at required",
            ]),
            (many.to_string(), &[
                "/amount wrong_type", "/colour unknown_field", "/customer_external_id invalid_format", "/customer_name too_long",
                "/external_system invalid_format", "/lines wrong_type", "/order_no invalid_format", "/order_no too_short",
                "/ordered_at invalid_format", "/status not_allowed",
            ]),
            (with("amount", json!("12.345")), &["/amount amount_precision"]),
            (with("amount", json!(12.345)), &["/amount amount_precision"]),
            (with("amount", json!("-5.00")), &["/amount amount_negative"]),
            (with("amount", json!(-5)), &["/amount amount_negative"]),
            (with("amount", json!("面议")), &["/amount invalid_format"]),
            (with("amount", json!("")), &["/amount invalid_format"]),
            (with("amount", json!("99999999999999")), &["/amount out_of_range"]),
            (with("amount", json!(1e300)), &["/amount out_of_range"]),
            (with("status", json!("PAID")), &["/status not_allowed"]),
            (with("customer_name", json!("x".repeat(300_000))), &[" line_too_long"]),
            ("[1]".to_owned(), &[" wrong_type"]),
            (with("customer_name", json!("a\0b")), &["/customer_name invalid_format", "/customer_name nul_character"]),
            (with("lines", json!([{ "sku": "a\0b" }])), &["/lines/0/sku nul_character"]),
            (with("ordered_at", json!("2026-10-20T09:30:00")), &["/ordered_at invalid_format"]),
            (with("ordered_at", json!("2026-02-30T09:30:00Z")), &["/ordered_at invalid_format"]),
            (with("ordered_at", json!("20261-01-01T00:00:00Z")), &["/ordered_at invalid_format"]),
            (format!("{}{}", good("X"), good("Y")), &[" malformed_json"]),
            (r#"{"order_no":"\ud800"}"#.to_owned(), &[" malformed_json"]),
            ("[".repeat(5000), &[" malformed_json"]),
            (good("SO-27"), &[]),
        ];
        let mut text = lines.iter().map(|(line, _)| line.as_str()).collect::<Vec<_>>().join("\n").into_bytes();
        // The last: bytes that are no text, and no line end.
        text.extend(b"\n{\"order_no\":\"\xff\"}");
        let answer = erp.post_raw(BULK, "application/x-ndjson; charset=utf-8", text).await.expect(200);

        let expected: Vec<(u64, Vec<String>)> = (1..)
            .zip(lines.iter().map(|(_, faults)| *faults).chain([&[" malformed_json"][..]]))
            .filter(|(_, faults)| !faults.is_empty())
            .map(|(number, faults)| (number, faults.iter().map(|fault| (*fault).to_owned()).collect()))
            .collect();
        let errors = answer["errors"].as_array().unwrap();
        let told: Vec<(u64, Vec<String>)> = errors.iter().map(|e| (e["line"].as_u64().unwrap(), faults(e))).collect();
        assert_eq!(told, expected);
        assert_eq!(counts(&answer), (3, 0, expected.len() as u64));
        assert_eq!(errors[3]["order_no"], "BAD", "the order is named where its line could be read");

        assert_eq!(orders_of(&erp, "甲").await, [pair("SO-1", "1.00"), pair("SO-3", "1.00"), pair("SO-27", "1.00")]);
        assert_eq!(rows::counts(&running).await["customers"], 1, "no customer is made for a bad line");

        let nothing = erp.post_raw(BULK, NDJSON, "\n\r\n \n").await.expect(200);
        assert_eq!(nothing, json!({ "created": 0, "updated": 0, "failed": 0, "errors": [] }));
    }
}

journey! {
    async fn amounts_are_taken_as_text_or_number(running: Running) {
        let erp = erp(&running).await;
        let written = ["0", "12", "12.5", "12.50", "0.01", "128.00", "1e2", "\"7\"", "\"7.1\"", "\"0007.10\"", "10000000000000"];
        let lines = written.iter().enumerate().map(|(n, amount)| {
            let line = order(&format!("{n:02}"), "甲", "2026-10-01T09:30:00+08:00", "@").to_string();
            format!("{}\n", line.replace("\"@\"", amount))
        });
        let answer = erp.post_raw(BULK, NDJSON, lines.collect::<String>()).await.expect(200);
        assert_eq!(answer["errors"], json!([]));
        let stored: Vec<String> = orders_of(&erp, "甲").await.into_iter().map(|(_, amount)| amount).collect();
        assert_eq!(stored, [
            "0.00", "12.00", "12.50", "12.50", "0.01", "128.00", "100.00", "7.00", "7.10", "7.10", "10000000000000.00",
        ]);
    }
}

journey! {
    async fn of_very_many_bad_lines_the_first_thousand_are_told(running: Running) {
        let erp = erp(&running).await;
        let good = order("SO-1", "甲", "2026-10-01T09:30:00+08:00", "1");
        let answer = erp.post_raw(BULK, NDJSON, format!("{}{good}\n", "oops\n".repeat(1200))).await.expect(200);
        assert_eq!(counts(&answer), (1, 0, 1200));
        let errors = answer["errors"].as_array().unwrap();
        assert_eq!((errors.len(), &errors[0]["line"], &errors[999]["line"]), (1000, &json!(1), &json!(1000)));

        // A line with very many faults does not make the answer grow without bound.
        let fields: serde_json::Map<String, Value> = (0..5000).map(|n| (format!("f{n}"), json!(1))).collect();
        let answer = erp.post_lines(BULK, [Value::Object(fields)]).await.expect(200);
        assert_eq!(counts(&answer), (0, 0, 1));
        assert!(answer["errors"][0]["errors"].as_array().unwrap().len() <= 100);
    }
}

journey! {
    async fn the_same_orders_loaded_twice_at_once_are_there_once(running: Running) {
        let erp = erp(&running).await;
        let lines = || (0..1500).map(|n| order(&format!("SO-{n}"), &format!("K-{}", n % 700), "2026-10-01T09:30:00+08:00", "1"));
        let (forth, back) = join(erp.post_lines(BULK, lines()), erp.post_lines(BULK, lines().rev())).await;
        let (forth, back) = (counts(&forth.expect(200)), counts(&back.expect(200)));
        assert_eq!((forth.0 + back.0, forth.1 + back.1, forth.2 + back.2), (1500, 1500, 0));
        let rows = rows::counts(&running).await;
        assert_eq!((rows["orders"], rows["customers"], rows["customer_external_ids"]), (1500, 700, 700));
    }
}

/// Lines of orders, a thousand in each piece of the body.
fn pieces(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.step_by(1000).map(|start| {
        let line = |n| {
            format!("{}\n", order(&format!("SO-{n}"), &format!("K-{}", n % 5000), "2026-10-01T09:30:00+08:00", "1"))
        };
        (start..start + 1000).map(line).collect()
    })
}

journey! {
    async fn fifty_thousand_lines_are_stored_while_they_come(running: Running) {
        let erp = erp(&running).await;
        // The second half is sent only when orders of the first can be read: nobody waits for the end.
        let (sender, receiver) = tokio::sync::mpsc::channel::<String>(1);
        let body = stream::unfold(receiver, |mut receiver| async move {
            receiver.recv().await.map(|piece| (Ok::<_, Infallible>(piece), receiver))
        });
        let send = async {
            for piece in pieces(0..25_000) {
                sender.send(piece).await.unwrap();
            }
            let seen = async {
                while erp.get("/api/v1/customers/by-external-id/erp/K-4999").await.status != 200 {}
            };
            tokio::time::timeout(Duration::from_secs(60), seen).await.expect("orders are stored while more come");
            for piece in pieces(25_000..50_000) {
                sender.send(piece).await.unwrap();
            }
            drop(sender);
        };
        let started = std::time::Instant::now();
        let (answer, ()) = join(erp.post_raw(BULK, NDJSON, reqwest::Body::wrap_stream(body)), send).await;
        assert_eq!(counts(&answer.expect(200)), (50_000, 0, 0));
        eprintln!("{:?}: {:.0} orders/s", running.database, 50_000.0 / started.elapsed().as_secs_f64());
        let rows = rows::counts(&running).await;
        assert_eq!((rows["orders"], rows["customers"]), (50_000, 5000));
    }
}

journey! {
    async fn a_load_that_broke_off_is_simply_sent_again(running: Running) {
        let erp = erp(&running).await;
        let broken = pieces(0..2000).map(Ok).chain(["{\"external_system\":\"erp\",".to_owned()].map(Ok)).chain([Err("gone")]);
        let body = reqwest::Body::wrap_stream(stream::iter(broken));
        assert!(erp.post_stream(BULK, NDJSON, body).await.is_none_or(|answer| answer.status == 400));
        let whole = reqwest::Body::wrap_stream(stream::iter(pieces(0..3000).map(Ok::<_, Infallible>)));
        let (created, updated, failed) = counts(&erp.post_raw(BULK, NDJSON, whole).await.expect(200));
        assert_eq!((created + updated, failed), (3000, 0));
        assert_eq!(rows::counts(&running).await["orders"], 3000);
    }
}
