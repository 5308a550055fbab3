//! A client as a front end would be one: plain HTTP, and helpful where an answer is not what was expected.

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    headers: HeaderMap,
}

/// An answer that has been read.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

thread_local! {
    /// Each story has a thread of its own. To read the machine's certificates takes longer than most requests.
    static HTTP: reqwest::Client = {
        // The server ends connections that are idle for five seconds; one must not be taken up at that very moment.
        let http = reqwest::Client::builder().no_proxy().pool_idle_timeout(std::time::Duration::from_secs(2));
        http.build().unwrap()
    };
}

impl Client {
    pub fn new(url: &str) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("accept-language", HeaderValue::from_static("en"));
        Client { http: HTTP.with(Clone::clone), url: url.to_owned(), headers }
    }

    #[must_use]
    pub fn with_token(self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        self
    }

    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.remove(name);
        self
    }

    /// Shows a redirect instead of following it.
    #[must_use]
    pub fn without_redirects(mut self) -> Self {
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        self.http = http.build().unwrap();
        self
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    /// A POST without a body.
    pub async fn call(&self, path: &str) -> Answer {
        self.send(Method::POST, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, Some(body)).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.url)).headers(self.headers.clone());
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        read(request).await
    }

    /// A body as it stands, of any type.
    pub async fn post_raw(&self, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        let request = self.http.post(format!("{}{path}", self.url)).headers(self.headers.clone());
        read(request.header("content-type", content_type).body(body)).await
    }

    /// A request as it stands, with or without a content type.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> Answer {
        let request = self.http.request(method, format!("{}{path}", self.url)).headers(self.headers.clone()).body(body);
        read(content_type.into_iter().fold(request, |request, value| request.header("content-type", value))).await
    }

    /// Sends a body that may break off on its way; `None` where it did.
    pub async fn post_stream(&self, path: &str, content_type: &str, body: reqwest::Body) -> Option<Answer> {
        let request = self.http.post(format!("{}{path}", self.url)).headers(self.headers.clone());
        let response = request.header("content-type", content_type).body(body).send().await.ok()?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Some(Answer { status, headers, text: response.text().await.ok()? })
    }

    /// A file as a form sends it, with more fields.
    pub async fn upload(&self, path: &str, name: &str, file: &[u8], fields: &[(&str, &str)]) -> Answer {
        const BOUNDARY: &str = "----a-boundary-that-stands-in-no-file";
        let mut body = Vec::new();
        for (name, value) in fields {
            body.extend(
                format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes(),
            );
        }
        let head = format!("content-disposition: form-data; name=\"file\"; filename=\"{name}\"");
        body.extend(format!("--{BOUNDARY}\r\n{head}\r\ncontent-type: application/octet-stream\r\n\r\n").bytes());
        body.extend_from_slice(file);
        body.extend(format!("\r\n--{BOUNDARY}--\r\n").bytes());
        self.post_raw(path, &format!("multipart/form-data; boundary={BOUNDARY}"), body).await
    }

    /// NDJSON of these values.
    pub async fn post_lines(&self, path: &str, lines: impl IntoIterator<Item = Value>) -> Answer {
        let text: String = lines.into_iter().map(|line| format!("{line}\n")).collect();
        self.post_raw(path, "application/x-ndjson", text).await
    }
}

async fn read(request: reqwest::RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Answer { status, headers, text: response.text().await.unwrap() }
}

impl Answer {
    /// The body, where the status is this one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The problem's code, where the status is this one.
    #[track_caller]
    pub fn problem(self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text);
        self.json()["code"].as_str().unwrap().to_owned()
    }

    /// The pointers of the faults, in order.
    #[track_caller]
    pub fn faults(self) -> Vec<String> {
        assert_eq!(self.status, 422, "{}", self.text);
        let mut pointers: Vec<String> = self.json()["errors"]
            .as_array()
            .unwrap()
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect();
        pointers.sort();
        pointers
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    pub fn json(&self) -> Value {
        if self.text.is_empty() { Value::Null } else { serde_json::from_str(&self.text).unwrap() }
    }
}
