//! How RocksDB is set up: small memory, little CPU, nothing lost.

use rocksdb::{
    BlockBasedIndexType, BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompactionStyle,
    DBCompressionType, DBRecoveryMode, DEFAULT_COLUMN_FAMILY_NAME, Options,
};

use super::schema::{BLOCKS, FRESH, LEAVES, META, RUNS, STARTS, TILES, UNDO, WAITING};

const MIB: usize = 1 << 20;
/// All families' write buffers together.
const WRITE_BUFFERS_BYTES_MAX: usize = 64 * MIB;
/// One cache for all families.
const BLOCK_CACHE_BYTES: usize = 32 * MIB;
/// A WAL this long makes the families flush that hold it back.
const WAL_BYTES_MAX: u64 = 32 << 20;
/// Number of table files that stay open: enough for some 15 GB of them; beyond that the oldest is opened again.
pub const OPEN_FILES_MAX: u16 = 256;
/// More than there will be.
const RUNS_MAX: i32 = 1 << 20;
const BLOOM_BITS_PER_KEY: f64 = 10.0;

/// The differences between column families.
struct Family {
    name: &'static str,
    write_buffer_bytes: usize,
    block_bytes: usize,
    bloom: bool,
    compress: bool,
    /// Its tables come as runs over all keys, one as large as the next: they are merged by size, several at once.
    runs: bool,
}

const FAMILIES: [Family; 9] = [
    // Read in runs and compressible text: large blocks.
    Family {
        name: LEAVES,
        write_buffer_bytes: 16 * MIB,
        block_bytes: 16 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    // Hashes do not compress.
    Family {
        name: TILES,
        write_buffer_bytes: 2 * MIB,
        block_bytes: 8 << 10,
        bloom: false,
        compress: false,
        runs: false,
    },
    Family {
        name: RUNS,
        write_buffer_bytes: MIB,
        block_bytes: 8 << 10,
        bloom: true,
        compress: true,
        runs: true,
    },
    Family {
        name: WAITING,
        write_buffer_bytes: MIB,
        block_bytes: 8 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    Family {
        name: BLOCKS,
        write_buffer_bytes: 4 * MIB,
        block_bytes: 16 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    Family {
        name: STARTS,
        write_buffer_bytes: MIB,
        block_bytes: 8 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    Family {
        name: FRESH,
        write_buffer_bytes: 8 * MIB,
        block_bytes: 16 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    Family {
        name: UNDO,
        write_buffer_bytes: 4 * MIB,
        block_bytes: 16 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
    Family {
        name: META,
        write_buffer_bytes: MIB,
        block_bytes: 4 << 10,
        bloom: false,
        compress: true,
        runs: false,
    },
];

pub(super) fn database(recovery: DBRecoveryMode) -> Options {
    let mut options = Options::default();
    options.create_if_missing(true);
    options.create_missing_column_families(true);
    options.set_wal_recovery_mode(recovery);
    options.set_paranoid_checks(true);
    options.set_db_write_buffer_size(WRITE_BUFFERS_BYTES_MAX);
    options.set_max_total_wal_size(WAL_BYTES_MAX);
    options.set_max_open_files(OPEN_FILES_MAX.into());
    options.set_max_background_jobs(2);
    options.set_keep_log_file_num(2);
    options.set_max_log_file_size(4 * MIB);
    options.set_stats_dump_period_sec(0);
    // One thread writes, so the locks of concurrent writers would only cost.
    options.set_allow_concurrent_memtable_write(false);
    options
}

pub(super) fn families() -> impl Iterator<Item = ColumnFamilyDescriptor> {
    let cache = Cache::new_lru_cache(BLOCK_CACHE_BYTES);
    FAMILIES
        .iter()
        .map(move |family| ColumnFamilyDescriptor::new(family.name, family.options(Some(&cache))))
}

/// Returns whether the store has a family of this name. RocksDB has one of its own in every database.
pub(super) fn is_family(name: &str) -> bool {
    name == DEFAULT_COLUMN_FAMILY_NAME || FAMILIES.iter().any(|family| family.name == name)
}

/// How a run is written.
pub(super) fn run() -> Options {
    let family = FAMILIES.iter().find(|family| family.runs);
    family.map_or_else(Options::default, |family| family.options(None))
}

impl Family {
    fn options(&self, cache: Option<&Cache>) -> Options {
        let mut table = BlockBasedOptions::default();
        if let Some(cache) = cache {
            table.set_block_cache(cache);
        }
        table.set_block_size(self.block_bytes);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        if self.bloom {
            table.set_bloom_filter(BLOOM_BITS_PER_KEY, false);
            // In parts: a filter that is larger than one of the cache's shards (half a megabyte, some 400,000
            // rows) would never stay in it and be read whole at every look.
            table.set_partition_filters(true);
            table.set_index_type(BlockBasedIndexType::TwoLevelIndexSearch);
        }
        let mut options = Options::default();
        options.set_block_based_table_factory(&table);
        options.set_write_buffer_size(self.write_buffer_bytes);
        options.set_max_write_buffer_number(2);
        options.set_level_compaction_dynamic_level_bytes(true);
        if self.runs {
            options.set_compaction_style(DBCompactionStyle::Universal);
            // Runs come seldom and whatever these say; counted here they would hold up all other families.
            options.set_level_zero_slowdown_writes_trigger(RUNS_MAX);
            options.set_level_zero_stop_writes_trigger(RUNS_MAX);
        }
        if self.compress {
            options.set_compression_type(DBCompressionType::Zstd);
            // Window bits, level, strategy, dictionary bytes: the fastest level, as for all of zstd.
            options.set_compression_options(-14, 1, 0, 0);
        } else {
            options.set_compression_type(DBCompressionType::None);
        }
        options
    }
}
