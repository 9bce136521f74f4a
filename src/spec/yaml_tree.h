#pragma once

#include <memory>
#include <string>
#include <vector>

#include "spec/report.h"
#include "spec/source.h"

namespace flexos {

struct Node;
using NodePtr = std::shared_ptr<const Node>;

struct Entry {
  NodePtr key;  ///< a scalar
  NodePtr value;
};

/// A YAML value that knows where it was written. Anchors are shared, tags and complex keys do not
/// exist in the language.
struct Node {
  enum class Kind { null, scalar, sequence, map };

  Kind kind = Kind::null;
  bool plain = false;  ///< a scalar without quotes: only these are numbers and booleans
  std::string text;    ///< of a scalar
  std::vector<NodePtr> items;
  std::vector<Entry> entries;  ///< in order, keys unique
  Span span;
  int weight = 1;  ///< nodes below and including this one, aliases expanded
  int height = 1;  ///< levels below and including this one

  bool is_scalar() const { return kind == Kind::scalar; }
  bool is_sequence() const { return kind == Kind::sequence; }
  bool is_map() const { return kind == Kind::map; }
  const Entry* find(std::string_view key) const;
};

/// What a file may hold. Far above any real spec; a YAML bomb hits them within milliseconds.
inline constexpr int kMaxNodes = 100000;
inline constexpr int kMaxDepth = 64;

/// Parses one YAML document; null where it is not one (the reason is in the report). Duplicate keys
/// are reported and the first is kept.
NodePtr parse_yaml(const Source& source, Report& report);

/// `over` laid upon `base`: maps are merged key by key, anything else is replaced.
NodePtr merge(const NodePtr& base, const NodePtr& over);

}  // namespace flexos
