// CBC: a mixed integer program.
//
// Model. A binary a pair and rung ("they part on this rung or above") with its gate's step as
// objective, a binary a choice; "exactly one choice" a component; for each ordered pair one row
// "apart on rung 1 at least as much as the choices that forbid company", which sums over choices
// and is therefore as tight as it can be. Chains and bounds are variable bounds or two-entry rows.
//
// Triangle inequalities x(ik) <= x(ij) + x(jk), for each rung, are what makes the relaxation good
// (root gaps of a few per cent) and what makes it large: 3 * C(n,3) rows a rung. So they are added
// as they break: first on the linear relaxation with Clp, dual simplex warm-started, until none
// breaks; then CBC solves the integer program with these rows, its optimum is searched for broken
// triangles, and where there are any they are added and CBC starts again. All of them at once was
// measured too: at par up to n = 15, two to six times behind from n = 20.
//
// Limits where they bind: a class is counted by its smallest member, whose indicator is at least
// one minus the pairs below it that join it.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <coin/ClpSimplex.hpp>
#include <set>
#include <sstream>

#include "peer.h"
#include "process.h"

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

struct Row {
  std::vector<int> columns;
  std::vector<double> values;
  double lower = 0;
  double upper = COIN_DBL_MAX;
};

/// x(far) <= x(near1) + x(near2) on rung m.
Row triangle(int far, int near1, int near2) {
  return {{far, near1, near2}, {-1, 1, 1}, 0, COIN_DBL_MAX};
}

class Program {
 public:
  explicit Program(const Problem& p) : p_(p) {
    for (int q = 0; q < p.pairs(); ++q) {
      constant_ += p.cost[at(q)][0];
      for (int m = 1; m < p.rungs(); ++m) {
        add_column(p.cost[at(q)][at(m)] - p.cost[at(q)][at(m - 1)], p.lower[at(q)] >= m ? 1 : 0,
                   p.upper[at(q)] < m ? 0 : 1);
        if (m > 1) add_row({{part(q, m - 1), part(q, m)}, {1, -1}, 0, COIN_DBL_MAX});
      }
    }
    for (int i = 0; i < p.n; ++i) {
      first_pick_.push_back(columns());
      Row one;
      for (const Choice& c : p.choices[at(i)]) {
        one.columns.push_back(add_column(c.cost, 0, 1));
        one.values.push_back(1);
      }
      one.lower = one.upper = 1;
      add_row(one);
      for (int j = 0; j < p.n && p.rungs() > 1; ++j) {
        if (i == j || p.lower[at(pair_index(i, j))] > 0) continue;
        Row apart{{part(pair_index(i, j), 1)}, {1}, 0, COIN_DBL_MAX};
        for (std::size_t c = 0; c < p.choices[at(i)].size(); ++c) {
          if (p.choices[at(i)][c].joins[at(j)]) continue;
          apart.columns.push_back(pick(i, static_cast<int>(c)));
          apart.values.push_back(-1);
        }
        if (apart.columns.size() > 1) add_row(apart);
      }
    }
    if (p.rungs() > 1) limits();
    if (p.budget) {
      Row row;
      for (int c = 0; c < columns(); ++c) {
        if (objective_[at(c)] == 0) continue;
        row.columns.push_back(c);
        row.values.push_back(objective_[at(c)]);
      }
      row.lower = -COIN_DBL_MAX;
      row.upper = static_cast<double>(*p.budget - constant_);
      add_row(row);
    }
  }

  int columns() const { return static_cast<int>(objective_.size()); }
  int part(int q, int m) const { return q * (p_.rungs() - 1) + m - 1; }
  int pick(int i, int c) const { return first_pick_[at(i)] + c; }
  std::int64_t constant() const { return constant_; }

