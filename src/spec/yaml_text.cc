#include "spec/yaml_text.h"

#include <algorithm>

namespace flexos {

namespace {

constexpr char kMask = '\x1f';  // no file holds it: control characters are refused before

bool ends_word(char c) {
  return is_space(c) || c == ',' || c == '[' || c == ']' || c == '{' || c == '}';
}

std::size_t line_end(std::string_view text, std::size_t at) {
  return std::min(text.find('\n', at), text.size());
}

std::size_t line_begin(std::string_view text, std::size_t at) {
  const std::size_t before = at == 0 ? std::string_view::npos : text.rfind('\n', at - 1);
  return before == std::string_view::npos ? 0 : before + 1;
}

/// Behind a block scalar whose `|` or `>` stands at `at`: the following lines that are blank or
/// indented at least as the first of them.
std::size_t block_scalar_end(std::string_view text, std::size_t at) {
  std::size_t end = line_end(text, at);
  std::size_t indent = 0;
  for (std::size_t line = end + 1; line < text.size(); line = line_end(text, line) + 1) {
    const std::size_t stop = line_end(text, line);
    const std::size_t first = std::min(text.find_first_not_of(" \r", line), stop);
    if (first == stop) continue;
    if (indent == 0) indent = first - line;
    if (indent == 0 || first - line < indent) break;
    end = stop;
  }
  return end;
}

}  // namespace

std::size_t word_end(std::string_view text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && !ends_word(text[end])) ++end;
  return std::max(end, std::min(at + 1, text.size()));
}

std::size_t skip_properties(std::string_view text, std::size_t at) {
  while (at < text.size() && (text[at] == '&' || text[at] == '!')) {
    at = word_end(text, at);
    while (at < text.size() && is_space(text[at])) ++at;
  }
  return at;
}

std::size_t null_end(std::string_view text, std::size_t at) {
  for (const std::string_view word : {"~", "null", "Null", "NULL"}) {
    const std::size_t end = at + word.size();
    if (text.substr(std::min(at, text.size())).starts_with(word) &&
        (end == text.size() || ends_word(text[end]))) {
      return end;
    }
  }
  return at;
}

std::size_t scalar_end(std::string_view text, std::size_t at, std::string_view value) {
  if (at >= text.size()) return text.size();
  const char first = text[at];
  if (first == '"' || first == '\'') {
    for (std::size_t i = at + 1; i < text.size(); ++i) {
      if (first == '"' && text[i] == '\\') {
        ++i;
      } else if (text[i] == first) {
        if (first == '"' || i + 1 >= text.size() || text[i + 1] != '\'') return i + 1;
        ++i;
      }
    }
    return std::string_view::npos;
  }
  if (first == '|' || first == '>') return block_scalar_end(text, at);
  // Plain text over several lines is folded: a space of the value is any white space here.
  std::size_t from = at;
  for (std::size_t i = 0; i < value.size() && from < text.size();) {
    if (is_space(value[i])) {
      while (i < value.size() && is_space(value[i])) ++i;
      while (from < text.size() && is_space(text[from])) ++from;
    } else {
      ++i;
      ++from;
    }
  }
  return from;
}

std::size_t find_deep_bracket(std::string_view text, int limit) {
  int depth = 0;
  bool quote = false;
  bool at_start = true;  // of a line, but for `- ` and `? `, which nest as well
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      depth = 0;
      quote = false;
      at_start = true;
      continue;
    }
    if (at_start && (c == '-' || c == '?') && i + 1 < text.size() && is_space(text[i + 1])) {
      if (++depth > limit) return i;
      continue;
    }
    if (c != ' ') at_start = false;
    if (c == '"') {
      quote = !quote;
    } else if (quote) {
      if (c == '\\') ++i;
    } else if (c == '[' || c == '{') {
      if (++depth > limit) return i;
    } else if (c == ']' || c == '}') {
      --depth;
    }
  }
  return std::string_view::npos;
}

