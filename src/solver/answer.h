#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/configuration.h"
#include "solver/search.h"

namespace flexos {

/// What an answer rests on.
enum class Proof {
  z3,     ///< Z3 refuted "there is a better one" from the constraint encoding
  bound,  ///< branch and bound with exact bounds ran to its end
  gap,    ///< stopped early: the answer is within `gap` of the best possible
};

const char* proof_name(Proof proof);

/// How a question was answered, whatever the question.
struct Certificate {
  Proof proof = Proof::bound;
  double gap = 0;    ///< (best found - lower bound) / cost of best found incl. base; 0 when proven
  std::string note;  ///< what a person should know, e.g. why Z3 was not asked; may be empty
};

/// When Z3 is to confirm an answer.
enum class Certify { automatic /* up to 20 components */, always, never };

/// A question's common settings.
struct Ask {
  Deadline deadline;
  Certify certify = Certify::automatic;
  bool process_ends = false;  ///< soon after: what is slow to take down is left standing
  /// Called now and then with a line for a person; may be empty.
  std::function<void(const std::string&)> progress;
};

}  // namespace flexos
