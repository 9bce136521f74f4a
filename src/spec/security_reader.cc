#include "spec/security_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "spec/edit_distance.h"
#include "spec/reader.h"

namespace flexos {

namespace {

const std::vector<std::string> kStatements = {"isolate", "protect", "together", "harden",
                                              "untrusted"};

/// A hundred times all pairs of the largest spec: keeps a hostile one from filling the memory.
constexpr std::size_t kMaxPairs = 2000000;

using Pairs = std::set<std::array<int, 2>>;

std::array<int, 2> unordered(int a, int b) { return {std::min(a, b), std::max(a, b)}; }

/// Components that a statement names, each with the place where it does.
struct Member {
  int component = 0;
  Span span;
  bool by_name = true;  ///< false where `untrusted` or "*" brought it in
};

class SecurityReader {
 public:
  SecurityReader(Report& report, Scope& scope, const Spec& spec)
      : report_(report), scope_(scope), spec_(spec) {}

  std::vector<Statement> read(const Node& security) {
    for (const NodePtr& item : read_list(report_, security, "`security`")) {
      if (pairs_ > kMaxPairs || report_.full()) break;
      read_statement(item);
    }
    return std::move(statements_);
  }

 private:
  void read_statement(const NodePtr& node) {
    if (!node->is_map()) {
      wrong_type(report_, *node, "a statement must be a map",
                 "for example `- isolate: [lwip, redis]`");
      return;
    }
    std::vector<const Entry*> kinds;
    for (const std::string& kind : kStatements) {
      if (const Entry* entry = node->find(kind)) kinds.push_back(entry);
    }
    if (kinds.size() > 1) {
      std::sort(kinds.begin(), kinds.end(), [](const Entry* a, const Entry* b) {
        return a->key->span.begin < b->key->span.begin;
      });
      report_
          .error(kinds[1]->key->span, "two-statements",
                 fmt::format("{} begins a second statement in one list item",
                             ticked(kinds[1]->key->text)),
                 "begin it with `- ` on a line of its own")
          .note(kinds[0]->key->span, "the first statement");
      return;
    }
    if (kinds.empty()) {
      report_unknown(*node);
      return;
    }
    Statement statement;
    statement.origin = make_origin(node->span, node->span);
    const std::string& kind = kinds[0]->key->text;
    const int errors = report_.errors();
    if (kind == "isolate") {
      read_isolate(node, statement);
    } else if (kind == "protect") {
      read_protect(node, statement);
    } else if (kind == "together") {
      read_together(node, statement);
    } else if (kind == "harden") {
      read_harden(node, statement);
    } else {
      // Its list has been read by read_untrusted.
      const MapReader only_key(report_, node, "an `untrusted` statement", {"untrusted"});
      return;
    }
    if (report_.errors() != errors) return;
    pairs_ += statement.pairs.size();
    if (pairs_ > kMaxPairs) {
      report_.error(
          node->span, "too-many",
          fmt::format("these statements speak of more than {} pairs of components", kMaxPairs));
      return;
    }
    statements_.push_back(std::move(statement));
  }

  void report_unknown(const Node& node) {
    if (node.entries.empty()) {
      wrong_type(report_, node, "a statement must be a map");
      return;
    }
    const Node& key = *node.entries[0].key;
    static const std::vector<std::string> kParts = {"at_least", "from", "against", "with"};
    if (std::find(kParts.begin(), kParts.end(), key.text) != kParts.end()) {
      report_.error(
          key.span, "unknown-statement",
          fmt::format("{} is a part of a statement and cannot stand alone", ticked(key.text)),
          "indent it under its statement, without the `- `");
      return;
    }
    report_.error(key.span, "unknown-statement",
                  fmt::format("unknown statement {}", ticked(key.text)),
                  did_you_mean(key.text, kStatements,
                               "a statement is `isolate`, `protect`, `together`, `harden` or "
                               "`untrusted`"));
  }

