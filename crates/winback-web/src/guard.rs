//! The door: which host, which language, who, and from where; and the headers every answer carries.
use crate::auth::{Ability, PersonRole, person_of};
use crate::pages;
use crate::problem::Problem;
use crate::state::WebState;
use crate::url;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use winback_core::locale::Locale;
use winback_core::portfolio::DEFAULT_LOCALE;

/// The cookie that holds a person's token.
pub(crate) const SESSION_COOKIE: &str = "winback_session";
const LANGUAGE_COOKIE: &str = "winback_lang";

/// Who came, in which language, and to which address.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    pub locale: Locale,
    /// The name and role; `None` where the dashboard is open.
    pub person: Option<(String, PersonRole)>,
    pub path: String,
    pub query: Vec<(String, String)>,
}

impl Visit {
    pub(crate) fn may(&self, ability: Ability) -> bool {
        self.person.as_ref().is_none_or(|(_, role)| role.may(ability))
    }

    pub(crate) fn need(&self, ability: Ability) -> Result<(), Problem> {
        if self.may(ability) { Ok(()) } else { Err(Problem::NotAllowed) }
    }

    /// Returns the name that stands beside a decision.
    pub(crate) fn name(&self) -> String {
        self.person.as_ref().map_or_else(|| "local user".to_owned(), |(name, _)| name.clone())
    }

    pub(crate) fn param(&self, name: &str) -> &str {
        self.query.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

/// Lets a request in or says why not, and dresses the answer.
pub(crate) async fn guard(State(state): State<WebState>, mut request: Request, next: Next) -> Response {
    let headers = request.headers();
    let query = url::pairs(request.uri().query());
    let asked = query.iter().find(|(name, _)| name == "lang").and_then(|(_, tag)| Locale::from_tag(tag));
    let locale = asked.or_else(|| locale_of(headers)).unwrap_or(DEFAULT_LOCALE);
    let mut visit = Visit { locale, person: None, path: request.uri().path().to_owned(), query };
    let refusal = admit(&state, &request, &mut visit).err();
    request.extensions_mut().insert(visit.clone());
    let response = match refusal {
        None => next.run(request).await,
        Some(Problem::SignInNeeded) if !is_api(&visit.path) && request.method() == Method::GET => {
            let back = request.uri().path_and_query().map_or("/", |target| target.as_str());
            Redirect::to(&format!("/sign-in?back={}", url::encode(back))).into_response()
        }
        Some(problem) => problem.into_response(),
    };
    let mut response = as_page(response, &visit);
    dress(&visit.path, response.headers_mut());
    if let Some(locale) = asked {
        remember_language(response.headers_mut(), locale);
    }
    response
}

fn admit(state: &WebState, request: &Request, visit: &mut Visit) -> Result<(), Problem> {
    let host = host_of(request).unwrap_or_default();
    if !is_known_host(&host, &state.hosts) {
        return Err(Problem::ForeignHost { host });
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        check_origin(request.headers(), &host)?;
    }
    let open = state.people.is_empty() || visit.path == "/sign-in" || visit.path.starts_with("/static/");
    let token = token_of(request.headers());
    visit.person = token.and_then(|token| person_of(&state.people, &token).map(|person| (person.name.clone(), person.role)));
    if open || visit.person.is_some() { Ok(()) } else { Err(Problem::SignInNeeded) }
}

fn host_of(request: &Request) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    header.or_else(|| request.uri().authority().map(|authority| authority.as_str())).map(str::to_owned)
}

/// Returns whether a Host header names this machine or a configured name. A page of another site that
/// points its own name at this machine (DNS rebinding) is refused here.
pub(crate) fn is_known_host(host: &str, configured: &[String]) -> bool {
    let name = match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or(host),
    };
    let loopback = name.eq_ignore_ascii_case("localhost") || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    loopback || configured.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Refuses a change that a page of another site could have sent: the origin must be this host; without an
/// origin (a program), the body must be of a kind that no form can send.
fn check_origin(headers: &HeaderMap, host: &str) -> Result<(), Problem> {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let same = |address: &str| {
        let rest = address.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().is_some_and(|authority| authority.eq_ignore_ascii_case(host))
    };
    let fits = match (text(header::ORIGIN), text(header::REFERER)) {
        (Some(origin), _) => same(origin),
        (None, Some(referer)) => same(referer),
        (None, None) => text(header::CONTENT_TYPE).is_some_and(|kind| kind.starts_with("application/json")),
    };
    let crossed = headers.get("sec-fetch-site").is_some_and(|value| value != "same-origin" && value != "none");
    if fits && !crossed { Ok(()) } else { Err(Problem::ForeignOrigin) }
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let found = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('=')).find(|(known, _)| *known == name);
    found.map(|(_, value)| url::decode(value))
}

