#include "walk/walk.h"

namespace {

int64_t (*kept_function)(int64_t);

/// "item 7" and its NUL.
void write_item(char* text, int64_t i) {
  const char* prefix = "item ";
  while (*prefix != 0) *text++ = *prefix++;
  *text++ = static_cast<char>('0' + i % 10);
  *text = 0;
}

}  // namespace

int64_t walk_items(int64_t (*visit)(void*, int64_t, const char*), void* mine, int64_t n) {
  if (visit == nullptr) return -1;
  int64_t sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    char text[16];
    write_item(text, i);
    sum += visit(mine, i, text);
  }
  return sum;
}

int64_t walk_fill(int (*fill)(void*, unsigned char*, size_t), void* mine, size_t n) {
  unsigned char buffer[256] = {};
  if (n > sizeof buffer) n = sizeof buffer;
  const int code = fill(mine, buffer, n);
  if (code != 0) return code;
  int64_t sum = 0;
  for (size_t i = 0; i < n; ++i) sum += buffer[i];
  return sum;
}

int walk_rows(int (*row)(void*, int, char**, char**), void* mine, int rows) {
  for (int i = 0; i < rows; ++i) {
    char item[16];
    char a[] = "a", b[] = "b", c[] = "c", one[] = "1";
    write_item(item, i);
    char* values[] = {one, item, nullptr};
    char* names[] = {a, b, c};
    if (row(mine, 3, values, names) != 0) return i + 1;
  }
  return 0;
}

double walk_through(double (*f)(double, double), double a) { return f(a, 0.5) + 1; }

void walk_keep(int64_t (*kept)(int64_t)) { kept_function = kept; }

int64_t walk_again(int64_t a) { return kept_function(a); }