  /// One name or group word: its components.
  std::vector<Member> read_word(const Node& node) {
    std::vector<Member> members;
    if (!node.is_scalar()) {
      wrong_type(report_, node, "this must be the name of a component");
    } else if (node.text == "untrusted" || node.text == "*") {
      const bool all = node.text == "*";
      for (int i = 0; i < spec_.size(); ++i) {
        if (all || spec_.components[static_cast<std::size_t>(i)].untrusted) {
          members.push_back({i, node.span, false});
        }
      }
      if (members.empty() && node.span.source->primary) {
        report_.warning(node.span, "empty-group", "no component is marked untrusted",
                        "mark one with `- name: {untrusted: true}` under `components`");
      }
    } else if (!node.span.source->primary && scope_.library_components.contains(node.text) &&
               !scope_.find_component(node.text)) {
      // A preset speaks of all that the library has; what this spec leaves out is passed over.
    } else if (const auto index = scope_.component(node)) {
      members.push_back({*index, node.span, true});
    }
    return members;
  }

  /// A name, or a list of names and group words, flat.
  std::vector<Member> read_members(const Node& node, std::string_view what) {
    std::vector<Member> members;
    if (node.is_sequence() && node.items.empty()) {
      report_.error(node.span, "too-few", fmt::format("{} names no component", what));
    }
    for (const NodePtr& item : read_words(report_, node, what, true)) {
      for (const Member& member : read_word(*item)) members.push_back(member);
    }
    return members;
  }

  std::optional<Level> read_level(const NodePtr& node) {
    const auto level = scope_.mechanism(*node);
    if (level && *level == 0) {
      report_.error(node->span, "not-isolating", "`none` does not isolate",
                    "drop `at_least` to ask for any isolation");
      return std::nullopt;
    }
    return level;
  }

  void read_isolate(const NodePtr& node, Statement& statement) {
    statement.kind = StatementKind::isolate;
    statement.level = Level{1};  // the weakest that isolates
    const MapReader map(report_, node, "an `isolate` statement", {"isolate", "at_least"});
    if (spec_.mechanisms.size() < 2) {
      report_.error(node->entries[0].key->span, "no-mechanism",
                    "no mechanism that isolates is defined",
                    "define one under `define: {mechanisms: {...}}`");
      return;
    }
    if (const auto level = map.get("at_least")) statement.level = read_level(level);
    const auto list = map.get("isolate");
    std::vector<std::vector<Member>> groups;
    const std::string hint = list->is_scalar() ? "name at least two: `[lwip, redis]`" : "";
    std::size_t named_groups = 0;
    bool everybody = false;
    for (const NodePtr& item : read_list(report_, *list, "`isolate`", hint)) {
      ++named_groups;
      if (item->is_sequence()) {
        groups.push_back(read_members(*item, "a group"));
      } else if (item->is_scalar() && item->text == "*") {
        everybody = true;
        for (const Member& member : read_word(*item)) groups.push_back({member});
      } else {
        groups.push_back(read_word(*item));
      }
    }
    if (!list->is_sequence()) return;
    if (named_groups < 2 && !everybody) {
      report_.error(list->span, "too-few", "`isolate` needs at least two components or groups",
                    "for example `[lwip, redis]`");
      return;
    }
    if (report_repeated(groups)) return;
    Pairs pairs;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (std::size_t h = 0; h < g; ++h) {
        for (const Member& a : groups[g]) {
          for (const Member& b : groups[h]) {
            if (a.component != b.component) pairs.insert(unordered(a.component, b.component));
          }
        }
      }
    }
    statement.pairs.assign(pairs.begin(), pairs.end());
  }

