//! What requests are held against before anything else: the schemas of the contract, and the limit of their number.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use actix_web::{HttpRequest, web};
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use huiyin_domain::fault::{Code, Fault};
use ipnet::IpNet;
use uuid::Uuid;

use super::problem::ApiResult;
use super::schema_check::SchemaChecks;
use crate::config::Config;
use crate::usecases::support::Error;

type Limiter = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>;

/// How often clients may leave something at the entry points. Each copy counts for itself.
#[derive(Default)]
pub struct EntryLimits {
    by_rate: RwLock<HashMap<u32, Arc<EntryLimiter>>>,
    asked: AtomicU64,
}

type EntryLimiter = RateLimiter<(Uuid, IpAddr), DefaultKeyedStateStore<(Uuid, IpAddr)>, DefaultClock>;

/// So often, clients that have been quiet are forgotten.
const FORGET: u64 = 1024;

impl EntryLimits {
    /// Lets a client pass, or says how long it has to wait.
    pub fn admit(&self, entry: Uuid, per_minute: u32, client: IpAddr) -> Result<(), Fault> {
        let rate = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let known = self.by_rate.read().unwrap_or_else(PoisonError::into_inner).get(&rate.get()).cloned();
        let limiter = known.unwrap_or_else(|| {
            let mut all = self.by_rate.write().unwrap_or_else(PoisonError::into_inner);
            all.entry(rate.get()).or_insert_with(|| Arc::new(RateLimiter::keyed(Quota::per_minute(rate)))).clone()
        });
        if self.asked.fetch_add(1, Ordering::Relaxed).is_multiple_of(FORGET) {
            limiter.retain_recent();
        }
        match limiter.check_key(&(entry, network(client))) {
            Ok(()) => Ok(()),
            Err(wait) => Err(too_often(wait.wait_time_from(DefaultClock::default().now()))),
        }
    }
}

/// Whoever has an address of IPv6 has 2⁶⁴ of them.
fn network(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// What somebody is told who has to wait.
pub fn too_often(wait: Duration) -> Fault {
    Fault::new(Code::RateLimited).with("seconds", wait.as_secs() + 1)
}

pub struct Edge {
    pub schemas: &'static SchemaChecks,
    pub entries: EntryLimits,
    /// Proxies that are believed what they say of whom they speak for.
    trusted: Vec<IpNet>,
    /// By client address.
    pub limiter: Option<Limiter>,
    /// Largest JSON body in bytes.
    pub body_limit: usize,
}

impl Edge {
    pub fn new(config: &Config, schemas: &'static SchemaChecks) -> Self {
        let limiter = config
            .rate_limit
            .and_then(NonZeroU32::new)
            .map(|rate| RateLimiter::keyed(Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get()))));
        Edge {
            schemas,
            entries: EntryLimits::default(),
            trusted: config.trusted_proxies.clone(),
            limiter,
            body_limit: config.body_limit,
        }
    }

    /// The client's address: that of the connection, or what trusted proxies say it was for them.
    pub fn client(&self, request: &HttpRequest) -> Option<IpAddr> {
        let headers = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = headers.flat_map(|value| value.split(',')).map(str::trim).collect();
        Some(client_of(request.peer_addr()?.ip(), &hops, &self.trusted))
    }

    pub fn of(request: &HttpRequest) -> ApiResult<web::Data<Edge>> {
        request.app_data::<web::Data<Edge>>().cloned().ok_or_else(|| Error::Internal("no edge".to_owned()).into())
    }
}

/// Who is at the other end, `hops` being what proxies have written down in turn. Each is believed as far as the one that
/// wrote it is trusted; what the first stranger says of himself is not.
fn client_of(peer: IpAddr, hops: &[&str], trusted: &[IpNet]) -> IpAddr {
    let mut client = peer.to_canonical();
    for hop in hops.iter().rev() {
        if !trusted.iter().any(|net| net.contains(&client)) {
            break;
        }
        let address = hop.parse().or_else(|_| hop.parse::<SocketAddr>().map(|address| address.ip()));
        let Ok(address) = address else { break };
        client = address.to_canonical();
    }
    client
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn only_trusted_proxies_are_believed() {
        let trusted: Vec<IpNet> = vec!["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let client = |peer: &str, hops: &[&str]| client_of(ip(peer), hops, &trusted).to_string();
        assert_eq!(client("203.0.113.7", &["198.51.100.1"]), "203.0.113.7", "says so himself");
        assert_eq!(client("10.0.0.1", &["198.51.100.1", "203.0.113.7"]), "203.0.113.7", "the nearest stranger");
        assert_eq!(client("::ffff:10.0.0.1", &["203.0.113.7:4711", "10.1.2.3"]), "203.0.113.7");
        assert_eq!(client("::1", &["[2001:db8::5]:80"]), "2001:db8::5");
        assert_eq!(client("10.0.0.1", &["unknown"]), "10.0.0.1");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client_of(ip("10.0.0.1"), &["203.0.113.7"], &[]), ip("10.0.0.1"), "nobody is, unless said so");
    }

    #[test]
    fn each_entry_and_client_has_a_limit_of_its_own() {
        let limits = EntryLimits::default();
        let (one, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        assert!(limits.admit(one, 2, ip("203.0.113.7")).is_ok());
        assert!(limits.admit(one, 2, ip("203.0.113.7")).is_ok());
        let refused = limits.admit(one, 2, ip("203.0.113.7")).unwrap_err();
        assert_eq!(refused.code, Code::RateLimited);
        assert!(limits.admit(one, 2, ip("203.0.113.8")).is_ok() && limits.admit(other, 2, ip("203.0.113.7")).is_ok());
        assert!(limits.admit(one, 1, ip("2001:db8::1")).is_ok());
        assert!(limits.admit(one, 1, ip("2001:db8::2")).is_err(), "the same network");
    }
}
