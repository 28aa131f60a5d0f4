//! Coming in with a token, and leaving.
use super::{Page, render};
use crate::auth::person_of;
use crate::guard::{SESSION_COOKIE, Visit};
use crate::problem::Problem;
use crate::state::WebState;
use crate::url;
use askama::Template;
use axum::extract::{Extension, Form, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignInPage {
    page: Page,
    back: String,
    refused: bool,
}

#[derive(Deserialize)]
pub(crate) struct SignIn {
    token: String,
    #[serde(default)]
    back: String,
}

pub(crate) async fn show(visit: Extension<Visit>) -> Result<Response, Problem> {
    let back = url::local(visit.param("back")).to_owned();
    render(StatusCode::OK, &SignInPage { page: Page::new(&visit, None), back, refused: false })
}

pub(crate) async fn enter(State(state): State<WebState>, visit: Extension<Visit>, Form(form): Form<SignIn>) -> Result<Response, Problem> {
    let token = form.token.trim();
    let back = url::local(&form.back).to_owned();
    if person_of(&state.people, token).is_none() {
        let page = Page::new(&visit, None);
        return render(StatusCode::UNAUTHORIZED, &SignInPage { page, back, refused: true });
    }
    let cookie = format!("{SESSION_COOKIE}={}; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200", url::encode(token));
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to(&back)).into_response())
}

pub(crate) async fn leave() -> Response {
    let cookie = format!("{SESSION_COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0");
    ([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response()
}
