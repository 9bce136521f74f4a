#pragma once

#include "model/verdict.h"

/// The independent evaluator: shares no code with encoding or search, reads only the model, and
/// computes with rationals of unbounded size. Every answer passes here before it is printed.
namespace flexos {

/// Evaluates `c` against every statement, requirement and limit of `spec`, from the definitions of
/// docs/language.md. Without a profile costs stay 0 and the slowdown budget is not judged.
Evaluation judge(const Spec& spec, const Configuration& c);

}  // namespace flexos
