#include "codegen/marshal.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

#include "codegen/plan.h"
#include "spec/signature.h"

namespace flexos {

namespace {

constexpr std::string_view kPrelude = R"(
using word = unsigned long;

extern "C" {
extern char* window[];         // this compartment's, one a thread: where it is free from
extern char window_start[];
extern char window_size[];     // of a thread; the address is the number
extern const volatile unsigned platform_thread;
[[noreturn]] void platform_fault(const char* kind, word rip, word address);
}

namespace {

// Eight bytes at a time, then the rest: not every processor has fast strings of bytes, and TCG does
// (and counts) each step of a `rep`, as it does for the words that the library's own memcpy moves.
// Each byte is read once.

inline void copy(void* to, const void* from, word n) {
  word words = n / 8;
  asm volatile("rep movsq" : "+D"(to), "+S"(from), "+c"(words) : : "memory");
  word rest = n % 8;
  if (rest != 0) asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(rest) : : "memory");
}

inline void wipe(void* at, word n) {
  word words = n / 8;
  asm volatile("rep stosq" : "+D"(at), "+c"(words) : "a"(0) : "memory");
  word rest = n % 8;
  if (rest != 0) asm volatile("rep stosb" : "+D"(at), "+c"(rest) : "a"(0) : "memory");
}

inline word length_of(const char* text) {
  word n = 0;
  while (text[n] != 0) ++n;
  return n + 1;
}

/// A length that ends at the largest number instead of beginning anew.
struct Length {
  word n;
  friend Length operator*(Length a, Length b) {
    return __builtin_mul_overflow(a.n, b.n, &a.n) ? Length{~0UL} : a;
  }
  friend Length operator+(Length a, Length b) {
    return __builtin_add_overflow(a.n, b.n, &a.n) ? Length{~0UL} : a;
  }
};

/// What one call has taken of the window; gives it back wiped.
class Window {
 public:
  char* take(word n) {
    char* const at = *free_;
    if (n > static_cast<word>(end_ - at)) {
      platform_fault("window", reinterpret_cast<word>(__builtin_return_address(0)), n);
    }
    *free_ = at + ((n + 15) & ~15UL);
    return at;
  }
  /// An array of pointers to text, each read once.
  word texts(const word* from, word n) {
    word* const to = reinterpret_cast<word*>(take((Length{n} * Length{8}).n));
    for (word i = 0; i < n; ++i) {
      const char* const text = reinterpret_cast<const char*>(from[i]);
      const word size = text == nullptr ? 0 : length_of(text);
      char* const at = text == nullptr ? nullptr : take(size);
      copy(at, text, size);
      to[i] = reinterpret_cast<word>(at);
    }
    return reinterpret_cast<word>(to);
  }
  ~Window() {
    wipe(start_, static_cast<word>(*free_ - start_));
    *free_ = start_;
  }

 private:
  const unsigned thread_ = platform_thread;
  char** const free_ = window + thread_;
  char* const start_ = *free_;
  char* const end_ = window_start + (thread_ + 1) * reinterpret_cast<word>(window_size);
};

}  // namespace
)";

/// For components whose entry points take callbacks. @NAME@: replaced by weaken().
constexpr std::string_view kCallbacks = R"(
extern "C" {
extern char code_start[], code_end[];  // this compartment's own
}

namespace {

enum class Lifetime { call, once, registered };

/// A function that was handed over, in memory that only this compartment can write.
struct Binding {
  word function;
  unsigned thread;
};

[[noreturn, gnu::noinline]] void refuse(word about) {
  platform_fault("callback", reinterpret_cast<word>(__builtin_return_address(0)), about);
}

/// Binds a function for a call; `address` is the stub's.
template <Lifetime kLifetime>
class Lent {
 public:
  [[gnu::always_inline]] Lent(Binding* bound, word function, word stubs)
      : binding_(nullptr),
        address(function == 0 || stubs == 0 ? function : bind(bound, function, stubs)) {}
  ~Lent() {
    if (kLifetime == Lifetime::call && binding_ != nullptr && @revoke@) binding_->function = 0;
  }

 private:
  Binding* binding_;

 public:
  const word address;

