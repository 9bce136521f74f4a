#include "cli/harden.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace flexos {

namespace {

std::size_t at(int i) { return static_cast<std::size_t>(i); }

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> words(1);
  for (const char c : text) {
    if (c == ' ') continue;
    if (c == '+') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  return words;
}

template <typename List>
std::optional<int> find(const List& list, const std::string& name) {
  const auto found =
      std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  if (found == list.end()) return std::nullopt;
  return static_cast<int>(found - list.begin());
}

bool allows(const Component& component, const std::string& hardening) {
  const auto& allowed = component.allowed_hardening;
  return std::find(allowed.begin(), allowed.end(), hardening) != allowed.end();
}

bool wrong(App& app, const std::string& message, const std::string& hint = "") {
  app.fail(kUsage, "--harden: " + message, hint);
  return false;
}

bool add(App& app, const Spec& spec, const std::string& name, const std::string& hardening,
         Configuration& c) {
  const auto h = find(spec.hardening, hardening);
  if (!h) return wrong(app, fmt::format("there is no hardening `{}`", hardening));
  const std::uint64_t bit = std::uint64_t{1} << *h;
  if (name == "*") {
    for (int i = 0; i < spec.size(); ++i) {
      if (allows(spec.components[at(i)], hardening)) c.hardening[at(i)] |= bit;
    }
    return true;
  }
  const auto i = find(spec.components, name);
  if (!i) return wrong(app, fmt::format("there is no component `{}`", name));
  if (!allows(spec.components[at(*i)], hardening)) {
    return wrong(app, fmt::format("`{}` cannot be built with `{}`", name, hardening),
                 "`hardening: {allow: [...]}` in the component's file says with what, and why");
  }
  c.hardening[at(*i)] |= bit;
  return true;
}

}  // namespace

bool add_hardening(App& app, const Spec& spec, const std::vector<std::string>& texts,
                   Configuration& configuration) {
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos) {
      return wrong(app, fmt::format("`{}` names no hardening", text),
                   "write COMPONENT=HARDENING, like sqlite=asan+ubsan, or *=cfi");
    }
    for (const std::string& name : split(text.substr(0, equals))) {
      for (const std::string& hardening : split(text.substr(equals + 1))) {
        if (!add(app, spec, name, hardening, configuration)) return false;
      }
    }
  }
  for (int i = 0; i < spec.size(); ++i) {
    for (const Hardening& one : spec.hardening) {
      for (const std::string& other : one.excludes) {
        const auto bits = configuration.hardening[at(i)];
        if ((bits >> *find(spec.hardening, one.name) & 1U) == 0 ||
            (bits >> *find(spec.hardening, other) & 1U) == 0) {
          continue;
        }
        return wrong(app, fmt::format("`{}` cannot have both `{}` and `{}`",
                                      spec.components[at(i)].name, one.name, other));
      }
    }
  }
  return true;
}

}  // namespace flexos
