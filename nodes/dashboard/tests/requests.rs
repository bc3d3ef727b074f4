//! Real requests against the real server, without ROS: what is answered, what is refused, and that
//! nothing anybody sends makes it fall over.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)] // helpers of tests

mod wire;

use dashboard::server::{Meshes, Server, Setup};
use dashboard::view::{Kind, Update};
use dashboard::{Answer, Call, Config, Hello};
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use wire::{Reply, Socket, ask, get};

const TOKEN: &str = "correct-horse-battery";

/// The server and somebody who plays the node: answers calls, shows a frame every 5 ms.
struct Arm {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    steps: Arc<AtomicUsize>,
    end: Arc<AtomicBool>,
    node: Option<JoinHandle<Server>>,
}

impl Arm {
    fn start(token: Option<&str>, recordings: Option<PathBuf>) -> Self {
        let config = Config { port: 0, ..Config::default() };
        let host = config.validate().unwrap();
        let hello = Hello { namespace: "/".into(), ..Hello::default() };
        let urdf = r#"<robot name="a"><mesh filename="package://gone/x.stl"/></robot>"#;
        let meshes = Meshes::of(urdf, |_| None);
        let mut setup = Setup::new(&config, host, token.map(str::to_owned), hello, meshes);
        setup.recordings = recordings;
        let mut server = Server::start(setup, 600.0).unwrap();
        let until = Instant::now() + Duration::from_secs(10);
        while server.address().is_none() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(5));
        }
        let address = server.address().expect("it listens");
        let (calls, steps) = (Arc::<Mutex<Vec<Call>>>::default(), Arc::<AtomicUsize>::default());
        let end = Arc::<AtomicBool>::default();
        let node = {
            let (calls, steps, end) = (Arc::clone(&calls), Arc::clone(&steps), Arc::clone(&end));
            std::thread::spawn(move || {
                while !end.load(Ordering::Relaxed) {
                    let n = steps.fetch_add(1, Ordering::Relaxed);
                    let json = format!(r#"{{"k":"frame","n":{n},"fill":"{}"}}"#, "x".repeat(400));
                    server.publish(vec![Update { kind: Kind::Frame, json }]);
                    while let Some(request) = server.next_call() {
                        calls.lock().unwrap().push(request.call);
                        let message = format!("{} was done", request.call.name());
                        let _gone = request.reply.send(Answer { success: true, message });
                    }
                    std::thread::sleep(Duration::from_millis(5));
                }
                server
            })
        };
        Self { address, calls, steps, end, node: Some(node) }
    }

    fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    fn steps(&self) -> usize {
        self.steps.load(Ordering::Relaxed)
    }

    /// The server, for a last look.
    fn finish(mut self) -> Server {
        self.end.store(true, Ordering::Relaxed);
        self.node.take().unwrap().join().expect("the node did not fall over")
    }
}

fn folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("dashboard-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

fn post(arm: &Arm, call: &str, headers: &str) -> Reply {
    ask(arm.address, &format!("POST /api/call/{call} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"))
}

#[test]
fn the_page_its_parts_and_the_description_are_there() {
    let arm = Arm::start(None, None);
    let page = get(arm.address, "/");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("<title>Armature</title>"));
    for path in ["/style.css", "/app.js", "/view.js", "/vendor/scene.js", "/vendor/LICENSES.txt"] {
        assert_eq!(get(arm.address, path).status, 200, "{path}");
    }
    assert!(get(arm.address, "/urdf").text().contains("/mesh/0/x.stl"));
    assert_eq!(get(arm.address, "/mesh/0/x.stl").status, 404);
    assert_eq!(get(arm.address, "/mesh/1/x.stl").status, 404);
}

#[test]
fn every_answer_carries_the_security_headers_also_a_refusal() {
    let arm = Arm::start(None, None);
    let foreign = "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n";
    for reply in [get(arm.address, "/"), get(arm.address, "/nothing"), ask(arm.address, foreign)] {
        for header in ["content-security-policy", "x-frame-options", "x-content-type-options"] {
            assert!(reply.header(header).is_some(), "{} misses {header}", reply.status);
        }
    }
    let policy = get(arm.address, "/").header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("script-src 'self'") && !policy.contains("unsafe"), "{policy}");
}

#[test]
fn a_page_the_browser_has_is_not_sent_again_and_a_zipped_one_is_smaller() {
    let arm = Arm::start(None, None);
    let plain = get(arm.address, "/vendor/scene.js");
    let tag = plain.header("etag").unwrap();
    let again =
        format!("GET /vendor/scene.js HTTP/1.1\r\nHost: localhost\r\nIf-None-Match: {tag}\r\n\r\n");
    assert_eq!(ask(arm.address, &again).status, 304);
    let zipped =
        "GET /vendor/scene.js HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";
    assert!(ask(arm.address, zipped).body.len() * 3 < plain.body.len());
}

