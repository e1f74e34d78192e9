//! The story: who wrote, what was recorded, which rule allowed the answer, what went out and what came back.

use super::stage::{PAGE, Stage};
use crate::inspect::event_line;
use crate::output::line;
use anyhow::{Context, ensure};
use api::convert::{moment, rfc3339};
use api::proto::compliance::v1 as compliance;
use api::proto::compliance::v1::compliance_client::ComplianceClient;
use api::proto::conversation::v1 as conversation;
use api::proto::conversation::v1::conversations_client::ConversationsClient;
use api::proto::outbound::v1 as outbound;
use api::proto::outbound::v1::outbound_client::OutboundClient;
use domain::id::{PageId, Psid, StreamId};
use simulator::FaultKind;
use std::time::Duration;
use tonic::transport::Channel;

const ADA: &str = "24601";
const BEN: &str = "24602";
/// How long anything in the story may take before it is called broken.
const PATIENCE: Duration = Duration::from_secs(10);

struct Cast<'a> {
    stage: &'a Stage,
    outbound: OutboundClient<Channel>,
    compliance: ComplianceClient<Channel>,
    conversations: ConversationsClient<Channel>,
}

/// Tells it, and fails where the system does not do as told.
pub(super) async fn tell(stage: &Stage) -> anyhow::Result<()> {
    let grpc = stage.running.addresses.grpc.context("gRPC listens")?;
    let channel = Channel::from_shared(format!("http://{grpc}"))?.connect().await.context("cannot reach gRPC")?;
    let mut cast = Cast {
        stage,
        outbound: OutboundClient::new(channel.clone()),
        compliance: ComplianceClient::new(channel.clone()),
        conversations: ConversationsClient::new(channel),
    };
    cast.somebody_writes().await?;
    let message = cast.we_answer().await?;
    cast.it_comes_back(&message).await?;
    cast.an_answer_is_lost().await?;
    cast.a_refusal().await
}

impl Cast<'_> {
    async fn somebody_writes(&mut self) -> anyhow::Result<()> {
        chapter("1. Ada writes to the Page")?;
        self.stage.people.write(ADA, PAGE, "Where is my order? ☕").await?;
        tell_line("Messenger posts a signed webhook; it is answered 200 once its events are in the log:")?;
        let stream = self.stream(ADA)?;
        let log = &self.stage.running.log;
        let stored =
            wait("her message in the log", async || Ok(log.read(&stream, 0).await?.into_iter().next())).await?;
        tell_line(&format!("  position {} of {}", stored.position, stored.record.stream))?;
        tell_line(&format!("  record {}", stored.record.id))?;
        let name = conversation_name(ADA);
        let request = conversation::GetConversationRequest { name };
        let known = self.conversations.get_conversation(request).await?.into_inner();
        tell_line(&format!("  the Page may answer freely until {}", time(known.window_end_time.as_ref())))?;
        tell_line(&format!("  its staff may answer until      {}", time(known.human_agent_end_time.as_ref())))
    }

    async fn we_answer(&mut self) -> anyhow::Result<String> {
        chapter("2. The shop's bot answers over gRPC (nuncio.outbound.v1.Outbound/SendMessage)")?;
        let asked = request(ADA, "demo-1", bot(), "It left our warehouse this morning.");
        let accepted = self.outbound.send_message(asked.clone()).await?.into_inner();
        let decision = accepted.decision.as_ref().context("a message has a decision")?;
        tell_line("It is judged, and judgement and request are recorded together:")?;
        explain(decision)?;
        tell_line("The same call again, as after a lost answer, gives the same message:")?;
        let again = self.outbound.send_message(asked).await?.into_inner();
        ensure!(again.name == accepted.name, "one request id gave two messages");
        tell_line(&format!("  {}", again.name))?;
        Ok(accepted.name)
    }

    async fn it_comes_back(&mut self, name: &str) -> anyhow::Result<()> {
        chapter("3. It goes out, and Messenger tells what became of it")?;
        let sent = self.until_sent(name).await?;
        tell_line(&format!("  claimed in the log first, then sent once; Messenger calls it {}", sent.mid))?;
        let row = self.stage.people.sends().await?.pop().context("the simulator recorded a message")?;
        tell_line(&format!("  Messenger received it as {}, with our id in its metadata", row.messaging_type))?;
        self.stage.people.read(ADA, PAGE).await?;
        let mut outbound = self.outbound.clone();
        wait("its being read", async || {
            let message = get(&mut outbound, name).await?;
            Ok((message.delivered && message.read).then_some(()))
        })
        .await?;
        tell_line("  echo, delivery and read came back as webhooks; the whole conversation now reads:")?;
        let asked = conversation::ListEventsRequest { parent: conversation_name(ADA), ..Default::default() };
        for event in self.conversations.list_events(asked).await?.into_inner().events {
            tell_line(&format!("  {}", event_line(&event)))?;
        }
        Ok(())
    }

    async fn an_answer_is_lost(&mut self) -> anyhow::Result<()> {
        chapter("4. Messenger takes a message, and its answer is lost on the way")?;
        self.stage.people.inject(FaultKind::ResponseLost, 1).await?;
        let text = "It will be with you tomorrow.";
        let asked = request(ADA, "demo-2", bot(), text);
        let name = self.outbound.send_message(asked).await?.into_inner().name;
        let sent = self.until_sent(&name).await?;
        let times = self.stage.people.sends().await?.iter().filter(|row| row.text.as_deref() == Some(text)).count();
        ensure!(times == 1 && sent.attempts == 1, "the message went out {times} times, in {} attempts", sent.attempts);
        tell_line("  nobody tried again; the echo brought our id back and settled it:")?;
        tell_line(&format!("  {} is {}, and Ada got it {times} time", name, sent.state().as_str_name()))
    }

    async fn a_refusal(&mut self) -> anyhow::Result<()> {
        chapter("5. Ben wrote yesterday; the bot is 25 hours late")?;
        self.stage.people.write_ago(BEN, PAGE, "Do you ship to Norway?", 25 * 3_600_000).await?;
        let stream = self.stream(BEN)?;
        let log = &self.stage.running.log;
        wait("his message in the log", async || Ok(log.read(&stream, 0).await?.into_iter().next())).await?;
        let asked = request(BEN, "demo-3", bot(), "Yes, we do!");
        let refused = self.outbound.send_message(asked).await;
        let status = refused.err().context("a bot may not write after 25 hours, yet it did")?;
        tell_line(&format!("  {:?}: {}", status.code(), status.message()))?;
        let sends = self.stage.people.sends().await?;
        ensure!(sends.iter().all(|row| row.psid != BEN), "something reached Ben against the rules");
        tell_line("Nothing left. For a person of the staff the answer is another:")?;
        let agent = compliance::HumanAgent { agent_id: "agent-7".to_owned() };
        let asked = compliance::EvaluateSendRequest {
            parent: conversation_name(BEN),
            actor: Some(compliance::Actor { kind: Some(compliance::actor::Kind::Human(agent)) }),
            purpose: compliance::Purpose::Conversation.into(),
            at_time: None,
            matter: None,
        };
        let judged = self.compliance.evaluate_send(asked).await?.into_inner();
        explain(judged.decision.as_ref().context("an evaluation has a decision")?)
    }

    async fn until_sent(&mut self, name: &str) -> anyhow::Result<outbound::Message> {
        let mut outbound = self.outbound.clone();
        wait("the message to be sent", async || {
            let message = get(&mut outbound, name).await?;
            Ok((message.state() == outbound::State::Sent).then_some(message))
        })
        .await
    }

    fn stream(&self, psid: &str) -> anyhow::Result<StreamId> {
        let (page, psid) = (PageId::parse(PAGE)?, Psid::parse(psid)?);
        let person = self.stage.running.log.identity().person_key(&page, &psid);
        Ok(StreamId::Conversation(page, person))
    }
}

