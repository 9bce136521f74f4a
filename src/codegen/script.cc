#include "codegen/script.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "codegen/callback.h"

namespace flexos {

namespace {

constexpr std::uint64_t kBase = 0x1000000;  // both platforms; below it is the nucleus
constexpr std::uint64_t kPage = 4096;
constexpr std::uint64_t kLargePage = 2 << 20;
constexpr std::uint64_t kMostData = 16 << 20;  // of a compartment with asan
constexpr std::string_view kMarshal = "_marshal";

/// The areas behind the image, one after the other.
class Areas {
 public:
  /// Defines START.number and END.number.
  void add(const std::string& name, int number, std::uint64_t size,
           std::uint64_t alignment = kPage) {
    text_ += fmt::format("{0}_start.{1} = ALIGN({2}, 0x{3:x});\n", name, number, last_, alignment);
    text_ += fmt::format("{0}_end.{1} = {0}_start.{1} + 0x{2:x};\n", name, number, size);
    last_ = fmt::format("{}_end.{}", name, number);
  }
  void define(const std::string& symbol, const std::string& value) {
    text_ += fmt::format("{} = {};\n", symbol, value);
  }
  const std::string& last() const { return last_; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  std::string last_ = "image_end";
};

std::string memory(const Plan& plan, const Sizes& sizes) {
  Areas areas;
  for (const StackDomain& d : plan.domains) {
    areas.add("stack", d.number, sizes.stack * sizes.threads);
  }
  for (const Compartment& c : plan.compartments) {
    const int k = c.number;
    areas.define(fmt::format("compartment_number.{}", k), std::to_string(k));
    areas.add("window", k, sizes.window * sizes.threads);
    areas.add("heap", k, c.allocates ? sizes.heap : 0, c.allocates ? kLargePage : kPage);
    // What only the runtime uses: unsafe stacks, and shadow of an eighth of what it covers.
    const std::uint64_t unsafe = c.unsafe_stack ? sizes.unsafe_stack * sizes.threads : 0;
    const std::uint64_t heap = c.asan && c.allocates ? sizes.heap : 0;
    const std::uint64_t stack = c.asan ? sizes.stack * sizes.threads : 0;
    const std::uint64_t data = c.asan ? kMostData : 0;
    areas.add("private", k, unsafe + (heap + stack + data) / 8);
    const auto symbol = [&](const char* name, const std::string& value) {
      areas.define(fmt::format("{}.{}", name, k), value);
    };
    symbol("unsafe_stack_start", fmt::format("private_start.{}", k));
    symbol("unsafe_stack_size", fmt::format("0x{:x}", c.unsafe_stack ? sizes.unsafe_stack : 0));
    std::uint64_t at = unsafe;
    const auto shadow = [&](const char* what, const std::string& start, const std::string& size,
                            std::uint64_t room) {
      symbol(fmt::format("asan_{}_start", what).c_str(), start);
      symbol(fmt::format("asan_{}_size", what).c_str(), size);
      symbol(fmt::format("asan_{}_shadow", what).c_str(),
             fmt::format("private_start.{} + 0x{:x}", k, at));
      at += room / 8;
    };
    shadow("data", fmt::format("data_start.{}", k),
           c.asan ? fmt::format("data_end.{0} - data_start.{0}", k) : "0", data);
    shadow("heap", fmt::format("heap_start.{}", k), fmt::format("0x{:x}", heap), heap);
    shadow("stack", fmt::format("stack_start.{}", c.domain), fmt::format("0x{:x}", stack), stack);
    if (c.asan) {
      areas.define(fmt::format("asan_room.{}", k),
                   fmt::format("ASSERT(data_end.{0} - data_start.{0} <= 0x{1:x}, \"compartment "
                               "{0} has more data than its shadow covers\")",
                               k, kMostData));
    }
  }
  areas.define("memory_end", areas.last());
  return areas.take();
}

}  // namespace

std::string linker_script(const Plan& plan, const std::vector<Linked>& objects,
                          const std::string& gates_path, const PlatformLink& platform,
                          const std::map<std::string, Marshalled>& marshalled, const Sizes& sizes) {
  std::string s = "/* Generated: what this configuration means for the linker. */\n";
  s += fmt::format("ENTRY({})\n", platform.entry);
  s += fmt::format(
      "PHDRS {{\n{}  image_text PT_LOAD FLAGS(5);\n  image_rodata PT_LOAD FLAGS(4);\n"
      "  image_data PT_LOAD FLAGS(6);\n}}\n",
      platform.headers);
  s += "SECTIONS {\n" + platform.sections;
  s += fmt::format("\n  . = 0x{:x};\n  text_start = .;\n", kBase);
  const auto text_of = [&](int compartment) {
    for (const Linked& o : objects) {
      if (o.compartment != compartment) continue;
      s += fmt::format("  .text.{} : {{ \"{}\"(.text .text.*) }} :image_text\n", o.name, o.path);
    }
  };
  if (sizes.shift > 0) {
    s += fmt::format("  .text.shift : {{ . += {}; BYTE(0xcc) }} :image_text\n", sizes.shift - 1);
  }
  text_of(0);
  for (const Compartment& c : plan.compartments) {
    s += fmt::format("  code_start.{} = .;\n", c.number);
    text_of(c.number);
    s += fmt::format(
        "  .text.callback.{0} : {{ \"{1}\"(.text.callback.{0}) }} :image_text\n"
        "  code_end.{0} = .;\n",
        c.number, gates_path);
  }
  s += fmt::format("  .gate.text : ALIGN(64) {{ KEEP(\"{}\"(.gate.text)) }} :image_text\n",
                   gates_path);
  s += fmt::format(
      "  .platform.text : ALIGN(64) {{ platform_text_start = {1}; __platform_text_start = .; "
      "\"{0}\"(.platform.text .platform.text.*) platform_text_end = {2}; __platform_text_end = .; "
      "}} :image_text\n",
      platform.object, plan.without == Defence::platform_text ? "text_start" : ".",
      plan.without == Defence::platform_text ? "text_end" : ".");
  s += fmt::format("  . = ALIGN({0});\n  text_end = .;\n  rodata_start = .;\n", kPage);
  for (const Compartment& c : plan.compartments) {
    s += fmt::format("  .init_array.{0} : {{ rt_constructors_start.{0} = .;", c.number);
    for (const Linked& o : objects) {
      if (o.compartment == c.number) {
        s += fmt::format(" KEEP(\"{}\"(.init_array .init_array.*))", o.path);
      }
    }
    s += fmt::format(" }} :image_rodata\n  rt_constructors_size.{0} = SIZEOF(.init_array.{0});\n",
                     c.number);
  }
  if (sizes.shift > 0) {
    s += fmt::format("  .rodata.shift : {{ . += {}; BYTE(0) }} :image_rodata\n",
                     2 * sizes.shift - 1);
  }
  s +=
      "  .rodata : { *(.platform.rodata .platform.rodata.*) *(.rodata .rodata.*) } :image_rodata\n";
  s += fmt::format(
      "  .kcfi_traps : {{ *(.kcfi_traps) }} :image_rodata\n  . = ALIGN({});\n  rodata_end = .;\n",
      kPage);
  for (const Compartment& c : plan.compartments) {
    const int k = c.number;
    s += fmt::format("  /* compartment {}, key {} */\n", k, c.key);
    s += fmt::format("  .data.{0} : {{\n    data_start.{0} = .;\n    \"{1}\"(.data.gate.{0})\n", k,
                     gates_path);
    if (sizes.shift > 0) s += fmt::format("    . += {};\n", sizes.shift);
    for (const char* kind : {"data", "bss"}) {
      for (const Linked& o : objects) {
        if (o.compartment != k) continue;
        s += fmt::format("    \"{}\"(.{} .{}.*{})\n", o.path, kind, kind,
                         kind == std::string("bss") ? " COMMON" : "");
      }
    }
    s += fmt::format("    . = ALIGN({});\n  }} :image_data\n  data_end.{} = .;\n", kPage, k);
  }
  for (const StackDomain& d : plan.domains) {
    if (d.compartments.size() == 1) continue;
    s += fmt::format(
        "  .data.domain.{0} : {{ domain_start.{0} = .; \"{1}\"(.data.domain.{0}) . = ALIGN({2}); "
        "}} :image_data\n  domain_end.{0} = .;\n",
        d.number, gates_path, kPage);
  }
  s += fmt::format("  image_end = ALIGN({});\n", kPage);
  s += "  /DISCARD/ : { *(.comment) *(.note .note.*) *(.eh_frame*) *(.llvm_addrsig) }\n}\n";
  s += "\n/* Memory behind the image: in no segment, zero when it starts. */\n";
  s += memory(plan, sizes);
  s += "\n/* What each object calls, and what that is here. */\n";
  for (const Binding& b : plan.bindings) {
    s += fmt::format("ref.{}.{} = {}; /* {} */\n", b.object, b.symbol, b.target, name_of(b.how));
  }
  for (const Replica& i : plan.instances) {
    const auto functions = marshalled.find(i.object);
    if (functions == marshalled.end()) continue;
    const std::string object = fmt::format("{}.{}", i.object, i.compartment);
    const std::string callee = i.object.substr(0, i.object.size() - kMarshal.size());
    for (const std::string& f : functions->second.functions) {
      const auto gate = std::find_if(plan.gates.begin(), plan.gates.end(), [&](const Gate& g) {
        return g.from == i.compartment && g.marshalled &&
               g.symbol.ends_with(fmt::format(".{}.{}", callee, f));
      });
      const auto counted =
          std::find_if(plan.counted.begin(), plan.counted.end(),
                       [&](const Counted& c) { return c.marshaller == object && c.function == f; });
      // A function that nobody calls here: who jumps to its marshaller is stopped.
      s += fmt::format("ref.{}.gate_{} = {};\n", object, f,
                       counted != plan.counted.end() ? counted->symbol
                       : gate == plan.gates.end()    ? "gate_forged"
                                                     : gate->symbol);
    }
    s += fmt::format("ref.{0}.window = window.{1};\nref.{0}.window_start = window_start.{1};\n",
                     object, i.compartment);
    s += fmt::format("ref.{}.window_size = 0x{:x};\n", object, sizes.window);
    s += fmt::format(
        "ref.{0}.platform_fault = platform_fault;\nref.{0}.platform_thread = platform_thread;\n",
        object);
    s += callback_references(plan, callee, i.compartment, functions->second.callbacks);
  }
  return s;
}

}  // namespace flexos
