//! Personas: made once, spoken under by the staff, and left out when they are gone.

use crate::around::{page_name, persona};
use crate::parts::within;
use crate::sandbox::{ASHA, Sandbox};
use crate::words::{reason, says, staff_says, wrong_fields};
use api::proto::outbound::v1::{
    Content, CreatePersonaRequest, DeletePersonaRequest, ListPersonasRequest, Message, Persona, SendMessageRequest,
    State, content,
};
use domain::id::PersonaId;
use messenger::client::As;
use simulator::{Fault, FaultKind};
use tonic::Code;

impl Sandbox {
    async fn ravi(&self) -> Persona {
        self.create_persona(persona("p-1", "Ravi")).await.unwrap()
    }

    /// How often the platform was asked to make a persona.
    async fn n_made(&self) -> usize {
        self.calls_of("personas").await.into_iter().filter(|call| call.method == "POST").count()
    }

    /// The persona of the message that left last.
    async fn spoke_under(&self) -> Option<String> {
        self.rows().await.pop().unwrap().persona
    }

    async fn sent(&self, request: SendMessageRequest) -> Message {
        let message = self.send(request).await;
        self.becomes(&message.name, State::Sent).await
    }

    async fn delete_on_the_platform(&self, persona: &Persona) {
        let (page, token) = self.page_and_token();
        let id = PersonaId::parse(&id(persona)).unwrap();
        self.client().delete_persona(As { page: &page, token: &token }, &id).await.answer.unwrap();
    }
}

fn id(persona: &Persona) -> String {
    persona.name.rsplit('/').next().unwrap().to_owned()
}

/// A bot that speaks under this persona.
fn under(persona: &str, request_id: &str) -> SendMessageRequest {
    let content = Content {
        kind: Some(content::Kind::Text("hello".to_owned())),
        persona_id: persona.to_owned(),
        ..Content::default()
    };
    SendMessageRequest { content: Some(content), ..says(ASHA, request_id, "") }
}

