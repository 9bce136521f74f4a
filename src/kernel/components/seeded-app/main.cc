#include "console/console.h"
#include "flexos/platform.h"
#include "seeded/seeded.h"

/// Commits the bug whose name is the image's argument, and says when nobody noticed.
namespace {

struct Bug {
  const char* name;
  int (*commit)();
};

void print(const char* text) {
  size_t n = 0;
  while (text[n] != 0) ++n;
  console_write(text, n);
}

/// Is `name` the argument? Trailing blanks and newlines do not count.
bool is_argument(const char* name, const char* text, size_t n) {
  while (n > 0 && (text[n - 1] == ' ' || text[n - 1] == '\n')) --n;
  size_t i = 0;
  while (i < n && name[i] != 0 && name[i] == text[i]) ++i;
  return i == n && name[i] == 0;
}

}  // namespace

extern "C" int seeded_app_main() {
  static const Bug bugs[] = {
      {"canary", seeded_canary}, {"overflow", seeded_overflow}, {"shift", seeded_shift},
      {"index", seeded_index},   {"heap", seeded_heap},         {"freed", seeded_freed},
      {"stack", seeded_stack},   {"global", seeded_global},     {"call", seeded_call},
      {"return", seeded_return}, {"deep", seeded_deep},
  };
  char text[64];
  const int64_t length = platform_arguments(text, sizeof(text));
  const size_t n = length < 0 || length > int64_t{sizeof(text)} ? 0 : static_cast<size_t>(length);
  for (const Bug& bug : bugs) {
    if (!is_argument(bug.name, text, n)) continue;
    const int code = bug.commit();
    print("seeded: ");
    print(bug.name);
    print(code == 0 ? " passed unnoticed\n" : " could not be committed\n");
    return code;
  }
  print("seeded: the argument is one of");
  for (const Bug& bug : bugs) {
    print(" ");
    print(bug.name);
  }
  print("\n");
  return 2;
}
