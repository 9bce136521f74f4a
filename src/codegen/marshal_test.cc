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
char* window[] = {window_memory};
unsigned platform_thread;
void platform_fault(const char*, unsigned long, unsigned long n) {
  exit(n == 300 ? 0 : 90);  // the last check asks for more than there is
}
unsigned long put(unsigned long, unsigned long);
unsigned long get(unsigned long, unsigned long);
unsigned long from(unsigned long, unsigned long, unsigned long);
unsigned long both(unsigned long);
unsigned long name(unsigned long);
}
using word = unsigned long;
static char mine[64];
static void check(bool good, int code) { if (!good) exit(code); }
static bool inside(word p) { return p >= (word)window_memory && p < (word)window_memory + 256; }
static bool wiped() {
  for (char c : window_memory) if (c != 0) return false;
  return window[0] == window_memory;
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
extern "C" word gate_from(word p, word n, word address) {
  for (word i = 0; i < n; ++i) ((char*)p)[i] = 'x';
  for (word i = 0; i < 8; ++i) ((char*)address)[i] = 'y';
  return 2;
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
  __builtin_memcpy(mine, "abcdefgh", 9);
  char address[9] = "ABCDEFGH";  // all of it, however little there is of what is counted
  check(from((word)mine, 4, (word)address) == 2 && mine[1] == 'x' && mine[2] == 'c', 24);
  check(address[0] == 'y' && address[7] == 'y' && address[8] == 0 && wiped(), 25);
  int number = 41;
  check(both((word)&number) == 0 && number == 42 && wiped(), 31);
  check(name((word)"name") == 4 && wiped(), 41);
    static char large[400] = "abc";
put((word)large, 300);
return 91;
}
)program";

/// A program around a marshaller with callbacks: one process, so gates are plain calls. Its
/// argument says which case to run; 77: stopped with kind `callback`.
constexpr const char* kCallbackHarness = R"program(
extern "C" {
[[noreturn]] void exit(int);
int atoi(const char*);
int strcmp(const char*, const char*);
char window_memory[512];
char* window[] = {window_memory, window_memory + 256};
unsigned platform_thread;
char stubs[16 * 32];
void platform_fault(const char* kind, unsigned long, unsigned long) {
  exit(strcmp(kind, "callback") == 0 ? 77 : 90);
}
}
using word = unsigned long;
extern "C" {
word walk(word visit, word mine, word how);
word start(word entry);
void keep(word kept);
word cross_walk__visit(word mine, word text, word values, word n, word token);
word land_walk__visit(word mine, word text, word values, word n, word binding);
void land_start__entry(word mine, word binding);
word land_keep__kept(word a, word binding);
extern word (*const gates_walk__visit[])(word, word, word, word, word);
word (*const gates_walk__visit[])(word, word, word, word, word) = {0, land_walk__visit};
}
static void check(bool good, int code) { if (!good) exit(code); }
static bool inside(const void* p) { return (char*)p >= window_memory && (char*)p < window_memory + 512; }
static word index_of(word stub) {
  check(stub >= (word)stubs && stub < (word)stubs + sizeof stubs && stub % 32 == (word)stubs % 32, 10);
  return (stub - (word)stubs) / 32;
}
static int calls, begun;
static word late, how;
static int visit(void* mine, const char* text, char** values, int n) {
  ++calls;
  check(mine == &calls && inside(text) && text[0] == 't' && text[4] == 0, 20);
  check(inside(values) && inside(values[0]) && values[0][0] == 'a' && values[1] == 0, 21);
  if (how == 2 && calls == 1) check(walk((word)visit, (word)&calls, 3) == 5, 22);  // bound twice at a time
  return n + 3;
}
static int wrong_type(void*) { return 1; }
static void begin(void*) { ++begun; }
static int twice(int a) { return 2 * a; }
extern "C" word gate_walk(word stub, word mine, word what) {
  if (stub == 0) return 7;
  char* values[] = {(char*)"a", 0};
  const word i = index_of(stub);
  check(i == (what == 3 ? 1 : 0), 11);
  late = i;
  if (what == 4) return land_walk__visit(mine, (word)"text", 0, 0, i);      // not in the window
  if (what == 5) return land_walk__visit(mine, 0, (word)window_memory + 500, 2, i);  // half in it
  if (what == 6) return land_walk__visit(mine, 0, (word)window_memory, -1, i);  // no small number
  if (what == 7) return land_walk__visit(mine, 0, 0, 0, 16);
  if (what == 8) return land_walk__visit(mine, 0, 0, 0, 1);
  if (what == 9) platform_thread = 1;
  return cross_walk__visit(mine, (word)"text", (word)values, 2, 1 << 8 | i);
}
extern "C" word gate_start(word stub) { return index_of(stub); }
static word kept_at;
extern "C" void gate_keep(word stub) { kept_at = index_of(stub); }
int main(int, char** argv) {
  how = atoi(argv[1]);
  switch (how) {
    case 0: return walk(0, 0, 0) == 7 ? 0 : 1;
    case 1:
    case 2: {
      for (int i = 0; i < 40; ++i) check((int)walk((word)visit, (word)&calls, how) == 5, 2);
      check(calls == (how == 2 ? 41 : 40) && window[0] == window_memory, 3);
      for (char c : window_memory) check(c == 0, 4);
      return 0;
    }
    case 10: walk((word)visit, (word)&calls, 1); return land_walk__visit(0, 0, 0, 0, late);
    case 11: walk((word)&calls, 0, 1); return 5;       // data
    case 12: walk((word)wrong_type, 0, 1); return 5;   // kcfi
    case 13: {
      const word i = start((word)begin);
      check(start((word)begin) == i + 1, 5);
      land_start__entry(0, i);
      check(begun == 1, 6);
      land_start__entry(0, i);  // once means once
      return 7;
    }
    case 14: {
      for (int i = 0; i < 40; ++i) keep((word)twice);
      check(kept_at == 0 && land_keep__kept(4, kept_at) == 8, 8);
      return 0;
    }
    case 15: for (int i = 0; i < 17; ++i) start((word)begin); return 9;  // no room
    default: walk((word)visit, (word)&calls, how); return 12;
  }
}
)program";

