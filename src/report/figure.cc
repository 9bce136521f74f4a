#include "report/figure.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <system_error>

#include "codegen/process.h"
#include "report/points.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

constexpr double kLeft = 58;
constexpr double kRight = 16;
constexpr double kTop = 40;
constexpr double kBottom = 50;
constexpr double kPngScale = 3;

/// For XML: markup is text, and what XML may not hold is left out.
std::string text_for_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        if (static_cast<unsigned char>(c) >= 0x20 || c == '\t') out += c;
    }
  }
  // A dump that replaces takes care of bytes that are no UTF-8.
  const std::string valid = Json(out).dump(-1, ' ', false, Json::error_handler_t::replace);
  return Json::parse(valid).get<std::string>();
}

/// An axis over [low, high] with round ticks.
struct Axis {
  double low = 0;
  double high = 1;
  double from = 0;  ///< pixels
  double to = 1;
  std::vector<double> ticks;

  double at(double value) const { return from + (value - low) / (high - low) * (to - from); }
};

Axis axis(double low, double high, double from, double to, int wanted) {
  Axis a{low, high, from, to, {}};
  const double raw = (high - low) / wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  const double rest = raw / power;
  const double step = power * (rest < 1.5 ? 1 : rest < 3.5 ? 2 : rest < 7.5 ? 5 : 10);
  const auto first = static_cast<long>(std::ceil(low / step));
  const auto last = static_cast<long>(std::floor(high / step + 1e-6));
  for (long k = first; k <= last; ++k) a.ticks.push_back(static_cast<double>(k) * step);
  return a;
}

int decimals(const std::vector<double>& ticks, double scale) {
  for (int digits = 0; digits < 4; ++digits) {
    const double unit = std::pow(10, digits) * scale;
    const bool all = std::all_of(ticks.begin(), ticks.end(), [&](double t) {
      return std::abs(t * unit - std::round(t * unit)) < 1e-6;
    });
    if (all) return digits;
  }
  return 4;
}

/// The steps of a frontier, from its slowest point on.
std::string steps_path(const std::vector<ReportStep>& steps, const Axis& x, const Axis& y) {
  std::string path;
  for (const ReportStep& step : steps) {
    const double px = x.at(step.performance);
    const double py = y.at(step.score);
    path += path.empty() ? fmt::format("M{:.2f},{:.2f}", px, py)
                         : fmt::format("V{:.2f}H{:.2f}", py, px);
  }
  return path;
}

std::string star(double x, double y, double size) {
  std::string path;
  for (int i = 0; i < 10; ++i) {
    const double r = i % 2 == 0 ? size : size * 0.42;
    const double angle = M_PI * i / 5 - M_PI / 2;
    path += fmt::format("{}{:.2f},{:.2f}", i == 0 ? 'M' : 'L', x + r * std::cos(angle),
                        y + r * std::sin(angle));
  }
  return path + "Z";
}

std::string mark(const ReportPoint& p, double x, double y) {
  if (p.failed) {
    return fmt::format(
        "<path class=\"failed\" d=\"M{:.2f},{:.2f}l6,6m0,-6l-6,6\"><title>{}</title></path>\n",
        x - 3, y - 3, text_for_xml(p.id));
  }
  const std::string kind = std::string(p.measured ? "measured" : "predicted") +
                           (p.within_budget ? "" : " over") + (p.star ? " star" : "");
  if (p.star) {
    return fmt::format("<path class=\"{}\" d=\"{}\"><title>{}</title></path>\n", kind,
                       star(x, y, 6.6), text_for_xml(p.id));
  }
  return fmt::format(
      "<circle class=\"{}\" cx=\"{:.2f}\" cy=\"{:.2f}\" r=\"3\"><title>{}</title></circle>\n", kind,
      x, y, text_for_xml(p.id));
}

/// What is drawn how; entries only for what is there.
class Legend {
 public:
  Legend(double x, double y) : x_(x), y_(y) {}
  void add(const std::string& sample, const std::string& text) {
    out_ += fmt::format("<g transform=\"translate({:.1f},{:.1f})\">{}", x_, y_, sample) +
            fmt::format("<text x=\"12\" y=\"4\">{}</text></g>\n", text);
    x_ += 24 + 5.6 * static_cast<double>(text.size());
  }
  const std::string& text() const { return out_; }

 private:
  double x_;
  double y_;
  std::string out_;
};

constexpr const char* kStyle =
    "text{font:11px Helvetica,Arial,\"Liberation Sans\",\"DejaVu Sans\",sans-serif;fill:#222}"
    ".axis{stroke:#444;fill:none}.grid{stroke:#e4e4e4}.budget{stroke:#555;stroke-dasharray:5 3}"
    ".outside{fill:#f4f4f4}.steps{fill:none;stroke:#1d5fbf;stroke-width:1.6}"
    ".steps-predicted{fill:none;stroke:#666;stroke-width:1.1;stroke-dasharray:1.5 2.5}"
    ".interval{stroke:#1d5fbf;stroke-width:1.1}.interval.over{stroke:#aaa}"
    ".predicted{fill:#fff;stroke:#666}.measured{fill:#1d5fbf;stroke:#fff;stroke-width:.6}"
    ".over{fill:#bbb}.predicted.over{fill:#fff;stroke:#bbb}"
    ".star{fill:#d98c00;stroke:#fff;stroke-width:.6}.predicted.star{fill:#fff;stroke:#b87600}"
    ".failed{fill:none;stroke:#aaa;stroke-width:1.4}.small{font-size:10px;fill:#666}";

}  // namespace

