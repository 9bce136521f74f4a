#include "spec/reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "spec/edit_distance.h"
#include "spec/scalar.h"

namespace flexos {

namespace {

std::string number_text(const Decimal& value, std::string_view unit) {
  return unit.empty() ? value.to_string() : fmt::format("{} {}", value.to_string(), unit);
}

void out_of_range(Report& report, const Node& node, std::string_view what, const NumberRange& range,
                  bool below) {
  const std::string bound = number_text(below ? range.least : range.most, range.unit);
  report.error(node.span, "out-of-range",
               fmt::format("{} must be {} {}, found {}", what,
                           !below        ? "at most"
                           : range.above ? "more than"
                                         : "at least",
                           bound, describe(node)));
}

/// A key that a spec has, but elsewhere.
std::string home_of(std::string_view key) {
  struct Home {
    std::string_view section;
    std::vector<std::string_view> keys;
  };
  static const std::vector<Home> kHomes = {
      {"explore", {"objective", "top", "mechanisms", "hardening", "sharing", "platform", "fix"}},
      {"budget", {"slowdown", "memory", "vms", "keys"}},
      {"weights", {"risk", "asset"}},
      {"security", {"isolate", "protect", "together", "harden", "untrusted"}},
      {"profile", {"base", "calls", "work"}}};
  for (const Home& home : kHomes) {
    if (std::find(home.keys.begin(), home.keys.end(), key) != home.keys.end()) {
      return fmt::format("`{}` belongs under `{}`", key, home.section);
    }
  }
  return {};
}

/// Reports a literal that is no number in the language; true iff it did.
bool report_literal(Report& report, const Node& node, std::string_view what, LiteralError error,
                    std::string_view form) {
  switch (error) {
    case LiteralError::none:
      return false;
    case LiteralError::malformed:
      wrong_type(report, node, fmt::format("{} must be {}", what, form));
      return true;
    case LiteralError::too_large:
      report.error(node.span, "out-of-range", fmt::format("{} is too large", what));
      return true;
    case LiteralError::too_precise:
      report.error(node.span, "too-precise",
                   fmt::format("{} has more than 9 digits behind the point", what));
      return true;
  }
  return true;
}

}  // namespace

std::string describe(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::sequence:
      return node.items.empty() ? "an empty list" : "a list";
    case Node::Kind::map:
      return node.entries.empty() ? "an empty map" : "a map";
    case Node::Kind::scalar:
      break;
  }
  if (!node.plain) return "quoted text " + ticked(node.text);
  return ticked(node.text);
}

void wrong_type(Report& report, const Node& node, std::string_view what, std::string hint) {
  report.error(node.span, "wrong-type", fmt::format("{}, found {}", what, describe(node)),
               std::move(hint));
}

MapReader::MapReader(Report& report, NodePtr node, std::string_view where,
                     std::initializer_list<std::string_view> keys)
    : report_(report), span_(node->span), where_(where) {
  if (!node->is_map()) {
    wrong_type(report, *node, fmt::format("{} must be a map of `key: value`", where));
    return;
  }
  node_ = std::move(node);
  for (const Entry& entry : node_->entries) {
    if (report.full()) break;
    const std::string& key = entry.key->text;
    if (std::find(keys.begin(), keys.end(), key) != keys.end()) continue;
    const std::vector<std::string> known(keys.begin(), keys.end());
    std::string hint = where == "a spec" ? home_of(key) : std::string();
    if (key == "<<") hint = "merge keys are not part of the language";
    if (hint.empty()) hint = did_you_mean(key, known, list_names("it has", known));
    report.error(entry.key->span, "unknown-key",
                 fmt::format("{} has no key {}", where, ticked(key)), hint);
  }
}

const Entry* MapReader::entry(std::string_view key) const {
  return node_ == nullptr ? nullptr : node_->find(key);
}

NodePtr MapReader::get(std::string_view key) const {
  const Entry* found = entry(key);
  return found == nullptr ? nullptr : found->value;
}

NodePtr MapReader::require(std::string_view key, std::string hint) const {
  NodePtr value = get(key);
  if (value == nullptr && node_ != nullptr) {
    report_.error(span_, "missing-key", fmt::format("{} needs the key `{}`", where_, key),
                  std::move(hint));
  }
  return value;
}

