//! Lists and polls: pages of one moment, steps that resume, and nothing older than was asked for.

use crate::sandbox::{ASHA, BILAL, PAGE, Sandbox};
use crate::words::{metadata, reason, recorded, says, wrong_fields};
use api::convert::duration;
use api::proto::outbound::v1::{
    GetMessageRequest, ListMessagesRequest, Message, OnBlock, PollMessagesRequest, Reset, ResetReason,
    SendMessageRequest, SettledBy, State,
};
use simulator::FaultKind;
use std::time::Duration;
use tonic::Code;

fn of(psid: &str) -> String {
    format!("pages/{PAGE}/conversations/{psid}")
}

fn pages_of_two(token: &str) -> ListMessagesRequest {
    ListMessagesRequest { parent: of(ASHA), page_size: 2, page_token: token.to_owned(), ..Default::default() }
}

#[tokio::test]
async fn the_pages_of_a_list_show_one_moment_while_new_messages_come() {
    let sandbox = Sandbox::start().await;
    let mut names = Vec::new();
    for n in 0..5 {
        names.push(sandbox.send(recorded(says(ASHA, &n.to_string(), "hello"))).await.name);
    }
    let (mut token, mut listed, mut revisions) = (String::new(), Vec::new(), Vec::new());
    loop {
        let page = sandbox.list(pages_of_two(&token)).await.unwrap();
        assert!(page.messages.len() <= 2);
        assert!(page.messages.iter().all(|message| message.revision == page.revision));
        listed.extend(page.messages.into_iter().map(|message| (message.name, message.state)));
        revisions.push(page.revision);
        token = page.next_page_token;
        if token.is_empty() {
            break;
        }
        let id = format!("new-{}", listed.len());
        sandbox.send(recorded(says(ASHA, &id, "meanwhile"))).await;
    }
    let blocked: Vec<_> = names.iter().map(|name| (name.clone(), i32::from(State::Blocked))).collect();
    assert_eq!(listed, blocked);
    revisions.dedup();
    assert_eq!(revisions.len(), 1);
    let now = sandbox.list(ListMessagesRequest { parent: of(ASHA), ..Default::default() }).await.unwrap();
    assert_eq!((now.messages.len(), now.next_page_token.as_str()), (7, ""));
    sandbox.stop().await;
}

