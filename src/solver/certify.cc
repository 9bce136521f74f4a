#include "solver/certify.h"

#include <boost/multiprecision/cpp_int.hpp>

#include "solver/encoding.h"
#include "solver/judge.h"

namespace flexos {

namespace {

/// Z3 measures effort in its own deterministic unit: the same verdict on every machine.
constexpr unsigned kEffort = 400'000'000;
constexpr int kMostRounded = 500;
constexpr int kEagerTriangles = 30;

/// Is `a` a smaller decimal than `b`? (Both as Evaluation::cost_exact writes them.)
bool cheaper(const std::string& a, const std::string& b) {
  const auto x = Decimal::parse(a);
  const auto y = Decimal::parse(b);
  return x && y && *x < *y;
}

}  // namespace

RefutationResult refute_cheaper(const Spec& spec, const std::vector<Configuration>& listed,
                                bool all, const Deadline& deadline) {
  RefutationResult result;
  z3::context context;
  Encoding encoding(context, spec, spec.size() <= kEagerTriangles);
  z3::params params(context);
  params.set("rlimit", kEffort);
  if (deadline.at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline.at - std::chrono::steady_clock::now());
    if (left.count() <= 0) return result;
    params.set("timeout", static_cast<unsigned>(std::min<std::int64_t>(left.count(), 1U << 30)));
  }
  encoding.solver().set(params);
  for (const Configuration& c : listed) encoding.forbid(c);
  if (spec.profile) encoding.require_budget();
  if (!all && !listed.empty()) encoding.require_cheaper_than(listed.back());
  const std::string bar = listed.empty() ? "" : judge(spec, listed.back()).cost_exact;
  for (int round = 0; round < kMostRounded;) {
    switch (encoding.solver().check()) {
      case z3::unsat:
        result.verdict = Refutation::confirmed;
        return result;
      case z3::unknown:
        return result;
      case z3::sat:
        break;
    }
    const Configuration found = encoding.read(encoding.solver().get_model());
    if (encoding.add_violated_triangles(found) > 0) {
      if (deadline.passed()) return result;
      continue;
    }
    // Sums beyond Z3's coefficients were rounded so that nothing better is lost; what they let
    // through is looked at exactly.
    const Evaluation evaluation = judge(spec, found);
    if (evaluation.admissible && (all || cheaper(evaluation.cost_exact, bar))) {
      result.verdict = Refutation::refuted;
      result.counterexample = found;
      return result;
    }
    encoding.forbid(found);
    ++round;
  }
  return result;
}

}  // namespace flexos
