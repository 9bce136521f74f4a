#include "spec/component_reader.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>

#include "spec/edit_distance.h"
#include "spec/reader.h"
#include "spec/scalar.h"
#include "spec/signature.h"

namespace flexos {

namespace {

const NumberRange kFactor{.least = 0, .most = 1000, .above = true};

bool is_star(const Node& node) { return node.is_scalar() && node.text == "*"; }

Span part(const Span& span, std::size_t offset, std::size_t length) {
  return {span.source, span.begin + offset, span.begin + offset + length};
}

/// Where `offset` of a scalar's text stands in the file; the whole scalar where quotes or folding
/// make that unclear.
Span text_span(const Node& node, std::size_t offset, std::size_t length) {
  const std::size_t lead = node.plain ? 0 : 1;
  const std::string_view raw = node.span.text();
  if (raw.size() < lead || raw.substr(lead, node.text.size()) != node.text) return node.span;
  return part(node.span, lead + offset, length);
}

class ComponentReader {
 public:
  ComponentReader(Report& report, Scope& scope, const ComponentInput& input)
      : report_(report),
        scope_(scope),
        input_(input),
        map_(report, input.node, "a component",
             {"component", "description", "untrusted", "behavior", "requires", "api", "variants",
              "hardening", "calls", "size", "build"}) {}

  ComponentResult read() {
    Component& c = result_.component;
    c.name = input_.name;
    c.from_spec = input_.from_spec;
    c.origin = make_origin(input_.span, input_.span);
    c.variants.push_back({.name = "default",
                          .behavior = {},
                          .evidence = {},
                          .slowdown = 1,
                          .verified = false,
                          .safer_than = {},
                          .build = {}});
    if (map_) {
      if (const auto node = map_.get("description")) {
        c.description = read_text(report_, *node, "`description`").value_or("");
      }
      if (const auto node = map_.get("untrusted")) {
        c.untrusted = read_boolean(report_, *node, "`untrusted`").value_or(false);
      }
      if (const auto node = map_.get("size")) c.size = read_size(report_, *node, "`size`", 0);
      if (const auto node = map_.get("behavior")) read_behavior(node, c.variants[0].behavior);
      if (const auto node = map_.get("api")) read_api(*node);
      if (const auto node = map_.get("requires")) read_requirement(node);
      if (const auto node = map_.get("build")) read_build(node);
      if (const auto node = map_.get("variants")) read_variants(*node);  // they share its build
      if (const auto node = map_.get("calls")) read_call_graph(*node);
    }
    read_hardening(map_ ? map_.get("hardening") : nullptr);
    return std::move(result_);
  }

 private:
  void read_behavior(const NodePtr& node, Behavior& behavior) {
    const MapReader map(report_, node, "`behavior`", {"reads", "writes", "calls"});
    if (!map) return;
    if (const auto reads = map.get("reads")) {
      behavior.reads = read_regions(report_, *reads, "`reads`").value_or(behavior.reads);
    }
    if (const auto writes = map.get("writes")) {
      behavior.writes = read_regions(report_, *writes, "`writes`").value_or(behavior.writes);
    }
    if (const auto calls = map.get("calls")) {
      behavior.calls =
          read_calls(report_, *calls, "`calls`", result_.calls).value_or(behavior.calls);
    }
  }

  void read_api(const Node& node) {
    std::map<std::string, Span> seen;
    for (const NodePtr& item :
         read_list(report_, node, "`api`",
                   node.is_scalar() ? fmt::format("write `[{}]`", one_line(node.span)) : "")) {
      if (!item->is_scalar()) {
        wrong_type(report_, *item, "an entry point must be a name or a signature",
                   item->is_map() ? "quote a signature that holds `: `" : "");
        continue;
      }
      SignatureResult parsed = parse_signature(item->text);
      if (!parsed.error.empty()) {
        const bool torn = item->plain && parsed.error.find("never closed") != std::string::npos;
        report_.error(text_span(*item, parsed.at, parsed.length), "bad-signature", parsed.error,
                      torn ? "in a `[...]` list a signature must be quoted" : parsed.hint);
        if (torn) return;  // the rest of the list is the rest of the signature
        continue;
      }
      const auto [first, fresh] = seen.emplace(parsed.entry.name, item->span);
      if (!fresh) {
        report_
            .error(item->span, "duplicate-function",
                   fmt::format("entry point {} is listed twice", ticked(parsed.entry.name)))
            .note(first->second, "first given here");
        continue;
      }
      result_.component.api.push_back(std::move(parsed.entry));
    }
  }

