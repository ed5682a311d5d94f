//! A server beside the network that does nothing: the answers of a node, word for word, from memory. What
//! the same load costs there is the load's own price.

use std::{
    collections::BTreeMap,
    io::{Read, Write},
    net::{SocketAddr, TcpStream as Blocking},
};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use super::http::{length, read_head};

/// Whole answers by the first line of their questions.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Standing {
    /// The answers.
    pub answers: BTreeMap<String, Vec<u8>>,
}

fn first_line(head: &str) -> String {
    head.lines().next().unwrap_or_default().to_owned()
}

impl Standing {
    /// Learns what a node answers to a question, once it answers 200.
    pub fn learn(&mut self, node: SocketAddr, question: &str) {
        let answer = ask(node, question);
        assert!(answer.starts_with(b"HTTP/1.1 200 "), "{question}");
        self.answers.insert(first_line(question), answer);
    }

    /// Serves on `listener` for ever.
    pub async fn serve(self, listener: TcpListener) {
        let standing = std::sync::Arc::new(self);
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    let standing = std::sync::Arc::clone(&standing);
                    drop(tokio::spawn(async move {
                        let _ended = standing.answer_on(stream).await;
                    }));
                }
                Err(_) => tokio::time::sleep(std::time::Duration::from_millis(10)).await,
            }
        }
    }

    async fn answer_on(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut bytes = vec![0; 64 << 10];
        loop {
            let (head, rest) = read_head(&mut stream).await?;
            let mut left = length(&head).unwrap_or(0).saturating_sub(rest.len());
            while left > 0 {
                let most = left.min(bytes.len());
                match stream.read(&mut bytes[..most]).await? {
                    0 => return Ok(()),
                    read => left -= read,
                }
            }
            if let Some(answer) = self.answers.get(&first_line(&head)) {
                stream.write_all(answer).await?;
            }
        }
    }
}

/// Asks a node once, and takes the whole answer as it comes.
#[must_use]
pub fn ask(node: SocketAddr, question: &str) -> Vec<u8> {
    let mut stream = Blocking::connect(node).unwrap();
    // A node may answer and hang up before it has heard all of a question that is too long.
    let _all = stream.write_all(question.as_bytes());
    let mut answer = Vec::new();
    let mut piece = vec![0; 64 << 10];
    loop {
        let read = stream.read(&mut piece).unwrap();
        assert!(read > 0, "the answer ended before its end");
        answer.extend_from_slice(&piece[..read]);
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        if let Some(end) = end {
            let head = String::from_utf8_lossy(&answer[..end]).into_owned();
            if answer.len() >= end + 4 + length(&head).unwrap() {
                return answer;
            }
        }
    }
}
