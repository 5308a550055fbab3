//! What a customer says of a resolution some days later, in the transaction in which it is recorded. The caller holds the
//! lock of the feedback; whoever asks need not be within reach of it otherwise.

use huiyin_domain::event::Event;
use huiyin_persistence::Tx;
use huiyin_persistence::feedback::pool::Feedback;

use super::View;
use super::reopening::{dispatch_again, open_again, settle};
use super::step::{store, ticket};
use crate::usecases::App;
use crate::usecases::support::{Command, Result};

/// It holds: the feedback is closed. `said` is where the customer said so.
pub async fn holds(app: &App, tx: &Tx, command: &Command, feedback: Feedback, said: Event) -> Result<View> {
    let mut changed = feedback.clone();
    let step = settle(tx, command, ticket(&feedback)?, &mut changed).await?;
    store(app, tx, command, changed, step, vec![said]).await
}

/// It does not: the feedback is reopened, and given back to its department and to whoever handled it.
pub async fn fails(
    app: &App,
    tx: &Tx,
    command: &Command,
    feedback: Feedback,
    reason: String,
    said: Event,
) -> Result<View> {
    let mut changed = feedback.clone();
    let reopened = open_again(tx, command, ticket(&feedback)?, &mut changed, reason).await?;
    let (step, reopened) = dispatch_again(tx, &feedback, reopened, command.now).await?;
    let before = [said].into_iter().chain(reopened).collect();
    store(app, tx, command, changed, step, before).await
}
