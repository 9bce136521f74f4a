#include <csignal>
#include <cstdio>
#include <exception>
#include <new>
#include <sstream>

#include "cli/app.h"
#include "cli/memory.h"

#ifndef FLEXOS_VERSION
#define FLEXOS_VERSION "0.1.0"
#endif

namespace flexos {

namespace {

constexpr const char* kAbout =
    "Derives, ranks and proves the ways to split an OS into compartments and to harden it.";

constexpr const char* kFooter =
    "Exit codes: 0 done; 1 the answer is no (errors in the spec, infeasible); 2 wrong usage;\n"
    "3 the environment is at fault.";

int run(int argc, char** argv) {
  // A reader that went away is an error to report, not a reason to die.
  std::signal(SIGPIPE, SIG_IGN);
  CLI::App root{kAbout, "flexos-explore"};
  root.set_version_flag("--version", "flexos-explore " FLEXOS_VERSION);
  root.require_subcommand(0, 1);
  root.footer(kFooter);
  App app;
  int exit_code = kDone;
  add_explore(root, app, exit_code);
  add_check(root, app, exit_code);
  add_rank(root, app, exit_code);
  add_frontier(root, app, exit_code);
  add_safest(root, app, exit_code);
  add_compartments(root, app, exit_code);
  add_explain(root, app, exit_code);
  add_run(root, app, exit_code);
  add_scan(root, app, exit_code);
  add_inspect(root, app, exit_code);
  add_build(root, app, exit_code);
  add_attack(root, app, exit_code);
  add_measure(root, app, exit_code);
  add_results(root, app, exit_code);
  add_doctor(root, app, exit_code);
  add_report(root, app, exit_code);
  add_diff(root, app, exit_code);
  add_sweep(root, app, exit_code);
  add_calibrate(root, app, exit_code);
  add_profile(root, app, exit_code);
  try {
    root.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::ostringstream out;
    std::ostringstream err;
    const int code = root.exit(error, out, err);
    std::fputs(err.str().c_str(), stderr);
    const int printed = app.print(out.str());
    return printed != kDone ? printed
           : code == 0      ? static_cast<int>(kDone)
                            : static_cast<int>(kUsage);
  }
  return exit_code;
}

}  // namespace

}  // namespace flexos

int main(int argc, char** argv) {
  flexos::use_large_pages();
  // Libraries throw; what nobody expected is named and is the environment's fault.
  try {
    return flexos::run(argc, argv);
  } catch (const std::bad_alloc&) {
    std::fputs("flexos-explore: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fputs("flexos-explore: internal error: ", stderr);
    std::fputs(error.what(), stderr);
    std::fputs("\n", stderr);
  }
  return flexos::kEnvironment;
}
