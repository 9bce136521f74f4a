#include "solver/crowds.h"

#include "solver/test_specs.h"

namespace flexos {
namespace {

/// Three components, which may be alone wherever the limits let them.
Spec three(const std::string& limits) {
  return test::parse(test::harmless({"a", "b", "c"}) + limits + R"(
define:
  mechanisms:
    none: {level: 0, strength: 0, gate: 0, backend: true}
    vm:   {level: 50, strength: 95, gate: 462, backend: true}
)");
}

struct Asked {
  Spec spec;
  Instance advice;
  z3::context context;
  Encoding encoding;
  Crowds crowds;

  Asked(const Spec& of, int keys, int vms)
      : spec(of),
        advice(build_instance(spec).instance),
        encoding(context, spec, true),
        crowds(spec, encoding, advice) {
    advice.keys = keys;
    advice.vms = vms;
  }
};

TEST(Crowds, OnlyWhatZ3ProvesIsTooMany) {
  Asked limited(three("budget: {vms: 2}\n"), 15, 2);
  EXPECT_TRUE(limited.crowds.no_vm_more({{0}, {1}}, {2}));
  EXPECT_FALSE(limited.crowds.no_vm_more({{0, 1}}, {2}));
  Asked wrong(three(""), 15, 2);
  EXPECT_FALSE(wrong.crowds.no_vm_more({{0}, {1}}, {2}));
}

/// Where VMs are the first level, compartments of an address space and VMs are told by the same
/// level; what there cannot be of the one says nothing of the other.
TEST(Crowds, AnAddressSpaceIsNoVm) {
  Asked wrong(three(""), 1, 1);
  wrong.crowds.no_compartment_more({{0}}, {1});
  EXPECT_FALSE(wrong.crowds.no_vm_more({{0}}, {1}));
}

/// The same where only one of the two is said to be too many.
TEST(Crowds, WhatIsProvenOfAnAddressSpaceIsNotOfVms) {
  Asked wrong(test::parse(test::harmless({"a", "b", "c"}) + R"(budget: {keys: 1}
define:
  mechanisms:
    none: {level: 0, strength: 0, gate: 0, backend: true}
    vm:   {level: 10, strength: 95, gate: 462, backend: true}
    pt:   {level: 50, strength: 85, gate: 616, backend: true}
)"),
              1, 1);
  ASSERT_LT(wrong.spec.vm, wrong.spec.pt);
  EXPECT_TRUE(wrong.crowds.no_compartment_more({{0}}, {1}));
  EXPECT_FALSE(wrong.crowds.no_vm_more({{0}}, {1}));
}

/// What was asked leaves nothing behind but what was proven.
TEST(Crowds, WhatWasAskedForbidsNothing) {
  Asked wrong(three(""), 1, 2);
  wrong.crowds.no_vm_more({{0}, {1}}, {2});
  for (const auto& [i, j] : {std::pair{0, 1}, {0, 2}, {1, 2}}) {
    EXPECT_EQ(wrong.encoding.clauses().check(wrong.encoding.apart(i, j, 1)), z3::sat);
  }
  const std::vector<Literal> all{wrong.encoding.apart(0, 1, 1), wrong.encoding.apart(0, 2, 1),
                                 wrong.encoding.apart(1, 2, 1)};
  EXPECT_EQ(wrong.encoding.clauses().check(all), z3::sat);
}

}  // namespace
}  // namespace flexos
