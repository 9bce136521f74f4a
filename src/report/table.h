#pragma once

#include <string>
#include <vector>

#include "report/json.h"

/// What a person reads on the terminal.
namespace flexos {

struct Style {
  bool color = false;
  int width = 100;  ///< columns of the terminal
};

/// `{redis libc} |mpk.full| {lwip netdev}`: compartments in nesting order, the mechanism between
/// neighbours on the bar.
std::string draw_layout(const Spec& spec, const Configuration& c);

/// "lwip: cfi stack-protector, sched: verified"; empty where nothing is chosen.
std::string draw_hardening(const Spec& spec, const Configuration& c);

/// A table from which a person can decide: rank, slowdown, score, layout, hardening, what limits.
std::string draw_table(const Spec& spec, const std::vector<Judged>& list, const Style& style);

/// Breaks at spaces so that no line is longer than `width`; later lines are indented.
std::string wrap(const std::string& text, int indent, int width);

/// The dearest parts of a configuration's cost, as shares: "libc|vfs mpk.light 52 %, ...".
std::string dearest(const Spec& spec, const Judged& judged);

/// Cost against score in Unicode, a mark a configuration.
std::string draw_frontier(const std::vector<Judged>& list, const Style& style);

/// `text` in the terminal's emphasis, or as it is.
std::string emphasis(const std::string& text, const Style& style);
std::string faint(const std::string& text, const Style& style);

/// "proven (z3)", "proven (bound)", "within 0.4 % of the optimum".
std::string describe(const Certificate& certificate);

}  // namespace flexos
