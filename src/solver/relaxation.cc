#include "solver/relaxation.h"

#include <algorithm>
#include <cmath>
#include <coin/ClpSimplex.hpp>
#include <coin/CoinPackedVector.hpp>
#include <limits>
#include <map>

namespace flexos {

namespace {

constexpr double kViolation = 1e-4;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::size_t at(int i) { return static_cast<std::size_t>(i); }

int lower_of(const Domain& domain, int i, int j, Rung rung) {
  return domain.low(i, j) >= rung ? 1 : 0;
}
int upper_of(const Domain& domain, int i, int j, Rung rung) {
  return domain.high(i, j) >= rung ? 1 : 0;
}

}  // namespace

Units DualBound::bound(const Domain& domain) const {
  Units total = constant;
  for (const Column& c : columns) {
    const int x =
        c.reduced > 0 ? lower_of(domain, c.i, c.j, c.rung) : upper_of(domain, c.i, c.j, c.rung);
    if (x != 0) total += c.reduced;
  }
  for (std::size_t i = 0; i < option_cost.size(); ++i) {
    const ClassMask allowed = domain.classes(static_cast<int>(i));
    Units least = 0;
    bool first = true;
    for (std::size_t c = 0; c < option_cost[i].size(); ++c) {
      if ((allowed >> c & 1U) == 0) continue;
      if (first || option_cost[i][c] < least) least = option_cost[i][c];
      first = false;
    }
    total += least;
  }
  for (const Row& row : rows) {
    int activity = 0;
    for (const Term& t : row.terms) {
      if (t.j < 0) {
        if ((domain.classes(t.i) & ~t.classes) == 0) ++activity;
      } else if (t.sign > 0) {
        activity += lower_of(domain, t.i, t.j, t.rung);
      } else {
        activity -= upper_of(domain, t.i, t.j, t.rung);
      }
    }
    if (activity > row.at_least) total += row.weight * (activity - row.at_least);
  }
  return total;
}

bool DualBound::filter(Domain& domain, Units cutoff) const {
  const Units now = bound(domain);
  if (now >= cutoff) return false;
  const Units slack = cutoff - now;
  for (const Column& c : columns) {
    if (domain.low(c.i, c.j) >= c.rung || domain.high(c.i, c.j) < c.rung) continue;
    if (c.reduced >= slack) {
      if (!domain.lower(c.i, c.j, static_cast<Rung>(c.rung - 1))) return false;
    } else if (-c.reduced >= slack) {
      if (!domain.raise(c.i, c.j, c.rung)) return false;
    }
  }
  for (std::size_t i = 0; i < option_cost.size(); ++i) {
    const int component = static_cast<int>(i);
    const ClassMask allowed = domain.classes(component);
    if ((allowed & (allowed - 1)) == 0) continue;
    Units least = 0;
    bool first = true;
    for (std::size_t c = 0; c < option_cost[i].size(); ++c) {
      if ((allowed >> c & 1U) == 0) continue;
      if (first || option_cost[i][c] < least) least = option_cost[i][c];
      first = false;
    }
    ClassMask keep = 0;
    for (std::size_t c = 0; c < option_cost[i].size(); ++c) {
      if ((allowed >> c & 1U) != 0 && option_cost[i][c] - least < slack) keep |= ClassMask{1} << c;
    }
    if (!domain.restrict_classes(component, keep)) return false;
  }
  return true;
}

struct Relaxation::Impl {
  struct Column {
    int i;
    int j;
    Rung rung;
    Units increment;
  };
  struct Row {
    int at_least;
    std::vector<DualBound::Term> terms;
  };

  explicit Impl(const Instance& in) : instance(in) {
    lp.setLogLevel(0);
    lp.setOptimizationDirection(1.0);
    envelope();
    build();
  }

  /// The largest monotone function below the gate costs: a third party's mechanism may be both
  /// stronger and cheaper.
  void envelope() {
    increments.assign(instance.pairs(), std::vector<Units>(instance.levels.size(), 0));
    double largest = 1;
    for (std::size_t p = 0; p < instance.pairs(); ++p) {
      std::vector<Units> gate = instance.gate[p];
      for (std::size_t r = gate.size() - 1; r > 0; --r)
        gate[r - 1] = std::min(gate[r - 1], gate[r]);
      constant += gate[0];
      for (std::size_t r = 1; r < gate.size(); ++r) {
        increments[p][r] = gate[r] - gate[r - 1];
        largest = std::max(largest, static_cast<double>(increments[p][r]));
      }
    }
    for (const auto& component : instance.classes) {
      for (const OptionClass& option_class : component) {
        largest =
            std::max(largest, std::abs(static_cast<double>(option_class.options.front().cost)));
      }
    }
    unit = largest / 1e5;
  }

