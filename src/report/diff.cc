#include "report/diff.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

// Two reports are two lists of configurations. What is the same configuration has the same id, and
// then its isolation is the same by definition: only what was observed of it can differ (speed,
// attacks, scan, failures). What has no partner by id is paired with one of equal compartments, and
// then levels, hardening and variants are compared one by one: this is how a requirement that was
// dropped from a spec shows up. What is left is new or gone. Besides, the first of each list, the
// one that gets built, must not be less safe than it was.
namespace flexos {

namespace {

using Pair = std::pair<const Json*, const Json*>;

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

const Json& member(const Json& json, const char* key) {
  static const Json kNull;
  if (!json.is_object()) return kNull;
  const auto found = json.find(key);
  return found == json.end() ? kNull : *found;
}

double number_at(const Json& json, const char* key) {
  const Json& value = member(json, key);
  return value.is_number() ? value.get<double>() : 0.0;
}

/// The partition of a configuration: its compartments, in an order that does not depend on names of
/// mechanisms.
std::set<std::set<std::string>> partition(const Json& c) {
  std::set<std::set<std::string>> groups;
  for (const Json& part : member(c, "compartments")) {
    std::set<std::string> group;
    for (const Json& name : member(part, "components")) {
      if (name.is_string()) group.insert(name.get<std::string>());
    }
    groups.insert(std::move(group));
  }
  return groups;
}

std::set<std::string> names(const Json& list) {
  std::set<std::string> result;
  for (const Json& name : list) {
    if (name.is_string()) result.insert(name.get<std::string>());
  }
  return result;
}

std::string joined(const std::set<std::string>& words) {
  std::string text;
  for (const std::string& w : words) text += (text.empty() ? "" : " ") + w;
  return text;
}

class Comparer {
 public:
  Comparer(const Json& baseline, const Json& result, double tolerance)
      : baseline_(baseline), result_(result), tolerance_(tolerance) {
    // Where the two know different mechanisms, those of the baseline come first.
    for (const Json* report : {&baseline_, &result_}) {
      for (const Json& m : member(*report, "mechanisms")) {
        if (m.is_string()) rank_.emplace(m.get<std::string>(), static_cast<int>(rank_.size()));
      }
    }
  }

  ReportDiff run() {
    same_measuring();
    pair_up();
    for (const auto& [before, now] : by_id_) {
      ++diff_.compared;
      observed(*before, *now);
    }
    for (const auto& [before, now] : by_partition_) {
      ++diff_.compared;
      const std::string id = text_at(*now, "id");
      safety(*before, *now, id, fmt::format("{} (was {})", id, text_at(*before, "id")));
      observed(*before, *now);
    }
    best();
    for (const Json* c : removed_) {
      add(Change::Kind::removed, *c, "no longer among the best: " + text_at(*c, "layout"));
    }
    for (const Json* c : added_) {
      add(Change::Kind::added, *c, "new among the best: " + text_at(*c, "layout"));
    }
    std::stable_sort(diff_.changes.begin(), diff_.changes.end(),
                     [](const Change& a, const Change& b) { return a.kind < b.kind; });
    return std::move(diff_);
  }

 private:
  void add(Change::Kind kind, const Json& c, std::string text) {
    diff_.changes.push_back({kind, text_at(c, "id"), std::move(text)});
  }

  void same_measuring() {
    const std::string before = text_at(member(baseline_, "platform"), "key");
    const std::string now = text_at(member(result_, "platform"), "key");
    const std::string workload = text_at(baseline_, "workload");
    comparable_ = before == now && workload == text_at(result_, "workload");
    if (before != now) {
      diff_.notes.push_back(
          fmt::format("measured on {} before and on {} now: performance is not compared",
                      before.empty() ? "nothing" : before, now.empty() ? "nothing" : now));
    } else if (!comparable_) {
      diff_.notes.push_back(
          fmt::format("another workload (`{}`, was `{}`): performance is not compared",
                      text_at(result_, "workload"), workload));
    }
    const std::string old_machine = text_at(member(baseline_, "platform"), "machine");
    const std::string machine = text_at(member(result_, "platform"), "machine");
    if (comparable_ && old_machine != machine &&
        text_at(member(result_, "platform"), "clock") == "cycles") {
      diff_.notes.push_back(fmt::format(
          "measured on another machine ({}, was {}): each is relative to its own unprotected image",
          machine, old_machine));
    }
    if (member(result_, "interrupted") == Json(true)) {
      diff_.notes.emplace_back("the result was interrupted: what is missing in it is not lost");
    }
  }