#[test]
fn without_a_token_nothing_is_asked_of_the_arm() {
    let arm = Arm::start(None, None);
    for call in Call::ALL {
        let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
        assert_eq!(post(&arm, call.name(), &bearer).status, 403);
    }
    let mut socket = Socket::open(arm.address, "");
    socket.text(&format!(r#"{{"id":1,"call":"stop","token":"{TOKEN}"}}"#));
    let answer = socket.answer(1);
    assert!(answer["message"].as_str().unwrap().starts_with("read-only"), "{answer}");
    assert_eq!(arm.calls(), []);
}

#[test]
fn a_call_needs_the_right_token_and_our_own_page() {
    let arm = Arm::start(Some(TOKEN), None);
    let bearer = format!("Authorization: Bearer {TOKEN}\r\n");
    assert_eq!(post(&arm, "stop", "").status, 401);
    assert_eq!(post(&arm, "stop", "Authorization: Bearer wrong-horse-battery\r\n").status, 401);
    let foreign = format!("{bearer}Origin: http://evil.example\r\n");
    assert_eq!(post(&arm, "stop", &foreign).status, 403);
    assert_eq!(post(&arm, "launch_missiles", &bearer).status, 404);
    assert_eq!(get(arm.address, "/api/call/stop").status, 405);
    assert_eq!(arm.calls(), []);
    let ours = format!("{bearer}Origin: http://localhost\r\n");
    let done = post(&arm, "stop", &ours);
    assert_eq!((done.status, done.text().contains("stop was done")), (200, true));
    assert_eq!(arm.calls(), [Call::Stop]);
}

#[test]
fn a_websocket_of_another_page_is_not_opened() {
    let arm = Arm::start(Some(TOKEN), None);
    let status = Socket::try_open(arm.address, "Origin: http://evil.example\r\n").err();
    assert_eq!(status, Some(403));
}

#[test]
fn a_browser_is_told_what_there_is_and_gets_its_calls_answered() {
    let arm = Arm::start(Some(TOKEN), None);
    let mut socket = Socket::open(arm.address, "Origin: http://localhost\r\n");
    let hello = socket.next();
    assert_eq!((&hello["k"], &hello["read_only"]), (&"hello".into(), &false.into()));
    socket.text(&format!(r#"{{"id":4,"call":"enable","token":"{TOKEN}"}}"#));
    let answer = socket.answer(4);
    assert_eq!((&answer["success"], &answer["message"]), (&true.into(), &"enable was done".into()));
}

/// Would catch: updates queued for a browser that takes none, a node that waits for it, a backlog of
/// old frames after it thaws.
#[test]
fn a_stuck_browser_gets_nothing_more_slows_nobody_and_goes_on_with_the_newest() {
    let arm = Arm::start(Some(TOKEN), None);
    let mut stuck = Socket::open(arm.address, "");
    let hello = stuck.next();
    let window = hello["window"].as_u64().unwrap() as usize;
    let before = arm.steps();
    std::thread::sleep(Duration::from_secs(2));
    assert!(arm.steps() - before > 200, "the node went on: {} steps", arm.steps() - before);

    // All that was on its way, without a single acknowledgement.
    let mut seen = 0;
    while stuck.poll(Duration::from_millis(300)).is_some() {
        seen += 1;
        assert!(seen <= window, "{seen} updates came unacknowledged, {window} are allowed");
    }
    assert!(seen >= window / 2, "{seen}");
    // A stop is heard all the same.
    stuck.text(&format!(r#"{{"id":9,"call":"stop","token":"{TOKEN}"}}"#));
    assert_eq!(stuck.answer(9)["success"], true);
    // It thaws, and the first thing it gets is new.
    let now = arm.steps();
    stuck.text(&format!(r#"{{"ack":{seen}}}"#));
    let fresh = stuck.next();
    assert!(fresh["n"].as_u64().unwrap() as usize + 20 > now, "{} of {now}", fresh["n"]);
}

#[test]
fn whoever_guesses_tokens_is_slowed_and_the_right_token_still_works() {
    let arm = Arm::start(Some(TOKEN), None);
    let guess =
        |n| post(&arm, "stop", &format!("Authorization: Bearer guess-number-{n}\r\n")).status;
    let refused: Vec<_> = (0..30).map(guess).collect();
    assert!(
        refused.contains(&429) && refused.iter().all(|s| [401, 429].contains(s)),
        "{refused:?}"
    );
    assert_eq!(arm.calls(), []);
    assert_eq!(post(&arm, "stop", &format!("Authorization: Bearer {TOKEN}\r\n")).status, 200);
}

#[test]
fn recordings_are_downloaded_whole_and_nothing_outside_the_folder_is() {
    let folder = folder("download");
    let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
    std::fs::create_dir_all(folder.join("line 1")).unwrap();
    std::fs::write(folder.join("line 1/ä.mcap"), &content).unwrap();
    std::fs::write(folder.join("../outside.mcap"), "secret").unwrap();
    let arm = Arm::start(None, Some(folder.clone()));
    let reply = get(arm.address, "/recordings/line%201/%C3%A4.mcap");
    assert_eq!((reply.status, reply.body == content), (200, true));
    let name = reply.header("content-disposition").unwrap();
    assert_eq!(name, "attachment; filename=\"line_1__.mcap\"");
    for path in
        ["../outside.mcap", "%2e%2e/outside.mcap", "..%2foutside.mcap", "/etc/passwd", "%00", ""]
    {
        let status = get(arm.address, &format!("/recordings/{path}")).status;
        assert!([400, 404].contains(&status), "{path}: {status}");
    }
    std::fs::remove_file(folder.join("../outside.mcap")).unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn more_browsers_than_seats_are_turned_away_with_a_reason() {
    let arm = Arm::start(None, None);
    let open: Vec<_> = (0..40).map(|_| Socket::try_open(arm.address, "")).collect();
    let seated = open.iter().filter(|socket| socket.is_ok()).count();
    let away = open.iter().filter(|socket| matches!(socket, Err(503))).count();
    assert_eq!((seated, away), (Config::default().clients, 24));
}

#[test]
fn a_request_that_is_too_large_is_refused_and_one_that_never_ends_is_given_up() {
    let arm = Arm::start(Some(TOKEN), None);
    let bearer = format!("Authorization: Bearer {TOKEN}\r\nContent-Length: 9000000\r\n");
    assert_eq!(post(&arm, "stop", &bearer).status, 413);
    let head = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}\r\n\r\n", "y".repeat(40_000));
    assert!([400, 431].contains(&ask(arm.address, &head).status));
    let mut socket = Socket::open(arm.address, "");
    socket.text(&"z".repeat(5_000));
    assert!(socket.ends_within(Duration::from_secs(5)), "a message of 5 kB must end the link");
    assert_eq!(arm.calls(), []);
}

#[test]
fn a_port_that_is_taken_is_named_and_taken_over_when_it_is_free() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config { port: taken.local_addr().unwrap().port(), ..Config::default() };
    let host = config.validate().unwrap();
    let setup = Setup::new(&config, host, None, Hello::default(), Meshes::default());
    let server = Server::start(setup, 600.0).unwrap();
    let wait = |what: &str, done: &dyn Fn() -> bool| {
        let until = Instant::now() + Duration::from_secs(10);
        while !done() {
            assert!(Instant::now() < until, "waited in vain: {what}");
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    wait("trouble is told", &|| server.trouble().contains(&config.port.to_string()));
    drop(taken);
    wait("it listens", &|| server.address().is_some() && server.trouble().is_empty());
}

/// One random request, from well-formed to garbage. None of them carries the token.
fn random_request(rng: &mut ChaCha8Rng) -> Vec<u8> {
    let methods =
        ["GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "CONNECT", "stop", ""];
    let calls: Vec<String> = Call::ALL.iter().map(|c| format!("/api/call/{}", c.name())).collect();
    let mut paths: Vec<&str> = calls.iter().map(String::as_str).collect();
    paths.extend([
        "/",
        "/ws",
        "/urdf",
        "/api/history",
        "/api/state",
        "/api/call/",
        "/mesh/0/x.stl",
    ]);
    paths.extend([
        "/mesh/99999999999999999999/x",
        "/recordings/../x",
        "/recordings/%ff%fe",
        "//",
        "*",
    ]);
    let hosts = ["localhost", "127.0.0.1", "[::1]:80", "evil.example", "", "localhost:0", "\u{e9}"];
    let mut text = format!(
        "{} {} HTTP/1.{}\r\nHost: {}\r\n",
        methods.choose(rng).unwrap(),
        paths.choose(rng).unwrap(),
        rng.random_range(0..3),
        hosts.choose(rng).unwrap()
    );
    let extras = [
        "Authorization: Bearer correct-horse-batter\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Basic Y29ycmVjdA==\r\n",
        "Origin: http://localhost\r\n",
        "Origin: null\r\n",
        "Upgrade: websocket\r\nConnection: Upgrade\r\n",
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        "Sec-WebSocket-Version: 99\r\n",
        "Accept-Encoding: gzip\r\n",
        "Content-Length: 12\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: 99999999999999999999999\r\n",
        "Transfer-Encoding: chunked\r\n",
        "If-None-Match: *\r\n",
        "Cookie: token=correct-horse-battery\r\n",
        "Range: bytes=0-\r\n",
        "Expect: 100-continue\r\n",
    ];
    for _ in 0..rng.random_range(0..6) {
        text += extras.choose(rng).unwrap();
    }
    text += "\r\n";
    let mut bytes = text.into_bytes();
    if rng.random_bool(0.3) {
        bytes.extend((0..rng.random_range(0..200)).map(|_| rng.random::<u8>()));
    }
    for _ in 0..(if rng.random_bool(0.4) { rng.random_range(1..12) } else { 0 }) {
        let at = rng.random_range(0..bytes.len());
        match rng.random_range(0..3) {
            0 => bytes[at] = rng.random(),
            1 => bytes.insert(at, rng.random()),
            _ => drop(bytes.remove(at)),
        }
    }
    bytes
}

/// One random text of a browser; none of them carries the token.
fn random_text(rng: &mut ChaCha8Rng) -> String {
    let call = Call::ALL.choose(rng).unwrap().name();
    let token = ["", "correct-horse-batter", "correct-horse-battery ", "null", "\u{0}"]
        .choose(rng)
        .unwrap();
    let id = rng.random_range(-5_i64..1 << 40);
    match rng.random_range(0..9) {
        0 => format!(r#"{{"ack":{}}}"#, rng.random::<u64>()),
        1 => format!(r#"{{"id":{id},"call":"{call}","token":{token:?}}}"#),
        2 => format!(r#"{{"id":{id},"call":"{call}"}}"#),
        3 => format!(r#"{{"id":{id},"unlock":true,"token":{token:?}}}"#),
        4 => format!(r#"{{"id":1,"call":"{call}","ack":3,"extra":[[[[]]]]}}"#),
        5 => "[".repeat(rng.random_range(0..900)),
        6 => String::new(),
        7 => format!(r#"{{"ack":1e{}}}"#, rng.random_range(0..999)),
        _ => (0..rng.random_range(0..60)).map(|_| rng.random::<char>()).collect(),
    }
}

/// Sends one thing over a WebSocket: text, binary, control or broken frames.
fn random_frame(rng: &mut ChaCha8Rng) -> Vec<u8> {
    if rng.random_bool(0.7) {
        return wire::frame(1, random_text(rng).as_bytes());
    }
    if rng.random_bool(0.5) {
        let payload: Vec<u8> = (0..rng.random_range(0..140)).map(|_| rng.random()).collect();
        return wire::frame(rng.random_range(0..16), &payload);
    }
    (0..rng.random_range(1..40)).map(|_| rng.random()).collect()
}

/// 10,000 requests, half of them over HTTP, half over WebSocket: every one is answered or its link is
/// closed, none reaches the arm, nothing panics, and the server serves on.
#[test]
fn ten_thousand_random_requests_are_answered_or_refused_and_none_reaches_the_arm() {
    const EACH: usize = 5_000;
    let panics = Arc::new(AtomicUsize::new(0));
    let (seen, before) = (Arc::clone(&panics), std::panic::take_hook());
    std::panic::set_hook(Box::new(move |info| {
        let thread = std::thread::current();
        if thread.name() == Some("http") || thread.name().is_some_and(|n| n.contains("tokio")) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
        before(info);
    }));
    let arm = Arm::start(Some(TOKEN), None);
    let mut rng = ChaCha8Rng::seed_from_u64(7);
    let (mut answered, mut closed) = (0, 0);
    for n in 0..EACH {
        let request = random_request(&mut rng);
        match wire::send(arm.address, &request, Duration::from_secs(20)) {
            wire::Outcome::Answered(_) => answered += 1,
            wire::Outcome::Closed => closed += 1,
            wire::Outcome::Silent => {
                panic!("request {n} got nothing: {}", String::from_utf8_lossy(&request));
            }
        }
    }
    assert!(answered > EACH / 2, "{answered} answered, {closed} closed");

    let mut links = 0;
    let mut sent = 0;
    while sent < EACH {
        let mut socket = Socket::open_patiently(arm.address);
        links += 1;
        while sent < EACH && socket.send(&random_frame(&mut rng)) {
            sent += 1;
            if rng.random_bool(0.2)
                && socket.poll(Duration::from_millis(1)).is_none()
                && socket.is_closed()
            {
                break;
            }
        }
    }
    assert!(links > 50, "broken frames end a link: {links}");
    println!("answered or refused: {}", answered + closed + sent);
    assert_eq!(panics.load(Ordering::Relaxed), 0, "nothing panics");
    assert_eq!(arm.calls(), [], "nothing reached the arm");

    // It still serves, and whoever has the token still gets through.
    assert_eq!(post(&arm, "stop", &format!("Authorization: Bearer {TOKEN}\r\n")).status, 200);
    assert_eq!(arm.calls(), [Call::Stop]);
    let server = arm.finish();
    assert!(server.is_alive());
}
