#include "spec/signature.h"

#include <algorithm>
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
    const std::size_t close = closing(open);
    if (close == std::string_view::npos) {
      fail(text_.substr(open, 1), "this `(` is never closed");
      return result_;
    }
    if (!read_result(text_.substr(close + 1))) return result_;
    if (!read_parameters(text_.substr(open + 1, close - open - 1))) return result_;
    check_lengths();
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
  std::size_t closing(std::size_t open) const {
    int depth = 0;
    for (std::size_t i = open; i < text_.size(); ++i) {
      if (text_[i] == '(') ++depth;
      if (text_[i] == ')' && --depth == 0) return i;
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

  bool read_parameters(std::string_view list) {
    if (trim(list).empty() || trim(list) == "void") return true;
    int depth = 0;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= list.size(); ++i) {
      if (i < list.size()) {
        if (list[i] == '(' || list[i] == '[') ++depth;
        if (list[i] == ')' || list[i] == ']') --depth;
        if (list[i] != ',' || depth > 0) continue;
      }
      if (!read_parameter(list.substr(from, i - from))) return false;
      from = i + 1;
    }
    return true;
  }

  bool read_parameter(std::string_view whole) {
    std::string_view text = trim(whole);
    if (text.empty()) return fail(whole, "expected a parameter: `type name`");
    Parameter parameter;
    if (text == "...") return fail(text, "a gate cannot carry a variable number of arguments");
    if (text.back() == ']') {
      const std::size_t bracket = text.rfind('[');
      if (bracket == std::string_view::npos)
        return fail(text.substr(text.size() - 1), "this `]` closes nothing");
      if (!read_direction(text.substr(bracket + 1, text.size() - bracket - 2), parameter)) {
        return false;
      }
      text = trim(text.substr(0, bracket));
    } else if (const std::size_t bracket = text.find('['); bracket != std::string_view::npos) {
      return fail(
          text.substr(bracket),
          "a direction stands behind the parameter's name, as in `const void* buf [in: len]`");
    }
    if (!read_declaration(text, parameter)) return false;
    if (parameter.direction != Parameter::Direction::value &&
        parameter.type.find('*') == std::string::npos) {
      return fail(text, "only a pointer has a direction",
                  "write the type with `*`, or drop the `[...]`");
    }
    for (const Parameter& other : result_.entry.parameters) {
      if (other.name == parameter.name) {
        return fail(text, "two parameters are called `" + parameter.name + "`");
      }
    }
    result_.entry.parameters.push_back(std::move(parameter));
    return true;
  }

  bool read_declaration(std::string_view text, Parameter& parameter) {
    // A pointer to a function, `int (*compare)(const void*, const void*)`: its name is inside.
    if (const std::size_t star = text.find("(*"); star != std::string_view::npos) {
      const std::size_t end = std::min(text.find(')', star), text.size());
      const std::string_view name = trim(text.substr(star + 2, end - star - 2));
      if (!is_identifier(name)) return fail(text, "expected the name of this function pointer");
      parameter.name = name;
      parameter.type = std::string(text.substr(0, star + 2)) + std::string(text.substr(end));
      return true;
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
    return true;
  }

  bool read_direction(std::string_view inside, Parameter& parameter) {
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
    lengths_.push_back(length);
    return true;
  }

  /// A length may only use other parameters: the gate knows nothing else. `string` = up to the NUL.
  void check_lengths() {
    for (const std::string_view length : lengths_) {
      std::string_view rest = length;
      while (true) {
        const std::size_t times = rest.find_first_of("*+");
        const std::string_view factor = trim(rest.substr(0, times));
        if (!is_number(factor) && !is_parameter(factor) && length != "string") {
          std::vector<std::string> names;
          for (const Parameter& p : result_.entry.parameters) names.push_back(p.name);
          fail(factor.empty() ? length : factor,
               "a length is made of numbers and other parameters, joined by `*` or `+`",
               did_you_mean(factor, names, "write `string` for text that ends with a NUL"));
          return;
        }
        if (times == std::string_view::npos) break;
        rest.remove_prefix(times + 1);
      }
    }
  }

  static bool is_number(std::string_view text) {
    return !text.empty() && text.size() <= 9 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  }

  bool is_parameter(std::string_view text) const {
    const auto& all = result_.entry.parameters;
    return std::any_of(all.begin(), all.end(), [&](const Parameter& p) { return p.name == text; });
  }

  static bool is_identifier(std::string_view name) {
    return !name.empty() && (name[0] < '0' || name[0] > '9') &&
           std::all_of(name.begin(), name.end(), is_word);
  }

  std::string_view text_;
  SignatureResult result_;
  std::vector<std::string_view> lengths_;
};

}  // namespace

SignatureResult parse_signature(std::string_view text) { return SignatureParser(text).parse(); }

}  // namespace flexos