  void pair_up() {
    std::vector<const Json*> before;
    std::vector<const Json*> now;
    for (const Json& c : member(baseline_, "configurations")) before.push_back(&c);
    for (const Json& c : member(result_, "configurations")) now.push_back(&c);
    const auto pair_by = [&](auto same, std::vector<Pair>& into) {
      for (const Json*& b : before) {
        const auto partner = std::find_if(
            now.begin(), now.end(), [&](const Json* n) { return n != nullptr && same(*b, *n); });
        if (partner == now.end()) continue;
        into.emplace_back(b, *partner);
        *partner = nullptr;
        b = nullptr;
      }
      std::erase(before, nullptr);
      std::erase(now, nullptr);
    };
    pair_by([](const Json& b, const Json& n) { return text_at(b, "id") == text_at(n, "id"); },
            by_id_);
    // One that lost nothing is the likelier successor.
    pair_by([this](const Json& b,
                   const Json& n) { return partition(b) == partition(n) && lost(b, n).empty(); },
            by_partition_);
    pair_by([](const Json& b, const Json& n) { return partition(b) == partition(n); },
            by_partition_);
    removed_ = std::move(before);
    added_ = std::move(now);
  }

  int rank_of(const std::string& mechanism) const {
    const auto found = rank_.find(mechanism);
    return found == rank_.end() ? -1 : found->second;
  }

  /// Every coordinate in which `now` is less safe than `before`.
  std::vector<std::string> lost(const Json& before, const Json& now) const {
    std::vector<std::string> result;
    const Json& levels = member(now, "levels");
    for (const auto& [pair, level] : member(before, "levels").items()) {
      const std::string was = level.is_string() ? level.get<std::string>() : "";
      const std::string is = text_at(levels, pair.c_str());
      if (is.empty() || is == was) continue;  // a component that is gone needs no isolation
      if (rank_of(is) < rank_of(was)) result.push_back(fmt::format("{} {}, was {}", pair, is, was));
    }
    for (const auto& [component, list] : member(before, "hardening").items()) {
      if (!member(now, "hardening").contains(component)) continue;
      const std::set<std::string> had = names(list);
      const std::set<std::string> has = names(member(member(now, "hardening"), component.c_str()));
      std::set<std::string> gone;
      std::set_difference(had.begin(), had.end(), has.begin(), has.end(),
                          std::inserter(gone, gone.end()));
      if (!gone.empty()) result.push_back(fmt::format("{} without {}", component, joined(gone)));
    }
    for (const auto& [component, variant] : member(before, "variants").items()) {
      const std::string was = variant.is_string() ? variant.get<std::string>() : "";
      const std::string is = text_at(member(now, "variants"), component.c_str());
      // Only the original is known to be no safer than another.
      if (is == "default" && was != "default") {
        result.push_back(fmt::format("{} is {}, was {}", component, is, was));
      }
    }
    if (text_at(before, "sharing") == "copy" && text_at(now, "sharing") == "dss") {
      result.emplace_back("data is shared (dss) that was copied");
    }
    return result;
  }

  void safety(const Json& before, const Json& now, const std::string& id, const std::string& who) {
    const std::vector<std::string> down = lost(before, now);
    const std::vector<std::string> up = lost(now, before);
    const auto list = [](const std::vector<std::string>& facts) {
      std::string text;
      for (const std::string& f : facts) text += (text.empty() ? "" : "; ") + f;
      return text;
    };
    if (!down.empty()) {
      diff_.changes.push_back(
          {Change::Kind::less_safe, id, fmt::format("{} is less safe: {}", who, list(down))});
    } else if (!up.empty()) {
      diff_.changes.push_back(
          {Change::Kind::safer, id, fmt::format("{} is safer: before, {}", who, list(up))});
    }
  }

  /// What is built is the first of the list.
  void best() {
    const Json& before = member(baseline_, "configurations");
    const Json& now = member(result_, "configurations");
    if (before.empty()) return;
    if (now.empty()) {
      if (member(result_, "interrupted") == Json(true)) return;
      diff_.changes.push_back(
          {Change::Kind::failed, text_at(before.front(), "id"),
           "no configuration is left: there were " + std::to_string(before.size())});
      return;
    }
    const std::string id = text_at(now.front(), "id");
    if (id == text_at(before.front(), "id")) return;
    const bool said = std::any_of(diff_.changes.begin(), diff_.changes.end(), [&](const Change& c) {
      return c.id == id && (c.kind == Change::Kind::less_safe || c.kind == Change::Kind::safer);
    });
    if (said) return;
    safety(before.front(), now.front(), id,
           fmt::format("the best, {} (was {}),", id, text_at(before.front(), "id")));
  }

  void observed(const Json& before, const Json& now) {
    performance(before, now);
    attacks(before, now);
    const Json& scan = member(now, "scan");
    if (member(scan, "clean") == Json(false) &&
        member(member(before, "scan"), "clean") != Json(false)) {
      add(Change::Kind::not_clean, now, "the image holds what only gates and platform may hold");
    }
    const Json& failure = member(now, "failure");
    if (failure.is_object() && !member(before, "failure").is_object() &&
        member(before, "measured").is_object()) {
      const std::string detail = text_at(failure, "detail");
      add(Change::Kind::failed, now,
          fmt::format("{}{}{}", text_at(failure, "cause"), detail.empty() ? "" : ": ", detail));
    }
  }