std::string frontier_svg(const Json& data, const FigureSize& size) {
  const ReportPlane plane = report_plane(data);
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0:g}\" height=\"{1:g}\" "
      "viewBox=\"0 0 {0:g} {1:g}\" role=\"img\">\n<title>{2}: performance and safety</title>\n"
      "<style>{3}</style>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n",
      size.width, size.height, text_for_xml(plane.spec), kStyle);

  // What lies far outside of the budget would squeeze what matters to an edge.
  const double floor = plane.least ? *plane.least * 0.7 : 0;
  double low_x = plane.least.value_or(1);
  double high_x = plane.least.value_or(0);
  double low_y = 1;
  double high_y = 0;
  int outside = 0;
  const auto include = [&](double performance, double score) {
    if (performance < floor) return;
    low_x = std::min(low_x, performance);
    high_x = std::max(high_x, performance);
    low_y = std::min(low_y, score);
    high_y = std::max(high_y, score);
  };
  for (const ReportPoint& p : plane.points) {
    if (*p.performance() < floor) ++outside;
    include(*p.performance(), p.score);
  }
  for (const ReportStep& s : plane.predicted) include(s.performance, s.score);
  if (plane.points.empty() && plane.predicted.empty()) {
    return svg + fmt::format(
                     "<text x=\"{:g}\" y=\"{:g}\" text-anchor=\"middle\">no "
                     "configuration</text>\n</svg>\n",
                     size.width / 2, size.height / 2);
  }
  if (1 - high_x < 1.2 * (high_x - low_x) + 0.02) high_x = std::max(high_x, 1.0);
  const double pad_x = std::max(0.004, (high_x - low_x) * 0.03);
  const double pad_y = std::max(0.004, (high_y - low_y) * 0.05);
  const Axis x = axis(std::max(0.0, low_x - pad_x), high_x + pad_x, kLeft, size.width - kRight, 7);
  const Axis y = axis(std::max(0.0, low_y - pad_y), std::min(1.0, high_y + pad_y),
                      size.height - kBottom, kTop, 6);

  if (plane.least && *plane.least > x.low) {
    svg += fmt::format(
        "<rect class=\"outside\" x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\"/>\n",
        x.from, y.to, x.at(*plane.least) - x.from, y.from - y.to);
  }
  const int digits_x = decimals(x.ticks, 100);
  const int digits_y = decimals(y.ticks, 1);
  for (const double t : y.ticks) {
    svg += fmt::format(
        "<path class=\"grid\" d=\"M{0:.2f},{1:.2f}H{2:.2f}\"/>"
        "<text x=\"{3:.2f}\" y=\"{4:.2f}\" text-anchor=\"end\">{5:.{6}f}</text>\n",
        x.from, y.at(t), x.to, x.from - 7, y.at(t) + 4, t, digits_y);
  }
  for (const double t : x.ticks) {
    svg += fmt::format(
        "<path class=\"axis\" d=\"M{0:.2f},{1:.2f}v4\"/>"
        "<text x=\"{0:.2f}\" y=\"{2:.2f}\" text-anchor=\"middle\">{3:.{4}f}</text>\n",
        x.at(t), y.from, y.from + 17, 100 * t, digits_x);
  }
  svg += fmt::format("<path class=\"axis\" d=\"M{:.2f},{:.2f}V{:.2f}H{:.2f}\"/>\n", x.from, y.to,
                     y.from, x.to);
  svg += fmt::format(
      "<text x=\"{:.2f}\" y=\"{:.2f}\" text-anchor=\"middle\">performance, % of the unprotected "
      "image</text>\n",
      (x.from + x.to) / 2, y.from + 35);
  svg += fmt::format(
      "<text transform=\"translate(15,{:.2f}) rotate(-90)\" text-anchor=\"middle\">safety "
      "score</text>\n",
      (y.from + y.to) / 2);
  if (plane.least && *plane.least >= x.low && *plane.least <= x.high) {
    svg += fmt::format(
        "<path class=\"budget\" d=\"M{0:.2f},{1:.2f}V{2:.2f}\"/>"
        "<text x=\"{3:.2f}\" y=\"{4:.2f}\">budget {5:.4g}x</text>\n",
        x.at(*plane.least), y.from, y.to, x.at(*plane.least) + 4, y.from - 6, 1 / *plane.least);
  }

  // Only what is inside of the axes; a step may begin outside.
  svg += fmt::format(
      "<clipPath id=\"plane\"><rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" "
      "height=\"{:.2f}\"/></clipPath>\n<g clip-path=\"url(#plane)\">\n",
      x.from, y.to - 8, x.to - x.from + kRight, y.from - y.to + 8);
  if (plane.predicted.size() > 1) {
    svg += "<path class=\"steps-predicted\" d=\"" + steps_path(plane.predicted, x, y) + "\"/>\n";
  }
  if (plane.measured.size() > 1) {
    svg += "<path class=\"steps\" d=\"" + steps_path(plane.measured, x, y) + "\"/>\n";
  }
  std::vector<ReportPoint> points = plane.points;
  const auto layer = [](const ReportPoint& p) { return p.star ? 3 : p.measured ? 2 : 1; };
  std::stable_sort(points.begin(), points.end(),
                   [&](const ReportPoint& a, const ReportPoint& b) { return layer(a) < layer(b); });
  for (const ReportPoint& p : points) {
    if (!p.measured || *p.measured < x.low) continue;
    svg += fmt::format("<path class=\"interval{}\" d=\"M{:.2f},{:.2f}H{:.2f}\"/>\n",
                       p.within_budget ? "" : " over", x.at(std::max(p.low, x.low)), y.at(p.score),
                       x.at(std::min(p.high, x.high)));
  }
  for (const ReportPoint& p : points) {
    if (*p.performance() >= x.low) svg += mark(p, x.at(*p.performance()), y.at(p.score));
  }
  svg += "</g>\n";

  const auto any = [&](auto test) { return std::any_of(points.begin(), points.end(), test); };
  Legend legend(kLeft + 4, 14);
  if (any([](const ReportPoint& p) { return p.star; })) {
    legend.add("<path class=\"measured star\" d=\"" + star(0, 0, 6) + "\"/>",
               plane.least ? "nothing affordable is safer" : "nothing is safer");
  }
  if (any([](const ReportPoint& p) { return p.measured.has_value(); })) {
    legend.add(
        "<path class=\"interval\" d=\"M-8,0H8\"/><circle class=\"measured\" r=\"3\" cx=\"0\" "
        "cy=\"0\"/>",
        "measured, 95 % interval");
  }
  if (any([](const ReportPoint& p) { return !p.measured && !p.failed; }) ||
      !plane.predicted.empty()) {
    legend.add("<circle class=\"predicted\" r=\"3\" cx=\"0\" cy=\"0\"/>", "predicted");
  }
  if (any([](const ReportPoint& p) { return !p.within_budget && !p.failed; })) {
    legend.add("<circle class=\"measured over\" r=\"3\" cx=\"0\" cy=\"0\"/>", "over budget");
  }
  if (any([](const ReportPoint& p) { return p.failed; })) {
    legend.add("<path class=\"failed\" d=\"M-3,-3l6,6m0,-6l-6,6\"/>", "failed");
  }
  svg += legend.text();
  std::string foot = text_for_xml(plane.platform);
  foot += (foot.empty() ? "" : ", ") + plane.proof;
  if (outside > 0) foot += fmt::format(", {} slower not shown", outside);
  svg +=
      fmt::format("<text class=\"small\" x=\"{:.2f}\" y=\"{:.2f}\" text-anchor=\"end\">{}</text>\n",
                  x.to, size.height - 5, foot);
  return svg + "</svg>\n";
}