std::string mask_directions(std::string_view text) {
  std::string result(text);
  for (const std::string_view word : {"[in: ", "[out: ", "[inout: "}) {
    for (std::size_t at = 0; (at = result.find(word, at)) != std::string::npos;) {
      at += word.size();
      result[at - 1] = kMask;
    }
  }
  return result;
}

std::string unmask_directions(std::string_view value) {
  std::string result(value);
  std::replace(result.begin(), result.end(), kMask, ' ');
  return result;
}

SyntaxError explain_syntax(std::string_view text, std::size_t at, std::string_view message) {
  SyntaxError error;
  error.at = at;
  const char here = at < text.size() ? text[at] : '\0';
  const std::string_view line = text.substr(line_begin(text, at));
  const std::size_t first = std::min(line.find_first_not_of(' '), line.size());
  if (first < line.size() && line[first] == '\t') {
    error.at = line_begin(text, at) + first;
    error.message = "a tab cannot indent YAML";
    error.hint = "indent with spaces";
    error.one_byte = true;
    return error;
  }
  const auto is = [&](std::string_view part) { return message.find(part) != message.npos; };
  if (is("alias not found") || is("anchor not found")) {
    error.message = here == '*' ? "an unquoted `*` begins a YAML alias" : "a name is missing here";
    error.hint = here == '*' ? "write \"*\" in quotes" : "";
    // yaml-cpp stands behind the star.
    if (here != '*' && at > 0 && text[at - 1] == '*') {
      error.at = at - 1;
      error.message = "an unquoted `*` begins a YAML alias";
      error.hint = "write \"*\" in quotes";
    }
    error.one_byte = true;
  } else if (is("anchor is not defined")) {
    error.message = "this alias has no anchor";
    error.hint = "an alias `*name` repeats a value marked `&name` above it";
  } else if (is("end of sequence flow not found")) {
    error.message = "expected `,` or `]` in this list";
    error.show_bracket = true;
  } else if (is("end of map flow not found")) {
    error.message = "expected `,` or `}` in this map";
    error.show_bracket = true;
  } else if (is("illegal map value")) {
    error.message = "a `:` cannot stand here";
    error.hint = "check the indentation of this line, or quote the text that holds the `:`";
    error.one_byte = true;
  } else if (is("illegal block entry")) {
    error.message = "a list item cannot begin here";
    error.hint = "a list begins on a line of its own, each item with `- `";
  } else if (is("illegal flow end")) {
    error.message = std::string("this `") + here + "` closes nothing";
    error.one_byte = true;
  } else if (is("end of map not found") || is("end of sequence not found")) {
    if (first == at - line_begin(text, at)) {
      error.message = "the indentation of this line fits no line above";
      error.hint = "keys of one map, and items of one list, begin in the same column";
    } else {
      error.message = "unexpected text behind a value";
      error.hint = "quote the whole value, or begin a new line";
    }
  } else if (is("EOF in scalar")) {
    error.message = "a quote is opened that is never closed";
  } else if (is("unknown token") && (here == '@' || here == '`' || here == '%')) {
    error.message = here == '`' ? "text cannot begin with a backquote"
                                : std::string("text cannot begin with `") + here + "`";
    error.hint = "write it in quotes";
    error.one_byte = true;
  } else if (is("unknown escape")) {
    error.message = "this escape is unknown in a \"...\" text";
    error.hint = "write '...' where backslashes are meant literally";
  } else if (is("bad file")) {
    error.message = "values nest too deep";
  } else {
    error.message = std::string(message);
  }
  if (error.at >= text.size() && !text.empty()) {
    // Behind the last line: point at the end of what is there.
    error.at = text.find_last_not_of(" \t\r\n");
    if (error.at == std::string_view::npos) error.at = 0;
    error.one_byte = true;
  }
  return error;
}

}  // namespace flexos
