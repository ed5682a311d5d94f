//! The body of an answer on its way: in small pieces, and its part of the budget held until it is taken.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use axum::body::Body;
use hyper::body::{Body as HttpBody, Bytes, Frame, SizeHint};

use super::{budget::BudgetShare, connection::Connection};

/// What is handed over at once. The rest is still ours, and so is its part of the budget.
const PIECE_BYTES: usize = 16 << 10;

/// A body, at whose end its connection has handed over all of the answer.
pub(super) struct Taken {
    body: Body,
    rest: Bytes,
    _held: Option<Arc<BudgetShare>>,
    _end: End,
}

struct End(Arc<Connection>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.hand_over();
    }
}

impl Taken {
    pub(super) fn new(
        body: Body,
        held: Option<Arc<BudgetShare>>,
        connection: Arc<Connection>,
    ) -> Self {
        Self {
            body,
            rest: Bytes::new(),
            _held: held,
            _end: End(connection),
        }
    }
}

impl HttpBody for Taken {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.rest.is_empty() {
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(Some(Ok(frame))) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(frame) => return Poll::Ready(Some(Ok(frame))),
                },
                other => return other,
            }
        }
        let piece = self.rest.len().min(PIECE_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(piece)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let (rest, body) = (self.rest.len() as u64, self.body.size_hint());
        let mut hint = SizeHint::new();
        hint.set_lower(body.lower().saturating_add(rest));
        if let Some(upper) = body.upper().and_then(|upper| upper.checked_add(rest)) {
            hint.set_upper(upper);
        }
        hint
    }
}
