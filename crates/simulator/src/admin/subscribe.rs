//! `POST /admin/subscribe`: verifies a callback as Meta does, then sends webhooks there.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::input::Input;
use super::model::{Subscribe, Subscribed};
use crate::config::WebhookTarget;
use crate::server::Context;
use crate::webhooks::handshake::{self, HandshakeError};
use crate::world::app::AppIx;
use crate::world::deeds::Sentence;

const PAUSE: Duration = Duration::from_millis(200);

/// 200 once verified; 202 if nobody answers yet and the command says to keep trying; else 400.
pub(super) async fn subscribe(
    State(context): State<Context>,
    Input(command): Input<Subscribe>,
) -> Result<(StatusCode, Json<Subscribed>), Sentence> {
    let target = WebhookTarget { url: command.url, verify_token: command.verify_token };
    let app = match &command.app {
        Some(id) => context.platform.state().world.app_ix(id),
        None => Some(AppIx::default()),
    };
    let app = app.ok_or_else(|| Sentence("No such app is registered here.".to_owned()))?;
    match attempt(&context, app, &target).await {
        Ok(()) => Ok((StatusCode::OK, Json(Subscribed { verified: true }))),
        Err(HandshakeError::NoAnswer { .. }) if command.keep_trying => {
            context.tasks.spawn(keep_trying(context.clone(), app, target));
            Ok((StatusCode::ACCEPTED, Json(Subscribed { verified: false })))
        }
        Err(error @ (HandshakeError::NoAnswer { .. } | HandshakeError::NotEchoed { .. })) => {
            Err(Sentence(format!("Not subscribed: {error}.")))
        }
    }
}

async fn attempt(context: &Context, app: AppIx, target: &WebhookTarget) -> Result<(), HandshakeError> {
    let challenge = context.platform.change(|world, _| world.next_challenge());
    handshake::verify(&context.client, target, challenge).await?;
    context.platform.subscribe(app, target.clone());
    tracing::info!(url = target.url, "webhooks go to a verified callback");
    Ok(())
}

async fn keep_trying(context: Context, app: AppIx, target: WebhookTarget) {
    loop {
        let outcome = tokio::select! {
            () = context.stop.cancelled() => return,
            outcome = attempt(&context, app, &target) => outcome,
        };
        match outcome {
            Ok(()) => return,
            Err(HandshakeError::NoAnswer { .. }) => (),
            Err(error @ HandshakeError::NotEchoed { .. }) => {
                tracing::warn!(error = &error as &dyn std::error::Error, url = target.url, "callback not verified");
                return;
            }
        }
        tokio::select! {
            () = context.stop.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => (),
        }
    }
}
