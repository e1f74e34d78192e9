//! The services beside messages: files, personas, actions.

use crate::parts::within;
use crate::sandbox::{PAGE, Sandbox};
use api::proto::compliance::v1::{Actor, Bot, actor};
use api::proto::content::v1 as content;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::actions_client::ActionsClient;
use api::proto::outbound::v1::attachments_client::AttachmentsClient;
use api::proto::outbound::v1::personas_client::PersonasClient;
use api::proto::outbound::v1::send_action_request::Kind as Action;
use outbound_sender::{ActionsService, AttachmentsService, PersonasService, Sender};
use simulator::{CallRow, Filter};
use std::net::SocketAddr;
use tonic::Status;
use tonic::transport::Channel;
use tonic::transport::server::Router;

/// A client of each.
#[derive(Clone)]
pub(crate) struct Around {
    pub(crate) attachments: AttachmentsClient<Channel>,
    pub(crate) personas: PersonasClient<Channel>,
    pub(crate) actions: ActionsClient<Channel>,
}

impl Around {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let url = format!("http://{address}");
        Self {
            attachments: AttachmentsClient::connect(url.clone()).await.unwrap(),
            personas: PersonasClient::connect(url.clone()).await.unwrap(),
            actions: ActionsClient::connect(url).await.unwrap(),
        }
    }
}

/// The server with these services of the sender.
pub(crate) fn services(server: Router, sender: &Sender) -> Router {
    server
        .add_service(AttachmentsService::server(sender.clone()))
        .add_service(PersonasService::server(sender.clone()))
        .add_service(ActionsService::server(sender.clone()))
}

/// The name of the Page.
pub(crate) fn page_name() -> String {
    format!("pages/{PAGE}")
}

/// The wish to keep an image.
pub(crate) fn image(request_id: &str, url: &str) -> pb::UploadAttachmentRequest {
    pb::UploadAttachmentRequest {
        parent: page_name(),
        media: content::Media::Image.into(),
        url: url.to_owned(),
        request_id: request_id.to_owned(),
        validate_only: false,
    }
}

/// The wish for a persona.
pub(crate) fn persona(request_id: &str, name: &str) -> pb::CreatePersonaRequest {
    pb::CreatePersonaRequest {
        parent: page_name(),
        request_id: request_id.to_owned(),
        display_name: name.to_owned(),
        picture_url: "https://shop.example/face.png?secret=hush".to_owned(),
        validate_only: false,
    }
}

/// An action of a bot.
pub(crate) fn action(psid: &str, kind: Action) -> pb::SendActionRequest {
    pb::SendActionRequest {
        parent: format!("pages/{PAGE}/conversations/{psid}"),
        actor: Some(Actor { kind: Some(actor::Kind::Bot(Bot {})) }),
        kind: Some(kind),
        validate_only: false,
    }
}

impl Sandbox {
    pub(crate) async fn upload(&self, request: pb::UploadAttachmentRequest) -> Result<pb::UploadedAttachment, Status> {
        let mut client = self.around.attachments.clone();
        within(client.upload_attachment(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn create_persona(&self, request: pb::CreatePersonaRequest) -> Result<pb::Persona, Status> {
        let mut client = self.around.personas.clone();
        within(client.create_persona(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn get_persona(&self, name: &str) -> Result<pb::Persona, Status> {
        let mut client = self.around.personas.clone();
        let request = pb::GetPersonaRequest { name: name.to_owned() };
        within(client.get_persona(request)).await.map(tonic::Response::into_inner)
    }

    /// Lets agent-7 speak under the persona of this name.
    pub(crate) async fn assign(&self, persona: &str) -> Result<pb::AssignPersonaResponse, Status> {
        let mut client = self.around.personas.clone();
        let (parent, agent_id) = (page_name(), "agent-7".to_owned());
        let request = pb::AssignPersonaRequest { parent, agent_id, persona: persona.to_owned() };
        within(client.assign_persona(request)).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn act(&self, request: pb::SendActionRequest) -> Result<(), Status> {
        let mut client = self.around.actions.clone();
        within(client.send_action(request)).await.map(drop)
    }

    pub(crate) async fn control(&self, psid: &str, kind: pb::control_thread_request::Kind) -> Result<(), Status> {
        let mut client = self.around.actions.clone();
        let parent = format!("pages/{PAGE}/conversations/{psid}");
        let request = pb::ControlThreadRequest { parent, kind: Some(kind), note: String::new() };
        within(client.control_thread(request)).await.map(drop)
    }

    /// The calls of one edge of the platform, in order.
    pub(crate) async fn calls_of(&self, edge: &str) -> Vec<CallRow> {
        let filter = Filter { kind: Some(edge.to_owned()), ..Filter::default() };
        self.admin.calls_where(&filter).await.unwrap()
    }

    /// The sender actions that the platform took or refused, in order.
    pub(crate) async fn actions(&self) -> Vec<String> {
        self.calls().await.into_iter().filter_map(|row| row.action).collect()
    }
}
