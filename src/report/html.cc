#include "report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "codegen/sha256.h"

namespace flexos {

namespace {

namespace fs = std::filesystem;

/// Configurations of the frontier that can be looked at on the page; of the others it knows the
/// place on the curve.
constexpr std::size_t kFrontierShown = 60;

std::string read_all(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return in ? text.str() : std::string();
}

std::string base64(const std::string& bytes) {
  constexpr const char* kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      const auto byte = i + k < bytes.size() ? static_cast<unsigned char>(bytes[i + k]) : 0U;
      group = group << 8U | byte;
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += i + k <= bytes.size() ? kDigits[group >> (18 - 6 * k) & 63U] : '=';
    }
  }
  return text;
}

/// As a Content-Security-Policy names a script.
std::string csp_hash(const std::string& text) {
  const std::string hex = sha256(text);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return "'sha256-" + base64(bytes) + "'";
}

std::string text_for_html(std::string_view text) {
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
        out += c;
    }
  }
  return out;
}

/// Could `text` end the element that it stands in, or put HTML's reader of scripts into another
/// state?
bool leaves_element(const std::string& text, std::string_view element) {
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return lower.find("</" + std::string(element)) != std::string::npos ||
         lower.find("<!--") != std::string::npos;
}

}  // namespace

Result<ReportBundle> read_bundle(const std::vector<fs::path>& folders) {
  for (const fs::path& folder : folders) {
    ReportBundle bundle{read_all(folder / "bundle.js"), read_all(folder / "bundle.css")};
    if (!bundle.script.empty() && !bundle.style.empty()) return bundle;
  }
  return Error{"the report's page was not built: there is no bundle.js and bundle.css",
               "scripts/build-report makes them; it needs nodejs, npm and an npm registry", true};
}

std::vector<fs::path> bundle_folders(const fs::path& program) {
  std::vector<fs::path> folders{program.parent_path().parent_path() /
                                "share/flexos-explore/report"};
  for (fs::path up = program.parent_path(); up.has_relative_path(); up = up.parent_path()) {
    folders.push_back(up / "build/report");
  }
  return folders;
}

std::string json_for_html(const Json& data) {
  const std::string text = data.dump(-1, ' ', true, Json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size() + text.size() / 16);
  for (const char c : text) {
    // Inside of strings only; JSON's own characters are none of these.
    if (c == '<' || c == '>' || c == '&') {
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  return out;
}

Json for_page(const Json& data) {
  Json page = data;
  if (page.contains("configurations") && page["configurations"].is_array()) {
    // The nesting of the compartments says the same.
    for (Json& c : page["configurations"]) {
      if (c.is_object()) c.erase("levels");
    }
  }
  if (!page.contains("frontier") || !page["frontier"].is_object()) return page;
  Json& points = page["frontier"]["points"];
  if (!points.is_array()) return page;
  const std::size_t count = points.size();
  std::size_t last = 0;
  for (std::size_t i = 0; i < count; ++i) {
    Json& point = points[i];
    if (!point.is_object()) continue;
    point.erase("levels");
    // Evenly spread over the curve, both ends among them.
    const std::size_t slot = count <= 1 ? 0 : i * (kFrontierShown - 1) / (count - 1);
    const bool shown = count <= kFrontierShown || i == 0 || slot != last;
    last = slot;
    if (shown) continue;
    Json place = Json::object();
    for (const char* key : {"slowdown", "relative_performance", "safety_score"}) {
      if (point.contains(key)) place[key] = point[key];
    }
    point = std::move(place);
  }
  return page;
}

Result<std::string> html_report(const Json& data, const ReportBundle& bundle) {
  if (leaves_element(bundle.script, "script") || leaves_element(bundle.style, "style")) {
    return Error{"the report's page is damaged: its script or style sheet ends its own element",
                 "remove build/report and run scripts/build-report", true};
  }
  std::string name = "report";
  if (data.is_object() && data.contains("spec") && data["spec"].is_string()) {
    name = data["spec"].get<std::string>();
  }
  const std::string script = "\n" + bundle.script + "\n";
  const std::string policy = "default-src 'none'; script-src " + csp_hash(script) +
                             "; style-src 'unsafe-inline'; img-src data:; connect-src 'none'; "
                             "base-uri 'none'; form-action 'none'";
  std::string html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n";
  html += "<meta http-equiv=\"Content-Security-Policy\" content=\"" + policy + "\">\n";
  html += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  html += "<meta name=\"referrer\" content=\"no-referrer\">\n";
  html += "<title>" + text_for_html(name) + " \u2013 flexos-explore</title>\n";
  html += "<style>\n" + bundle.style + "\n</style>\n</head>\n<body>\n";
  html +=
      "<noscript>This report draws itself with JavaScript. Its data stand in this file as JSON "
      "(the element with the id <code>data</code>).</noscript>\n";
  html += "<script type=\"application/json\" id=\"data\">" + json_for_html(for_page(data)) +
          "</script>\n";
  html += "<script>" + script + "</script>\n</body>\n</html>\n";
  return html;
}

}  // namespace flexos