fn token_of(headers: &HeaderMap) -> Option<String> {
    let bearer = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).and_then(|text| text.strip_prefix("Bearer "));
    bearer.map(str::to_owned).or_else(|| cookie(headers, SESSION_COOKIE))
}

fn locale_of(headers: &HeaderMap) -> Option<Locale> {
    let remembered = cookie(headers, LANGUAGE_COOKIE).and_then(|tag| Locale::from_tag(&tag));
    remembered.or_else(|| {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())?;
        preferred(accepted)
    })
}

/// Returns the known language with the greatest weight of an Accept-Language header (RFC 9110, 12.5.4).
fn preferred(accepted: &str) -> Option<Locale> {
    let weighted = accepted.split(',').filter_map(|part| {
        let (tag, rest) = part.split_once(';').unwrap_or((part, ""));
        let weight = rest.trim().strip_prefix("q=").map_or(Some(1.0), |q| q.parse::<f64>().ok())?;
        Locale::from_tag(tag).filter(|_| weight > 0.0).map(|locale| (weight, locale))
    });
    weighted
        .fold(None, |best: Option<(f64, Locale)>, next| if best.is_some_and(|b| b.0 >= next.0) { best } else { Some(next) })
        .map(|best| best.1)
}

fn remember_language(headers: &mut HeaderMap, locale: Locale) {
    let line = format!("{LANGUAGE_COOKIE}={}; Path=/; Max-Age=31536000; SameSite=Lax; HttpOnly", locale.tag());
    if let Ok(value) = HeaderValue::from_str(&line) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn is_api(path: &str) -> bool {
    path.starts_with("/api/")
}

/// Turns a problem of a page into a page; the API's stay problem+json.
fn as_page(mut response: Response, visit: &Visit) -> Response {
    match response.extensions_mut().remove::<Problem>() {
        Some(problem) if !is_api(&visit.path) => pages::problem::page(&problem, visit).unwrap_or(response),
        _ => response,
    }
}

const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const DOCS_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'";
/// A mail is shown as it would arrive, with its own styles, but can run, load and submit nothing.
const MAIL_POLICY: &str =
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

fn dress(path: &str, headers: &mut HeaderMap) {
    let policy = match path {
        "/mail" => MAIL_POLICY,
        _ if path.starts_with("/api/docs") => DOCS_POLICY,
        _ => PAGE_POLICY,
    };
    let fixed = [
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_or_a_configured_name_is_answered() {
        let check = |host: &str, known: bool| assert_eq!(is_known_host(host, &["crm.example".into()]), known, "{host}");
        check("localhost:7878", true);
        check("127.0.0.1", true);
        check("127.8.9.1:80", true);
        check("[::1]:7878", true);
        check("CRM.example:443", true);
        check("evil.example", false);
        check("localhost.evil.example", false);
        check("10.0.0.1", false);
        check("", false);
    }

    #[test]
    fn the_preferred_known_language_is_taken() {
        let check = |header: &str, expected: Option<Locale>| assert_eq!(preferred(header), expected, "{header}");
        check("zh-TW,zh;q=0.9,en;q=0.8", Some(Locale::ZhTw));
        check("fr,en;q=0.5,zh-CN;q=0.7", Some(Locale::ZhCn));
        check("zh-Hant-HK", Some(Locale::ZhTw));
        check("fr", None);
        check("en;q=0", None);
        check("en;q=x, zh-CN;q=0.1", Some(Locale::ZhCn));
    }
}
