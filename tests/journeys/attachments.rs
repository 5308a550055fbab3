//! Files of customers and interactions: taken in as what they are, kept, given out to those who may have them.

use std::path::Path;

use chrono::TimeDelta;
use huiyin::usecases::customers::attachments::receive;
use serde_json::{Value, json};

use crate::support::builders::{FORM, form, id, user};
use crate::support::client::Answer;
use crate::support::s3::Bucket;
use crate::support::{Client, Running, journey};

const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n";

async fn customer_of(client: &Client) -> String {
    id(&client.post("/api/v1/customers", json!({ "name": "上海晨光贸易有限公司" })).await.expect(201))
}

async fn upload(client: &Client, customer: &str, name: &str, content_type: &str, content: &[u8]) -> Answer {
    let fields = [("subject_kind", "customer"), ("subject_id", customer)];
    client.post_raw("/api/v1/attachments", FORM, form(&fields, Some((name, content_type, content)))).await
}

fn files_in(folder: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let count = |path: std::path::PathBuf| if path.is_dir() { files_in(&path) } else { 1 };
    entries.map(|entry| count(entry.unwrap().path())).sum()
}

/// How many files the running application keeps.
fn kept(running: &Running) -> usize {
    files_in(&running.app.config.data_dir.join("files"))
}

journey! {
    async fn a_file_comes_back_as_it_was_sent(running: Running) {
        let admin = running.admin().await;
        let (agent, agent_id) = user(&running, &admin, "sales.one", "agent", Some("sales")).await;
        let (stranger, _) = user(&running, &admin, "sales.two", "agent", Some("sales")).await;
        let customer = customer_of(&agent).await;
        let answer = upload(&agent, &customer, "C:\\\\合同\\\\合作合同 2026.PDF", "application/pdf", PDF).await;
        let location = answer.header("location").to_owned();
        let file = answer.expect(201);
        assert_eq!((&file["file_name"], &file["content_type"]), (&json!("合作合同 2026.PDF"), &json!("application/pdf")));
        assert_eq!((&file["size"], &file["uploaded_by"], &file["customer_id"]), (&json!(PDF.len()), &json!(agent_id), &json!(customer)));
        assert_eq!(file["sha256"].as_str().unwrap().len(), 64);
        assert_eq!(agent.get(&location).await.expect(200), file);
        let content = agent.get(&format!("{location}/content")).await;
        assert_eq!(content.text.as_bytes(), PDF);
        assert_eq!(content.header("content-type"), "application/pdf");
        assert_eq!(content.header("content-length"), PDF.len().to_string());
        assert_eq!(content.header("x-content-type-options"), "nosniff");
        let name = "attachment; filename*=UTF-8''%E5%90%88%E4%BD%9C%E5%90%88%E5%90%8C%202026.PDF";
        assert_eq!(content.header("content-disposition"), name);
        for path in [location.clone(), format!("{location}/content")] {
            assert_eq!(stranger.get(&path).await.problem(404), "attachment_not_found");
        }
        assert_eq!(stranger.delete(&location).await.problem(404), "attachment_not_found");
        assert_eq!(upload(&stranger, &customer, "a.txt", "text/plain", b"a").await.problem(404), "customer_not_found");

        // An interaction has files too, and the customer shows all of them.
        let visit = json!({ "method": "visit", "subject": "续约沟通" });
        let visit = agent.post(&format!("/api/v1/customers/{customer}/interactions"), visit).await.expect(201);
        let body = form(&[("subject_kind", "interaction"), ("subject_id", &id(&visit))], Some(("会议纪要.txt", "text/plain", "讨论了价格".as_bytes())));
        let minutes = agent.post_raw("/api/v1/attachments", FORM, body).await.expect(201);
        assert_eq!(agent.get(&format!("/api/v1/interactions/{}", id(&visit))).await.expect(200)["attachments"], json!([minutes]));
        let all = format!("/api/v1/customers/{customer}/attachments");
        assert_eq!(agent.get(&all).await.expect(200)["items"], json!([minutes, file]));
        assert_eq!(agent.get(&format!("{all}?subject_kind=interaction")).await.expect(200)["items"], json!([minutes]));
        assert_eq!(stranger.get(&all).await.problem(404), "customer_not_found");

        // Removed: the row at once, the bytes with it.
        assert_eq!(kept(&running), 2);
        assert_eq!(agent.delete(&location).await.status, 204);
        assert_eq!(agent.get(&format!("{location}/content")).await.problem(404), "attachment_not_found");
        running.settle().await;
        assert_eq!(kept(&running), 1);
        // What somebody else has uploaded stays.
        let (second, second_id) = user(&running, &admin, "sales.three", "agent", Some("sales")).await;
        admin.patch(&format!("/api/v1/customers/{customer}"), json!({ "owner_id": second_id })).await.expect(200);
        let minutes = format!("/api/v1/attachments/{}", id(&minutes));
        assert_eq!(second.delete(&minutes).await.problem(409), "not_author");
        assert_eq!(admin.delete(&minutes).await.status, 204);
    }
}

