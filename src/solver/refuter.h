#pragma once

#include <functional>
#include <future>
#include <optional>

#include "model/verdict.h"
#include "solver/certify.h"
#include "solver/encoding.h"

namespace flexos {

/// One Z3 with the encoding of one spec, asked until what it says can be relied on. Both are built
/// on another thread from construction on.
class Refuter {
 public:
  /// `spec` must outlive it.
  Refuter(const Spec& spec, const Deadline& deadline);
  Refuter(const Refuter&) = delete;
  Refuter& operator=(const Refuter&) = delete;

  const Spec& spec() const { return spec_; }
  const Deadline& deadline() const { return deadline_; }
  /// Waits until it is built.
  Encoding& encoding();

  /// From now on at most this much for all questions, whoever asks them (Clauses::Limits). Without
  /// it each single one has a large share.
  void limit(std::int64_t effort);

  /// What a model must be, beyond admissible, to speak against the answer.
  using Better = std::function<bool(const Configuration&, const Evaluation&)>;

  /// Is there an admissible configuration that satisfies what was asserted, and is `better`?
  /// Models that the judge does not take for one are forbidden: the encoding's sums may be rounded.
  RefutationResult refute(const Better& better);

 private:
  const Spec& spec_;
  Deadline deadline_;
  std::optional<z3::context> context_;
  std::optional<Encoding> encoding_;
  std::future<void> ready_;  // last: it uses all of the above
};

/// Is `a` a smaller decimal than `b`? (Both as Evaluation::cost_exact writes them.)
bool cheaper(const std::string& a, const std::string& b);

/// Asserts that the cost is less than that of `bar`, and what the advice makes of that.
void require_cheaper(Refuter& refuter, const Configuration& bar, const Advice* advice);

}  // namespace flexos
