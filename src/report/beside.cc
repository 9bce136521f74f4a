#include "report/beside.h"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <set>

#include "report/points.h"

namespace flexos {

namespace {

/// Stands for the application of either; no component is called so.
constexpr const char* kApplication = "*";

/// What was chosen, as text that is equal where the choice is: boundaries, hardening, variants and
/// sharing, each sorted. nullopt: `c` is no configuration.
std::optional<std::string> choice(const Json& c, const std::string& application) {
  using Sorted = nlohmann::json;
  const Json& levels = json_member(c, "levels");
  const Json& hardening = json_member(c, "hardening");
  if (!levels.is_object() || !hardening.is_object()) return std::nullopt;
  const auto renamed = [&](const std::string& name) {
    return name == application ? std::string(kApplication) : name;
  };
  Sorted boundaries = Sorted::object();
  for (const auto& [pair, level] : levels.items()) {
    const std::size_t bar = pair.find('|');
    if (bar == std::string::npos) return std::nullopt;
    std::string a = renamed(pair.substr(0, bar));
    std::string b = renamed(pair.substr(bar + 1));
    if (b < a) std::swap(a, b);
    boundaries[fmt::format("{}|{}", a, b)] = json_text(level);
  }
  Sorted hardened = Sorted::object();
  for (const auto& [name, chosen] : hardening.items()) {
    std::set<std::string> names;
    for (const Json& one : chosen) names.insert(json_text(one));
    hardened[renamed(name)] = names;
  }
  Sorted variants = Sorted::object();
  const Json& other = json_member(c, "variants");
  if (other.is_object()) {
    for (const auto& [name, variant] : other.items()) variants[renamed(name)] = json_text(variant);
  }
  return Sorted::array({std::move(boundaries), std::move(hardened), std::move(variants),
                        json_text(json_member(c, "sharing"))})
      .dump(-1, ' ', true, Sorted::error_handler_t::replace);
}

std::string name_of(const Json& data) {
  const std::string workload = json_text(json_member(data, "workload"));
  return workload.empty() ? json_text(json_member(data, "spec")) : workload;
}

}  // namespace

Result<Json> put_beside(const Json& data, const Json& other) {
  const std::string application = json_text(json_member(data, "application"));
  const std::string other_application = json_text(json_member(other, "application"));
  std::map<std::string, const Json*> there;
  const Json& theirs = json_member(other, "configurations");
  for (const Json& c : theirs) {
    if (const auto key = choice(c, other_application)) there.emplace(*key, &c);
  }
  Json pairs = Json::object();
  for (const Json& c : json_member(data, "configurations")) {
    const auto key = choice(c, application);
    const auto found = key ? there.find(*key) : there.end();
    if (found == there.end() || !json_member(c, "id").is_string()) continue;
    if (json_member(*found->second, "failure").is_object()) continue;
    const Json& measured = json_member(*found->second, "measured");
    pairs[json_member(c, "id").get<std::string>()] = {
        {"relative_performance", json_member(*found->second, "relative_performance")},
        {"relative", measured.is_object() ? json_member(measured, "relative") : Json(nullptr)}};
  }
  if (pairs.empty()) {
    return Error{fmt::format("no configuration of {} is one of {}", name_of(data), name_of(other)),
                 "both must part and harden the same components, but for their applications"};
  }
  Json result = data;
  const Json& platform = json_member(other, "platform");
  const std::string key = platform.is_object() ? json_text(json_member(platform, "key")) : "";
  result["beside"] = {{"spec", json_text(json_member(other, "spec"))},
                      {"workload", name_of(other)},
                      {"made", json_text(json_member(other, "made"))},
                      {"platform", key.empty() ? Json(nullptr) : Json(key)},
                      {"count", theirs.size()},
                      {"configurations", std::move(pairs)}};
  return result;
}

}  // namespace flexos
