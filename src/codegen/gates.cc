#include "codegen/gates.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "codegen/callback.h"
#include "codegen/manifest.h"

/// Gates: the code that carries a call from one compartment into another with protection keys.
///
/// Rights are a register (PKRU) that unprivileged code can write. So the only wrpkru instructions
/// of an image stand in `.gate.text` and in the platform, each followed by a comparison of eax with
/// the constant that was meant: who jumps to the instruction with other rights does not get past it
/// (scan.h proves that there are no others, hidden ones included). Where a gate leads, and with
/// which rights, are immediates in read-only text; nothing is taken from memory that the other
/// side can write.
///
/// Trusted: text and constants of the image (nobody can write them) and the platform. Not trusted:
/// the caller, the callee, and whoever jumps to any byte of a gate.
///
/// State of stack domain d (compartments that share a stack), in the domain's own memory:
///
///     slot.d   the stack pointer to enter d with. While d waits: just above what it saved
///     wait.d   the gate that d waits to come back through, 0 = none
///
/// Both are read and written with d's rights, so only d can forge them, to its own harm alone.
///
/// light (mpk.light): memory changes hands, the stack and the registers do not. 2 wrpkru and moves.
/// full (mpk.full):   private stacks; registers that carry no argument are zero for the callee, and
///                    those that carry no result are zero for the caller; the callee's stack
///                    pointer comes from its slot; who returns must return through the gate that is
///                    waited for.
///
/// What a full gate cannot see: which compartment runs. One that was entered by C while A waits for
/// C can jump to the return half of A's gate to C and so answer A in C's place (docs/gates.md).
///
/// wrpkru wants ecx = edx = 0 and takes eax. Memory accesses do not pass it (Intel SDM, vol. 2), so
/// no fence is needed.
namespace flexos {

namespace {

constexpr std::uint32_t kAllServices = 31;
constexpr std::array kArguments32 = {"edi", "esi", "edx", "ecx", "r8d", "r9d"};
constexpr std::array kSaved = {"rbx", "rbp", "r12", "r13", "r14", "r15"};
constexpr std::array kSaved32 = {"ebx", "ebp", "r12d", "r13d", "r14d", "r15d"};

std::size_t at(int i) { return static_cast<std::size_t>(i); }

class Writer {
 public:
  explicit Writer(Defence without) : without_(without) {}
  bool has(Defence defence) const { return defence != without_; }
  void line(const std::string& text) { text_ += "    " + text + "\n"; }
  void label(const std::string& name) { text_ += name + ":\n"; }
  void raw(const std::string& text) { text_ += text; }
  std::string take() { return std::move(text_); }