std::optional<std::string> read_text(Report& report, const Node& node, std::string_view what) {
  if (!node.is_scalar()) {
    wrong_type(report, node, fmt::format("{} must be text", what));
    return std::nullopt;
  }
  return node.text;
}

std::optional<std::string> read_name(Report& report, const Node& node, std::string_view what,
                                     bool dotted) {
  if (!node.is_scalar()) {
    wrong_type(report, node, fmt::format("{} must be a name", what));
    return std::nullopt;
  }
  if (dotted ? is_dotted_name(node.text) : is_name(node.text)) return node.text;
  report.error(node.span, "bad-name",
               fmt::format("{} cannot be called {}", what, ticked(node.text)),
               dotted ? "a name has letters, digits, `_`, `-` and `.`, and begins with a letter"
                      : "a name has letters, digits, `_` and `-`, and begins with a letter");
  return std::nullopt;
}

std::optional<Decimal> read_number(Report& report, const Node& node, std::string_view what,
                                   const NumberRange& range) {
  if (!node.is_scalar()) {
    wrong_type(report, node, fmt::format("{} must be a number", what));
    return std::nullopt;
  }
  const NumberLiteral literal = parse_number(node.text);
  if (!node.plain) {
    wrong_type(report, node, fmt::format("{} must be a number", what),
               literal.error == LiteralError::none ? "remove the quotes" : "");
    return std::nullopt;
  }
  if (report_literal(report, node, what, literal.error, "a number")) return std::nullopt;
  const bool below = literal.value < range.least || (range.above && literal.value == range.least);
  if (below || literal.value > range.most) {
    out_of_range(report, node, what, range, below);
    return std::nullopt;
  }
  return literal.value;
}

std::optional<std::int64_t> read_integer(Report& report, const Node& node, std::string_view what,
                                         std::int64_t least, std::int64_t most) {
  if (!node.is_scalar() || !node.plain) {
    const bool number = node.is_scalar() && parse_number(node.text).error == LiteralError::none;
    wrong_type(report, node, fmt::format("{} must be a whole number", what),
               number ? "remove the quotes" : "");
    return std::nullopt;
  }
  const NumberLiteral literal = parse_number(node.text);
  if (literal.error != LiteralError::too_precise &&
      report_literal(report, node, what, literal.error, "a whole number")) {
    return std::nullopt;
  }
  if (literal.error == LiteralError::too_precise || literal.value.scale() > 0) {
    wrong_type(report, node, fmt::format("{} must be a whole number", what));
    return std::nullopt;
  }
  const bool below = literal.value < Decimal(least);
  if (below || literal.value > Decimal(most)) {
    out_of_range(report, node, what, {.least = least, .most = most}, below);
    return std::nullopt;
  }
  return static_cast<std::int64_t>(literal.value.units());
}

std::optional<std::int64_t> read_size(Report& report, const Node& node, std::string_view what,
                                      std::int64_t least) {
  constexpr std::string_view kForm = "a size such as `64MiB` or a number of bytes";
  if (!node.is_scalar()) {
    wrong_type(report, node, fmt::format("{} must be {}", what, kForm));
    return std::nullopt;
  }
  const SizeLiteral literal = parse_size(node.text);
  if (!node.plain && parse_number(node.text).error == LiteralError::none) {
    wrong_type(report, node, fmt::format("{} must be {}", what, kForm), "remove the quotes");
    return std::nullopt;
  }
  if (literal.error == LiteralError::malformed) {
    const std::size_t unit = node.text.find_first_not_of("0123456789. ");
    std::string hint;
    if (unit != std::string::npos && unit > 0) {
      hint = "the units are `KiB`, `MiB`, `GiB` and `TiB`";
    }
    wrong_type(report, node, fmt::format("{} must be {}", what, kForm), hint);
    return std::nullopt;
  }
  if (literal.error == LiteralError::too_precise) {
    report.error(node.span, "too-precise", fmt::format("{} is not a whole number of bytes", what));
    return std::nullopt;
  }
  if (report_literal(report, node, what, literal.error, kForm)) return std::nullopt;
  if (literal.bytes < least) {
    report.error(node.span, "out-of-range",
                 least > 0 ? fmt::format("{} must be at least {} byte, found {}", what, least,
                                         describe(node))
                           : fmt::format("{} cannot be negative", what));
    return std::nullopt;
  }
  return literal.bytes;
}

