#include "spec/yaml_tree.h"

#include <fmt/core.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <exception>
#include <sstream>
#include <unordered_map>

#include "spec/yaml_text.h"

namespace flexos {

namespace {

/// Leaves yaml-cpp's parser once nothing more can come of a file; what was wrong is in the report.
struct Stop {};

/// Builds the tree from yaml-cpp's events. The events carry where a value begins but not where it
/// ends: that is found in the source (yaml_text.h).
class TreeBuilder : public YAML::EventHandler {
 public:
  TreeBuilder(const Source& source, Report& report) : source_(source), report_(report) {}

  NodePtr root;
  int documents = 0;

  /// The innermost bracket that is still open: where a syntax error of YAML's began.
  Span open_bracket() const {
    for (auto frame = frames_.rbegin(); frame != frames_.rend(); ++frame) {
      if (frame->flow) {
        return {&source_, frame->node->span.begin, frame->node->span.begin + 1};
      }
    }
    return {};
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents == 1) return;
    const bool marked = source_.text.compare(offset(mark), 3, "---") == 0;
    report_.error(span(mark), "multiple-documents",
                  marked ? "a second document begins here" : "unexpected text behind the document",
                  marked ? "one file holds one document: remove the `---`, or split the file" : "");
    throw Stop();
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    auto node = std::make_shared<Node>();
    const std::size_t at = offset(mark);
    const std::size_t end = null_end(source_.text, at);
    if (end > at) {
      node->span = {&source_, at, end};
    } else if (!frames_.empty() && frames_.back().key != nullptr) {
      node->span = frames_.back().key->span;  // `key:` with nothing behind it: show the key
    } else if (!frames_.empty() && frames_.back().node->is_map()) {
      node->span = {&source_, at, at + 1};  // a key is missing: show the `:`
    } else {
      std::size_t before = std::min(at, source_.text.size());
      while (before > 0 && is_space(source_.text[before - 1])) --before;
      node->span = {&source_, before > 0 ? before - 1 : 0, before};
    }
    count(1, node->span);
    finish(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const std::size_t at = offset(mark);
    const Span here{&source_, at, word_end(source_.text, at)};
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      report_.error(here, "yaml-alias", "this alias refers to the value that it stands in");
      throw Stop();
    }
    const NodePtr& target = found->second;
    count(target->weight, here);
    if (static_cast<int>(frames_.size()) + target->height > kMaxDepth) too_deep(here);
    attach(target, here.end);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto node = std::make_shared<Node>();
    node->kind = Node::Kind::scalar;
    const std::size_t at = begin(mark, tag);
    node->plain = tag == "?";
    const std::size_t end = scalar_end(source_.text, at, value);
    if (end == std::string::npos) {
      // yaml-cpp takes the end of the file for the closing quote.
      report_.error({&source_, at, at + 1}, "yaml-syntax", "this quote is never closed");
      throw Stop();
    }
    node->span = {&source_, at, end};
    node->text = unmask_directions(value);
    count(1, node->span);
    finish(std::move(node), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Node::Kind::sequence, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value style) override {
    open(Node::Kind::map, mark, tag, anchor, style == YAML::EmitterStyle::Flow);
  }
  void OnMapEnd() override { close(); }

 private:
  /// A list or map that is being read.
  struct Frame {
    std::shared_ptr<Node> node;
    NodePtr key;              ///< of a map, once read
    bool drop_value = false;  ///< the key was a duplicate
    YAML::anchor_t anchor = 0;
    bool flow = false;
    std::size_t end = 0;                                ///< behind the last value seen
    std::unordered_map<std::string, std::size_t> keys;  ///< index into entries
  };

  std::size_t offset(const YAML::Mark& mark) const {
    return std::min(static_cast<std::size_t>(std::max(0, mark.pos)), source_.text.size());
  }
  Span span(const YAML::Mark& mark) const {
    return {&source_, offset(mark), word_end(source_.text, offset(mark))};
  }

  /// Where the value itself begins, behind its anchor and tag.
  std::size_t begin(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") {
      report_.error(span(mark), "yaml-tag", "tags are not part of the language",
                    "remove the `!...`");
      throw Stop();
    }
    return skip_properties(source_.text, offset(mark));
  }

  /// Every value adds to the size of the file, an alias as much as what it stands for.
  void count(int nodes, const Span& at) {
    nodes_ += nodes;
    if (nodes_ <= kMaxNodes) return;
    report_.error(at, "too-large",
                  fmt::format("the file holds more than {} values (aliases count as what they "
                              "stand for)",
                              kMaxNodes));
    throw Stop();
  }

  [[noreturn]] void too_deep(const Span& at) {
    report_.error(at, "too-deep", fmt::format("values nest more than {} deep", kMaxDepth));
    throw Stop();
  }