  /// A component that is named twice would have to be isolated from itself.
  bool report_repeated(const std::vector<std::vector<Member>>& groups) {
    std::map<int, Span> seen;
    for (const auto& group : groups) {
      for (const Member& member : group) {
        if (!member.by_name) continue;
        const auto [first, fresh] = seen.emplace(member.component, member.span);
        if (fresh) continue;
        report_
            .error(member.span, "self-isolation",
                   fmt::format("{} cannot be isolated from itself", name_of(member.component)))
            .note(first->second, "first named here");
        return true;
      }
    }
    return false;
  }

  void read_protect(const NodePtr& node, Statement& statement) {
    statement.kind = StatementKind::protect;
    const MapReader map(report_, node, "a `protect` statement",
                        {"protect", "from", "against", "at_least"});
    if (const auto level = map.get("at_least")) statement.level = read_level(level);
    statement.operations = {Operation::read, Operation::write, Operation::call};
    if (const auto against = map.get("against")) read_operations(*against, statement);
    const std::vector<Member> victims = read_members(*map.get("protect"), "`protect`");
    const auto from = map.require("from", "say who attacks: `from: [lwip]`, `from: untrusted`");
    if (from == nullptr) return;
    const std::vector<Member> attackers = read_members(*from, "`from`");
    Pairs pairs;
    for (const Member& victim : victims) {
      for (const Member& attacker : attackers) {
        if (attacker.component != victim.component) {
          pairs.insert({attacker.component, victim.component});
        } else if (attacker.by_name && victim.by_name && attackers.size() == 1 &&
                   victims.size() == 1) {
          report_.error(
              attacker.span, "self-isolation",
              fmt::format("{} cannot be protected from itself", name_of(attacker.component)));
          return;
        }
      }
    }
    statement.pairs.assign(pairs.begin(), pairs.end());
  }

  void read_operations(const Node& node, Statement& statement) {
    static const std::vector<std::string> kOperations = {"read", "write", "call"};
    statement.operations.clear();
    const auto words = read_words(report_, node, "`against`", false);
    if (node.is_sequence() && node.items.empty()) {
      report_.error(node.span, "too-few", "`against` names no operation",
                    "drop it to mean all of [read, write, call]");
    }
    for (const NodePtr& word : words) {
      if (const auto index = read_choice(report_, *word, "an operation", kOperations)) {
        statement.operations.push_back(static_cast<Operation>(*index));
      }
    }
    std::sort(statement.operations.begin(), statement.operations.end());
  }

  void read_together(const NodePtr& node, Statement& statement) {
    statement.kind = StatementKind::together;
    const MapReader map(report_, node, "a `together` statement", {"together"});
    const auto list = map.get("together");
    std::vector<Member> members;
    bool group_word = false;
    for (const NodePtr& item :
         read_list(report_, *list, "`together`", "name at least two: `[vfs, ramfs]`")) {
      const std::vector<Member> word = read_word(*item);
      for (const Member& member : word) {
        group_word = group_word || !member.by_name;
        const auto same = std::find_if(members.begin(), members.end(), [&](const Member& m) {
          return m.component == member.component;
        });
        if (same == members.end()) {
          members.push_back(member);
        } else if (member.by_name && same->by_name) {
          report_
              .error(member.span, "duplicate-name",
                     fmt::format("{} is named twice in this list", name_of(member.component)))
              .note(same->span, "first named here");
        }
      }
    }
    if (!list->is_sequence()) return;
    const bool group = std::any_of(list->items.begin(), list->items.end(), [](const NodePtr& n) {
      return n->is_scalar() && (n->text == "*" || n->text == "untrusted");
    });
    if (list->items.size() < 2 && !group) {
      report_.error(list->span, "too-few", "`together` needs at least two components",
                    "for example `[vfs, ramfs]`");
      return;
    }
    std::set<int> set;
    for (const Member& member : members) set.insert(member.component);
    if (!group_word && list->span.source->primary) check_cycle(set, *list);
    Pairs pairs;
    for (const int a : set) {
      for (const int b : set) {
        if (a < b) pairs.insert({a, b});
      }
    }
    statement.pairs.assign(pairs.begin(), pairs.end());
  }

