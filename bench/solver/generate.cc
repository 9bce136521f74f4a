#include "generate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numeric>
#include <random>
#include <set>
#include <vector>

// How the instances come about.
//
// Every family draws components of the same population: about 30 % are unsafe C (the worst
// behaviour), the rest keeps to its own and shared memory and to the functions it lists; about 40 %
// demand something of what lives beside them. Hence conflicts, and for each conflict the choice
// that the tool exists for: pay gates, or pay hardening. What differs between families is who calls
// whom, how often, and how much the user's statements leave open.
//
// Two things keep the text equal on every machine: std::mt19937_64 is specified to the bit, the
// standard's distributions are not, so they are not used; and no libm function is, only products,
// quotients and square roots, which IEEE 754 rounds in one way.
//
// Numbers have three significant digits, as measured ones do, and the work of a component is a
// multiple of 100 cycles; so exact costs stay whole numbers of 1/100 cycle and their sum below
// 2^31, which Gecode and the pseudo-Boolean part of Z3 need. A solver that is not so limited gains
// nothing by it.
namespace flexos::bench {
namespace {

struct FamilyName {
  Family family;
  std::string_view name;
};
constexpr std::array kFamilies{
    FamilyName{Family::unikernel, "unikernel"}, FamilyName{Family::clustered, "clustered"},
    FamilyName{Family::random, "random"}, FamilyName{Family::tight, "tight"}};

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}

  /// Uniform in [0, bound), bound > 0; the bias of the remainder is below 2^-50 here.
  int below(int bound) { return static_cast<int>(engine_() % static_cast<std::uint64_t>(bound)); }
  bool chance(int per_cent) { return below(100) < per_cent; }
  /// Uniform in (0, 1].
  double unit() { return (static_cast<double>(engine_() >> 11U) + 1.0) / 9007199254740992.0; }
  /// Log-normal in effect (a product of twelve independent factors), median 1, sigma about 1.2.
  double lognormal() {
    constexpr std::array<double, 8> kFactors{0.5, 0.6, 0.75, 0.875, 1.125, 1.375, 1.625, 2.0};
    double value = 1;
    for (int k = 0; k < 12; ++k) value *= kFactors[static_cast<std::size_t>(below(8))];
    return value;
  }
  /// Pareto with exponent 4/3, minimum 1, cut at 300: few edges carry most of the calls.
  double pareto() {
    const double root = std::sqrt(unit());
    return std::min(300.0, 1.0 / (root * std::sqrt(root)));
  }
  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[static_cast<std::size_t>(below(static_cast<int>(i)))]);
    }
  }

 private:
  std::mt19937_64 engine_;
};

/// Hundredths, three significant digits, at least `least` hundredths.
std::int64_t hundredths(double value, std::int64_t least) {
  std::int64_t units = std::llround(value * 100.0);
  std::int64_t step = 1;
  while (units / step >= 1000) step *= 10;
  return std::max(least, units / step * step);
}

