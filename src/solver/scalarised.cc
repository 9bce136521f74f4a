#include "solver/scalarised.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <tuple>

namespace flexos {

namespace {

constexpr double kImpossible = 1e290;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::size_t kMostJoinClasses = 8;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

Scalarised::Scalarised(const Instance& instance) : in_(instance) {
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
  choose_order();
  choose_rates();
  tangents();
  nest();
}

void Scalarised::choose_order() {
  const int n = in_.n;
  std::vector<std::vector<double>> tie(at(n), std::vector<double>(at(n), 0.0));
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < i; ++j) {
      const auto p = at(pair_index(i, j));
      const auto& gate = in_.gate[p];
      const double span = static_cast<double>(*std::max_element(gate.begin(), gate.end()) -
                                              *std::min_element(gate.begin(), gate.end()));
      // A narrow domain ties as well, if less.
      tie[at(i)][at(j)] = span + (in_.lower[p] > 0 ? 1e-3 * span + 1e-6 : 0.0);
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
    order_.push_back(best);
  }
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
    for (int step = -12; step <= 12; ++step) {
      rates_.push_back({1, middle * std::pow(2.0, 0.8 * step)});
    }
  }
  rates_.push_back({0, 1});
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

double Scalarised::phi(std::size_t rate, const std::vector<Line>& lines, double openness) const {
  double least = kInfinity;
  const double cost = rates_[rate].cost;
  const double risk = rates_[rate].risk * openness;
  for (const Line& line : lines) least = std::min(least, cost * line.cost + risk * line.exposure);
  return least;
}

double Scalarised::above_chord(std::size_t rate, int i, const std::vector<Line>& lines, double low,
                               double high) const {
  const double s = slope_[rate][at(i)];
  const double c = intercept_[rate][at(i)];
  return std::min(phi(rate, lines, low) - (c + s * low), phi(rate, lines, high) - (c + s * high));
}

void Scalarised::tangents() {
  const auto rungs = in_.levels.size();
  const auto count = rates_.size();
  slope_.assign(count, std::vector<double>(at(in_.n), 0.0));
  intercept_ = slope_;
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
  for (std::size_t k = 0; k < count; ++k) {
    for (int i = 0; i < in_.n; ++i) {
      const std::vector<Line>& all = hull(i, in_.all_classes(i), scratch);
      const double low = open_low_[at(i)];
      const double high = open_high_[at(i)];
      const double at_low = phi(k, all, low);
      const double at_high = phi(k, all, high);
      const double s = high > low ? (at_high - at_low) / (high - low) : 0.0;
      slope_[k][at(i)] = s;
      intercept_[k][at(i)] = at_low - s * low;
      margin_[k] += std::abs(at_low) + std::abs(at_high) + 2 * s * high;
    }
    for (int i = 0; i < in_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto p = at(pair_index(i, j));
        double most = 0;
        for (std::size_t r = 0; r < rungs; ++r) {
          const double value = rates_[k].cost * static_cast<double>(in_.gate[p][r]) +
                               open_[r] * (slope_[k][at(i)] * weight_[at(i)][at(j)] +
                                           slope_[k][at(j)] * weight_[at(j)][at(i)]);
          pair_[(p * rungs + r) * count + k] = value;
          most = std::max(most, std::abs(value));
        }
        margin_[k] += most;
      }
    }
    margin_[k] *= 4e-12;
  }
  for (int i = 0; i < in_.n; ++i) {
    for (std::size_t mask = 0; mask < hulls_[at(i)].size(); ++mask) {
      for (std::size_t k = 0; k < count; ++k) {
        joined_[at(i)].push_back(mask == 0 ? kInfinity
                                           : above_chord(k, i, hulls_[at(i)][mask],
                                                         open_low_[at(i)], open_high_[at(i)]));
      }
    }
  }
}

