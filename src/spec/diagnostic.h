#pragma once

#include <string>
#include <vector>

#include "model/spec.h"

namespace flexos {

enum class Severity { error, warning, note };

/// One finding about a file, with everything needed to show it as a compiler would.
struct Diagnostic {
  Severity severity = Severity::error;
  std::string file;
  int line = 0;    ///< 1-based; 0 where the file as a whole is meant
  int column = 0;  ///< 1-based, in bytes
  int length = 1;  ///< bytes to underline
  std::string code;     ///< stable, kebab-case: `unknown-component`
  std::string message;
  std::string hint;     ///< what to do; may be empty
  std::string excerpt;  ///< the offending source line
};

/// The text a person reads: position, message, excerpt with caret, hint.
std::string render(const Diagnostic& diagnostic, bool color);

/// True iff one of them is an error.
bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace flexos