std::string decimal(std::int64_t hundredths) {
  std::string text = fmt::format("{}.{:02}", hundredths / 100, hundredths % 100);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

constexpr std::array<std::string_view, 5> kLevels{"none", "mpk.light", "mpk.full", "pt", "vm"};

// Names in the order in which a system grows: the hubs, an application and its stack, then the
// rest.
constexpr std::array<std::string_view, 32> kNames{
    "libc",  "alloc",  "sched",    "app",     "lwip",   "netdev", "vfs",    "time",
    "ramfs", "random", "console",  "tls",     "crypto", "blkdev", "fatfs",  "sqlite",
    "lua",   "zlib",   "json",     "http",    "dns",    "dhcp",   "syslog", "ssh",
    "regex", "pubsub", "snapshot", "metrics", "config", "auth",   "cache",  "shell"};
constexpr int kHubs = 3;

std::string name_of(int i) {
  const auto at = static_cast<std::size_t>(i);
  return at < kNames.size() ? std::string(kNames[at]) : fmt::format("svc{:02}", i);
}

struct Part {
  std::string name;
  bool unsafe = false;
  bool untrusted = false;
  bool shared = true;  ///< a safe component: touches shared memory beside its own
  int functions = 1;   ///< entry points f0, f1, ...
  bool requires_any = false;
  int reads = 0;          ///< 0 absent, 1 [own, shared], 2 [shared], 3 []
  int writes = 0;         ///< the same
  int calls = 0;          ///< 0 absent, 1 api, 2 only f0
  std::int64_t work = 0;  ///< cycles, a multiple of 100
  int asan = 200;         ///< hundredths
  int cfi = 105;
  bool no_asan = false;
  int leaf = 0;  ///< planted compartment
};

struct Edge {
  std::set<int> functions;
  std::int64_t calls = 0;  ///< hundredths
};

struct System {
  std::vector<Part> parts;
  std::map<std::pair<int, int>, Edge> edges;
  std::vector<std::string> security;
  std::vector<std::string> fix_harden;
  std::vector<std::string> fix_levels;
  std::string budget;

  int size() const { return static_cast<int>(parts.size()); }
  Part& part(int i) { return parts[static_cast<std::size_t>(i)]; }
  const Part& part(int i) const { return parts[static_cast<std::size_t>(i)]; }
};

void connect(System& s, Dice& dice, int from, int to, double calls) {
  if (from == to) return;
  Edge& edge = s.edges[{from, to}];
  edge.functions.insert(dice.below(s.part(to).functions));
  if (dice.chance(40)) edge.functions.insert(dice.below(s.part(to).functions));
  if (edge.calls == 0) edge.calls = hundredths(calls, 1);
}

void populate(System& s, Dice& dice, int n) {
  s.parts.resize(static_cast<std::size_t>(n));
  // Exact shares, not coin flips: at n = 10 three coin flips would often give no conflict at all.
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  dice.shuffle(order);
  const int unsafe = std::max(2, (3 * n + 5) / 10);
  const int demanding = std::max(2, (4 * n + 5) / 10);
  for (int i = 0; i < n; ++i) {
    Part& p = s.part(i);
    p.name = name_of(i);
    p.functions = 2 + dice.below(3);
    p.shared = dice.chance(85);
    p.work = 100 * std::max<std::int64_t>(1, static_cast<std::int64_t>(dice.lognormal() * 12.0));
    p.work = std::min<std::int64_t>(p.work, 40000);
    p.asan = 140 + 10 * dice.below(15);
    p.cfi = 102 + dice.below(14);
    p.no_asan = dice.chance(10);
  }
  for (int k = 0; k < unsafe; ++k) s.part(order[static_cast<std::size_t>(k)]).unsafe = true;
  // Those who demand are mostly, not only, those who behave: an unsafe component may hold secrets.
  std::vector<int> candidates;
  for (int k = unsafe; k < n; ++k) candidates.push_back(order[static_cast<std::size_t>(k)]);
  for (int k = 0; k < unsafe; ++k) candidates.push_back(order[static_cast<std::size_t>(k)]);
  for (int k = 0; k < demanding; ++k) {
    const bool other = dice.chance(15);
    const auto at =
        other ? candidates.size() - 1 - static_cast<std::size_t>(k) : static_cast<std::size_t>(k);
    Part& p = s.part(candidates[at]);
    p.requires_any = true;
    const int reads = dice.below(100);
    p.reads = reads < 45 ? 0 : reads < 60 ? 1 : reads < 97 ? 2 : 3;
    const int writes = dice.below(100);
    p.writes = writes < 5 ? 0 : writes < 15 ? 1 : writes < 94 ? 2 : 3;
    const int calls = dice.below(100);
    p.calls = calls < 35 ? 0 : calls < 88 ? 1 : 2;
  }
  const int untrusted = std::max(1, n / 12);
  for (int k = 0; k < untrusted; ++k) {
    // What faces the network or runs somebody's scripts: never a hub.
    const int i = n <= kHubs + 1 ? n - 1 : kHubs + 1 + dice.below(n - kHubs - 1);
    s.part(i).untrusted = true;
    s.part(i).unsafe = true;
  }
}

/// Callers favour the hubs, then whoever is already popular.
void wire_sparse(System& s, Dice& dice) {
  const int n = s.size();
  std::vector<int> popular;
  for (int i = 0; i < n; ++i) popular.push_back(i);
  for (int i = 0; i < n; ++i) {
    for (int hub = 0; hub < std::min(kHubs, n); ++hub) {
      constexpr std::array<int, kHubs> kReach{65, 40, 30};
      if (dice.chance(kReach[static_cast<std::size_t>(hub)])) {
        connect(s, dice, i, hub, 1.0 * dice.pareto() * (1.0 + dice.lognormal()));
      }
    }
    const int others = 1 + dice.below(2) - (i < kHubs ? 1 : 0);
    for (int k = 0; k < others; ++k) {
      const int to =
          popular[static_cast<std::size_t>(dice.below(static_cast<int>(popular.size())))];
      connect(s, dice, i, to, 1.2 * dice.lognormal() * dice.pareto());
      popular.push_back(to);
    }
  }
}

void wire_clusters(System& s, Dice& dice) {
  const int n = s.size();
  const int clusters = std::max(2, n / 5);
  std::vector<int> of(static_cast<std::size_t>(n));
  for (int i = 0; i < n; ++i) of[static_cast<std::size_t>(i)] = i % clusters;
  dice.shuffle(of);
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      if (i == j) continue;
      if (of[static_cast<std::size_t>(i)] == of[static_cast<std::size_t>(j)]) {
        if (dice.chance(45)) connect(s, dice, i, j, 6.0 * dice.lognormal());
      } else if (dice.below(10 * n) < 8) {
        connect(s, dice, i, j, 0.3 * dice.lognormal());
      }
    }
  }
}

