//! The outbox on PostgreSQL, where a position is handed out before its transaction commits: whatever the order in which
//! transactions begin, append and end, a consumer gets every committed event once.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use huiyin_domain::event::Event;
use huiyin_persistence::integration::events::{advance, append, next_batch};
use huiyin_persistence::{Db, DbOptions, Tx};
use proptest::prelude::*;
use uuid::Uuid;

use crate::support::app::beginning;
use crate::support::postgres;

const OPEN_AT_ONCE: usize = 6;
const SUBJECTS: u128 = 4;

#[derive(Debug, Clone)]
enum Action {
    Append {
        slot: usize,
        subject: u128,
    },
    Commit {
        slot: usize,
    },
    RollBack {
        slot: usize,
    },
    /// Reads a batch; a consumer that dies has not read it.
    Consume {
        limit: u64,
        dies: bool,
    },
}

fn action() -> impl Strategy<Value = Action> {
    let slot = 0..OPEN_AT_ONCE;
    prop_oneof![
        6 => (slot.clone(), 0..SUBJECTS).prop_map(|(slot, subject)| Action::Append { slot, subject }),
        2 => slot.clone().prop_map(|slot| Action::Commit { slot }),
        1 => slot.prop_map(|slot| Action::RollBack { slot }),
        3 => (1u64..6, prop::bool::weighted(0.2)).prop_map(|(limit, dies)| Action::Consume { limit, dies }),
    ]
}

/// An open transaction and what it has appended, as (subject, number of the event).
struct Open {
    tx: Tx,
    appended: Vec<(u128, i32)>,
}

#[derive(Default)]
struct World {
    open: HashMap<usize, Open>,
    /// Who has a subject locked: its row is, as long as the transaction is open.
    locked: HashMap<u128, usize>,
    next: i32,
    committed: BTreeMap<u128, Vec<i32>>,
    delivered: BTreeMap<u128, Vec<i32>>,
}

impl World {
    /// Whether the transaction is about something else. One that writes before it waits for a second subject may be
    /// delivered ahead of what it has waited for: a known limit of the outbox on PostgreSQL.
    fn is_about_another(&self, slot: usize, subject: u128) -> bool {
        self.locked.iter().any(|(locked, holder)| *holder == slot && *locked != subject)
    }

    async fn play(&mut self, db: &Db, action: Action) {
        match action {
            Action::Append { slot, subject } if self.is_about_another(slot, subject) => {}
            Action::Append { slot, subject } if *self.locked.entry(subject).or_insert(slot) == slot => {
                self.next += 1;
                let open = match self.open.entry(slot) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => free.insert(Open { tx: db.begin().await.unwrap(), appended: Vec::new() }),
                };
                let event = Event::FeedbackReopened {
                    feedback_id: Uuid::from_u128(subject),
                    reason: String::new(),
                    reopened_times: self.next,
                };
                append(&open.tx, None, beginning(), &[event]).await.unwrap();
                open.appended.push((subject, self.next));
            }
            // Somebody else has the subject: a real transaction would wait.
            Action::Append { .. } => {}
            Action::Commit { slot } => {
                if let Some(Open { tx, appended }) = self.close(slot) {
                    tx.commit().await.unwrap();
                    for (subject, number) in appended {
                        self.committed.entry(subject).or_default().push(number);
                    }
                }
            }
            Action::RollBack { slot } => {
                if let Some(Open { tx, .. }) = self.close(slot) {
                    tx.rollback().await.unwrap();
                }
            }
            Action::Consume { limit, dies } => self.consume(db, limit, dies).await,
        }
    }

    fn close(&mut self, slot: usize) -> Option<Open> {
        self.locked.retain(|_, holder| *holder != slot);
        self.open.remove(&slot)
    }

    async fn consume(&mut self, db: &Db, limit: u64, dies: bool) {
        let tx = db.begin().await.unwrap();
        let (batch, cursor) = next_batch(&tx, "test", limit, beginning()).await.unwrap();
        assert!(batch.len() as u64 <= limit);
        let Some(cursor) = cursor.filter(|_| !dies) else { return tx.rollback().await.unwrap() };
        advance(&tx, cursor, beginning()).await.unwrap();
        tx.commit().await.unwrap();
        for recorded in batch {
            let Event::FeedbackReopened { feedback_id, reopened_times, .. } = recorded.event else { panic!() };
            self.delivered.entry(feedback_id.as_u128()).or_default().push(reopened_times);
        }
    }

    /// Ends what is open and reads to the end. Transactions of other databases on the server may hold events back, so
    /// it may take a moment; what was not to come must not come either.
    async fn finish(&mut self, db: &Db) {
        for slot in 0..OPEN_AT_ONCE {
            self.play(db, Action::Commit { slot }).await;
        }
        let count = |of: &BTreeMap<u128, Vec<i32>>| of.values().map(Vec::len).sum::<usize>();
        let deadline = Instant::now() + Duration::from_secs(20);
        while count(&self.delivered) < count(&self.committed) && Instant::now() < deadline {
            self.consume(db, 3, false).await;
        }
        self.consume(db, 100, false).await;
    }
}

#[test]
fn every_committed_event_is_delivered_once_and_in_order() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let db = runtime.block_on(async {
        let name = postgres::unique_database_name();
        postgres::server().create_database(&name, None).await;
        let url = postgres::server().url(&name);
        let db = Db::connect(&DbOptions { url, max_connections: 10, sqlite_full_sync: false }).await.unwrap();
        db.migrate().await.unwrap();
        db
    });
    let config = ProptestConfig { cases: 24, max_shrink_iters: 100, failure_persistence: None, ..Default::default() };
    proptest!(config, |(actions in prop::collection::vec(action(), 1..80))| {
        let world = runtime.block_on(async {
            let mut world = World::default();
            for action in actions {
                world.play(&db, action).await;
            }
            world.finish(&db).await;
            world
        });
        prop_assert_eq!(world.delivered, world.committed);
    });
}