  void read_requirement(const NodePtr& node) {
    const MapReader map(report_, node, "`requires`", {"reads", "writes", "calls"});
    if (!map) return;
    Requirement& grants = result_.component.grants;
    if (const Entry* entry = map.entry("reads")) {
      grants.reads = read_regions(report_, *entry->value, "`reads`", Star::refused);
      grants.reads_origin = make_origin(*entry);
      require(*entry, StatementKind::require_reads, grants.reads.has_value());
    }
    if (const Entry* entry = map.entry("writes")) {
      grants.writes = read_regions(report_, *entry->value, "`writes`", Star::refused);
      grants.writes_origin = make_origin(*entry);
      require(*entry, StatementKind::require_writes, grants.writes.has_value());
    }
    if (const Entry* entry = map.entry("calls")) {
      grants.calls = read_granted_calls(*entry->value);
      grants.calls_origin = make_origin(*entry);
      require(*entry, StatementKind::require_calls, grants.calls.has_value());
    }
  }

  /// What the spec itself requires is a statement of the user's.
  void require(const Entry& entry, StatementKind kind, bool constrains) {
    if (!constrains || !entry.key->span.source->primary) return;
    Statement statement;
    statement.kind = kind;
    statement.origin = make_origin(entry);
    result_.requirements.push_back(std::move(statement));
  }

  std::optional<std::vector<std::string>> read_granted_calls(const Node& node) {
    std::vector<std::string> names;
    const auto& api = result_.component.api;
    if (node.is_scalar() && node.text == "api") {
      if (!map_.entry("api")) {
        report_.error(node.span, "no-api",
                      fmt::format("`calls: api` grants the entry points of `api`, but {} has none",
                                  ticked(input_.name)),
                      "add `api`, or list the functions");
      }
      for (const EntryPoint& entry : api) names.push_back(entry.name);
      return names;
    }
    if (node.is_scalar()) {
      wrong_type(report_, node, "`calls` must be `api` or a list of own functions",
                 is_star(node) ? "drop the key to grant all calls"
                               : fmt::format("write `[{}]`", one_line(node.span)));
      return names;
    }
    std::set<std::string_view> known;
    for (const EntryPoint& entry : api) known.insert(entry.name);
    for (const NodePtr& item : read_words(report_, node, "`calls`", false)) {
      if (!is_function_name(item->text)) {
        report_.error(item->span, "bad-name",
                      fmt::format("{} is not the name of a function", ticked(item->text)));
        continue;
      }
      if (!api.empty() && !known.contains(item->text)) warn_function(item->text, item->span);
      names.push_back(item->text);
    }
    return names;
  }

  void warn_function(const std::string& function, const Span& span) {
    if (report_.full()) return;
    std::vector<std::string> names;
    for (const EntryPoint& entry : result_.component.api) names.push_back(entry.name);
    report_.warning(span, "unknown-function",
                    fmt::format("{} has no entry point {}", ticked(input_.name), ticked(function)),
                    did_you_mean(function, names));
  }

