#include "solver/scalarised.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace flexos {

namespace {

constexpr double kImpossible = 1e290;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostJoinClasses = 8;
constexpr int kSteps = 12;
constexpr std::size_t kMostRates = 2 * kSteps + 3;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

std::vector<int> placement_order(const Instance& instance) {
  const int n = instance.n;
  std::vector<int> order;
  std::vector<std::vector<double>> tie(at(n), std::vector<double>(at(n), 0.0));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      const auto& gate = instance.gate[p];
      const double span = static_cast<double>(*std::max_element(gate.begin(), gate.end()) -
                                              *std::min_element(gate.begin(), gate.end()));
      // A narrow domain ties as well, if less.
      tie[at(i)][at(j)] = span + (instance.lower[p] > 0 ? 1e-3 * span + 1e-6 : 0.0);
      tie[at(j)][at(i)] = tie[at(i)][at(j)];
    }
  }
  std::vector<bool> taken(at(n), false);
  for (int step = 0; step < n; ++step) {
    int best = -1;
    double best_tie = -1;
    for (int i = 0; i < n; ++i) {
      if (taken[at(i)]) continue;
      double to_placed = 0;
      double total = 0;
      for (int j = 0; j < n; ++j) {
        total += tie[at(i)][at(j)];
        if (taken[at(j)]) to_placed += tie[at(i)][at(j)];
      }
      const double score = step == 0 ? total : to_placed + 1e-3 * total;
      if (score > best_tie) {
        best_tie = score;
        best = i;
      }
    }
    taken[at(best)] = true;
    order.push_back(best);
  }
  return order;
}

Scalarised::Scalarised(const Instance& instance, int most_nested)
    : in_(instance), most_nested_(most_nested), order_(placement_order(instance)) {
  const int n = in_.n;
  for (const Units u : in_.openness) open_.push_back(static_cast<double>(u));
  weight_.assign(at(n), std::vector<double>(at(n), 0.0));
  pair_open_low_.assign(in_.pairs(), 0.0);
  pair_open_high_.assign(in_.pairs(), 0.0);
  open_low_.assign(at(n), 0.0);
  open_high_.assign(at(n), 0.0);
  for (int a = 0; a < n; ++a) {
    for (int v = 0; v < n; ++v) {
      if (a == v) continue;
      const double w = static_cast<double>(in_.weight[at(a * n + v)]);
      weight_[at(a)][at(v)] = w;
      const auto p = at(pair_index(a, v));
      double least = kInfinity;
      double most = 0;
      for (Rung r = in_.lower[p]; r <= in_.upper[p]; ++r) {
        least = std::min(least, open_[r]);
        most = std::max(most, open_[r]);
      }
      if (least == kInfinity) least = most = 0;
      pair_open_low_[p] = least;
      pair_open_high_[p] = most;
      open_low_[at(a)] += w * least;
      open_high_[at(a)] += w * most;
    }
  }
  // An option is on the dark side of another of its class that is no dearer and no riskier.
  lines_.resize(at(n));
  for (int i = 0; i < n; ++i) {
    for (std::size_t c = 0; c < in_.classes[at(i)].size(); ++c) {
      Units least = -1;
      for (const Option& option : in_.classes[at(i)][c].options) {
        if (least >= 0 && option.exposure >= least) continue;
        least = option.exposure;
        lines_[at(i)].push_back({static_cast<double>(option.cost),
                                 static_cast<double>(option.exposure), static_cast<int>(c)});
      }
    }
  }
  choose_rates();
  tangents();
  nest();
}

