// The C++ runtime that iperf needs: storage for `new`, from component `alloc`. Without exceptions
// there is nobody to tell that there is none, so the program ends there, as it does where nobody
// catches std::bad_alloc.
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

namespace {

void* storage(size_t n) {
  if (void* block = malloc(n > 0 ? n : 1)) return block;
  fprintf(stderr, "iperf: no memory for %zu bytes\n", n);
  abort();
}

}  // namespace

void* operator new(size_t n) { return storage(n); }
void* operator new[](size_t n) { return storage(n); }
void operator delete(void* block) noexcept { free(block); }
void operator delete[](void* block) noexcept { free(block); }
void operator delete(void* block, size_t) noexcept { free(block); }
void operator delete[](void* block, size_t) noexcept { free(block); }
