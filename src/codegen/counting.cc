#include "codegen/counting.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "kernel/include/flexos/image.h"

/// How a call is counted.
///
/// A component's calls go through symbols of the linker script (plan.h), so nothing is recompiled:
/// `ref.libc.vfs_write` is bound to `count.N` instead of `def.vfs.vfs_write`. The stub
///
///     adds one to its counter,
///     charges the time since the last stub to whoever ran until now,
///     makes the callee the one that runs, and calls;
///     after the call, the other way round.
///
/// Arguments can lie on the stack, right above the return address, and the stub knows nothing of
/// their number. So it takes the return address off the stack, keeps it on a stack of its own (one
/// a thread) and calls with the stack as it found it. Frames remember the stack pointer: who leaves
/// by longjmp leaves frames behind, and these are dropped by the next stub that returns. Functions
/// that return twice (setjmp) get no stub.
///
/// What is charged, and where:
///
///     an account a component     the time in its own code, also where a function of it is `leaf`
///                                or an instance: a hardening slows these down as well
///     an account an edge         the time in the callee's marshaller on behalf of one caller: what
///                                copying costs if the two are apart and share by `copy`
///
/// Calls that would cross no boundary (leaf, replica) are kept apart: they are no calls of the
/// profile. Each stub takes time too, some of it before its look at the clock and some after. It is
/// measured in the image itself, on a function that does nothing, and printed; who reads the table
/// takes it off (src/bench/profile.cc). Under -icount all of this is exact.
namespace flexos {

namespace {

constexpr std::uint32_t kDepth = 1024;  ///< nested calls between components

std::size_t at(int i) { return static_cast<std::size_t>(i); }

/// They look at their return address, or come back twice.
bool unusual(const std::string& function) {
  static const std::set<std::string> kNames = {"setjmp",     "_setjmp",     "__setjmp",
                                               "sigsetjmp",  "longjmp",     "_longjmp",
                                               "siglongjmp", "__sigsetjmp", "libc_start"};
  return kNames.contains(function);
}

/// The component that an object of the plan is made of; -1: the runtime, a marshaller.
int component_of(const Spec& spec, const std::string& object) {
  const std::string name = object.substr(0, object.find('.'));
  for (int i = 0; i < spec.size(); ++i) {
    if (symbol_name(spec.components[at(i)].name) == name) return i;
  }
  return -1;
}

const EntryPoint* entry_of(const Component& component, const std::string& function) {
  const auto found = std::find_if(component.api.begin(), component.api.end(),
                                  [&](const EntryPoint& e) { return e.name == function; });
  return found == component.api.end() ? nullptr : &*found;
}

/// Through the marshaller? Callbacks would need gates back; a call that hands one over is counted
/// as it is.
bool copies(const EntryPoint& entry, Sharing sharing) {
  const bool callbacks = std::any_of(entry.parameters.begin(), entry.parameters.end(),
                                     [](const Parameter& p) { return p.callback != nullptr; });
  return sharing == Sharing::copy && !entry.signature.empty() && !callbacks && has_buffers(entry);
}

std::string name_of_component(const Spec& spec, int component) {
  return component < 0 ? "-" : spec.components[at(component)].name;
}

}  // namespace

ObjectRecipe count_recipe(const std::filesystem::path& project) {
  ObjectRecipe recipe;
  recipe.name = "count";
  recipe.sources = {project / "src/kernel/components/count/count.cc"};
  recipe.exports = {"count_report", "count_empty", "flexos_measure"};
  return recipe;
}

Result<Done> add_counting(
    Plan& plan, const Spec& spec,
    const std::function<bool(int component, const std::string&)>& is_function) {
  if (plan.compartments.size() != 1) {
    return Error{"counting images have one compartment: where the calls go is counted, not gates",
                 "count in the unprotected image"};
  }
  plan.counting = true;
  Compartment& home = plan.compartments.front();
  home.services |= FLEXOS_SERVICE_CONSOLE;
  std::map<std::string, std::string> inner;  // of a marshaller: the stub between it and the callee
  const auto add = [&](Counted counted) {
    counted.symbol = fmt::format("count.{}", plan.counted.size());
    plan.counted.push_back(std::move(counted));
    return plan.counted.back().symbol;
  };
  for (Binding& b : plan.bindings) {
    if (b.symbol == "flexos_measure" && b.how == How::absent) {
      b.how = How::runtime;
      b.target = fmt::format("def.count.{}.flexos_measure", home.number);
      continue;
    }
    if (b.how == How::platform && b.symbol == "platform_exit") {
      b.target = "count_exit";
      continue;
    }
    if (b.how == How::platform && b.symbol == "platform_idle") {
      b.target = "count_idle";
      continue;
    }
    const bool call = b.how == How::call || b.how == How::leaf || b.how == How::replica;
    if (!call || b.callee < 0 || unusual(b.symbol) || !is_function(b.callee, b.symbol)) continue;
    // What a kcfi caller takes the address of is typed already: the hash stands in front of that.
    const auto typed = std::find_if(plan.typed.begin(), plan.typed.end(),
                                    [&](const TypedEntry& t) { return t.symbol == b.target; });
    std::string& target = typed == plan.typed.end() ? b.target : typed->target;
    const Component& callee = spec.components[at(b.callee)];
    const bool leaf = callee.build && std::count(callee.build->leaf.begin(),
                                                 callee.build->leaf.end(), b.symbol) != 0;
    Counted counted;
    counted.target = target;
    counted.caller = component_of(spec, b.object);
    counted.callee = b.callee;
    counted.function = b.symbol;
    counted.edge = b.how == How::call && !leaf;
    const EntryPoint* entry = entry_of(callee, b.symbol);
    if (counted.edge && counted.caller >= 0 && entry != nullptr && copies(*entry, spec.sharing)) {
      const std::string object =
          fmt::format("{}_marshal.{}", symbol_name(callee.name), home.number);
      auto known = inner.find(target);
      if (known == inner.end()) {
        Counted behind = counted;
        behind.edge = false;
        behind.marshaller = object;
        known = inner.emplace(target, add(std::move(behind))).first;
        plan.instances.push_back(
            {fmt::format("{}_marshal", symbol_name(callee.name)), home.number});
      }
      counted.copied = true;
      counted.target = fmt::format("def.{}.{}", object, b.symbol);
    }
    target = add(std::move(counted));
  }
  // One marshaller a callee, whatever the number of its functions.
  std::sort(plan.instances.begin(), plan.instances.end(), [](const Replica& a, const Replica& b) {
    return std::pair(a.object, a.compartment) < std::pair(b.object, b.compartment);
  });
  plan.instances.erase(std::unique(plan.instances.begin(), plan.instances.end(),
                                   [](const Replica& a, const Replica& b) {
                                     return a.object == b.object && a.compartment == b.compartment;
                                   }),
                       plan.instances.end());
  const std::string count = fmt::format("count.{}", home.number);
  plan.instances.push_back({"count", home.number});
  plan.bindings.push_back(
      {count, "platform_console_write", "platform_console_write", How::platform, -1});
  for (const char* table : {"count_calls", "count_calls_end", "count_accounts",
                            "count_accounts_end", "count_stubbed", "count_stamp"}) {
    plan.bindings.push_back({count, table, table, How::memory, -1});
  }
  plan.bindings.push_back(
      {count, "count_direct", fmt::format("def.{}.count_empty", count), How::memory, -1});
  return Done{};
}

namespace {

/// Register atlas: all argument registers (rax for a variable list's vectors among them) live until
/// the call; r11 is the stub's record, then the target. After the call rax, rdx, vectors and x87
/// are results; rcx, rsi are nobody's.
constexpr std::string_view kStub = R"(
// r11: the record of a stub. Above the stack pointer: the return address, then what the caller put there.
    .balign 16
    .type count_enter, @function
count_enter:
    pushq %rax
    pushq %rcx
    pushq %rdx
    incq (%r11)
    movl platform_thread(%rip), %ecx
    shlq $5, %rcx
    movq count_state(%rcx), %rax            // next free frame
    cmpq count_state+16(%rcx), %rax
    jae count_too_deep
    movq 24(%rsp), %rdx
    movq %rdx, (%rax)                       // where to return to
    movq count_state+8(%rcx), %rdx
    movq %rdx, 8(%rax)                      // who runs again then
    leaq 32(%rsp), %rdx
    movq %rdx, 16(%rax)                     // with which stack
    addq $24, %rax
    movq %rax, count_state(%rcx)
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %rdx
    subq count_stamp(%rip), %rdx
    movq %rax, count_stamp(%rip)
    movq count_state+8(%rcx), %rax
    addq %rdx, (%rax)
    movq 8(%r11), %rax
    movq %rax, count_state+8(%rcx)
    movq 16(%r11), %r11
    popq %rdx
    popq %rcx
    popq %rax
    leaq 8(%rsp), %rsp
    call *%r11
    subq $8, %rsp
    pushq %rax
    pushq %rdx
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movl platform_thread(%rip), %ecx
    shlq $5, %rcx
    movq %rax, %rsi
    subq count_stamp(%rip), %rsi
    movq %rax, count_stamp(%rip)
    movq count_state+8(%rcx), %rdx
    addq %rsi, (%rdx)
    movq count_state(%rcx), %rdx
    leaq 24(%rsp), %rsi
1:  subq $24, %rdx                          // frames below it were left by longjmp
    cmpq count_state+24(%rcx), %rdx
    jb count_too_deep
    cmpq %rsi, 16(%rdx)
    jne 1b
    movq %rdx, count_state(%rcx)
    movq 8(%rdx), %rsi
    movq %rsi, count_state+8(%rcx)
    movq (%rdx), %rsi
    movq %rsi, 16(%rsp)
    popq %rdx
    popq %rax
    ret
    .size count_enter, . - count_enter

count_too_deep:
    leaq count_kind(%rip), %rdi
    leaq count_too_deep(%rip), %rsi
    xorl %edx, %edx
    andq $-16, %rsp
    subq $8, %rsp
    jmp platform_fault

// Instead of platform_exit.
    .balign 16
    .globl count_exit
    .type count_exit, @function
count_exit:
    movl %edi, %ebx
    andq $-16, %rsp
    call def.count.1.count_report
    movl %ebx, %edi
    call platform_exit
    .size count_exit, . - count_exit

// Instead of platform_idle: whoever waits is not charged for it.
    .balign 16
    .globl count_idle
    .type count_idle, @function
count_idle:
    pushq %rbx
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    movq %rax, %rbx
    call platform_idle
    rdtsc
    shlq $32, %rdx
    orq %rdx, %rax
    subq %rbx, %rax
    addq %rax, count_stamp(%rip)
    popq %rbx
    ret
    .size count_idle, . - count_idle

)";

/// Text constants, each once.
class Names {
 public:
  std::string label(const std::string& text) {
    const auto [entry, fresh] = labels_.emplace(text, labels_.size());
    (void)fresh;
    return fmt::format("count_name.{}", entry->second);
  }
  std::string source() const {
    std::string s;
    for (const auto& [text, number] : labels_) {
      s += fmt::format("count_name.{}: .asciz \"{}\"\n", number, text);
    }
    return s;
  }

