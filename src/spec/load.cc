#include "spec/load.h"

#include <fmt/core.h>

#include <algorithm>
#include <exception>
#include <map>
#include <tuple>

#include "spec/component_reader.h"
#include "spec/definition_reader.h"
#include "spec/edit_distance.h"
#include "spec/files.h"
#include "spec/reader.h"
#include "spec/scalar.h"
#include "spec/scope.h"
#include "spec/security_reader.h"
#include "spec/spec_reader.h"

// From a file to a Spec, one readable list of passes (`SpecLoader::load`): definitions first, since
// components refer to hardening; components next, since everything else refers to them; `explore`
// before `budget`, since the mechanisms in play set the limits. Every pass reports and goes on.
namespace flexos {

namespace {

constexpr std::size_t kMaxComponents = 200;

NodePtr empty_map(const Span& span) {
  auto node = std::make_shared<Node>();
  node->kind = Node::Kind::map;
  node->span = span;
  return node;
}

class SpecLoader {
 public:
  SpecLoader(Report& report, Files& files, std::string preset)
      : report_(report), files_(files), preset_(std::move(preset)), scope_(report) {}

  /// The spec; incomplete where errors were reported.
  Spec load(const NodePtr& root, const std::string& file) {
    spec_.file = file;
    spec_.name = std::filesystem::path(file).stem().string();
    const MapReader map(report_, root, "a spec",
                        {"flexos", "name", "application", "workload", "preset", "components",
                         "security", "budget", "weights", "explore", "profile", "gates", "define"});
    if (!map || !check_version(map)) return std::move(spec_);
    const NodePtr preset = read_preset(map);
    read_names(map);
    read_definitions(map);
    read_components(map);
    check_application(map);
    read_statements(map, preset);
    if (const Entry* profile = map.entry("profile")) {
      read_profile(report_, scope_, files_, *profile, spec_);
    }
    sort_statements();
    return std::move(spec_);
  }

 private:
  /// A file of another version means other things by the same words: nothing more is said of it.
  bool check_version(const MapReader& map) {
    const auto version = map.get("flexos");
    if (version == nullptr) {
      report_.error(map.span(), "missing-key", "a spec needs the key `flexos`",
                    "begin the file with `flexos: 1`");
      return true;
    }
    if (version->is_scalar() && version->plain && version->text == "1") return true;
    report_.error(version->span, "unsupported-version",
                  fmt::format("expected `flexos: 1`, found {}", describe(*version)),
                  "this tool reads version 1 of the language");
    return false;
  }

  void read_names(const MapReader& map) {
    const auto text = [&](std::string_view key, std::string& into) {
      if (const auto node = map.get(key)) {
        if (auto value = read_text(report_, *node, fmt::format("`{}`", key))) {
          into = std::move(*value);
        }
      }
    };
    text("name", spec_.name);
    text("application", spec_.application);
    text("workload", spec_.workload);
  }

  /// The preset's tree; null where the spec names none.
  NodePtr read_preset(const MapReader& map) {
    const auto node = map.get("preset");
    const Span span = node == nullptr ? map.span() : node->span;
    std::optional<std::string> name;
    if (!preset_.empty()) {
      name = preset_;
    } else if (node != nullptr) {
      name = read_name(report_, *node, "a preset");
    }
    if (!name) return nullptr;
    const std::vector<std::string> known = files_.names("presets");
    if (std::find(known.begin(), known.end(), *name) == known.end()) {
      report_.error(span, "unknown-preset", fmt::format("unknown preset {}", ticked(*name)),
                    did_you_mean(*name, known, list_names("there are", known)));
      return nullptr;
    }
    NodePtr preset = files_.read(files_.path("presets", *name), span);
    if (preset == nullptr) return nullptr;
    const MapReader preset_map(report_, preset, "a preset",
                               {"preset", "description", "explore", "security"});
    if (!preset_map) return nullptr;
    preset_map.require("preset");
    return preset;
  }

  void read_definitions(const MapReader& map) {
    NodePtr mechanisms;
    NodePtr hardening;
    if (const auto define = map.get("define")) {
      const MapReader definitions(report_, define, "`define`", {"hardening", "mechanisms"});
      mechanisms = definitions.get("mechanisms");
      hardening = definitions.get("hardening");
    }
    const auto gates = map.get("gates");
    spec_.hardening = read_hardening(
        report_, scope_,
        collect_definitions(report_, files_, "hardening", "hardening", hardening.get()));
    spec_.mechanisms = read_mechanisms(
        report_, scope_,
        collect_definitions(report_, files_, "mechanisms", "mechanism", mechanisms.get()),
        gates.get());
    // Without page tables a VM is one address space; without VMs too, everything is.
    const auto level_of = [&](std::string_view name, std::size_t otherwise) {
      for (std::size_t i = 0; i < spec_.mechanisms.size(); ++i) {
        if (spec_.mechanisms[i].name == name) return static_cast<Level>(i);
      }
      return static_cast<Level>(otherwise);
    };
    spec_.vm = level_of("vm", spec_.mechanisms.size());
    spec_.pt = level_of("pt", spec_.vm);
  }

