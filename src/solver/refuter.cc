#include "solver/refuter.h"

#include <algorithm>

#include "solver/judge.h"

namespace flexos {

namespace {

/// Of a single question, where no total is given.
constexpr std::int64_t kShare = 400'000'000;
constexpr int kMostRounded = 500;

}  // namespace

Refuter::Refuter(const Spec& spec, const Deadline& deadline)
    : spec_(spec), deadline_(deadline), ready_(std::async(std::launch::async, [this] {
        context_.emplace();
        encoding_.emplace(*context_, spec_, false);
      })) {}

Encoding& Refuter::encoding() {
  if (ready_.valid()) ready_.get();
  return *encoding_;
}

bool Refuter::share_out() {
  const std::int64_t effort = left_.value_or(kShare);
  if (effort <= 0 || deadline_.passed()) return false;
  z3::params params(*context_);
  params.set("rlimit", static_cast<unsigned>(std::min<std::int64_t>(effort, kShare)));
  if (deadline_.at != std::chrono::steady_clock::time_point::max()) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_.at - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    params.set("timeout", static_cast<unsigned>(std::min<std::int64_t>(left.count(), 1U << 30)));
  }
  encoding().clauses().limit(params);
  return true;
}

z3::check_result Refuter::check() {
  Clauses& clauses = encoding().clauses();
  if (!share_out()) return z3::unknown;
  const std::int64_t before = left_ ? clauses.effort() : 0;
  const z3::check_result verdict = clauses.check();
  if (left_) *left_ -= clauses.effort() - before;
  return verdict;
}

RefutationResult Refuter::refute(const Better& better) {
  RefutationResult result;
  for (int round = 0; round < kMostRounded;) {
    const z3::check_result verdict = check();
    if (verdict == z3::unsat) result.verdict = Refutation::confirmed;
    if (verdict != z3::sat) return result;
    const auto found = encoding().read();
    if (!found) continue;  // it broke what Z3 was not told yet
    const Evaluation evaluation = judge(spec_, *found);
    if (evaluation.admissible && better(*found, evaluation)) {
      result.verdict = Refutation::refuted;
      result.counterexample = *found;
      return result;
    }
    encoding().forbid(*found);
    ++round;
  }
  return result;
}

}  // namespace flexos
