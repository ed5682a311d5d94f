//! Every way to change one thing in an answer: each value of its JSON, each line of its text, its bytes,
//! its status, its headers, or the whole of it for another true answer. Generated from the answer itself.

use serde_json::{Value, json};

use super::Answer;

/// Lines of a text that are changed one by one; of longer ones the middle is left out.
const LINES_MAX: usize = 120;
/// Places of a body at which a byte is flipped.
const FLIPS: usize = 24;

/// What becomes of a value or a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Another of the same type, near by.
    Near,
    /// Another of the same type, as far off as it goes.
    Far,
    /// Text that commands terminals.
    Hostile,
    /// Null, or an empty line.
    Null,
    /// It is missing.
    Missing,
    /// It and the next one have changed places.
    Swapped,
    /// It is there twice.
    Twice,
    /// A list in the other order.
    Reversed,
}

/// One way to lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The value with this number in the JSON.
    Value(usize, Change),
    /// The line with this number.
    Line(usize, Change),
    /// One byte, so many thousandths into the body.
    Flip(usize, u8),
    /// The body ends so many thousandths into it.
    Cut(usize),
    /// The body goes on.
    Grown,
    /// The status, and the body as it is.
    Status(u16),
    /// A problem of this code and status.
    Problem(String, u16),
    /// A header.
    Header(&'static str, &'static str),
    /// The true answer to another question of this kind, or to this one at another moment.
    Other(usize),
    /// The question reaches the node, and its answer nobody.
    Lost,
    /// The question does not reach the node.
    Unsent,
}

/// Text that a terminal would obey.
pub const HOSTILE: &str = "\u{1b}[2J\u{1b}[32m\u{202e}x\u{9b}31m\u{2028}y\u{200f}\u{7}";

/// All lies about an answer. `problems` are codes of problems with their statuses.
#[must_use]
pub fn about(answer: &Answer, problems: &[(String, u16)]) -> Vec<How> {
    let mut all = vec![How::Lost, How::Unsent, How::Grown];
    all.extend((0..super::REMEMBERED).map(How::Other));
    all.extend([0, 250, 500, 999].map(How::Cut));
    all.extend(
        [
            200, 202, 204, 301, 400, 401, 403, 404, 409, 422, 429, 500, 502, 503,
        ]
        .map(How::Status),
    );
    all.extend(
        problems
            .iter()
            .map(|(code, status)| How::Problem(code.clone(), *status)),
    );
    all.extend([
        How::Header("content-length", "1"),
        How::Header("content-length", "99999999"),
        How::Header("content-type", "text/html"),
        How::Header("content-encoding", "gzip"),
        How::Header("transfer-encoding", "chunked"),
        How::Header("retry-after", "99999999"),
        How::Header("location", "http://127.0.0.1:9/"),
    ]);
    if let Ok(value) = serde_json::from_slice::<Value>(&answer.body) {
        let changes = |value: &Value| match value {
            Value::Array(_) => &[
                Change::Null,
                Change::Missing,
                Change::Twice,
                Change::Reversed,
            ][..],
            Value::Object(_) => &[Change::Null, Change::Missing, Change::Swapped][..],
            _ => &[
                Change::Near,
                Change::Far,
                Change::Hostile,
                Change::Null,
                Change::Missing,
                Change::Swapped,
                Change::Twice,
            ][..],
        };
        for (at, path) in paths(&value).iter().enumerate() {
            if let Some(value) = value.pointer(path) {
                all.extend(changes(value).iter().map(|change| How::Value(at, *change)));
            }
        }
        return all;
    }
    all.extend((0..FLIPS).map(|at| How::Flip(at * 1000 / FLIPS, 1 << (at % 7))));
    let text = std::str::from_utf8(&answer.body).ok();
    let lines = text.map_or(0, |text| text.lines().count());
    let changes = [
        Change::Near,
        Change::Far,
        Change::Hostile,
        Change::Null,
        Change::Missing,
        Change::Swapped,
        Change::Twice,
    ];
    let edges = (0..lines).filter(|at| *at < LINES_MAX / 2 || lines - *at <= LINES_MAX / 2);
    all.extend(edges.flat_map(|at| changes.map(|change| How::Line(at, change))));
    all
}

/// Pointers to all values, the outer before the inner.
fn paths(value: &Value) -> Vec<String> {
    fn walk(value: &Value, path: String, all: &mut Vec<String>) {
        all.push(path.clone());
        match value {
            Value::Array(items) => {
                for (at, item) in items.iter().enumerate() {
                    walk(item, format!("{path}/{at}"), all);
                }
            }
            Value::Object(map) => {
                for (name, item) in map {
                    walk(item, format!("{path}/{name}"), all);
                }
            }
            _ => {}
        }
    }
    let mut all = Vec::new();
    walk(value, String::new(), &mut all);
    all
}

