#include "codegen/script.h"

#include <fmt/format.h>

#include <algorithm>

namespace flexos {

namespace {

constexpr std::uint64_t kBase = 0x1000000;  // both platforms; below it is the nucleus
constexpr std::uint64_t kPage = 4096;

}  // namespace

std::string linker_script(const Plan& plan, const std::vector<Linked>& objects,
                          const std::string& gates_path, const std::string& platform_path,
                          const std::string& platform_sections, const std::string& entry,
                          const std::map<std::string, std::vector<std::string>>& marshalled,
                          const Sizes& sizes) {
  std::string s = "/* Generated: what this configuration means for the linker. */\n";
  s += fmt::format("ENTRY({})\n", entry);
  s += platform_sections;
  s += "SECTIONS {\n";
  s += fmt::format("  . = 0x{:x};\n  text_start = .;\n", kBase);
  for (const Linked& o : objects) {
    s += fmt::format("  .text.{} : {{ \"{}\"(.text .text.*) }}\n", o.name, o.path);
  }
  s += fmt::format("  .gate.text : ALIGN(64) {{ \"{}\"(.gate.text) }}\n", gates_path);
  s += fmt::format(
      "  .platform.text : ALIGN(64) {{ __platform_text_start = .; \"{}\"(.platform.text "
      ".platform.text.*) __platform_text_end = .; }}\n",
      platform_path);
  s += fmt::format("  . = ALIGN({0});\n  text_end = .;\n  rodata_start = .;\n", kPage);
  s += "  .rodata : { *(.rodata .rodata.*) *(.platform.rodata .platform.rodata.*) }\n";
  s += fmt::format("  .kcfi_traps : {{ *(.kcfi_traps) }}\n  . = ALIGN({});\n  rodata_end = .;\n",
                   kPage);
  for (const Compartment& c : plan.compartments) {
    const int k = c.number;
    s += fmt::format("  /* compartment {}, key {} */\n", k, c.key);
    s += fmt::format("  .data.{0} : {{\n    data_start.{0} = .;\n    \"{1}\"(.data.gate.{0})\n", k,
                     gates_path);
    for (const char* kind : {"data", "bss"}) {
      for (const Linked& o : objects) {
        if (o.compartment != k) continue;
        s += fmt::format("    \"{}\"(.{} .{}.*{})\n", o.path, kind, kind,
                         kind == std::string("bss") ? " COMMON" : "");
      }
    }
    s += fmt::format("    . = ALIGN({});\n  }}\n  data_end.{} = .;\n", kPage, k);
  }
  for (const StackDomain& d : plan.domains) {
    if (d.compartments.size() == 1) continue;
    s += fmt::format(
        "  .data.domain.{0} : {{ domain_start.{0} = .; \"{1}\"(.data.domain.{0}) . = ALIGN({2}); "
        "}}\n  domain_end.{0} = .;\n",
        d.number, gates_path, kPage);
  }
  s += "  /DISCARD/ : { *(.comment) *(.note .note.*) *(.eh_frame*) *(.llvm_addrsig) }\n}\n";
  s += "\n/* Memory behind the image: in no segment, zero when it starts. */\n";
  std::string last = "image_end";
  s += fmt::format("image_end = {};\n",
                   plan.domains.empty() ? "." : fmt::format("ALIGN({})", kPage));
  const auto area = [&](const std::string& name, int number, std::uint64_t size) {
    s += fmt::format("{0}_start.{1} = {2};\n{0}_end.{1} = {0}_start.{1} + 0x{3:x};\n", name, number,
                     last, size);
    last = fmt::format("{}_end.{}", name, number);
  };
  for (const StackDomain& d : plan.domains) {
    // The lowest page of each stack stays unmapped: an overflow faults.
    s += fmt::format("stack_guard.{} = {} + 0x{:x};\n", d.number, last, kPage);
    last = fmt::format("stack_guard.{}", d.number);
    area("stack", d.number, sizes.stack * sizes.threads);
  }
  for (const Compartment& c : plan.compartments) area("window", c.number, sizes.window);
  for (const Compartment& c : plan.compartments) {
    const bool allocates =
        std::any_of(plan.bindings.begin(), plan.bindings.end(), [&](const Binding& b) {
          return b.how == How::memory && b.target == fmt::format("heap_start.{}", c.number);
        });
    area("heap", c.number, allocates ? sizes.heap : 0);
  }
  s += "\n/* What each object calls, and what that is here. */\n";
  for (const Binding& b : plan.bindings) {
    s += fmt::format("ref.{}.{} = {};", b.object, b.symbol, b.target);
    s += fmt::format(" /* {} */\n", name_of(b.how));
  }
  for (const auto& [marshaller, functions] : marshalled) {
    for (const std::string& f : functions) {
      for (const Instance& i : plan.instances) {
        if (i.object != marshaller) continue;
        const auto gate = std::find_if(plan.gates.begin(), plan.gates.end(), [&](const Gate& g) {
          return g.from == i.compartment && g.marshalled && g.function == f &&
                 g.target.rfind("def." + marshaller.substr(0, marshaller.size() - 8) + ".", 0) == 0;
        });
        s += fmt::format("ref.{}.{}.gate_{} = {};\n", i.object, i.compartment, f,
                         gate == plan.gates.end() ? "gate_forged" : gate->symbol);
      }
    }
  }
  for (const Instance& i : plan.instances) {
    if (i.object.size() < 8 || i.object.substr(i.object.size() - 8) != "_marshal") continue;
    s += fmt::format("ref.{0}.{1}.window = window.{1};\nref.{0}.{1}.window_end = window_end.{1};\n",
                     i.object, i.compartment);
    s += fmt::format("ref.{}.{}.platform_fault = platform_fault;\n", i.object, i.compartment);
  }
  return s;
}

}  // namespace flexos