 private:
  word bind(Binding* bound, word function, word stubs) {
    const word start = reinterpret_cast<word>(code_start);
    if (function - start >= reinterpret_cast<word>(code_end) - start && @code@) refuse(function);
    for (word i = 0; kLifetime == Lifetime::registered && i < @bindings@; ++i) {
      if (bound[i].function == function) return stubs + i * @stub@;
    }
    for (word i = 0; i < @bindings@; ++i) {
      if (bound[i].function != 0) continue;
      binding_ = bound + i;
      *binding_ = {function, platform_thread};
      return stubs + i * @stub@;
    }
    refuse(function);
  }
};

/// The function that a gate back asks for.
template <Lifetime kLifetime>
[[gnu::always_inline]] inline word bound_function(Binding* bound, word i) {
  if (i >= @bindings@ && @index@) refuse(i);
  const word function = bound[i].function;
  if (function == 0) refuse(i);
  if (kLifetime == Lifetime::call && bound[i].thread != platform_thread) refuse(i);
  if (kLifetime == Lifetime::once) bound[i].function = 0;
  return function;
}

/// The window of who calls back: what it hands over lies there.
struct Peer {
  word start, end;
  bool holds(word at, word n) const {
    return at == 0 || (at >= start && at <= end && n <= end - at);
  }
  bool holds_text(word at) const {
    if (at == 0) return true;
    for (; at >= start && at < end; ++at) {
      if (*reinterpret_cast<const char*>(at) == 0) return true;
    }
    return false;
  }
  bool holds_texts(word at, word n) const {
    if (!holds(at, (Length{n} * Length{8}).n)) return false;
    for (word i = 0; at != 0 && i < n; ++i) {
      if (!holds_text(reinterpret_cast<const word*>(at)[i])) return false;
    }
    return true;
  }
};

}  // namespace
)";

/// What a callback's types are made of, as the C library has them.
constexpr std::string_view kCTypes = R"(
using size_t = __SIZE_TYPE__;
using ssize_t = long;
using ptrdiff_t = __PTRDIFF_TYPE__;
using intptr_t = __INTPTR_TYPE__;
using uintptr_t = __UINTPTR_TYPE__;
using int8_t = __INT8_TYPE__;
using int16_t = __INT16_TYPE__;
using int32_t = __INT32_TYPE__;
using int64_t = __INT64_TYPE__;
using uint8_t = __UINT8_TYPE__;
using uint16_t = __UINT16_TYPE__;
using uint32_t = __UINT32_TYPE__;
using uint64_t = __UINT64_TYPE__;
using off_t = long;
using time_t = long;
using mode_t = unsigned;
using uid_t = unsigned;
using gid_t = unsigned;
using socklen_t = unsigned;
using pid_t = int;
)";

constexpr std::string_view kStrings = " strings";

bool counts_strings(const Parameter& p) {
  return p.length.size() > kStrings.size() && p.length.ends_with(kStrings);
}

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
  std::string text = buffer.length;
  if (counts_strings(buffer)) text.resize(text.size() - kStrings.size());
  const bool one = text.find_first_of("*+") == std::string::npos;
  std::string result;
  std::string token;
  const auto flush = [&] {
    if (token.empty()) return;
    const auto parameter = std::find_if(entry.parameters.begin(), entry.parameters.end(),
                                        [&](const Parameter& p) { return p.name == token; });
    if (!one) result += "Length{";
    if (parameter == entry.parameters.end()) {
      result += token + "UL";
    } else if (parameter->direction != Parameter::Direction::value) {
      result += fmt::format("(word)*(const unsigned*){}", token);  // a length behind a pointer
    } else {
      const std::string_view type = narrow(parameter->type);
      result += type.empty() ? token : fmt::format("(word)({}){}", type, token);
    }
    if (!one) result += "}";
    token.clear();
  };
  for (const char c : text) {
    if (c == '*' || c == '+') {
      flush();
      result += fmt::format(" {} ", c);
    } else if (c != ' ') {
      token += c;
    }
  }
  flush();
  return one ? result : fmt::format("({}).n", result);
}

bool is_buffer(const Parameter& p) { return p.direction != Parameter::Direction::value; }

/// The parts of a function that carries what `entry` says: an entry point, or a callback.
struct Carried {
  std::string type;        ///< of the result: word, double, void
  std::string parameters;  ///< "word fd, word buf"
  std::string arguments;   ///< what goes on: "fd, buf_across"
  std::string in;
  std::string out;
  std::string result() const { return type == "void" ? "" : "const " + type + " result = "; }
  std::string answer() const { return type == "void" ? "" : "  return result;\n"; }
};