impl How {
    /// The answer with the lie in it; none if there is no answer at all.
    #[must_use]
    pub fn tell(self, mut answer: Answer, others: &[Answer]) -> Option<Answer> {
        match self {
            Self::Lost | Self::Unsent => return None,
            Self::Grown => answer.body.extend_from_slice(b"x\n"),
            Self::Cut(at) => answer.body.truncate(answer.body.len() * at / 1000),
            Self::Flip(at, bits) => {
                let at = answer.body.len() * at / 1000;
                if let Some(byte) = answer.body.get_mut(at) {
                    *byte ^= bits;
                }
            }
            Self::Status(status) => answer.status = status,
            Self::Problem(code, status) => {
                let detail = format!("a liar's words {HOSTILE}");
                let problem = json!({"code": code, "status": status, "detail": detail, "row": 1});
                answer = Answer {
                    status,
                    headers: vec![(
                        "content-type".to_owned(),
                        "application/problem+json".to_owned(),
                    )],
                    body: problem.to_string().into_bytes(),
                };
            }
            Self::Header(name, value) => {
                answer.headers.retain(|(other, _)| other != name);
                answer.headers.push((name.to_owned(), value.to_owned()));
            }
            Self::Other(at) => {
                if let Some(other) = others
                    .iter()
                    .rev()
                    .filter(|other| **other != answer)
                    .nth(at)
                {
                    answer = other.clone();
                }
            }
            Self::Value(at, change) => {
                let mut value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
                let paths = paths(&value);
                if !paths.is_empty() {
                    change_value(&mut value, &paths[at % paths.len()], change);
                }
                answer.body = value.to_string().into_bytes();
            }
            Self::Line(at, change) => {
                let text = String::from_utf8_lossy(&answer.body).into_owned();
                answer.body = change_line(&text, at, change).into_bytes();
            }
        }
        Some(answer)
    }
}

fn other(value: &Value, change: Change) -> Value {
    match (value, change) {
        (_, Change::Null) => Value::Null,
        (Value::Bool(is), _) => Value::Bool(!is),
        (Value::Number(number), Change::Near) => json!(number.as_u64().unwrap_or(0) + 1),
        (Value::Number(_), _) => json!(u64::MAX),
        (Value::String(_), Change::Hostile) => json!(HOSTILE),
        (Value::String(text), Change::Near) => json!(near(text)),
        (Value::String(_), _) => json!("x".repeat(5000)),
        (other, _) => other.clone(),
    }
}

fn change_value(whole: &mut Value, path: &str, change: Change) {
    let Some(value) = whole.pointer(path).cloned() else {
        return;
    };
    let Some((parent, name)) = path.rsplit_once('/') else {
        *whole = match (value, change) {
            (Value::Array(mut items), Change::Reversed) => {
                items.reverse();
                Value::Array(items)
            }
            (value, change) => other(&value, change),
        };
        return;
    };
    let Some(holder) = whole.pointer_mut(parent) else {
        return;
    };
    match (holder, change) {
        (Value::Object(map), Change::Missing) => drop(map.remove(name)),
        (Value::Array(items), Change::Missing) => {
            items.remove(name.parse().unwrap());
        }
        (Value::Array(items), Change::Twice) => items.insert(name.parse().unwrap(), value),
        (Value::Object(map), Change::Swapped) => {
            let mut names = map.keys().cloned().collect::<Vec<_>>().into_iter();
            let _before = names.by_ref().find(|other| other == name);
            let next = names.next().or_else(|| map.keys().next().cloned());
            if let Some(next) = next {
                let with = map.get(&next).cloned().unwrap_or_default();
                map.insert(next, value);
                map.insert(name.to_owned(), with);
            }
        }
        (Value::Array(items), Change::Swapped) => {
            let at: usize = name.parse().unwrap();
            let next = (at + 1) % items.len();
            items.swap(at, next);
        }
        (holder, change) => {
            let made = match (&value, change) {
                (Value::Array(items), Change::Twice) => {
                    let items = items.iter().chain(items.last()).cloned();
                    Value::Array(items.collect())
                }
                (Value::Array(items), Change::Reversed) => {
                    Value::Array(items.iter().rev().cloned().collect())
                }
                (value, change) => other(value, change),
            };
            if let Some(place) = holder.pointer_mut(&format!("/{name}")) {
                *place = made;
            }
        }
    }
}

/// The text with its first number one higher, or else its last letter another.
fn near(text: &str) -> String {
    if let Some(at) = text.find(|letter: char| letter.is_ascii_digit()) {
        let (before, rest) = text.split_at(at);
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        let (number, rest) = rest.split_at(end.unwrap_or(rest.len()));
        if let Some(next) = number
            .parse::<u64>()
            .ok()
            .and_then(|number| number.checked_add(1))
        {
            return format!("{before}{next}{rest}");
        }
    }
    match text.chars().last() {
        Some('x') => format!("{}y", &text[..text.len() - 1]),
        Some(last) => format!("{}x", &text[..text.len() - last.len_utf8()]),
        None => "x".to_owned(),
    }
}

fn change_line(text: &str, at: usize, change: Change) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(ToOwned::to_owned).collect();
    if lines.is_empty() {
        return "x\n".to_owned();
    }
    let at = at % lines.len();
    match change {
        Change::Missing => drop(lines.remove(at)),
        Change::Twice => lines.insert(at, lines[at].clone()),
        Change::Swapped | Change::Reversed => {
            let next = (at + 1) % lines.len();
            lines.swap(at, next);
        }
        Change::Null => lines[at] = "\n".to_owned(),
        Change::Near => lines[at] = format!("{}\n", near(lines[at].trim_end())),
        Change::Hostile => lines[at] = format!("{} {HOSTILE}\n", lines[at].trim_end()),
        Change::Far => {
            let word = lines[at].split(' ').next().unwrap_or_default().to_owned();
            lines[at] = format!("{} {}\n", word.trim_end(), "9".repeat(18));
        }
    }
    lines.concat()
}