  void read_variants(const Node& node) {
    Component& c = result_.component;
    struct Named {
      const Entry* entry;
      NodePtr safer_than;
    };
    std::vector<Named> named;
    for (const Entry& entry : read_map(report_, node, "`variants`")) {
      const auto name = read_name(report_, *entry.key, "a variant");
      if (!name) continue;
      if (*name == "default") {
        report_.error(entry.key->span, "reserved-name",
                      "`default` is the component's original implementation",
                      "give this variant another name");
        continue;
      }
      if (c.variants.size() >= 32) {
        report_.error(entry.key->span, "too-many", "a component has at most 32 variants");
        break;
      }
      Variant variant = c.variants[0];
      variant.name = *name;
      const MapReader map(report_, entry.value, "a variant",
                          {"behavior", "evidence", "slowdown", "safer_than", "build"});
      if (map) {
        if (const auto value = map.get("behavior")) read_behavior(value, variant.behavior);
        if (const auto text = map.get("evidence")) {
          variant.evidence = read_text(report_, *text, "`evidence`").value_or("");
        }
        if (const auto value = map.get("slowdown")) {
          variant.slowdown =
              read_number(report_, *value, "`slowdown`", kFactor).value_or(variant.slowdown);
        }
        if (const Entry* build = map.entry("build")) read_variant_build(*build, variant);
      }
      variant.verified = !variant.evidence.empty() || variant.name == "verified";
      c.variants.push_back(std::move(variant));
      named.push_back({&entry, map.get("safer_than")});
    }
    std::vector<std::string> names;
    for (const Variant& variant : c.variants) names.push_back(variant.name);
    for (std::size_t i = 0; i < named.size(); ++i) {
      Variant& variant = c.variants[i + 1];
      if (named[i].safer_than != nullptr) {
        read_safer_than(*named[i].safer_than, names, variant);
      } else if (variant.verified) {
        variant.safer_than = {"default"};
      }
    }
    for (std::size_t i = 0; i < named.size(); ++i) {
      if (report_safer_cycle(i + 1, *named[i].entry)) break;
    }
  }

  void read_safer_than(const Node& node, const std::vector<std::string>& names, Variant& variant) {
    for (const NodePtr& item : read_words(report_, node, "`safer_than`", false)) {
      if (std::find(names.begin(), names.end(), item->text) == names.end()) {
        report_.error(item->span, "unknown-variant",
                      fmt::format("{} has no variant {}", ticked(input_.name), ticked(item->text)),
                      did_you_mean(item->text, names));
      } else {
        variant.safer_than.push_back(item->text);
      }
    }
  }

  /// A variant that is, step by step, declared safer than itself.
  bool report_safer_cycle(std::size_t start, const Entry& entry) {
    const auto& variants = result_.component.variants;
    std::vector<bool> reached(variants.size());
    std::vector<std::size_t> todo = {start};
    while (!todo.empty()) {
      const std::size_t at = todo.back();
      todo.pop_back();
      for (const std::string& name : variants[at].safer_than) {
        const auto next = static_cast<std::size_t>(
            std::find_if(variants.begin(), variants.end(),
                         [&](const Variant& v) { return v.name == name; }) -
            variants.begin());
        if (next == start) {
          report_.error(
              entry.key->span, "safer-cycle",
              fmt::format("variant {} is declared safer than itself", ticked(variants[start].name)),
              "`safer_than` must not lead back to where it began");
          return true;
        }
        if (!reached[next]) {
          reached[next] = true;
          todo.push_back(next);
        }
      }
    }
    return false;
  }

  void read_call_graph(const Node& node) {
    result_.has_call_graph = true;
    for (const Entry& entry :
         read_map(report_, node, "`calls`", "write `calls: {component: [function]}`")) {
      const auto add = [&](const std::string& function, const Span& span) {
        result_.component.call_graph.push_back({entry.key->text, function});
        result_.calls.push_back({{entry.key->text, function}, span, entry.key->span});
      };
      if (is_star(*entry.value)) {
        add("*", entry.key->span);
        continue;
      }
      for (const NodePtr& item : read_words(report_, *entry.value, "the functions called", false)) {
        if (is_star(*item) || is_function_name(item->text)) {
          add(item->text, item->span);
        } else {
          report_.error(item->span, "bad-name",
                        fmt::format("{} is not the name of a function", ticked(item->text)));
        }
      }
    }
  }

