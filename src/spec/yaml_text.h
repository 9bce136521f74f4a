#pragma once

#include <cstddef>
#include <string>
#include <string_view>

/// What yaml-cpp does not say about a YAML text: where values end, and what its errors mean to the
/// person who wrote the file.
namespace flexos {

inline bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/// Behind the word at `at`: up to the next space or bracket.
std::size_t word_end(std::string_view text, std::size_t at);

/// Behind the anchors and tags at `at`.
std::size_t skip_properties(std::string_view text, std::size_t at);

/// Behind a written null (`null`, `~`) at `at`; `at` itself where nothing is written.
std::size_t null_end(std::string_view text, std::size_t at);

/// Behind the scalar that begins at `at` and has this value; npos where its quote is never closed.
std::size_t scalar_end(std::string_view text, std::size_t at, std::string_view value);

/// The bracket that opens more than `limit` brackets on one line; npos where none does. yaml-cpp
/// takes time quadratic in these before it gives the first event.
std::size_t find_deep_bracket(std::string_view text, int limit);

/// A signature such as `send(const void* buf [in: len], size_t len)` reads as a YAML map because of
/// the `: ` in it. Its space is masked for the parser, in a text of equal length, and given back in
/// the values.
std::string mask_directions(std::string_view text);
std::string unmask_directions(std::string_view value);

struct SyntaxError {
  std::size_t at = 0;
  std::string message;
  std::string hint;
  bool show_bracket = false;  ///< the error is a bracket that is still open
  bool one_byte = false;      ///< underline one character only
};

/// yaml-cpp's error at `at` in words that help.
SyntaxError explain_syntax(std::string_view text, std::size_t at, std::string_view message);

}  // namespace flexos
