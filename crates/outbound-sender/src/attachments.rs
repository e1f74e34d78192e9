//! `nuncio.outbound.v1.Attachments`: has the platform keep files before a message carries them.

use crate::calls::{self, refused};
use crate::files::{Called, File, KEPT, Wanted};
use crate::{Parts, Sender};
use api::convert::{take_media, timestamp};
use api::name;
use api::proto::outbound::v1 as pb;
use api::proto::outbound::v1::attachments_server::{Attachments, AttachmentsServer};
use api::status::{self, Violations};
use domain::content::{Body, Content, Media, Source, Words};
use domain::id::{PageId, RequestId};
use domain::send::Class;
use domain::time::Timestamp;
use messenger::client::As;
use sql::attachments::Kept;
use std::time::Duration;
use tonic::{Request, Response, Status};

/// How often it is looked whether a file that is being fetched is there.
const TICK: Duration = Duration::from_millis(100);

/// The gRPC service.
#[derive(Debug)]
pub struct AttachmentsService(Sender);

impl AttachmentsService {
    /// The service on this sender, ready for a server.
    pub fn server(sender: Sender) -> AttachmentsServer<Self> {
        AttachmentsServer::new(Self(sender))
    }
}

/// A request whose every field is as it must be.
struct Asked {
    page: PageId,
    media: Media,
    url: Words,
    request: RequestId,
}

#[tonic::async_trait]
impl Attachments for AttachmentsService {
    async fn upload_attachment(
        &self,
        request: Request<pb::UploadAttachmentRequest>,
    ) -> Result<Response<pb::UploadedAttachment>, Status> {
        let asked = request.into_inner();
        let validate_only = asked.validate_only;
        let asked = parse(asked)?;
        self.0.0.upload(&asked, validate_only).await.map(Response::new)
    }
}

fn parse(asked: pb::UploadAttachmentRequest) -> Result<Asked, Status> {
    let mut violations = Violations::default();
    let page = violations.take("parent", name::parse_one_page(&asked.parent));
    let request = violations.take("request_id", RequestId::parse(&asked.request_id));
    let media = take_media(asked.media);
    if media.is_none() {
        violations.add("media", "is required: MEDIA_IMAGE, MEDIA_AUDIO, MEDIA_VIDEO or MEDIA_FILE");
    }
    let url = Words::from(asked.url);
    let source = Source::Kept(url.clone());
    // The same limits as for the address of a message's file.
    for violation in Content::new(Body::Attachment { media: media.unwrap_or(Media::File), source }).violations() {
        violations.add("url", violation.what);
    }
    match (page, media, request) {
        (Some(page), Some(media), Some(request)) if violations.is_empty() => Ok(Asked { page, media, url, request }),
        _ => Err(violations.into_status()),
    }
}

impl Parts {
    async fn upload(&self, asked: &Asked, validate_only: bool) -> Result<pb::UploadedAttachment, Status> {
        let (page, request) = (&asked.page, asked.request.as_str());
        let token = self.token_for_call(page).await?;
        let by = As { page, token: &token };
        let wanted = Wanted { by, media: asked.media, url: &asked.url, request: Some(request) };
        let key = wanted.key();
        let tables = |error: sql::SqlError| status::tables_unavailable(&error);
        if self.files.is_of_another(page, request, key).await.map_err(tables)? {
            return Err(status::attachment_request_id_reused(&name::page(page)));
        }
        if validate_only {
            let found = self.files.find(page, key, self.clock.now()).await.map_err(tables)?;
            return Ok(found.map(|kept| render(&kept, true)).unwrap_or_default());
        }
        let end = tokio::time::Instant::now() + calls::PATIENCE;
        loop {
            match self.file(&wanted, &Called).await.map_err(tables)? {
                File::Kept { kept, was_there } => return Ok(render(&kept, was_there)),
                File::Refused(error) => return Err(refused(&error)),
                File::Later(at) if self.is_soon(at) && tokio::time::Instant::now() < end => {
                    tokio::time::sleep(TICK).await;
                }
                File::Later(_) => {
                    // What it lacks may be calls.
                    self.call_for_caller(page, Class::Person).await?;
                    return Err(status::platform_unclear(
                        "upload",
                        "repeat the call: a file that is kept is not fetched again",
                    ));
                }
            }
        }
    }

    /// Whether it is worth waiting for: another call or message fetches the file, or all places are taken.
    fn is_soon(&self, at: Timestamp) -> bool {
        at.since(self.clock.now()).as_millis() <= i64::try_from(TICK.as_millis()).unwrap_or(0)
    }
}

fn render(kept: &Kept, reused: bool) -> pb::UploadedAttachment {
    pb::UploadedAttachment {
        attachment_id: kept.id.as_str().to_owned(),
        upload_time: Some(timestamp(kept.uploaded_at)),
        expire_time: Some(timestamp(kept.uploaded_at.plus(KEPT))),
        reused,
    }
}
