//! Lines of the log, written by a thread of its own. What is logged is decided elsewhere.
//!
//! To tell of trouble must not be trouble: whoever logs hands a line over and goes on. A reader that is
//! gone, a disk that is full or a pipe that nobody empties costs lines, never a vote: they are dropped
//! and counted ([`dropped`]), and once a line can be written again the log says how many are missing.

use std::{
    io::{self, Write},
    panic::PanicHookInfo,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::{
    MakeWriter,
    format::Writer,
    time::{FormatTime, SystemTime},
};

/// Lines that wait to be written.
const LINES_MAX: usize = 1024;
/// The most bytes of one line; the rest of a longer one is cut off.
const LINE_BYTES_MAX: usize = 16 << 10;
/// How long the end of the process waits for the last lines.
const LAST_WORDS_WITHIN: Duration = Duration::from_secs(1);
/// A descriptor that says "not now" is asked again after this.
const AGAIN_AFTER: Duration = Duration::from_millis(10);

/// Lines that were not written since the start of the process, whose log there is only one of.
static DROPPED: AtomicU64 = AtomicU64::new(0);

/// Number of log lines of this process that were lost.
#[must_use]
pub fn dropped() -> u64 {
    DROPPED.load(Ordering::Relaxed)
}

fn drop_one() {
    DROPPED.fetch_add(1, Ordering::Relaxed);
}

enum Order {
    Line(Vec<u8>),
    /// Answered once everything before it was written or dropped.
    Flush(SyncSender<()>),
    /// The line after which none is written, and answered as a flush is.
    Last(Vec<u8>, SyncSender<()>),
}

/// Where lines are handed over. Cheap to clone; never waits.
#[derive(Clone)]
pub struct LogWriter(SyncSender<Order>);

impl std::fmt::Debug for LogWriter {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("Log")
    }
}

impl LogWriter {
    /// Starts the thread that writes to `out`.
    ///
    /// # Errors
    /// If the system has no thread left.
    pub fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (sender, orders) = sync_channel(LINES_MAX);
        thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_all(&orders, out))?;
        Ok(Self(sender))
    }

    /// Hands over one line, with its line feed. Dropped and counted if too many wait.
    pub fn line(&self, mut bytes: Vec<u8>) {
        if bytes.len() > LINE_BYTES_MAX {
            bytes.truncate(LINE_BYTES_MAX);
            bytes.push(b'\n');
        }
        if self.0.try_send(Order::Line(bytes)).is_err() {
            drop_one();
        }
    }

    /// Says the last words and waits, within a bound, until they and all before them are written. What
    /// other threads say later is dropped, so that whoever reads the end of the log reads why.
    pub fn end_with(&self, words: &str) {
        let words = format!("{words}\n").into_bytes();
        self.wait_for(|done| Order::Last(words, done));
    }

    /// Waits, within a bound, until everything before is written or dropped.
    pub fn flush(&self) {
        self.wait_for(Order::Flush);
    }

    fn wait_for(&self, order: impl FnOnce(SyncSender<()>) -> Order) {
        let (done, is_done) = sync_channel(1);
        let mut order = order(done);
        let tries = LAST_WORDS_WITHIN.as_millis() / AGAIN_AFTER.as_millis();
        for _ in 0..tries {
            match self.0.try_send(order) {
                Ok(()) => {
                    let _late = is_done.recv_timeout(LAST_WORDS_WITHIN);
                    return;
                }
                Err(TrySendError::Full(back)) => order = back,
                Err(TrySendError::Disconnected(_)) => return,
            }
            thread::sleep(AGAIN_AFTER);
        }
    }

    /// From now on a panic is a line of the log like any other, and cannot block on a full pipe.
    pub fn take_panics(&self) {
        let log = self.clone();
        std::panic::set_hook(Box::new(move |panic| log.line(of_panic(panic))));
    }
}

/// A place for one line of `tracing`, which writes a line with one call.
#[derive(Debug)]
pub struct LineWriter(LogWriter);

impl Write for LineWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.line(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = LineWriter;

    fn make_writer(&'a self) -> LineWriter {
        LineWriter(self.clone())
    }
}

/// Writes until the last handle is gone or the last words are said. Nothing here may panic: nobody would
/// say so.
fn write_all(orders: &Receiver<Order>, mut out: impl Write) {
    let mut told = 0;
    let mut is_torn = false;
    while let Ok(order) = orders.recv() {
        let (line, done, is_last) = match order {
            Order::Line(line) => (Some(line), None, false),
            Order::Flush(done) => (None, Some(done), false),
            Order::Last(line, done) => (Some(line), Some(done), true),
        };
        if let Some(line) = line {
            let lost = dropped();
            let mut text = Vec::new();
            if is_torn {
                text.push(b'\n');
            }
            if lost > told {
                text.extend(of_lost(lost - told));
            }
            text.extend(line);
            match write_whole(&mut out, &text) {
                Ok(()) => (told, is_torn) = (lost, false),
                Err(began) => {
                    is_torn |= began;
                    drop_one();
                }
            }
        }
        if let Some(done) = done {
            let _flushed = out.flush();
            let _gone = done.try_send(());
        }
        if is_last {
            return;
        }
    }
}

