//! What can be asked for over HTTP, and the judgement and headers of every request.

use super::assets::{self, Asset};
use super::browser::{self, LARGEST, Seat};
use super::connection::Peer;
use super::files::{self, Download};
use super::{Shared, lock};
use crate::call::{Answer, Call};
use crate::gate::{Gate, LONGEST_MESSAGE, Refusal};
use axum::Router;
use axum::body::Body;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::{Extension, Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use std::sync::Arc;

type Ours = State<Arc<Shared>>;

/// Every response carries these.
const HEADERS: [(HeaderName, &str); 7] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    ),
];

/// All routes.
pub fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for asset in assets::all() {
        router = router.route(asset.path, get(move |headers: HeaderMap| page(asset, headers)));
    }
    router
        .route("/ws", get(websocket))
        .route("/urdf", get(urdf))
        .route("/mesh/{number}/{name}", get(mesh))
        .route("/recordings/{*name}", get(recording))
        .route("/api/state", get(state))
        .route("/api/history", get(history))
        .route("/api/call/{name}", post(call))
        .fallback(async || refused(StatusCode::NOT_FOUND, "there is nothing here"))
        .method_not_allowed_fallback(async || {
            refused(StatusCode::METHOD_NOT_ALLOWED, "not in this way")
        })
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), judge))
        .with_state(shared)
}

