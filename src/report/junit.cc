#include "report/junit.h"

#include <fmt/format.h>

namespace flexos {

namespace {

/// The length of the UTF-8 sequence at the front that XML may hold; 0 where there is none.
std::size_t character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= 0x20 || first == '\t' || first == '\n' || first == '\r' ? 1 : 0;
  const std::size_t length = first >= 0xF0 && first < 0xF5   ? 4
                             : first >= 0xE0                 ? 3
                             : first >= 0xC2 && first < 0xE0 ? 2
                                                             : 0;
  if (length == 0 || first >= 0xF5 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0U) != 0x80U) return 0;
  }
  const bool overlong = (first == 0xE0 && byte(1) < 0xA0) || (first == 0xF0 && byte(1) < 0x90);
  const bool surrogate = first == 0xED && byte(1) >= 0xA0;
  const bool beyond = first == 0xF4 && byte(1) >= 0x90;
  const bool no_character = first == 0xEF && byte(1) == 0xBF && byte(2) >= 0xBE;
  return overlong || surrogate || beyond || no_character ? 0 : length;
}

/// What XML cannot hold at all, not even escaped, becomes a question mark.
std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const std::size_t length = character(text);
    if (length != 1) {
      out += length == 0 ? "?" : std::string(text.substr(0, length));
      text.remove_prefix(length == 0 ? 1 : length);
      continue;
    }
    switch (text.front()) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        out += text.front();
    }
    text.remove_prefix(1);
  }
  return out;
}

struct Counts {
  int tests = 0;
  int failures = 0;
  int errors = 0;
  int skipped = 0;
  double seconds = 0;

  void add(const TestCase& c) {
    ++tests;
    failures += c.result == TestCase::Result::failed ? 1 : 0;
    errors += c.result == TestCase::Result::error ? 1 : 0;
    skipped += c.result == TestCase::Result::skipped ? 1 : 0;
    seconds += c.seconds;
  }
  std::string text() const {
    return fmt::format("tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"",
                       tests, failures, errors, skipped, seconds);
  }
};

std::string one(const TestCase& c) {
  std::string text = fmt::format("    <testcase classname=\"{}\" name=\"{}\" time=\"{:.3f}\"",
                                 escaped(c.suite), escaped(c.name), c.seconds);
  if (c.result == TestCase::Result::passed) {
    if (c.details.empty()) return text + "/>\n";
    return text + fmt::format(">\n      <system-out>{}</system-out>\n    </testcase>\n",
                              escaped(c.details));
  }
  if (c.result == TestCase::Result::skipped) {
    return text +
           fmt::format(">\n      <skipped message=\"{}\"/>\n    </testcase>\n", escaped(c.message));
  }
  const char* element = c.result == TestCase::Result::failed ? "failure" : "error";
  return text +
         fmt::format(">\n      <{0} type=\"{1}\" message=\"{2}\">{3}</{0}>\n    </testcase>\n",
                     element, escaped(c.cause), escaped(c.message), escaped(c.details));
}

}  // namespace

std::string to_junit(const std::string& name, const std::vector<TestCase>& cases) {
  Counts all;
  for (const TestCase& c : cases) all.add(c);
  std::string xml =
      fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"{}\" {}>\n",
                  escaped(name), all.text());
  for (std::size_t i = 0; i < cases.size();) {
    Counts counts;
    std::string body;
    std::size_t end = i;
    for (; end < cases.size() && cases[end].suite == cases[i].suite; ++end) {
      counts.add(cases[end]);
      body += one(cases[end]);
    }
    xml += fmt::format("  <testsuite name=\"{}\" {}>\n{}  </testsuite>\n", escaped(cases[i].suite),
                       counts.text(), body);
    i = end;
  }
  return xml + "</testsuites>\n";
}

}  // namespace flexos
