#include "bench/search_space.h"

#include <algorithm>
#include <map>
#include <string>

#include "model/order.h"

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// One choice that a configuration can make, and the time that the profile says it costs, in units
/// of the unprotected image's.
struct Choice {
  std::vector<char> chosen;  ///< by candidate
  double cost = 0;
};

/// Collects choices and makes the space of them.
class Builder {
 public:
  Builder(const Spec& spec, int size) : spec_(spec) {
    space_.size = size;
    space_.safer.assign(at(size), std::vector<char>(at(size), 0));
  }

  bool profile() const { return spec_.profile.has_value() && base() > 0; }
  double base() const { return spec_.profile->base.to_double(); }

  double calls(int i, int j) const {
    double sum = 0;
    for (const auto& pair : {std::array<int, 2>{i, j}, std::array<int, 2>{j, i}}) {
      const auto found = spec_.profile->calls.find(pair);
      if (found != spec_.profile->calls.end()) sum += found->second.to_double();
    }
    return sum;
  }
  double gate(int level) const {
    return level == 0 ? 0 : gate_cost(spec_, static_cast<Level>(level)).to_double();
  }

  /// Candidates that part i and j by `level` or more, `below` being the level that they have else.
  void boundary(int i, int j, int level, int below, std::vector<char> chosen) {
    const double cost = profile() ? calls(i, j) * (gate(level) - gate(below)) / base() : 0;
    add(boundaries_, std::move(chosen), std::max(0.0, cost));
  }
  /// Compartments that each candidate has. One more costs something besides the calls between
  /// pairs: memory, translations, caches.
  void compartments(const std::vector<int>& count) {
    const int most = count.empty() ? 0 : *std::max_element(count.begin(), count.end());
    for (int k = 2; k <= most; ++k) {
      std::vector<char> chosen(count.size());
      for (std::size_t c = 0; c < count.size(); ++c) chosen[c] = count[c] >= k ? 1 : 0;
      add(boundaries_, std::move(chosen), 0);
    }
  }
  /// Candidates whose component i is built with `name`.
  void hardening(int i, const std::string& name, std::vector<char> chosen) {
    const Component& c = spec_.components[at(i)];
    double factor = 1;
    for (const Hardening& h : spec_.hardening) {
      if (h.name == name) factor = h.slowdown.to_double();
    }
    const auto own = c.slowdown.find(name);
    if (own != c.slowdown.end()) factor = own->second.to_double();
    work(i, factor, std::move(chosen));
  }
  void variant(int i, int variant, std::vector<char> chosen) {
    work(i, spec_.components[at(i)].variants[at(variant)].slowdown.to_double(), std::move(chosen));
  }

  void order(int b, int a) { space_.safer[at(b)][at(a)] = 1; }

  SearchSpace finish() {
    space_.features.assign(at(space_.size), {});
    if (profile()) space_.predicted.assign(at(space_.size), 1.0);
    write(boundaries_);
    write(hardenings_);
    return std::move(space_);
  }

 private:
  using Choices = std::map<std::vector<char>, double>;

  void work(int i, double factor, std::vector<char> chosen) {
    const double cost =
        profile() ? spec_.profile->work[at(i)].to_double() * (factor - 1) / base() : 0;
    add(hardenings_, std::move(chosen), std::max(0.0, cost));
  }

  /// What is chosen by all or by none says nothing about any difference; what is always chosen
  /// together is one choice.
  void add(Choices& choices, std::vector<char> chosen, double cost) {
    if (std::find(chosen.begin(), chosen.end(), 1) == chosen.end()) return;
    if (std::find(chosen.begin(), chosen.end(), 0) == chosen.end()) {
      always_ += cost;
      return;
    }
    choices[std::move(chosen)] += cost;
  }

  /// The columns of one kind. With a profile they weigh what it predicts, and one more column says
  /// what they cost together, because one wrong number (what a gate costs) moves them all.
  void write(const Choices& choices) {
    if (choices.empty()) return;
    constexpr double kUnpredicted = 0.01;  // a choice that the profile calls free may not be
    double total = 0;
    for (const auto& [chosen, cost] : choices) total += cost;
    for (int c = 0; c < space_.size; ++c) {
      double sum = 0;
      for (const auto& [chosen, cost] : choices) {
        const double weight = profile() ? std::max(cost, kUnpredicted) : 1;
        space_.features[at(c)].push_back(chosen[at(c)] ? weight : 0);
        if (chosen[at(c)]) sum += cost;
      }
      if (!profile()) continue;
      if (&choices == &boundaries_) space_.predicted[at(c)] += always_;
      space_.features[at(c)].push_back(sum);
      space_.predicted[at(c)] += sum;
    }
  }