  int column(int i, int j, Rung rung) {
    auto& known = column_of[at(pair_index(i, j))];
    if (known.empty()) known.assign(instance.levels.size(), -1);
    if (known[rung] >= 0) return known[rung];
    const int first = static_cast<int>(columns.size());
    // All rungs of a pair at once, so that they stay monotone.
    for (Rung r = 1; r <= instance.top_rung(); ++r) {
      const Units increment = increments[at(pair_index(i, j))][r];
      known[r] = option_columns + static_cast<int>(columns.size());
      columns.push_back({i, j, r, increment});
      lp.addColumn(0, nullptr, nullptr, 0.0, 1.0, static_cast<double>(increment) / unit);
    }
    for (Rung r = 2; r <= instance.top_rung(); ++r) {
      Row row{0, {{i, j, static_cast<Rung>(r - 1), 1, 0}, {i, j, r, -1, 0}}};
      const int index[2] = {option_columns + first + r - 2, option_columns + first + r - 1};
      const double value[2] = {1.0, -1.0};
      lp.addRow(2, index, value, 0.0, COIN_DBL_MAX);
      rows.push_back(std::move(row));
    }
    return known[rung];
  }

  void build() {
    const int n = instance.n;
    column_of.resize(instance.pairs());
    option_column.resize(at(n));
    for (int i = 0; i < n; ++i) {
      const auto& classes = instance.classes[at(i)];
      option_column[at(i)] = option_columns;
      for (const OptionClass& option_class : classes) {
        lp.addColumn(0, nullptr, nullptr, 0.0, 1.0,
                     static_cast<double>(option_class.options.front().cost) / unit);
        ++option_columns;
      }
    }
    // Row i of the LP: component i takes exactly one class.
    for (int i = 0; i < n; ++i) {
      std::vector<int> index;
      std::vector<double> value;
      for (std::size_t c = 0; c < instance.classes[at(i)].size(); ++c) {
        index.push_back(option_column[at(i)] + static_cast<int>(c));
        value.push_back(1.0);
      }
      lp.addRow(static_cast<int>(index.size()), index.data(), value.data(), 1.0, 1.0);
    }
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j < i; ++j) {
        const auto& row = increments[at(pair_index(i, j))];
        if (std::any_of(row.begin(), row.end(), [](Units u) { return u > 0; })) column(i, j, 1);
      }
    }
  }

  void fit_bounds(const Domain& domain) {
    for (int i = 0; i < instance.n; ++i) {
      for (std::size_t c = 0; c < instance.classes[at(i)].size(); ++c) {
        const double upper = (domain.classes(i) >> c & 1U) != 0 ? 1.0 : 0.0;
        lp.setColumnBounds(option_column[at(i)] + static_cast<int>(c), 0.0, upper);
      }
    }
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Column& c = columns[k];
      lp.setColumnBounds(option_columns + static_cast<int>(k), lower_of(domain, c.i, c.j, c.rung),
                         upper_of(domain, c.i, c.j, c.rung));
    }
  }

  /// Adds the row; `terms` name pairs and classes, columns are made as needed.
  void add_row(Row row) {
    std::vector<int> index;
    std::vector<double> value;
    for (const DualBound::Term& t : row.terms) {
      if (t.j >= 0) {
        index.push_back(column(t.i, t.j, t.rung));
        value.push_back(t.sign);
        continue;
      }
      for (std::size_t c = 0; c < instance.classes[at(t.i)].size(); ++c) {
        if ((t.classes >> c & 1U) == 0) continue;
        index.push_back(option_column[at(t.i)] + static_cast<int>(c));
        value.push_back(1.0);
      }
    }
    lp.addRow(static_cast<int>(index.size()), index.data(), value.data(), row.at_least,
              COIN_DBL_MAX);
    rows.push_back(std::move(row));
  }

  /// Finds paths that an LP solution leaves uncut. Returns the number of rows added.
  int separate(const Domain& domain) {
    const int n = instance.n;
    const double* x = lp.primalColumnSolution();
    std::vector<double> length(at(n * n));
    std::vector<double> demand(at(n * n));
    std::vector<std::uint8_t> soft(at(n * n));
    struct Found {
      double violation;
      Row row;
    };
    std::vector<Found> found;
    for (Rung rung = 1; rung <= instance.top_rung(); ++rung) {
      std::fill(length.begin(), length.end(), kInfinity);
      std::fill(demand.begin(), demand.end(), 0.0);
      std::fill(soft.begin(), soft.end(), std::uint8_t{0});
      bool any = false;
      for (int i = 0; i < n; ++i) {
        for (int j = 0; j < n; ++j) {
          if (i == j) continue;
          const auto& known = column_of[at(pair_index(i, j))];
          if (domain.high(i, j) < rung) {
            length[at(i * n + j)] = 0.0;
          } else if (!known.empty()) {
            length[at(i * n + j)] = std::max(0.0, x[known[rung]]);
          }
          if (domain.low(i, j) >= rung) {
            demand[at(i * n + j)] = 1.0;
            any = true;
          } else if (rung == 1 && domain.high(i, j) >= 1) {
            const ClassMask mask = instance.co_resident[at(i * n + j)];
            if (mask == instance.all_classes(i)) continue;
            double open = 1.0;
            for (std::size_t c = 0; c < instance.classes[at(i)].size(); ++c) {
              if ((mask >> c & 1U) != 0) open -= x[option_column[at(i)] + static_cast<int>(c)];
            }
            if (open > kViolation) {
              demand[at(i * n + j)] = open;
              soft[at(i * n + j)] = 1;
              any = true;
            }
          }
        }
      }
      if (!any) continue;
      std::vector<double> distance(at(n));
      std::vector<int> parent(at(n));
      std::vector<bool> done(at(n));
      for (int u = 0; u < n; ++u) {
        double farthest = 0;
        for (int v = 0; v < n; ++v) {
          // A hard demand is symmetric: look from the lower end only.
          if (soft[at(u * n + v)] == 0 && v < u) continue;
          farthest = std::max(farthest, demand[at(u * n + v)]);
        }
        if (farthest <= kViolation) continue;
        shortest(u, n, farthest, length, distance, parent, done);
        for (int v = 0; v < n; ++v) {
          const double need = demand[at(u * n + v)];
          if (v == u || need <= kViolation) continue;
          if (soft[at(u * n + v)] == 0 && v < u) continue;
          if (distance[at(v)] >= need - kViolation) continue;
          Row row{1, {}};
          for (int w = v; w != u; w = parent[at(w)]) {
            const int from = parent[at(w)];
            // Joined from the start: no term. Joined by the search: the term is 0 here.
            if (instance.upper[at(pair_index(from, w))] < rung) continue;
            row.terms.push_back({std::max(from, w), std::min(from, w), rung, 1, 0});
          }
          if (soft[at(u * n + v)] != 0) {
            row.terms.push_back({u, -1, rung, 1, instance.co_resident[at(u * n + v)]});
          } else if (instance.lower[at(pair_index(u, v))] < rung) {
            // Apart by a decision of the search, not by the spec: valid everywhere with x(u,v).
            row.terms.push_back({std::max(u, v), std::min(u, v), rung, -1, 0});
            row.at_least = 0;
          }
          found.push_back({need - distance[at(v)], std::move(row)});
        }
      }
    }
    constexpr std::size_t kMost = 1500;
    if (found.size() > kMost) {
      std::stable_sort(found.begin(), found.end(),
                       [](const Found& a, const Found& b) { return a.violation > b.violation; });
      found.resize(kMost);
    }
    for (Found& f : found) add_row(std::move(f.row));
    return static_cast<int>(found.size());
  }

  static void shortest(int source, int n, double farthest, const std::vector<double>& length,
                       std::vector<double>& distance, std::vector<int>& parent,
                       std::vector<bool>& done) {
    std::fill(distance.begin(), distance.end(), kInfinity);
    std::fill(done.begin(), done.end(), false);
    distance[at(source)] = 0;
    parent[at(source)] = source;
    for (;;) {
      int next = -1;
      for (int v = 0; v < n; ++v) {
        if (!done[at(v)] && distance[at(v)] < kInfinity &&
            (next < 0 || distance[at(v)] < distance[at(next)])) {
          next = v;
        }
      }
      if (next < 0 || distance[at(next)] >= farthest) return;
      done[at(next)] = true;
      for (int v = 0; v < n; ++v) {
        const double through = distance[at(next)] + length[at(next * n + v)];
        if (through < distance[at(v)]) {
          distance[at(v)] = through;
          parent[at(v)] = next;
        }
      }
    }
  }

  DualBound dual_bound() const {
    DualBound dual;
    dual.constant = constant;
    std::vector<Units> reduced;
    reduced.reserve(columns.size());
    for (const Column& c : columns) reduced.push_back(c.increment);
    dual.option_cost.resize(at(instance.n));
    for (int i = 0; i < instance.n; ++i) {
      for (const OptionClass& option_class : instance.classes[at(i)]) {
        dual.option_cost[at(i)].push_back(option_class.options.front().cost);
      }
    }
    const double* pi = lp.dualRowSolution();
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const double multiplier = pi[at(instance.n) + r] * unit;
      if (!(multiplier >= 1.0) || multiplier > 1e30) continue;
      const Units weight = static_cast<Units>(multiplier);
      const Row& row = rows[r];
      dual.constant += weight * row.at_least;
      for (const DualBound::Term& t : row.terms) {
        if (t.j < 0) {
          auto& cost = dual.option_cost[at(t.i)];
          for (std::size_t c = 0; c < cost.size(); ++c) {
            if ((t.classes >> c & 1U) != 0) cost[c] -= weight;
          }
        } else {
          const auto& known = column_of[at(pair_index(t.i, t.j))];
          reduced[at(known[t.rung] - option_columns)] -= t.sign * weight;
        }
      }
      dual.rows.push_back({weight, row.at_least, row.terms});
    }
    for (std::size_t k = 0; k < columns.size(); ++k) {
      if (reduced[k] == 0) continue;
      dual.columns.push_back({columns[k].i, columns[k].j, columns[k].rung, reduced[k]});
    }
    return dual;
  }

  LpPoint point() const {
    LpPoint result;
    const double* x = lp.primalColumnSolution();
    for (std::size_t k = 0; k < columns.size(); ++k) {
      const Column& c = columns[k];
      result.values.push_back(
          {c.i, c.j, c.rung, x[at(option_columns) + k], static_cast<double>(c.increment) / unit});
    }
    return result;
  }

  /// Rows that have been idle would slow every later LP down: drop the slack ones.
  void purge() {
    if (rows.size() < 4000 + 40 * at(instance.n)) return;
    const double* activity = lp.primalRowSolution();
    std::vector<int> drop;
    std::vector<Row> kept;
    for (std::size_t r = 0; r < rows.size(); ++r) {
      const bool monotone = rows[r].terms.size() == 2 && rows[r].at_least == 0 &&
                            rows[r].terms[0].i == rows[r].terms[1].i &&
                            rows[r].terms[0].j == rows[r].terms[1].j;
      const double slack = activity[at(instance.n) + r] - rows[r].at_least;
      if (!monotone && slack > 1e-6) {
        drop.push_back(instance.n + static_cast<int>(r));
      } else {
        kept.push_back(std::move(rows[r]));
      }
    }
    lp.deleteRows(static_cast<int>(drop.size()), drop.data());
    rows = std::move(kept);
  }

  const Instance& instance;
  mutable ClpSimplex lp;
  double unit = 1;
  Units constant = 0;
  std::vector<std::vector<Units>> increments;
  std::vector<Column> columns;
  std::vector<std::vector<int>> column_of;  ///< [pair][rung] -> LP column
  std::vector<int> option_column;           ///< by component: LP column of its class 0
  int option_columns = 0;
  std::vector<Row> rows;
};