  /// Adds the triangles that `x` breaks by more than `tolerance`; the worst ones first, at most
  /// `most`. Returns how many.
  int add_broken(const double* x, double tolerance, std::size_t most) {
    struct Broken {
      double by;
      Row row;
    };
    std::vector<Broken> found;
    for (int i = 0; i < p_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        for (int k = 0; k < j; ++k) {
          for (int m = 1; m < p_.rungs(); ++m) {
            const std::array<int, 3> v{part(pair_index(i, j), m), part(pair_index(i, k), m),
                                       part(pair_index(j, k), m)};
            for (std::size_t far = 0; far < 3; ++far) {
              const int a = v[far];
              const int b = v[(far + 1) % 3];
              const int c = v[(far + 2) % 3];
              const double by = x[a] - x[b] - x[c];
              if (by > tolerance) found.push_back({by, triangle(a, b, c)});
            }
          }
        }
      }
    }
    std::stable_sort(found.begin(), found.end(),
                     [](const Broken& a, const Broken& b) { return a.by > b.by; });
    if (found.size() > most) found.resize(most);
    for (const Broken& b : found) add_row(b.row);
    return static_cast<int>(found.size());
  }

  /// Solves the relaxation again and again until no triangle breaks. False: it is infeasible.
  bool cut_at_root(double deadline, const std::function<double()>& now) {
    ClpSimplex lp;
    lp.setLogLevel(0);
    lp.resize(0, columns());
    for (int c = 0; c < columns(); ++c) {
      lp.setColumnBounds(c, lower_[at(c)], upper_[at(c)]);
      lp.setObjectiveCoefficient(c, objective_[at(c)]);
    }
    std::size_t loaded = 0;
    while (true) {
      for (; loaded < rows_.size(); ++loaded) {
        const Row& r = rows_[loaded];
        lp.addRow(static_cast<int>(r.columns.size()), r.columns.data(), r.values.data(), r.lower,
                  r.upper);
      }
      lp.setMaximumSeconds(std::max(0.1, deadline - now()));
      lp.dual();
      if (lp.isProvenPrimalInfeasible()) return false;
      if (!lp.isProvenOptimal() || now() > deadline) return true;
      if (add_broken(lp.primalColumnSolution(), 1e-6, at(20 * p_.n)) == 0) return true;
    }
  }

  std::string text() const {
    std::string text = "\\ flexos\nMinimize\n obj:";
    for (int c = 0; c < columns(); ++c) {
      if (objective_[at(c)] != 0) text += fmt::format(" {:+.0f} x{}\n", objective_[at(c)], c);
    }
    text += "\nSubject To\n";
    for (std::size_t r = 0; r < rows_.size(); ++r) {
      const Row& row = rows_[r];
      text += fmt::format(" r{}:", r);
      for (std::size_t k = 0; k < row.columns.size(); ++k) {
        text += fmt::format(" {:+.0f} x{}", row.values[k], row.columns[k]);
      }
      if (row.lower == row.upper) {
        text += fmt::format(" = {:.0f}\n", row.lower);
      } else if (row.upper < COIN_DBL_MAX) {
        text += fmt::format(" <= {:.0f}\n", row.upper);
      } else {
        text += fmt::format(" >= {:.0f}\n", row.lower);
      }
    }
    text += "Bounds\n";
    for (int c = 0; c < columns(); ++c) {
      text += fmt::format(" {:.0f} <= x{} <= {:.0f}\n", lower_[at(c)], c, upper_[at(c)]);
    }
    text += "Generals\n";
    for (int c = 0; c < columns(); ++c) text += fmt::format(" x{}\n", c);
    return text + "End\n";
  }

 private:
  int add_column(std::int64_t cost, double lower, double upper) {
    objective_.push_back(static_cast<double>(cost));
    lower_.push_back(lower);
    upper_.push_back(upper);
    return columns() - 1;
  }
  void add_row(Row row) { rows_.push_back(std::move(row)); }

  /// An indicator that is 1 where no component below i shares i's class of "rung below m".
  int first_of_class(int i, int m) {
    const int column = add_column(0, i == 0 ? 1 : 0, 1);
    Row row{{column}, {1}, 1.0 - i, COIN_DBL_MAX};
    for (int j = 0; j < i; ++j) {
      row.columns.push_back(part(pair_index(i, j), m));
      row.values.push_back(-1);
    }
    add_row(row);
    return column;
  }

  void limits() {
    if (p_.vms && p_.vm_rungs < p_.rungs()) {
      Row count{{}, {}, -COIN_DBL_MAX, static_cast<double>(*p_.vms)};
      for (int i = 0; i < p_.n; ++i) {
        count.columns.push_back(first_of_class(i, p_.vm_rungs));
        count.values.push_back(1);
      }
      add_row(count);
    }
    if (!p_.keys) return;
    std::vector<int> first;
    for (int i = 0; i < p_.n; ++i) first.push_back(first_of_class(i, 1));
    for (int a = 0; a < p_.n; ++a) {
      Row count{{first[at(a)]}, {1}, -COIN_DBL_MAX, static_cast<double>(*p_.keys)};
      for (int i = 0; i < p_.n; ++i) {
        if (i == a) continue;
        int counted = first[at(i)];
        if (p_.space_rungs < p_.rungs()) {
          counted = add_column(0, 0, 1);
          add_row({{counted, first[at(i)], part(pair_index(a, i), p_.space_rungs)},
                   {1, -1, 1},
                   0,
                   COIN_DBL_MAX});
        }
        count.columns.push_back(counted);
        count.values.push_back(1);
      }
      add_row(count);
    }
  }

  const Problem& p_;
  std::int64_t constant_ = 0;
  std::vector<double> objective_;
  std::vector<double> lower_;
  std::vector<double> upper_;
  std::vector<Row> rows_;
  std::vector<int> first_pick_;
};