std::optional<bool> read_boolean(Report& report, const Node& node, std::string_view what) {
  if (node.is_scalar() && node.plain) {
    if (node.text == "true") return true;
    if (node.text == "false") return false;
  }
  static const std::map<std::string, std::string, std::less<>> kOther = {
      {"yes", "true"}, {"on", "true"},   {"1", "true"},  {"True", "true"},   {"TRUE", "true"},
      {"no", "false"}, {"off", "false"}, {"0", "false"}, {"False", "false"}, {"FALSE", "false"}};
  const auto other = kOther.find(node.text);
  const std::string hint = other == kOther.end() ? "" : "write `" + other->second + "`";
  wrong_type(report, node, fmt::format("{} must be `true` or `false`", what), hint);
  return std::nullopt;
}

std::optional<std::size_t> read_choice(Report& report, const Node& node, std::string_view what,
                                       const std::vector<std::string>& words) {
  std::string all;
  for (std::size_t i = 0; i < words.size(); ++i) {
    all += (i == 0 ? "`" : i + 1 == words.size() ? " or `" : ", `") + words[i] + "`";
  }
  if (!node.is_scalar()) {
    wrong_type(report, node, fmt::format("{} must be {}", what, all));
    return std::nullopt;
  }
  const auto found = std::find(words.begin(), words.end(), node.text);
  if (found != words.end()) return static_cast<std::size_t>(found - words.begin());
  report.error(node.span, "unknown-value",
               fmt::format("{} must be {}, found {}", what, all, ticked(node.text)),
               did_you_mean(node.text, words));
  return std::nullopt;
}

const std::vector<NodePtr>& read_list(Report& report, const Node& node, std::string_view what,
                                      std::string hint) {
  static const std::vector<NodePtr> kNone;
  if (node.is_sequence()) return node.items;
  wrong_type(report, node, fmt::format("{} must be a list", what), std::move(hint));
  return kNone;
}

const std::vector<Entry>& read_map(Report& report, const Node& node, std::string_view what,
                                   std::string hint) {
  static const std::vector<Entry> kNone;
  if (node.is_map()) return node.entries;
  wrong_type(report, node, fmt::format("{} must be a map", what), std::move(hint));
  return kNone;
}

std::vector<NodePtr> read_words(Report& report, const Node& node, std::string_view what,
                                bool allow_single) {
  std::vector<NodePtr> result;
  if (node.is_scalar() && allow_single) {
    result.push_back(std::make_shared<Node>(node));
    return result;
  }
  std::map<std::string_view, const Node*> seen;
  const std::string hint = node.is_scalar() ? fmt::format("write `[{}]`", one_line(node.span)) : "";
  for (const NodePtr& item : read_list(report, node, what, hint)) {
    if (!item->is_scalar()) {
      wrong_type(report, *item, fmt::format("{} must hold names", what));
      continue;
    }
    const auto [first, fresh] = seen.emplace(item->text, item.get());
    if (fresh) {
      result.push_back(item);
    } else {
      report
          .error(item->span, "duplicate-name",
                 fmt::format("{} is named twice in this list", ticked(item->text)))
          .note(first->second->span, "first named here");
    }
  }
  return result;
}

Origin make_origin(const Span& first, const Span& last) {
  Origin origin;
  if (first.source == nullptr) return origin;
  origin.file = first.source->file;
  origin.line = first.line();
  origin.column = first.column();
  Span whole = first;
  // A value behind an alias stands elsewhere; then the first part alone is the text.
  if (last.source == first.source && last.begin >= first.begin) whole.end = last.end;
  origin.text = one_line(whole);
  return origin;
}

Origin make_origin(const Entry& entry) { return make_origin(entry.key->span, entry.value->span); }

}  // namespace flexos