void Scalarised::nest() {
  const int n = in_.n;
  const auto rungs = in_.levels.size();
  suffix_.assign(rates_.size(), std::vector<double>(at(n) + 1, 0.0));
  if (n > kMaxDynamic) {
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

double Scalarised::merit(int i, int j, Rung rung) const {
  return pair_values(at(pair_index(i, j)), rung)[rates_.size() / 2];
}

Scalarised::Bound Scalarised::bound(const std::vector<Rung>& rungs,
                                    const std::vector<ClassMask>& classes, int placed) const {
  const int n = in_.n;
  const std::size_t count = rates_.size();
  Bound result;
  result.scalar.resize(count);
  std::vector<double>& sum = result.scalar;
  const auto rung = [&](int i, int j) { return rungs[at(pair_index(i, j))]; };

  for (std::size_t k = 0; k < count; ++k) {
    sum[k] = suffix_[k][at(placed)];
    for (int i = 0; i < n; ++i) sum[k] += intercept_[k][at(i)];
  }
  for (int a = 0; a < placed; ++a) {
    for (int b = 0; b < a; ++b) {
      const auto p = at(pair_index(order_[at(a)], order_[at(b)]));
      const double* values = pair_values(p, rungs[p]);
      for (std::size_t k = 0; k < count; ++k) sum[k] += values[k];
    }
  }

  // What the placed are open to, as far as that is known.
  std::vector<Line> scratch;
  for (int a = 0; a < placed; ++a) {
    const int i = order_[at(a)];
    double low = 0;
    double high = 0;
    for (int b = 0; b < n; ++b) {
      if (b == a) continue;
      const int j = order_[at(b)];
      const double w = weight_[at(i)][at(j)];
      if (b < placed) {
        low += w * open_[rung(i, j)];
        high += w * open_[rung(i, j)];
      } else {
        const auto p = at(pair_index(i, j));
        low += w * pair_open_low_[p];
        high += w * pair_open_high_[p];
      }
    }
    const std::vector<Line>& lines = hull(i, classes[at(i)], scratch);
    for (std::size_t k = 0; k < count; ++k) sum[k] += above_chord(k, i, lines, low, high);
  }

  // Each component still to come takes the best place beside those placed.
  if (placed < n) {
    // A place: the rung to each of the placed.
    std::vector<Rung> places;
    for (int b = 0; b < placed; ++b) {
      const int beside = order_[at(b)];
      int nearest = in_.top_rung() + 1;
      for (int c = 0; c < b; ++c) nearest = std::min<int>(nearest, rung(beside, order_[at(c)]));
      // From there on it is the place beside an earlier component.
      for (int r = 0; r < nearest && r <= in_.top_rung(); ++r) {
        for (int c = 0; c < placed; ++c) {
          const int i = order_[at(c)];
          places.push_back(i == beside ? static_cast<Rung>(r)
                                       : std::max(static_cast<Rung>(r), rung(beside, i)));
        }
      }
    }
    std::vector<double> best(count);
    std::vector<double> value(count);
    for (int u = placed; u < n; ++u) {
      const int j = order_[at(u)];
      std::fill(best.begin(), best.end(), kInfinity);
      bool any = false;
      for (std::size_t start = 0; start < places.size(); start += at(placed)) {
        ClassMask mask = in_.all_classes(j);
        bool possible = true;
        std::fill(value.begin(), value.end(), 0.0);
        for (int b = 0; b < placed; ++b) {
          const int i = order_[at(b)];
          const Rung to = places[start + at(b)];
          const auto p = at(pair_index(i, j));
          if (to < in_.lower[p] || to > in_.upper[p]) {
            possible = false;
            break;
          }
          if (to == 0) {
            mask &= in_.co_resident[at(j * n + i)];
            if (mask == 0 || (classes[at(i)] & in_.co_resident[at(i * n + j)]) == 0) {
              possible = false;
              break;
            }
          }
          const double* values = pair_values(p, to);
          for (std::size_t k = 0; k < count; ++k) value[k] += values[k];
        }
        if (!possible) continue;
        any = true;
        if (joined_[at(j)].empty()) {
          for (std::size_t k = 0; k < count; ++k) best[k] = std::min(best[k], value[k]);
        } else {
          const double* joined = joined_[at(j)].data() + static_cast<std::size_t>(mask) * count;
          for (std::size_t k = 0; k < count; ++k) {
            best[k] = std::min(best[k], value[k] + joined[k]);
          }
        }
      }
      if (!any) {
        result.feasible = false;
        return result;
      }
      for (std::size_t k = 0; k < count; ++k) sum[k] += best[k];
    }
  }
  for (std::size_t k = 0; k < count; ++k) sum[k] -= margin_[k];
  return result;
}

}  // namespace flexos
