#include "report/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "report/points.h"

namespace flexos {

namespace {

constexpr int kRows = 16;

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// What a cell of the terminal may hold, least important first: the later covers the earlier.
enum class Mark { nothing, curve, budget, failed, over, predicted, measured, star };

const char* glyph(Mark mark) {
  switch (mark) {
    case Mark::nothing:
      return " ";
    case Mark::curve:
      return "·";
    case Mark::budget:
      return "┊";
    case Mark::failed:
      return "×";
    case Mark::over:
      return "◌";
    case Mark::predicted:
      return "○";
    case Mark::measured:
      return "●";
    case Mark::star:
      return "★";
  }
  return " ";
}

Mark mark_of(const ReportPoint& p) {
  if (p.failed) return Mark::failed;
  if (p.star) return Mark::star;
  if (!p.within_budget) return Mark::over;
  return p.measured ? Mark::measured : Mark::predicted;
}

const char* word(Mark mark) {
  switch (mark) {
    case Mark::star:
      return "nothing affordable is safer";
    case Mark::measured:
      return "measured";
    case Mark::predicted:
      return "predicted";
    case Mark::over:
      return "over budget";
    case Mark::failed:
      return "failed";
    case Mark::curve:
      return "predicted frontier";
    default:
      return "";
  }
}

std::string paint(Mark mark, const Style& style) {
  std::string text = glyph(mark);
  if (!style.color || mark == Mark::nothing) return text;
  switch (mark) {
    case Mark::star:
      return "\033[33m" + text + "\033[0m";
    case Mark::measured:
      return "\033[34m" + text + "\033[0m";
    case Mark::predicted:
      return text;
    default:
      return faint(text, style);
  }
}

}  // namespace

std::string draw_frontier(const Json& data, const Style& style) {
  const ReportPlane plane = report_plane(data);
  struct Dot {
    double slowdown;
    double score;
    Mark mark;
  };
  std::vector<Dot> dots;
  // What is slower than twice the budget would squeeze what matters to an edge.
  const double most = plane.least ? 2 / *plane.least : HUGE_VAL;
  int slower = 0;
  const auto add = [&](double performance, double score, Mark mark) {
    if (!(performance > 0)) return;
    if (1 / performance > most) {
      slower += mark == Mark::curve ? 0 : 1;
      return;
    }
    dots.push_back({1 / performance, score, mark});
  };
  for (const ReportStep& s : plane.predicted) add(s.performance, s.score, Mark::curve);
  for (const ReportPoint& p : plane.points) add(*p.performance(), p.score, mark_of(p));
  if (dots.size() < 2) return {};

  const int columns = std::clamp(style.width - 12, 30, 90);
  double low_x = dots.front().slowdown;
  double high_x = low_x;
  double low_y = dots.front().score;
  double high_y = low_y;
  for (const Dot& d : dots) {
    low_x = std::min(low_x, d.slowdown);
    high_x = std::max(high_x, d.slowdown);
    low_y = std::min(low_y, d.score);
    high_y = std::max(high_y, d.score);
  }
  if (plane.least) high_x = std::max(high_x, 1 / *plane.least);
  if (!(high_x > low_x)) high_x = low_x * 1.01;
  if (!(high_y > low_y)) high_y = low_y + 0.01;
  // Slowdowns spread over decades where hardening is dear: a logarithmic axis keeps both ends.
  const auto column = [&](double x) {
    const double share = std::log(x / low_x) / std::log(high_x / low_x);
    return std::clamp(static_cast<int>(std::lround(share * (columns - 1))), 0, columns - 1);
  };
  std::vector<std::vector<Mark>> grid(kRows, std::vector<Mark>(at(columns), Mark::nothing));
  std::vector<Mark> seen;
  const auto put = [&](int row, int col, Mark mark) {
    Mark& cell = grid[at(row)][at(col)];
    cell = std::max(cell, mark);
  };
  if (plane.least) {
    for (int row = 0; row < kRows; ++row) put(row, column(1 / *plane.least), Mark::budget);
  }
  for (const Dot& d : dots) {
    const double y = (d.score - low_y) / (high_y - low_y);
    put(std::clamp(kRows - 1 - static_cast<int>(std::lround(y * (kRows - 1))), 0, kRows - 1),
        column(d.slowdown), d.mark);
    if (std::find(seen.begin(), seen.end(), d.mark) == seen.end()) seen.push_back(d.mark);
  }
  std::string out = "  safety score\n";
  for (int row = 0; row < kRows; ++row) {
    const auto& marks = grid[at(row)];
    int end = columns;
    while (end > 0 && marks[at(end - 1)] == Mark::nothing) --end;
    std::string line;
    for (int i = 0; i < end; ++i) line += paint(marks[at(i)], style);
    out += fmt::format("  {:5.3f} ┤{}\n", high_y - (high_y - low_y) * row / (kRows - 1), line);
  }
  std::string axis;
  for (int i = 0; i < columns; ++i) axis += "─";
  out += "        └" + axis + "\n";
  const std::string left = fmt::format("{:.3f}x", low_x);
  const std::string right = fmt::format("{:.3f}x slowdown (log)", high_x);
  const int gap = std::max(1, columns - static_cast<int>(left.size() + right.size()));
  out += "         " + left + std::string(at(gap), ' ') + right + "\n";
  std::sort(seen.begin(), seen.end(), std::greater<>());
  std::string legend;
  for (const Mark mark : seen) {
    legend += (legend.empty() ? "" : "   ") + paint(mark, style) + " " + word(mark);
  }
  if (plane.least) legend += fmt::format("   ┊ budget {:.4g}x", 1 / *plane.least);
  if (slower > 0) legend += fmt::format("   {} slower not drawn", slower);
  return out + "\n  " + legend + "\n";
}

}  // namespace flexos
