#include "asan_stack.h"
#include "canary.h"
#include "layout.h"
#include "runtime.h"
#include "safestack.h"

extern "C" void rt_init() {
  flexos::canary_init();
  flexos::safestack_init();
  flexos::asan_stack_init();
  using Constructor = void (*)();
  const auto* constructor =
      reinterpret_cast<const Constructor*>(flexos::value(rt_constructors_start));
  const size_t count = flexos::value(rt_constructors_size) / sizeof(Constructor);
  for (size_t i = 0; i < count; ++i) constructor[i]();
}

extern "C" void rt_thread_reset(uint32_t thread) {
  thread %= FLEXOS_RUNTIME_THREADS;
  flexos::safestack_reset(thread);
  flexos::asan_stack_reset(thread);
}