#[tokio::test]
async fn a_list_says_of_each_message_what_tells_that_it_is_out() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let answered = sandbox.send(says(ASHA, "1", "one")).await;
    let answered = sandbox.becomes(&answered.name, State::Sent).await;
    sandbox.has_all_webhooks().await;
    sandbox.admin.inject(FaultKind::ResponseLost, 1).await.unwrap();
    let lost = sandbox.send(says(ASHA, "2", "two")).await;
    let lost = sandbox.becomes(&lost.name, State::Sent).await;
    let out = [answered.settled_by(), lost.settled_by()];
    let blocked = sandbox.send(recorded(says(BILAL, "3", "three"))).await;
    assert_eq!((out, blocked.settled_by()), ([SettledBy::Response, SettledBy::Echo], SettledBy::Unspecified));
    let listed = sandbox.list(ListMessagesRequest { parent: of(ASHA), ..Default::default() }).await.unwrap();
    assert_eq!(listed.messages.iter().map(Message::settled_by).collect::<Vec<_>>(), out);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_list_can_be_asked_for_states() {
    let sandbox = Sandbox::start().await;
    let held = SendMessageRequest { on_block: OnBlock::Defer.into(), ..says(ASHA, "1", "held") };
    let held = sandbox.send(held).await.name;
    let blocked = sandbox.send(recorded(says(ASHA, "2", "blocked"))).await.name;
    for (filter, expected) in [
        ("state = DEFERRED", vec![&held]),
        ("state = BLOCKED OR state = DEFERRED", vec![&held, &blocked]),
        ("state = SENT", vec![]),
    ] {
        let asked = ListMessagesRequest { parent: of(ASHA), filter: filter.to_owned(), ..Default::default() };
        let found = sandbox.list(asked).await.unwrap();
        assert_eq!(found.messages.iter().map(|message| &message.name).collect::<Vec<_>>(), expected, "{filter}");
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn everything_wrong_with_a_list_is_named_and_a_token_is_good_for_its_own_list_only() {
    let sandbox = Sandbox::start().await;
    for n in 0..3 {
        sandbox.send(recorded(says(ASHA, &n.to_string(), "hello"))).await;
    }
    let wrong = ListMessagesRequest {
        parent: "pages/1".to_owned(),
        page_size: -1,
        page_token: "1.2".to_owned(),
        filter: "text = hello".to_owned(),
        min_revision: 0,
    };
    let fields = wrong_fields(&sandbox.list(wrong).await.unwrap_err());
    assert_eq!(fields, ["parent", "page_size", "filter", "page_token"]);
    let token = sandbox.list(pages_of_two("")).await.unwrap().next_page_token;
    let other = ListMessagesRequest { parent: of(BILAL), ..pages_of_two(&token) };
    assert_eq!(wrong_fields(&sandbox.list(other).await.unwrap_err()), ["page_token"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn nothing_older_is_answered_than_was_asked_for() {
    let sandbox = Sandbox::start().await;
    let message = sandbox.send(recorded(says(ASHA, "1", "hello"))).await;
    let get = |min_revision| GetMessageRequest { name: message.name.clone(), min_revision };
    let list = |min_revision| ListMessagesRequest { parent: of(ASHA), min_revision, ..Default::default() };
    let mut outbound = sandbox.outbound.clone();
    outbound.get_message(get(message.revision)).await.unwrap();
    sandbox.list(list(message.revision)).await.unwrap();
    let too_far = message.revision + 1;
    for status in
        [outbound.get_message(get(too_far)).await.unwrap_err(), sandbox.list(list(too_far)).await.unwrap_err()]
    {
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "REVISION_NOT_REACHED"));
        assert_eq!(metadata(&status, "min"), too_far.to_string());
        assert_eq!(metadata(&status, "current"), message.revision.to_string());
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn polls_tell_every_step_once_and_wait_for_the_next() {
    let sandbox = Sandbox::start().await;
    for (psid, id) in [(ASHA, "1"), (BILAL, "1"), (ASHA, "2"), (ASHA, "3")] {
        sandbox.send(recorded(says(psid, id, "hello"))).await;
    }
    let asked = |checkpoint: &str| PollMessagesRequest {
        parent: of(ASHA),
        checkpoint: checkpoint.to_owned(),
        page_size: 2,
        wait: None,
    };
    let first = sandbox.poll(asked("")).await.unwrap();
    assert_eq!((first.steps.len(), first.caught_up), (2, false));
    let second = sandbox.poll(asked(&first.checkpoint)).await.unwrap();
    assert_eq!((second.steps.len(), second.caught_up), (1, true));
    let steps = first.steps.iter().chain(&second.steps);
    let names: std::collections::BTreeSet<_> = steps.map(|step| step.name.clone()).collect();
    assert!(names.len() == 3 && names.iter().all(|name| name.starts_with(&of(ASHA))), "{names:?}");
    let third = sandbox.poll(asked(&second.checkpoint)).await.unwrap();
    assert_eq!((third.steps.len(), third.caught_up, third.reset), (0, true, None));
    let long = PollMessagesRequest { wait: Some(duration(Duration::from_secs(8))), ..asked(&third.checkpoint) };
    let later = async {
        sandbox.send(recorded(says(BILAL, "2", "hello"))).await;
        sandbox.send(recorded(says(ASHA, "4", "hello"))).await.name
    };
    let (polled, name) = tokio::join!(sandbox.poll(long), later);
    let polled = polled.unwrap();
    assert_eq!(polled.steps.iter().map(|step| step.name.as_str()).collect::<Vec<_>>(), [name.as_str()]);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_poll_with_a_checkpoint_of_another_log_says_so_and_begins_anew() {
    let sandbox = Sandbox::start().await;
    sandbox.send(recorded(says(ASHA, "1", "hello"))).await;
    let checkpoint = "0011223344556677@1".to_owned();
    let asked = PollMessagesRequest { parent: "pages/-".to_owned(), checkpoint, ..Default::default() };
    let told = sandbox.poll(asked.clone()).await.unwrap();
    assert_eq!(told.reset, Some(Reset { reason: ResetReason::OtherIncarnation.into() }));
    assert_eq!((told.steps.len(), told.caught_up), (1, true));
    let wrong = PollMessagesRequest {
        parent: "x".to_owned(),
        checkpoint: "yesterday".to_owned(),
        page_size: -1,
        wait: Some(duration(Duration::ZERO)).map(|wait| {
            let mut wait = wait;
            wait.seconds = -1;
            wait
        }),
    };
    let fields = wrong_fields(&sandbox.poll(wrong).await.unwrap_err());
    assert_eq!(fields, ["wait", "page_size", "parent", "checkpoint"]);
    sandbox.stop().await;
}
