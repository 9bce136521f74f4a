#include "report/junit.h"

#include <gtest/gtest.h>

namespace flexos {
namespace {

TestCase row(const std::string& suite, const std::string& name, TestCase::Result result) {
  TestCase c;
  c.suite = suite;
  c.name = name;
  c.seconds = 1.5;
  c.result = result;
  return c;
}

TEST(Junit, ASweepAsCiReadsIt) {
  TestCase failed = row("sqlite", "unikernel", TestCase::Result::failed);
  failed.cause = "infeasible";
  failed.message = "sqlite.yaml has no admissible configuration";
  failed.details = "sqlite.yaml:21: isolate: [a, \"b\"]\n";
  TestCase error = row("redis", "mpk", TestCase::Result::error);
  error.cause = "environment";
  error.message = "QEMU is missing";
  TestCase skipped = row("redis", "microkernel", TestCase::Result::skipped);
  skipped.message = "no image can have `pt`";
  EXPECT_EQ(
      to_junit("sweep", {row("sqlite", "mpk", TestCase::Result::passed), failed, error, skipped}),
      R"(<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="sweep" tests="4" failures="1" errors="1" skipped="1" time="6.000">
  <testsuite name="sqlite" tests="2" failures="1" errors="0" skipped="0" time="3.000">
    <testcase classname="sqlite" name="mpk" time="1.500"/>
    <testcase classname="sqlite" name="unikernel" time="1.500">
      <failure type="infeasible" message="sqlite.yaml has no admissible configuration">sqlite.yaml:21: isolate: [a, &quot;b&quot;]&#10;</failure>
    </testcase>
  </testsuite>
  <testsuite name="redis" tests="2" failures="0" errors="1" skipped="1" time="3.000">
    <testcase classname="redis" name="mpk" time="1.500">
      <error type="environment" message="QEMU is missing"></error>
    </testcase>
    <testcase classname="redis" name="microkernel" time="1.500">
      <skipped message="no image can have `pt`"/>
    </testcase>
  </testsuite>
</testsuites>
)");
}

TEST(Junit, NoTextBreaksTheXml) {
  TestCase c = row("a<b>&\"c\"", "n", TestCase::Result::failed);
  c.message = std::string("bell \x07, nul ") + '\0' +
              ", half \xC3, overlong \xC0\x80, surrogate \xED\xA0\x80, good ä";
  const std::string xml = to_junit("s", {c});
  EXPECT_NE(xml.find("classname=\"a&lt;b&gt;&amp;&quot;c&quot;\""), std::string::npos);
  EXPECT_NE(xml.find("bell ?, nul ?, half ?, overlong ??, surrogate ???, good ä"),
            std::string::npos);
}

TEST(Junit, AnEmptySweep) {
  EXPECT_EQ(to_junit("s", {}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"s\" tests=\"0\" "
            "failures=\"0\" errors=\"0\" skipped=\"0\" time=\"0.000\">\n</testsuites>\n");
}

}  // namespace
}  // namespace flexos
