// gringo + clasp: answer set programming.
//
// Model. ge(I,J,M), for each pair and rung M >= 1: "I and J part on rung M or above". For each M
// its complement is an equivalence relation, so one transitivity rule a triple and rung states that
// the levels are an ultrametric; the order of the rungs is one implication a pair. One choice a
// component. The cost of a pair is the sum of the steps between its rungs, which keeps every weight
// positive and every soft literal a plain atom: what core-guided optimisation wants.
//
// No names for compartments, hence no symmetry. Where keys and VMs must be counted, a class is
// counted by its smallest member.
//
// Options. Nine combinations of strategy (bb, usc with oll, pmres, k), core minimisation and
// configuration were measured on all families. Without core minimisation usc fails on `tight` from
// n = 15; with it, oll under the `trendy` preset is the only one that solved all, mostly the
// fastest.
#include <fmt/format.h>

#include <sstream>

#include "peer.h"
#include "process.h"

namespace flexos::bench {
namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// The cost of rung 0 everywhere: what the weights of the program leave out.
std::int64_t constant_cost(const Problem& p) {
  std::int64_t sum = 0;
  for (const auto& by_rung : p.cost) sum += by_rung[0];
  return sum;
}

std::string program(const Problem& p) {
  std::string text;
  for (int i = 0; i < p.n; ++i) {
    text += fmt::format("comp({}).\n", i);
    for (std::size_t c = 0; c < p.choices[at(i)].size(); ++c) {
      text += fmt::format("choice({},{},{}).\n", i, c, p.choices[at(i)][c].cost);
      for (int j = 0; j < p.n; ++j) {
        if (j != i && !p.choices[at(i)][c].joins[at(j)] && p.lower[at(pair_index(i, j))] == 0) {
          text += fmt::format("apart({},{},{},{}).\n", i, c, std::max(i, j), std::min(i, j));
        }
      }
    }
    for (int j = 0; j < i; ++j) {
      const int q = pair_index(i, j);
      for (int m = 1; m < p.rungs(); ++m) {
        const std::int64_t step = p.cost[at(q)][at(m)] - p.cost[at(q)][at(m - 1)];
        if (step != 0) text += fmt::format("step({},{},{},{}).\n", i, j, m, step);
      }
      if (p.lower[at(q)] > 0) text += fmt::format("ge({},{},{}).\n", i, j, p.lower[at(q)]);
      if (p.upper[at(q)] < p.rungs() - 1) {
        text += fmt::format(":- ge({},{},{}).\n", i, j, p.upper[at(q)] + 1);
      }
    }
  }
  text += fmt::format("rung(1..{}).\n", p.rungs() - 1);
  text += R"(pair(I,J) :- comp(I), comp(J), J < I.
{ ge(I,J,M) : rung(M) } :- pair(I,J).
:- ge(I,J,M), rung(M-1), not ge(I,J,M-1).
:- pair(I,J), pair(J,K), rung(M), ge(I,J,M), not ge(I,K,M), not ge(J,K,M).
:- pair(I,J), pair(J,K), rung(M), ge(I,K,M), not ge(I,J,M), not ge(J,K,M).
:- pair(I,J), pair(J,K), rung(M), ge(J,K,M), not ge(I,J,M), not ge(I,K,M).
1 { pick(I,C) : choice(I,C,_) } 1 :- comp(I).
:- pick(I,C), apart(I,C,A,B), not ge(A,B,1).
#minimize { W,I,J,M : ge(I,J,M), step(I,J,M,W); W,I,C : pick(I,C), choice(I,C,W) }.
#show ge/3.
#show pick/2.
)";
  if (p.budget) {
    text += fmt::format(
        ":- #sum {{ W,I,J,M : ge(I,J,M), step(I,J,M,W); W,I,C : pick(I,C), choice(I,C,W) }} > "
        "{}.\n",
        *p.budget - constant_cost(p));
  }
  if (p.vms && p.vm_rungs < p.rungs()) {
    text += fmt::format(
        "vmfirst(I) :- comp(I), ge(I,J,{0}) : pair(I,J).\n:- #count {{ I : vmfirst(I) }} > {1}.\n",
        p.vm_rungs, *p.vms);
  }
  if (p.keys) {
    text += fmt::format("first(I) :- comp(I), ge(I,J,1) : pair(I,J).\n");
    if (p.space_rungs < p.rungs()) {
      text += fmt::format(
          "space(I,J) :- pair(I,J), not ge(I,J,{0}).\nspace(J,I) :- space(I,J), I > J.\n"
          ":- comp(A), #count {{ I : first(I), space(A,I); A : first(A) }} > {1}.\n",
          p.space_rungs, *p.keys);
    } else {
      text += fmt::format(":- #count {{ I : first(I) }} > {}.\n", *p.keys);
    }
  }
  return text;
}