  void read_build(const NodePtr& node) {
    const MapReader map(report_, node, "`build`",
                        {"package", "sources", "exclude", "includes", "flags", "proved", "leaf",
                         "replicate", "errno", "main", "unhardened"});
    if (!map) return;
    Build build;
    read_compiled(map, "src/kernel/components/" + input_.name + "/*.cc", build);
    if (const auto leaf = map.get("leaf")) {
      for (const NodePtr& item : read_words(report_, *leaf, "`leaf`", false)) {
        if (check_function(item->text, item->span)) build.leaf.push_back(item->text);
      }
    }
    if (const auto flag = map.get("replicate")) {
      build.replicate = read_boolean(report_, *flag, "`replicate`").value_or(false);
    }
    if (const auto flag = map.get("errno")) {
      build.sets_errno = read_boolean(report_, *flag, "`errno`").value_or(false);
    }
    if (const auto main = map.get("main")) {
      const auto name = read_text(report_, *main, "`main`");
      if (name && check_function(*name, main->span)) build.main = *name;
    }
    result_.component.build = std::move(build);
  }

  /// Another implementation has its own sources and the component's interface: which functions are
  /// leaves, what `main` is called. What it doesn't say of the rest is as the component's, too.
  void read_variant_build(const Entry& entry, Variant& variant) {
    const MapReader map(
        report_, entry.value, "`build` of a variant",
        {"package", "sources", "exclude", "includes", "flags", "proved", "unhardened"});
    if (!map) return;
    Build build = result_.component.build.value_or(Build{});
    build.exclude.clear();
    build.proved.clear();
    read_compiled(map, fmt::format("src/kernel/components/{}/{}/*.cc", input_.name, variant.name),
                  build);
    if (!map_.entry("build")) {
      report_.error(entry.key->span, "variant-alone",
                    fmt::format("variant {} has a `build`, but {} itself has none",
                                ticked(variant.name), ticked(input_.name)),
                    "the component's `build` says what all its variants share: `leaf`, "
                    "`replicate`, `errno`, `main`");
      return;
    }
    if (variant.evidence == "why3" && !map.entry("proved")) {
      report_.error(
          entry.key->span, "no-proof",
          fmt::format("variant {} names why3 as its evidence, but its `build` holds no proof",
                      ticked(variant.name)),
          "`proved: [FILE.mlw]` is what gets proved, and is made the C that the sources include");
      return;
    }
    variant.build = std::move(build);
  }

  /// The keys that a component's `build` and a variant's have both.
  void read_compiled(const MapReader& map, const std::string& example, Build& build) {
    if (const auto package = map.get("package")) {
      build.package = read_name(report_, *package, "a package", true).value_or("");
    }
    const auto sources = map.require("sources", "list them: `sources: [" + example + "]`");
    if (sources != nullptr) build.sources = read_paths(*sources, "`sources`");
    if (sources != nullptr && sources->is_sequence() && sources->items.empty()) {
      report_.error(sources->span, "too-few", "`sources` must hold at least one file");
    }
    if (const auto paths = map.get("exclude")) build.exclude = read_paths(*paths, "`exclude`");
    if (const auto paths = map.get("includes")) build.includes = read_paths(*paths, "`includes`");
    if (const auto paths = map.get("proved")) read_proved(*paths, build);
    if (const auto flags = map.get("flags")) {
      build.flags.clear();
      for (const NodePtr& item : read_list(report_, *flags, "`flags`")) {
        // Repeated flags mean something (`-mllvm a -mllvm b`), so this is no list of words.
        if (auto flag = read_text(report_, *item, "a flag")) build.flags.push_back(*flag);
      }
    }
    if (const auto unhardened = map.get("unhardened")) {
      build.unhardened.clear();
      read_exemptions(*unhardened, build);
    }
  }

  void read_proved(const Node& node, Build& build) {
    build.proved = read_paths(node, "`proved`");
    if (node.is_sequence() && node.items.empty()) {
      report_.error(node.span, "too-few", "`proved` must hold at least one file");
    }
    if (!node.is_sequence()) return;
    for (const NodePtr& item : node.items) {
      if (!item->is_scalar() || item->text.ends_with(".mlw")) continue;
      report_.error(item->span, "bad-path", fmt::format("{} is no WhyML file", ticked(item->text)),
                    "what why3 proves ends in `.mlw`");
    }
  }

