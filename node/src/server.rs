//! The accept loop under every HTTP port: bounds on connections, timers, and an orderly end.
//!
//! A connection waits for its client (new, in the middle of a request's head or body, or idle), or a request
//! of it is in hand, or its answer is being taken. Those that wait have timers and make room for newcomers,
//! the longest first, and whose body is awaited is answered 503; a request in hand is never cut off for
//! another, and an answer only when its client has had time to take it. Bodies have timers of their own
//! where they are read.

mod answer;
mod budget;
mod connection;
mod connections;
mod counts;
mod stream;

use std::{
    convert::Infallible,
    io::{self, Read, Write},
    net::Shutdown,
    pin::pin,
    sync::{Arc, LazyLock},
    time::Duration,
};

use axum::{
    Router,
    http::{Request, Version, header},
    response::{IntoResponse, Response},
};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::{Service, service_fn},
};
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
};

pub(crate) use self::connection::BodySource;
use self::{
    answer::Taken,
    connection::Connection,
    connections::{Admission, ConnectionSlot},
    stream::TimedStream,
};
pub use self::{
    budget::{Budget, BudgetShare, NoRoom},
    connections::Connections,
    counts::{ServingCounts, Turned},
};
use crate::{http::problem::ProblemResponse, limits};

/// A wait after the system could not accept: it has no descriptor or no memory for a moment.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);
/// What a connection is told for which there is no room, before anything of it is read.
static NO_ROOM: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let told = ProblemResponse::busy(
        "all connections of this node have requests in hand; try again in a moment, or ask another",
    );
    // Numbers and texts: there is nothing to fail.
    let body = serde_json::to_vec(&told.0).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    [head.into_bytes(), body].concat()
});

/// Serves `router` until `stop` says so; requests in hand then have a moment to end.
///
/// # Errors
/// When the listener cannot be taken over by this runtime.
pub async fn serve(
    listener: std::net::TcpListener,
    router: Router,
    connections: Arc<Connections>,
    mut stop: watch::Receiver<bool>,
) -> io::Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let service = TowerToHyperService::new(router);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // Whoever could say it has gone: that is the end too.
            _stopped = stop.wait_for(|stopped| *stopped) => break,
        };
        let (stream, from) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                connections.counts().turn_away(Turned::System);
                tracing::debug!(event = "not-accepted", %error);
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
                continue;
            }
        };
        match connections.admit(from.ip()).await {
            Admission::In(open) => {
                let _slower = stream.set_nodelay(true);
                tokio::spawn(carry(stream, open, service.clone(), stop.clone()));
            }
            Admission::Full => turn_away(stream),
        }
    }
    drop(listener);
    let closing = Duration::from_secs(limits::HTTP_CLOSING_SECONDS);
    let _over = tokio::time::timeout(closing, connections.all_closed()).await;
    Ok(())
}

/// Tells a connection that there is no room for it.
fn turn_away(stream: TcpStream) {
    // Asked of the system itself: the runtime has not heard yet that a new connection takes bytes.
    let Ok(mut stream) = stream.into_std() else {
        return;
    };
    let _gone = stream.write_all(&NO_ROOM);
    let _gone = stream.shutdown(Shutdown::Write);
    // With something unread left behind the system would reset the connection, and with it the answer.
    let _read = stream.read(&mut [0; limits::HTTP_HEAD_BYTES_MAX]);
}

/// Carries one connection to its end.
async fn carry<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    open: ConnectionSlot,
    service: TowerToHyperService<Router>,
    mut stop: watch::Receiver<bool>,
) {
    let connection = Arc::clone(open.connection());
    let stream = TokioIo::new(TimedStream::new(stream, Arc::clone(&connection)));
    let answering = Arc::clone(&connection);
    let answer = service_fn(move |mut request: Request<Incoming>| {
        answering.take_in_hand();
        let source = BodySource::new(Arc::clone(&answering));
        request.extensions_mut().insert(source);
        let answering = Arc::clone(&answering);
        let answered = has_host(&request).then(|| service.call(request));
        async move {
            let response = match answered {
                Some(answered) => match answered.await {
                    Ok(response) => response,
                    Err(never) => match never {},
                },
                None => ProblemResponse::bad_request("a request of HTTP/1.1 names its host once")
                    .into_response(),
            };
            Ok::<_, Infallible>(take(response, answering))
        }
    });
    let served = http1::Builder::new()
        .max_buf_size(limits::HTTP_HEAD_BYTES_MAX)
        .max_headers(limits::HTTP_HEADERS_MAX)
        .serve_connection(stream, answer);
    let mut served = pin!(served);
    tokio::select! {
        _ended = served.as_mut() => return,
        () = connection.overdue() => return,
        _stopped = stop.wait_for(|stopped| *stopped) => {}
    }
    served.as_mut().graceful_shutdown();
    tokio::select! {
        _ended = served => {}
        () = connection.overdue() => {}
    }
}

/// RFC 9112, section 3.2: under HTTP/1.1 exactly one Host.
fn has_host(request: &Request<Incoming>) -> bool {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    hosts == 1 || (hosts == 0 && request.version() == Version::HTTP_10)
}

/// An answer begins to be taken.
fn take(mut response: Response, connection: Arc<Connection>) -> axum::http::Response<Taken> {
    let held = response.extensions_mut().remove::<Arc<BudgetShare>>();
    connection.answer(held.as_ref());
    response.map(|body| Taken::new(body, held, connection))
}

#[cfg(test)]
mod tests;
