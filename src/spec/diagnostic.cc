#include "spec/diagnostic.h"

#include <fmt/core.h>

#include <algorithm>

namespace flexos {

namespace {

constexpr std::string_view kBold = "\x1b[1m";
constexpr std::string_view kReset = "\x1b[0m";

struct Label {
  std::string_view word;
  std::string_view color;
};

Label label(Severity severity) {
  switch (severity) {
    case Severity::warning:
      return {"warning", "\x1b[1;35m"};
    case Severity::note:
      return {"note", "\x1b[1;36m"};
    case Severity::error:
      break;
  }
  return {"error", "\x1b[1;31m"};
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// What stands under a piece of the source line: one `fill` for each character, tabs kept so that
/// the caret lines up however wide the terminal shows them.
std::string under(std::string_view piece, char fill) {
  std::string result;
  for (const char c : piece) {
    if (c == '\t') {
      result += fill == ' ' ? '\t' : fill;
    } else if (!is_continuation(c)) {
      result += fill;
    }
  }
  return result;
}

}  // namespace

std::string render(const Diagnostic& d, bool color) {
  const auto paint = [&](std::string_view style, std::string_view text) {
    return color ? fmt::format("{}{}{}", style, text, kReset) : std::string(text);
  };
  const Label severity = label(d.severity);
  const std::string place =
      d.line > 0 ? fmt::format("{}:{}:{}:", d.file, d.line, d.column) : d.file + ":";
  std::string result = paint(kBold, place) + " " +
                       paint(severity.color, fmt::format("{}:", severity.word)) + " " +
                       paint(kBold, d.message);
  if (!d.code.empty()) result += fmt::format(" [{}]", d.code);
  result += '\n';
  if (d.line > 0 && d.column >= d.excerpt_column) {
    const std::string_view line = d.excerpt;
    const auto before =
        std::min(static_cast<std::size_t>(d.column - d.excerpt_column), line.size());
    const std::string_view marked =
        line.substr(before, static_cast<std::size_t>(std::max(1, d.length)));
    std::string caret = under(marked, '~');
    if (caret.empty()) caret = "~";
    caret[0] = '^';
    result += fmt::format("{:5} | {}\n", d.line, line);
    result += fmt::format("      | {}{}\n", under(line.substr(0, before), ' '),
                          paint(severity.color, caret));
  }
  if (!d.hint.empty()) result += fmt::format("  {} {}\n", paint(kBold, "hint:"), d.hint);
  return result;
}

std::string render(const std::vector<Diagnostic>& diagnostics, bool color) {
  std::string result;
  for (const Diagnostic& d : diagnostics) {
    if (!result.empty()) result += '\n';
    result += render(d, color);
  }
  return result;
}

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::error; });
}

std::string ticked(std::string_view text) {
  constexpr std::size_t kShown = 60;
  std::string result = "`";
  bool cut = false;
  for (const char c : text) {
    if (result.size() > kShown && !is_continuation(c)) {
      cut = true;
      break;
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      result += c == '\n' ? std::string("\\n") : fmt::format("\\x{:02x}", static_cast<int>(c));
    } else {
      result += c;
    }
  }
  return result + (cut ? "...`" : "`");
}

}  // namespace flexos