/// Judges a request before anything is done for it, and adds the headers to whatever becomes of it.
async fn judge(
    State(shared): Ours,
    Extension(Peer(peer)): Extension<Peer>,
    request: Request,
    next: Next,
) -> Response {
    let judged = {
        let mut gate = shared.gate();
        let headers = request.headers();
        let given = bearer(headers);
        let known = given.is_some() && gate.token(given, peer, shared.now()).is_ok();
        let counted = if known { Ok(()) } else { gate.request(peer, shared.now()) };
        let host = text(headers, header::HOST);
        let origin = || Gate::origin(text(headers, header::ORIGIN), host);
        let reads = matches!(*request.method(), Method::GET | Method::HEAD);
        let from_page = if reads && !is_upgrade(headers) { Ok(()) } else { origin() };
        counted.and_then(|()| gate.host(host)).and(from_page)
    };
    let mut response = match judged {
        Ok(()) if is_large(request.headers()) => {
            refused(StatusCode::PAYLOAD_TOO_LARGE, &Refusal::TooLong.to_string())
        }
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    text(headers, header::AUTHORIZATION)?.strip_prefix("Bearer ")
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

/// Nothing that we take has a body worth mentioning.
fn is_large(headers: &HeaderMap) -> bool {
    let length = text(headers, header::CONTENT_LENGTH).map(str::parse::<usize>);
    length.is_some_and(|length| length.is_ok_and(|length| length > LONGEST_MESSAGE))
}

fn refused(status: StatusCode, why: &str) -> Response {
    answer(status, &Answer::failed(why))
}

fn answer(status: StatusCode, answer: &Answer) -> Response {
    let Answer { success, message } = answer;
    let body = serde_json::json!({ "success": success, "message": message }).to_string();
    (status, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = match self {
            Self::NoToken | Self::WrongToken => StatusCode::UNAUTHORIZED,
            Self::ReadOnly | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::ForeignHost => StatusCode::MISDIRECTED_REQUEST,
            Self::UnknownCall => StatusCode::NOT_FOUND,
            Self::NotUnderstood => StatusCode::BAD_REQUEST,
            Self::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
        };
        refused(status, &self.to_string())
    }
}

/// A file of the page; nothing when the browser has it already.
async fn page(asset: &'static Asset, headers: HeaderMap) -> Response {
    let same = text(&headers, header::IF_NONE_MATCH).is_some_and(|tags| tags.contains(&asset.tag));
    let zipped = text(&headers, header::ACCEPT_ENCODING).is_some_and(|ways| ways.contains("gzip"));
    let mut response = match (same, zipped) {
        (true, _) => StatusCode::NOT_MODIFIED.into_response(),
        (false, true) => {
            ([(header::CONTENT_ENCODING, "gzip")], Body::from(asset.gzip.clone())).into_response()
        }
        (false, false) => Body::from(asset.plain.clone()).into_response(),
    };
    let own = [
        (header::CONTENT_TYPE, asset.media),
        (header::CACHE_CONTROL, "no-cache"),
        (header::ETAG, asset.tag.as_str()),
        (header::VARY, "accept-encoding"),
    ];
    for (name, value) in own {
        if let Ok(value) = HeaderValue::from_str(value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

async fn websocket(
    State(shared): Ours,
    Extension(Peer(peer)): Extension<Peer>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let Some(seat) = Seat::take(&shared) else {
        let why = format!("{} browsers watch already: close one", shared.clients);
        return refused(StatusCode::SERVICE_UNAVAILABLE, &why);
    };
    upgrade
        .max_message_size(LARGEST)
        .max_frame_size(LARGEST)
        .on_upgrade(move |socket| browser::serve(socket, seat, peer))
}

async fn urdf(State(shared): Ours) -> Response {
    let body = shared.meshes.urdf().to_owned();
    ([(header::CONTENT_TYPE, "application/xml")], body).into_response()
}

async fn mesh(State(shared): Ours, Path((number, _)): Path<(usize, String)>) -> Response {
    let missing = || refused(StatusCode::NOT_FOUND, "the description names no such mesh");
    let Some(file) = shared.meshes.file(number) else { return missing() };
    match files::stream(file).await {
        Some(Download { size, body }) => {
            let own = [
                (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
                (header::CONTENT_LENGTH, size.to_string()),
            ];
            (own, body).into_response()
        }
        None => missing(),
    }
}

async fn recording(State(shared): Ours, Path(name): Path<String>) -> Response {
    let missing = || refused(StatusCode::NOT_FOUND, "there is no such recording");
    let Some(folder) = shared.recordings.clone() else { return missing() };
    let Ok(place) = Arc::clone(&shared.downloads).try_acquire_owned() else {
        return refused(
            StatusCode::SERVICE_UNAVAILABLE,
            "too many downloads at a time: wait for one",
        );
    };
    let Some(Download { size, body }) = files::open(folder, name.clone()).await else {
        return missing();
    };
    let own = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, size.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&name)),
    ];
    (own, held(body, place)).into_response()
}

/// Keeps its place among the downloads as long as it runs.
fn held(body: Body, place: tokio::sync::OwnedSemaphorePermit) -> Body {
    use futures::StreamExt;
    let chunks = body.into_data_stream().map(move |chunk| {
        let _held = &place;
        chunk
    });
    Body::from_stream(chunks)
}

/// A file name that every system takes.
fn disposition(name: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._-".contains(c) { c } else { '_' };
    format!("attachment; filename=\"{}\"", name.chars().map(plain).collect::<String>())
}

/// Everything there is now, for programs.
async fn state(State(shared): Ours) -> Response {
    let body = shared.board.borrow().json();
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn history(State(shared): Ours, headers: HeaderMap) -> Response {
    let body = lock(&shared.ring).json();
    let zipped = text(&headers, header::ACCEPT_ENCODING).is_some_and(|ways| ways.contains("gzip"));
    let media = [(header::CONTENT_TYPE, "application/json")];
    if zipped {
        let encoding = [(header::CONTENT_ENCODING, "gzip")];
        return (media, encoding, Body::from(assets::gzip(body.as_bytes()))).into_response();
    }
    (media, body).into_response()
}

async fn call(
    State(shared): Ours,
    Extension(Peer(peer)): Extension<Peer>,
    Path(name): Path<String>,
    headers: HeaderMap,
) -> Response {
    let judged = shared.gate().token(bearer(&headers), peer, shared.now());
    if let Err(refusal) = judged {
        return refusal.into_response();
    }
    let Some(call) = Call::named(&name) else { return Refusal::UnknownCall.into_response() };
    let said = shared.call(call, peer).await;
    answer(if said.success { StatusCode::OK } else { StatusCode::CONFLICT }, &said)
}