 private:
  std::string text_;
  Defence without_;
};

void set_rights(Writer& w, std::uint32_t rights) {
  w.line("xorl %ecx, %ecx");
  w.line("xorl %edx, %edx");
  w.line(fmt::format("movl $0x{:08x}, %eax", rights));
  w.line("wrpkru");
  if (!w.has(Defence::rights_check)) return;
  w.line(fmt::format("cmpl $0x{:08x}, %eax", rights));
  w.line("jne gate_forged");
}

/// With the callee's rights: its errno into r11.
void take_errno(Writer& w, const Gate& g) {
  if (!g.carries_errno) return;
  w.line("movl platform_thread(%rip), %r11d");
  w.line(fmt::format("movl def.rt.{}.rt_errno(,%r11,4), %r11d", g.to));
}

/// With the caller's rights: r11 into its errno. Takes rcx.
void give_errno(Writer& w, const Gate& g) {
  if (!g.carries_errno) return;
  w.line("movl platform_thread(%rip), %ecx");
  w.line(fmt::format("movl %r11d, def.rt.{}.rt_errno(,%rcx,4)", g.from));
}

int stack_words(const Gate& gate) { return std::max(0, gate.arguments - 6); }

void scrub_vectors(Writer& w, int kept) {
  if (!w.has(Defence::vector_scrub)) return;
  for (int v = kept; v < 16; ++v) w.line(fmt::format("pxor %xmm{0}, %xmm{0}", v));
}

void open_symbol(Writer& w, const std::string& name) {
  w.raw("    .balign 16\n");
  w.raw(fmt::format("    .globl {0}\n    .type {0}, @function\n", name));
  w.label(name);
}

void close_symbol(Writer& w, const std::string& name) {
  w.raw(fmt::format("    .size {0}, . - {0}\n\n", name));
}

/// On the shared stack. r10, r11, r9 hold what wrpkru takes.
void light(Writer& w, const Plan& plan, const Gate& g) {
  const int words = stack_words(g);
  const int pad = words % 2 == 0 ? 1 : 0;
  open_symbol(w, g.symbol);
  if (pad != 0) w.line("subq $8, %rsp");
  for (int i = 0; i < words; ++i) w.line(fmt::format("pushq {}(%rsp)", 8 * (pad + words)));
  w.line("movq %rdx, %r10");
  w.line("movq %rcx, %r11");
  set_rights(w, plan.compartments[at(g.to) - 1].pkru);
  w.line("movq %r10, %rdx");
  w.line("movq %r11, %rcx");
  w.line("call " + g.target);
  take_errno(w, g);
  w.line("movq %rax, %r10");
  set_rights(w, plan.compartments[at(g.from) - 1].pkru);
  w.line("movq %r10, %rax");
  give_errno(w, g);
  w.line(fmt::format("addq ${}, %rsp", 8 * (pad + words)));
  w.line("ret");
  close_symbol(w, g.symbol);
}

/// On the callee's own stack, with nothing in registers but arguments and results.
void full(Writer& w, const Plan& plan, const Gate& g, int number) {
  const int words = stack_words(g);
  open_symbol(w, g.symbol);
  // The caller's rights: what it keeps goes onto its own stack, and the slot above that.
  for (const char* r : kSaved) w.line(fmt::format("pushq %{}", r));
  const int from = plan.compartments[at(g.from) - 1].domain;
  const int to = plan.compartments[at(g.to) - 1].domain;
  w.line(fmt::format("pushq slot.{}(%rip)", from));
  w.line(fmt::format("pushq wait.{}(%rip)", from));
  w.line("subq $8, %rsp");
  if (w.has(Defence::control_restore)) {
    w.line("stmxcsr (%rsp)");
    w.line("fnstcw 4(%rsp)");
  }
  for (int i = 0; i < words; ++i) {
    w.line(fmt::format("movq {}(%rsp), %{}", 8 * (3 + 6 + 1 + i), kSaved[at(i)]));
  }
  w.line(fmt::format("movq %rsp, slot.{}(%rip)", from));
  w.line(fmt::format("movq ${}, wait.{}(%rip)", number, from));
  if (g.arguments > 2) w.line("movq %rdx, %r10");
  if (g.arguments > 3) w.line("movq %rcx, %r11");
  set_rights(w, plan.compartments[at(g.to) - 1].pkru);
  // The callee's rights, and its stack.
  if (w.has(Defence::stack_switch)) w.line(fmt::format("movq slot.{}(%rip), %rsp", to));
  if (w.has(Defence::control_restore)) {
    w.line("ldmxcsr gate_control(%rip)");
    w.line("fldcw gate_control+4(%rip)");
  }
  if (words % 2 != 0) w.line("subq $8, %rsp");
  for (int i = words - 1; i >= 0; --i) w.line(fmt::format("pushq %{}", kSaved[at(i)]));
  if (g.arguments > 2) w.line("movq %r10, %rdx");
  if (g.arguments > 3) w.line("movq %r11, %rcx");
  if (w.has(Defence::register_scrub)) {
    for (int i = std::min(g.arguments, 6); i < 6; ++i) {
      if (i != 2 && i != 3) {  // rdx and rcx are zero since the rights were set
        w.line(fmt::format("xorl %{0}, %{0}", kArguments32[at(i)]));
      }
    }
    w.line("xorl %eax, %eax");
    w.line("xorl %r10d, %r10d");
    w.line("xorl %r11d, %r11d");
    for (const char* r : kSaved32) w.line(fmt::format("xorl %{0}, %{0}", r));
  }
  scrub_vectors(w, std::min(g.vectors, 8));
  w.line("cld");
  w.line("call " + g.target);
  take_errno(w, g);
  w.line("movq %rax, %r10");
  set_rights(w, plan.compartments[at(g.from) - 1].pkru);
  // The caller's rights. Is this what it waits for?
  if (w.has(Defence::wait_check)) {
    w.line(fmt::format("cmpq ${}, wait.{}(%rip)", number, from));
    w.line("jne gate_forged");
  }
  w.line(fmt::format("movq slot.{}(%rip), %rsp", from));
  if (w.has(Defence::control_restore)) {
    w.line("ldmxcsr (%rsp)");
    w.line("fldcw 4(%rsp)");
  }
  w.line("addq $8, %rsp");
  w.line(fmt::format("popq wait.{}(%rip)", from));
  w.line(fmt::format("popq slot.{}(%rip)", from));
  for (auto r = kSaved.rbegin(); r != kSaved.rend(); ++r) w.line(fmt::format("popq %{}", *r));
  give_errno(w, g);
  w.line("movq %r10, %rax");
  w.line("xorl %edx, %edx");
  w.line("xorl %ecx, %ecx");
  for (const char* r : {"esi", "edi", "r8d", "r9d", "r10d", "r11d"}) {
    if (w.has(Defence::result_scrub)) w.line(fmt::format("xorl %{0}, %{0}", r));
  }
  scrub_vectors(w, g.returns_vector ? 1 : 0);
  w.line("cld");
  w.line("ret");
  close_symbol(w, g.symbol);
}

std::string joined(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

void contract(Writer& w, const Spec& spec, const Gate& g) {
  if (g.callee < 0) {
    w.raw(fmt::format("// Of an attack: {} gate, compartment {} -> {}\n", g.full ? "full" : "light",
                      g.from, g.to));
    return;
  }
  const Component& callee = spec.components[at(g.callee)];
  const auto entry = std::find_if(callee.api.begin(), callee.api.end(),
                                  [&](const EntryPoint& e) { return e.name == g.function; });
  w.raw(g.callback.empty()
            ? fmt::format("// {}: {}\n", callee.name, entry->signature)
            : fmt::format("// {}: {} calls `{}` back; the last argument is the binding's number\n",
                          callee.name, g.function, g.callback));
  w.raw(fmt::format("//   {} gate, compartment {} -> {}; called by {}{}\n",
                    g.full ? "full" : "light", g.from, g.to,
                    g.callback.empty() ? joined(g.callers) : callee.name,
                    g.marshalled ? " through its marshaller, which has copied the buffers" : ""));
  w.raw(fmt::format("//   live across: {} argument word{}{}, {}{}\n", g.arguments,
                    g.arguments == 1 ? "" : "s", g.vectors > 0 ? " and vectors" : "",
                    g.returns_vector ? "result in xmm0" : "result in rax",
                    g.carries_errno ? ", errno" : ""));
}

void state(Writer& w, const Plan& plan, const Sizes& sizes) {
  for (const StackDomain& d : plan.domains) {
    w.raw(fmt::format("    .section {}, \"aw\"\n    .balign 8\n", state_section(d)));
    w.raw(fmt::format("    .globl slot.{0}, wait.{0}\n", d.number));
    w.raw(fmt::format("slot.{0}: .quad stack_start.{0} + {1}\n", d.number, sizes.stack));
    w.raw(fmt::format("wait.{0}: .quad 0\n", d.number));
  }
  for (const Compartment& c : plan.compartments) {
    w.raw(fmt::format("    .section .data.gate.{}, \"aw\"\n    .balign 8\n", c.number));
    w.raw(fmt::format("    .globl window.{0}\nwindow.{0}:\n", c.number));
    for (std::uint32_t t = 0; t < sizes.threads; ++t) {
      w.raw(fmt::format("    .quad window_start.{} + {}\n", c.number, t * sizes.window));
    }
    w.raw(fmt::format("started.{}: .quad 0\n", c.number));
  }
  w.raw("\n");
}

/// Enters compartment k at most once: who jumps here later finds it started.
void enter(Writer& w, const Plan& plan, int k, int stage) {
  if (plan.keys) set_rights(w, plan.compartments[at(k) - 1].pkru);
  if (w.has(Defence::start_check)) {
    w.line(fmt::format("cmpq ${}, started.{}(%rip)", stage, k));
    w.line("jne gate_forged");
  }
  w.line(fmt::format("incq started.{}(%rip)", k));
  w.line(fmt::format("movq slot.{}(%rip), %rsp", plan.compartments[at(k) - 1].domain));
}

/// Instead of the application: the compartment that the image's arguments name attacks.
void start_attack(Writer& w, const Plan& plan, std::vector<int>& stage) {
  const int application = plan.home(plan.application).number;
  enter(w, plan, application, stage[at(application)]++);
  w.line(fmt::format("call def.probe.{}.probe_select", application));
  for (const Compartment& c : plan.compartments) {
    w.line(fmt::format("cmpl ${}, %eax", c.number));
    w.line(fmt::format("je attack.{}", c.number));
  }
  w.line("jmp gate_forged");
  for (const Compartment& c : plan.compartments) {
    w.label(fmt::format("attack.{}", c.number));
    enter(w, plan, c.number, stage[at(c.number)]);
    w.line(fmt::format("call def.probe.{}.probe_run", c.number));
    w.line("movl %eax, %edi");
    w.line("call platform_exit");
  }
}

void start(Writer& w, const Plan& plan, const Part& runtime, const std::vector<Part>& parts,
           const std::vector<Hook>& before, const std::vector<Hook>& after) {
  w.raw(
      "// From the platform, once, on thread 0: initialises each compartment with its own rights,\n"
      "// then runs the application.\n");
  open_symbol(w, "flexos_start");
  std::vector<int> stage(plan.compartments.size() + 1, 0);
  const bool initialised =
      std::count(runtime.exports.begin(), runtime.exports.end(), "rt_init") != 0;
  for (const Compartment& c : plan.compartments) {
    if (!initialised) break;
    enter(w, plan, c.number, stage[at(c.number)]++);
    w.line(fmt::format("call def.rt.{}.rt_init", c.number));
  }
  const auto run = [&](const Hook& hook) {
    const int k = plan.home(hook.component).number;
    enter(w, plan, k, stage[at(k)]++);
    w.line(
        fmt::format("call def.{}.{}", symbol_name(parts[at(hook.component)].name), hook.function));
  };
  for (const Hook& hook : before) run(hook);
  if (plan.probes) {
    start_attack(w, plan, stage);
    close_symbol(w, "flexos_start");
    return;
  }
  run({plan.application, parts[at(plan.application)].main});
  w.line("movl %eax, %ebx");
  for (const Hook& hook : after) run(hook);
  w.line("movl %ebx, %edi");
  w.line(plan.counting ? "call count_exit" : "call platform_exit");
  close_symbol(w, "flexos_start");
}

void traps(Writer& w) {
  w.raw(
      "// Who ends up here has jumped into the middle of a gate. Rights are whatever they are: "
      "all\n"
      "// that is left is to stop.\n");
  open_symbol(w, "gate_forged");
  w.line("leaq gate_kind(%rip), %rdi");
  w.line("leaq gate_forged(%rip), %rsi");
  w.line("xorl %edx, %edx");
  // Whose stack this is, nobody knows: it is not used here.
  w.line("andq $-16, %rsp");
  w.line("subq $8, %rsp");
  w.line("jmp platform_fault");
  close_symbol(w, "gate_forged");
  w.raw(
      "    .section .rodata\ngate_kind: .asciz \"gate\"\n"
      "// MXCSR and the x87 control word as a callee finds them.\n"
      "    .balign 8\ngate_control: .long 0x1f80, 0x37f\n\n");
}

void table(Writer& w, const Plan& plan, const Sizes& sizes) {
  w.raw("    .section .rodata\n    .balign 8\n    .globl flexos_image\nflexos_image:\n");
  w.raw(fmt::format("    .quad 0x00736f78656c66\n    .long 1, {}, region_count, {}\n    .quad {}\n",
                    plan.compartments.size(), sizes.threads, sizes.stack));
  w.raw(fmt::format("    .long {}, {}\n    .quad flexos_start, regions, compartments\n",
                    plan.home(plan.application).number, plan.keys ? 1 : 0));
  w.raw("compartments:\n    .fill 3, 8, 0\n");
  for (const Compartment& c : plan.compartments) {
    w.raw(fmt::format("    .long 0x{:08x}, {}\n    .quad slot.{}, stack_start.{}\n", c.pkru,
                      w.has(Defence::services) ? c.services : kAllServices, c.domain, c.domain));
  }
  // Start and end are the linker script's; empty regions are left out by the platform.
  w.raw("regions:\n");
  int count = 0;
  const auto region = [&](const std::string& start, const std::string& end, int key,
                          int protection) {
    w.raw(fmt::format("    .quad {}, {}\n    .long {}, {}\n", start, end, key, protection));
    ++count;
  };
  region("text_start", "text_end", 0, 1 | 4);
  region("rodata_start", "rodata_end", 0,
         w.has(Defence::rodata_read_only) ? w.has(Defence::rodata_no_execute) ? 1 : 1 | 4 : 1 | 2);
  const auto key = [&](Defence defence, int own) { return w.has(defence) ? own : 0; };
  // One a thread. The lowest page is not mapped: an overflow faults before it reaches a neighbour.
  const auto stacks = [&](const std::string& start, std::uint64_t size, int own) {
    for (std::uint64_t at = 0; at < size * sizes.threads; at += size) {
      region(fmt::format("{} + {}", start, at + kStackGuard),
             fmt::format("{} + {}", start, at + size), own, 1 | 2);
    }
  };
  for (const Compartment& c : plan.compartments) {
    const int k = c.number;
    region(fmt::format("data_start.{}", k), fmt::format("data_end.{}", k),
           key(Defence::data_key, c.key), 1 | 2);
    region(fmt::format("heap_start.{}", k), fmt::format("heap_end.{}", k),
           key(Defence::heap_key, c.key), 1 | 2);
    region(fmt::format("window_start.{}", k), fmt::format("window_end.{}", k), 0, 1 | 2);
    stacks(fmt::format("private_start.{}", k), c.unsafe_stack ? sizes.unsafe_stack : 0, c.key);
    region(fmt::format("private_start.{} + {}", k,
                       c.unsafe_stack ? sizes.unsafe_stack * sizes.threads : 0),
           fmt::format("private_end.{}", k), c.key, 1 | 2);
  }
  for (const StackDomain& d : plan.domains) {
    stacks(fmt::format("stack_start.{}", d.number), sizes.stack, key(Defence::stack_key, d.key));
    if (d.compartments.size() > 1) {
      region(fmt::format("domain_start.{}", d.number), fmt::format("domain_end.{}", d.number),
             d.key, 1 | 2);
    }
  }
  w.raw(fmt::format("    .set region_count, {}\n", count));
}

}  // namespace

std::string state_section(const StackDomain& domain) {
  return domain.compartments.size() > 1 ? fmt::format(".data.domain.{}", domain.number)
                                        : fmt::format(".data.gate.{}", domain.compartments.front());
}

std::string gates_source(const Spec& spec, const Plan& plan, const Part& runtime,
                         const std::vector<Part>& parts, const std::vector<Hook>& before,
                         const std::vector<Hook>& after, const Sizes& sizes) {
  Writer w(plan.without);
  w.raw(
      "// Generated. The gates of one image; docs/gates.md says why they look as they do.\n"
      "    .att_syntax\n\n");
  state(w, plan, sizes);
  w.raw("    .section .gate.text, \"ax\"\n\n");
  int number = 0;
  for (const Gate& g : plan.gates) {
    contract(w, spec, g);
    if (g.full) {
      full(w, plan, g, ++number);
    } else {
      light(w, plan, g);
    }
  }
  for (const TypedEntry& t : plan.typed) {
    w.raw(fmt::format(
        "// kcfi: {} as its callers see its type.\n    .balign 16\n    .long 0x{:08x}\n", t.target,
        t.type_id));
    w.raw(fmt::format("    .globl {0}\n    .type {0}, @function\n{0}:\n    jmp {1}\n\n", t.symbol,
                      t.target));
  }
  w.raw(callbacks_source(plan));
  if (!plan.callbacks.empty()) w.raw("    .section .gate.text, \"ax\"\n\n");
  start(w, plan, runtime, parts, before, after);
  traps(w);
  table(w, plan, sizes);
  w.raw("    .section .note.GNU-stack, \"\", @progbits\n");
  return w.take();
}

}  // namespace flexos