class Mip final : public Peer {
 public:
  std::string name() const override { return "cbc"; }
  std::vector<std::string> packages() const override { return {"coinor-cbc", "coinor-libclp1"}; }

  Outcome solve(const Problem& p, double time_limit) const override {
    using Clock = std::chrono::steady_clock;
    const auto start = Clock::now();
    const std::function<double()> now = [&] {
      return std::chrono::duration<double>(Clock::now() - start).count();
    };
    Outcome outcome;
    Program program(p);
    if (!program.cut_at_root(time_limit, now)) {
      outcome.status = Outcome::Status::infeasible;
      outcome.seconds = now();
      return outcome;
    }
    const ScratchDirectory scratch;
    while (true) {
      write_file(scratch.file("m.lp"), program.text());
      const double left = std::max(1.0, time_limit - now());
      const auto run = run_process({"cbc", scratch.file("m.lp"), "-ratioGap", "0", "-allowableGap",
                                    "0", "-solve", "-solution", scratch.file("m.sol"), "-quit"},
                                   left);
      outcome.seconds = now();
      outcome.peak_kib = std::max(outcome.peak_kib, run.peak_kib);
      if (run.timed_out) {
        outcome.status = Outcome::Status::timeout;
        return outcome;
      }
      std::istringstream in(read_file(scratch.file("m.sol")));
      std::string status;
      std::getline(in, status);
      if (status.rfind("Infeasible", 0) == 0 || status.rfind("Integer infeasible", 0) == 0) {
        outcome.status = Outcome::Status::infeasible;
        return outcome;
      }
      if (status.rfind("Optimal", 0) != 0) {
        outcome.note = "cbc: " + status;
        return outcome;
      }
      std::vector<double> x(at(program.columns()), 0.0);
      std::string line;
      while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string index;
        std::string name;
        double value = 0;
        if (fields >> index >> name >> value && name.size() > 1 && name[0] == 'x') {
          x[at(std::stoi(name.substr(1)))] = std::round(value);
        }
      }
      if (program.add_broken(x.data(), 0.5, at(50 * p.n)) > 0) continue;
      read_point(p, program, x, outcome);
      return outcome;
    }
  }

 private:
  static void read_point(const Problem& p, const Program& program, const std::vector<double>& x,
                         Outcome& outcome) {
    for (int q = 0; q < p.pairs(); ++q) {
      int rung = 0;
      for (int m = 1; m < p.rungs(); ++m) {
        if (x[at(program.part(q, m))] > 0.5) rung = m;
      }
      outcome.assignment.rungs.push_back(rung);
    }
    for (int i = 0; i < p.n; ++i) {
      int picked = 0;
      for (int c = 0; c < static_cast<int>(p.choices[at(i)].size()); ++c) {
        if (x[at(program.pick(i, c))] > 0.5) picked = c;
      }
      outcome.assignment.choices.push_back(picked);
    }
    outcome.cost = check(p, outcome.assignment).cost;
    outcome.found = true;
    outcome.status = Outcome::Status::optimal;
  }
};

}  // namespace

std::unique_ptr<Peer> make_mip() { return std::make_unique<Mip>(); }

}  // namespace flexos::bench
