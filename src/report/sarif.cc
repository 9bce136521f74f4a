#include "report/sarif.h"

#include <algorithm>
#include <filesystem>
#include <map>

namespace flexos {

namespace {

const char* level_of(Severity severity) {
  switch (severity) {
    case Severity::error:
      return "error";
    case Severity::warning:
      return "warning";
    case Severity::note:
      return "note";
  }
  return "none";
}

/// A path as a URI: relative ones stay relative to the root of the checkout.
std::string uri_of(const std::string& file) {
  constexpr const char* kHex = "0123456789ABCDEF";
  std::string uri = std::filesystem::path(file).is_absolute() ? "file://" : "";
  for (const char c : std::filesystem::path(file).lexically_normal().generic_string()) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~/").find(c) != std::string_view::npos;
    if (plain) {
      uri += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    uri += '%';
    uri += kHex[byte >> 4U];
    uri += kHex[byte & 15U];
  }
  return uri;
}

/// Code points among the first `bytes` bytes of a text; what lies behind its end counts by bytes.
int code_points(const std::string& text, int bytes) {
  int count = 0;
  for (int i = 0; i < bytes; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (at >= text.size() || (static_cast<unsigned char>(text[at]) & 0xC0U) != 0x80U) ++count;
  }
  return count;
}

/// Diagnostics count bytes, SARIF counts code points.
Json region_of(const Diagnostic& d) {
  const int before = std::max(0, d.column - d.excerpt_column);
  const int start = d.excerpt_column + code_points(d.excerpt, before);
  const int end = d.excerpt_column + code_points(d.excerpt, before + std::max(1, d.length));
  Json region{{"startLine", d.line}, {"startColumn", std::max(1, start)}};
  region["endColumn"] = std::max(std::max(1, start) + 1, end);
  if (!d.excerpt.empty()) region["snippet"] = {{"text", d.excerpt}};
  return region;
}

Json location_of(const Diagnostic& d) {
  Json place{{"artifactLocation", {{"uri", uri_of(d.file)}}}};
  if (d.line > 0) place["region"] = region_of(d);
  return {{"physicalLocation", std::move(place)}};
}

}  // namespace

Json to_sarif(const std::vector<Diagnostic>& diagnostics, const std::string& version) {
  // Rules are the codes, in order of their names: the same findings give the same bytes.
  std::map<std::string, Severity> rules;
  for (const Diagnostic& d : diagnostics) {
    if (d.severity == Severity::note) continue;
    const auto [rule, fresh] = rules.emplace(d.code, d.severity);
    if (!fresh && d.severity == Severity::error) rule->second = d.severity;
  }
  Json rules_json = Json::array();
  for (const auto& [code, severity] : rules) {
    std::string words = code;
    std::replace(words.begin(), words.end(), '-', ' ');
    rules_json.push_back({{"id", code},
                          {"shortDescription", {{"text", words}}},
                          {"defaultConfiguration", {{"level", level_of(severity)}}}});
  }
  Json results = Json::array();
  bool has_error = false;
  for (const Diagnostic& d : diagnostics) {
    if (d.severity == Severity::note) {
      if (results.empty()) continue;
      Json& related = results.back()["relatedLocations"];
      Json location = location_of(d);
      location["message"] = {{"text", d.message}};
      related.push_back(std::move(location));
      continue;
    }
    has_error |= d.severity == Severity::error;
    Json result;
    result["ruleId"] = d.code;
    result["ruleIndex"] = std::distance(rules.begin(), rules.find(d.code));
    result["level"] = level_of(d.severity);
    result["message"] = {{"text", d.hint.empty() ? d.message : d.message + "\n" + d.hint}};
    result["locations"] = Json::array({location_of(d)});
    results.push_back(std::move(result));
  }
  Json driver{{"name", "flexos-explore"}, {"version", version}, {"rules", std::move(rules_json)}};
  Json run;
  run["tool"] = {{"driver", std::move(driver)}};
  run["columnKind"] = "unicodeCodePoints";
  run["invocations"] =
      Json::array({{{"executionSuccessful", true}, {"exitCode", has_error ? 1 : 0}}});
  run["results"] = std::move(results);
  Json sarif;
  sarif["$schema"] =
      "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
  sarif["version"] = "2.1.0";
  sarif["runs"] = Json::array({std::move(run)});
  return sarif;
}

}  // namespace flexos