Relaxation::Relaxation(const Instance& instance) : impl_(std::make_unique<Impl>(instance)) {}
Relaxation::~Relaxation() = default;

Relaxation::Answer Relaxation::solve(const Domain& domain, int rounds, std::optional<Units> stop_at,
                                     const Deadline& deadline) {
  Answer answer;
  Impl& impl = *impl_;
  impl.fit_bounds(domain);
  double before = -1e300;
  int stalled = 0;
  for (int round = 0; round <= rounds; ++round) {
    impl.lp.dual();
    if (impl.lp.status() == 1) {
      answer.infeasible = true;
      return answer;
    }
    if (impl.lp.status() != 0) break;
    const double now = impl.lp.objectiveValue();
    if (round == rounds || deadline.passed()) break;
    if (stop_at && now * impl.unit + static_cast<double>(impl.constant) >
                       static_cast<double>(*stop_at) + impl.unit * 1e-3) {
      break;
    }
    // Tailing off: rows that no longer move the objective are not worth their time.
    stalled = now - before < 1e-7 * std::abs(now) ? stalled + 1 : 0;
    before = now;
    if (stalled > 12) break;
    if (impl.separate(domain) == 0) break;
    impl.fit_bounds(domain);
  }
  answer.dual = impl.dual_bound();
  answer.point = impl.point();
  impl.purge();
  return answer;
}

}  // namespace flexos
