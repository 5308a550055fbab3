//! The classifier learns from what people correct, and unlearns it.

use serde_json::{Value, json};

use crate::support::builders::{COMPLAINT, id};
use crate::support::{Client, Running, journey};

const VERSIONS: &str = "/api/v1/feedback/classifier/versions";
const SHIPPED: &str = "/api/v1/feedback/classifier/versions/00000000-0000-0000-0000-000000000000/activate";

/// In this house a sync code that fails is no defect: its help desk gives out a new one.
const SYNC_CODES: &str = include_str!("../../crates/domain/corpus/corrections.txt");
const THE_NEXT: &str = "二楼那台机器的同步码失灵了";

async fn take_in(client: &Client, content: &str) -> Value {
    client.post("/api/v1/feedback", json!({ "channel": "hotline", "content": content })).await.expect(201)
}

/// Takes a text in and has a person say that it is a question of usage.
async fn correct(client: &Client, content: &str) {
    let path = format!("/api/v1/feedback/{}/triage", id(&take_in(client, content).await));
    let told = json!({ "subtype": "product_usage", "priority": "normal", "mood": "neutral" });
    let told = client.post(&path, told).await.expect(200);
    assert_eq!(
        (&told["type"], &told["mood"], &told["classified_by"]),
        (&json!("inquiry"), &json!("neutral"), &json!("person"))
    );
}

/// Category and version of a text.
async fn classify(client: &Client, text: &str) -> (String, i64) {
    let got = client.post("/api/v1/feedback/classify", json!({ "text": text })).await.expect(200);
    (got["subtype"].as_str().unwrap().to_owned(), got["model_version"].as_i64().unwrap())
}

journey! {
    async fn twenty_corrections_of_one_kind_move_the_next_such_text_and_leave_the_others(running: Running) {
        let admin = running.admin().await;
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_function".to_owned(), 0));
        for text in SYNC_CODES.lines().take(19) {
            correct(&admin, text).await;
        }
        running.settle().await;
        let state = admin.get("/api/v1/feedback/classifier").await.expect(200);
        assert_eq!((&state["active"]["number"], &state["new_corrections"], &state["learn_after"]), (&json!(0), &json!(19), &json!(20)));

        correct(&admin, SYNC_CODES.lines().nth(19).unwrap()).await;
        running.settle().await;
        let state = admin.get("/api/v1/feedback/classifier").await.expect(200);
        assert_eq!((&state["active"]["number"], &state["active"]["corrections"]), (&json!(1), &json!(20)));
        assert_eq!(state["new_corrections"], 0);
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_usage".to_owned(), 1));
        assert_eq!(classify(&admin, COMPLAINT).await, ("product_function".to_owned(), 1));
        let taken_in = take_in(&admin, THE_NEXT).await;
        assert_eq!((&taken_in["subtype"], &taken_in["classified_by"], &taken_in["model_version"]), (&json!("product_usage"), &json!("model"), &json!(1)));

        // Another copy reads the same.
        let other = running.second_copy().await;
        assert_eq!(classify(&other.admin().await, THE_NEXT).await, ("product_usage".to_owned(), 1));
    }
}

journey! {
    async fn what_was_learnt_can_be_unlearnt_and_is_not_learnt_again(running: Running) {
        let admin = running.admin().await;
        assert_eq!(admin.call(VERSIONS).await.problem(409), "nothing_to_learn");
        for text in SYNC_CODES.lines().take(10) {
            correct(&admin, text).await;
        }
        let first = admin.call(VERSIONS).await.expect(201);
        assert_eq!((&first["number"], &first["corrections"], &first["active"]), (&json!(1), &json!(10), &json!(true)));
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_usage".to_owned(), 1));

        let shipped = admin.call(SHIPPED).await.expect(200);
        assert_eq!((&shipped["number"], &shipped["active"], &shipped["weights"]), (&json!(0), &json!(true), &json!(0)));
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_function".to_owned(), 0));

        // One more correction: the ten that somebody did not want are left out.
        correct(&admin, "报表的字体太小，老花眼看不清").await;
        let second = admin.call(VERSIONS).await.expect(201);
        assert_eq!((&second["number"], &second["corrections"]), (&json!(2), &json!(1)));
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_function".to_owned(), 2));

        let path = format!("{VERSIONS}/{}/activate", id(&first));
        for _ in 0..2 {
            assert_eq!(admin.call(&path).await.expect(200)["active"], true, "twice is once");
        }
        assert_eq!(classify(&admin, THE_NEXT).await, ("product_usage".to_owned(), 1));
        let versions = admin.get(VERSIONS).await.expect(200);
        let told: Vec<_> = versions["items"].as_array().unwrap().iter().map(|v| (v["number"].as_i64(), v["active"].as_bool())).collect();
        assert_eq!(told, [(Some(2), Some(false)), (Some(1), Some(true)), (Some(0), Some(false))]);
        let nobody = format!("{VERSIONS}/{}/activate", uuid::Uuid::now_v7());
        assert_eq!(admin.call(&nobody).await.problem(404), "classifier_version_not_found");
    }
}

journey! {
    async fn a_correction_is_kept_with_what_it_changed_and_without_the_text(running: Running) {
        let admin = running.admin().await;
        let feedback = id(&take_in(&admin, THE_NEXT).await);
        let path = format!("/api/v1/feedback/{feedback}/triage");
        let confirmed = admin.get(&format!("/api/v1/feedback/{feedback}")).await.expect(200);
        let same = json!({ "subtype": confirmed["subtype"], "priority": confirmed["priority"] });
        admin.post(&path, same).await.expect(200);
        let list = "/api/v1/feedback/classifier/corrections";
        assert_eq!(admin.get(list).await.expect(200)["items"], json!([]), "a confirmation corrects nothing");

        admin.post(&path, json!({ "subtype": "cooperation_policy", "priority": "urgent" })).await.expect(200);
        let kept = admin.get(list).await;
        assert!(!kept.text.contains("同步码"));
        let kept = kept.expect(200)["items"][0].clone();
        assert_eq!((&kept["feedback_id"], &kept["model_version"]), (&json!(feedback), &json!(0)));
        assert_eq!((&kept["subtype_before"], &kept["subtype"]), (&json!("product_function"), &json!("cooperation_policy")));
        assert_eq!((&kept["mood_before"], &kept["mood"]), (&confirmed["mood"], &confirmed["mood"]));

        let once = admin.clone().with_header("idempotency-key", "learn");
        let version = once.call(VERSIONS).await.expect(201);
        assert_eq!(once.call(VERSIONS).await.expect(201), version);
        assert_eq!(version["corrections"], 1);
    }
}
