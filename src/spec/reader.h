#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"
#include "spec/report.h"
#include "spec/yaml_tree.h"

/// Typed reads from the YAML tree. Each reports what is wrong in the user's words and returns
/// nothing then, so that the caller goes on with the rest of the file.
namespace flexos {

/// "a list", "text", "`redis`": what somebody wrote, for "expected ..., found ...".
std::string describe(const Node& node);

/// Reports that `what` was expected at the node. `what` names the thing and its form: "`top` must
/// be a whole number".
void wrong_type(Report& report, const Node& node, std::string_view what, std::string hint = {});

/// A map whose keys are fixed: unknown ones are reported at construction.
class MapReader {
 public:
  /// `where` names the map in messages: "a component".
  MapReader(Report& report, NodePtr node, std::string_view where,
            std::initializer_list<std::string_view> keys);

  /// False where the node is not a map; it has been reported.
  explicit operator bool() const { return node_ != nullptr; }

  NodePtr get(std::string_view key) const;
  const Entry* entry(std::string_view key) const;
  /// The same, and its absence is an error.
  NodePtr require(std::string_view key, std::string hint = {}) const;
  const Span& span() const { return span_; }

 private:
  Report& report_;
  NodePtr node_;
  Span span_;
  std::string_view where_;
};

/// Any scalar as text.
std::optional<std::string> read_text(Report& report, const Node& node, std::string_view what);

/// A scalar that is the name of something; `dotted` allows `mpk.light`.
std::optional<std::string> read_name(Report& report, const Node& node, std::string_view what,
                                     bool dotted = false);

struct NumberRange {
  Decimal least;
  Decimal most;
  bool above = false;  ///< the value must be greater than `least`
  std::string_view unit = {};
};

std::optional<Decimal> read_number(Report& report, const Node& node, std::string_view what,
                                   const NumberRange& range);
std::optional<std::int64_t> read_integer(Report& report, const Node& node, std::string_view what,
                                         std::int64_t least, std::int64_t most);
std::optional<std::int64_t> read_size(Report& report, const Node& node, std::string_view what,
                                      std::int64_t least);
std::optional<bool> read_boolean(Report& report, const Node& node, std::string_view what);

/// One of a few words: its index.
std::optional<std::size_t> read_choice(Report& report, const Node& node, std::string_view what,
                                       const std::vector<std::string>& words);

/// The items of a list; empty, and reported, where the node is not one.
const std::vector<NodePtr>& read_list(Report& report, const Node& node, std::string_view what,
                                      std::string hint = {});

/// The entries of a map; empty, and reported, where the node is not one.
const std::vector<Entry>& read_map(Report& report, const Node& node, std::string_view what,
                                   std::string hint = {});

/// A list of scalars, or one scalar alone; a repeated one is reported and dropped.
std::vector<NodePtr> read_words(Report& report, const Node& node, std::string_view what,
                                bool allow_single);

/// Where a statement stands, with its text: from `first` to the end of `last`.
Origin make_origin(const Span& first, const Span& last);
Origin make_origin(const Entry& entry);

}  // namespace flexos
