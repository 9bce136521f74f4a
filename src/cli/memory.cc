#include "cli/memory.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>

/// Most of what starting Z3 takes is the kernel handing out its 8 MB of empty tables page by page.
/// On large pages that is a quarter of the time, and everything after runs a little faster, too.
/// Where the system has none, or the allocator is another, nothing changes.
namespace flexos {

namespace {

constexpr int kStep = 64 << 20;             // address space; memory only as it is touched
constexpr std::uintptr_t kPage = 2U << 20;  // x86-64, AArch64

}  // namespace

void use_large_pages() {
  // One heap for all threads, none of its blocks mapped by itself.
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TOP_PAD, kStep);
  mallopt(M_TRIM_THRESHOLD, kStep);
  char* const before = static_cast<char*>(sbrk(0));
  // Larger than what the heap begins with; volatile, or the compiler leaves both calls out.
  void* volatile grows = std::malloc(1 << 20);
  std::free(grows);
  const std::ptrdiff_t grown = static_cast<char*>(sbrk(0)) - before;
  const auto past_page = reinterpret_cast<std::uintptr_t>(before) % kPage;
  const auto skipped = static_cast<std::ptrdiff_t>(past_page == 0 ? 0 : kPage - past_page);
  if (skipped >= grown) return;
  // Advice: a refusal costs nothing but the time saved.
  (void)madvise(before + skipped, static_cast<std::size_t>(grown - skipped), MADV_HUGEPAGE);
}

}  // namespace flexos
