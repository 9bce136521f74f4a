#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace flexos {

/// The text of one file, and where its lines begin.
struct Source {
  std::string file;  ///< as shown in diagnostics
  std::string text;  ///< without a byte order mark
  std::vector<std::size_t> line_starts;
  bool primary = false;  ///< the spec itself, not a file that it names

  Source(std::string file_name, std::string content, bool is_primary);
};

/// A piece of a source: bytes [begin, end). Default: nowhere.
struct Span {
  static constexpr std::size_t kWholeFile = static_cast<std::size_t>(-1);

  const Source* source = nullptr;
  std::size_t begin = kWholeFile;  ///< kWholeFile where the file as a whole is meant
  std::size_t end = kWholeFile;

  int line() const;    ///< 1-based; 0 for the whole file
  int column() const;  ///< 1-based, in bytes; 0 for the whole file
  /// Bytes to underline: up to the end of the first line, at least 1.
  int length() const;
  std::string_view text() const;
};

/// The span's text as a person would write it on one line: comments dropped, lines trimmed and
/// joined by a space.
std::string one_line(const Span& span);

/// The first byte at which `text` is not what a YAML file may hold (valid UTF-8 without control
/// characters); npos where it is.
std::size_t find_bad_byte(std::string_view text);

/// What a spec's file may measure: larger ones are refused before they are read.
inline constexpr std::size_t kMaxFileBytes = std::size_t{4} << 20;

enum class ReadStatus { ok, missing, directory, unreadable, too_large };

struct ReadResult {
  ReadStatus status = ReadStatus::ok;
  std::string text;
  std::string reason;  ///< the system's words, for `unreadable`
};

ReadResult read_file(const std::filesystem::path& file, std::size_t most = kMaxFileBytes);

}  // namespace flexos