journey! {
    async fn a_file_that_is_not_what_it_says_is_refused_and_nothing_is_kept(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin).await;
        let html: &[u8] = b"<!DOCTYPE html><html><script>alert(1)</script></html>";
        let png: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
        for (name, content_type, content, code) in [
            ("page.html", "text/html", html, "file_type_not_allowed"),
            ("picture.svg", "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "file_type_not_allowed"),
            ("program.exe", "application/octet-stream", b"MZ", "file_type_not_allowed"),
            ("archive.zip", "application/zip", b"PK\x03\x04", "file_type_not_allowed"),
            ("nothing", "application/pdf", PDF, "file_type_not_allowed"),
            (".pdf", "application/pdf", PDF, "file_type_not_allowed"),
            ("contract.pdf", "application/pdf", png, "file_content_mismatch"),
            ("contract.pdf", "application/pdf", b"", "file_content_mismatch"),
            ("contract.pdf", "text/html", PDF, "file_content_mismatch"),
            ("picture.png", "image/png", PDF, "file_content_mismatch"),
            ("notes.txt", "text/plain", html, "file_content_mismatch"),
            ("notes.txt", "text/plain", b"a\0b", "file_content_mismatch"),
            ("notes.txt", "text/plain", b"", "file_content_mismatch"),
            ("table.xlsx", "application/octet-stream", b"PK\x03\x04 no table", "file_content_mismatch"),
        ] {
            assert_eq!(upload(&admin, &customer, name, content_type, content).await.problem(409), code, "{name} as {content_type}");
        }
        let post = async |fields: &[(&str, &str)], file| admin.post_raw("/api/v1/attachments", FORM, form(fields, file)).await;
        let file = Some(("a.txt", "text/plain", &b"text"[..]));
        assert_eq!(post(&[], None).await.faults(), ["/file", "/subject_id", "/subject_kind"]);
        assert_eq!(post(&[("subject_kind", "moon"), ("subject_id", "x")], file).await.faults(), ["/subject_id", "/subject_kind"]);
        let (kind, subject) = (("subject_kind", "customer"), ("subject_id", customer.as_str()));
        assert_eq!(post(&[kind, subject, ("colour", "red")], file).await.faults(), ["/colour", "/file"]);
        assert_eq!(post(&[kind, kind, subject], file).await.faults(), ["/subject_kind"]);
        let nobody = uuid::Uuid::now_v7().to_string();
        assert_eq!(post(&[kind, ("subject_id", &nobody)], file).await.problem(404), "customer_not_found");
        assert_eq!(post(&[("subject_kind", "interaction"), subject], file).await.problem(404), "interaction_not_found");
        let long = format!("{}.txt", "长".repeat(200));
        assert_eq!(upload(&admin, &customer, &long, "text/plain", b"text").await.faults(), ["/file"]);
        let json = admin.post("/api/v1/attachments", json!({ "subject_kind": "customer" })).await;
        assert_eq!(json.problem(415), "unsupported_media_type");
        let cut = form(&[kind, subject], file);
        let cut = admin.post_raw("/api/v1/attachments", FORM, cut[..cut.len() - 20].to_vec()).await;
        assert_eq!(cut.problem(400), "malformed_multipart");
        assert_eq!(admin.post_raw("/api/v1/attachments", "multipart/form-data", "x").await.problem(400), "malformed_multipart");
        assert_eq!(admin.get(&format!("/api/v1/customers/{customer}/attachments")).await.expect(200)["items"], json!([]));
        assert_eq!(kept(&running), 0);

        let small = running.second_copy_with(&[("HUIYIN_ATTACHMENT_LIMIT", "1024")]).await;
        let there = small.admin().await;
        upload(&there, &customer, "a.txt", "text/plain", &[b'a'; 1024]).await.expect(201);
        assert_eq!(upload(&there, &customer, "a.txt", "text/plain", &[b'a'; 1025]).await.problem(413), "body_too_large");
        assert_eq!(kept(&running), 1);
    }
}

