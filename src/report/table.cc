#include "report/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

}  // namespace

std::string wrap(const std::string& text, int indent, int width) {
  std::string result;
  std::size_t column = at(indent);
  std::size_t start = 0;
  const std::size_t limit = at(std::max(width, indent + 30));
  while (start < text.size()) {
    std::size_t end = text.find(' ', start);
    if (end == std::string::npos) end = text.size();
    const std::size_t length = end - start;
    if (column > at(indent) && column + 1 + length > limit) {
      result += "\n" + std::string(at(indent), ' ');
      column = at(indent);
    } else if (column > at(indent)) {
      result += ' ';
      ++column;
    }
    result += text.substr(start, length);
    column += length;
    start = end + 1;
  }
  return result;
}

std::string dearest(const Spec& spec, const Judged& judged) {
  const double total = judged.evaluation.cost_cycles;
  if (!(total > 0)) return {};
  std::string text;
  int shown = 0;
  for (const CostItem& item : cost_items(spec, judged.configuration)) {
    const double share = item.cycles / total;
    if (share < 0.05 || ++shown > 3) break;
    text += fmt::format("{}{} {} {:.0f} %", text.empty() ? "" : ", ", item.what, item.choice,
                        100 * share);
  }
  return text;
}

std::string emphasis(const std::string& text, const Style& style) {
  return style.color ? "\033[1m" + text + "\033[0m" : text;
}

std::string faint(const std::string& text, const Style& style) {
  return style.color ? "\033[2m" + text + "\033[0m" : text;
}

std::string draw_layout(const Spec& spec, const Configuration& c) {
  const auto groups = compartments_in_order(spec, c);
  std::string text;
  for (std::size_t g = 0; g < groups.size(); ++g) {
    if (g > 0) {
      const Level between = c.level(groups[g - 1].front(), groups[g].front());
      text += " |" + spec.mechanisms[between].name + "| ";
    }
    text += "{";
    for (std::size_t k = 0; k < groups[g].size(); ++k) {
      text += (k > 0 ? " " : "") + spec.components[at(groups[g][k])].name;
    }
    text += "}";
  }
  return text;
}

std::string draw_hardening(const Spec& spec, const Configuration& c) {
  std::string text;
  for (int i = 0; i < spec.size(); ++i) {
    std::string choice;
    if (c.variants[at(i)] != 0) {
      choice += " " + spec.components[at(i)].variants[c.variants[at(i)]].name;
    }
    for (std::size_t h = 0; h < spec.hardening.size(); ++h) {
      if ((c.hardening[at(i)] >> h & 1U) != 0) choice += " " + spec.hardening[h].name;
    }
    if (choice.empty()) continue;
    text += (text.empty() ? "" : ", ") + spec.components[at(i)].name + ":" + choice;
  }
  return text;
}

std::string draw_table(const Spec& spec, const std::vector<Judged>& list, const Style& style) {
  std::string out;
  constexpr int kIndent = 36;
  out += emphasis(fmt::format("{:>3}  {:<12}  {:>8}  {:>5}  {}", "#", "id", "slowdown", "score",
                              "compartments, hardening, what the cost is made of"),
                  style) +
         "\n";
  int number = 0;
  for (const Judged& judged : list) {
    const Configuration& c = judged.configuration;
    const std::string slowdown =
        spec.profile ? fmt::format("{:.4f}x", judged.evaluation.slowdown) : std::string("-");
    out += fmt::format("{:>3}  {:<12}  {:>8}  {:.3f}  ", ++number, configuration_id(spec, c),
                       slowdown, judged.evaluation.safety_score);
    out += wrap(draw_layout(spec, c), kIndent, style.width) + "\n";
    const std::string pad(kIndent, ' ');
    const std::string hardening = draw_hardening(spec, c);
    if (!hardening.empty()) {
      out += fmt::format("{}{}\n", pad, wrap("with " + hardening, kIndent, style.width));
    }
    const std::string limited = dearest(spec, judged);
    if (!limited.empty()) {
      out +=
          fmt::format("{}{}\n", pad, faint(wrap("cost: " + limited, kIndent, style.width), style));
    }
  }
  return out;
}

std::string draw_frontier(const std::vector<Judged>& list, const Style& style) {
  if (list.size() < 2) return {};
  const int columns = std::clamp(style.width - 12, 30, 90);
  constexpr int kRows = 14;
  double low_x = list.front().evaluation.slowdown;
  double high_x = low_x;
  double low_y = list.front().evaluation.safety_score;
  double high_y = low_y;
  for (const Judged& j : list) {
    low_x = std::min(low_x, j.evaluation.slowdown);
    high_x = std::max(high_x, j.evaluation.slowdown);
    low_y = std::min(low_y, j.evaluation.safety_score);
    high_y = std::max(high_y, j.evaluation.safety_score);
  }
  if (!(high_x > low_x) || !(high_y > low_y)) return {};
  // Slowdowns spread over decades where hardening is dear: a logarithmic axis keeps both ends.
  const auto scaled = [&](double x) { return std::log(x / low_x) / std::log(high_x / low_x); };
  std::vector<std::string> grid(kRows, std::string(at(columns), ' '));
  for (const Judged& j : list) {
    const double x = low_x > 0 ? scaled(j.evaluation.slowdown)
                               : (j.evaluation.slowdown - low_x) / (high_x - low_x);
    const double y = (j.evaluation.safety_score - low_y) / (high_y - low_y);
    const int column = std::clamp(static_cast<int>(std::lround(x * (columns - 1))), 0, columns - 1);
    const int row =
        std::clamp(kRows - 1 - static_cast<int>(std::lround(y * (kRows - 1))), 0, kRows - 1);
    grid[at(row)][at(column)] = '*';
  }
  std::string out = "  safety score\n";
  for (int row = 0; row < kRows; ++row) {
    const double value = high_y - (high_y - low_y) * row / (kRows - 1);
    std::string line;
    for (const char c : grid[at(row)]) line += c == '*' ? "•" : " ";
    while (!line.empty() && line.back() == ' ') line.pop_back();
    out += fmt::format("  {:5.3f} ┤{}\n", value, line);
  }
  std::string axis;
  for (int i = 0; i < columns; ++i) axis += "─";
  out += "        └" + axis + "\n";
  const std::string left = fmt::format("{:.3f}x", low_x);
  const std::string right = fmt::format("{:.3f}x slowdown (log)", high_x);
  const int gap = std::max(1, columns - static_cast<int>(left.size() + right.size()));
  out += "         " + left + std::string(at(gap), ' ') + right + "\n";
  return out;
}

std::string describe(const Certificate& certificate) {
  switch (certificate.proof) {
    case Proof::z3:
      return "proven, confirmed by Z3";
    case Proof::bound:
      return "proven by exact bounds";
    case Proof::gap:
      break;
  }
  return certificate.gap < 1 ? fmt::format("not proven: at most {:.2f} % of cost above the optimum",
                                           100 * certificate.gap)
                             : std::string("not proven: the search was cut short");
}

}  // namespace flexos
