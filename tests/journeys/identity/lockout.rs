use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{login, with};
use crate::support::app::ADMIN_PASSWORD;
use crate::support::builders::{id, user};
use crate::support::client::Answer;
use crate::support::{Running, journey};

/// The seconds to wait, where the answer is that the name is locked; header and text agree.
#[track_caller]
fn locked_for(answer: Answer) -> i64 {
    let seconds: i64 = answer.header("retry-after").parse().expect("Retry-After");
    assert!(answer.text.contains(&format!("in {seconds} seconds")), "{}", answer.text);
    assert_eq!(answer.problem(429), "account_locked");
    seconds
}

/// What a guesser learns from an answer: everything but the request's id.
fn told(answer: &Answer) -> (u16, String, Value) {
    let mut body: Value = serde_json::from_str(&answer.text).unwrap();
    body["request_id"] = Value::Null;
    (answer.status, answer.header("retry-after").to_owned(), body)
}

journey! {
    async fn wrong_passwords_lock_a_name_for_a_growing_time_whether_it_exists_or_not(running: Running) {
        for attempt in 1..=9 {
            let there = login(&running, "admin", "a guess").await;
            let not_there = login(&running, "nobody", "a guess").await;
            assert_eq!(told(&there), told(&not_there), "attempt {attempt}");
            match attempt {
                1..=4 => assert_eq!(there.problem(401), "invalid_credentials"),
                _ => {
                    let seconds = locked_for(there);
                    assert!((60..=61).contains(&(seconds >> (attempt - 5))), "attempt {attempt}: {seconds}");
                    // While it is locked the right password is refused like any other, and trying makes it no longer.
                    assert_eq!(locked_for(login(&running, "Admin", ADMIN_PASSWORD).await), seconds);
                    assert_eq!(locked_for(login(&running, "Nobody", ADMIN_PASSWORD).await), seconds);
                    running.pass(TimeDelta::seconds(seconds)).await;
                }
            }
        }
        login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        // The success has cleared the count: the next mistake is a first one.
        assert_eq!(login(&running, "admin", "a guess").await.problem(401), "invalid_credentials");
    }
}

journey! {
    async fn a_lock_opens_when_its_time_has_passed_and_not_before(running: Running) {
        for _ in 0..5 {
            login(&running, "admin", "a guess").await;
        }
        running.pass(TimeDelta::seconds(59)).await;
        assert!((1..=2).contains(&locked_for(login(&running, "admin", ADMIN_PASSWORD).await)));
        running.pass(TimeDelta::seconds(1)).await;
        login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
    }
}

journey! {
    /// The count is kept in the database, by name: many connections at once get no more guesses than one.
    async fn guessing_at_once_gains_nothing(running: Running) {
        let guesses = (0..12).map(|_| login(&running, "admin", "a guess"));
        let answers = futures_util::future::join_all(guesses).await;
        assert!(answers.iter().filter(|answer| answer.status == 401).count() <= 4);
        assert!(answers.iter().all(|answer| [401, 429].contains(&answer.status)));
        locked_for(login(&running, "admin", ADMIN_PASSWORD).await);
    }
}

journey! {
    /// Somebody who holds an access token must not learn the password by trying, and a stranger must not be able to
    /// keep the user from changing it.
    async fn guessing_the_current_password_is_bounded_too(running: Running) {
        let admin = running.admin().await;
        let (_, user_id) = user(&running, &admin, "li.na", "agent", None).await;
        let password = "li.na has a password";
        let me = with(&running, &login(&running, "li.na", password).await.expect(200));
        let change = |current: &str| {
            let body = json!({ "current_password": current, "new_password": password });
            let me = me.clone();
            async move { me.post("/api/v1/me/password", body).await }
        };
        for _ in 0..4 {
            assert_eq!(change("a guess").await.problem(409), "wrong_password");
        }
        change(password).await.expect(204);
        // The success has cleared the count.
        for _ in 0..5 {
            assert_eq!(change("a guess").await.problem(409), "wrong_password");
        }
        assert!((1..=61).contains(&locked_for(change(password).await)));
        login(&running, "li.na", password).await.expect(200);

        running.pass(TimeDelta::seconds(61)).await;
        for _ in 0..6 {
            login(&running, &format!("password of {user_id}"), "a guess").await;
        }
        change(password).await.expect(204);
    }
}

journey! {
    /// Whoever has forgotten the password has mostly locked the name as well.
    async fn a_password_set_by_an_administrator_opens_the_lock(running: Running) {
        let admin = running.admin().await;
        let (_, user_id) = user(&running, &admin, "li.na", "agent", None).await;
        for _ in 0..5 {
            login(&running, "li.na", "a guess").await;
        }
        locked_for(login(&running, "li.na", "li.na has a password").await);
        let new = json!({ "password": "a new beginning" });
        let changed = admin.patch(&format!("/api/v1/users/{user_id}"), new).await.expect(200);
        assert_eq!(id(&changed), user_id);
        login(&running, "li.na", "a new beginning").await.expect(200);
    }
}
