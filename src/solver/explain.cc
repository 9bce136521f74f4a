#include "solver/explain.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "solver/certify.h"

/// A minimal contradiction and the ways out of it.
///
/// QuickXplain (Junker, AAAI'04) halves the statements, with the search of search.h as the judge of
/// feasibility: most questions are answered by propagation alone, k statements out of m take about
/// k log m of them. Ways out are minimal corrections: each statement of the conflict first by
/// itself, and where that is not enough FastDiag (Felfernig et al., 2012), the same halving for
/// diagnoses. Z3 confirms the conflict from its own encoding.
namespace flexos {

namespace {

using Indices = std::vector<int>;

Indices minus(const Indices& a, const Indices& b) {
  Indices result;
  std::copy_if(a.begin(), a.end(), std::back_inserter(result),
               [&](int x) { return std::find(b.begin(), b.end(), x) == b.end(); });
  return result;
}

Indices plus(Indices a, const Indices& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

class Explainer {
 public:
  Explainer(const Spec& spec, const Ask& request) : spec_(spec), request_(request) {
    all_.resize(spec.statements.size());
    std::iota(all_.begin(), all_.end(), 0);
  }

  Explanation run() {
    Explanation result;
    result.feasible = feasible(all_);
    if (error_ || undecided_) return finish(result);
    if (result.feasible) return finish(result);
    if (!feasible({})) {
      // Not the user's statements: the components' own requirements leave nothing.
      return finish(result);
    }
    result.conflict = quick_xplain({}, false, all_);
    std::sort(result.conflict.begin(), result.conflict.end());
    result.corrections = corrections(result.conflict);
    if (request_.certify != Certify::never && !undecided_) {
      const auto verdict = refute_admissible(core_of(result.conflict), request_.deadline);
      if (verdict.verdict == Refutation::confirmed) result.certificate.proof = Proof::z3;
      if (verdict.verdict == Refutation::refuted) {
        error_ = "internal disagreement: Z3 satisfies the conflict; please report this spec";
      }
    }
    return finish(result);
  }

 private:
  Explanation finish(Explanation& result) {
    result.error = error_;
    result.decided = !undecided_;
    return std::move(result);
  }

  /// Is there an admissible configuration under these statements alone?
  bool feasible(const Indices& statements) {
    const std::set<int> key(statements.begin(), statements.end());
    const auto known = answers_.find(key);
    if (known != answers_.end()) return known->second;
    const BuiltInstance built = build_instance(without_statements(spec_, minus(all_, statements)));
    if (built.error) {
      error_ = built.error->message;
      return true;
    }
    SearchRequest ask;
    ask.any = true;
    ask.deadline = request_.deadline;
    const SearchResult found = search(built.instance, ask);
    const bool yes = !found.solutions.empty();
    if (!yes && !found.complete) undecided_ = true;
    answers_.emplace(key, yes);
    return yes;
  }

  /// The conflict alone, over the components that it names: what is admissible for all components
  /// is admissible for some of them, so that a contradiction among some is one. What speaks of all
  /// (a budget, what is explored) needs them all.
  Spec core_of(const Indices& conflict) const {
    Spec core = without_statements(spec_, minus(all_, conflict));
    std::set<int> named;
    for (const Statement& s : core.statements) {
      for (const auto& pair : s.pairs) named.insert(pair.begin(), pair.end());
      named.insert(s.components.begin(), s.components.end());
      switch (s.kind) {
        case StatementKind::budget_slowdown:
        case StatementKind::budget_memory:
        case StatementKind::budget_vms:
        case StatementKind::budget_keys:
        case StatementKind::explore_mechanisms:
        case StatementKind::explore_hardening:
        case StatementKind::require_reads:
        case StatementKind::require_writes:
        case StatementKind::require_calls:
          return core;
        default:
          break;
      }
    }
    return only_components(core, {named.begin(), named.end()});
  }

  static Spec only_components(const Spec& spec, const std::vector<int>& members) {
    std::vector<int> renamed(spec.components.size(), -1);
    Spec result = spec;
    result.components.clear();
    result.risk.clear();
    result.asset.clear();
    result.profile.reset();
    for (const int i : members) {
      const auto k = static_cast<std::size_t>(i);
      renamed[k] = result.size();
      result.components.push_back(spec.components[k]);
      result.risk.push_back(spec.risk[k]);
      result.asset.push_back(spec.asset[k]);
    }
    for (Statement& s : result.statements) {
      for (auto& pair : s.pairs) {
        for (int& i : pair) i = renamed[static_cast<std::size_t>(i)];
      }
      for (int& i : s.components) i = renamed[static_cast<std::size_t>(i)];
    }
    return result;
  }

  bool stuck() const { return undecided_ || error_.has_value(); }

  /// A minimal part of `candidates` that contradicts `background`.
  Indices quick_xplain(const Indices& background, bool changed, const Indices& candidates) {
    if (stuck()) return candidates;
    if (changed && !feasible(background)) return {};
    if (candidates.size() == 1) return candidates;
    const auto half = candidates.begin() + static_cast<std::ptrdiff_t>(candidates.size() / 2);
    const Indices first(candidates.begin(), half);
    const Indices second(half, candidates.end());
    const Indices from_second = quick_xplain(plus(background, first), !first.empty(), second);
    const Indices from_first =
        quick_xplain(plus(background, from_second), !from_second.empty(), first);
    return plus(from_first, from_second);
  }

  /// A minimal part of `candidates` without which `rest` is feasible; earlier candidates are given
  /// up more readily.
  Indices fast_diag(const Indices& removed, const Indices& candidates, const Indices& rest) {
    if (stuck()) return candidates;
    if (!removed.empty() && feasible(rest)) return {};
    if (candidates.size() == 1) return candidates;
    const auto half = candidates.begin() + static_cast<std::ptrdiff_t>(candidates.size() / 2);
    const Indices first(candidates.begin(), half);
    const Indices second(half, candidates.end());
    const Indices from_second = fast_diag(first, second, minus(rest, first));
    const Indices from_first = fast_diag(from_second, first, minus(rest, from_second));
    return plus(from_second, from_first);
  }

  std::vector<Indices> corrections(const Indices& conflict) {
    std::set<Indices> found;
    for (const int statement : conflict) {
      if (stuck()) break;
      if (feasible(minus(all_, {statement}))) {
        found.insert({statement});
        continue;
      }
      // More than one contradiction: this statement, and whatever else must go.
      Indices order = minus(all_, {statement});
      order.insert(order.begin(), statement);
      Indices diagnosis = fast_diag({}, order, all_);
      if (stuck()) break;
      // Halving gives up a half before it looks: make it minimal for certain.
      for (std::size_t k = 0; k < diagnosis.size();) {
        const Indices smaller = minus(diagnosis, {diagnosis[k]});
        if (feasible(minus(all_, smaller))) {
          diagnosis = smaller;
        } else {
          ++k;
        }
      }
      std::sort(diagnosis.begin(), diagnosis.end());
      found.insert(diagnosis);
    }
    std::vector<Indices> result(found.begin(), found.end());
    std::stable_sort(result.begin(), result.end(),
                     [](const Indices& a, const Indices& b) { return a.size() < b.size(); });
    return result;
  }

  const Spec& spec_;
  const Ask& request_;
  Indices all_;
  std::map<std::set<int>, bool> answers_;
  std::optional<std::string> error_;
  bool undecided_ = false;
};

}  // namespace

Spec without_statements(const Spec& spec, const std::vector<int>& dropped) {
  Spec result = spec;
  result.statements.clear();
  for (std::size_t k = 0; k < spec.statements.size(); ++k) {
    const Statement& s = spec.statements[k];
    if (std::find(dropped.begin(), dropped.end(), static_cast<int>(k)) == dropped.end()) {
      result.statements.push_back(s);
      continue;
    }
    switch (s.kind) {
      case StatementKind::explore_mechanisms:
        for (std::size_t l = 0; l < spec.mechanisms.size(); ++l) {
          result.explored_mechanisms[l] = available_on(spec.mechanisms[l], spec.platform);
        }
        set_hardware_limits(result);
        break;
      case StatementKind::explore_hardening:
        result.explored_hardening.assign(spec.hardening.size(), true);
        break;
      case StatementKind::require_reads:
        result.components[static_cast<std::size_t>(s.components.front())].grants.reads.reset();
        break;
      case StatementKind::require_writes:
        result.components[static_cast<std::size_t>(s.components.front())].grants.writes.reset();
        break;
      case StatementKind::require_calls:
        result.components[static_cast<std::size_t>(s.components.front())].grants.calls.reset();
        break;
      default:
        break;
    }
  }
  return result;
}

Explanation explain(const Spec& spec, const Ask& request) { return Explainer(spec, request).run(); }

}  // namespace flexos
