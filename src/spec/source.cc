#include "spec/source.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

namespace flexos {

namespace {

/// Length of the valid UTF-8 sequence at `at`, 0 where there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0U;
  };
  const unsigned lead = byte(at);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  unsigned code = 0;
  if (lead >= 0xC2 && lead <= 0xDF) {
    length = 2;
    code = lead & 0x1FU;
  } else if (lead >= 0xE0 && lead <= 0xEF) {
    length = 3;
    code = lead & 0x0FU;
  } else if (lead >= 0xF0 && lead <= 0xF4) {
    length = 4;
    code = lead & 0x07U;
  } else {
    return 0;
  }
  for (std::size_t i = 1; i < length; ++i) {
    const unsigned next = byte(at + i);
    if ((next & 0xC0U) != 0x80U) return 0;
    code = code << 6U | (next & 0x3FU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return overlong || surrogate || code > 0x10FFFF ? 0 : length;
}

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

/// The line without its comment. A quote counts only where a token can begin, so that the
/// apostrophe in plain text opens nothing.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const char before = i == 0 ? ' ' : line[i - 1];
    if (quote != 0) {
      if (c == '\\' && quote == '"') {
        ++i;
      } else if (c == quote) {
        quote = 0;
      }
    } else if ((c == '"' || c == '\'') && std::strchr(" \t[{,:-", before) != nullptr) {
      quote = c;
    } else if (c == '#' && (before == ' ' || before == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

}  // namespace

Source::Source(std::string file_name, std::string content, bool is_primary)
    : file(std::move(file_name)), text(std::move(content)), primary(is_primary) {
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  line_starts.push_back(0);
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts.push_back(i + 1);
  }
}

int Span::line() const {
  if (source == nullptr || begin == kWholeFile) return 0;
  const auto& starts = source->line_starts;
  return static_cast<int>(std::upper_bound(starts.begin(), starts.end(), begin) - starts.begin());
}

int Span::column() const {
  const int at = line();
  if (at == 0) return 0;
  return static_cast<int>(begin - source->line_starts[static_cast<std::size_t>(at - 1)]) + 1;
}

int Span::length() const {
  if (source == nullptr || begin == kWholeFile || end <= begin) return 1;
  std::string_view shown = text();
  shown = shown.substr(0, shown.find('\n'));
  if (shown.size() < end - begin) shown = without_comment(shown);
  while (!shown.empty() && is_blank(shown.back())) shown.remove_suffix(1);
  return std::max(1, static_cast<int>(shown.size()));
}

std::string_view Span::text() const {
  if (source == nullptr || begin == kWholeFile || begin >= source->text.size()) return {};
  return std::string_view(source->text).substr(begin, end - begin);
}

std::string one_line(const Span& span) {
  std::string result;
  std::string_view rest = span.text();
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trim(without_comment(rest.substr(0, end)));
    if (!line.empty()) {
      if (!result.empty()) result += ' ';
      result += line;
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return result;
}

std::size_t find_bad_byte(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const auto c = static_cast<unsigned char>(text[at]);
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) return at;
    const std::size_t length = sequence_length(text, at);
    if (length == 0) return at;
    at += length;
  }
  return std::string_view::npos;
}

ReadResult read_file(const std::filesystem::path& file, std::size_t most) {
  std::error_code error;
  const auto status = std::filesystem::status(file, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    return {ReadStatus::missing, {}, {}};
  }
  if (std::filesystem::is_directory(status)) return {ReadStatus::directory, {}, {}};
  if (std::filesystem::is_regular_file(status)) {
    const auto size = std::filesystem::file_size(file, error);
    if (!error && size > most) return {ReadStatus::too_large, {}, {}};
  }
  errno = 0;
  std::FILE* stream = std::fopen(file.c_str(), "rb");
  if (stream == nullptr) return {ReadStatus::unreadable, {}, std::strerror(errno)};
  // A pipe has no size to ask for: never read more than one byte over the limit.
  ReadResult result;
  char buffer[65536];
  std::size_t got = 0;
  do {
    got = std::fread(buffer, 1, sizeof buffer, stream);
    result.text.append(buffer, got);
  } while (got == sizeof buffer && result.text.size() <= most);
  if (std::ferror(stream) != 0) {
    result = {ReadStatus::unreadable, {}, std::strerror(errno)};
  } else if (result.text.size() > most) {
    result = {ReadStatus::too_large, {}, {}};
  }
  std::fclose(stream);
  return result;
}

}  // namespace flexos
