//! What requests are held against before anything else: the schemas of the contract, and the limit of their number.

use std::net::IpAddr;
use std::num::NonZeroU32;

use actix_web::{HttpRequest, web};
use governor::clock::DefaultClock;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};
use serde_json::Value;

use super::problem::ApiResult;
use super::schema_check::SchemaChecks;
use crate::config::Config;
use crate::usecases::support::Error;

type Limiter = RateLimiter<IpAddr, DefaultKeyedStateStore<IpAddr>, DefaultClock>;

pub struct Edge {
    pub schemas: SchemaChecks,
    /// By client address.
    pub limiter: Option<Limiter>,
    /// Largest JSON body in bytes.
    pub body_limit: usize,
}

impl Edge {
    pub fn new(config: &Config, contract: &Value) -> Self {
        let limiter = config
            .rate_limit
            .and_then(NonZeroU32::new)
            .map(|rate| RateLimiter::keyed(Quota::per_second(rate).allow_burst(rate.saturating_add(rate.get()))));
        Edge { schemas: SchemaChecks::new(contract["components"].clone()), limiter, body_limit: config.body_limit }
    }

    pub fn of(request: &HttpRequest) -> ApiResult<web::Data<Edge>> {
        request.app_data::<web::Data<Edge>>().cloned().ok_or_else(|| Error::Internal("no edge".to_owned()).into())
    }
}
