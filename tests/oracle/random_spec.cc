#include "random_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace flexos::oracle {

namespace {

using Names = std::vector<std::string>;

std::string flow(const Names& items) { return fmt::format("[{}]", fmt::join(items, ", ")); }
/// Parts in braces are made from left to right; arguments of a function in no certain order.
std::string entry(const Names& parts) { return fmt::format("{}", fmt::join(parts, ": ")); }
std::string flow_map(const Names& items) { return fmt::format("{{{}}}", fmt::join(items, ", ")); }

/// Chains of partitions of n points: how many ways n components nest with so many mechanisms.
double nestings(int n, int mechanisms) {
  // Row n of iterated Stirling sums: blocks of the finest partition are points of the next.
  std::vector<double> count(static_cast<std::size_t>(n) + 1, 1);
  std::vector<std::vector<double>> stirling(count.size(), std::vector<double>(count.size(), 0));
  stirling[0][0] = 1;
  for (std::size_t i = 1; i < count.size(); ++i) {
    for (std::size_t k = 1; k <= i; ++k) {
      stirling[i][k] = stirling[i - 1][k - 1] + static_cast<double>(k) * stirling[i - 1][k];
    }
  }
  for (int m = 1; m < mechanisms; ++m) {
    std::vector<double> next(count.size(), 0);
    for (std::size_t i = 0; i < count.size(); ++i) {
      for (std::size_t k = 0; k <= i; ++k) next[i] += stirling[i][k] * count[k];
    }
    count = next;
  }
  return count.back();
}

class Generator {
 public:
  Generator(std::uint64_t seed, const Shape& shape) : seed_(seed), shape_(shape), random_(seed) {}

  std::string run() {
    choose_size();
    line(0, "flexos: 1");
    line(0, fmt::format("name: random-{}", seed_));
    if (chance(30)) line(0, "application: " + names_[0]);
    if (chance(30)) line(0, "workload: random/loop");
    define();
    components();
    security();
    budget();
    weights();
    explore();
    profile();
    if (chance(20)) {
      line(0, "gates:");
      line(1, entry({pick(mechanisms_), gate()}));
    }
    return std::move(text_);
  }

 private:
  // --- Chance. Only the raw engine is the same everywhere, the standard distributions are not. ---

  int below(int bound) { return static_cast<int>(random_() % static_cast<std::uint64_t>(bound)); }
  int between(int low, int high) { return low + below(high - low + 1); }
  bool chance(int per_cent) { return below(100) < per_cent; }