  /// `asan: [{functions: [strlen], because: ...}]`: what is left out is said, and so is the reason.
  void read_exemptions(const Node& node, Build& build) {
    constexpr std::string_view kForm =
        "write `unhardened: {asan: [{functions: [strlen], because: reads whole words}]}`";
    for (const Entry& entry : read_map(report_, node, "`unhardened`", std::string(kForm))) {
      const bool known = scope_.hardening(*entry.key).has_value();
      for (const NodePtr& item :
           read_list(report_, *entry.value, "the exemptions", std::string(kForm))) {
        const MapReader map(report_, item, "an exemption", {"functions", "because"});
        if (!map) continue;
        Exemption exemption{entry.key->text, {}, {}};
        if (const auto functions = map.require("functions")) {
          for (const NodePtr& name : read_words(report_, *functions, "`functions`", false)) {
            if (check_function(name->text, name->span)) exemption.functions.push_back(name->text);
          }
        }
        if (const auto because = map.require("because",
                                             "say what the functions do that the "
                                             "hardening forbids")) {
          exemption.because = read_text(report_, *because, "`because`").value_or("");
        }
        if (known) build.unhardened.push_back(std::move(exemption));
      }
    }
  }

  bool check_function(const std::string& name, const Span& span) {
    if (is_function_name(name)) return true;
    report_.error(span, "bad-name", fmt::format("{} is not the name of a function", ticked(name)));
    return false;
  }

  /// Paths below a source tree: what a build reads must be pinned with that tree.
  std::vector<std::string> read_paths(const Node& node, std::string_view what) {
    std::vector<std::string> paths;
    for (const NodePtr& item : read_words(report_, node, what, false)) {
      const std::string& path = item->text;
      const std::string framed = "/" + path + "/";
      if (path.empty() || path[0] == '/' || framed.find("/../") != std::string::npos) {
        report_.error(item->span, "bad-path",
                      fmt::format("{} must stay below its source tree", ticked(path)),
                      "write a path without a leading `/` and without `..`");
      } else {
        paths.push_back(path);
      }
    }
    return paths;
  }

  void read_hardening(const NodePtr& node) {
    Component& c = result_.component;
    c.allowed_hardening = scope_.hardening_names();
    if (node == nullptr) return;
    const MapReader map(report_, node, "`hardening` of a component", {"allow", "slowdown"});
    if (!map) return;
    if (const auto allow = map.get("allow")) {
      c.allowed_hardening.clear();
      for (const NodePtr& item : read_words(report_, *allow, "`allow`", false)) {
        if (scope_.hardening(*item)) c.allowed_hardening.push_back(item->text);
      }
      std::sort(c.allowed_hardening.begin(), c.allowed_hardening.end());
    }
    if (const auto slowdown = map.get("slowdown")) {
      for (const Entry& entry :
           read_map(report_, *slowdown, "`slowdown` of a component's hardening",
                    "write `slowdown: {asan: 2.1}`")) {
        const auto factor = read_number(report_, *entry.value, "a slowdown", kFactor);
        if (!scope_.hardening(*entry.key) || !factor) continue;
        c.slowdown[entry.key->text] = *factor;
        if (entry.key->span.source->primary) c.stated_slowdown.push_back(entry.key->text);
      }
    }
  }

