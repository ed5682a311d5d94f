// Times RocksDB's CRC-32C against a table of its own, on the same 64 MB, best of five, and compares the sums.
// Prints both in MB/s and, last, how many times as fast RocksDB's is.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <vector>

namespace rocksdb::crc32c {
uint32_t Extend(uint32_t init_crc, const char* data, size_t n);
}

static uint32_t table[256];

static uint32_t by_table(const std::vector<char>& data) {
  uint32_t crc = ~0u;
  for (unsigned char byte : data) crc = (crc >> 8) ^ table[(crc ^ byte) & 255];
  return ~crc;
}

template <typename F>
static double megabytes_per_second(const std::vector<char>& data, uint32_t* sum, F f) {
  double best = 0;
  for (int round = 0; round < 5; round++) {
    auto start = std::chrono::steady_clock::now();
    *sum = f(data);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    double rate = data.size() / took.count() / 1e6;
    if (rate > best) best = rate;
  }
  return best;
}

int main() {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (crc & 1 ? 0x82f63b78u : 0);
    table[byte] = crc;
  }
  std::vector<char> data(64 << 20);
  for (size_t at = 0; at < data.size(); at++) data[at] = static_cast<char>(at * 2654435761u >> 13);
  uint32_t theirs = 0, ours = 0;
  double fast = megabytes_per_second(data, &theirs, [](auto& d) { return rocksdb::crc32c::Extend(0, d.data(), d.size()); });
  double slow = megabytes_per_second(data, &ours, by_table);
  if (theirs != ours) {
    std::printf("the sums differ: %08x and %08x\n", theirs, ours);
    return 1;
  }
  std::printf("RocksDB %.0f MB/s, a table %.0f MB/s\n%.1f\n", fast, slow, fast / slow);
}