 private:
  std::map<std::string, std::size_t> labels_;
};

}  // namespace

std::string counting_source(const Plan& plan, const Spec& spec, std::uint32_t threads) {
  if (!plan.counting) return {};
  Names names;
  std::string calls;
  std::string code = "    .section .gate.text, \"ax\"\n";
  code += kStub;
  // Accounts: of components, and of edges that copy.
  std::map<std::pair<int, int>, std::string> edges;
  std::string accounts = "    .balign 8\n    .globl count_accounts\ncount_accounts:\n";
  const auto account = [&](const std::string& label, const std::string& kind,
                           const std::string& first, const std::string& second) {
    accounts += fmt::format("{}: .quad 0, {}, {}, {}\n", label, names.label(kind),
                            names.label(first), names.label(second));
  };
  account("count_account.self", "self", "-", "-");
  for (int i = 0; i < spec.size(); ++i) {
    account(fmt::format("count_account.{}", i), "work", name_of_component(spec, i), "-");
  }
  const auto stub = [&](const std::string& symbol, const std::string& target,
                        const std::string& into, const std::string& kind, const std::string& caller,
                        const std::string& callee, const std::string& function) {
    code += fmt::format(
        "    .balign 16\n    .globl {0}\n    .type {0}, @function\n{0}:\n"
        "    leaq {0}.record(%rip), %r11\n    jmp count_enter\n    .size {0}, . - {0}\n",
        symbol);
    calls += fmt::format("{}.record: .quad 0, {}, {}, {}, {}, {}, {}\n", symbol, into, target,
                         names.label(kind), names.label(caller), names.label(callee),
                         names.label(function));
  };
  stub("count_stubbed", "def.count.1.count_empty", "count_account.self", "self", "-", "-", "-");
  for (const Counted& c : plan.counted) {
    const std::string caller = name_of_component(spec, c.caller);
    const std::string callee = name_of_component(spec, c.callee);
    std::string into = fmt::format("count_account.{}", c.callee);
    if (c.copied) {
      const auto [edge, fresh] = edges.emplace(
          std::pair(c.caller, c.callee), fmt::format("count_account.{}.{}", c.caller, c.callee));
      if (fresh) account(edge->second, "copy", caller, callee);
      into = edge->second;
    }
    const char* kind = c.copied               ? "copied"
                       : c.edge               ? "call"
                       : c.marshaller.empty() ? "near"
                                              : "behind";
    stub(c.symbol, c.target, into, kind, c.marshaller.empty() ? caller : "-", callee, c.function);
  }
  std::string state = "    .balign 8\n    .globl count_stamp\ncount_stamp: .quad 0\ncount_state:\n";
  for (std::uint32_t t = 0; t < threads; ++t) {
    // The application is started by no stub, nor is any thread, and all threads are the
    // application's.
    state += fmt::format(
        "    .quad count_frames.{0}, count_account.{2}, count_frames.{0} + {1}, "
        "count_frames.{0}\n",
        t, 24 * kDepth, plan.application);
  }
  for (std::uint32_t t = 0; t < threads; ++t) {
    state += fmt::format("count_frames.{}: .fill {}, 8, 0\n", t, 3 * kDepth);
  }
  return "// Counting image: docs/profiling.md. Each record: count, account, target, names.\n" +
         code +
         fmt::format("    .section .data.gate.{}, \"aw\"\n", plan.compartments.front().number) +
         "    .balign 8\n    .globl count_calls\ncount_calls:\n" + calls +
         "    .globl count_calls_end\ncount_calls_end:\n" + accounts +
         "    .globl count_accounts_end\ncount_accounts_end:\n" + state +
         "    .section .rodata\ncount_kind: .asciz \"profile\"\n" + names.source();
}

}  // namespace flexos
