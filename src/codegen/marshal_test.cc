#include "codegen/marshal.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "codegen/tool.h"
#include "spec/signature.h"

namespace flexos {
namespace {

/// A program around a marshaller: gates that look at what they are given, a window, callers.
constexpr const char* kHarness = R"program(
extern "C" {
[[noreturn]] void exit(int);
char window_memory[256];
char* window = window_memory;
void platform_fault(const char*, unsigned long, unsigned long n) {
  exit(n == 300 ? 0 : 90);  // the last check asks for more than there is
}
unsigned long put(unsigned long, unsigned long);
unsigned long get(unsigned long, unsigned long);
unsigned long both(unsigned long);
unsigned long name(unsigned long);
}
using word = unsigned long;
static char mine[64];
static void check(bool good, int code) { if (!good) exit(code); }
static bool inside(word p) { return p >= (word)window_memory && p < (word)window_memory + 256; }
static bool wiped() {
  for (char c : window_memory) if (c != 0) return false;
  return window == window_memory;
}
extern "C" word gate_put(word p, word n) {
  check(p == 0 || (inside(p) && ((char*)p)[0] == 'a' && ((char*)p)[2] == 'c'), 10);
  return p == 0 ? 7 : (word)(int)n;
}
extern "C" word gate_get(word p, word n) {
  check(inside(p) && ((char*)p)[0] == 0, 20);  // nothing of the caller's goes out
  for (word i = 0; i < n; ++i) ((char*)p)[i] = 'x';
  return n == 5 ? 1000 : n == 6 ? (word)-1 : 2;
}
extern "C" word gate_both(word p) { check(inside(p) && *(int*)p == 41, 30); *(int*)p = 42; return 0; }
extern "C" word gate_name(word p) { check(inside(p) && ((char*)p)[0] == 'n' && ((char*)p)[3] == 'e' && ((char*)p)[4] == 0, 40); return 4; }
int main() {
  __builtin_memcpy(mine, "abcdefgh", 9);
  check(put((word)mine, 3) == 3 && wiped(), 11);
  check(put(0, 3) == 7 && wiped(), 12);
  check(get((word)mine, 4) == 2 && mine[0] == 'x' && mine[1] == 'x' && mine[2] == 'c', 21);
  __builtin_memcpy(mine, "abcdefgh", 9);
  check(get((word)mine, 5) == 1000 && mine[4] == 'x' && mine[5] == 'f', 22);  // never past the length
  __builtin_memcpy(mine, "abcdefgh", 9);
  check(get((word)mine, 6) == (word)-1 && mine[0] == 'a' && wiped(), 23);
  int number = 41;
  check(both((word)&number) == 0 && number == 42 && wiped(), 31);
  check(name((word)"name") == 4 && wiped(), 41);
    static char large[400] = "abc";
put((word)large, 300);
return 91;
}
)program";

TEST(Marshal, CarriesNoMoreAndNoLessThanTheSignatureSays) {
  Component component;
  component.name = "peer";
  for (const char* signature :
       {"put(const void* p [in: n], int n) -> int", "get(void* p [out: n], size_t n) -> ssize_t",
        "both(int* p [inout: 4]) -> int", "name(const char* p [in: string]) -> int"}) {
    const SignatureResult parsed = parse_signature(signature);
    ASSERT_EQ(parsed.error, "") << signature;
    component.api.push_back(parsed.entry);
  }
  std::string folder = (std::filesystem::temp_directory_path() / "marshal-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  std::ofstream(folder + "/marshal.cc") << marshaller_source(component);
  std::ofstream(folder + "/harness.cc") << kHarness;
  // In an image `window_end` is an address that the linker script sets.
  const ToolResult made =
      run_tool({"clang-19", "-std=c++20", "-O2", "-w", "-fno-exceptions", "-no-pie", "marshal.cc",
                "harness.cc", "-Wl,--defsym=window_end=window_memory+256", "-o", "program"},
               folder);
  if (!made.started) GTEST_SKIP() << "no clang-19";
  EXPECT_EQ(made.code, 0) << made.output;
  EXPECT_EQ(run_tool({"./program"}, folder).code, 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace flexos
