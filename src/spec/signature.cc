#include "spec/signature.h"

#include <algorithm>
#include <set>
#include <vector>

#include "spec/edit_distance.h"
#include "spec/scalar.h"

namespace flexos {

namespace {

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n'; }

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

constexpr std::string_view kStrings = " strings";
constexpr const char* kPlain =
    "write the type that it stands for: the hash that guards the call is made of it";

/// `n strings`: that many pointers to text.
bool counts_strings(std::string_view length) {
  return length.size() > kStrings.size() && length.ends_with(kStrings);
}

class SignatureParser {
 public:
  explicit SignatureParser(std::string_view text) : text_(text) {}

  SignatureResult parse() {
    const std::size_t open = text_.find('(');
    const std::string_view name = trim(text_.substr(0, open));
    if (!is_function_name(name)) {
      fail(name, "expected the name of a function",
           "write `name` or `name(type name, ...) -> type`");
      return result_;
    }
    result_.entry.name = name;
    if (open == std::string_view::npos) return result_;
    result_.entry.signature = trim(text_);
    const std::size_t close = closing(text_, open);
    if (close == std::string_view::npos) {
      fail(text_.substr(open, 1), "this `(` is never closed");
      return result_;
    }
    if (!read_result(text_.substr(close + 1))) return result_;
    read_parameters(text_.substr(open + 1, close - open - 1), result_.entry);
    return result_;
  }

 private:
  bool fail(std::string_view piece, std::string error, std::string hint = {}) {
    result_.error = std::move(error);
    result_.hint = std::move(hint);
    result_.at =
        piece.data() == nullptr ? 0 : static_cast<std::size_t>(piece.data() - text_.data());
    result_.length = std::max<std::size_t>(1, piece.size());
    return false;
  }

  /// The parenthesis that closes the one at `open`: a parameter may be a function pointer.
  static std::size_t closing(std::string_view text, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open; i < text.size(); ++i) {
      if (text[i] == '(') ++depth;
      if (text[i] == ')' && --depth == 0) return i;
    }
    return std::string_view::npos;
  }

  bool read_result(std::string_view rest) {
    const std::string_view tail = trim(rest);
    if (tail.empty()) {
      result_.entry.result = "void";
      return true;
    }
    if (!tail.starts_with("->")) {
      return fail(tail, "expected `->` and the type of the result");
    }
    const std::string_view type = trim(tail.substr(2));
    if (!is_type(type)) return fail(type.empty() ? tail : type, "expected a type after `->`");
    result_.entry.result = type;
    return true;
  }

  static bool is_type(std::string_view type) {
    return !type.empty() && (is_word(type[0])) && (type[0] < '0' || type[0] > '9') &&
           std::all_of(type.begin(), type.end(),
                       [](char c) { return is_word(c) || is_blank(c) || c == '*'; });
  }

  /// A parameter's length, to be checked once all names are known.
  using Lengths = std::vector<std::string_view>;

  bool read_parameters(std::string_view list, EntryPoint& entry) {
    if (trim(list).empty() || trim(list) == "void") return true;
    Lengths lengths;
    int depth = 0;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
      if (i < list.size()) {
        if (list[i] == '(' || list[i] == '[') ++depth;
        if (list[i] == ')' || list[i] == ']') --depth;
        if (list[i] != ',' || depth > 0) continue;
      }
      if (!read_parameter(list.substr(from, i - from), entry, lengths)) return false;
      from = i + 1;
    }
    return check_lengths(entry, lengths);
  }

  bool read_parameter(std::string_view whole, EntryPoint& entry, Lengths& lengths) {
    std::string_view text = trim(whole);
    if (text.empty()) return fail(whole, "expected a parameter: `type name`");
    Parameter parameter;
    if (text == "...") return fail(text, "a gate cannot carry a variable number of arguments");
    if (const std::size_t star = text.find("(*"); star != std::string_view::npos) {
      if (&entry != &result_.entry) return fail(text, "a callback cannot take a callback");
      if (!read_callback(text, star, parameter)) return false;
    } else if (!read_plain(text, parameter, lengths)) {
      return false;
    }
    for (const Parameter& other : entry.parameters) {
      if (other.name == parameter.name) {
        return fail(text, "two parameters are called `" + parameter.name + "`");
      }
    }
    entry.parameters.push_back(std::move(parameter));
    return true;
  }