  const Spec& spec_;
  Choices boundaries_;
  Choices hardenings_;
  double always_ = 0;
  SearchSpace space_;
};

template <typename Fn>
std::vector<char> choosing(int size, Fn chosen) {
  std::vector<char> column(at(size));
  for (int c = 0; c < size; ++c) column[at(c)] = chosen(at(c)) ? 1 : 0;
  return column;
}

}  // namespace

int SearchSpace::least() const {
  for (int a = 0; a < size; ++a) {
    int above = 0;
    for (int b = 0; b < size; ++b) above += safer[at(b)][at(a)];
    if (above == size - 1) return a;
  }
  return -1;
}

std::vector<int> maximal_of(const SearchSpace& space, const std::vector<char>& chosen) {
  std::vector<int> maximal;
  for (int a = 0; a < space.size; ++a) {
    bool top = chosen[at(a)] != 0;
    for (int b = 0; top && b < space.size; ++b) top = !(chosen[at(b)] && space.safer[at(b)][at(a)]);
    if (top) maximal.push_back(a);
  }
  return maximal;
}

SearchSpace space_of(const Spec& spec, const Measured& measured) {
  const auto& rows = measured.rows;
  const int size = static_cast<int>(rows.size());
  Builder build(spec, size);
  int weakest = 0;
  for (int level = static_cast<int>(spec.mechanisms.size()) - 1; level > 0; --level) {
    if (spec.explored_mechanisms[at(level)]) weakest = level;
  }
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      build.boundary(i, j, weakest, 0, choosing(size, [&](std::size_t r) {
                       return rows[r].compartment_of[at(i)] != rows[r].compartment_of[at(j)];
                     }));
    }
    std::map<std::string, std::vector<char>> columns;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (const std::string& name : rows[r].hardening[at(i)]) {
        columns.try_emplace(name, std::vector<char>(rows.size())).first->second[r] = 1;
      }
    }
    for (auto& [name, column] : columns) build.hardening(i, name, std::move(column));
  }
  std::vector<int> count;
  for (const MeasuredRow& row : rows) {
    count.push_back(1 + *std::max_element(row.compartment_of.begin(), row.compartment_of.end()));
  }
  build.compartments(count);
  for (int b = 0; b < size; ++b) {
    for (int a = 0; a < size; ++a) {
      if (a != b && measured_at_least(rows[at(b)], rows[at(a)]) &&
          !measured_at_least(rows[at(a)], rows[at(b)])) {
        build.order(b, a);
      }
    }
  }
  return build.finish();
}

SearchSpace space_of(const Spec& spec, const std::vector<Configuration>& configurations) {
  const auto& all = configurations;
  const int size = static_cast<int>(all.size());
  Builder build(spec, size);
  for (int i = 0; i < spec.size(); ++i) {
    for (int j = 0; j < i; ++j) {
      int below = 0;  // levels that no candidate has are not steps of their own
      for (int level = 1; level < static_cast<int>(spec.mechanisms.size()); ++level) {
        if (std::none_of(all.begin(), all.end(),
                         [&](const Configuration& c) { return c.level(i, j) == level; })) {
          continue;
        }
        build.boundary(i, j, level, below,
                       choosing(size, [&](std::size_t c) { return all[c].level(i, j) >= level; }));
        below = level;
      }
    }
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      build.hardening(i, spec.hardening[h].name, choosing(size, [&](std::size_t c) {
                        return (all[c].hardening[at(i)] >> h & 1) != 0;
                      }));
    }
    for (int v = 1; v < static_cast<int>(spec.components[at(i)].variants.size()); ++v) {
      build.variant(i, v,
                    choosing(size, [&](std::size_t c) { return all[c].variants[at(i)] == v; }));
    }
  }
  std::vector<int> count;
  for (const Configuration& c : all) {
    count.push_back(static_cast<int>(classes(c, spec.size(), 0).size()));
  }
  build.compartments(count);
  for (int b = 0; b < size; ++b) {
    for (int a = 0; a < size; ++a) {
      if (a != b && at_least_as_safe(spec, all[at(b)], all[at(a)]) &&
          !at_least_as_safe(spec, all[at(a)], all[at(b)])) {
        build.order(b, a);
      }
    }
  }
  return build.finish();
}

}  // namespace flexos
