// Holds the parser's diagnostics against the corpus beside this file.
//
//   bad/NAME.txt     a spec with one error, then what is said about it:
//                      # schema: rejects          (or `accepts`: can a JSON schema see the error?)
//                      ...the spec...
//                      --- file library/components/x.yaml
//                      ...a file beside it, where it needs one...
//                      --- expect
//                      ...the rendered diagnostics...
//   good/NAME.yaml   a spec about which nothing is said
//
// FLEXOS_UPDATE=1 writes the expectations anew; read the difference as the user would.
// `diagnostics_test --extract DIR` writes each bad spec as DIR/NAME.yaml for other checkers.

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "spec/load.h"

namespace fs = std::filesystem;

namespace {

const fs::path kHere = fs::path(FLEXOS_SOURCE_DIR) / "tests" / "diagnostics";

std::string slurp(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void spill(const fs::path& file, const std::string& text) {
  if (file.has_parent_path()) fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::binary) << text;
}

/// A case of bad/: its files, by name, and what must be said.
struct Case {
  std::vector<std::pair<std::string, std::string>> files;
  std::string input;  ///< everything before the expectation
  std::string expected;
};

Case read_case(const fs::path& file) {
  constexpr std::string_view kFile = "--- file ";
  constexpr std::string_view kExpect = "--- expect";
  Case result;
  result.files.emplace_back("spec.yaml", "");
  std::istringstream in(slurp(file));
  bool expecting = false;
  for (std::string line; std::getline(in, line);) {
    const bool last_without_newline = in.eof();
    if (line == kExpect) {
      expecting = true;
      continue;
    }
    if (!last_without_newline) line += '\n';
    if (expecting) {
      result.expected += line;
      continue;
    }
    result.input += line;
    if (line.starts_with(kFile)) {
      result.files.emplace_back(line.substr(kFile.size(), line.size() - kFile.size() - 1), "");
    } else {
      result.files.back().second += line;
    }
  }
  return result;
}

/// A folder of its own in which a case runs, so that messages name files as a user's would.
class Workshop {
 public:
  Workshop() {
    std::string name = (fs::temp_directory_path() / "diagnostics-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary folder");
    folder_ = name;
    fs::copy(kHere / "library", folder_ / "library", fs::copy_options::recursive);
    fs::current_path(folder_);
  }
  ~Workshop() {
    fs::current_path(kHere);
    std::error_code ignored;
    fs::remove_all(folder_, ignored);
  }
  Workshop(const Workshop&) = delete;
  Workshop& operator=(const Workshop&) = delete;

 private:
  fs::path folder_;
};

class BadSpec : public testing::Test {
 public:
  explicit BadSpec(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    const Case c = read_case(file_);
    ASSERT_TRUE(c.input.starts_with("# schema: rejects\n") ||
                c.input.starts_with("# schema: accepts\n"))
        << "the first line must say what a schema sees";
    const Workshop workshop;
    for (const auto& [name, text] : c.files) spill(name, text);
    const flexos::Loaded loaded = flexos::load_spec("spec.yaml", {"library"});
    const std::string said = flexos::render(loaded.diagnostics, false);
    if (std::getenv("FLEXOS_UPDATE") != nullptr) {
      spill(file_, c.input + "--- expect\n" + said);
    } else {
      EXPECT_EQ(said, c.expected);
    }
    int findings = 0;
    int errors = 0;
    for (const flexos::Diagnostic& d : loaded.diagnostics) {
      findings += d.severity != flexos::Severity::note ? 1 : 0;
      errors += d.severity == flexos::Severity::error ? 1 : 0;
    }
    EXPECT_EQ(findings, 1) << said;
    EXPECT_EQ(loaded.spec.has_value(), errors == 0);
  }

 private:
  fs::path file_;
};

class GoodSpec : public testing::Test {
 public:
  explicit GoodSpec(fs::path file) : file_(std::move(file)) {}

  void TestBody() override {
    const Workshop workshop;
    for (const auto& entry : fs::directory_iterator(kHere / "good")) {
      fs::copy(entry.path(), entry.path().filename(), fs::copy_options::recursive);
    }
    const flexos::Loaded loaded = flexos::load_spec(file_.filename(), {"library"});
    EXPECT_EQ(flexos::render(loaded.diagnostics, false), "");
    EXPECT_TRUE(loaded.spec.has_value());
  }

 private:
  fs::path file_;
};

std::vector<fs::path> files_of(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> result;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() == extension) result.push_back(entry.path());
  }
  std::sort(result.begin(), result.end());
  return result;
}

std::string test_name(const fs::path& file) {
  std::string name = file.stem().string();
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<fs::path> bad = files_of(kHere / "bad", ".txt");
  if (argc == 3 && std::string_view(argv[1]) == "--extract") {
    for (const fs::path& file : bad) {
      const std::string text = read_case(file).files.front().second;
      spill(fs::path(argv[2]) / (file.stem().string() + ".yaml"), text);
    }
    return 0;
  }
  testing::InitGoogleTest(&argc, argv);
  for (const fs::path& file : bad) {
    testing::RegisterTest("bad", test_name(file).c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file]() -> testing::Test* { return new BadSpec(file); });
  }
  for (const fs::path& file : files_of(kHere / "good", ".yaml")) {
    testing::RegisterTest("good", test_name(file).c_str(), nullptr, nullptr, file.c_str(), 1,
                          [file]() -> testing::Test* { return new GoodSpec(file); });
  }
  return RUN_ALL_TESTS();
}