  /// `type name`, and what crosses in brackets behind it.
  bool read_plain(std::string_view text, Parameter& parameter, Lengths& lengths) {
    if (text.back() == ']') {
      const std::size_t bracket = text.rfind('[');
      if (bracket == std::string_view::npos)
        return fail(text.substr(text.size() - 1), "this `]` closes nothing");
      if (!read_direction(text.substr(bracket + 1, text.size() - bracket - 2), parameter,
                          lengths)) {
        return false;
      }
      text = trim(text.substr(0, bracket));
    } else if (const std::size_t bracket = text.find('['); bracket != std::string_view::npos) {
      return fail(
          text.substr(bracket),
          "a direction stands behind the parameter's name, as in `const void* buf [in: len]`");
    }
    std::size_t begin = text.size();
    while (begin > 0 && is_word(text[begin - 1])) --begin;
    const std::string_view name = text.substr(begin);
    const std::string_view type = trim(text.substr(0, begin));
    if (!is_identifier(name) || !is_type(type)) {
      return fail(text, "expected a parameter: `type name`",
                  "for example `const void* buf [in: len]`");
    }
    parameter.name = name;
    parameter.type = type;
    const bool pointer = type.find('*') != std::string_view::npos;
    if (parameter.direction != Parameter::Direction::value && !pointer) {
      return fail(text, "only a pointer has a direction",
                  "write the type with `*`, or drop the `[...]`");
    }
    if (!counts_strings(parameter.length)) return true;
    if (std::count(type.begin(), type.end(), '*') != 2) {
      return fail(text, "`strings` is an array of pointers to text",
                  "write its type with `**`, as in `char** names [in: n strings]`");
    }
    if (parameter.direction != Parameter::Direction::in) {
      return fail(text, "`strings` can only be `in`");
    }
    return true;
  }

  /// `int (*name)(type name, ...) [lifetime: word]`, `star` where its `(*` stands.
  bool read_callback(std::string_view text, std::size_t star, Parameter& parameter) {
    constexpr const char* kExample =
        "for example `int (*visit)(void* mine, const void* item [in: 16])`";
    const std::size_t end = std::min(text.find(')', star), text.size());
    const std::string_view name = trim(text.substr(star + 2, end - star - 2));
    if (!is_identifier(name)) {
      return fail(name.empty() ? text : name, "expected the name of this function pointer",
                  kExample);
    }
    const std::string_view result = trim(text.substr(0, star));
    if (!is_type(result)) {
      return fail(result.empty() ? text : result, "expected the type that this callback returns",
                  kExample);
    }
    const std::size_t open = std::min(text.find_first_not_of(" \t\n)", end), text.size());
    const std::size_t close =
        open < text.size() && text[open] == '(' ? closing(text, open) : std::string_view::npos;
    if (close == std::string_view::npos) {
      return fail(text, "expected the parameters of this callback in `(...)`", kExample);
    }
    auto callback = std::make_shared<EntryPoint>();
    callback->name = name;
    callback->result = result;
    if (!read_parameters(text.substr(open + 1, close - open - 1), *callback)) return false;
    if (!check_callback(text, *callback)) return false;
    if (!read_lifetime(trim(text.substr(close + 1)), parameter)) return false;
    callback->signature = trim(text.substr(0, close + 1));
    parameter.name = name;
    parameter.type = std::string(result) + " (*)(...)";
    parameter.callback = std::move(callback);
    return true;
  }

  /// What the gate back can carry, and what the hash of the callback's type can be made of.
  bool check_callback(std::string_view text, const EntryPoint& callback) {
    int words = 0;
    int vectors = 0;
    std::vector<std::string> types = {callback.result};
    for (const Parameter& p : callback.parameters) {
      (p.type == "double" || p.type == "float" ? vectors : words) += 1;
      types.push_back(p.type);
    }
    for (const std::string& type : types) {
      if (type.find('*') == std::string::npos && !is_plain_type(type)) {
        return fail(text, "`" + type + "` is no type of C itself", kPlain);
      }
    }
    if (words > 5 || vectors > 8) {
      return fail(text,
                  "a callback carries at most 5 integers or pointers and 8 numbers with a point",
                  "pass a structure");
    }
    return true;
  }

