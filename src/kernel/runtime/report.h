#pragma once

#include <stddef.h>
#include <stdint.h>

/// The instruction that called the present function, near enough for a line number: the return
/// address may already belong to the next line or function.
#define FLEXOS_CALLER (reinterpret_cast<uint64_t>(__builtin_return_address(0)) - 1)

namespace flexos {

/// Puts a fault's kind together: "asan:heap-use-after-free:write:8". No spaces, so that it stays
/// one field of the fault line; the class stands in front, so that a shortened text is still right.
class Report {
 public:
  Report& text(const char* s);
  Report& number(uint64_t n);
  [[noreturn]] void raise(uint64_t rip, uint64_t address) const;

 private:
  void put(char c);

  char text_[128] = {};
  size_t size_ = 0;
};

}  // namespace flexos