std::string buffer_in(const EntryPoint& entry, const Parameter& p) {
  if (counts_strings(p)) {
    return fmt::format(
        "  const word {0}_across = {0} == 0 ? 0 : shared.texts((const word*){0}, {1});\n", p.name,
        length_expression(entry, p));
  }
  std::string in = fmt::format("  const word {0}_length = {0} == 0 ? 0 : {1};\n", p.name,
                               length_expression(entry, p));
  in += fmt::format("  const word {0}_across = {0} == 0 ? 0 : (word)shared.take({0}_length);\n",
                    p.name);
  // What goes out is zero where the callee writes nothing: the window was wiped.
  if (p.direction != Parameter::Direction::out) {
    in += fmt::format("  if ({0} != 0) copy((void*){0}_across, (const void*){0}, {0}_length);\n",
                      p.name);
  }
  return in;
}

std::string buffer_out(const EntryPoint& entry, const Parameter& p) {
  // A ssize_t says how much there is of the `out` buffer whose length the caller gives by itself,
  // and that length bounds it. Other buffers (an address beside the data) are of their own size.
  const bool given = std::any_of(entry.parameters.begin(), entry.parameters.end(),
                                 [&](const Parameter& other) { return other.name == p.length; });
  const bool counted =
      given && entry.result == "ssize_t" && p.direction == Parameter::Direction::out;
  const std::string n =
      counted ? fmt::format("((long)result <= 0 ? 0 : result < {0}_length ? result : {0}_length)",
                            p.name)
              : p.name + "_length";
  return fmt::format("  if ({0} != 0) copy((void*){0}, (const void*){0}_across, {1});\n", p.name,
                     n);
}

Carried carried(const EntryPoint& entry, bool copies) {
  Carried c;
  c.type = c_type(entry.result.empty() ? "void" : entry.result);
  for (const Parameter& p : entry.parameters) {
    const char* comma = c.parameters.empty() ? "" : ", ";
    const bool crosses = copies && is_buffer(p);
    c.parameters += fmt::format("{}{} {}", comma, c_type(p.type), p.name);
    c.arguments += fmt::format("{}{}{}", comma, p.name, crosses ? "_across" : "");
    if (!crosses) continue;
    c.in += buffer_in(entry, p);
    if (p.direction != Parameter::Direction::in) c.out += buffer_out(entry, p);
  }
  if (!c.in.empty()) c.in = "  Window shared;\n" + c.in;
  return c;
}

const char* name_of(Parameter::Lifetime lifetime) {
  return lifetime == Parameter::Lifetime::call   ? "call"
         : lifetime == Parameter::Lifetime::once ? "once"
                                                 : "registered";
}

/// Structs that only pointers name need no more than to be said to exist.
std::string declared_structs(const EntryPoint& callback) {
  std::string text;
  std::vector<std::string> types = {callback.result};
  for (const Parameter& p : callback.parameters) types.push_back(p.type);
  for (const std::string& type : types) {
    std::string word;
    for (const char c : type + " ") {
      if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_') {
        word += c;
        continue;
      }
      if (!word.empty() && word != "struct" && !is_plain_type(word)) {
        text += fmt::format("struct {};\n", word);
      }
      word.clear();
    }
  }
  return text;
}

/// The callback as C has it: what its type hash is made of.
std::string prototype(const EntryPoint& callback, const std::string& name) {
  std::string types;
  for (const Parameter& p : callback.parameters) types += (types.empty() ? "" : ", ") + p.type;
  return fmt::format("{} {}({})", callback.result, name, types);
}

