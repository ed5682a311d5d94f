//! A node that lies: a proxy on loopback that asks a true node and changes one field of one answer.
//!
//! Not here: which lies there are (`lies`), and what a command must make of them.

pub mod lies;

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::Duration,
};

use lies::How;

/// Answers of one kind that are remembered, to be given again at another moment or for another question.
const REMEMBERED: usize = 4;
/// Bytes of an answer.
const ANSWER_BYTES_MAX: u64 = 64 << 20;

/// What a node answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Its headers, without those that the transport makes.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: Vec<u8>,
}

/// A question with its true answer.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Method and path, with ids and keys left out: what is asked, whichever thing it is asked of.
    pub kind: String,
    /// The true answer.
    pub answer: Answer,
}

/// One lie: how the answers of one kind are changed, from the one with this number on.
#[derive(Clone, Debug)]
pub struct Lie {
    /// Number of the exchange within the command, from 0.
    pub at: usize,
    /// What is asked there.
    pub kind: String,
    /// What becomes of the answer.
    pub how: How,
}

#[derive(Debug, Default)]
struct Session {
    lie: Option<Lie>,
    seen: Vec<Exchange>,
    told: usize,
    before: BTreeMap<String, Vec<Answer>>,
}

/// The proxy.
#[derive(Debug)]
pub struct Liar {
    /// Where it listens.
    pub url: String,
    session: Arc<Mutex<Session>>,
}

impl Liar {
    /// Stands before the node at `upstream`. Its threads end with the process.
    #[must_use]
    pub fn before(upstream: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let session = Arc::new(Mutex::new(Session::default()));
        let (shared, upstream) = (Arc::clone(&session), upstream.to_owned());
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, upstream) = (Arc::clone(&shared), upstream.clone());
                // Whoever hangs up has an answer or wants none.
                thread::spawn(move || serve(stream, &upstream, &shared));
            }
        });
        Self { url, session }
    }

    /// From now on tells this lie, or the truth.
    pub fn tell(&self, lie: Option<Lie>) {
        let mut session = self.session.lock().unwrap();
        session.lie = lie;
        session.seen.clear();
        session.told = 0;
    }

    /// All that was asked since, with the true answers, and how often the lie was told.
    #[must_use]
    pub fn seen(&self) -> (Vec<Exchange>, usize) {
        let session = self.session.lock().unwrap();
        (session.seen.clone(), session.told)
    }
}

/// What is asked, whichever thing it is asked of. Tiles are told apart.
fn kind_of(method: &str, path: &str) -> String {
    let path = path.split('?').next().unwrap_or_default();
    let part = |part: &str| {
        let is_hex = part.len() == 64 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex { "{id}" } else { part }.to_owned()
    };
    let path: Vec<String> = path.split('/').map(part).collect();
    format!("{method} {}", path.join("/"))
}

struct Request {
    method: String,
    path: String,
    content_type: Option<String>,
    body: Vec<u8>,
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut content_type) = (0, None);
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.trim().parse().ok()?,
            "content-type" => content_type = Some(value.trim().to_owned()),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path,
        content_type,
        body,
    })
}

fn ask(upstream: &str, request: &Request) -> Option<Answer> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(Duration::from_secs(60)))
        .http_status_as_error(false)
        .max_redirects(0)
        .build()
        .into();
    let url = format!("{upstream}{}", request.path);
    let kind = request.content_type.as_deref().unwrap_or("text/plain");
    let mut response = match request.method.as_str() {
        "GET" => agent.get(&url).call(),
        _ => agent
            .post(&url)
            .header("content-type", kind)
            .send(&request.body[..]),
    }
    .ok()?;
    let keep = ["content-type", "retry-after", "location"];
    let headers = response.headers().iter();
    let headers = headers
        .filter(|(name, _)| keep.contains(&name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("").to_owned()));
    let (status, headers) = (response.status().as_u16(), headers.collect());
    let body = response.body_mut().with_config().limit(ANSWER_BYTES_MAX);
    Some(Answer {
        status,
        headers,
        body: body.read_to_vec().ok()?,
    })
}

/// Answers one request and hangs up; gives nothing where somebody hung up before.
fn serve(stream: TcpStream, upstream: &str, session: &Mutex<Session>) -> Option<()> {
    let request = read(&stream)?;
    let kind = kind_of(&request.method, &request.path);
    let lie = {
        let mut session = session.lock().unwrap();
        let at = session.seen.len();
        let fits = |lie: &&Lie| lie.kind == kind && at >= lie.at;
        let lie = session.lie.as_ref().filter(fits).map(|lie| lie.how.clone());
        session.told += usize::from(lie.is_some());
        // Its place is taken before the node is asked: others may ask at the same time.
        session.seen.push(Exchange {
            kind: kind.clone(),
            answer: Answer {
                status: 0,
                headers: Vec::new(),
                body: Vec::new(),
            },
        });
        lie.map(|how| (at, how)).ok_or(at)
    };
    if matches!(lie, Ok((_, How::Unsent))) {
        return None;
    }
    let answer = ask(upstream, &request)?;
    let others = {
        let mut session = session.lock().unwrap();
        let at = match &lie {
            Ok((at, _)) | Err(at) => *at,
        };
        if let Some(seen) = session.seen.get_mut(at) {
            seen.answer = answer.clone();
        }
        let before = session.before.entry(kind).or_default();
        let others = before.clone();
        if !before.contains(&answer) {
            before.push(answer.clone());
        }
        // The oldest stays: nothing is staler.
        if before.len() > REMEMBERED {
            before.remove(1);
        }
        others
    };
    let given = match lie {
        Ok((_, how)) => how.tell(answer, &others)?,
        Err(_) => answer,
    };
    write(stream, &given)
}

fn write(mut stream: TcpStream, answer: &Answer) -> Option<()> {
    let mut head = format!("HTTP/1.1 {} Told\r\nconnection: close\r\n", answer.status);
    let mut length = Some(answer.body.len().to_string());
    for (name, value) in &answer.headers {
        if name == "content-length" {
            length = Some(value.clone());
        } else {
            head += &format!("{name}: {value}\r\n");
        }
    }
    // These two have no body.
    if matches!(answer.status, 204 | 304) {
        length = None;
    }
    if let Some(length) = length {
        head += &format!("content-length: {length}\r\n");
    }
    head += "\r\n";
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(&answer.body).ok()?;
    stream.flush().ok()
}