  /// Statements [a, b], [b, c], [c, a] close a cycle: the last says what follows already. Merely
  /// to repeat (part of) one earlier statement is harmless.
  void check_cycle(const std::set<int>& members, const Node& list) {
    const bool within_one = std::any_of(together_.begin(), together_.end(), [&](const Together& t) {
      return std::includes(t.members.begin(), t.members.end(), members.begin(), members.end());
    });
    if (within_one) return;
    for (const int a : members) {
      // Which earlier statements lead from `a` to another member, breadth first.
      struct Step {
        std::size_t statement;
        int from;
      };
      std::map<int, Step> via;  // how each component was reached
      std::vector<int> todo = {a};
      std::set<int> reached = {a};
      for (std::size_t at = 0; at < todo.size(); ++at) {
        for (std::size_t s = 0; s < together_.size(); ++s) {
          if (!together_[s].members.contains(todo[at])) continue;
          for (const int next : together_[s].members) {
            if (reached.insert(next).second) {
              via[next] = {s, todo[at]};
              todo.push_back(next);
            }
          }
        }
      }
      for (const int b : members) {
        if (b <= a || !reached.contains(b)) continue;
        const bool repeats = std::any_of(
            together_.begin(), together_.end(),
            [&](const Together& t) { return t.members.contains(a) && t.members.contains(b); });
        if (repeats) continue;
        auto& finding =
            report_.error(list.span, "together-cycle",
                          fmt::format("this closes a cycle of `together` statements: {} and {} are "
                                      "together already",
                                      name_of(a), name_of(b)),
                          "remove this statement, or replace them all by one");
        std::set<std::size_t> used;
        for (int at = b; at != a; at = via.at(at).from) used.insert(via.at(at).statement);
        for (const std::size_t s : used) finding.note(together_[s].span, "follows from this");
        return;
      }
    }
    together_.push_back({members, list.span});
  }

  void read_harden(const NodePtr& node, Statement& statement) {
    statement.kind = StatementKind::harden;
    const MapReader map(report_, node, "a `harden` statement", {"harden", "with"});
    std::set<int> set;
    for (const Member& m : read_members(*map.get("harden"), "`harden`")) set.insert(m.component);
    statement.components.assign(set.begin(), set.end());
    const auto with = map.require("with", "say how: `with: [cfi]`");
    if (with == nullptr) return;
    for (const NodePtr& item : read_words(report_, *with, "`with`", false)) {
      if (scope_.hardening(*item)) statement.names.push_back(item->text);
    }
    if (with->is_sequence() && with->items.empty()) {
      report_.error(with->span, "too-few", "`with` names no hardening");
    }
    std::sort(statement.names.begin(), statement.names.end());
  }

  std::string name_of(int component) const {
    return ticked(spec_.components[static_cast<std::size_t>(component)].name);
  }

  struct Together {
    std::set<int> members;
    Span span;
  };

  Report& report_;
  Scope& scope_;
  const Spec& spec_;
  std::vector<Statement> statements_;
  std::vector<Together> together_;
  std::size_t pairs_ = 0;
};

}  // namespace

void read_untrusted(Report& report, Scope& scope, const Node& security,
                    std::vector<Component>& components) {
  if (!security.is_sequence()) return;  // reported by read_security
  for (const NodePtr& item : security.items) {
    const Entry* entry = item->is_map() ? item->find("untrusted") : nullptr;
    if (entry == nullptr) continue;
    for (const NodePtr& word : read_words(report, *entry->value, "`untrusted`", true)) {
      if (const auto index = scope.component(*word)) {
        components[static_cast<std::size_t>(*index)].untrusted = true;
      }
    }
  }
}

std::vector<Statement> read_security(Report& report, Scope& scope, const Node& security,
                                     const Spec& spec) {
  return SecurityReader(report, scope, spec).read(security);
}

}  // namespace flexos
