//! The JSON API: the same views as the pages, documented in OpenAPI.
mod adapters;
mod change;
mod read;

use crate::state::WebState;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The document's head.
#[derive(OpenApi)]
#[openapi(info(
    title = "Winback",
    description = "The customers a company is about to lose, why, and what to do about it. Words come in the language of \
        `?lang=` (zh-TW, zh-CN, en), of the language cookie, or of Accept-Language. Errors are problem+json (RFC 9457). Where \
        the dashboard has people, send `Authorization: Bearer <token>`. Changes are sent as application/json."
))]
struct Document;

pub(crate) fn router() -> OpenApiRouter<WebState> {
    let v1 = OpenApiRouter::new()
        .routes(routes!(read::overview))
        .routes(routes!(read::customers))
        .routes(routes!(read::customer))
        .routes(routes!(read::what_if))
        .routes(routes!(read::random))
        .routes(routes!(read::strategy))
        .routes(routes!(read::model))
        .routes(routes!(read::models))
        .routes(routes!(read::model_watch))
        .routes(routes!(read::thresholds))
        .routes(routes!(read::defects))
        .routes(routes!(read::actions))
        .routes(routes!(adapters::all))
        .routes(routes!(adapters::evaluation))
        .routes(routes!(adapters::mails))
        .routes(routes!(adapters::draw, adapters::vote))
        .routes(routes!(change::decide))
        .routes(routes!(change::write));
    OpenApiRouter::with_openapi(Document::openapi()).nest("/api/v1", v1).route("/api/actions", axum::routing::get(read::actions))
}
