// Z3 Optimize, tuned.
//
// Model. A Boolean a pair and rung ("they part on this rung or above"), chained, with transitivity
// for each triple and rung; a Boolean a choice. Costs are soft constraints on these Booleans, each
// worth a step between rungs. Booleans only: with integers `enable_sat=false` gives false optima.
// `enable_sat=false` keeps Z3 on its SMT core, where this model is several times faster; wmax is
// the engine up to n = 15 and maxres above, where wmax no longer ends (both measured; pd-maxres is
// no better than maxres). Triangles are eager: for optimisation that is faster than adding them as
// they break.
//
// Limits where they bind: a class is counted by its smallest member, in pseudo-Boolean constraints.
#include <fmt/format.h>
#include <z3++.h>

#include <cstdio>
#include <sstream>

#include "peer.h"
#include "process.h"

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Encoding {
 public:
  explicit Encoding(const Problem& p) : p_(p), optimize_(context_) {
    z3::params params(context_);
    params.set("enable_sat", false);
    params.set("maxsat_engine", context_.str_symbol(p.n <= 15 ? "wmax" : "maxres"));
    optimize_.set(params);
    for (int q = 0; q < p.pairs(); ++q) {
      part_.emplace_back();
      for (int m = 1; m < p.rungs(); ++m) {
        part_.back().push_back(context_.bool_const(fmt::format("p{}_{}", q, m).c_str()));
      }
    }
    for (int i = 0; i < p.n; ++i) {
      pick_.emplace_back();
      for (std::size_t c = 0; c < p.choices[at(i)].size(); ++c) {
        pick_.back().push_back(context_.bool_const(fmt::format("c{}_{}", i, c).c_str()));
      }
    }
    levels();
    choices();
    limits();
    costs();
  }

  int solve() {
    const z3::check_result result = optimize_.check();
    if (result == z3::unsat) {
      std::puts("infeasible");
      return 0;
    }
    if (result != z3::sat) return 1;
    const z3::model model = optimize_.get_model();
    Assignment a;
    for (int q = 0; q < p_.pairs(); ++q) {
      int rung = 0;
      for (int m = 1; m < p_.rungs(); ++m) {
        if (model.eval(part(q, m), true).is_true()) rung = m;
      }
      a.rungs.push_back(rung);
    }
    for (int i = 0; i < p_.n; ++i) {
      int picked = 0;
      for (std::size_t c = 0; c < pick_[at(i)].size(); ++c) {
        if (model.eval(pick_[at(i)][c], true).is_true()) picked = static_cast<int>(c);
      }
      a.choices.push_back(picked);
    }
    std::string text = fmt::format("optimal {}\n", check(p_, a).cost);
    for (const int rung : a.rungs) text += fmt::format("{} ", rung);
    text += '\n';
    for (const int choice : a.choices) text += fmt::format("{} ", choice);
    std::puts(text.c_str());
    return 0;
  }

 private:
  const z3::expr& part(int q, int m) const { return part_[at(q)][at(m - 1)]; }

  void levels() {
    for (int q = 0; q < p_.pairs(); ++q) {
      for (int m = 2; m < p_.rungs(); ++m) optimize_.add(!part(q, m) || part(q, m - 1));
      if (p_.lower[at(q)] > 0) optimize_.add(part(q, p_.lower[at(q)]));
      if (p_.upper[at(q)] + 1 < p_.rungs()) optimize_.add(!part(q, p_.upper[at(q)] + 1));
    }
    for (int i = 0; i < p_.n; ++i) {
      for (int j = 0; j < i; ++j) {
        for (int k = 0; k < j; ++k) {
          for (int m = 1; m < p_.rungs(); ++m) {
            const z3::expr& a = part(pair_index(i, j), m);
            const z3::expr& b = part(pair_index(i, k), m);
            const z3::expr& c = part(pair_index(j, k), m);
            optimize_.add(!a || b || c);
            optimize_.add(!b || a || c);
            optimize_.add(!c || a || b);
          }
        }
      }
    }
  }

  void choices() {
    for (int i = 0; i < p_.n; ++i) {
      z3::expr_vector all(context_);
      for (const z3::expr& e : pick_[at(i)]) all.push_back(e);
      optimize_.add(z3::mk_or(all));
      for (std::size_t c = 0; c < pick_[at(i)].size(); ++c) {
        for (std::size_t d = 0; d < c; ++d) optimize_.add(!pick_[at(i)][c] || !pick_[at(i)][d]);
        for (int j = 0; j < p_.n; ++j) {
          if (i != j && !p_.choices[at(i)][c].joins[at(j)] && p_.rungs() > 1) {
            optimize_.add(!pick_[at(i)][c] || part(pair_index(i, j), 1));
          }
        }
      }
    }
  }

  z3::expr first_of_class(int i, int m) {
    z3::expr_vector all(context_);
    for (int j = 0; j < i; ++j) all.push_back(part(pair_index(i, j), m));
    return i == 0 ? context_.bool_val(true) : z3::mk_and(all);
  }

  void limits() {
    if (p_.vms && p_.vm_rungs < p_.rungs()) {
      z3::expr_vector firsts(context_);
      for (int i = 0; i < p_.n; ++i) firsts.push_back(first_of_class(i, p_.vm_rungs));
      optimize_.add(z3::atmost(firsts, static_cast<unsigned>(*p_.vms)));
    }
    if (!p_.keys || p_.rungs() == 1) return;
    for (int a = 0; a < p_.n; ++a) {
      z3::expr_vector counted(context_);
      for (int i = 0; i < p_.n; ++i) {
        const bool spaces = p_.space_rungs < p_.rungs() && i != a;
        const z3::expr first = first_of_class(i, 1);
        counted.push_back(spaces ? first && !part(pair_index(a, i), p_.space_rungs) : first);
      }
      optimize_.add(z3::atmost(counted, static_cast<unsigned>(*p_.keys)));
    }
  }

  void costs() {
    z3::expr_vector terms(context_);
    std::vector<int> weights;
    const auto soft = [&](const z3::expr& e, std::int64_t weight) {
      if (weight == 0) return;
      if (weight > 0) {
        optimize_.add_soft(!e, fmt::format("{}", weight).c_str());
      } else {
        optimize_.add_soft(e, fmt::format("{}", -weight).c_str());
      }
      terms.push_back(e);
      weights.push_back(static_cast<int>(weight));
    };
    std::int64_t constant = 0;
    for (int q = 0; q < p_.pairs(); ++q) {
      constant += p_.cost[at(q)][0];
      for (int m = 1; m < p_.rungs(); ++m) {
        soft(part(q, m), p_.cost[at(q)][at(m)] - p_.cost[at(q)][at(m - 1)]);
      }
    }
    for (int i = 0; i < p_.n; ++i) {
      for (std::size_t c = 0; c < pick_[at(i)].size(); ++c) {
        soft(pick_[at(i)][c], p_.choices[at(i)][c].cost);
      }
    }
    if (p_.budget && !weights.empty()) {
      optimize_.add(z3::pble(terms, weights.data(), static_cast<int>(*p_.budget - constant)));
    }
  }

  const Problem& p_;
  z3::context context_;
  z3::optimize optimize_;
  std::vector<std::vector<z3::expr>> part_;
  std::vector<std::vector<z3::expr>> pick_;
};

