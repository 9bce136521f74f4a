#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"

namespace flexos {

enum class Severity { error, warning, note };

/// One finding about a file, with everything needed to show it as a compiler would. A note belongs
/// to the error or warning that it follows.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  int line = 0;      ///< 1-based; 0 where the file as a whole is meant
  int column = 0;    ///< 1-based, in bytes
  int length = 1;    ///< bytes to underline
  std::string code;  ///< stable, kebab-case: `unknown-component`; empty in a note
  std::string message;
  std::string hint;     ///< what to do; may be empty
  std::string excerpt;  ///< the offending source line, or the part of a long one around the column
  int excerpt_column = 1;  ///< the column at which `excerpt` begins
};

/// The text a person reads: position, message, excerpt with caret, hint.
std::string render(const Diagnostic& diagnostic, bool color);

/// All of them, one blank line between.
std::string render(const std::vector<Diagnostic>& diagnostics, bool color);

/// True iff one of them is an error.
bool has_errors(const std::vector<Diagnostic>& diagnostics);

/// `text` in backquotes for a message: control characters escaped, shortened where it is long.
std::string ticked(std::string_view text);

}  // namespace flexos