async fn get(outbound: &mut OutboundClient<Channel>, name: &str) -> anyhow::Result<outbound::Message> {
    let request = outbound::GetMessageRequest { name: name.to_owned(), min_revision: 0 };
    Ok(outbound.get_message(request).await?.into_inner())
}

/// Asks again and again until there is an answer, and gives up after [`PATIENCE`].
async fn wait<T>(what: &str, mut ask: impl AsyncFnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let asking = async {
        loop {
            if let Some(answer) = ask().await? {
                return Ok(answer);
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, asking).await.with_context(|| format!("waited for {what} in vain"))?
}

fn conversation_name(psid: &str) -> String {
    format!("pages/{PAGE}/conversations/{psid}")
}

fn bot() -> compliance::Actor {
    compliance::Actor { kind: Some(compliance::actor::Kind::Bot(compliance::Bot {})) }
}

fn request(psid: &str, request_id: &str, actor: compliance::Actor, text: &str) -> outbound::SendMessageRequest {
    outbound::SendMessageRequest {
        parent: conversation_name(psid),
        request_id: request_id.to_owned(),
        actor: Some(actor),
        purpose: compliance::Purpose::Conversation.into(),
        content: Some(outbound::Content {
            kind: Some(outbound::content::Kind::Text(text.to_owned())),
            ..outbound::Content::default()
        }),
        ..Default::default()
    }
}

fn explain(decision: &compliance::Decision) -> anyhow::Result<()> {
    let route = decision.route().as_str_name().trim_start_matches("ROUTE_");
    let until = time(decision.hold_until_time.as_ref());
    tell_line(&format!("  allowed by route {route} until {until}, by rule pack {}", decision.pack))?;
    for finding in &decision.findings {
        tell_line(&format!("  {}: {}", finding.rule, finding.sentence))?;
    }
    Ok(())
}

fn time(at: Option<&prost_types::Timestamp>) -> String {
    at.and_then(moment).map(rfc3339).unwrap_or_default()
}

fn chapter(title: &str) -> anyhow::Result<()> {
    tell_line(&format!("\n{title}"))
}

fn tell_line(text: &str) -> anyhow::Result<()> {
    Ok(line(text)?)
}
