#include "solver/refuter.h"

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
        encoding_->clauses().limit({.deadline = deadline_, .each = kShare, .total = {}});
      })) {}

Encoding& Refuter::encoding() {
  if (ready_.valid()) ready_.get();
  return *encoding_;
}

void Refuter::limit(std::int64_t effort) {
  encoding().clauses().limit({.deadline = deadline_, .each = kShare, .total = effort});
}

RefutationResult Refuter::refute(const Better& better) {
  RefutationResult result;
  for (int round = 0; round < kMostRounded;) {
    const z3::check_result verdict = encoding().clauses().check();
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