class Asp final : public Peer {
 public:
  std::string name() const override { return "clasp"; }
  std::vector<std::string> packages() const override { return {"gringo", "clasp"}; }

  Outcome solve(const Problem& p, double time_limit) const override {
    Outcome outcome;
    if (worst_cost(p) > 2147483647) {
      outcome.status = Outcome::Status::unsuitable;
      outcome.note = "weights beyond 31 bits";
      return outcome;
    }
    const ScratchDirectory scratch;
    write_file(scratch.file("m.lp"), program(p));
    const auto run =
        run_process({"sh", "-c",
                     fmt::format("gringo -o smodels {} | clasp --opt-strategy=usc,oll "
                                 "--opt-usc-shrink=min --configuration=trendy --quiet=1,2,2",
                                 scratch.file("m.lp"))},
                    time_limit);
    outcome.seconds = run.seconds;
    outcome.peak_kib = run.peak_kib;
    read_answer(p, run, outcome);
    return outcome;
  }

 private:
  static void read_answer(const Problem& p, const ProcessResult& run, Outcome& outcome) {
    std::istringstream lines(run.out);
    std::string line;
    std::string answer;
    bool optimum = false;
    while (std::getline(lines, line)) {
      if (line.rfind("Answer:", 0) == 0) {
        std::getline(lines, answer);
        outcome.found = true;
      } else if (line.rfind("OPTIMUM FOUND", 0) == 0) {
        optimum = true;
      } else if (line.rfind("UNSATISFIABLE", 0) == 0) {
        outcome.status = Outcome::Status::infeasible;
        return;
      } else if (line.rfind("Optimization", 0) == 0 && line.find(": ") != std::string::npos) {
        outcome.cost = std::stoll(line.substr(line.find(": ") + 2));
      }
    }
    outcome.cost += constant_cost(p);
    if (outcome.found) {
      outcome.assignment.rungs.assign(at(p.pairs()), 0);
      outcome.assignment.choices.assign(at(p.n), 0);
      std::istringstream atoms(answer);
      std::string atom;
      while (atoms >> atom) {
        int i = 0;
        int j = 0;
        int m = 0;
        if (std::sscanf(atom.c_str(), "ge(%d,%d,%d)", &i, &j, &m) == 3) {
          int& rung = outcome.assignment.rungs[at(pair_index(i, j))];
          rung = std::max(rung, m);
        } else if (std::sscanf(atom.c_str(), "pick(%d,%d)", &i, &j) == 2) {
          outcome.assignment.choices[at(i)] = j;
        }
      }
    }
    if (run.timed_out) {
      outcome.status = Outcome::Status::timeout;
    } else if (optimum && outcome.found) {
      outcome.status = Outcome::Status::optimal;
    } else {
      outcome.note = "exit code " + std::to_string(run.exit_code) + " " + run.err.substr(0, 200);
    }
  }
};

}  // namespace

Count count_within(const Problem& p, std::int64_t bound, int most, double time_limit) {
  const ScratchDirectory scratch;
  write_file(scratch.file("m.lp"), program(p));
  const auto run = run_process(
      {"sh", "-c",
       fmt::format("gringo -o smodels {} | clasp --opt-mode=enum,{} -n {} --quiet=2,2,2",
                   scratch.file("m.lp"), bound - constant_cost(p), most)},
      time_limit);
  Count count;
  count.seconds = run.seconds;
  std::istringstream lines(run.out);
  std::string line;
  while (std::getline(lines, line)) {
    if (line.rfind("Models", 0) == 0) count.models = std::stoi(line.substr(line.find(':') + 1));
  }
  count.complete = !run.timed_out && count.models >= 0;
  return count;
}

std::unique_ptr<Peer> make_asp() { return std::make_unique<Asp>(); }

}  // namespace flexos::bench