journey! {
    async fn chinese_texts_and_forms_in_any_order_are_taken(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin).await;
        // 姓名 in GB18030, as a spreadsheet on a Chinese Windows saves it.
        let file = upload(&admin, &customer, "客户.csv", "application/vnd.ms-excel", b"\xd0\xd5\xc3\xfb,1\r\n").await.expect(201);
        assert_eq!(file["content_type"], "text/csv");
        let mut body = b"------journey\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ntext\r\n".to_vec();
        body.extend(form(&[("subject_id", &customer), ("subject_kind", "customer")], None));
        let file = admin.post_raw("/api/v1/attachments", FORM, body).await.expect(201);
        assert_eq!(file["content_type"], "text/plain", "without a declared type too");
        // The subject turns out wrong after the file has been read: it is not kept.
        let mut body = b"------journey\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ntext\r\n".to_vec();
        body.extend(form(&[("subject_id", &uuid::Uuid::now_v7().to_string()), ("subject_kind", "customer")], None));
        assert_eq!(admin.post_raw("/api/v1/attachments", FORM, body).await.problem(404), "customer_not_found");
        assert_eq!(kept(&running), 2);
    }
}

journey! {
    async fn an_upload_sent_again_is_one_file(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin).await;
        let keyed = admin.clone().with_header("idempotency-key", "upload-1");
        let first = upload(&keyed, &customer, "a.pdf", "application/pdf", PDF).await.expect(201);
        assert_eq!(upload(&keyed, &customer, "a.pdf", "application/pdf", PDF).await.expect(201), first);
        assert_eq!(upload(&keyed, &customer, "a.txt", "text/plain", b"other").await.problem(422), "idempotency_key_reused");
        assert_eq!(admin.get(&format!("/api/v1/customers/{customer}/attachments")).await.expect(200)["items"], json!([first]));
        assert_eq!(kept(&running), 1);
        assert_eq!(admin.get(&format!("/api/v1/attachments/{}/content", id(&first))).await.text.as_bytes(), PDF);
    }
}

journey! {
    async fn bytes_that_never_got_a_row_are_removed_the_next_day(running: Running) {
        let admin = running.admin().await;
        let customer = customer_of(&admin).await;
        let stays = upload(&admin, &customer, "a.pdf", "application/pdf", PDF).await.expect(201);
        // Received, and then the program dies.
        let mut incoming = receive(&running.app, running.app.clock.now(), "a.txt", None).await.unwrap();
        incoming.push(b"text").await.unwrap();
        drop(incoming.finish(&running.app).await.unwrap());
        assert_eq!(kept(&running), 2);
        running.pass(TimeDelta::hours(23)).await;
        assert_eq!(kept(&running), 2);
        running.pass(TimeDelta::hours(2)).await;
        assert_eq!(kept(&running), 1);
        let content = running.admin().await.get(&format!("/api/v1/attachments/{}/content", id(&stays))).await;
        assert_eq!(content.text.as_bytes(), PDF);
    }
}

journey! {
    async fn a_bucket_keeps_files_as_a_folder_does(running: Running) {
        let bucket = Bucket::start();
        let copy = running
            .second_copy_with(&[
                ("HUIYIN_STORAGE", "s3"), ("HUIYIN_S3_BUCKET", "care"), ("HUIYIN_S3_ENDPOINT", &bucket.url),
                ("HUIYIN_S3_ACCESS_KEY_ID", "test-key"), ("HUIYIN_S3_SECRET_ACCESS_KEY", "test-secret"),
            ])
            .await;
        let admin = copy.admin().await;
        let customer = customer_of(&admin).await;
        let small = upload(&admin, &customer, "a.pdf", "application/pdf", PDF).await.expect(201);
        // In three parts.
        let text = "一行文字，很多很多行\n".repeat(11 * 1024 * 1024 / 31);
        let large = upload(&admin, &customer, "大文件.txt", "text/plain", text.as_bytes()).await.expect(201);
        let objects = bucket.objects();
        assert_eq!(objects.len(), 2);
        assert!(objects.iter().all(|(key, _)| key.starts_with("/care/attachments/")), "{objects:?}");
        let content = async |file: &Value| admin.get(&format!("/api/v1/attachments/{}/content", id(file))).await;
        assert_eq!(content(&small).await.text.as_bytes(), PDF);
        assert!(content(&large).await.text == text);

        // Refused half-way: nothing of it is left.
        let mut broken = text.clone().into_bytes();
        broken.push(0);
        assert_eq!(upload(&admin, &customer, "b.txt", "text/plain", &broken).await.problem(409), "file_content_mismatch");
        assert_eq!(bucket.objects().len(), 2);
        bucket.refuse(true);
        assert_eq!(upload(&admin, &customer, "c.pdf", "application/pdf", PDF).await.problem(503), "unavailable");
        assert_eq!(content(&small).await.problem(503), "unavailable");
        bucket.refuse(false);
        assert_eq!(admin.delete(&format!("/api/v1/attachments/{}", id(&large))).await.status, 204);
        copy.settle().await;
        assert_eq!(bucket.objects().len(), 1);
        assert_eq!(kept(&running), 0);
    }
}
