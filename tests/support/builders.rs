//! People and things that many stories need.

use serde_json::{Value, json};

use super::{Client, Running};

/// The id in an answer.
pub fn id(value: &Value) -> String {
    value["id"].as_str().unwrap().to_owned()
}

/// The id of the department with this code.
pub async fn department(admin: &Client, code: &str) -> String {
    let departments = admin.get("/api/v1/departments").await.expect(200);
    id(departments["items"].as_array().unwrap().iter().find(|department| department["code"] == code).unwrap())
}

/// A user with this name, role and department (by code), signed in; and the user's id.
pub async fn user(
    running: &Running,
    admin: &Client,
    username: &str,
    role: &str,
    department_code: Option<&str>,
) -> (Client, String) {
    let department_id = match department_code {
        Some(code) => Some(department(admin, code).await),
        None => None,
    };
    let password = format!("{username} has a password");
    let body = json!({
        "username": username, "display_name": username, "password": password, "role": role, "department_id": department_id,
    });
    let created = admin.post("/api/v1/users", body).await.expect(201);
    (running.sign_in(username, &password).await, id(&created))
}

/// The client of another system, with an API key of these scopes.
pub async fn integration(running: &Running, admin: &Client, scopes: &[&str]) -> Client {
    let created = admin.post("/api/v1/api-keys", json!({ "name": "ERP", "scopes": scopes })).await.expect(201);
    running.anonymous().with_token(created["secret"].as_str().unwrap())
}

/// An order line as an ERP sends it.
pub fn order(order_no: &str, customer: &str, ordered_at: &str, amount: &str) -> Value {
    json!({
        "external_system": "erp", "order_no": order_no, "customer_external_id": customer, "customer_name": format!("客户{customer}"),
        "ordered_at": ordered_at, "amount": amount,
    })
}

/// The content type of [`form`].
pub const FORM: &str = "multipart/form-data; boundary=----journey";

/// A form with fields and perhaps a file (name, type, content), which comes last.
pub fn form(fields: &[(&str, &str)], file: Option<(&str, &str, &[u8])>) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, value) in fields {
        let part = format!("------journey\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    if let Some((name, content_type, content)) = file {
        let head = format!(
            "------journey\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\nContent-Type: {content_type}\r\n\r\n"
        );
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"------journey--\r\n");
    body
}

/// A complaint about the product that the classifier is sure of.
pub const COMPLAINT: &str = "系统登录不上，一直报错，影响我们开单";

/// A complaint, taken in by hotline.
pub async fn complaint(client: &Client) -> Value {
    client.post("/api/v1/feedback", json!({ "channel": "hotline", "content": COMPLAINT })).await.expect(201)
}

/// The deadline of this clock.
pub fn deadline<'a>(feedback: &'a Value, clock: &str) -> &'a Value {
    feedback["deadlines"].as_array().unwrap().iter().find(|deadline| deadline["clock"] == clock).unwrap_or(&Value::Null)
}