void Scalarised::choose_rates() {
  // From the span of what pairs and options can cost to the span of what they can risk.
  double cost_span = 0;
  double risk_span = 0;
  for (std::size_t p = 0; p < in_.pairs(); ++p) {
    const auto& gate = in_.gate[p];
    cost_span += static_cast<double>(*std::max_element(gate.begin(), gate.end()));
  }
  for (int i = 0; i < in_.n; ++i) {
    double most = 0;
    double low = kInfinity;
    double high = 0;
    for (const Line& line : lines_[at(i)]) {
      most = std::max(most, line.cost);
      low = std::min(low, line.exposure);
      high = std::max(high, line.exposure);
    }
    if (lines_[at(i)].empty()) continue;
    cost_span += most;
    risk_span += open_high_[at(i)] * high - open_low_[at(i)] * low;
  }
  rates_.push_back({1, 0});
  if (cost_span > 0 && risk_span > 0) {
    const double middle = cost_span / risk_span;
    // Along a frontier the exchange rate runs over many orders: safety is nearly free at one end
    // and nearly unaffordable at the other. (Measured at n = 10: a quarter of the nodes of rates
    // over 2^-8..2^3.)
    for (int step = -kSteps; step <= kSteps; ++step) {
      rates_.push_back({1, middle * std::pow(2.0, 0.8 * step)});
    }
  }
  rates_.push_back({0, 1});
  for (const Rate& rate : rates_) {
    cost_rate_.push_back(rate.cost);
    risk_rate_.push_back(rate.risk);
  }
}

std::vector<Scalarised::Line> Scalarised::lower_hull(int i, ClassMask classes) const {
  // Of all lines cost + exposure * R the least for some R >= 0: by falling exposure, rising cost,
  // each taking over at a larger R than the last.
  std::vector<Line> lines;
  for (const Line& line : lines_[at(i)]) {
    if ((classes >> at(line.option_class) & 1U) != 0) lines.push_back(line);
  }
  std::sort(lines.begin(), lines.end(), [](const Line& a, const Line& b) {
    return std::tie(a.cost, a.exposure) < std::tie(b.cost, b.exposure);
  });
  std::vector<Line> hull;
  for (const Line& line : lines) {
    if (!hull.empty() && line.exposure >= hull.back().exposure) continue;
    while (hull.size() >= 2) {
      const Line& a = hull[hull.size() - 2];
      const Line& b = hull.back();
      // b never leads if the next line overtakes a before b does.
      if ((line.cost - a.cost) * (a.exposure - b.exposure) >
          (b.cost - a.cost) * (a.exposure - line.exposure)) {
        break;
      }
      hull.pop_back();
    }
    hull.push_back(line);
  }
  return hull;
}

const std::vector<Scalarised::Line>& Scalarised::hull(int i, ClassMask classes,
                                                      std::vector<Line>& scratch) const {
  if (!hulls_[at(i)].empty()) return hulls_[at(i)][static_cast<std::size_t>(classes)];
  scratch = lower_hull(i, classes);
  return scratch;
}

/// By rate: the least of cost + rate * exposure * openness over the lines.
void Scalarised::phi(const std::vector<Line>& lines, double openness, double* least) const {
  const std::size_t count = rates_.size();
  const double* cost = cost_rate_.data();
  const double* risk = risk_rate_.data();
  std::fill(least, least + count, kInfinity);
  for (const Line& line : lines) {
    const double by_cost = line.cost;
    const double by_risk = openness * line.exposure;
    for (std::size_t k = 0; k < count; ++k) {
      const double value = cost[k] * by_cost + risk[k] * by_risk;
      least[k] = value < least[k] ? value : least[k];
    }
  }
}

/// Adds the distance from the chord, by rate: phi is concave, so it is least at an end.
void Scalarised::add_above_chord(int i, const std::vector<Line>& lines, double low, double high,
                                 double* sum) const {
  const std::size_t count = rates_.size();
  std::array<double, kMostRates> at_low;
  std::array<double, kMostRates> at_high;
  phi(lines, low, at_low.data());
  phi(lines, high, at_high.data());
  const double* slope = slope_[at(i)].data();
  const double* intercept = intercept_[at(i)].data();
  for (std::size_t k = 0; k < count; ++k) {
    const double below = at_low[k] - (intercept[k] + slope[k] * low);
    const double above = at_high[k] - (intercept[k] + slope[k] * high);
    sum[k] += below < above ? below : above;
  }
}