void wire_random(System& s, Dice& dice) {
  for (int i = 0; i < s.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      if (!dice.chance(30)) continue;
      const bool up = dice.chance(50);
      connect(s, dice, up ? i : j, up ? j : i, 1.0 + static_cast<double>(dice.below(40)) / 2.0);
    }
  }
}

std::string isolate(const System& s, int a, int b, int level) {
  std::string text = fmt::format("- isolate: [{}, {}]\n", s.part(a).name, s.part(b).name);
  if (level > 0) text += fmt::format("  at_least: {}\n", kLevels[static_cast<std::size_t>(level)]);
  return text;
}

/// What a careful owner writes: the network away from the secrets, a few things for sure.
void demand(System& s, Dice& dice) {
  const int n = s.size();
  std::set<std::pair<int, int>> seen;
  const auto pair_once = [&](int a, int b) {
    return a != b && seen.insert({std::min(a, b), std::max(a, b)}).second;
  };
  std::vector<int> precious;
  for (int i = 0; i < n; ++i) {
    if (s.part(i).requires_any && !s.part(i).untrusted) precious.push_back(i);
  }
  for (int i = 0; i < n; ++i) {
    if (!s.part(i).untrusted || precious.empty()) continue;
    const int victim =
        precious[static_cast<std::size_t>(dice.below(static_cast<int>(precious.size())))];
    if (pair_once(i, victim)) s.security.push_back(isolate(s, i, victim, dice.chance(50) ? 3 : 4));
  }
  for (int k = 0; k < 1 + n / 12; ++k) {
    const int a = dice.below(n);
    const int b = dice.below(n);
    if (pair_once(a, b)) s.security.push_back(isolate(s, a, b, dice.chance(60) ? 0 : 2));
  }
  for (int k = 0; k < 1 + n / 20 && !precious.empty(); ++k) {
    const int victim =
        precious[static_cast<std::size_t>(dice.below(static_cast<int>(precious.size())))];
    s.security.push_back(fmt::format("- protect: {}\n  from: [untrusted]\n  against: {}\n",
                                     s.part(victim).name,
                                     dice.chance(50) ? "[write]" : "[read, write]"));
  }
  const int hardened = dice.below(n);
  s.security.push_back(
      fmt::format("- harden: {}\n  with: [stack-protector]\n", s.part(hardened).name));
  if (dice.chance(50)) s.security.push_back("- harden: untrusted\n  with: [cfi]\n");
}

/// Does `b`, as neighbour, put up with `a`, who is hardened with asan and cfi where unsafe?
bool tolerates(const System& s, int a, int b) {
  const Part& actor = s.part(a);
  const Part& owner = s.part(b);
  const bool wild = actor.unsafe && actor.no_asan;
  const bool touches_shared = actor.unsafe || actor.shared;
  for (const int grant : {owner.reads, owner.writes}) {
    if (wild && grant >= 2) return false;
    if (touches_shared && grant == 3) return false;
  }
  if (owner.calls == 2) {
    const auto edge = s.edges.find({a, b});
    if (edge != s.edges.end() && *edge->second.functions.rbegin() > 0) return false;
  }
  return true;
}

/// Level on which the planted leaves a and b part: a leaf is a path (vm, space, domain, key).
struct Leaf {
  std::array<int, 4> path{};
};
int planted_level(const Leaf& a, const Leaf& b) {
  for (int depth = 0; depth < 4; ++depth) {
    const auto at = static_cast<std::size_t>(depth);
    if (a.path[at] != b.path[at]) return 4 - depth;
  }
  return 0;
}

