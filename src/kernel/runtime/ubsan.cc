#include <stdint.h>

#include "report.h"

/// Handlers of -fsanitize=undefined. Clang hands each a record that it laid out in the object; all
/// but one kind begin with the source location. None returns: what is undefined cannot go on.
namespace flexos {
namespace {

struct Location {
  const char* file;
  uint32_t line;
  uint32_t column;
};

/// `kind` 0 = integer, whose `info` holds signed (bit 0) and the logarithm of the width.
struct Type {
  uint16_t kind;
  uint16_t info;
};

struct Overflow {
  Location at;
  const Type* type;
};

struct Mismatch {
  Location at;
  const Type* type;
  uint8_t log_alignment;
  uint8_t access;
};

[[noreturn]] void undefined(const char* what, const Location& at, uint64_t rip, uint64_t address) {
  Report report;
  report.text("ubsan:").text(what);
  if (at.file != nullptr) {
    report.text("@").text(at.file).text(":").number(at.line).text(":").number(at.column);
  }
  report.raise(rip, address);
}

const char* overflow(const Overflow& data) {
  const bool is_signed = data.type->kind == 0 && (data.type->info & 1) != 0;
  return is_signed ? "signed-integer-overflow" : "unsigned-integer-overflow";
}

const char* mismatch(const Mismatch& data, uintptr_t pointer) {
  if (pointer == 0) return "null-pointer-use";
  const uintptr_t alignment = uintptr_t{1} << data.log_alignment;
  return (pointer & (alignment - 1)) != 0 ? "misaligned-pointer-use" : "object-too-small";
}

}  // namespace
}  // namespace flexos

using flexos::Location;
using flexos::undefined;

// With recovery off clang calls the `_abort` forms; the plain ones are for objects built with it.
#define HANDLER(name, what, address, ...)                                    \
  extern "C" [[noreturn]] void __ubsan_handle_##name(__VA_ARGS__) {          \
    undefined(what, *reinterpret_cast<const Location*>(data), FLEXOS_CALLER, \
              static_cast<uint64_t>(address));                               \
  }                                                                          \
  extern "C" [[noreturn]] void __ubsan_handle_##name##_abort(__VA_ARGS__) {  \
    undefined(what, *reinterpret_cast<const Location*>(data), FLEXOS_CALLER, \
              static_cast<uint64_t>(address));                               \
  }

HANDLER(add_overflow, flexos::overflow(*data), 0, const flexos::Overflow* data, uintptr_t,
        uintptr_t)
HANDLER(sub_overflow, flexos::overflow(*data), 0, const flexos::Overflow* data, uintptr_t,
        uintptr_t)
HANDLER(mul_overflow, flexos::overflow(*data), 0, const flexos::Overflow* data, uintptr_t,
        uintptr_t)
HANDLER(negate_overflow, flexos::overflow(*data), 0, const flexos::Overflow* data, uintptr_t)
HANDLER(divrem_overflow, "division", 0, const Location* data, uintptr_t, uintptr_t)
HANDLER(shift_out_of_bounds, "shift-out-of-bounds", 0, const Location* data, uintptr_t, uintptr_t)
HANDLER(out_of_bounds, "index-out-of-bounds", 0, const Location* data, uintptr_t)
HANDLER(type_mismatch_v1, flexos::mismatch(*data, pointer), pointer, const flexos::Mismatch* data,
        uintptr_t pointer)
HANDLER(alignment_assumption, "alignment-assumption", pointer, const Location* data,
        uintptr_t pointer, uintptr_t, uintptr_t)
HANDLER(vla_bound_not_positive, "array-size", 0, const Location* data, uintptr_t)
HANDLER(float_cast_overflow, "float-cast-overflow", 0, const Location* data, uintptr_t)
HANDLER(load_invalid_value, "invalid-value", 0, const Location* data, uintptr_t)
HANDLER(implicit_conversion, "implicit-conversion", 0, const Location* data, uintptr_t, uintptr_t)
HANDLER(invalid_builtin, "invalid-builtin-argument", 0, const Location* data)
HANDLER(pointer_overflow, "pointer-overflow", result, const Location* data, uintptr_t,
        uintptr_t result)
HANDLER(function_type_mismatch, "function-type-mismatch", function, const Location* data,
        uintptr_t function)
HANDLER(nonnull_arg, "null-argument", 0, const Location* data)
HANDLER(nullability_arg, "null-argument", 0, const Location* data)
// The record tells where the attribute stands; where the null was returned is the second argument.
HANDLER(nonnull_return_v1, "null-return", 0, const void*, const Location* data)
HANDLER(nullability_return_v1, "null-return", 0, const void*, const Location* data)

extern "C" [[noreturn]] void __ubsan_handle_builtin_unreachable(const Location* data) {
  undefined("unreachable-reached", *data, FLEXOS_CALLER, 0);
}
extern "C" [[noreturn]] void __ubsan_handle_missing_return(const Location* data) {
  undefined("missing-return", *data, FLEXOS_CALLER, 0);
}
