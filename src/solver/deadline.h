#pragma once

#include <atomic>
#include <chrono>

namespace flexos {

/// When to give up: a point in time, a raised flag (Ctrl-C), or neither.
struct Deadline {
  std::chrono::steady_clock::time_point at = std::chrono::steady_clock::time_point::max();
  const std::atomic<bool>* interrupted = nullptr;

  bool passed() const {
    return (interrupted != nullptr && interrupted->load(std::memory_order_relaxed)) ||
           (at != std::chrono::steady_clock::time_point::max() &&
            std::chrono::steady_clock::now() >= at);
  }
};

}  // namespace flexos
