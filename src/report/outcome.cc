#include "report/outcome.h"

#include <fmt/format.h>

#include <algorithm>

namespace flexos {

std::string slowdown_text(double slowdown) {
  return slowdown > 0 ? fmt::format("{:.4f}x", slowdown) : std::string("-");
}

std::string measured_text(const Exploration& x, const Exploration::Entry& entry) {
  if (!entry.measurement) return "-";
  const Measurement& m = *entry.measurement;
  if (m.failure != Failure::none) return std::string(name(m.failure));
  if (!m.ok() || m.relative.median <= 0) return "-";
  std::string text = slowdown_text(1 / m.relative.median);
  const bool exact = x.platform && x.platform->exact();
  if (!exact && m.relative.low > 0) {
    text += fmt::format(" [{:.3f}, {:.3f}]", 1 / m.relative.high, 1 / m.relative.low);
  }
  return text;
}

std::string draw_outcome(const Exploration& x, const Style& style) {
  const bool measured = std::any_of(x.entries.begin(), x.entries.end(),
                                    [](const auto& e) { return e.measurement.has_value(); });
  std::size_t widest = 8;  // the column's name
  for (const auto& e : x.entries) widest = std::max(widest, measured_text(x, e).size());
  const int width = measured ? static_cast<int>(widest) : 0;
  const int indent = 38 + (measured ? width + 2 : 0);
  const Json data_stars = report_stars(x);
  const auto starred = [&](const std::string& id) {
    return std::any_of(data_stars.begin(), data_stars.end(),
                       [&](const Json& star) { return star.get_ref<const std::string&>() == id; });
  };
  std::string out =
      emphasis(fmt::format("  {:>3}  {:<12}  {:>9}  {}{:>5}  {}", "#", "id", "predicted",
                           measured ? fmt::format("{:<{}}  ", "measured", width) : std::string(),
                           "score", "compartments, hardening, predicted cost"),
               style) +
      "\n";
  int number = 0;
  for (const Exploration::Entry& e : x.entries) {
    const Configuration& c = e.judged.configuration;
    const std::string id = configuration_id(x.spec, c);
    const std::string predicted =
        x.spec.profile ? slowdown_text(e.judged.evaluation.slowdown) : std::string("-");
    out +=
        fmt::format("{} {:>3}  {:<12}  {:>9}  ", starred(id) ? "★" : " ", ++number, id, predicted);
    if (measured) out += fmt::format("{:<{}}  ", measured_text(x, e), width);
    out += fmt::format("{:.3f}  ", e.judged.evaluation.safety_score);
    out += wrap(draw_layout(x.spec, c), indent, style.width) + "\n";
    const std::string pad(static_cast<std::size_t>(indent), ' ');
    const std::string hardening = draw_hardening(x.spec, c);
    if (!hardening.empty()) {
      out += pad;
      out += wrap("with " + hardening, indent, style.width);
      out += "\n";
    }
    const std::string cost = dearest(x.spec, e.judged);
    if (!cost.empty()) {
      out += pad;
      out += faint(wrap("cost: " + cost, indent, style.width), style);
      out += "\n";
    }
    if (e.measurement && e.measurement->failure != Failure::none &&
        !e.measurement->detail.empty()) {
      out += pad + wrap("failed: " + e.measurement->detail, indent, style.width) + "\n";
    }
  }
  if (!data_stars.empty()) {
    out += faint("  ★ the safest within the budget: nothing else in it is safer in every respect",
                 style) +
           "\n";
  }
  return out;
}

}  // namespace flexos