void constrain_tightly(System& s, Dice& dice) {
  const int n = s.size();
  const int spaces_per_vm = std::max(2, n / 12);
  std::vector<Leaf> leaves;
  const int leaf_count = std::max(3, (2 * n) / 5);
  std::map<std::pair<int, int>, int> used;
  for (int k = 0; k < leaf_count; ++k) {
    Leaf leaf;
    leaf.path = {k < 2 ? k : dice.below(2), dice.below(spaces_per_vm), dice.below(2), k};
    const auto space = std::pair{leaf.path[0], leaf.path[1]};
    if (used[space] >= 6) continue;
    ++used[space];
    leaves.push_back(leaf);
  }
  const int count = static_cast<int>(leaves.size());
  for (int i = 0; i < n; ++i) s.part(i).leaf = dice.below(count);
  const auto leaf_of = [&](int i) -> const Leaf& {
    return leaves[static_cast<std::size_t>(s.part(i).leaf)];
  };

  // The plan must hold: a demand that a planted neighbour breaks is given up.
  for (int b = 0; b < n; ++b) {
    bool holds = true;
    for (int a = 0; a < n; ++a) {
      if (a != b && s.part(a).leaf == s.part(b).leaf && !tolerates(s, a, b)) holds = false;
    }
    if (!holds) {
      s.part(b).requires_any = false;
      s.part(b).reads = s.part(b).writes = s.part(b).calls = 0;
    }
  }
  std::set<std::pair<int, int>> seen;
  const auto fresh_pair = [&](int& a, int& b) {
    a = dice.below(n);
    b = dice.below(n);
    return a != b && seen.insert({std::min(a, b), std::max(a, b)}).second;
  };
  for (int k = 0; k < (3 * n) / 2; ++k) {
    int a = 0;
    int b = 0;
    if (!fresh_pair(a, b)) continue;
    const int planted = planted_level(leaf_of(a), leaf_of(b));
    if (planted == 0) continue;
    if (dice.chance(25)) {
      s.security.push_back(fmt::format(
          "- protect: {}\n  from: [{}]\n  against: [read, write, call]\n  at_least: {}\n",
          s.part(a).name, s.part(b).name,
          kLevels[static_cast<std::size_t>(dice.chance(60) ? planted : 1)]));
    } else {
      s.security.push_back(isolate(s, a, b, dice.chance(60) ? planted : 1 + dice.below(planted)));
    }
  }
  std::vector<int> root(static_cast<std::size_t>(n));
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int i) {
    while (root[static_cast<std::size_t>(i)] != i) i = root[static_cast<std::size_t>(i)];
    return i;
  };
  for (int k = 0; k < 2 * n; ++k) {
    const int a = dice.below(n);
    const int b = dice.below(n);
    if (a == b || s.part(a).leaf != s.part(b).leaf || find(a) == find(b) || !dice.chance(40)) {
      continue;
    }
    root[static_cast<std::size_t>(find(a))] = find(b);
    s.security.push_back(fmt::format("- together: [{}, {}]\n", s.part(a).name, s.part(b).name));
  }
  std::set<int> hardened;
  for (int k = 0; k < 1 + n / 10; ++k) {
    const int i = dice.below(n);
    const Part& p = s.part(i);
    if (!hardened.insert(i).second) continue;
    if (!p.unsafe) {
      s.security.push_back(fmt::format("- harden: {}\n  with: [safestack]\n", p.name));
    } else if (p.no_asan) {
      s.security.push_back(fmt::format("- harden: {}\n  with: [cfi]\n", p.name));
    }
  }
  std::set<int> pinned;
  for (int k = 0; k < 1 + n / 12; ++k) {
    const int i = dice.below(n);
    const Part& p = s.part(i);
    if (!p.unsafe || p.untrusted || p.no_asan || !pinned.insert(i).second) continue;
    s.fix_harden.push_back(fmt::format("{}: [asan, cfi]", p.name));
  }
  for (int k = 0; k < 1 + n / 10; ++k) {
    int a = 0;
    int b = 0;
    if (!fresh_pair(a, b)) continue;
    s.fix_levels.push_back(
        fmt::format("\"{}|{}\": {}", s.part(a).name, s.part(b).name,
                    kLevels[static_cast<std::size_t>(planted_level(leaf_of(a), leaf_of(b)))]));
  }
  int keys = 3;
  for (const auto& [space, compartments] : used) keys = std::max(keys, compartments);
  s.budget = fmt::format("budget: {{vms: 2, keys: {}}}\n", keys);
}

