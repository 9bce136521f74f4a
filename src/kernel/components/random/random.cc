#include "random/random.h"

#include <stdint.h>

#include "flexos/abi.h"
#include "flexos/platform.h"
#include "time/time.h"

// Fast key erasure (Bernstein, 2017): each refill makes a buffer from the key, and the buffer's
// first 32 bytes replace the key; bytes are erased as they are handed out. Whoever reads the state
// later learns what is still to come, until the next reseed, and nothing of what was.

namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kBufferBytes = 512;
constexpr uint64_t kReseedBytes = 1 << 20;
constexpr int64_t kReseedNs = 60LL * 1'000'000'000;

struct State {
  uint8_t key[kKeyBytes];
  uint8_t buffer[kBufferBytes];
  size_t left;  ///< bytes at the buffer's end that have not been handed out
  uint64_t since_reseed;
  int64_t reseeded;
  bool seeded;
};
State state;

/// The compiler must not leave it out.
void erase(void* bytes, size_t n) {
  volatile uint8_t* p = static_cast<uint8_t*>(bytes);
  for (size_t i = 0; i < n; i++) p[i] = 0;
}

uint32_t rotate(uint32_t x, int by) { return (x << by) | (x >> (32 - by)); }

void quarter(uint32_t* x, int a, int b, int c, int d) {
  x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 16);
  x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 12);
  x[a] += x[b], x[d] = rotate(x[d] ^ x[a], 8);
  x[c] += x[d], x[b] = rotate(x[b] ^ x[c], 7);
}

/// Block `counter` of the key's stream, nonce 0 (RFC 8439).
void chacha20_block(const uint8_t* key, uint32_t counter, uint8_t* out) {
  uint32_t input[16] = {0x61707865, 0x3320646e, 0x79622d32, 0x6b206574};
  for (size_t i = 0; i < 8; i++) {
    const uint8_t* k = &key[4 * i];
    input[4 + i] =
        uint32_t{k[0]} | uint32_t{k[1]} << 8 | uint32_t{k[2]} << 16 | uint32_t{k[3]} << 24;
  }
  input[12] = counter;
  uint32_t x[16];
  for (int i = 0; i < 16; i++) x[i] = input[i];
  for (int round = 0; round < 10; round++) {
    quarter(x, 0, 4, 8, 12);
    quarter(x, 1, 5, 9, 13);
    quarter(x, 2, 6, 10, 14);
    quarter(x, 3, 7, 11, 15);
    quarter(x, 0, 5, 10, 15);
    quarter(x, 1, 6, 11, 12);
    quarter(x, 2, 7, 8, 13);
    quarter(x, 3, 4, 9, 14);
  }
  for (int i = 0; i < 16; i++) {
    uint32_t word = x[i] + input[i];
    for (int b = 0; b < 4; b++) out[4 * i + b] = static_cast<uint8_t>(word >> (8 * b));
  }
  erase(x, sizeof x);
  erase(input, sizeof input);
}

void refill() {
  for (uint32_t i = 0; i < kBufferBytes / 64; i++) {
    chacha20_block(state.key, i, &state.buffer[size_t{64} * i]);
  }
  for (size_t i = 0; i < kKeyBytes; i++) state.key[i] = state.buffer[i];
  erase(state.buffer, kKeyBytes);
  state.left = kBufferBytes - kKeyBytes;
}

/// Mixes fresh bytes and the clock into the key. Once there has been a good seed, a source that
/// fails later takes nothing away from it.
bool reseed(int64_t now) {
  uint8_t fresh[kKeyBytes];
  if (platform_random(fresh, sizeof fresh) != 0) return state.seeded;
  for (size_t i = 0; i < kKeyBytes; i++) state.key[i] ^= fresh[i];
  for (size_t i = 0; i < 8; i++) {
    state.key[i] ^= static_cast<uint8_t>(static_cast<uint64_t>(now) >> (8 * i));
  }
  erase(fresh, sizeof fresh);
  state.seeded = true;
  state.since_reseed = 0;
  state.reseeded = now;
  refill();
  return true;
}

bool wants_reseed(int64_t now) {
  return !state.seeded || state.since_reseed >= kReseedBytes || now - state.reseeded >= kReseedNs;
}

}  // namespace

extern "C" int random_bytes(void* buffer, size_t n) {
  if (n > INT64_MAX) return -FLEXOS_EINVAL;
  if (n == 0) return 0;
  if (buffer == nullptr) return -FLEXOS_EFAULT;
  int64_t now = time_now(FLEXOS_CLOCK_MONOTONIC);
  if (wants_reseed(now) && !reseed(now)) return -FLEXOS_EIO;

  uint8_t* out = static_cast<uint8_t*>(buffer);
  while (n > 0) {
    if (state.left == 0) refill();
    size_t part = n < state.left ? n : state.left;
    uint8_t* from = state.buffer + kBufferBytes - state.left;
    for (size_t i = 0; i < part; i++) out[i] = from[i];
    erase(from, part);
    state.left -= part;
    state.since_reseed += part;
    out += part;
    n -= part;
  }
  return 0;
}
