// The parser must read any bytes without a crash, a leak, undefined behaviour or a wait, and what
// it says about them must make sense.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "spec/load.h"

namespace {

/// Stops the fuzzer where something holds that must not.
void expect(bool condition) {
  if (!condition) __builtin_trap();
}

void check_spec(const flexos::Spec& spec) {
  const auto n = static_cast<std::size_t>(spec.size());
  expect(n >= 1 && spec.risk.size() == n && spec.asset.size() == n);
  expect(!spec.mechanisms.empty() && spec.mechanisms[0].name == "none");
  expect(spec.explored_mechanisms.size() == spec.mechanisms.size());
  expect(spec.explored_hardening.size() == spec.hardening.size() && spec.hardening.size() <= 64);
  for (std::size_t i = 1; i < spec.mechanisms.size(); ++i) {
    expect(spec.mechanisms[i - 1].level < spec.mechanisms[i].level);
  }
  for (const flexos::Component& c : spec.components) {
    expect(!c.variants.empty() && c.variants[0].name == "default");
  }
  for (const flexos::Statement& s : spec.statements) {
    expect(s.origin.line > 0 && !s.origin.text.empty());
    expect(!s.level || *s.level < spec.mechanisms.size());
    for (const auto& [a, b] : s.pairs) {
      expect(a != b && a >= 0 && b >= 0 && a < spec.size() && b < spec.size());
    }
    for (const int c : s.components) expect(c >= 0 && c < spec.size());
  }
  if (spec.profile) {
    expect(spec.profile->work.size() == n && spec.profile->base > flexos::Decimal(0));
    for (const auto& [pair, calls] : spec.profile->calls) expect(pair[0] != pair[1]);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const flexos::Loaded loaded = flexos::load_spec_text(text, "fuzz.yaml", {});
  expect(loaded.spec.has_value() != flexos::has_errors(loaded.diagnostics));
  for (const flexos::Diagnostic& d : loaded.diagnostics) {
    expect(!d.message.empty() && d.line >= 0 && d.length >= 1);
    expect(d.line == 0 || d.column >= d.excerpt_column);
    expect(d.severity == flexos::Severity::note || !d.code.empty());
    flexos::render(d, true);
  }
  if (loaded.spec) check_spec(*loaded.spec);
  return 0;
}
