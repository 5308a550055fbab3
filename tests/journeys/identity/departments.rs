use serde_json::{Value, json};

use crate::support::builders::{department, user};
use crate::support::{Running, journey};

journey! {
    async fn a_department_is_created_read_listed_and_changed(running: Running) {
        let admin = running.admin().await;
        let (agent, head) = user(&running, &admin, "li.na", "agent", None).await;
        let body = json!({ "code": "after_sales", "name": "售后服务部", "head_user_id": head });
        let created = admin.post("/api/v1/departments", body.clone()).await;
        let (location, etag) = (created.header("location").to_owned(), created.header("etag").to_owned());
        let created = created.expect(201);
        let read = agent.get(&location).await;
        assert_eq!(read.header("etag"), etag);
        assert_eq!(read.expect(200), created, "everybody knows the departments");
        assert_eq!(agent.get("/api/v1/departments").await.expect(200)["items"][0], created);
        assert_eq!(admin.post("/api/v1/departments", body).await.problem(409), "department_code_taken");

        let renamed = admin.patch(&location, json!({ "name": "售后部" })).await.expect(200);
        assert_eq!((&renamed["name"], &renamed["head_user_id"]), (&json!("售后部"), &json!(head)));
        let headless = admin.patch(&location, json!({ "head_user_id": null })).await.expect(200);
        assert_eq!((&headless["name"], &headless["head_user_id"]), (&json!("售后部"), &Value::Null));
        let late = admin.clone().with_header("if-match", &etag);
        assert_eq!(late.patch(&location, json!({ "name": "x" })).await.problem(412), "version_conflict");
        assert_eq!(admin.get(&location).await.expect(200)["name"], "售后部");
    }
}

journey! {
    async fn a_department_is_headed_by_somebody_who_is_there(running: Running) {
        let admin = running.admin().await;
        let path = format!("/api/v1/departments/{}", department(&admin, "research").await);
        let nobody = json!({ "head_user_id": uuid::Uuid::now_v7() });
        assert_eq!(admin.patch(&path, nobody).await.problem(404), "user_not_found");
        let (_, gone) = user(&running, &admin, "li.na", "agent", None).await;
        admin.patch(&format!("/api/v1/users/{gone}"), json!({ "active": false })).await.expect(200);
        let created = json!({ "code": "new", "name": "新", "head_user_id": gone });
        assert_eq!(admin.post("/api/v1/departments", created).await.problem(404), "user_not_found");
        assert_eq!(admin.patch(&path, json!({ "head_user_id": gone })).await.problem(404), "user_not_found");

        let unknown = format!("/api/v1/departments/{}", uuid::Uuid::now_v7());
        assert_eq!(admin.get(&unknown).await.problem(404), "department_not_found");
        assert_eq!(admin.patch(&unknown, json!({ "name": "x" })).await.problem(404), "department_not_found");
        let bad = json!({ "code": "Not A Code", "name": " ", "colour": "red" });
        assert_eq!(admin.post("/api/v1/departments", bad).await.faults(), ["/code", "/colour", "/name"]);
    }
}