class Z3 final : public Peer {
 public:
  Z3(std::string self, std::string spec_file)
      : self_(std::move(self)), spec_file_(std::move(spec_file)) {}
  std::string name() const override { return "z3"; }
  std::vector<std::string> packages() const override { return {"libz3-4"}; }

  Outcome solve(const Problem& p, double time_limit) const override {
    Outcome outcome;
    // Pseudo-Boolean coefficients are C ints and overflow silently.
    if (worst_cost(p) >= (std::int64_t{1} << 30)) {
      outcome.status = Outcome::Status::unsuitable;
      outcome.note = "weights beyond 30 bits";
      return outcome;
    }
    const auto run = run_process(
        {self_, "z3-worker", spec_file_, p.keys ? "keys" : "-", p.vms ? "vms" : "-"}, time_limit);
    outcome.seconds = run.seconds;
    outcome.peak_kib = run.peak_kib;
    if (run.timed_out) {
      outcome.status = Outcome::Status::timeout;
      return outcome;
    }
    std::istringstream in(run.out);
    std::string word;
    in >> word;
    if (word == "infeasible") {
      outcome.status = Outcome::Status::infeasible;
    } else if (word == "optimal" && in >> outcome.cost) {
      outcome.assignment.rungs.resize(at(p.pairs()));
      outcome.assignment.choices.resize(at(p.n));
      for (int& rung : outcome.assignment.rungs) in >> rung;
      for (int& choice : outcome.assignment.choices) in >> choice;
      outcome.found = static_cast<bool>(in);
      if (outcome.found) outcome.status = Outcome::Status::optimal;
    } else {
      outcome.note = "exit code " + std::to_string(run.exit_code) + " " + run.err.substr(0, 200);
    }
    return outcome;
  }

 private:
  std::string self_;
  std::string spec_file_;
};

}  // namespace

int run_z3_worker(const Problem& problem) {
  try {
    return Encoding(problem).solve();
  } catch (const z3::exception& e) {
    std::fprintf(stderr, "z3: %s\n", e.msg());
    return 1;
  }
}

std::unique_ptr<Peer> make_z3(std::string self, std::string spec_file) {
  return std::make_unique<Z3>(std::move(self), std::move(spec_file));
}

}  // namespace flexos::bench
