//! Errors as JSON: a code for programs, a sentence for people, and what to do.

use axum::Json;
use axum::extract::rejection::{JsonRejection, QueryRejection};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use crate::boot::NoScript;
use crate::controller::ControlError;
use crate::deployment::DeploymentError;
use crate::installer::AnswersError;
use crate::store::StoreError;
use crate::templates::TemplatesError;

/// What a request gets that cannot be fulfilled.
#[derive(Debug)]
pub(crate) struct ApiError {
    status: StatusCode,
    code: &'static str,
    message: String,
    remedy: &'static str,
}

impl ApiError {
    pub(crate) fn new(
        status: StatusCode,
        code: &'static str,
        message: impl Into<String>,
        remedy: &'static str,
    ) -> Self {
        Self { status, code, message: message.into(), remedy }
    }

    pub(crate) fn bad_request(message: impl Into<String>, remedy: &'static str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad-request", message, remedy)
    }

    pub(crate) fn unauthorized(message: &'static str, remedy: &'static str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", message, remedy)
    }

    pub(crate) fn forbidden(message: impl Into<String>, remedy: &'static str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", message, remedy)
    }

    pub(crate) fn not_found(message: impl Into<String>, remedy: &'static str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not-found", message, remedy)
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "method-not-allowed",
            "this is not done with that HTTP method",
            "the header Allow names those that work",
        )
    }

    fn internal(message: String) -> Self {
        tracing::error!("{message}");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message, "look into the server's log, and try again")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let body = json!({"error": {"code": self.code, "message": self.message, "remedy": self.remedy}});
        (self.status, Json(body)).into_response()
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken { .. } => Self::new(
                StatusCode::CONFLICT,
                "taken",
                error.to_string(),
                "choose another, or change the machine that has it",
            ),
            other => Self::internal(other.to_string()),
        }
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> Self {
        match error {
            ControlError::NotFound(_) => Self::not_found(error.to_string(), "`firstlight machines` shows them all"),
            ControlError::Rejected(_) => Self::new(
                StatusCode::CONFLICT,
                "not-possible-now",
                error.to_string(),
                "look at the machine's status, and do what comes first",
            ),
            ControlError::Store(error) => error.into(),
            ControlError::Busy(_) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "busy", error.to_string(), "try again in a moment")
            }
        }
    }
}

impl From<DeploymentError> for ApiError {
    fn from(error: DeploymentError) -> Self {
        let remedy = match &error {
            DeploymentError::NoInventory => "commission the machine",
            DeploymentError::NoImage(_) => "build the image, or name one that is there",
            DeploymentError::Problems(_) => "correct the configuration where the positions point",
            DeploymentError::Template(_) | DeploymentError::Answers(_) => TEMPLATE_REMEDY,
            DeploymentError::NotTaken { .. } => "put it into the template of the installer's answers, or name an image",
        };
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "not-deployable", error.to_string(), remedy)
    }
}

const TEMPLATE_REMEDY: &str = "correct the template; `firstlight preseed explain` shows which one, and what it becomes";

impl From<TemplatesError> for ApiError {
    fn from(error: TemplatesError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-template", error.to_string(), TEMPLATE_REMEDY)
    }
}

impl From<AnswersError> for ApiError {
    fn from(error: AnswersError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "bad-template", error.to_string(), TEMPLATE_REMEDY)
    }
}

impl From<NoScript> for ApiError {
    fn from(error: NoScript) -> Self {
        match error {
            NoScript::Stranger(_) => Self::forbidden(error.to_string(), "boot by DHCP from this server"),
            NoScript::Unknown(_) => Self::forbidden(error.to_string(), "boot on this server's own link"),
            NoScript::Control(error) => error.into(),
        }
    }
}

impl From<JsonRejection> for ApiError {
    fn from(rejection: JsonRejection) -> Self {
        Self::new(
            rejection.status(),
            "bad-json",
            rejection.body_text(),
            "send JSON with the fields that the documentation names",
        )
    }
}

impl From<QueryRejection> for ApiError {
    fn from(rejection: QueryRejection) -> Self {
        Self::bad_request(rejection.body_text(), "correct the query")
    }
}