  void open(Node::Kind kind, const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
            bool flow) {
    Frame frame;
    frame.node = std::make_shared<Node>();
    frame.node->kind = kind;
    const std::size_t at = begin(mark, tag);
    frame.node->span = {&source_, at, at + 1};
    frame.anchor = anchor;
    // `[a: b]` holds a map without brackets of its own; yaml-cpp calls it a flow map.
    frame.flow =
        flow && at < source_.text.size() && (source_.text[at] == '[' || source_.text[at] == '{');
    frame.end = at + 1;
    count(1, frame.node->span);
    if (static_cast<int>(frames_.size()) >= kMaxDepth) too_deep(frame.node->span);
    frames_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(frames_.back());
    frames_.pop_back();
    std::size_t end = frame.end;
    if (frame.flow) {
      end = std::min(source_.text.find(frame.node->is_map() ? '}' : ']', end), source_.text.size());
      if (end < source_.text.size()) ++end;
    }
    frame.node->span.end = end;
    for (const NodePtr& item : frame.node->items) add_size(*frame.node, *item);
    for (const Entry& entry : frame.node->entries) {
      add_size(*frame.node, *entry.key);
      add_size(*frame.node, *entry.value);
    }
    finish(std::move(frame.node), frame.anchor);
  }

  static void add_size(Node& parent, const Node& child) {
    parent.weight += child.weight;
    parent.height = std::max(parent.height, child.height + 1);
  }

  void finish(std::shared_ptr<Node> node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = node;
    const std::size_t end = node->span.end;
    attach(std::move(node), end);
  }

  void attach(NodePtr node, std::size_t end) {
    if (frames_.empty()) {
      root = std::move(node);
      return;
    }
    Frame& frame = frames_.back();
    frame.end = std::max(frame.end, end);
    if (frame.node->is_sequence()) {
      frame.node->items.push_back(std::move(node));
    } else if (frame.key == nullptr) {
      take_key(frame, std::move(node));
    } else {
      if (!frame.drop_value) frame.node->entries.push_back({frame.key, std::move(node)});
      frame.key = nullptr;
      frame.drop_value = false;
    }
  }

  void take_key(Frame& frame, NodePtr key) {
    if (!key->is_scalar()) {
      const char* what = key->kind == Node::Kind::null ? "a key is missing before this `:`"
                                                       : "a key must be a plain word";
      report_.error(key->span, "bad-key", what);
      frame.drop_value = true;
    } else {
      const auto [at, fresh] = frame.keys.emplace(key->text, frame.node->entries.size());
      if (!fresh) {
        report_
            .error(key->span, "duplicate-key", fmt::format("{} is given twice", ticked(key->text)))
            .note(frame.node->entries[at->second].key->span, "first given here");
        frame.drop_value = true;
      }
    }
    frame.key = std::move(key);
  }

  const Source& source_;
  Report& report_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, NodePtr> anchors_;
  int nodes_ = 0;
};

void report_syntax(const Source& source, const YAML::Exception& error, const TreeBuilder& builder,
                   Report& report) {
  const std::size_t at =
      std::min(static_cast<std::size_t>(std::max(0, error.mark.pos)), source.text.size());
  const SyntaxError found = explain_syntax(source.text, at, error.msg);
  const std::size_t end = std::max(found.at + 1, word_end(source.text, found.at));
  auto& finding = report.error({&source, found.at, found.one_byte ? found.at + 1 : end},
                               "yaml-syntax", found.message, found.hint);
  const Span bracket = builder.open_bracket();
  if (found.show_bracket && bracket.source != nullptr) finding.note(bracket, "opened here");
}

}  // namespace

const Entry* Node::find(std::string_view key) const {
  for (const Entry& entry : entries) {
    if (entry.key->text == key) return &entry;
  }
  return nullptr;
}

NodePtr parse_yaml(const Source& source, Report& report) {
  const std::string& text = source.text;
  if (const std::size_t bad = find_bad_byte(text); bad != std::string::npos) {
    const auto byte = static_cast<unsigned char>(text[bad]);
    const bool control = byte < 0x20 || byte == 0x7F;
    report.error({&source, bad, bad + 1}, "bad-encoding",
                 fmt::format("byte 0x{:02x} is {}", byte,
                             control ? "a control character" : "not valid UTF-8"),
                 control ? "" : "save the file as UTF-8");
    return nullptr;
  }
  if (const std::size_t deep = find_deep_bracket(text, kMaxDepth); deep != std::string::npos) {
    report.error({&source, deep, deep + 1}, "too-deep",
                 fmt::format("values nest more than {} deep", kMaxDepth));
    return nullptr;
  }
  const int errors = report.errors();
  TreeBuilder builder(source, report);
  try {
    std::istringstream stream(mask_directions(text));
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Stop&) {
    return nullptr;
  } catch (const YAML::Exception& error) {
    report_syntax(source, error, builder, report);
    return nullptr;
  } catch (const std::exception& error) {
    report.error({&source}, "yaml-syntax", fmt::format("cannot be read as YAML: {}", error.what()));
    return nullptr;
  }
  if (builder.root == nullptr && report.errors() == errors) {
    report.error({&source}, "empty-file", "the file is empty",
                 source.primary ? "a spec begins with `flexos: 1`" : "");
  }
  return builder.root;
}

NodePtr merge(const NodePtr& base, const NodePtr& over) {
  if (!base->is_map() || !over->is_map()) return over;
  auto result = std::make_shared<Node>(*over);
  result->entries = base->entries;
  for (const Entry& entry : over->entries) {
    const auto same = std::find_if(result->entries.begin(), result->entries.end(),
                                   [&](const Entry& e) { return e.key->text == entry.key->text; });
    if (same == result->entries.end()) {
      result->entries.push_back(entry);
    } else {
      *same = {entry.key, merge(same->value, entry.value)};
    }
  }
  return result;
}

}  // namespace flexos
