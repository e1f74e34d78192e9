//! Subscribing, and what else is asked of the address.

use crate::sandbox::Sandbox;

/// [`crate::sandbox::VERIFY_TOKEN`] as it stands in an address.
const TOKEN: &str = "open%20sesame%2B%26%3D%25";

fn get(target: &str) -> String {
    format!("GET {target} HTTP/1.1\r\nHost: nuncio.test\r\n\r\n")
}

fn handshake(query: &str) -> String {
    get(&format!("/webhook?{query}"))
}

#[tokio::test]
async fn a_right_handshake_is_answered_with_its_challenge_verbatim() {
    let sandbox = Sandbox::start().await;
    for challenge in ["1158201444", "000123456789012345678901234567890", "-1"] {
        let query = format!("hub.mode=subscribe&hub.verify_token={TOKEN}&hub.challenge={challenge}");
        let answer = sandbox.ask(handshake(&query)).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, challenge));
        assert!(answer.head.contains("content-type: text/plain"), "{}", answer.head);
    }
    let turned_round = format!("hub.challenge=7&hub.verify_token={TOKEN}&extra=1&hub.mode=subscribe");
    assert_eq!(sandbox.ask(handshake(&turned_round)).await.body, "7");
    assert_eq!((sandbox.requests("handshake"), sandbox.log.n_appends()), (4, 0));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_handshake_with_another_token_is_refused_with_403() {
    let sandbox = Sandbox::start().await;
    let longer = format!("{TOKEN}x");
    let wrong = ["", "guess", "open%20sesame", "OPEN%20SESAME%2B%26%3D%25", "%FF", &longer];
    for token in wrong {
        let query = format!("hub.mode=subscribe&hub.verify_token={token}&hub.challenge=4711");
        let answer = sandbox.ask(handshake(&query)).await;
        assert_eq!(answer.status, 403, "{token}");
        assert!(!answer.body.contains("4711"), "{}", answer.body);
    }
    assert_eq!(sandbox.requests("handshake_refused"), wrong.len() as u64);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_handshake_that_is_not_whole_is_answered_400() {
    let sandbox = Sandbox::start().await;
    let [mode, token, challenge] =
        ["hub.mode=subscribe".to_owned(), format!("hub.verify_token={TOKEN}"), "hub.challenge=4711".to_owned()];
    let malformed = [
        String::new(),
        format!("{token}&{challenge}"),
        format!("{mode}&{challenge}"),
        format!("{mode}&{token}"),
        format!("hub.mode=unsubscribe&{token}&{challenge}"),
        format!("{mode}&{mode}&{token}&{challenge}"),
        format!("{mode}&{token}&{token}&{challenge}"),
    ];
    for query in &malformed {
        let answer = sandbox.ask(handshake(query)).await;
        assert_eq!(answer.status, 400, "{query}");
        assert!(!answer.body.contains("4711"), "{}", answer.body);
    }
    assert_eq!(sandbox.ask(get("/webhook")).await.status, 400);
    assert_eq!(sandbox.requests("handshake_malformed"), malformed.len() as u64 + 1);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn elsewhere_is_nothing_and_other_methods_are_not_allowed() {
    let sandbox = Sandbox::start().await;
    for (method, target, status) in [
        ("GET", "/", 404),
        ("POST", "/", 404),
        ("GET", "/webhook/", 404),
        ("POST", "/webhook/x", 404),
        ("GET", "/metrics", 404),
        ("GET", "/../webhook", 404),
        ("PUT", "/webhook", 405),
        ("DELETE", "/webhook", 405),
        ("PATCH", "/webhook", 405),
    ] {
        let request = format!("{method} {target} HTTP/1.1\r\nHost: nuncio.test\r\nContent-Length: 0\r\n\r\n");
        assert_eq!(sandbox.ask(request).await.status, status, "{method} {target}");
    }
    assert_eq!(sandbox.log.n_appends(), 0);
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}