  void performance(const Json& before, const Json& now) {
    const Json& was = member(member(before, "measured"), "relative");
    const Json& is = member(member(now, "measured"), "relative");
    if (!comparable_ || !was.is_object() || !is.is_object()) return;
    const double old_median = number_at(was, "median");
    const double median = number_at(is, "median");
    if (old_median <= 0) return;
    ++diff_.measured;
    const double change = median / old_median - 1;
    const std::string text = fmt::format(
        "{:.4f} of the unprotected image's performance [{:.4f}, {:.4f}], was {:.4f} [{:.4f}, "
        "{:.4f}]: {:+.2f} %",
        median, number_at(is, "low"), number_at(is, "high"), old_median, number_at(was, "low"),
        number_at(was, "high"), 100 * change);
    const bool below = number_at(is, "high") < number_at(was, "low");
    const bool above = number_at(is, "low") > number_at(was, "high");
    if (below && change < -tolerance_) {
      add(Change::Kind::slower, now, text);
    } else if (above && change > tolerance_) {
      add(Change::Kind::faster, now, text);
    } else if (std::abs(change) > tolerance_) {
      add(Change::Kind::uncertain, now, "within noise: " + text);
    }
  }

  void attacks(const Json& before, const Json& now) {
    const Json& was = member(member(before, "attacks"), "matrix");
    const Json& is = member(member(now, "attacks"), "matrix");
    if (!was.is_array() || !is.is_array()) return;
    const auto cell = [](const Json& c) {
      return fmt::format("{} by {} on {}", text_at(c, "attack"), member(c, "attacker").dump(),
                         member(c, "victim").dump());
    };
    std::map<std::string, std::string> old;
    for (const Json& c : was) old[cell(c)] = text_at(c, "observed");
    std::vector<std::string> open;
    for (const Json& c : is) {
      const auto found = old.find(cell(c));
      const bool opened =
          text_at(c, "observed") == "open" && (found == old.end() || found->second != "open");
      const bool broken = member(c, "agrees") == Json(false) &&
                          (found == old.end() || found->second != text_at(c, "observed"));
      if (opened || broken) open.push_back(cell(c));
    }
    if (open.empty()) return;
    std::string text =
        fmt::format("{} attack{} not stopped that {} before: ", open.size(),
                    open.size() == 1 ? " is" : "s are", open.size() == 1 ? "was" : "were");
    constexpr std::size_t kMost = 3;
    for (std::size_t i = 0; i < open.size() && i < kMost; ++i)
      text += (i > 0 ? ", " : "") + open[i];
    if (open.size() > kMost) text += ", ...";
    add(Change::Kind::attack_open, now, std::move(text));
  }

  const Json& baseline_;
  const Json& result_;
  double tolerance_;
  bool comparable_ = true;
  std::map<std::string, int> rank_;
  std::vector<Pair> by_id_;
  std::vector<Pair> by_partition_;
  std::vector<const Json*> removed_;
  std::vector<const Json*> added_;
  ReportDiff diff_;
};

bool is_report(const Json& json) {
  return json.is_object() && member(json, "flexos") == Json(1) &&
         member(json, "configurations").is_array();
}

}  // namespace

const char* name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::slower:
      return "slower";
    case Change::Kind::less_safe:
      return "less-safe";
    case Change::Kind::attack_open:
      return "attack-open";
    case Change::Kind::not_clean:
      return "not-clean";
    case Change::Kind::failed:
      return "failed";
    case Change::Kind::faster:
      return "faster";
    case Change::Kind::safer:
      return "safer";
    case Change::Kind::added:
      return "added";
    case Change::Kind::removed:
      return "removed";
    case Change::Kind::uncertain:
      return "uncertain";
  }
  return "?";
}

bool ReportDiff::regression() const {
  return std::any_of(changes.begin(), changes.end(),
                     [](const Change& c) { return c.regression(); });
}

Result<ReportDiff> diff_reports(const Json& baseline, const Json& result, double tolerance) {
  for (const Json* report : {&baseline, &result}) {
    if (is_report(*report)) continue;
    return Error{
        fmt::format("the {} is no report's data", report == &baseline ? "baseline" : "result"),
        "`flexos-explore SPEC` writes it as explored/NAME.json"};
  }
  return Comparer(baseline, result, tolerance).run();
}

std::string draw_diff(const ReportDiff& diff, const Style& style) {
  std::string text;
  for (const Change& c : diff.changes) {
    const std::string kind = fmt::format("{:<12}", name(c.kind));
    text +=
        fmt::format("  {}{:<14}{}\n", c.regression() ? emphasis(kind, style) : kind, c.id, c.text);
  }
  return text;
}

Json to_json(const ReportDiff& diff) {
  Json changes = Json::array();
  for (const Change& c : diff.changes) {
    changes.push_back(
        {{"kind", name(c.kind)}, {"regression", c.regression()}, {"id", c.id}, {"text", c.text}});
  }
  return {{"regression", diff.regression()},
          {"compared", diff.compared},
          {"measured", diff.measured},
          {"changes", std::move(changes)},
          {"notes", diff.notes}};
}

}  // namespace flexos