/// Compiles the marshaller of these entry points and a harness around it.
class Program {
 public:
  Program(const std::vector<const char*>& signatures, const char* harness,
          const std::vector<std::string>& flags) {
    Component component;
    component.name = "peer";
    for (const char* signature : signatures) {
      const SignatureResult parsed = parse_signature(signature);
      EXPECT_EQ(parsed.error, "") << signature;
      component.api.push_back(parsed.entry);
    }
    EXPECT_NE(mkdtemp(folder_.data()), nullptr);
    std::ofstream(folder_ + "/marshal.cc") << marshaller_source(component);
    std::ofstream(folder_ + "/harness.cc") << harness;
    std::vector<std::string> command = {
        "clang-19", "-std=c++20", "-O2",        "-w", "-fno-exceptions",
        "-no-pie",  "marshal.cc", "harness.cc", "-o", "program"};
    command.insert(command.end(), flags.begin(), flags.end());
    made_ = run_tool(command, folder_);
    EXPECT_TRUE(!made_.started || made_.code == 0) << made_.output;
  }
  ~Program() { std::filesystem::remove_all(folder_); }
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  bool possible() const { return made_.started; }
  int run(const std::string& argument = "0") const {
    return run_tool({"./program", argument}, folder_).code;
  }

 private:
  std::string folder_ = (std::filesystem::temp_directory_path() / "marshal-XXXXXX").string();
  ToolResult made_;
};

TEST(Marshal, CarriesNoMoreAndNoLessThanTheSignatureSays) {
  // In an image `window_start` and `window_size` are set by the linker script.
  const Program program(
      {"put(const void* p [in: n], int n) -> int", "get(void* p [out: n], size_t n) -> ssize_t",
       "from(void* p [out: n], size_t n, void* address [out: 8]) -> ssize_t",
       "both(int* p [inout: 4]) -> int", "name(const char* p [in: string]) -> int"},
      kHarness, {"-Wl,--defsym=window_start=window_memory,--defsym=window_size=256"});
  if (!program.possible()) GTEST_SKIP() << "no clang-19";
  EXPECT_EQ(program.run(), 0);
}

TEST(Marshal, CallbacksAreBoundCheckedAndGivenBack) {
  const Program program(
      {"walk(int (*visit)(void* mine, const char* text [in: string], char** values [in: n strings],"
       " int n), void* mine, int how) -> int",
       "start(void (*entry)(void* mine) [lifetime: once]) -> int",
       "keep(int (*kept)(int a) [lifetime: registered]) -> void"},
      kCallbackHarness,
      {"-fsanitize=kcfi", "-fuse-ld=lld-19",
       "-Wl,--defsym=window_start=window_memory,--defsym=window_size=256,--defsym=code_start=__"
       "executable_start,"
       "--defsym=code_end=etext,--defsym=stubs_walk__visit=stubs,--defsym=stubs_start__entry=stubs,"
       "--defsym=stubs_keep__kept=stubs,--defsym=peer_walk__visit=window_memory,"
       "--defsym=peer_end_walk__visit=window_memory+512"});
  if (!program.possible()) GTEST_SKIP() << "no clang-19";
  for (const char* works : {"0", "1", "2", "14"}) EXPECT_EQ(program.run(works), 0) << works;
  constexpr int kStopped = 77;
  for (const char* stopped : {"4", "5", "6", "7", "8", "9", "10", "11", "13", "15"}) {
    EXPECT_EQ(program.run(stopped), kStopped) << stopped;
  }
  // The type is the processor's to report.
  const int wrong_type = program.run("12");
  EXPECT_TRUE(wrong_type != 0 && wrong_type != 5 && wrong_type != kStopped) << wrong_type;
}

}  // namespace
}  // namespace flexos
