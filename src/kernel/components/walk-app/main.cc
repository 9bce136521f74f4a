// Hands functions of its own to `walk` and to the scheduler, and counts how often they are called:
// wherever the two stand, the answers are the same. Ends with the number of the first that is not.
#include <stdio.h>
#include <string.h>

#include "flexos/platform.h"
#include "sched/sched.h"
#include "walk/walk.h"

namespace {

struct Count {
  int calls;
  int64_t sum;
};

int64_t add(void* mine, int64_t i, const char* text) {
  auto* count = static_cast<Count*>(mine);
  ++count->calls;
  if (strncmp(text, "item ", 5) != 0 || text[5] != '0' + i % 10 || text[6] != 0) return 1000;
  return count->sum += i;
}

/// Walks again from within a walk, with another function bound meanwhile.
int64_t nest(void* mine, int64_t i, const char*) {
  auto* count = static_cast<Count*>(mine);
  ++count->calls;
  Count inner{};
  const int64_t sum = walk_items(add, &inner, i);
  count->sum += inner.calls;
  return i < 3 ? sum + walk_items(nest, mine, i) : sum;
}

int fill(void* mine, unsigned char* buffer, size_t n) {
  ++static_cast<Count*>(mine)->calls;
  for (size_t i = 0; i < n; ++i) {
    if (buffer[i] != 0) return -1;  // nothing of the caller's comes along
    buffer[i] = 2;
  }
  return 0;
}

int row(void* mine, int n, char** values, char** names) {
  auto* count = static_cast<Count*>(mine);
  if (n != 3 || values[2] != nullptr || strcmp(names[2], "c") != 0) return 1;
  if (strcmp(values[0], "1") != 0 || values[1][5] != '0' + count->calls) return 1;
  return ++count->calls == 4 ? 1 : 0;
}

double half(double a, double b) { return a * b; }

int64_t twice(int64_t a) { return 2 * a; }
int64_t thrice(int64_t a) { return 3 * a; }

int64_t yields(void* mine, int64_t i, const char* text) {
  thread_yield();
  return add(mine, i, text);
}

/// Two threads in the middle of calls, each with its own callback.
void walks(void* argument) {
  walk_items(yields, argument, 5);
  thread_rm(thread_self());
}

bool right(const char* what, bool good) {
  printf("walk %-9s %s\n", what, good ? "right" : "WRONG");
  return good;
}

int check() {
  Count count{};
  int n = 1;
  if (!right("items", walk_items(add, &count, 5) == 0 + 1 + 3 + 6 + 10 && count.calls == 5))
    return n;
  ++n;
  if (!right("null", walk_items(nullptr, &count, 5) == -1)) return n;
  ++n;
  Count nested{};
  // nest(0), nest(1) > nest(0), nest(2) > nest(0), nest(1) > nest(0): 0, 1, 2 items within each.
  walk_items(nest, &nested, 3);
  if (!right("nested", nested.calls == 7 && nested.sum == 4)) return n;
  ++n;
  Count filled{};
  if (!right("fill", walk_fill(fill, &filled, 100) == 200 && filled.calls == 1)) return n;
  ++n;
  Count rows{};
  if (!right("rows", walk_rows(row, &rows, 9) == 4 && rows.calls == 4)) return n;
  ++n;
  if (!right("double", walk_through(half, 5.0) == 3.5)) return n;
  ++n;
  walk_keep(twice);
  bool kept = walk_again(21) == 42;
  walk_keep(thrice);
  kept = kept && walk_again(14) == 42;
  for (int i = 0; i < 100; ++i) walk_keep(i % 2 == 0 ? twice : thrice);  // no more than two stubs
  if (!right("kept", kept && walk_again(3) == 9)) return n;
  ++n;
  Count one{}, other{}, own{};
  bool threads = thread_add(walks, &one) > 0 && thread_add(walks, &other) > 0;
  walk_items(yields, &own, 5);
  for (int i = 0; i < 20; ++i) thread_yield();
  threads = threads && one.calls == 5 && other.calls == 5 && own.calls == 5 && own.sum == 10;
  if (!right("threads", threads)) return n;
  return 0;
}

}  // namespace

extern "C" int walk_app_main() {
  const int code = check();
  fflush(stdout);
  return code;
}
