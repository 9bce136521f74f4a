#include <stddef.h>
#include <stdint.h>

#include "asan_shadow.h"

/// Redzones behind globals: clang pads each and lists them; a constructor of the object hands the
/// list over. Constants lie outside the compartment's memory and stay unchecked.
namespace {

struct Global {
  uintptr_t start;
  size_t size;
  size_t padded_size;
  const char* name;
  const char* module;
  uintptr_t has_dynamic_initializer;
  const void* location;
  uintptr_t odr_indicator;
};
static_assert(sizeof(Global) == 64, "clang's __asan_global, version 8");

}  // namespace

extern "C" void __asan_register_globals(const Global* global, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    flexos::poison(global[i].start, global[i].padded_size, flexos::kGlobal);
    flexos::unpoison(global[i].start, global[i].size);
  }
}

extern "C" void __asan_unregister_globals(const Global*, size_t) {}
