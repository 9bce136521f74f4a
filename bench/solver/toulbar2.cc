// toulbar2: a cost function network (.wcsp).
//
// Model. One variable a pair, its values the rungs that the statements leave, with the gates' cost
// as its unary cost; one variable a component that has more than one choice, with the hardening's
// cost as its unary cost. A ternary function a triple says "ultrametric", a binary function a
// (pair, choice) says "this choice does not share a compartment with that one". Nothing in it is
// symmetrical: compartments have no names.
//
// The alternative is one variable a component with a path in a tree of compartments as its value
// (the tree's width is bounded: in some optimum any two sibling classes hold a pair that must part
// on just their rung), binary functions for the edges, ternary ones for the choices. It was built
// and measured too: at par up to n = 20, two to ten times behind at n = 30 in every family but one
// seed, because spread evenly over names a component is apart from nobody; on `tight`, 50 times
// behind at n = 15. So: pairs, for every family.
//
// Options. Virtual arc consistency throughout the search (-A=1000) is what closes the gap at n = 30
// in tens of nodes; depth first (-hbfs:) finds the incumbent sooner than hybrid best first. INCOP,
// TRW-S, ternary preprocessing (-t), dichotomic branching (-d:) and mean-cost ordering (-m) were
// tried on all families: each wins somewhere and loses a factor of 2 to 10 elsewhere.
//
// Limits, where they bind: a VM number or key number a component, linked to the pair's rung by a
// ternary function; the first component has number 0.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <sstream>

#include "peer.h"
#include "process.h"

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Network {
 public:
  int add_variable(int domain) {
    domains_.push_back(domain);
    return static_cast<int>(domains_.size()) - 1;
  }
  /// A function with cost 0 but for the tuples given.
  void add_function(const std::vector<int>& scope, const std::string& tuples, int count) {
    if (count == 0) return;
    functions_ += fmt::format("{}", scope.size());
    for (const int v : scope) functions_ += fmt::format(" {}", v);
    functions_ += fmt::format(" 0 {}\n{}", count, tuples);
    ++count_;
  }
  std::string text(std::int64_t bound) const {
    int largest = 1;
    for (const int d : domains_) largest = std::max(largest, d);
    std::string result =
        fmt::format("flexos {} {} {} {}\n", domains_.size(), largest, count_, bound);
    for (const int d : domains_) result += fmt::format("{} ", d);
    return result + "\n" + functions_;
  }
  int size() const { return static_cast<int>(domains_.size()); }

 private:
  std::vector<int> domains_;
  std::string functions_;
  int count_ = 0;
};

class Toulbar2 final : public Peer {
 public:
  std::string name() const override { return "toulbar2"; }
  std::vector<std::string> packages() const override { return {"toulbar2"}; }

  Outcome solve(const Problem& p, double time_limit) const override {
    Outcome outcome;
    const std::int64_t top = (p.budget ? std::min(*p.budget, worst_cost(p)) : worst_cost(p)) + 1;
    Network network;
    for (int q = 0; q < p.pairs(); ++q) {
      const int values = p.upper[at(q)] - p.lower[at(q)] + 1;
      if (values < 1) {
        outcome.status = Outcome::Status::infeasible;
        return outcome;
      }
      network.add_variable(values);
    }
    std::vector<int> choice_variable(at(p.n));
    for (int i = 0; i < p.n; ++i) {
      choice_variable[at(i)] = network.add_variable(static_cast<int>(p.choices[at(i)].size()));
    }
    add_costs(network, p);
    add_joins(network, p, choice_variable, top);
    add_triples(network, p, top);
    add_limits(network, p, top);

    const ScratchDirectory scratch;
    write_file(scratch.file("m.wcsp"), network.text(top));
    const auto run =
        run_process({"toulbar2", scratch.file("m.wcsp"), "-s=1", "-A=1000", "-hbfs:"}, time_limit);
    outcome.seconds = run.seconds;
    outcome.peak_kib = run.peak_kib;
    read_answer(p, run, choice_variable, outcome);
    return outcome;
  }

 private:
  static void add_costs(Network& network, const Problem& p) {
    for (int q = 0; q < p.pairs(); ++q) {
      std::string tuples;
      int count = 0;
      for (int r = p.lower[at(q)]; r <= p.upper[at(q)]; ++r) {
        if (p.cost[at(q)][at(r)] == 0) continue;
        tuples += fmt::format("{} {}\n", r - p.lower[at(q)], p.cost[at(q)][at(r)]);
        ++count;
      }
      network.add_function({q}, tuples, count);
    }
    for (int i = 0; i < p.n; ++i) {
      std::string tuples;
      int count = 0;
      for (std::size_t c = 0; c < p.choices[at(i)].size(); ++c) {
        if (p.choices[at(i)][c].cost == 0) continue;
        tuples += fmt::format("{} {}\n", c, p.choices[at(i)][c].cost);
        ++count;
      }
      network.add_function({p.pairs() + i}, tuples, count);
    }
  }