Result<Done> write_figure(const Json& data, const fs::path& file, const FigureSize& size) {
  const std::string form = file.extension().string();
  if (form != ".svg" && form != ".png" && form != ".pdf") {
    return Error{"--figure: `" + file.string() + "` ends in none of .svg, .png, .pdf"};
  }
  fs::path svg = file;
  std::string convert;
  if (form != ".svg") {
    convert = find_program("rsvg-convert");
    if (convert.empty()) {
      return Error{"a " + form.substr(1) + " needs rsvg-convert, which is not installed",
                   "apt-get install librsvg2-bin, or --figure NAME.svg", true};
    }
    svg += ".svg";
  }
  {
    std::ofstream out(svg, std::ios::binary);
    out << frontier_svg(data, size);
    out.flush();
    if (!out) return Error{"cannot write " + svg.string(), "", true};
  }
  if (form == ".svg") return Done{};
  std::string said;
  ProcessRequest request;
  request.command = {convert, "-f", form.substr(1), "-o", file.string()};
  if (form == ".png")
    request.command.insert(request.command.end(), {"-z", fmt::format("{:g}", kPngScale)});
  request.command.push_back(svg.string());
  request.timeout = 60;
  request.output = [&](int, std::string_view bytes) {
    said += bytes;
    return said.size() < 4096;
  };
  const ProcessEnd end = run_process(request);
  std::error_code ignored;
  fs::remove(svg, ignored);
  if (!end.started || end.code != 0) {
    return Error{"rsvg-convert failed" + (said.empty() ? "" : ": " + said), "", true};
  }
  return Done{};
}

}  // namespace flexos
