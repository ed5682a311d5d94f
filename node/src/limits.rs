//! Every limit of a node towards clients and peers, each with its reason: the one table.
//!
//! `docs/operators.md` prints it and `/metrics` shows it. Bounds of formats are not here but beside
//! their decoders (`wire`, `protocol`), and the rules' limits are in the genesis.

/// One limit, for documents and metrics.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// Name of the constant.
    pub name: &'static str,
    /// The bound, in `unit`.
    pub value: u64,
    /// What is counted.
    pub unit: &'static str,
    /// Why the bound is what it is.
    pub reason: &'static str,
}

macro_rules! limits {
    ($($(#[doc = $reason:literal])+ $name:ident: $kind:ty = $value:expr, $unit:literal;)+) => {
        $($(#[doc = $reason])+ pub const $name: $kind = $value;)+

        /// All limits, in the order of this file.
        pub const ALL: &[Limit] = &[$(Limit {
            name: stringify!($name),
            value: $name as u64,
            unit: $unit,
            reason: concat!($($reason),+),
        }),+];
    };
}

limits! {
    /// HTTP connections at once. Fewer where the system allows fewer open files. A newcomer beyond it
    /// takes the place of the connection that has waited longest for its client: for a head or the rest of
    /// a body, which is answered 503, or, after a while, for an answer to be taken.
    HTTP_CONNECTIONS_MAX: usize = 2048, "connections";
    /// A node that could hold fewer HTTP connections does not start, and says which limit to raise.
    HTTP_CONNECTIONS_MIN: usize = 64, "connections";
    /// Part of the HTTP connections that one address may hold (one IPv4 address, one IPv6 /64): others
    /// always find room, and a reverse proxy in front has enough.
    HTTP_ADDRESS_PERCENT: usize = 50, "percent";
    /// Bytes of a request's head. The longest of our clients is below 1,000.
    HTTP_HEAD_BYTES_MAX: usize = 16 << 10, "bytes";
    /// Lines in a request's head, which proxies lengthen.
    HTTP_HEADERS_MAX: usize = 64, "lines";
    /// From the first byte of a request (on a new connection: from its beginning) to the end of its head.
    HTTP_HEAD_SECONDS: u64 = 10, "seconds";
    /// A connection without a request. Clients and proxies keep connections for 15 to 60 s.
    HTTP_IDLE_SECONDS: u64 = 60, "seconds";
    /// From the end of a request's head to the end of its body: 2 MB at 70 KB/s.
    HTTP_BODY_SECONDS: u64 = 30, "seconds";
    /// An answer must have been taken by its client within this: 2 MB at 17 KB/s.
    HTTP_ANSWER_SECONDS: u64 = 120, "seconds";
    /// An answer that has been on its way for less is not cut off for a newcomer: 2 MB at 200 KB/s.
    HTTP_ANSWER_STAYS_SECONDS: u64 = 10, "seconds";
    /// Requests in hand have this long to end when the node is told to stop.
    HTTP_CLOSING_SECONDS: u64 = 1, "seconds";
    /// Part of the HTTP connections that may wait for something to become final (`wait=`).
    HTTP_WAITS_PERCENT: usize = 50, "percent";
    /// Bytes of a body that brings entries: a bundle of 256 of the largest, or a batch.
    ENTRIES_BODY_BYTES_MAX: usize = 2 << 20, "bytes";
    /// Bytes of a body that asks for receipts: 256 ids.
    RECEIPTS_BODY_BYTES_MAX: usize = 32 << 10, "bytes";
    /// Bytes of all bodies that are being sent or worked on. When it is spent, the body that has been on
    /// its way longest is answered 503.
    BODIES_BYTES_MAX: usize = 32 << 20, "bytes";
    /// Bytes of all costly answers that are being taken. When it is spent, the client that has been
    /// taking longest is cut off, once it has had the patience below; nobody else is.
    ANSWERS_BYTES_MAX: usize = 64 << 20, "bytes";
    /// Costly answers that are made and wait for room among those that are being taken. More are answered 503.
    ANSWERS_WAITING_MAX: usize = 8, "answers";
    /// A costly read waits so long for a place, and its answer for room; it is then answered 503.
    PATIENCE_MS: u64 = 1000, "milliseconds";
    /// Requests in hand for one receipt or proof, of 0.3 ms each.
    PROOFS_IN_HAND_MAX: usize = 64, "requests";
    /// Requests in hand for many receipts, of 1.5 MB each.
    RECEIPTS_IN_HAND_MAX: usize = 8, "requests";
    /// Receipts of one request that are made before others have their turn.
    RECEIPTS_A_TURN: usize = 16, "receipts";
    /// Requests in hand for histories.
    HISTORIES_IN_HAND_MAX: usize = 4, "requests";
    /// Requests in hand for tiles, of 1 MB at the most.
    TILES_IN_HAND_MAX: usize = 16, "requests";
    /// Requests in hand for lists of clerks, registries, waiting records.
    LISTS_IN_HAND_MAX: usize = 4, "requests";
    /// Leaves that wait for a block: one block of the greatest length and the beginning of the next. Beyond
    /// it clients are told `busy`.
    QUEUE_ENTRIES_MAX: usize = 20_000, "leaves";
    /// Bytes of what waits for a block: 32 bodies of the greatest length.
    QUEUE_BYTES_MAX: usize = 64 << 20, "bytes";
    /// Leaves that wait from one agency, so that none fills the queue for all.
    QUEUE_AGENCY_ENTRIES_MAX: usize = 10_000, "leaves";
    /// Refusals that are remembered for whoever asks later what became of an entry.
    REFUSALS_KEPT_MAX: usize = 20_000, "entries";
    /// Records in one answer about an inbox.
    INBOX_RECORDS_MAX: usize = 1000, "records";
    /// Connections from peers that have not yet shown who they are. A newcomer beyond it takes the place
    /// of the one that has taken longest, strangers' addresses before peers'.
    PEER_HANDSHAKES_MAX: usize = 64, "connections";
    /// Messages that wait to be sent to one peer on one lane.
    PEER_QUEUE_MESSAGES_MAX: usize = 1024, "messages";
    /// Bytes that wait to be sent to one peer on one lane: four answers of catch-up.
    PEER_QUEUE_BYTES_MAX: u64 = 32 << 20, "bytes";
    /// Messages of all peers together that wait to be handled, on one lane.
    PEER_INBOX_MESSAGES_MAX: usize = 1024, "messages";
    /// What one peer may have waiting to be handled on one lane, in messages of the greatest length
    /// (2 MiB; 8 MiB of catch-up). A small one counts as 16 KiB. Beyond it the peer's lane waits.
    PEER_INBOX_FRAMES_MAX: u32 = 2, "messages";
    /// Entries that one peer tells of which are checked before other peers have their turn.
    PEER_ENTRIES_A_TURN: usize = 64, "entries";
    /// Parts of what peers tell that wait for a free core.
    PEER_JOBS_MAX: usize = 2, "parts";
    /// Requests with entries that wait for a free core; their bytes are bounded by the bodies' budget.
    CLIENT_JOBS_MAX: usize = 4096, "requests";
    /// Compact blocks that one peer may have gathered here, and blocks that it is asked for at once: a
    /// round has one, and rounds end while entries are fetched. Its own newer ones push out its older ones.
    PEER_COMPACT_BLOCKS_MAX: usize = 4, "blocks";
    /// Proposals of one validator that wait for their blocks, of as many rounds. Its own newer ones push
    /// out its older ones, and nobody else's.
    PEER_PROPOSALS_MAX: usize = 4, "proposals";
    /// Streams of one lane that one peer may have. Its node has one at a time; but where a second node uses
    /// its key, each must be heard, or each of them would end the other's and nobody be.
    PEER_STREAMS_MAX: usize = 2, "streams";
    /// Bad messages without a good one between them after which a peer is cut off. Peers of another version
    /// say good ones between; a flood has none.
    PEER_BAD_MESSAGES_MAX: u32 = 1000, "messages";
    /// A peer that was cut off is not let in again for so long: its flood then costs next to nothing, and
    /// one that was mended is back soon.
    PEER_CUT_SECONDS: u64 = 30, "seconds";
    /// Cosignatures of one agency that are kept for checkpoints that are not here. It can sign as many
    /// roots as it likes; a node that is a little behind needs those of the blocks that it lacks.
    AGENCY_ROOTS_MAX: usize = 64, "checkpoints";
    /// Table files that the database keeps open.
    DISK_TABLES_MAX: usize = ledger::OPEN_FILES_MAX as usize, "files";
    /// Files kept back besides: logs of the database, merging of tables, safety record, register, stdio.
    DISK_OTHERS: usize = 96, "files";
    /// With fewer free descriptors than this a node says that it is not ready.
    OPEN_FILES_FREE_MIN: u64 = 64, "files";
    /// With less room on the disk of the ledger, of the safety record or of the cosign state a node says
    /// that it is not ready. It goes on until a write fails, and then ends; merging of tables needs room for
    /// the old and the new, and whoever gives the disk more room needs notice.
    DISK_FREE_BYTES_MIN: u64 = 1 << 30, "bytes";
    /// Entries that wait for longer without a block make a node say that it is not ready. A block takes a
    /// second, and a round whose proposer is away ten.
    ENTRIES_WAIT_SECONDS_MAX: u64 = 30, "seconds";
    /// Scheduling priority of the threads that serve HTTP and check clients' entries: behind consensus.
    SERVING_NICE: i32 = 5, "nice";
    /// Scheduling priority of the threads that make costly answers: behind serving.
    READING_NICE: i32 = 10, "nice";
}