  template <typename T>
  const T& pick(const std::vector<T>& from) {
    return from[static_cast<std::size_t>(below(static_cast<int>(from.size())))];
  }

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(static_cast<int>(i)))]);
    }
  }

  Names some(Names from, int per_cent) {
    Names result;
    for (std::string& one : from) {
      if (chance(per_cent)) result.push_back(std::move(one));
    }
    return result;
  }

  Names sample(Names from, int count) {
    shuffle(from);
    from.resize(std::min(from.size(), static_cast<std::size_t>(count)));
    return from;
  }

  /// A decimal of at most `digits` fractional digits between low and high.
  std::string decimal(int low, int high, int digits) {
    digits = below(digits + 1);
    int scale = 1;
    for (int i = 0; i < digits; ++i) scale *= 10;
    const int units = between(low * scale, high * scale);
    if (digits == 0) return std::to_string(units);
    return fmt::format("{}.{:0{}}", units / scale, units % scale, digits);
  }

  void line(int indent, const std::string& content) {
    text_ += std::string(static_cast<std::size_t>(indent) * 2, ' ') + content + "\n";
  }

  // --- Size ------------------------------------------------------------------------------------

  void choose_size() {
    about_calls_ = chance(20);
    const int n = between(shape_.min_components, shape_.max_components);
    names_ = {"net",  "app", "zoo",   "lib_a", "sched", "mem-1", "vfs",
              "time", "ui",  "crypt", "boot",  "log",   "db",    "irq"};
    shuffle(names_);
    names_.resize(static_cast<std::size_t>(n));
    // none, pt and vm are always there: they give the words compartment, space and VM their
    // meaning.
    mechanisms_ = {"none", "pt", "vm"};
    for (const char* name : {"mpk.light", "mpk.full", "cheri", "sfi", "enclave"}) {
      if (chance(40)) mechanisms_.emplace_back(name);
    }
    hardening_ = sample({"asan", "cfi", "ubsan", "safestack", "canary"}, between(0, 4));
    const double budget = shape_.max_configurations;
    int explored = below(static_cast<int>(mechanisms_.size())) + 1;
    if (chance(80)) explored = std::max(explored, 3);
    variants_ = chance(60) ? between(1, std::min(n, 3)) : 0;
    const auto size = [&] {
      double result = nestings(n, explored);
      for (int i = 0; i < n; ++i) result *= static_cast<double>(1 << hardening_.size());
      for (int i = 0; i < variants_; ++i) result *= 2;
      return result;
    };
    while (size() > budget) {
      if (explored > 2 && chance(50)) {
        --explored;
      } else if (!hardening_.empty()) {
        hardening_.pop_back();
      } else if (variants_ > 0) {
        --variants_;
      } else {
        --explored;
      }
    }
    if (shape_.gentle) explored = std::clamp(explored, 2, 4);
    explored_ = sample(mechanisms_, explored);
    const bool has_none = std::count(explored_.begin(), explored_.end(), "none") != 0;
    if (!has_none && (shape_.gentle || chance(88))) explored_.back() = "none";
    offered_ = chance(75) ? hardening_ : some(hardening_, 60);
    platform_ = chance(25) ? "linux" : "qemu";
  }

  // --- Definitions -----------------------------------------------------------------------------

  std::string gate() {
    if (chance(70)) return decimal(0, 600, 2);
    return flow_map({"copy: " + decimal(0, 600, 2), "dss: " + decimal(0, 400, 1)});
  }

  void define() {
    line(0, "define:");
    line(1, "mechanisms:");
    for (const std::string& name : mechanisms_) {
      int level = 0;  // as in specs/mechanisms, with the custom ones between
      for (const auto& [known, place] : std::vector<std::pair<std::string, int>>{{"sfi", 5},
                                                                                 {"mpk.light", 10},
                                                                                 {"mpk.full", 20},
                                                                                 {"cheri", 30},
                                                                                 {"pt", 40},
                                                                                 {"enclave", 45},
                                                                                 {"vm", 50}}) {
        if (known == name) level = place;
      }
      Names body{fmt::format("level: {}", level)};
      const bool none = name == "none";
      // Neither strength nor gate need grow with the level.
      body.push_back("strength: " + (none ? std::string("0") : decimal(0, 100, 2)));
      body.push_back("gate: " + (none && !chance(5) ? std::string("0") : gate()));
      Names limits;
      const bool in_play = std::count(explored_.begin(), explored_.end(), name) != 0;
      if (!none && !shape_.gentle && chance(15)) {
        const int keys = between(1, 4);
        limits.push_back(fmt::format("keys: {}", keys));
        if (in_play) keys_ = std::min(keys_, keys);
      }
      if (!none && !shape_.gentle && chance(10)) {
        const int vms = between(1, 4);
        limits.push_back(fmt::format("vms: {}", vms));
        if (in_play) vms_ = std::min(vms_, vms);
      }
      if (!limits.empty()) body.push_back("limits: " + flow_map(limits));
      body.push_back(name == "vm" ? "platforms: [qemu]" : "platforms: [qemu, linux]");
      if (chance(70)) body.push_back(fmt::format("memory: {}KiB", none ? 0 : between(0, 64)));
      body.push_back(name == "cheri" ? "backend: false" : "backend: true");
      line(2, fmt::format("{}: {}", name, flow_map(body)));
    }
    if (hardening_.empty()) return;
    line(1, "hardening:");
    for (const std::string& name : hardening_) {
      Names transforms;
      if (chance(45)) transforms.push_back("reads: " + flow(some({"own", "shared"}, 65)));
      if (chance(45)) transforms.push_back("writes: " + flow(some({"own", "shared"}, 65)));
      if (chance(about_calls_ ? 95 : 50)) {
        transforms.push_back("calls: " +
                             (chance(50) ? std::string("graph") : flow(quoted(references(-1)))));
      }
      Names body{"transforms: " + flow_map(transforms), "strength: " + decimal(0, 100, 1),
                 "slowdown: " + factor()};
      const Names others = some(hardening_, 15);
      Names excludes;
      for (const std::string& other : others) {
        if (other == name) continue;
        excludes.push_back(other);
        excluded_.emplace(name, other);
        excluded_.emplace(other, name);
      }
      if (!excludes.empty() || chance(20)) body.push_back("excludes: " + flow(excludes));
      line(2, fmt::format("{}: {}", name, flow_map(body)));
    }
  }

  /// Mostly a slowdown; sometimes none, rarely a gain.
  std::string factor() {
    if (chance(10)) return "1";
    if (chance(8)) return fmt::format("0.{}", between(5, 9));
    return decimal(1, 2, 3);
  }

  // --- Components ------------------------------------------------------------------------------

  static Names quoted(Names items) {
    for (std::string& one : items) one = "\"" + one + "\"";
    return items;
  }

  /// References to functions of components other than `self`, without repetition.
  Names references(int self) {
    Names result;
    for (int i = 0; i < static_cast<int>(names_.size()); ++i) {
      if (i == self || !chance(about_calls_ ? 75 : 45)) continue;
      const std::string& name = names_[static_cast<std::size_t>(i)];
      if (chance(about_calls_ ? 45 : 30)) {
        result.push_back(name + ".*");
        continue;
      }
      for (const std::string& function : sample(api_of(i), between(1, 2))) {
        result.push_back(name + "." + function);
      }
    }
    return result;
  }

  /// Fixed by seed and index, as components name each other's functions before they are written.
  Names api_of(int i) const {
    const std::uint64_t mixed =
        (seed_ * 31 + static_cast<std::uint64_t>(i) + 1) * 0x9e3779b97f4a7c15U;
    Names all{"init", "run", "stop"};
    all.resize(mixed >> 40 & 15U ? 1 + (mixed >> 47 & 1U) + (mixed >> 53 & 1U) : 0);
    return all;
  }

  std::string behavior(int self, int presence) {
    Names keys;
    for (const char* key : {"reads", "writes"}) {
      if (about_calls_) keys.push_back(fmt::format("{}: [own]", key));
      if (about_calls_ || !chance(presence)) continue;
      keys.push_back(
          fmt::format("{}: {}", key, chance(45) ? "\"*\"" : flow(some({"own", "shared"}, 70))));
    }
    if (chance(presence)) {
      keys.push_back("calls: " +
                     (chance(about_calls_ ? 75 : 45) ? "\"*\"" : flow(quoted(references(self)))));
    }
    return flow_map(keys);
  }

  void components() {
    line(0, "components:");
    const int n = static_cast<int>(names_.size());
    for (int i = 0; i < n; ++i) {
      line(1, "- component: " + names_[static_cast<std::size_t>(i)]);
      if (chance(90)) line(2, "behavior: " + behavior(i, 85));
      Names grants;
      if (chance(45)) grants.push_back("reads: " + flow(some({"own", "shared"}, 60)));
      if (chance(40)) grants.push_back("writes: " + flow(some({"own", "shared"}, 60)));
      if (chance(about_calls_ ? 80 : 35)) {
        grants.push_back("calls: " + (chance(50) ? std::string("api") : flow(some(api_of(i), 60))));
      }
      if (!grants.empty()) line(2, "requires: " + flow_map(grants));
      line(2, "api: " + flow(api_of(i)));
      if (i < variants_) variant(i);
      Names hardening;
      allowed_.push_back(!shape_.gentle && chance(25) ? some(hardening_, 65) : hardening_);
      if (allowed_.back() != hardening_ || chance(10)) {
        hardening.push_back("allow: " + flow(allowed_.back()));
      }
      if (!hardening_.empty() && chance(25)) {
        hardening.push_back("slowdown: " + flow_map({entry({pick(hardening_), factor()})}));
      }
      if (!hardening.empty()) line(2, "hardening: " + flow_map(hardening));
      if (chance(70)) call_graph(i);
      if (chance(40)) line(2, fmt::format("size: {}KiB", between(0, 200)));
      if (chance(25)) {
        line(2, "untrusted: true");
        untrusted_ = true;
      }
    }
  }

  void variant(int i) {
    const std::string name = pick(Names{"verified", "proved", "slim"});
    Names body;
    if (chance(80)) body.push_back("behavior: " + behavior(i, 60));
    if (chance(40)) body.emplace_back("evidence: why3");
    if (chance(70)) body.push_back("slowdown: " + factor());
    if (chance(40)) body.emplace_back("safer_than: [default]");
    line(2, "variants:");
    line(3, fmt::format("{}: {}", name, flow_map(body)));
    variant_names_.emplace_back(names_[static_cast<std::size_t>(i)], name);
    // A third implementation where the first two are few enough anyway.
    if (names_.size() > 3 || !hardening_.empty() || !chance(50)) return;
    line(3, fmt::format("other: {}",
                        flow_map({"behavior: " + behavior(i, 40), "safer_than: " + flow({name})})));
    variant_names_.emplace_back(names_[static_cast<std::size_t>(i)], "other");
  }

  void call_graph(int i) {
    Names entries;
    for (int j = 0; j < static_cast<int>(names_.size()); ++j) {
      if (j == i || !chance(40)) continue;
      entries.push_back(fmt::format("{}: {}", names_[static_cast<std::size_t>(j)],
                                    chance(30) ? "\"*\"" : flow(sample(api_of(j), between(1, 2)))));
    }
    line(2, "calls: " + flow_map(entries));
  }

  // --- Statements ------------------------------------------------------------------------------

  void at_least(int per_cent) {
    if (!chance(per_cent)) return;
    Names isolating = shape_.gentle || chance(92) ? explored_ : mechanisms_;
    std::erase(isolating, "none");
    if (!isolating.empty()) line(2, "at_least: " + pick(isolating));
  }

  /// A scalar, a list, or the group word.
  std::string somebody(bool everybody) {
    if (untrusted_ && chance(25)) return "untrusted";
    if (everybody && chance(15)) return "\"*\"";
    if (chance(60)) return pick(names_);
    return flow(sample(names_, between(1, 2)));
  }

  void security() {
    int togethers = 0;
    const int count = chance(10) ? 0 : between(1, names_.size() > 5 ? 6 : 4);
    if (count == 0) return;
    line(0, "security:");
    for (int k = 0; k < count; ++k) {
      const int kind = below(100);
      if (kind < 35) {
        isolate();
      } else if (kind < 65) {
        const std::string victim = somebody(true);
        std::string attacker = somebody(true);
        const auto same = [&] {
          return attacker == victim || attacker == "[" + victim + "]" ||
                 victim == "[" + attacker + "]";
        };
        while (same()) attacker = somebody(true);
        line(1, "- protect: " + victim);
        line(2, "from: " + attacker);
        if (chance(60)) {
          Names against = some({"read", "write", "call"}, 50);
          if (against.empty()) against = {"write"};
          line(2, "against: " + flow(against));
        }
        at_least(35);
      } else if (kind < 78 && togethers < (shape_.gentle ? 1 : 2)) {
        ++togethers;
        Names who = sample(names_, names_.size() > 2 && chance(20) ? 3 : 2);
        if (chance(5)) who = {"\"*\""};
        line(1, "- together: " + flow(who));
      } else if (kind < 90 && !hardening_.empty()) {
        line(1, "- harden: " + somebody(false));
        const Names& from =
            offered_.empty() || (!shape_.gentle && chance(15)) ? hardening_ : offered_;
        line(2, "with: " + flow(sample(from, chance(75) ? 1 : 2)));
      } else {
        line(1, "- untrusted: " + (chance(50) ? pick(names_) : flow(sample(names_, 2))));
        untrusted_ = true;
      }
    }
  }

  void isolate() {
    Names groups;
    Names free = names_;
    shuffle(free);
    if (untrusted_ && chance(30)) groups.emplace_back("untrusted");
    if (chance(8)) {
      groups = {"\"*\""};
      free.clear();
    }
    while (!free.empty() && groups.size() < 2) {
      const std::string first = free.back();
      free.pop_back();
      if (!free.empty() && chance(25) && free.size() + groups.size() > 1) {
        groups.push_back(flow({first, free.back()}));
        free.pop_back();
      } else {
        groups.push_back(first);
      }
    }
    if (!free.empty() && chance(15)) groups.push_back(free.back());
    line(1, "- isolate: " + flow(groups));
    at_least(50);
  }

  void budget() {
    if (shape_.gentle) return;
    Names items;
    if (profiled() && chance(35))
      items.push_back("slowdown: " + (chance(25) ? decimal(1, 3, 3) : decimal(2, 6, 2)));
    if (chance(20))
      items.push_back(fmt::format("memory: {}KiB", between(chance(10) ? 1 : 200, 1300)));
    if (chance(15)) items.push_back(fmt::format("vms: {}", between(1, vms_)));
    if (chance(15)) items.push_back(fmt::format("keys: {}", between(1, keys_)));
    if (items.empty()) return;
    line(0, "budget:");
    for (const std::string& item : items) line(1, item);
  }

  void weights() {
    if (!chance(50)) return;
    line(0, "weights:");
    for (const char* what : {"risk", "asset"}) {
      line(1, std::string(what) + ":");
      const bool nothing = chance(8);  // nobody threatens, or nothing is worth a thing
      const Names who = nothing || chance(40) ? names_ : Names{pick(names_)};
      for (const std::string& name : who) {
        line(2, fmt::format("{}: {}", name, nothing || chance(10) ? "0" : decimal(0, 10, 2)));
      }
    }
  }

  void explore() {
    line(0, "explore:");
    line(1, fmt::format("platform: {}", platform_));
    line(1, "objective: " + std::string(chance(30) ? "safest" : "fastest"));
    line(1, fmt::format("top: {}", between(1, 40)));
    line(1, "mechanisms: " + flow(explored_));
    if (offered_ != hardening_ || chance(50)) line(1, "hardening: " + flow(offered_));
    if (chance(25)) line(1, "sharing: dss");
    if (shape_.gentle || !chance(45)) return;
    line(1, "fix:");
    const bool fix_harden = chance(50);
    const bool fix_variant = !variant_names_.empty() && chance(50);
    if (fix_harden) {
      line(2, "harden:");
      const auto who = static_cast<std::size_t>(below(static_cast<int>(names_.size())));
      Names chosen;  // what is excluded or not allowed is an error here
      for (const std::string& one : some(allowed_[who], 35)) {
        const bool there = std::count(offered_.begin(), offered_.end(), one) != 0;
        if (!there && !chance(15)) continue;
        const bool alone = std::none_of(chosen.begin(), chosen.end(), [&](const std::string& two) {
          return excluded_.count({one, two}) != 0;
        });
        if (alone) chosen.push_back(one);
      }
      line(3, entry({names_[who], flow(chosen)}));
    }
    if (fix_variant) {
      const auto& [component, variant] = pick(variant_names_);
      line(2, "variants:");
      line(3, fmt::format("{}: {}", component, chance(30) ? std::string("default") : variant));
    }
    if ((!fix_harden && !fix_variant) || chance(25)) {
      const Names two = sample(names_, 2);
      line(2, "levels:");
      line(3, fmt::format("\"{}|{}\": {}", two[0], two[1],
                          pick(chance(85) ? explored_ : mechanisms_)));
    }
  }

  // --- Profile ---------------------------------------------------------------------------------

  bool profiled() const { return shape_.profile_always || seed_ % 10 != 7; }

  void profile() {
    if (!profiled()) return;
    line(0, "profile:");
    line(1, "base: " + decimal(500, 9000, 2));
    line(1, "calls:");
    bool any = false;
    for (const std::string& from : names_) {
      Names edges;
      for (const std::string& to : names_) {
        if (to == from || !chance(50)) continue;
        edges.push_back(fmt::format("{}: {}", to, chance(15) ? "0" : decimal(0, 12, 3)));
      }
      if (edges.empty()) continue;
      line(2, fmt::format("{}: {}", from, flow_map(edges)));
      any = true;
    }
    if (!any) line(2, fmt::format("{}: {{{}: 0.000000001}}", names_[0], names_[1]));
    line(1, "work:");
    for (const std::string& name : names_) {
      line(2, fmt::format("{}: {}", name, chance(10) ? "0" : decimal(0, 3000, 2)));
    }
    if (!chance(30)) return;
    line(1, "copy:");
    for (const std::string& from : names_) {
      const std::string& to = names_[from == names_[0] ? 1 : 0];
      line(2, fmt::format("{}: {{{}: {}}}", from, to, decimal(0, 500, 2)));
    }
  }

  const std::uint64_t seed_;
  const Shape shape_;
  std::mt19937_64 random_;
  std::string text_;
  Names names_;
  Names mechanisms_;
  Names explored_;
  Names hardening_;
  Names offered_;  ///< explore.hardening
  std::set<std::pair<std::string, std::string>> excluded_;
  std::vector<Names> allowed_;  ///< by component
  std::string platform_;
  int keys_ = 3;  ///< the most that a budget may say
  int vms_ = 3;
  int variants_ = 0;  ///< so many of the first components have some
  std::vector<std::pair<std::string, std::string>> variant_names_;
  bool untrusted_ = false;
  bool about_calls_ = false;  ///< a spec where what may be called decides
};

}  // namespace

std::string random_spec(std::uint64_t seed, const Shape& shape) {
  return Generator(seed, shape).run();
}

}  // namespace flexos::oracle