  static void add_joins(Network& network, const Problem& p, const std::vector<int>& choice_variable,
                        std::int64_t top) {
    for (int i = 0; i < p.n; ++i) {
      for (int j = 0; j < p.n; ++j) {
        if (i == j || p.lower[at(pair_index(i, j))] > 0) continue;
        std::string tuples;
        int count = 0;
        for (std::size_t c = 0; c < p.choices[at(i)].size(); ++c) {
          if (p.choices[at(i)][c].joins[at(j)]) continue;
          tuples += fmt::format("{} 0 {}\n", c, top);
          ++count;
        }
        network.add_function({choice_variable[at(i)], pair_index(i, j)}, tuples, count);
      }
    }
  }

  static void add_triples(Network& network, const Problem& p, std::int64_t top) {
    for (int i = 0; i < p.n; ++i) {
      for (int j = 0; j < i; ++j) {
        for (int k = 0; k < j; ++k) {
          const std::array<int, 3> q{pair_index(i, j), pair_index(i, k), pair_index(j, k)};
          std::string tuples;
          int count = 0;
          for (int a = p.lower[at(q[0])]; a <= p.upper[at(q[0])]; ++a) {
            for (int b = p.lower[at(q[1])]; b <= p.upper[at(q[1])]; ++b) {
              for (int c = p.lower[at(q[2])]; c <= p.upper[at(q[2])]; ++c) {
                const int most = std::max({a, b, c});
                if ((a == most) + (b == most) + (c == most) >= 2) continue;
                tuples += fmt::format("{} {} {} {}\n", a - p.lower[at(q[0])], b - p.lower[at(q[1])],
                                      c - p.lower[at(q[2])], top);
                ++count;
              }
            }
          }
          network.add_function({q[0], q[1], q[2]}, tuples, count);
        }
      }
    }
  }

  /// Numbers 0..limit-1 a component: equal below rung `same`, different from `same` up to below
  /// `free`, unrelated from there.
  static void add_numbers(Network& network, const Problem& p, int limit, int same, int free,
                          std::int64_t top) {
    std::vector<int> number(at(p.n));
    for (int i = 0; i < p.n; ++i) number[at(i)] = network.add_variable(std::min(limit, i + 1));
    for (int i = 0; i < p.n; ++i) {
      for (int j = 0; j < i; ++j) {
        const int q = pair_index(i, j);
        std::string tuples;
        int count = 0;
        for (int r = p.lower[at(q)]; r <= p.upper[at(q)] && r < free; ++r) {
          for (int a = 0; a < std::min(limit, i + 1); ++a) {
            for (int b = 0; b < std::min(limit, j + 1); ++b) {
              if ((a == b) == (r < same)) continue;
              tuples += fmt::format("{} {} {} {}\n", r - p.lower[at(q)], a, b, top);
              ++count;
            }
          }
        }
        network.add_function({q, number[at(i)], number[at(j)]}, tuples, count);
      }
    }
  }

  static void add_limits(Network& network, const Problem& p, std::int64_t top) {
    if (p.vms) add_numbers(network, p, *p.vms, p.vm_rungs, p.rungs(), top);
    if (p.keys) add_numbers(network, p, *p.keys, 1, p.space_rungs, top);
  }

  static void read_answer(const Problem& p, const ProcessResult& run,
                          const std::vector<int>& choice_variable, Outcome& outcome) {
    std::istringstream lines(run.out);
    std::string line;
    std::string last;
    bool optimum = false;
    while (std::getline(lines, line)) {
      if (line.rfind("New solution: ", 0) == 0) {
        outcome.cost = std::stoll(line.substr(14));
        if (std::getline(lines, line)) last = line;
        outcome.found = true;
      } else if (line.rfind("Optimum: ", 0) == 0) {
        optimum = true;
      } else if (line.rfind("No solution", 0) == 0) {
        outcome.status = Outcome::Status::infeasible;
        return;
      }
    }
    if (outcome.found) {
      std::istringstream values(last);
      std::vector<int> all;
      int value = 0;
      while (values >> value) all.push_back(value);
      if (static_cast<int>(all.size()) < p.pairs() + p.n) {
        outcome.found = false;
        outcome.note = "short solution line";
        return;
      }
      for (int q = 0; q < p.pairs(); ++q) {
        outcome.assignment.rungs.push_back(p.lower[at(q)] + all[at(q)]);
      }
      for (int i = 0; i < p.n; ++i) {
        outcome.assignment.choices.push_back(all[at(choice_variable[at(i)])]);
      }
    }
    if (run.timed_out) {
      outcome.status = Outcome::Status::timeout;
    } else if (optimum && outcome.found) {
      outcome.status = Outcome::Status::optimal;
    } else {
      outcome.note = "exit code " + std::to_string(run.exit_code);
    }
  }
};

}  // namespace

std::unique_ptr<Peer> make_toulbar2() { return std::make_unique<Toulbar2>(); }

}  // namespace flexos::bench
