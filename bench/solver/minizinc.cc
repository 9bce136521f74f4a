// MiniZinc + Gecode: constraint programming.
//
// Model. An integer variable a pair (its rung), an integer variable a component (its choice), the
// ultrametric as three max constraints a triple, company as one table lookup an ordered pair, the
// cost as a sum of lookups. Search: pairs by falling weight, smallest rung first; then choices,
// cheapest first. A finite domain solver bounds the cost by interval propagation only, so the
// search order is what there is to gain: dom_w_deg, first_fail, max_regret and Luby restarts were
// measured at n = 15 and none is ahead in more than one family; two threads (-p 2) gain nothing.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <numeric>
#include <sstream>

#include "peer.h"
#include "process.h"

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::string model(const Problem& p) {
  std::string text;
  for (int q = 0; q < p.pairs(); ++q) {
    text += fmt::format("var {}..{}: x{};\n", p.lower[at(q)], p.upper[at(q)], q);
  }
  std::vector<std::vector<int>> order(at(p.n));  // choices by rising cost
  for (int i = 0; i < p.n; ++i) {
    const auto& list = p.choices[at(i)];
    order[at(i)].resize(list.size());
    std::iota(order[at(i)].begin(), order[at(i)].end(), 0);
    std::stable_sort(order[at(i)].begin(), order[at(i)].end(),
                     [&](int a, int b) { return list[at(a)].cost < list[at(b)].cost; });
    text += fmt::format("var 1..{}: c{};\n", list.size(), i);
    for (int j = 0; j < p.n; ++j) {
      if (i == j || p.lower[at(pair_index(i, j))] > 0) continue;
      std::vector<int> least;
      for (const int c : order[at(i)]) least.push_back(list[at(c)].joins[at(j)] ? 0 : 1);
      if (std::find(least.begin(), least.end(), 1) == least.end()) continue;
      text +=
          fmt::format("constraint x{} >= [{}][c{}];\n", pair_index(i, j), fmt::join(least, ","), i);
    }
  }
  for (int i = 0; i < p.n; ++i) {
    for (int j = 0; j < i; ++j) {
      for (int k = 0; k < j; ++k) {
        const int a = pair_index(i, j);
        const int b = pair_index(i, k);
        const int c = pair_index(j, k);
        text += fmt::format(
            "constraint x{0} <= max(x{1},x{2}) /\\ x{1} <= max(x{0},x{2}) /\\ x{2} <= "
            "max(x{0},x{1});\n",
            a, b, c);
      }
    }
  }
  if (p.vms) {
    for (int i = 0; i < p.n; ++i) {
      text += fmt::format("var 1..{}: v{};\n", std::min(i + 1, *p.vms), i);
      for (int j = 0; j < i; ++j) {
        text += fmt::format("constraint (v{} = v{}) = (x{} < {});\n", i, j, pair_index(i, j),
                            p.vm_rungs);
      }
    }
  }
  if (p.keys) {
    for (int i = 0; i < p.n; ++i) {
      text += fmt::format("var 1..{}: k{};\n", std::min(i + 1, *p.keys), i);
      for (int j = 0; j < i; ++j) {
        const int q = pair_index(i, j);
        text += fmt::format("constraint x{0} = 0 -> k{1} = k{2};\n", q, i, j);
        text += fmt::format("constraint k{1} = k{2} -> (x{0} = 0 \\/ x{0} >= {3});\n", q, i, j,
                            p.space_rungs);
      }
    }
  }
  std::vector<std::string> terms;
  std::vector<int> pairs(at(p.pairs()));
  std::iota(pairs.begin(), pairs.end(), 0);
  std::stable_sort(pairs.begin(), pairs.end(),
                   [&](int a, int b) { return p.cost[at(a)].back() > p.cost[at(b)].back(); });
  std::vector<std::string> pair_names;
  for (const int q : pairs) {
    pair_names.push_back(fmt::format("x{}", q));
    if (p.cost[at(q)].back() == p.cost[at(q)].front() && p.cost[at(q)].back() == 0) continue;
    terms.push_back(fmt::format("[{}][x{}+1]", fmt::join(p.cost[at(q)], ","), q));
  }
  std::vector<std::string> choice_names;
  for (int i = 0; i < p.n; ++i) {
    choice_names.push_back(fmt::format("c{}", i));
    std::vector<std::int64_t> costs;
    for (const int c : order[at(i)]) costs.push_back(p.choices[at(i)][at(c)].cost);
    terms.push_back(fmt::format("[{}][c{}]", fmt::join(costs, ","), i));
  }
  const std::int64_t top = p.budget ? std::min(*p.budget, worst_cost(p)) : worst_cost(p);
  text += fmt::format("var 0..{}: cost;\nconstraint cost = {};\n", top, fmt::join(terms, " + "));
  text += fmt::format(
      "solve :: seq_search([int_search([{}], input_order, indomain_min), int_search([{}], "
      "input_order, indomain_min)]) minimize cost;\n",
      fmt::join(pair_names, ","), fmt::join(choice_names, ","));
  std::vector<std::string> shown;
  for (int q = 0; q < p.pairs(); ++q) shown.push_back(fmt::format("show(x{})", q));
  for (int i = 0; i < p.n; ++i) {
    std::vector<int> original;
    for (const int c : order[at(i)]) original.push_back(c);
    shown.push_back(fmt::format("show([{}][fix(c{})])", fmt::join(original, ","), i));
  }
  text += fmt::format("output [\"point \", show(cost), \" \", {}, \"\\n\"];\n",
                      fmt::join(shown, ", \" \", "));
  return text;
}