void Scalarised::tangents() {
  const auto rungs = in_.levels.size();
  const auto count = rates_.size();
  slope_.assign(at(in_.n), std::vector<double>(count, 0.0));
  intercept_ = slope_;
  chords_.assign(count, 0.0);
  pair_.assign(count * in_.pairs() * rungs, 0.0);
  margin_.assign(count, 0.0);
  joined_.resize(at(in_.n));
  hulls_.resize(at(in_.n));
  for (int i = 0; i < in_.n; ++i) {
    const auto classes = in_.classes[at(i)].size();
    if (classes > kMostJoinClasses) continue;
    for (ClassMask mask = 0; mask < (ClassMask{1} << classes); ++mask) {
      hulls_[at(i)].push_back(lower_hull(i, mask));
    }
  }
  std::vector<Line> scratch;
  std::array<double, kMostRates> at_low;
  std::array<double, kMostRates> at_high;
  for (int i = 0; i < in_.n; ++i) {
    const std::vector<Line>& all = hull(i, in_.all_classes(i), scratch);
    const double low = open_low_[at(i)];
    const double high = open_high_[at(i)];
    phi(all, low, at_low.data());
    phi(all, high, at_high.data());
    for (std::size_t k = 0; k < count; ++k) {
      const double s = high > low ? (at_high[k] - at_low[k]) / (high - low) : 0.0;
      slope_[at(i)][k] = s;
      intercept_[at(i)][k] = at_low[k] - s * low;
      chords_[k] += intercept_[at(i)][k];
      margin_[k] += std::abs(at_low[k]) + std::abs(at_high[k]) + 2 * s * high;
    }
  }
  for (std::size_t k = 0; k < count; ++k) {
    for (int i = 0; i < in_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto p = at(pair_index(i, j));
        double most = 0;
        for (std::size_t r = 0; r < rungs; ++r) {
          const double value = rates_[k].cost * static_cast<double>(in_.gate[p][r]) +
                               open_[r] * (slope_[at(i)][k] * weight_[at(i)][at(j)] +
                                           slope_[at(j)][k] * weight_[at(j)][at(i)]);
          pair_[(p * rungs + r) * count + k] = value;
          most = std::max(most, std::abs(value));
        }
        margin_[k] += most;
      }
    }
    margin_[k] *= 4e-12;
  }
  for (int i = 0; i < in_.n; ++i) {
    joined_[at(i)].assign(hulls_[at(i)].size() * count, 0.0);
    for (std::size_t mask = 0; mask < hulls_[at(i)].size(); ++mask) {
      double* row = joined_[at(i)].data() + mask * count;
      if (mask == 0) {
        std::fill(row, row + count, kInfinity);
      } else {
        add_above_chord(i, hulls_[at(i)][mask], open_low_[at(i)], open_high_[at(i)], row);
      }
    }
  }
}

