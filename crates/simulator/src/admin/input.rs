//! Reading a command, and refusing one with a sentence.

use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Query, Request};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;

use super::model::Complaint;
use crate::world::deeds::Sentence;

/// A command's JSON body, whatever its content type says.
pub(crate) struct Input<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Input<T> {
    type Rejection = Sentence;

    async fn from_request(request: Request, state: &S) -> Result<Self, Sentence> {
        let bytes = Bytes::from_request(request, state).await.map_err(|error| Sentence(error.body_text()))?;
        let command = serde_json::from_slice(&bytes);
        command.map(Self).map_err(|error| Sentence(format!("The body is not what this command takes: {error}.")))
    }
}

/// The values of a query.
pub(crate) fn query<T: DeserializeOwned>(uri: &Uri) -> Result<T, Sentence> {
    let query = Query::try_from_uri(uri);
    query.map(|Query(query)| query).map_err(|error| Sentence(format!("{}.", error.body_text())))
}

impl IntoResponse for Sentence {
    fn into_response(self) -> Response {
        (StatusCode::BAD_REQUEST, Json(Complaint { error: self.0 })).into_response()
    }
}
