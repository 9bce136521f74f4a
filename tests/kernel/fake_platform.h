#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

/// A platform in the tests' hands: a clock that only idling moves, a console made of strings, a
/// source of randomness that can fail, threads that are contexts of this process, and an arena for
/// the heap.
namespace flexos::fake {

constexpr std::size_t kArena = std::size_t{192} << 20;

struct Fault {
  std::string kind;
  std::uint64_t address = 0;
};

struct Platform {
  std::int64_t clock = 1'000'000;
  std::int64_t busy = 5;
  std::int64_t wall_clock = 1'700'000'000'000'000'000;
  int idles = 0;
  std::int64_t wakes_after = INT64_MAX;  ///< idling ends then, because something comes in
  std::string written;
  std::string typed;
  std::size_t console_takes = SIZE_MAX;  ///< at most so much a call; 0 = it fails
  bool random = true;
  std::uint8_t random_byte = 0;
  std::uint32_t threads = 8;
  std::uint32_t prepared_for = 0;  ///< the compartment of the last thread
};
extern Platform platform;

/// What the call was stopped with; `kind` is empty if it came back.
Fault fault_of(const std::function<void()>& call);

}  // namespace flexos::fake
