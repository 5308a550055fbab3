use chrono::TimeDelta;
use huiyin_domain::event::Event;
use serde_json::{Value, json};

use super::{is_in, login, refresh, with};
use crate::support::app::ADMIN_PASSWORD;
use crate::support::builders::user;
use crate::support::{Running, journey};

journey! {
    async fn signing_in_answers_tokens_of_the_documented_shape(running: Running) {
        let tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let mut fields: Vec<&str> = tokens.as_object().unwrap().keys().map(String::as_str).collect();
        fields.sort_unstable();
        assert_eq!(fields, ["access_token", "expires_in", "refresh_token", "token_type"]);
        assert_eq!((&tokens["token_type"], &tokens["expires_in"]), (&json!("Bearer"), &json!(900)));
        let me = with(&running, &tokens).get("/api/v1/me").await.expect(200);
        assert_eq!((&me["user"]["username"], &me["user"]["role"]), (&json!("admin"), &json!("admin")));
        assert!(me["permissions"].as_array().unwrap().contains(&json!("users:manage")));
        assert!(!me.to_string().contains("argon2"), "no hash leaves the house");

        assert!(is_in(&with(&running, &login(&running, " ADMIN ", ADMIN_PASSWORD).await.expect(200))).await);
        assert_eq!(login(&running, "admin", "wrong").await.problem(401), "invalid_credentials");
        assert_eq!(login(&running, "nobody", "wrong").await.problem(401), "invalid_credentials");
        let faults = running.anonymous().post("/api/v1/auth/login", json!({ "user": "admin" })).await.faults();
        assert_eq!(faults, ["/password", "/user", "/username"]);
    }
}