class MiniZinc final : public Peer {
 public:
  std::string name() const override { return "gecode"; }
  std::vector<std::string> packages() const override { return {"minizinc", "libgecode49"}; }

  Outcome solve(const Problem& p, double time_limit) const override {
    Outcome outcome;
    if (worst_cost(p) > 2147483646) {
      outcome.status = Outcome::Status::unsuitable;
      outcome.note = "costs beyond 31 bits";
      return outcome;
    }
    const ScratchDirectory scratch;
    write_file(scratch.file("m.mzn"), model(p));
    const auto run = run_process(
        {"minizinc", "--solver", "org.gecode.gecode", "-a", scratch.file("m.mzn")}, time_limit);
    outcome.seconds = run.seconds;
    outcome.peak_kib = run.peak_kib;
    std::istringstream lines(run.out);
    std::string line;
    std::string last;
    bool complete = false;
    while (std::getline(lines, line)) {
      if (line.rfind("point ", 0) == 0) last = line.substr(6);
      if (line.rfind("==========", 0) == 0) complete = true;
      if (line.rfind("=====UNSATISFIABLE", 0) == 0) {
        outcome.status = Outcome::Status::infeasible;
        return outcome;
      }
    }
    if (!last.empty()) {
      std::istringstream values(last);
      outcome.assignment.rungs.resize(at(p.pairs()));
      outcome.assignment.choices.resize(at(p.n));
      values >> outcome.cost;
      for (int& rung : outcome.assignment.rungs) values >> rung;
      for (int& choice : outcome.assignment.choices) values >> choice;
      outcome.found = static_cast<bool>(values);
    }
    if (run.timed_out) {
      outcome.status = Outcome::Status::timeout;
    } else if (complete && outcome.found) {
      outcome.status = Outcome::Status::optimal;
    } else {
      outcome.note = "exit code " + std::to_string(run.exit_code) + " " +
                     run.err.substr(run.err.size() > 300 ? run.err.size() - 300 : 0);
    }
    return outcome;
  }
};

}  // namespace

std::unique_ptr<Peer> make_minizinc() { return std::make_unique<MiniZinc>(); }

}  // namespace flexos::bench