  void read_components(const MapReader& map) {
    for (const std::string& name : files_.names("components")) {
      scope_.library_components.insert(name);
    }
    const auto list = map.require("components", "list them: `components: [redis, lwip]`");
    if (list == nullptr) return;
    std::vector<ComponentInput> inputs;
    std::map<std::string, Span> seen;
    const auto& items =
        read_list(report_, *list, "`components`",
                  list->is_map()      ? "write each as `- name` or `- name: {...}`"
                  : list->is_scalar() ? fmt::format("write `[{}]`", one_line(list->span))
                                      : "");
    if (list->is_sequence() && items.empty()) {
      report_.error(list->span, "too-few", "a spec needs at least one component");
    }
    for (const NodePtr& item : items) {
      if (inputs.size() == kMaxComponents) {
        report_.error(item->span, "too-many",
                      fmt::format("a spec holds at most {} components", kMaxComponents));
        break;
      }
      auto input = read_component_item(item, seen);
      if (input) inputs.push_back(std::move(*input));
    }
    std::vector<ComponentResult> results;
    for (const ComponentInput& input : inputs) {
      scope_.add_component(input.name, static_cast<int>(results.size()));
      results.push_back(read_component(report_, scope_, input));
      component_spans_.push_back(input.span);
    }
    resolve_calls(report_, scope_, results);
    for (ComponentResult& result : results) {
      for (Statement& statement : result.requirements) {
        statement.components = {spec_.size()};
        spec_.statements.push_back(std::move(statement));
      }
      has_call_graph_.push_back(result.has_call_graph);
      spec_.components.push_back(std::move(result.component));
    }
    spec_.risk.assign(spec_.components.size(), Decimal(1));
    spec_.asset.assign(spec_.components.size(), Decimal(1));
  }

  /// `- name`, `- name: {overrides}` or a whole component.
  std::optional<ComponentInput> read_component_item(const NodePtr& item,
                                                    std::map<std::string, Span>& seen) {
    const Node* name_node = item.get();
    NodePtr overrides;
    bool inline_component = false;
    if (item->is_map()) {
      const Entry* component = item->find("component");
      inline_component = component != nullptr;
      if (inline_component) {
        name_node = component->value.get();
      } else if (item->entries.size() == 1) {
        name_node = item->entries[0].key.get();
        overrides = item->entries[0].value;
      } else {
        report_.error(item->span, "wrong-type",
                      "a component must be a name, a name with overrides, or begin with "
                      "`component: name`",
                      "write each as `- name` or `- name: {...}`");
        return std::nullopt;
      }
    }
    if (name_node->is_scalar() && (name_node->text == "untrusted" || name_node->text == "*")) {
      report_.error(
          name_node->span, "reserved-name",
          name_node->text == "*" ? "`*` stands for every component of a spec"
                                 : "`untrusted` is the group of untrusted components",
          inline_component ? "give this component another name" : "list the components by name");
      return std::nullopt;
    }
    const auto name = read_name(report_, *name_node, "a component");
    if (!name) return std::nullopt;
    const auto [first, fresh] = seen.emplace(*name, name_node->span);
    if (!fresh) {
      report_
          .error(name_node->span, "duplicate-component",
                 fmt::format("component {} is listed twice", ticked(*name)))
          .note(first->second, "first listed here");
      return std::nullopt;
    }
    ComponentInput input{*name, item, name_node->span, inline_component || overrides != nullptr};
    if (inline_component) return input;
    input.node = read_component_file(*name, name_node->span, overrides != nullptr);
    if (input.node == nullptr) {
      scope_.break_component(*name);
      return std::nullopt;
    }
    if (overrides != nullptr) {
      if (overrides->is_map()) {
        input.node = merge(input.node, overrides);
      } else {
        wrong_type(report_, *overrides,
                   fmt::format("what is added to {} must be a map", ticked(*name)),
                   fmt::format("write `- {}`, or `- {}: {{untrusted: true}}`", *name, *name));
      }
    }
    return input;
  }

  NodePtr read_component_file(const std::string& name, const Span& span, bool has_overrides) {
    if (!scope_.library_components.contains(name)) {
      const std::vector<std::string> known(scope_.library_components.begin(),
                                           scope_.library_components.end());
      report_.error(span, "unknown-component", fmt::format("unknown component {}", ticked(name)),
                    did_you_mean(name, known,
                                 fmt::format("describe it here: `- component: {}`{}", name,
                                             has_overrides ? " and its keys below" : "")));
      return nullptr;
    }
    NodePtr node = files_.read(files_.path("components", name), span);
    if (node == nullptr) return nullptr;
    const Entry* entry = node->is_map() ? node->find("component") : nullptr;
    if (entry == nullptr) {
      report_.error(node->span, "missing-key",
                    fmt::format("the file of a component begins with `component: {}`", name));
      return nullptr;
    }
    if (!entry->value->is_scalar() || entry->value->text != name) {
      report_.error(entry->value->span, "name-mismatch",
                    fmt::format("this must be {}, as the file is called", ticked(name)));
    }
    return node;
  }