  Report& report_;
  Scope& scope_;
  const ComponentInput& input_;
  MapReader map_;
  ComponentResult result_;
};

}  // namespace

ComponentResult read_component(Report& report, Scope& scope, const ComponentInput& input) {
  return ComponentReader(report, scope, input).read();
}

std::optional<Regions> read_regions(Report& report, const Node& node, std::string_view what,
                                    Star star) {
  if (is_star(node) && star == Star::allowed) {
    return Regions{.any = true, .own = false, .shared = false};
  }
  if (!node.is_sequence()) {
    const bool region = node.is_scalar() && (node.text == "own" || node.text == "shared");
    wrong_type(report, node,
               fmt::format("{} must be {}a list out of [own, shared]", what,
                           star == Star::allowed ? "\"*\" or " : ""),
               region          ? fmt::format("write `[{}]`", node.text)
               : is_star(node) ? "write `[own, shared]` for both"
                               : "");
    return std::nullopt;
  }
  Regions regions;
  for (const NodePtr& item : read_words(report, node, what, false)) {
    if (item->text == "own") {
      regions.own = true;
    } else if (item->text == "shared") {
      regions.shared = true;
    } else if (item->text == "*") {
      report.error(item->span, "unknown-region", "`*` stands for all regions, outside a list",
                   "write \"*\" without the brackets");
    } else {
      report.error(
          item->span, "unknown-region", fmt::format("unknown memory region {}", ticked(item->text)),
          did_you_mean(item->text, {"own", "shared"}, "the regions are `own` and `shared`"));
    }
  }
  return regions;
}

std::optional<Calls> read_calls(Report& report, const Node& node, std::string_view what,
                                std::vector<PendingCall>& pending) {
  if (is_star(node)) return Calls{.any = true, .functions = {}};
  if (!node.is_sequence()) {
    wrong_type(report, node,
               fmt::format("{} must be \"*\" or a list of `component.function`", what),
               node.is_scalar() ? fmt::format("write `[{}]`", one_line(node.span)) : "");
    return std::nullopt;
  }
  Calls calls{.any = false, .functions = {}};
  for (const NodePtr& item : read_words(report, node, what, false)) {
    const std::size_t dot = item->text.find('.');
    const std::string component = item->text.substr(0, dot);
    const std::string function = dot == std::string::npos ? "" : item->text.substr(dot + 1);
    if (!is_name(component) || (function != "*" && !is_function_name(function))) {
      const bool star = item->text == "*";
      report.error(item->span, "bad-function",
                   fmt::format("expected `component.function`, found {}", ticked(item->text)),
                   star ? "write \"*\" without the brackets"
                   : is_name(component) && dot == std::string::npos
                       ? fmt::format("`{}.*` is its whole api", component)
                       : "");
      continue;
    }
    calls.functions.push_back({component, function});
    pending.push_back({{component, function}, item->span, text_span(*item, 0, component.size())});
  }
  return calls;
}

void resolve_calls(Report& report, Scope& scope, std::vector<ComponentResult>& components) {
  struct Owner {
    std::vector<std::string> names;  // of its entry points
    std::set<std::string_view> known;
  };
  std::map<std::string, Owner> by_name;
  for (const ComponentResult& result : components) {
    Owner& owner = by_name[result.component.name];
    for (const EntryPoint& entry : result.component.api) {
      owner.names.push_back(entry.name);
      owner.known.insert(entry.name);
    }
  }
  for (const ComponentResult& result : components) {
    for (const PendingCall& call : result.calls) {
      if (report.full()) break;
      const auto target = by_name.find(call.function.component);
      if (target == by_name.end()) {
        // The library's components may call others that this spec leaves out.
        if (!scope.library_components.contains(call.function.component)) {
          scope.component(call.function.component, call.component_span);
        }
        continue;
      }
      const std::string& function = call.function.function;
      const Owner& owner = target->second;
      if (owner.names.empty() || function == "*" || owner.known.contains(function)) continue;
      report.warning(
          call.span, "unknown-function",
          fmt::format("{} has no entry point {}", ticked(target->first), ticked(function)),
          did_you_mean(function, owner.names));
    }
  }
  const auto absent = [&](const FunctionRef& f) { return !by_name.contains(f.component); };
  for (ComponentResult& result : components) {
    std::erase_if(result.component.call_graph, absent);
    for (Variant& variant : result.component.variants) {
      std::erase_if(variant.behavior.calls.functions, absent);
    }
  }
}

}  // namespace flexos