/// Three statements out of many that contradict each other; which kind depends on the seed.
void contradict(System& s, Dice& dice, std::uint64_t seed) {
  std::vector<int> order(static_cast<std::size_t>(s.size()));
  std::iota(order.begin(), order.end(), 0);
  dice.shuffle(order);
  const std::string a = s.part(order[0]).name;
  const std::string b = s.part(order[1]).name;
  const std::string c = s.part(order[2]).name;
  std::vector<std::string> planted;
  if (seed % 2 == 0) {
    planted.push_back(fmt::format("- together: [{}, {}]\n", a, b));
    planted.push_back(fmt::format("- together: [{}, {}]\n", b, c));
    planted.push_back(fmt::format("- isolate: [{}, {}]\n", c, a));
  } else {
    s.fix_levels.push_back(fmt::format("\"{}|{}\": mpk.light", a, b));
    s.fix_levels.push_back(fmt::format("\"{}|{}\": mpk.full", b, c));
    planted.push_back(fmt::format("- isolate: [{}, {}]\n  at_least: pt\n", a, c));
  }
  for (const std::string& text : planted) {
    const auto at = dice.below(static_cast<int>(s.security.size()) + 1);
    s.security.insert(s.security.begin() + at, text);
  }
}

std::string grant(int code) { return code == 1 ? "[own, shared]" : code == 2 ? "[shared]" : "[]"; }

/// `calls:` as a map callee -> functions, in the flow style.
std::string call_graph(const System& s, int i) {
  std::vector<std::string> items;
  for (const auto& [ends, edge] : s.edges) {
    if (ends.first != i) continue;
    std::vector<std::string> functions;
    for (const int f : edge.functions) functions.push_back(fmt::format("f{}", f));
    items.push_back(fmt::format("{}: [{}]", s.part(ends.second).name, fmt::join(functions, ", ")));
  }
  return fmt::format("{{{}}}", fmt::join(items, ", "));
}

std::string component(const System& s, int i) {
  const Part& p = s.part(i);
  std::string text = fmt::format("  - component: {}\n", p.name);
  if (p.untrusted) text += "    untrusted: true\n";
  if (!p.unsafe) {
    std::vector<std::string> calls;
    for (const auto& [ends, edge] : s.edges) {
      if (ends.first != i) continue;
      for (const int f : edge.functions) {
        calls.push_back(fmt::format("{}.f{}", s.part(ends.second).name, f));
      }
    }
    const std::string_view regions = p.shared ? "[own, shared]" : "[own]";
    text += fmt::format("    behavior: {{reads: {}, writes: {}, calls: [{}]}}\n", regions, regions,
                        fmt::join(calls, ", "));
  }
  if (p.reads + p.writes + p.calls > 0) {
    std::vector<std::string> keys;
    if (p.reads > 0) keys.push_back("reads: " + grant(p.reads));
    if (p.writes > 0) keys.push_back("writes: " + grant(p.writes));
    if (p.calls > 0) keys.emplace_back(p.calls == 1 ? "calls: api" : "calls: [f0]");
    text += fmt::format("    requires: {{{}}}\n", fmt::join(keys, ", "));
  }
  std::vector<std::string> functions;
  for (int f = 0; f < p.functions; ++f) functions.push_back(fmt::format("f{}", f));
  text += fmt::format("    api: [{}]\n", fmt::join(functions, ", "));
  text += fmt::format("    calls: {}\n", call_graph(s, i));
  const std::string_view allow =
      p.no_asan ? "allow: [cfi, safestack, stack-protector, ubsan], " : "";
  text += fmt::format("    hardening: {{{}slowdown: {{asan: {}, cfi: {}}}}}\n", allow,
                      decimal(p.asan), decimal(p.cfi));
  return text;
}

constexpr std::string_view kDefinitions = R"(define:
  mechanisms:
    none: {level: 0, strength: 0, gate: 0}
    mpk.light: {level: 10, strength: 60, gate: 62, limits: {keys: 15}, memory: 64KiB, platforms: [qemu, linux], backend: true}
    mpk.full: {level: 20, strength: 70, gate: 108, limits: {keys: 15}, memory: 96KiB, platforms: [qemu, linux], backend: true}
    pt: {level: 40, strength: 85, gate: 540, memory: 1MiB, platforms: [qemu, linux], backend: true}
    vm: {level: 50, strength: 95, gate: 1100, memory: 16MiB, platforms: [qemu], backend: true}
  hardening:
    asan: {transforms: {reads: [own, shared], writes: [own, shared]}, strength: 30, slowdown: 2}
    cfi: {transforms: {calls: graph}, strength: 20, slowdown: 1.05}
    safestack: {strength: 8, slowdown: 1.01}
    stack-protector: {strength: 5, slowdown: 1.02}
    ubsan: {strength: 10, slowdown: 1.2}
)";

}  // namespace