#[tokio::test]
async fn one_request_id_makes_one_persona() {
    let sandbox = Sandbox::start().await;
    let ravi = sandbox.ravi().await;
    assert_eq!((ravi.display_name.as_str(), ravi.delete_time), ("Ravi", None));
    assert_eq!(sandbox.ravi().await, ravi);
    assert_eq!(sandbox.get_persona(&ravi.name).await.unwrap(), ravi);
    assert_eq!(sandbox.n_made().await, 1);
    let status = sandbox.create_persona(persona("p-1", "Mina")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    sandbox.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_calls_at_once_make_one_persona() {
    let sandbox = Sandbox::start().await;
    let answers =
        tokio::join!(sandbox.create_persona(persona("p-1", "Ravi")), sandbox.create_persona(persona("p-1", "Ravi")));
    for answer in [answers.0, answers.1] {
        if let Err(status) = answer {
            assert_eq!(reason(&status), "REVISION_CONFLICT");
        }
    }
    sandbox.ravi().await;
    assert_eq!(sandbox.n_made().await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_persona_whose_answer_was_lost_is_found_again() {
    let sandbox = Sandbox::start().await;
    let lost = Fault { endpoint: Some("personas".to_owned()), ..Fault::next(FaultKind::ResponseLost, 1) };
    sandbox.admin.inject_fault(&lost).await.unwrap();
    let status = sandbox.create_persona(persona("p-1", "Ravi")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::Unavailable, "PLATFORM_SILENT"));
    sandbox.ravi().await;
    assert_eq!(sandbox.n_made().await, 1);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_persona_that_the_platform_refused_can_be_asked_for_again() {
    let sandbox = Sandbox::start().await;
    let refused = Fault {
        endpoint: Some("personas".to_owned()),
        error: Some("Permission".to_owned()),
        ..Fault::next(FaultKind::Refuse, 1)
    };
    sandbox.admin.inject_fault(&refused).await.unwrap();
    let status = sandbox.create_persona(persona("p-1", "Ravi")).await.unwrap_err();
    assert_eq!((status.code(), reason(&status).as_str()), (Code::FailedPrecondition, "PLATFORM_REFUSED"));
    assert!(!status.message().contains("hush"), "{}", status.message());
    sandbox.ravi().await;
    sandbox.stop().await;
}

#[tokio::test]
async fn the_staff_speak_under_their_persona_unless_the_message_names_another() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let ravi = sandbox.ravi().await;
    let mina = sandbox.create_persona(persona("p-2", "Mina")).await.unwrap();
    sandbox.assign(&ravi.name).await.unwrap();
    assert_eq!(sandbox.get_persona(&ravi.name).await.unwrap().agent_ids, ["agent-7"]);
    sandbox.sent(staff_says(ASHA, "1", "hello")).await;
    assert_eq!(sandbox.spoke_under().await, Some(id(&ravi)));
    let staff = staff_says(ASHA, "", "").actor;
    sandbox.sent(SendMessageRequest { actor: staff, ..under(&id(&mina), "2") }).await;
    assert_eq!(sandbox.spoke_under().await, Some(id(&mina)));
    sandbox.sent(says(ASHA, "3", "beep")).await;
    assert_eq!(sandbox.spoke_under().await, None);
    sandbox.assign("").await.unwrap();
    sandbox.sent(staff_says(ASHA, "4", "hello")).await;
    assert_eq!(sandbox.spoke_under().await, None);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_message_under_a_persona_that_is_gone_leaves_without_it() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let ravi = sandbox.ravi().await;
    sandbox.assign(&ravi.name).await.unwrap();
    sandbox.delete_on_the_platform(&ravi).await;
    let sent = sandbox.sent(staff_says(ASHA, "1", "hello")).await;
    assert_eq!((sent.attempts, sandbox.spoke_under().await), (2, None));
    let known = sandbox.get_persona(&ravi.name).await.unwrap();
    assert!(known.delete_time.is_some() && known.agent_ids.is_empty());
    // From then on it is known, also where a message names it.
    assert_eq!(sandbox.sent(staff_says(ASHA, "2", "hello")).await.attempts, 1);
    assert_eq!(sandbox.sent(under(&id(&ravi), "3")).await.attempts, 1);
    assert_eq!(sandbox.rows().await.len(), 3);
    assert_eq!(reason(&sandbox.assign(&ravi.name).await.unwrap_err()), "NO_SUCH_PERSONA");
    sandbox.stop().await;
}

#[tokio::test]
async fn a_persona_that_nobody_made_here_and_that_is_gone_is_left_out_too() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    for (request_id, attempts) in [("1", 2), ("2", 1)] {
        assert_eq!(sandbox.sent(under("4242", request_id)).await.attempts, attempts);
    }
    sandbox.stop().await;
}

#[tokio::test]
async fn another_wrong_parameter_of_a_message_is_not_the_personas_fault() {
    let sandbox = Sandbox::start().await;
    sandbox.hears(ASHA).await;
    let ravi = sandbox.ravi().await;
    let wrong = Fault { error: Some("Parameter".to_owned()), ..Fault::next(FaultKind::Refuse, 1) };
    sandbox.admin.inject_fault(&wrong).await.unwrap();
    let message = sandbox.send(under(&id(&ravi), "1")).await;
    assert_eq!(sandbox.becomes(&message.name, State::Rejected).await.attempts, 1);
    assert_eq!(sandbox.get_persona(&ravi.name).await.unwrap().delete_time, None);
    sandbox.stop().await;
}

#[tokio::test]
async fn a_deleted_persona_is_shown_only_to_those_who_ask_for_it() {
    let sandbox = Sandbox::start().await;
    let ravi = sandbox.ravi().await;
    let mina = sandbox.create_persona(persona("p-2", "Mina")).await.unwrap();
    let mut client = sandbox.around.personas.clone();
    for _ in 0..2 {
        let request = DeletePersonaRequest { name: ravi.name.clone() };
        assert!(within(client.delete_persona(request)).await.unwrap().into_inner().delete_time.is_some());
    }
    let mut list = async |show_deleted, page_token: &str| {
        let request =
            ListPersonasRequest { parent: page_name(), page_size: 1, page_token: page_token.to_owned(), show_deleted };
        within(client.list_personas(request)).await.unwrap().into_inner()
    };
    assert_eq!(list(false, "").await.personas, [mina]);
    let first = list(true, "").await;
    let rest = list(true, &first.next_page_token).await;
    let mut names = [first.personas[0].display_name.as_str(), rest.personas[0].display_name.as_str()];
    names.sort_unstable();
    assert_eq!(names, ["Mina", "Ravi"]);
    sandbox.stop().await;
}

#[tokio::test]
async fn every_wrong_field_of_a_persona_is_named_before_anything_is_made() {
    let sandbox = Sandbox::start().await;
    let wrong = CreatePersonaRequest { display_name: "x".repeat(51), ..CreatePersonaRequest::default() };
    let status = sandbox.create_persona(wrong).await.unwrap_err();
    assert_eq!(wrong_fields(&status), ["parent", "request_id", "display_name", "picture_url"]);
    let check = CreatePersonaRequest { validate_only: true, ..persona("p-1", "Ravi") };
    assert_eq!(sandbox.create_persona(check).await.unwrap().name, "");
    assert_eq!(sandbox.n_made().await, 0);
    assert_eq!(reason(&sandbox.get_persona("pages/1001/personas/7").await.unwrap_err()), "NO_SUCH_PERSONA");
    sandbox.stop().await;
}
