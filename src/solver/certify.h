#pragma once

#include <memory>
#include <vector>

#include "solver/answer.h"
#include "solver/relaxation.h"

namespace flexos {

enum class Refutation {
  confirmed,  ///< Z3: there is nothing better that is not listed
  refuted,    ///< Z3 found something better: search and encoding disagree, a defect
  undecided,  ///< out of time or effort
};

struct RefutationResult {
  Refutation verdict = Refutation::undecided;
  Configuration counterexample;  ///< where refuted
  bool in_answer = false;        ///< which then is one of the answer, and not what it is said to be
};

/// Why the search thinks that nothing is cheaper. Only advice: Z3 proves what it uses of it.
struct Advice {
  const Instance& instance;
  const DualBound& dual;
};

class Refuter;

/// The answer to `rank --distinct`, and what the search knows besides.
struct Distinct {
  std::vector<Configuration> listed;
  bool all = false;  ///< nothing else is to be listed at any cost
  /// One a layout, cheapest first: `listed`, and what it leaves out because another one here is no
  /// dearer and at least as safe.
  std::vector<Configuration> known;
  /// Layouts (the rest of it does not matter) that may cover others. Only advice.
  std::vector<Configuration> covering;
};

/// What a certificate may cost: counted, not timed, so that it is the same on every machine.
struct Share {
  std::int64_t effort;  ///< Z3's own unit
  std::int64_t work;    ///< sums of costs and risks that are formed
};

/// The answer to `rank --objective safest`, and what the search knows besides.
struct LeastRisk {
  std::vector<Configuration> listed;  ///< least risk first; where equal, cheapest first
  bool all = false;                   ///< nothing else is to be listed
  /// Is it one a layout, the first of each, without those that another one beats?
  bool distinct = false;
  /// Where it is: all that are not after the last listed, those that are beaten included.
  std::vector<Configuration> known;
  bool known_all = false;  ///< every layout is among those known
};

/// Z3's second opinion on an answer. What does not depend on the answer (Z3's own start, the
/// encoding) is prepared on another thread from construction on, beside the search.
class Certifier {
 public:
  /// `spec` must outlive it.
  Certifier(const Spec& spec, const Deadline& deadline);
  ~Certifier();
  Certifier(const Certifier&) = delete;
  Certifier& operator=(const Certifier&) = delete;

  /// Asks Z3, once, for an admissible configuration that is not among `listed` and, unless
  /// `listed` is said to be everything (`all`), cheaper than the dearest of them.
  RefutationResult refute_cheaper(const std::vector<Configuration>& listed, bool all,
                                  const Advice* advice);

  /// Asks Z3, once, for an admissible configuration that is not below one of `maximal`, and looks
  /// whether those are what they are said to be: admissible, none of them below another. Together:
  /// they are the maximal elements, all of them. `effort`: at most as much, in Z3's own unit.
  RefutationResult refute_not_below(const std::vector<Configuration>& maximal, std::int64_t effort);

  /// The same where they are only the least risky of them, by rising risk: no admissible
  /// configuration that is less risky than the last may be missing, or as risky and safer than one
  /// of them. (As risky as the last: any of them may be listed.)
  RefutationResult refute_missing_maximal(const std::vector<Configuration>& listed,
                                          const Instance& advice, Share share);

  /// Asks Z3, once, whether an admissible configuration cheaper than the last listed stands for a
  /// layout that is missing; looks whether what is left out is beaten, and what is listed is not.
  /// (As dear as the last listed: only what the search knows is looked at.)
  RefutationResult refute_distinct(const Distinct& answer, const Advice* advice,
                                   std::int64_t effort);

  /// Asks Z3, once, whether an admissible configuration is neither dearer than a point of the
  /// frontier and at least as risky, nor equal to one in both; looks whether the points are
  /// admissible and none beats another. `advice`: which options the search thinks a component can
  /// take beside others.
  RefutationResult refute_frontier(const std::vector<Configuration>& points, const Instance& advice,
                                   Share share);

  /// Asks Z3, once, whether an admissible configuration that is missing leaves less risk than the
  /// last listed, or as much and costs less. (Where they are equal in both, either may be listed.)
  /// With `distinct`, what is beaten is left out as far as what beats it is known.
  RefutationResult refute_safer(const LeastRisk& answer, const Instance& advice, Share share);

  /// Leaves what was built to the end of the process: to take it down costs as much as a small
  /// answer. Not to be asked again.
  void leave_standing();

 private:
  std::unique_ptr<Refuter> refuter_;
};

/// Asks Z3 for any admissible configuration.
RefutationResult refute_admissible(const Spec& spec, const Deadline& deadline);

}  // namespace flexos