std::optional<Family> family_named(std::string_view name) {
  for (const FamilyName& f : kFamilies) {
    if (f.name == name) return f.family;
  }
  return std::nullopt;
}

std::string_view family_name(Family family) {
  for (const FamilyName& f : kFamilies) {
    if (f.family == family) return f.name;
  }
  return "";
}

std::string generate(const Recipe& recipe) {
  const int n = recipe.components;
  // One stream a recipe: neighbouring seeds and sizes share nothing.
  Dice dice(recipe.seed * 1000003U + static_cast<std::uint64_t>(n) * 8U +
            static_cast<std::uint64_t>(recipe.family));
  System s;
  populate(s, dice, n);
  switch (recipe.family) {
    case Family::unikernel:
      wire_sparse(s, dice);
      break;
    case Family::clustered:
      wire_clusters(s, dice);
      break;
    case Family::random:
      wire_random(s, dice);
      break;
    case Family::tight:
      wire_sparse(s, dice);
      break;
  }
  if (recipe.family == Family::tight) {
    constrain_tightly(s, dice);
  } else {
    demand(s, dice);
  }
  if (recipe.contradiction && n >= 3) contradict(s, dice, recipe.seed);

  // The order in which a user happens to list things must not matter to a solver.
  std::vector<int> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  dice.shuffle(order);
  dice.shuffle(s.security);

  std::string text = "flexos: 1\n";
  text += fmt::format("name: {}-{}-{}{}\n", family_name(recipe.family), n, recipe.seed,
                      recipe.contradiction ? "-infeasible" : "");
  text += fmt::format("application: {}\n", s.part(std::min(3, n - 1)).name);
  text += "components:\n";
  for (const int i : order) text += component(s, i);
  text += "security:\n";
  for (const std::string& statement : s.security) {
    std::string_view rest = statement;
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      text += fmt::format("  {}\n", rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
  }
  text += s.budget;
  text += fmt::format(
      "explore:\n  objective: fastest\n  top: {}\n"
      "  mechanisms: [none, mpk.light, mpk.full, pt, vm]\n"
      "  hardening: [asan, cfi, safestack, stack-protector, ubsan]\n  sharing: copy\n",
      recipe.top);
  if (!s.fix_harden.empty() || !s.fix_levels.empty()) {
    std::vector<std::string> keys;
    if (!s.fix_harden.empty()) {
      keys.push_back(fmt::format("    harden: {{{}}}\n", fmt::join(s.fix_harden, ", ")));
    }
    if (!s.fix_levels.empty()) {
      keys.push_back(fmt::format("    levels: {{{}}}\n", fmt::join(s.fix_levels, ", ")));
    }
    text += fmt::format("  fix:\n{}", fmt::join(keys, ""));
  }
  std::int64_t base = 0;
  for (const Part& p : s.parts) base += p.work;
  text += fmt::format("profile:\n  base: {}\n  calls:\n", base);
  for (const int i : order) {
    std::vector<std::string> callees;
    for (const auto& [ends, edge] : s.edges) {
      if (ends.first != i) continue;
      callees.push_back(fmt::format("{}: {}", s.part(ends.second).name, decimal(edge.calls)));
    }
    if (callees.empty()) continue;
    text += fmt::format("    {}: {{{}}}\n", s.part(i).name, fmt::join(callees, ", "));
  }
  text += "  work:\n";
  for (const int i : order) {
    text += fmt::format("    {}: {}\n", s.part(i).name, s.part(i).work);
  }
  text += "weights:\n  risk: {";
  std::vector<std::string> risks;
  std::vector<std::string> assets;
  for (const int i : order) {
    if (s.part(i).untrusted) risks.push_back(s.part(i).name + ": 5");
    if (s.part(i).requires_any) assets.push_back(s.part(i).name + ": 3");
  }
  text += fmt::format("{}}}\n  asset: {{{}}}\n", fmt::join(risks, ", "), fmt::join(assets, ", "));
  text += kDefinitions;
  return text;
}

}  // namespace flexos::bench
