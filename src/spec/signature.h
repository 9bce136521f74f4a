#pragma once

#include <string>
#include <string_view>

#include "model/spec.h"

namespace flexos {

/// Outcome of `parse_signature`: `error` is empty iff the text is an entry point.
struct SignatureResult {
  EntryPoint entry;
  std::string error;
  std::string hint;
  std::size_t at = 0;      ///< offset of the error in the text
  std::size_t length = 1;  ///< of the piece that is wrong
};

/// Reads an entry point of an `api`:
///
///     name
///     name(type name, const void* buf [in: len], size_t len) -> result
///
/// Directions: `in` (the gate copies the buffer to the callee), `out` (back to the caller),
/// `inout`. The length in bytes is made of numbers and other parameters joined by `*` or `+`, or it
/// is the word `string`: up to and including the NUL; `n strings` is an array of pointers to such.
///
/// A function pointer is a callback, its parameters are written like an entry point's:
///
///     walk(int (*visit)(void* mine, const void* item [in: 16]) [lifetime: call], void* mine)
///
/// Lifetimes: `call` (which needs not be written), `once`, `registered`.
SignatureResult parse_signature(std::string_view text);

/// Is the type made of C's own words and the well-known names for integers?
bool is_plain_type(std::string_view type);

}  // namespace flexos
