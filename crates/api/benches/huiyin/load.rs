//! The load: keep-alive HTTP/1.1 on a few connections, requests rendered before, answers read just far enough to find
//! their end. It costs little and the same on both sides, since it shares the machine with the servers.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::Outcome;

pub const CONNECTIONS: usize = 16;
const ROUND: Duration = Duration::from_secs(2);
/// The beginning of a round is not counted: caches and connections are warmed by it.
const WARM_UP: Duration = Duration::from_millis(250);

/// What one round has shown.
#[derive(Debug, Default, Clone)]
pub struct Round {
    pub per_second: f64,
    /// Microseconds, ascending.
    pub latencies: Vec<u32>,
    /// Bytes of the last answer's body.
    pub body: usize,
}

/// Sends the requests in turn for one round, from a thread of its own.
pub fn round(address: SocketAddr, requests: &'static [Vec<u8>], status: u16) -> Outcome<Round> {
    let load = std::thread::spawn(move || -> Result<Round, String> {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        let local = tokio::task::LocalSet::new();
        local.block_on(&runtime, all_connections(address, requests, status)).map_err(|error| error.to_string())
    });
    Ok(load.join().map_err(|_| "the load has panicked")??)
}

async fn all_connections(address: SocketAddr, requests: &'static [Vec<u8>], status: u16) -> Outcome<Round> {
    let from = Instant::now() + WARM_UP;
    let until = from + ROUND;
    let tasks: Vec<_> = (0..CONNECTIONS)
        .map(|n| {
            let first = n * requests.len() / CONNECTIONS;
            tokio::task::spawn_local(one_connection(address, requests, first, status, from, until))
        })
        .collect();
    let mut total = Round::default();
    for task in tasks {
        let (latencies, body) = task.await??;
        total.latencies.extend(latencies);
        total.body = body;
    }
    total.latencies.sort_unstable();
    total.per_second = total.latencies.len() as f64 / ROUND.as_secs_f64();
    Ok(total)
}

async fn one_connection(
    address: SocketAddr,
    requests: &'static [Vec<u8>],
    first: usize,
    status: u16,
    from: Instant,
    until: Instant,
) -> Outcome<(Vec<u32>, usize)> {
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut buffer = Vec::with_capacity(256 * 1024);
    let mut latencies = Vec::with_capacity(64 * 1024);
    let mut body = 0;
    for request in requests.iter().cycle().skip(first) {
        let sent = Instant::now();
        if sent >= until {
            break;
        }
        stream.write_all(request).await?;
        let answer = read_answer(&mut stream, &mut buffer).await?;
        if answer.status != status {
            return Err(format!("{} {}", answer.status, String::from_utf8_lossy(&buffer)).into());
        }
        let done = Instant::now();
        if sent >= from && done < until {
            latencies.push(u32::try_from((done - sent).as_micros()).unwrap_or(u32::MAX));
        }
        body = answer.length;
    }
    Ok((latencies, body))
}

struct Answer {
    status: u16,
    length: usize,
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Outcome<Answer> {
    buffer.clear();
    let mut expected = None;
    loop {
        if stream.read_buf(buffer).await? == 0 {
            return Err("the server has hung up".into());
        }
        if expected.is_none() {
            expected = head(buffer)?;
        }
        if let Some((head, answer)) = expected.take() {
            if buffer.len() >= head + answer.length {
                return Ok(answer);
            }
            expected = Some((head, answer));
        }
    }
}

/// Length and content of the head, once it is complete.
fn head(buffer: &[u8]) -> Outcome<Option<(usize, Answer)>> {
    let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..end])?;
    let status = text.get(9..12).unwrap_or_default().parse()?;
    let length = text
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, value)| value.trim().parse())?;
    Ok(Some((end + 4, Answer { status, length })))
}

/// A request as it goes over the wire.
pub fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n");
    match body {
        Some(body) => {
            format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        None => format!("{head}\r\n"),
    }
    .into_bytes()
}