std::string back(const EntryPoint& entry, const Parameter& p, bool copies, Defence without) {
  const EntryPoint& callback = *p.callback;
  const std::string name = entry.name + "__" + p.name;
  const bool crosses = copies && has_buffers(callback);
  const Carried c = carried(callback, copies);
  const std::string comma = c.parameters.empty() ? "" : ", ";
  std::string text = declared_structs(callback);
  text += fmt::format(
      "// {0} of {1}\n[[gnu::weak]] {2};\nextern char peer_{3}[], peer_end_{3}[];\n"
      "namespace {{ Binding bound_{3}[{4}]; }}\n",
      callback.signature, entry.name, prototype(callback, "stubs_" + name), name, kBindings);
  // Where the gate back ends. The call is checked by kcfi, here as in any component with `cfi`.
  std::string checks;
  std::string values;
  for (const Parameter& a : callback.parameters) {
    values += fmt::format("{}({}){}", values.empty() ? "" : ", ", a.type, a.name);
    if (!copies || !is_buffer(a) || without == Defence::callback_window) continue;
    const std::string holds =
        a.length == "string" ? fmt::format("holds_text({})", a.name)
        : counts_strings(a)
            ? fmt::format("holds_texts({}, {})", a.name, length_expression(callback, a))
            : fmt::format("holds({0}, {0} == 0 ? 0 : {1})", a.name, length_expression(callback, a));
    checks += fmt::format("  if (!peer.{}) refuse({});\n", holds, a.name);
  }
  text += fmt::format(
      "{0}{1} land_{2}({3}{4}word binding) {{\n"
      "  const word function = bound_function<Lifetime::{5}>(bound_{2}, binding);\n",
      without == Defence::callback_type ? "[[clang::no_sanitize(\"kcfi\")]] " : "", c.type, name,
      c.parameters, comma, name_of(p.lifetime));
  if (!checks.empty()) {
    text +=
        fmt::format("  const Peer peer{{(word)peer_{0}, (word)peer_end_{0}}};\n", name) + checks;
  }
  text += fmt::format("  {}(({})function)({}){};\n}}\n",
                      c.type == "void" ? "" : fmt::format("return ({})", c.type),
                      prototype(callback, "(*)"), values, "");
  if (!crosses) return text;
  text += fmt::format(
      "extern {0} (*const gates_{1}[])({2}{3}word);\n"
      "[[clang::no_sanitize(\"kcfi\")]] {0} cross_{1}({2}{3}word token) {{\n{4}"
      "  {5}gates_{1}[token >> 8]({6}{3}token & 255);\n{7}{8}}}\n",
      c.type, name, c.parameters, comma, c.in, c.result(), c.arguments, c.out, c.answer());
  return text;
}

std::string marshal(const EntryPoint& entry, bool copies, Defence without) {
  Carried c = carried(entry, copies);
  std::string text;
  std::string lent;
  std::string arguments;
  for (const Parameter& p : entry.parameters) {
    const bool crosses = copies && is_buffer(p);
    arguments += fmt::format("{}{}{}", arguments.empty() ? "" : ", ", p.name,
                             p.callback != nullptr ? "_lent.address"
                             : crosses             ? "_across"
                                                   : "");
    if (p.callback == nullptr) continue;
    text += back(entry, p, copies, without);
    lent += fmt::format(
        "  const Lent<Lifetime::{2}> {1}_lent(bound_{0}__{1}, {1}, (word)&stubs_{0}__{1});\n",
        entry.name, p.name, name_of(p.lifetime));
  }
  return text + fmt::format(
                    "// {0}\n{1} gate_{2}({3});\n{1} {2}({3}) {{\n{4}{5}  {6}gate_{2}({7});\n"
                    "{8}{9}}}\n\n",
                    entry.signature, c.type, entry.name, c.parameters, c.in, lent, c.result(),
                    arguments, c.out, c.answer());
}

/// The checks that stand in kCallbacks, but for the one that a test leaves out.
std::string weakened(Defence without) {
  std::string text(kCallbacks);
  const auto fill = [&](const std::string& name, const std::string& value) {
    const std::string mark = "@" + name + "@";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark)) {
      text.replace(at, mark.size(), value);
    }
  };
  fill("revoke", without == Defence::callback_revoke ? "false" : "true");
  fill("code", without == Defence::callback_code ? "false" : "true");
  fill("index", without == Defence::callback_index ? "false" : "true");
  fill("bindings", std::to_string(kBindings));
  fill("stub", std::to_string(kStubSize));
  return text;
}

}  // namespace

std::string marshaller_source(const Component& component, Sharing sharing, Defence without) {
  const bool callbacks = !marshalled_names(component, sharing).callbacks.empty();
  std::string text =
      fmt::format("// Generated from the api of `{}`: carries its buffers across gates.\n{}",
                  component.name, kPrelude);
  if (callbacks) text.append(kCTypes).append(weakened(without));
  text += "\nextern \"C\" {\n\n";
  for (const EntryPoint& entry : component.api) {
    if (!entry.signature.empty() && is_marshalled(entry, sharing)) {
      text += marshal(entry, sharing == Sharing::copy, without);
    }
  }
  return text + "}  // extern \"C\"\n";
}

Marshalled marshalled_names(const Component& component, Sharing sharing) {
  Marshalled names;
  for (const EntryPoint& entry : component.api) {
    if (entry.signature.empty() || !is_marshalled(entry, sharing)) continue;
    names.functions.push_back(entry.name);
    for (const Parameter& p : entry.parameters) {
      if (p.callback != nullptr) names.callbacks.push_back(entry.name + "__" + p.name);
    }
  }
  return names;
}

}  // namespace flexos