  bool read_lifetime(std::string_view text, Parameter& parameter) {
    if (text.empty()) return true;
    constexpr const char* kHint =
        "`[lifetime: call]`, `[lifetime: once]` or `[lifetime: registered]`";
    const std::size_t colon = text.find(':');
    if (text.front() != '[' || text.back() != ']' || colon == std::string_view::npos ||
        trim(text.substr(1, colon - 1)) != "lifetime") {
      return fail(text, "behind a callback stands nothing but its lifetime", kHint);
    }
    const std::string_view word = trim(text.substr(colon + 1, text.size() - colon - 2));
    if (word == "call") {
      parameter.lifetime = Parameter::Lifetime::call;
    } else if (word == "once") {
      parameter.lifetime = Parameter::Lifetime::once;
    } else if (word == "registered") {
      parameter.lifetime = Parameter::Lifetime::registered;
    } else {
      return fail(word.empty() ? text : word, "expected a lifetime: `call`, `once` or `registered`",
                  did_you_mean(word, {"call", "once", "registered"}, kHint));
    }
    return true;
  }

  bool read_direction(std::string_view inside, Parameter& parameter, Lengths& lengths) {
    const std::size_t colon = inside.find(':');
    const std::string_view word = trim(inside.substr(0, colon));
    if (word == "in") {
      parameter.direction = Parameter::Direction::in;
    } else if (word == "out") {
      parameter.direction = Parameter::Direction::out;
    } else if (word == "inout") {
      parameter.direction = Parameter::Direction::inout;
    } else {
      return fail(word.empty() ? inside : word, "expected a direction: `in`, `out` or `inout`",
                  did_you_mean(word, {"in", "out", "inout"}));
    }
    const std::string_view length =
        colon == std::string_view::npos ? std::string_view{} : trim(inside.substr(colon + 1));
    if (length.empty()) {
      return fail(word, "a buffer needs its length", "write `[" + std::string(word) + ": len]`");
    }
    parameter.length = length;
    lengths.push_back(length);
    return true;
  }

  /// A length may only use other parameters: the gate knows nothing else. `string` = up to the NUL.
  bool check_lengths(const EntryPoint& entry, const Lengths& lengths) {
    for (const std::string_view length : lengths) {
      std::string_view rest = length;
      if (counts_strings(rest)) rest.remove_suffix(kStrings.size());
      while (true) {
        const std::size_t times = rest.find_first_of("*+");
        const std::string_view factor = trim(rest.substr(0, times));
        if (!is_number(factor) && !is_parameter(entry, factor) && length != "string") {
          std::vector<std::string> names;
          for (const Parameter& p : entry.parameters) names.push_back(p.name);
          return fail(factor.empty() ? length : factor,
                      "a length is made of numbers and other parameters, joined by `*` or `+`",
                      did_you_mean(factor, names, "write `string` for text that ends with a NUL"));
        }
        if (times == std::string_view::npos) break;
        rest.remove_prefix(times + 1);
      }
    }
    return true;
  }

  static bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 9 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  static bool is_parameter(const EntryPoint& entry, std::string_view text) {
    return std::any_of(entry.parameters.begin(), entry.parameters.end(),
                       [&](const Parameter& p) { return p.name == text && p.callback == nullptr; });
  }

  static bool is_identifier(std::string_view name) {
    return !name.empty() && (name[0] < '0' || name[0] > '9') &&
           std::all_of(name.begin(), name.end(), is_word);
  }

  std::string_view text_;
  SignatureResult result_;
};

}  // namespace

bool is_plain_type(std::string_view type) {
  static const std::set<std::string_view> kWords = {
      "void",   "char",     "short",   "int",     "long",    "float",     "double",   "bool",
      "signed", "unsigned", "const",   "size_t",  "ssize_t", "ptrdiff_t", "intptr_t", "uintptr_t",
      "int8_t", "int16_t",  "int32_t", "int64_t", "uint8_t", "uint16_t",  "uint32_t", "uint64_t",
      "off_t",  "mode_t",   "uid_t",   "gid_t",   "pid_t",   "socklen_t", "time_t"};
  while (!type.empty()) {
    std::size_t end = 0;
    while (end < type.size() && is_word(type[end])) ++end;
    if (end > 0 && !kWords.contains(type.substr(0, end))) return false;
    type.remove_prefix(std::max<std::size_t>(1, end));
  }
  return true;
}

SignatureResult parse_signature(std::string_view text) { return SignatureParser(text).parse(); }

}  // namespace flexos