void Scalarised::nest() {
  const int n = in_.n;
  const auto rungs = in_.levels.size();
  suffix_.assign(rates_.size(), std::vector<double>(at(n) + 1, 0.0));
  if (n > most_nested_) {
    for (std::size_t k = 0; k < rates_.size(); ++k) {
      for (int m = n - 1; m >= 0; --m) {
        double sum = suffix_[k][at(m) + 1];
        for (int b = m + 1; b < n; ++b) {
          const auto p = at(pair_index(order_[at(m)], order_[at(b)]));
          double least = kImpossible;
          for (Rung r = in_.lower[p]; r <= in_.upper[p]; ++r) {
            least = std::min(least, pair_values(p, r)[k]);
          }
          sum += least;
        }
        suffix_[k][at(m)] = sum;
      }
    }
    return;
  }
  // within[r][S]: all pairs of S at rung r. best[r][S]: S nested below or at rung r, where S
  // falls into classes of rung r - 1 whose cross pairs are at r. Bit b of S = order_[b].
  const std::size_t sets = std::size_t{1} << n;
  std::vector<std::vector<double>> within(rungs, std::vector<double>(sets));
  std::vector<std::vector<double>> best(rungs, std::vector<double>(sets));
  std::vector<std::vector<std::size_t>> split(rungs, std::vector<std::size_t>(sets, 0));
  for (std::size_t k = 0; k < rates_.size(); ++k) {
    for (std::size_t r = 0; r < rungs; ++r) {
      within[r][0] = 0;
      for (std::size_t s = 1; s < sets; ++s) {
        const int low = __builtin_ctzll(s);
        const std::size_t rest = s & (s - 1);
        double sum = within[r][rest];
        for (std::size_t left = rest; left != 0; left &= left - 1) {
          const auto p = at(pair_index(order_[at(low)], order_[at(__builtin_ctzll(left))]));
          const bool allowed = r >= in_.lower[p] && r <= in_.upper[p];
          // Finite, so that sums of some of them can be taken out again.
          sum += allowed ? pair_values(p, r)[k] : kImpossible / 1e4;
        }
        within[r][s] = sum;
      }
    }
    best[0] = within[0];
    for (std::size_t r = 1; r < rungs; ++r) {
      best[r][0] = 0;
      for (std::size_t s = 1; s < sets; ++s) {
        double least = best[r - 1][s];
        std::size_t chosen = s;
        const std::size_t low = s & (~s + 1);
        const std::size_t rest = s ^ low;
        for (std::size_t part = rest; part != 0;) {
          part = (part - 1) & rest;
          // The class of the smallest member is low | part; the rest nests by itself.
          const std::size_t home = low | part;
          const std::size_t others = s ^ home;
          // One impossible pair swallows every exact digit: look before subtracting.
          const double inside = best[r - 1][home];
          const double outside = best[r][others];
          if (inside + outside < least || inside < 0 || outside < 0 || least >= 1e200) {
            double cross = 0;
            if (within[r][s] < 1e200) {
              cross = within[r][s] - within[r][home] - within[r][others];
            } else {
              for (std::size_t a = home; a != 0 && cross < 1e200; a &= a - 1) {
                for (std::size_t b = others; b != 0; b &= b - 1) {
                  const auto p = at(
                      pair_index(order_[at(__builtin_ctzll(a))], order_[at(__builtin_ctzll(b))]));
                  const bool allowed = r >= in_.lower[p] && r <= in_.upper[p];
                  cross += allowed ? pair_values(p, r)[k] : kImpossible / 1e4;
                }
              }
            }
            const double value = inside + outside + cross;
            if (value < least) {
              least = value;
              chosen = home;
            }
          }
          if (part == 0) break;
        }
        best[r][s] = least;
        split[r][s] = chosen;
      }
    }
    for (int m = 0; m <= n; ++m) {
      const std::size_t set = (sets - 1) >> at(m) << at(m);
      suffix_[k][at(m)] = best[rungs - 1][set];
    }
    // Unfold the best nesting of all.
    std::vector<Rung> layout(in_.pairs(), 0);
    struct Piece {
      std::size_t rung;
      std::size_t set;
    };
    std::vector<Piece> todo{{rungs - 1, sets - 1}};
    while (!todo.empty()) {
      const Piece piece = todo.back();
      todo.pop_back();
      if (piece.rung == 0 || piece.set == 0) continue;
      const std::size_t home = split[piece.rung][piece.set];
      if (home == piece.set) {
        todo.push_back({piece.rung - 1, piece.set});
        continue;
      }
      const std::size_t others = piece.set ^ home;
      for (std::size_t a = home; a != 0; a &= a - 1) {
        for (std::size_t b = others; b != 0; b &= b - 1) {
          layout[at(pair_index(order_[at(__builtin_ctzll(a))], order_[at(__builtin_ctzll(b))]))] =
              static_cast<Rung>(piece.rung);
        }
      }
      todo.push_back({piece.rung - 1, home});
      todo.push_back({piece.rung, others});
    }
    if (best[rungs - 1][sets - 1] < 1e200) seeds_.push_back(std::move(layout));
  }
  std::sort(seeds_.begin(), seeds_.end());
  seeds_.erase(std::unique(seeds_.begin(), seeds_.end()), seeds_.end());
}