/// Whether some bytes were written if not all were.
fn write_whole(out: &mut impl Write, mut bytes: &[u8]) -> Result<(), bool> {
    let length = bytes.len();
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(bytes.len() < length),
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => thread::sleep(AGAIN_AFTER),
            Err(_) => return Err(bytes.len() < length),
        }
    }
    Ok(())
}

/// A line as the others are, for what cannot go through `tracing`.
fn json(level: &str, fields: &serde_json::Value) -> Vec<u8> {
    let mut time = String::new();
    let _infallible = SystemTime.format_time(&mut Writer::new(&mut time));
    let line = serde_json::json!({
        "timestamp": time, "level": level, "fields": fields, "target": module_path!(),
    });
    format!("{line}\n").into_bytes()
}

fn of_lost(count: u64) -> Vec<u8> {
    let message = "log lines were dropped: what takes the log was gone, full or too slow";
    let fields = serde_json::json!({"event": "log-lines-lost", "count": count, "message": message});
    json("WARN", &fields)
}

fn of_panic(panic: &PanicHookInfo<'_>) -> Vec<u8> {
    let place = panic.location().map(ToString::to_string);
    let thread = thread::current().name().map(ToOwned::to_owned);
    let trace = std::backtrace::Backtrace::capture();
    let trace =
        (trace.status() == std::backtrace::BacktraceStatus::Captured).then(|| trace.to_string());
    let fields = serde_json::json!({
        "event": "panic", "message": panic.payload_as_str(), "place": place, "thread": thread, "trace": trace,
    });
    json("ERROR", &fields)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Something to write to that works, fails or stands still as the test says.
    #[derive(Clone, Default)]
    struct Out {
        written: Arc<Mutex<Vec<u8>>>,
        is_full: Arc<Mutex<bool>>,
        /// Held by the test for as long as writing stands still.
        gate: Arc<Mutex<()>>,
    }

    impl Write for Out {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _open = self.gate.lock().unwrap();
            let mut written = self.written.lock().unwrap();
            if !*self.is_full.lock().unwrap() {
                written.extend(bytes);
                return Ok(bytes.len());
            }
            // The disk takes a little more before it says that it is full.
            if written.last() == Some(&b'\n') && !bytes.is_empty() {
                written.extend(&bytes[..1]);
                return Ok(1);
            }
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Out {
        fn text(&self) -> String {
            String::from_utf8(self.written.lock().unwrap().clone()).unwrap()
        }
    }

    // One test, since the count is the process's.
    #[test]
    fn lines_that_cannot_be_written_are_dropped_counted_and_told() {
        let out = Out::default();
        let log = LogWriter::start(out.clone()).unwrap();
        let mut before = dropped();
        log.line(b"one\n".to_vec());
        log.flush();
        *out.is_full.lock().unwrap() = true;
        for _ in 0..3 {
            log.line(b"lost\n".to_vec());
        }
        log.flush();
        assert_eq!(dropped() - before, 3);
        *out.is_full.lock().unwrap() = false;
        log.line(b"two\n".to_vec());
        log.flush();
        let text = out.text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            (lines[0], lines[1], lines[3]),
            ("one", "l", "two"),
            "{text}"
        );
        let told: serde_json::Value = serde_json::from_str(lines[2]).unwrap();
        assert_eq!(told["fields"]["event"], "log-lines-lost");
        assert_eq!(told["fields"]["count"], 3 + before);
        // A reader that stands still: nobody waits for it, and the count says what it cost.
        before = dropped();
        let gate = out.gate.lock().unwrap();
        for _ in 0..2 * LINES_MAX {
            log.line(b"much\n".to_vec());
        }
        let lost = dropped() - before;
        assert!(lost >= LINES_MAX as u64 - 1, "{lost}");
        drop(gate);
        log.flush();
        // No line is longer than its bound.
        log.line(vec![b'x'; 10 * LINE_BYTES_MAX]);
        log.flush();
        assert_eq!(out.text().lines().last().unwrap().len(), LINE_BYTES_MAX);
        let count = dropped();
        log.end_with("the end");
        log.line(b"too late\n".to_vec());
        log.flush();
        let text = out.text();
        // Told in as many pieces as there were lines that came through in between.
        let told = text.lines().filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).ok()?;
            (line["fields"]["event"] == "log-lines-lost")
                .then(|| line["fields"]["count"].as_u64())?
        });
        assert_eq!(told.sum::<u64>(), count, "{text}");
        assert!(text.ends_with("the end\n"));
        assert_eq!(
            text.matches("much").count() as u64,
            2 * LINES_MAX as u64 - lost
        );
    }
}
