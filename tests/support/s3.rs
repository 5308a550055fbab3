//! A bucket of one's own: as much of S3 as keeping files takes.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use actix_web::http::Method;
use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};

#[derive(Debug, Default)]
struct Kept {
    objects: BTreeMap<String, Vec<u8>>,
    /// Parts of uploads under way, by upload and number.
    parts: BTreeMap<String, BTreeMap<u32, Vec<u8>>>,
    refuses: bool,
}

/// A running bucket.
#[derive(Clone)]
pub struct Bucket {
    kept: Arc<Mutex<Kept>>,
    pub url: String,
}

impl Bucket {
    /// Serves on the thread of the test, as long as the test runs.
    pub fn start() -> Bucket {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kept = Arc::new(Mutex::new(Kept::default()));
        let data = web::Data::new(kept.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .app_data(web::PayloadConfig::new(64 << 20))
                .default_service(web::to(answer))
        });
        tokio::task::spawn_local(server.workers(1).disable_signals().listen(listener).unwrap().run());
        Bucket { kept, url }
    }

    /// Keys and sizes of what is kept.
    pub fn objects(&self) -> Vec<(String, usize)> {
        let kept = self.kept.lock().unwrap();
        kept.objects.iter().map(|(key, bytes)| (key.clone(), bytes.len())).collect()
    }

    /// From now on every request fails, or does not.
    pub fn refuse(&self, refuses: bool) {
        self.kept.lock().unwrap().refuses = refuses;
    }
}

async fn answer(request: HttpRequest, body: web::Bytes, kept: web::Data<Arc<Mutex<Kept>>>) -> HttpResponse {
    let mut kept = kept.lock().unwrap();
    let signed = request.headers().get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !signed.starts_with("AWS4-HMAC-SHA256 Credential=test-key/") || kept.refuses {
        return HttpResponse::Forbidden().finish();
    }
    let key = request.path().to_owned();
    let query: BTreeMap<String, String> =
        web::Query::from_query(request.query_string()).map(web::Query::into_inner).unwrap_or_default();
    let tag = ("etag", "\"0\"");
    match (request.method(), query.get("uploadId"), query.contains_key("uploads")) {
        (&Method::POST, None, true) => {
            let upload = format!("upload-{}", kept.parts.len());
            kept.parts.insert(upload.clone(), BTreeMap::new());
            HttpResponse::Ok().body(format!(
                "<InitiateMultipartUploadResult><Bucket>b</Bucket><Key>{key}</Key><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            ))
        }
        (&Method::PUT, Some(upload), _) => {
            let number = query["partNumber"].parse().unwrap();
            kept.parts.get_mut(upload).unwrap().insert(number, body.to_vec());
            HttpResponse::Ok().insert_header(tag).finish()
        }
        (&Method::POST, Some(upload), _) => {
            let whole = kept.parts.remove(upload).unwrap().into_values().flatten().collect();
            kept.objects.insert(key, whole);
            HttpResponse::Ok().body("<CompleteMultipartUploadResult><ETag>\"0\"</ETag></CompleteMultipartUploadResult>")
        }
        (&Method::DELETE, Some(upload), _) => {
            kept.parts.remove(upload);
            HttpResponse::NoContent().finish()
        }
        (&Method::PUT, None, _) => {
            kept.objects.insert(key, body.to_vec());
            HttpResponse::Ok().insert_header(tag).finish()
        }
        (&Method::DELETE, None, _) => {
            kept.objects.remove(&key);
            HttpResponse::NoContent().finish()
        }
        (&Method::GET | &Method::HEAD, ..) => match kept.objects.get(&key) {
            Some(bytes) => HttpResponse::Ok()
                .insert_header(tag)
                .insert_header(("last-modified", "Tue, 20 Oct 2026 02:00:00 GMT"))
                .body(bytes.clone()),
            None => HttpResponse::NotFound().finish(),
        },
        _ => HttpResponse::MethodNotAllowed().finish(),
    }
}