std::vector<Scalarised::Choice> Scalarised::choices(const Places& places, int placed) const {
  const std::size_t count = rates_.size();
  const auto j = at(order_[at(placed)]);
  const Places::Options& options = places.options[at(placed)];
  std::vector<Choice> result;
  result.reserve(options.entries.size());
  for (std::size_t e = 0; e < options.entries.size(); ++e) {
    const auto [place, mask] = options.entries[e];
    const double* value = options.values.data() + e * count;
    Choice choice{places.places[place], value[count / 2],
                  std::vector<double>(value, value + count)};
    if (!joined_[j].empty()) {
      const double* joined = joined_[j].data() + static_cast<std::size_t>(mask) * count;
      for (std::size_t k = 0; k < count; ++k) choice.added[k] += joined[k];
    }
    result.push_back(std::move(choice));
  }
  return result;
}

void Scalarised::follow(const Places& before, const std::vector<Rung>& rungs, int placed,
                        Places& result) const {
  const int n = in_.n;
  const std::size_t count = rates_.size();
  const std::size_t last = at(placed) - 1;
  const int newest = order_[last];
  const auto rung_to = [&](int b) { return rungs[at(pair_index(newest, order_[at(b)]))]; };

  result.placed = before.placed;
  result.placed.resize(count, 0.0);
  for (int b = 0; b + 1 < placed; ++b) {
    const double* values = pair_values(at(pair_index(newest, order_[at(b)])), rung_to(b));
    for (std::size_t k = 0; k < count; ++k) result.placed[k] += values[k];
  }
  if (placed == n) return;

  // Who takes an old place is as far from the newest as that forces it to be.
  result.places = before.places;
  result.rungs = before.rungs;
  for (std::size_t place = 0; place < before.places.size(); ++place) {
    const auto [beside, rung] = before.places[place];
    result.rungs[place * at(n) + last] = std::max(rung, rungs[at(pair_index(newest, beside))]);
  }
  // New places are nearer to the newest than any of the others is.
  int nearest = in_.top_rung() + 1;
  for (int b = 0; b + 1 < placed; ++b) nearest = std::min<int>(nearest, rung_to(b));
  for (int r = 0; r < nearest && r <= in_.top_rung(); ++r) {
    result.places.push_back({newest, static_cast<Rung>(r)});
    result.rungs.resize(result.places.size() * at(n));
    Rung* row = result.rungs.data() + (result.places.size() - 1) * at(n);
    for (int b = 0; b + 1 < placed; ++b) row[b] = std::max(static_cast<Rung>(r), rung_to(b));
    row[last] = static_cast<Rung>(r);
  }

  result.options.resize(at(n));
  for (int u = placed; u < n; ++u) {
    const int j = order_[at(u)];
    Places::Options& to = result.options[at(u)];
    to.entries.clear();
    to.values.clear();
    const auto allowed = [&](std::size_t b, Rung rung) {
      const auto p = at(pair_index(order_[b], j));
      return rung >= in_.lower[p] && rung <= in_.upper[p];
    };
    const auto residents = [&](std::size_t b, Rung rung) {
      return rung == 0 ? in_.co_resident[at(j * n + order_[b])] : ~ClassMask{0};
    };
    if (!before.places.empty()) {
      const Places::Options& from = before.options[at(u)];
      const auto p = at(pair_index(newest, j));
      to.entries.reserve(from.entries.size() + at(in_.top_rung()) + 1);
      to.values.reserve(to.entries.capacity() * count);
      for (std::size_t e = 0; e < from.entries.size(); ++e) {
        Places::Entry entry = from.entries[e];
        const Rung rung = result.rungs[entry.place * at(n) + last];
        entry.classes &= residents(last, rung);
        if (!allowed(last, rung) || entry.classes == 0) continue;
        to.entries.push_back(entry);
        const double* old = from.values.data() + e * count;
        const double* more = pair_values(p, rung);
        const std::size_t start = to.values.size();
        to.values.resize(start + count);
        for (std::size_t k = 0; k < count; ++k) to.values[start + k] = old[k] + more[k];
      }
    }
    for (std::size_t place = before.places.size(); place < result.places.size(); ++place) {
      const Rung* row = result.rungs.data() + place * at(n);
      Places::Entry entry{place, in_.all_classes(j)};
      bool possible = true;
      for (std::size_t b = 0; b <= last && possible; ++b) {
        entry.classes &= residents(b, row[b]);
        possible = allowed(b, row[b]) && entry.classes != 0;
      }
      if (!possible) continue;
      to.entries.push_back(entry);
      const std::size_t start = to.values.size();
      to.values.resize(start + count);
      for (std::size_t b = 0; b <= last; ++b) {
        const double* values = pair_values(at(pair_index(order_[b], j)), row[b]);
        for (std::size_t k = 0; k < count; ++k) to.values[start + k] += values[k];
      }
    }
  }
}

