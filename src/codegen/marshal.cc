#include "codegen/marshal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "codegen/plan.h"

namespace flexos {

namespace {

constexpr std::string_view kPrelude = R"(
using word = unsigned long;

extern "C" {
extern char* window;           // this compartment's: where its window is free from
extern char window_end[];
[[noreturn]] void platform_fault(const char* kind, word rip, word address);
}

namespace {

inline void copy(void* to, const void* from, word n) {
  asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(n) : : "memory");
}

inline void wipe(void* at, word n) {
  asm volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(0) : "memory");
}

inline word length_of(const char* text) {
  word n = 0;
  while (text[n] != 0) ++n;
  return n + 1;
}

/// What one call has taken of the window; gives it back wiped.
class Window {
 public:
  char* take(word n) {
    char* const at = window;
    if (n > static_cast<word>(window_end - at)) {
      platform_fault("window", reinterpret_cast<word>(__builtin_return_address(0)), n);
    }
    window = at + ((n + 15) & ~15UL);
    return at;
  }
  ~Window() {
    wipe(start_, static_cast<word>(window - start_));
    window = start_;
  }

 private:
  char* const start_ = window;
};

}  // namespace
)";

bool is_vector(const std::string& type) { return type == "double" || type == "float"; }

/// Integer types of 32 bits: what their register holds above is not theirs.
std::string_view narrow(const std::string& type) {
  constexpr std::array kSigned = {"int", "int32_t"};
  constexpr std::array kUnsigned = {"unsigned", "unsigned int", "uint32_t", "socklen_t", "mode_t"};
  if (std::find(kSigned.begin(), kSigned.end(), type) != kSigned.end()) return "int";
  if (std::find(kUnsigned.begin(), kUnsigned.end(), type) != kUnsigned.end()) return "unsigned";
  return "";
}

std::string c_type(const std::string& type) {
  return is_vector(type) ? type : type == "void" ? "void" : "word";
}

/// A length such as `n * 4 + 8` over the parameters, as a C++ expression of type word.
std::string length_expression(const EntryPoint& entry, const Parameter& buffer) {
  if (buffer.length == "string") return fmt::format("length_of((const char*){})", buffer.name);
  std::string result;
  std::string token;
  const auto flush = [&] {
    if (token.empty()) return;
    const auto parameter = std::find_if(entry.parameters.begin(), entry.parameters.end(),
                                        [&](const Parameter& p) { return p.name == token; });
    if (parameter == entry.parameters.end()) {
      result += token + "UL";
    } else if (parameter->direction != Parameter::Direction::value) {
      result += fmt::format("(word)*(const unsigned*){}", token);  // a length behind a pointer
    } else {
      const std::string_view type = narrow(parameter->type);
      result += type.empty() ? token : fmt::format("(word)({}){}", type, token);
    }
    token.clear();
  };
  for (const char c : buffer.length) {
    if (c == '*' || c == '+') {
      flush();
      result += fmt::format(" {} ", c);
    } else if (c != ' ') {
      token += c;
    }
  }
  flush();
  return result;
}

std::string marshal(const EntryPoint& entry) {
  const std::string type = c_type(entry.result.empty() ? "void" : entry.result);
  std::string parameters;
  std::string arguments;
  for (const Parameter& p : entry.parameters) {
    const bool first = parameters.empty();
    parameters += fmt::format("{}{} {}", first ? "" : ", ", c_type(p.type), p.name);
    arguments +=
        fmt::format("{}{}", first ? "" : ", ",
                    p.direction == Parameter::Direction::value ? p.name : p.name + "_across");
  }
  std::string in;
  std::string out;
  for (const Parameter& p : entry.parameters) {
    if (p.direction == Parameter::Direction::value) continue;
    in += fmt::format("  const word {0}_length = {0} == 0 ? 0 : {1};\n", p.name,
                      length_expression(entry, p));
    in += fmt::format("  const word {0}_across = {0} == 0 ? 0 : (word)shared.take({0}_length);\n",
                      p.name);
    // What goes out is zero where the callee writes nothing: the window was wiped.
    if (p.direction != Parameter::Direction::out) {
      in += fmt::format("  if ({0} != 0) copy((void*){0}_across, (const void*){0}, {0}_length);\n",
                        p.name);
    }
    if (p.direction == Parameter::Direction::in) continue;
    // A ssize_t says how much of an `out` buffer there is; the caller's own length bounds it.
    const bool counted = entry.result == "ssize_t" && p.direction == Parameter::Direction::out;
    const std::string n =
        counted ? fmt::format("((long)result <= 0 ? 0 : result < {0}_length ? result : {0}_length)",
                              p.name)
                : p.name + "_length";
    out +=
        fmt::format("  if ({0} != 0) copy((void*){0}, (const void*){0}_across, {1});\n", p.name, n);
  }
  const bool returns = type != "void";
  return fmt::format(
      "// {5}\n"
      "{0} gate_{1}({2});\n"
      "{0} {1}({2}) {{\n"
      "  Window shared;\n"
      "{3}"
      "  {6}gate_{1}({4});\n"
      "{7}"
      "{8}"
      "}}\n\n",
      type, entry.name, parameters, in, arguments, entry.signature,
      returns ? "const " + type + " result = " : "", out, returns ? "  return result;\n" : "");
}

}  // namespace

std::string marshaller_source(const Component& component) {
  std::string text = fmt::format(
      "// Generated from the api of `{}`: carries its buffers across gates.\n{}\nextern \"C\" "
      "{{\n\n",
      component.name, kPrelude);
  for (const EntryPoint& entry : component.api) {
    if (!entry.signature.empty() && has_buffers(entry)) text += marshal(entry);
  }
  return text + "}  // extern \"C\"\n";
}

}  // namespace flexos
