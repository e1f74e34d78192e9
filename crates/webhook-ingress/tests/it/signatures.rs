//! Who is believed.

use crate::bodies::{ESCAPED, ESCAPED_SIGNATURE, one_message};
use crate::http::{chunk, head};
use crate::sandbox::{PREVIOUS_SECRET, Sandbox, mids, signed};
use messenger::signature::sign;
use secrecy::SecretString;

#[tokio::test]
async fn invariant_01_a_body_with_a_wrong_signature_is_never_stored() {
    let sandbox = Sandbox::start().await;
    let (delivered, other) = (one_message("m_1"), one_message("m_2"));
    let right = signed(&delivered);
    let last_digit = if right.ends_with('0') { "1" } else { "0" };
    let wrong = [
        signed(&other),
        sign(&SecretString::from("another app's secret"), delivered.as_bytes()),
        format!("{}{last_digit}", &right[..right.len() - 1]),
        format!("sha256={}", "0".repeat(64)),
    ];
    for signature in &wrong {
        assert_eq!(sandbox.deliver_signed(Some(signature), &delivered).await.status, 403);
    }
    // Not even in the quarantine.
    assert_eq!(sandbox.deliver_signed(Some(&right), "hello").await.status, 403);
    assert_eq!(sandbox.requests("signature_wrong"), 5);
    assert_eq!((sandbox.log.n_appends(), sandbox.records().await.len()), (0, 0));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn a_missing_or_malformed_signature_is_answered_401_and_nothing_is_stored() {
    let sandbox = Sandbox::start().await;
    let delivered = one_message("m_1");
    assert_eq!(sandbox.deliver_signed(None, &delivered).await.status, 401);
    assert_eq!(sandbox.requests("signature_missing"), 1);

    let right = signed(&delivered);
    let digits = right.strip_prefix("sha256=").unwrap();
    let malformed = [
        String::new(),
        "sha256=".to_owned(),
        digits.to_owned(),
        format!("sha1={digits}"),
        format!("SHA256={digits}"),
        format!("sha256={}", digits.to_uppercase()),
        format!("sha256={}", &digits[2..]),
        format!("{right}00"),
        format!("{right}, {right}"),
        format!("sha256={}é", &digits[2..]),
    ];
    for signature in &malformed {
        assert_eq!(sandbox.deliver_signed(Some(signature), &delivered).await.status, 401, "{signature}");
    }
    assert_eq!(sandbox.requests("signature_malformed"), malformed.len() as u64);
    assert_eq!((sandbox.log.n_appends(), sandbox.records().await.len()), (0, 0));
    sandbox.is_unharmed().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn the_signature_is_checked_over_the_bytes_as_they_came() {
    let sandbox = Sandbox::start().await;
    // The same JSON, as a parser would write it again.
    let again = ESCAPED.replace(r"\u00e9 \ud83d\ude00 a\/b x\u0040y", "é 😀 a/b x@y");
    assert_eq!((ESCAPED.len(), again.len()), (230, 212));
    assert_eq!(sandbox.deliver_signed(Some(ESCAPED_SIGNATURE), &again).await.status, 403);
    assert_eq!(sandbox.deliver_signed(Some(&signed(&again)), ESCAPED).await.status, 403);
    assert!(sandbox.records().await.is_empty());

    assert_eq!(sandbox.deliver_signed(Some(ESCAPED_SIGNATURE), ESCAPED).await.status, 200);
    assert_eq!(mids(&sandbox.conversation("1001", "2002").await), ["m_demo1"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn the_previous_secret_is_still_accepted() {
    let sandbox = Sandbox::start().await;
    let delivered = one_message("m_1");
    let signature = sign(&SecretString::from(PREVIOUS_SECRET), delivered.as_bytes());
    assert_eq!(sandbox.deliver_signed(Some(&signature), &delivered).await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_1"]);
    sandbox.stop().await;

    let sandbox = Sandbox::start_with(|config| config.secrets.previous = None).await;
    assert_eq!(sandbox.deliver_signed(Some(&signature), &delivered).await.status, 403);
    assert!(sandbox.records().await.is_empty());
    sandbox.stop().await;
}

#[tokio::test]
async fn a_body_that_comes_in_pieces_is_verified_as_a_whole() {
    let sandbox = Sandbox::start().await;
    let mut connection = sandbox.connect().await;
    connection.send(head(Some(ESCAPED_SIGNATURE), "Transfer-Encoding: chunked")).await;
    for piece in ESCAPED.as_bytes().chunks(7) {
        connection.send(chunk(piece)).await;
    }
    connection.send(chunk(b"")).await;
    assert_eq!(connection.answer().await.status, 200);
    assert_eq!(mids(&sandbox.records().await), ["m_demo1"]);
    sandbox.stop().await;
}