  /// The application is wanted by later commands only, so a wrong one is no error yet.
  void check_application(const MapReader& map) {
    const auto node = map.get("application");
    if (node == nullptr || !node->is_scalar() || scope_.knows_component(node->text)) return;
    report_.warning(node->span, "unknown-application",
                    fmt::format("application {} is none of the components", ticked(node->text)),
                    did_you_mean(node->text, scope_.component_names()));
  }

  void read_statements(const MapReader& map, const NodePtr& preset) {
    const Node* preset_security = nullptr;
    NodePtr explore = map.get("explore");
    if (preset != nullptr) {
      if (const Entry* entry = preset->find("security")) preset_security = entry->value.get();
      if (const Entry* entry = preset->find("explore")) {
        explore = explore == nullptr ? entry->value
                  : preset_.empty()  ? merge(entry->value, explore)
                                     : merge(explore, entry->value);
      }
    }
    const auto security = map.get("security");
    if (security != nullptr) read_untrusted(report_, scope_, *security, spec_.components);
    for (const Node* list : {static_cast<const Node*>(security.get()), preset_security}) {
      if (list == nullptr) continue;
      for (Statement& statement : read_security(report_, scope_, *list, spec_)) {
        spec_.statements.push_back(std::move(statement));
      }
    }
    read_explore(report_, scope_, explore == nullptr ? empty_map(map.span()) : explore, spec_);
    if (const auto budget = map.get("budget")) read_budget(report_, budget, spec_);
    if (const auto weights = map.get("weights")) read_weights(report_, scope_, weights, spec_);
    warn_missing_graphs();
  }

  /// A hardening that confines calls to the call graph makes a component that has none call
  /// nothing, which is hardly meant.
  void warn_missing_graphs() {
    if (report_.has_errors()) return;  // a behaviour that could not be read is taken for "*"
    for (std::size_t i = 0; i < spec_.components.size(); ++i) {
      const Component& c = spec_.components[i];
      const bool any = std::any_of(c.variants.begin(), c.variants.end(),
                                   [](const Variant& v) { return v.behavior.calls.any; });
      if (!any || has_call_graph_[i]) continue;
      for (std::size_t h = 0; h < spec_.hardening.size(); ++h) {
        const Hardening& hardening = spec_.hardening[h];
        if (!hardening.calls_graph || !spec_.explored_hardening[h] ||
            !std::binary_search(c.allowed_hardening.begin(), c.allowed_hardening.end(),
                                hardening.name)) {
          continue;
        }
        report_.warning(component_spans_[i], "no-call-graph",
                        fmt::format("{} can be built with {}, but has no call graph: it is taken "
                                    "to call nothing then",
                                    ticked(c.name), ticked(hardening.name)),
                        "add `calls: {component: [function]}`, or leave this hardening out of its "
                        "`hardening: {allow: [...]}`");
        break;
      }
    }
  }

  /// In the order of the text; a preset's behind the spec's own.
  void sort_statements() {
    using Key = std::tuple<bool, std::string, int, int, std::size_t>;
    std::map<Key, Statement> sorted;
    for (Statement& s : spec_.statements) {
      const Key key(s.origin.file != spec_.file, s.origin.file, s.origin.line, s.origin.column,
                    sorted.size());
      sorted.emplace(key, std::move(s));
    }
    spec_.statements.clear();
    for (auto& [key, statement] : sorted) spec_.statements.push_back(std::move(statement));
  }

  Report& report_;
  Files& files_;
  std::string preset_;  ///< in place of the spec's own; empty: that one
  Scope scope_;
  Spec spec_;
  std::vector<bool> has_call_graph_;   ///< by component
  std::vector<Span> component_spans_;  ///< where the spec lists each
};

/// Nothing is thrown across this border: what the standard library throws is an error of the load.
template <typename Parse>
Loaded load(const std::string& name, const Library& library, const std::string& preset,
            Parse parse) {
  Loaded loaded;
  Report report;
  try {
    Files files(report, library);
    if (const NodePtr root = parse(files)) {
      Spec spec = SpecLoader(report, files, preset).load(root, name);
      if (!report.has_errors()) loaded.spec = std::move(spec);
    }
    loaded.diagnostics = report.take();
  } catch (const std::exception& error) {
    Diagnostic diagnostic;
    diagnostic.file = name;
    diagnostic.code = "cannot-read";
    diagnostic.message = fmt::format("this file cannot be read: {}", error.what());
    loaded.spec.reset();
    loaded.diagnostics.push_back(std::move(diagnostic));
  }
  return loaded;
}

}  // namespace

Loaded load_spec(const std::filesystem::path& file, const Library& library,
                 const std::string& preset) {
  return load(file.string(), library, preset,
              [&](Files& files) { return files.read(file, {}, true); });
}

Loaded load_spec_text(std::string_view text, const std::string& name, const Library& library) {
  return load(name, library, "",
              [&](Files& files) { return files.parse(name, std::string(text), true); });
}

std::vector<std::string> preset_names(const Library& library) {
  Report report;
  Files files(report, library);
  return files.names("presets");
}

}  // namespace flexos
