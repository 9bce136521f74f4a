#include "codegen/callback.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

namespace flexos {

namespace {

constexpr std::array kArguments32 = {"edi", "esi", "edx", "ecx", "r8d", "r9d"};

bool is_vector(const std::string& type) { return type == "double" || type == "float"; }

std::string table_of(const Callback& c) {
  return fmt::format("gates.{}.{}.{}.{}", c.from, c.component, c.function, c.parameter);
}

Gate gate_back(const Gate& there, const Parameter& p, const Callback& c) {
  Gate gate;
  gate.from = c.from;
  gate.to = c.to;
  gate.callee = there.callee;
  gate.function = there.function;
  gate.callback = p.name;
  gate.full = there.full;
  for (const Parameter& argument : p.callback->parameters) {
    (is_vector(argument.type) ? gate.vectors : gate.arguments) += 1;
  }
  gate.arguments += 1;  // which binding
  gate.returns_vector = is_vector(p.callback->result);
  gate.symbol = c.gate;
  gate.target = fmt::format("def.{}_marshal.{}.land_{}", c.component, c.to, c.name());
  gate.callers = there.callers;
  return gate;
}

void add_instance(Plan& plan, const std::string& object, int compartment) {
  const bool known = std::any_of(
      plan.instances.begin(), plan.instances.end(),
      [&](const Replica& i) { return i.object == object && i.compartment == compartment; });
  if (!known) plan.instances.push_back({object, compartment});
}

}  // namespace

void add_callbacks(Plan& plan, const EntryPoint& entry, const std::string& component,
                   const Gate& there, Sharing sharing) {
  for (const Parameter& p : entry.parameters) {
    if (p.callback == nullptr) continue;
    Callback c;
    c.from = there.to;
    c.to = there.from;
    c.component = component;
    c.function = entry.name;
    c.parameter = p.name;
    c.copies = sharing == Sharing::copy && has_buffers(*p.callback);
    c.symbol = fmt::format("callback.{}.{}.{}.{}.{}", c.from, c.to, component, entry.name, p.name);
    c.gate = fmt::format("gate.{}.{}.{}.{}.{}", c.from, c.to, component, entry.name, p.name);
    const auto known = std::find_if(plan.gates.begin(), plan.gates.end(),
                                    [&](const Gate& g) { return g.symbol == c.gate; });
    if (known != plan.gates.end()) {
      known->callers.insert(there.callers.begin(), there.callers.end());
      continue;
    }
    const Gate gate = gate_back(there, p, c);
    c.token = gate.arguments - 1;
    plan.gates.push_back(gate);
    plan.callbacks.push_back(c);
    if (c.copies) add_instance(plan, component + "_marshal", c.from);
  }
}

std::string callbacks_source(const Plan& plan) {
  std::string text;
  std::map<std::string, std::map<int, std::string>> tables;  // gates by compartment
  for (const Callback& c : plan.callbacks) {
    if (c.copies) tables[table_of(c)][c.to] = c.gate;
    text += fmt::format(
        "// {}: compartment {} calls `{}` back in compartment {}. To be called with the rights of\n"
        "// {} only: the stub reads what nobody else can. Adds the binding's number to the "
        "arguments.\n"
        "    .section .text.callback.{}, \"ax\"\n    .balign {}\n",
        c.function, c.from, c.parameter, c.to, c.from, c.from, kStubSize);
    for (int i = 0; i < kBindings; ++i) {
      text += fmt::format("    .long 0x{:08x}, 0x{:08x}\n", 0x90909090U, c.type_id);
      if (i == 0) text += fmt::format("    .globl {0}\n    .type {0}, @function\n{0}:\n", c.symbol);
      if (plan.without != Defence::callback_owner) {
        text += fmt::format("    cmpb $0, started.{}(%rip)\n", c.from);
      }
      text += fmt::format(
          "    movl ${}, %{}\n    jmp {}\n    .balign {}, 0x90\n", c.copies ? c.to << 8 | i : i,
          kArguments32[static_cast<size_t>(c.token)],
          c.copies ? fmt::format("def.{}_marshal.{}.cross_{}", c.component, c.from, c.name())
                   : c.gate,
          kStubSize);
    }
    text += fmt::format("    .size {0}, . - {0}\n\n", c.symbol);
  }
  if (!tables.empty()) text += "    .section .rodata\n    .balign 8\n";
  for (const auto& [name, gates] : tables) {
    text += fmt::format("    .globl {0}\n{0}:\n", name);
    for (std::size_t k = 0; k <= plan.compartments.size(); ++k) {
      const auto gate = gates.find(static_cast<int>(k));
      text += fmt::format("    .quad {}\n", gate == gates.end() ? "gate_forged" : gate->second);
    }
  }
  return text;
}

std::string callback_references(const Plan& plan, const std::string& component, int compartment,
                                const std::vector<std::string>& callbacks) {
  const std::string object = fmt::format("{}_marshal.{}", component, compartment);
  std::string text;
  for (const std::string& name : callbacks) {
    // What is nobody's here: null stubs, an empty window, a table without a gate.
    std::string stubs = "0";
    std::string table = "0";
    int peer = 0;
    for (const Callback& c : plan.callbacks) {
      if (c.component != component || c.name() != name) continue;
      if (c.to == compartment) stubs = c.symbol;
      if (c.to == compartment) peer = c.from;
      if (c.from == compartment && c.copies) table = table_of(c);
    }
    const std::string window = peer == 0 ? "0" : fmt::format("window_start.{}", peer);
    const std::string end = peer == 0 ? "0" : fmt::format("window_end.{}", peer);
    text += fmt::format("ref.{0}.stubs_{1} = {2};\nref.{0}.gates_{1} = {3};\n", object, name, stubs,
                        table);
    text += fmt::format("ref.{0}.peer_{1} = {2};\nref.{0}.peer_end_{1} = {3};\n", object, name,
                        window, end);
  }
  if (!callbacks.empty()) {
    text += fmt::format("ref.{0}.code_start = code_start.{1};\nref.{0}.code_end = code_end.{1};\n",
                        object, compartment);
  }
  return text;
}

}  // namespace flexos
