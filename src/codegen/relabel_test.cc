#include "codegen/relabel.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "codegen/tool.h"

namespace flexos {
namespace {

namespace fs = std::filesystem;

/// A folder of its own, and the real compiler and linker: what they make is what is relabelled.
class Relabel : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "relabel.XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { fs::remove_all(folder_); }

  void run(const std::vector<std::string>& command) {
    const ToolResult result = run_tool(command, folder_);
    ASSERT_TRUE(result.started) << command[0];
    ASSERT_EQ(result.code, 0) << result.output;
  }

  /// `name`.o, where what `exports` says is def.NAME.f.
  void component(const std::string& name, const std::string& source, const std::string& exports) {
    std::ofstream(folder_ / (name + ".c")) << source;
    run({"clang-19", "--target=x86_64-unknown-none-elf", "-ffreestanding", "-O1", "-g",
         "-ffunction-sections", "-c", name + ".c", "-o", name + ".raw"});
    run({"ld.lld-19", "-r", "-o", name + ".joined", name + ".raw"});
    const auto elf = Elf::read(folder_ / (name + ".joined"));
    ASSERT_TRUE(elf.ok()) << elf.error().message;
    const auto bytes = relabel(*elf, [&](const ElfSymbol& s) -> Label {
      if (!s.defined()) return {.name = "ref." + name + "." + s.name};
      if (s.name != exports) return {.name = s.name, .local = true};
      return {.name = "def." + name + "." + s.name};
    });
    ASSERT_TRUE(bytes.ok()) << bytes.error().message;
    std::ofstream(folder_ / (name + ".o"), std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes->data()),
               static_cast<std::streamsize>(bytes->size()));
  }

  fs::path folder_;
};

TEST_F(Relabel, TwoComponentsWithTheSameNamesAreLinkedByAScript) {
  // Both define `helper` and `state`; each must be left with its own.
  component("a",
            "int state = 1; __attribute__((noinline)) int helper(int x) { return x + state; }"
            "int ask(int); int main_a(void) { return helper(ask(5)); }",
            "main_a");
  component("b",
            "int state = 2; __attribute__((noinline)) int helper(int x) { return x * state; }"
            "int ask(int x) { return helper(x); }",
            "ask");
  const auto a = Elf::read(folder_ / "a.o");
  ASSERT_TRUE(a.ok());
  ASSERT_NE(a->symbol("ref.a.ask"), nullptr);
  EXPECT_FALSE(a->symbol("ref.a.ask")->defined());
  ASSERT_NE(a->symbol("def.a.main_a"), nullptr);
  EXPECT_TRUE(a->symbol("def.a.main_a")->global());
  ASSERT_NE(a->symbol("helper"), nullptr);
  EXPECT_FALSE(a->symbol("helper")->global());

  std::ofstream(folder_ / "script.ld") << "\"ref.a.ask\" = \"def.b.ask\";\n"
                                          "SECTIONS { . = 0x1000000; .text : { *(.text*) }\n"
                                          ".data : { *(.data*) } }\n";
  run({"ld.lld-19", "-e", "def.a.main_a", "-o", "linked", "-T", "script.ld", "a.o", "b.o"});
  const auto linked = Elf::read(folder_ / "linked");
  ASSERT_TRUE(linked.ok());
  // Each component's `state` is there with its own value.
  const ElfSection* data = linked->section(".data");
  ASSERT_NE(data, nullptr);
  ASSERT_EQ(data->size, 8U);
  const auto bytes = linked->bytes(*data);
  EXPECT_EQ(bytes[0], 1);
  EXPECT_EQ(bytes[4], 2);
}

TEST_F(Relabel, AFileThatIsNoObjectIsRefused) {
  component("c", "int f(void) { return 3; }", "f");
  std::ofstream(folder_ / "script.ld") << "SECTIONS { . = 0x1000000; .text : { *(.text*) } }\n";
  run({"ld.lld-19", "-e", "def.c.f", "-o", "linked", "-T", "script.ld", "c.o"});
  const auto linked = Elf::read(folder_ / "linked");
  ASSERT_TRUE(linked.ok());
  EXPECT_FALSE(relabel(*linked, [](const ElfSymbol& s) { return Label{s.name}; }).ok());
}

}  // namespace
}  // namespace flexos