journey! {
    async fn only_our_own_tokens_are_let_in(running: Running) {
        let tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let access = tokens["access_token"].as_str().unwrap();
        let (head, rest) = access.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        // {"alg":"none","typ":"JWT"}
        let unsigned = format!("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
        let cut = format!("{head}.{claims}.{}", &signature[..signature.len() - 2]);
        for token in [unsigned.as_str(), &cut, "nonsense", "hyk_nonsense", tokens["refresh_token"].as_str().unwrap()] {
            let client = running.anonymous().with_token(token);
            assert_eq!(client.get("/api/v1/me").await.problem(401), "unauthenticated", "{token}");
        }
        let basic = running.anonymous().with_header("authorization", "Basic YWRtaW46YWRtaW4=");
        assert_eq!(basic.get("/api/v1/me").await.problem(401), "unauthenticated");
        let lower = running.anonymous().with_header("authorization", &format!("bearer {access}"));
        assert!(is_in(&lower).await, "the scheme's case does not matter");
    }
}

journey! {
    async fn an_access_token_lives_a_quarter_of_an_hour(running: Running) {
        let tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        running.pass(TimeDelta::seconds(899)).await;
        assert!(is_in(&with(&running, &tokens)).await);
        running.pass(TimeDelta::seconds(1)).await;
        assert!(!is_in(&with(&running, &tokens)).await);
        let fresh = refresh(&running, &tokens).await.expect(200);
        assert!(is_in(&with(&running, &fresh)).await);
        assert!(!is_in(&with(&running, &tokens)).await, "a refresh does not revive the old one");
    }
}

journey! {
    async fn a_refresh_token_is_good_for_one_exchange(running: Running) {
        let first = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let elsewhere = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let second = refresh(&running, &first).await.expect(200);
        assert_ne!(second["refresh_token"], first["refresh_token"]);
        let third = refresh(&running, &second).await.expect(200);
        assert!(is_in(&with(&running, &third)).await);

        // The first one comes again: somebody has a copy. The whole family ends, access and refresh.
        assert_eq!(refresh(&running, &first).await.problem(401), "refresh_token_reused");
        for tokens in [&first, &second, &third] {
            assert!(!is_in(&with(&running, tokens)).await);
        }
        assert_eq!(refresh(&running, &third).await.problem(401), "refresh_token_invalid");
        assert!(is_in(&with(&running, &elsewhere)).await, "another session is not concerned");
        refresh(&running, &elsewhere).await.expect(200);

        let nonsense = json!({ "refresh_token": "nonsense" });
        assert_eq!(refresh(&running, &nonsense).await.problem(401), "refresh_token_invalid");
    }
}

journey! {
    /// Told once, however often the thief or a looping client tries: else a spent token fills the event log.
    async fn a_reused_token_is_reported_once(running: Running) {
        let first = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        refresh(&running, &first).await.expect(200);
        for _ in 0..3 {
            assert_eq!(refresh(&running, &first).await.problem(401), "refresh_token_reused");
        }
        assert_eq!(compromised(&running).await, 1);

        let second = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let third = refresh(&running, &second).await.expect(200);
        with(&running, &third).call("/api/v1/auth/logout").await.expect(204);
        assert_eq!(refresh(&running, &second).await.problem(401), "refresh_token_reused");
        assert_eq!(compromised(&running).await, 1, "a session that has ended cannot be compromised any more");
    }
}

/// How often the first administrator's sessions were found compromised.
async fn compromised(running: &Running) -> usize {
    let me = running.admin().await.get("/api/v1/me").await.expect(200);
    let id = me["user"]["id"].as_str().unwrap().parse().unwrap();
    let events = huiyin_persistence::integration::events::of_subject(&running.app.db, id, 0, 1000).await.unwrap();
    events.iter().filter(|recorded| matches!(recorded.event, Event::UserSessionCompromised { .. })).count()
}

journey! {
    async fn of_two_who_exchange_one_token_at_once_at_most_one_wins(running: Running) {
        for _ in 0..5 {
            let tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
            let attempts = (0..4).map(|_| refresh(&running, &tokens));
            let answers = futures_util::future::join_all(attempts).await;
            let won: Vec<Value> =
                answers.into_iter().filter(|answer| answer.status != 401).map(|answer| answer.expect(200)).collect();
            assert!(won.len() <= 1, "{won:?}");
            // The token was seen twice, so whoever won has lost by now.
            for tokens in won {
                assert!(!is_in(&with(&running, &tokens)).await);
                assert_eq!(refresh(&running, &tokens).await.problem(401), "refresh_token_invalid");
            }
        }
    }
}

journey! {
    async fn a_session_ends_after_thirty_days(running: Running) {
        let mut tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        for _ in 0..2 {
            running.pass(TimeDelta::days(14)).await;
            tokens = refresh(&running, &tokens).await.expect(200);
        }
        running.pass(TimeDelta::days(2)).await;
        assert_eq!(refresh(&running, &tokens).await.problem(401), "refresh_token_invalid");
    }
}

journey! {
    async fn signing_out_ends_this_session_and_no_other(running: Running) {
        let here = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        let there = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        with(&running, &here).call("/api/v1/auth/logout").await.expect(204);
        assert!(!is_in(&with(&running, &here)).await);
        assert_eq!(refresh(&running, &here).await.problem(401), "refresh_token_invalid");
        assert!(is_in(&with(&running, &there)).await);
        assert_eq!(with(&running, &here).call("/api/v1/auth/logout").await.problem(401), "unauthenticated");
    }
}

journey! {
    async fn a_new_password_ends_the_other_sessions(running: Running) {
        let admin = running.admin().await;
        user(&running, &admin, "li.na", "agent", None).await;
        let (old, new) = ("li.na has a password", "li.na has another one");
        let here = login(&running, "li.na", old).await.expect(200);
        let there = login(&running, "li.na", old).await.expect(200);
        let change = |current: &str, new: &str| json!({ "current_password": current, "new_password": new });
        let me = with(&running, &here);

        assert_eq!(me.post("/api/v1/me/password", change("a guess", new)).await.problem(409), "wrong_password");
        assert_eq!(me.post("/api/v1/me/password", change(old, "short")).await.faults(), ["/new_password"]);
        assert!(is_in(&with(&running, &there)).await, "nothing has changed so far");

        me.post("/api/v1/me/password", change(old, new)).await.expect(204);
        assert!(is_in(&me).await);
        refresh(&running, &here).await.expect(200);
        assert!(!is_in(&with(&running, &there)).await);
        assert_eq!(refresh(&running, &there).await.problem(401), "refresh_token_invalid");
        assert_eq!(login(&running, "li.na", old).await.problem(401), "invalid_credentials");
        login(&running, "li.na", new).await.expect(200);
    }
}

journey! {
    async fn another_copy_of_the_program_honours_tokens_and_their_end(running: Running) {
        let tokens = login(&running, "admin", ADMIN_PASSWORD).await.expect(200);
        // With the same secret, as a deployment of several copies has it, from the shared data directory.
        let other = running.second_copy().await;
        assert!(is_in(&with(&other, &tokens)).await);
        let next = refresh(&other, &tokens).await.expect(200);
        assert_eq!(refresh(&running, &tokens).await.problem(401), "refresh_token_reused");
        assert_eq!(refresh(&other, &next).await.problem(401), "refresh_token_invalid");
    }
}