void Scalarised::bound(const std::vector<ClassMask>& classes, int placed, const Places& places,
                       Bound& result) const {
  const int n = in_.n;
  const std::size_t count = rates_.size();
  result.feasible = true;
  result.scalar.resize(count);
  double* sum = result.scalar.data();

  for (std::size_t k = 0; k < count; ++k) {
    sum[k] = suffix_[k][at(placed)] + chords_[k] + places.placed[k] - margin_[k];
  }

  // Each component still to come takes the best place beside those placed.
  for (int u = placed; u < n; ++u) {
    const int j = order_[at(u)];
    const Places::Options& options = places.options[at(u)];
    std::array<double, kMostRates> best;
    best.fill(kInfinity);
    bool any = false;
    for (std::size_t e = 0; e < options.entries.size(); ++e) {
      const Places::Entry& entry = options.entries[e];
      bool possible = true;
      if (places.places[entry.place].rung == 0) {
        const Rung* row = places.rungs.data() + entry.place * at(n);
        for (int b = 0; b < placed && possible; ++b) {
          const int i = order_[at(b)];
          possible = row[b] != 0 || (classes[at(i)] & in_.co_resident[at(i * n + j)]) != 0;
        }
      }
      if (!possible) continue;
      any = true;
      const double* value = options.values.data() + e * count;
      if (joined_[at(j)].empty()) {
        for (std::size_t k = 0; k < count; ++k) best[k] = value[k] < best[k] ? value[k] : best[k];
        continue;
      }
      const double* joined =
          joined_[at(j)].data() + static_cast<std::size_t>(entry.classes) * count;
      for (std::size_t k = 0; k < count; ++k) {
        const double both = value[k] + joined[k];
        best[k] = both < best[k] ? both : best[k];
      }
    }
    if (!any) {
      result.feasible = false;
      return;
    }
    for (std::size_t k = 0; k < count; ++k) sum[k] += best[k];
    if (u == placed) result.next.assign(best.begin(), best.begin() + static_cast<long>(count));
  }
}

void Scalarised::narrow(const std::vector<Rung>& rungs, const std::vector<ClassMask>& classes,
                        int placed, std::vector<double>& above) const {
  const int n = in_.n;
  above.assign(rates_.size(), 0.0);
  std::vector<Line> scratch;
  for (int a = 0; a < placed; ++a) {
    const int i = order_[at(a)];
    double low = 0;
    double high = 0;
    for (int b = 0; b < n; ++b) {
      if (b == a) continue;
      const auto p = at(pair_index(i, order_[at(b)]));
      const double w = weight_[at(i)][at(order_[at(b)])];
      low += w * (b < placed ? open_[rungs[p]] : pair_open_low_[p]);
      high += w * (b < placed ? open_[rungs[p]] : pair_open_high_[p]);
    }
    add_above_chord(i, hull(i, classes[at(i)], scratch), low, high, above.data());
  }
}

}  // namespace flexos
