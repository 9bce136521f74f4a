#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "model/spec.h"
#include "spec/diagnostic.h"

namespace flexos {

/// One measured configuration that somebody brings: a partition, hardening sets, metrics.
struct MeasuredRow {
  int line = 0;                     ///< in the file
  std::string compartments;         ///< as written: `a+b|c`
  std::string hardening_text;       ///< as written: `a:cfi+asan;b:ubsan`
  std::vector<int> compartment_of;  ///< by component of the spec; -1 = not in the row
  std::vector<std::vector<std::string>> hardening;  ///< by component, sorted
  std::vector<double> metrics;                      ///< by Measured::metrics
};

struct Measured {
  std::vector<std::string> metrics;  ///< names of the metric columns
  std::vector<MeasuredRow> rows;
  std::vector<Diagnostic> diagnostics;
};

/// Reads the table of `safest --measured` (LANGUAGE): columns `compartments`, `hardening`, then one
/// a metric. Names are those of `spec`; hardening names may be anybody's.
Measured read_measured(std::string_view text, const std::string& file, const Spec& spec);

/// Is row `b` at least as safe as row `a`: everything that `a` separates is separate in `b`, and
/// every hardening of `a` is in `b`?
bool measured_at_least(const MeasuredRow& b, const MeasuredRow& a);

}  // namespace flexos
