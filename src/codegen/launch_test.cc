#include "codegen/launch.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <string>
#include <thread>

#include "codegen/test_image.h"

namespace flexos {
namespace {

ProcessEnd ended(int code) {
  ProcessEnd end;
  end.started = true;
  end.code = code;
  return end;
}

const std::string kFaultLine =
    "FLEXOS FAULT kind=pkey rip=0x1 address=0x2 access=w pkru=0xfffffff0 rsp=0x3";
std::string fault_of(const std::string& kind) {
  return "FLEXOS FAULT kind=" + kind + " rip=0x0 address=0x0 access=- pkru=0x0 rsp=0x0";
}

std::string ending(const std::string& platform, int code, const std::string& words) {
  const bool qemu = platform == "qemu";
  const Outcome o = classify(platform, ended(code), qemu ? words : "", qemu ? "" : words);
  return std::string(name(o.ending)) +
         (o.ending == Ending::exited ? " " + std::to_string(o.code) : "");
}

TEST(Classify, TellsTheEndingsOfAVirtualMachineApart) {
  EXPECT_EQ(ending("qemu", 1, "hello\nFLEXOS EXIT 0\n"), "exited 0");
  EXPECT_EQ(ending("qemu", 85, "hello\nFLEXOS EXIT 42\n"), "exited 42");
  EXPECT_EQ(ending("qemu", 223, kFaultLine + "\nFLEXOS EXIT 111\n"), "fault");
  EXPECT_EQ(ending("qemu", 223, fault_of("panic") + "\nFLEXOS EXIT 111\n"), "panic");
  EXPECT_EQ(ending("qemu", 223, fault_of("nucleus") + "\nFLEXOS EXIT 111\n"), "panic");
  EXPECT_EQ(ending("qemu", 223, fault_of("image") + "\nFLEXOS EXIT 111\n"), "refused");
  EXPECT_EQ(ending("qemu", 223, fault_of("no-pku") + "\nFLEXOS EXIT 111\n"), "no-protection-keys");
  EXPECT_EQ(ending("qemu", 223, fault_of("memory") + "\nFLEXOS EXIT 111\n"), "environment");
  EXPECT_EQ(ending("qemu", 0, "hello\n"), "triple-fault");
  EXPECT_EQ(ending("qemu", 1, ""), "environment");  // QEMU's own failure
  EXPECT_EQ(ending("qemu", 4, ""), "environment");
}

TEST(Classify, TellsTheEndingsOfAProcessApart) {
  EXPECT_EQ(ending("linux", 0, "FLEXOS EXIT 0\n"), "exited 0");
  EXPECT_EQ(ending("linux", 7, "FLEXOS EXIT 7\n"), "exited 7");
  EXPECT_EQ(ending("linux", 111, kFaultLine + "\nFLEXOS EXIT 111\n"), "fault");
  EXPECT_EQ(ending("linux", 112, fault_of("no-pku") + "\nFLEXOS EXIT 112\n"), "no-protection-keys");
  EXPECT_EQ(ending("linux", 112, fault_of("no-seccomp") + "\nFLEXOS EXIT 112\n"), "environment");
  EXPECT_EQ(ending("linux", 112, fault_of("bad-image") + "\nFLEXOS EXIT 112\n"), "refused");
  ProcessEnd killed = ended(-1);
  killed.signal = SIGSEGV;
  EXPECT_EQ(classify("linux", killed, "", "").ending, Ending::killed);
  EXPECT_EQ(classify("qemu", killed, "", "").ending, Ending::environment);
}

/// A component prints what it likes; it does not get away with it.
TEST(Classify, BelievesNoForgedWords) {
  // Ended well, and printed a fault before.
  EXPECT_EQ(ending("qemu", 1, kFaultLine + "\nFLEXOS EXIT 111\nFLEXOS EXIT 0\n"), "exited 0");
  // Faulted, and printed a good end before.
  EXPECT_EQ(ending("qemu", 223, "FLEXOS EXIT 0\n" + kFaultLine + "\nFLEXOS EXIT 111\n"), "fault");
  // Reset the machine after printing a good end.
  EXPECT_EQ(ending("qemu", 0, "FLEXOS EXIT 0\n"), "triple-fault");
  // A fault line that is none, to the letter.
  EXPECT_EQ(ending("qemu", 223, "FLEXOS FAULT kind=x\nFLEXOS EXIT 111\n"), "exited 111");
  EXPECT_EQ(ending("linux", 3, kFaultLine + "\nFLEXOS EXIT 111\n"), "exited 3");
}

TEST(Classify, HangMissingInterrupted) {
  ProcessEnd end;
  end.error = "No such file or directory";
  EXPECT_EQ(classify("qemu", end, "", "").exit_code(), 3);
  EXPECT_EQ(
      classify("qemu", ended(0), "", "qemu-system-x86_64: QEMU: Terminated via GDBstub\n").ending,
      Ending::interrupted);
  EXPECT_EQ(classify("qemu", ended(0), "",
                     "qemu-system-x86_64: terminating on signal 15 from pid 1 (init)\n")
                .ending,
            Ending::interrupted);
  end = ended(-1);
  end.timed_out = true;
  end.seconds = 60;
  EXPECT_EQ(classify("qemu", end, "", "").ending, Ending::hang);
  EXPECT_EQ(classify("qemu", end, "", "").exit_code(), 1);
  end.timed_out = false;
  end.interrupted = true;
  EXPECT_EQ(classify("qemu", end, "", "").exit_code(), 130);
}

TEST(Classify, ExitCodes) {
  EXPECT_EQ((Outcome{Ending::exited, 0, "", "", ""}).exit_code(), 0);
  EXPECT_EQ((Outcome{Ending::exited, 3, "", "", ""}).exit_code(), 1);
  EXPECT_EQ((Outcome{Ending::fault, 0, "", "", ""}).exit_code(), 1);
  EXPECT_EQ((Outcome{Ending::no_keys, 0, "", "", ""}).exit_code(), 3);
  EXPECT_EQ((Outcome{Ending::environment, 0, "", "", ""}).exit_code(), 3);
}

TEST(Choice, TakesTheFasterOneThatHasWhatIsNeeded) {
  const ProbeResult fast{true, true, 0.1};
  const ProbeResult slow{true, true, 0.5};
  const ProbeResult fast_without_keys{true, false, 0.1};
  const ProbeResult broken{};
  EXPECT_EQ(decide(slow, fast, true).accelerator, Accelerator::kvm);
  EXPECT_EQ(decide(fast, slow, true).accelerator, Accelerator::tcg);
  EXPECT_EQ(decide(slow, fast_without_keys, true).accelerator, Accelerator::tcg);
  EXPECT_EQ(decide(slow, fast_without_keys, false).accelerator, Accelerator::kvm);
  EXPECT_EQ(decide(slow, broken, false).accelerator, Accelerator::tcg);
  EXPECT_EQ(decide(broken, broken, false).accelerator, Accelerator::tcg);
}

TEST(Choice, TheTinyGuestBoots) {
  const std::string qemu = find_program("qemu-system-x86_64");
  if (qemu.empty()) GTEST_SKIP() << "qemu-system-x86_64 is not installed";
  const ProbeResult tcg = probe(qemu, Accelerator::tcg);
  EXPECT_TRUE(tcg.works);
  EXPECT_TRUE(tcg.keys);
  EXPECT_GT(tcg.seconds, 0);
  EXPECT_FALSE(probe("/nonexistent/qemu", Accelerator::tcg).works);
  EXPECT_FALSE(probe("/bin/false", Accelerator::tcg).works);
}

TEST(Qemu, IsGivenTheMemoryThatTheImageReachesInto) {
  Manifest m = sample_manifest();
  EXPECT_EQ(memory_of(m), 256U);
  m.compartments[0].sections.push_back({"heap", "heap", 0x20000000, 0x30000000, "rw-", 1});
  EXPECT_EQ(memory_of(m), 832U);
  m.compartments[0].sections.push_back({"heap", "heap", 0, ~std::uint64_t{0}, "rw-", 1});
  EXPECT_EQ(memory_of(m), 2048U);
  const auto command = qemu_command({.qemu = "q", .image = "/i", .arguments = "--size 3"});
  EXPECT_EQ(command.back(), "--size 3");
}

struct Heard {
  std::string out;
  std::string err;
  ProcessEnd end;
};

Heard shell(const std::string& script, double timeout = 20, bool input = false) {
  Heard heard;
  heard.end = run_process({.command = {"sh", "-c", script},
                           .timeout = timeout,
                           .input = input,
                           .output = [&](int stream, std::string_view bytes) {
                             (stream == 1 ? heard.out : heard.err) += bytes;
                             return true;
                           }});
  return heard;
}

bool nobody_is_left() { return waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD; }

TEST(Process, PassesOnWhatIsWritten) {
  const Heard h = shell("echo out; echo err >&2; exit 7");
  EXPECT_TRUE(h.end.started);
  EXPECT_EQ(h.out, "out\n");
  EXPECT_EQ(h.err, "err\n");
  EXPECT_EQ(h.end.code, 7);
  EXPECT_TRUE(nobody_is_left());
}

TEST(Process, LosesNothingOfALot) {
  const Heard h = shell("i=0; while [ $i -lt 2000 ]; do printf '%0500d\\n' $i; i=$((i+1)); done");
  EXPECT_EQ(h.out.size(), 2000U * 501U);
}

TEST(Process, EndsWhatTakesTooLong) {
  const Heard h = shell("echo before; sleep 30", 0.3);
  EXPECT_TRUE(h.end.timed_out);
  EXPECT_EQ(h.out, "before\n");
  EXPECT_EQ(h.end.code, -1);
  EXPECT_LT(h.end.seconds, 10);
  EXPECT_TRUE(nobody_is_left());
}

TEST(Process, EndsThatWhichOutlivesIt) {
  // A child in the background holds the pipes open, and ignores what is polite.
  const Heard h = shell("(trap '' TERM HUP; sleep 30) & echo $!");
  EXPECT_EQ(h.end.code, 0);
  EXPECT_LT(h.end.seconds, 10);
  const auto child = static_cast<pid_t>(std::stol(h.out));
  for (int i = 0; i < 100 && kill(child, 0) == 0; ++i) usleep(20000);
  EXPECT_NE(kill(child, 0), 0);
}

TEST(Process, SaysHowItWasEnded) {
  const Heard h = shell("kill -SEGV $$");
  EXPECT_EQ(h.end.signal, SIGSEGV);
  EXPECT_EQ(h.end.code, -1);
}

TEST(Process, SaysWhyItDidNotStart) {
  const ProcessEnd end = run_process({.command = {"/nonexistent/program"}, .output = {}});
  EXPECT_FALSE(end.started);
  EXPECT_EQ(end.error, "No such file or directory");
  EXPECT_FALSE(run_process({.command = {}, .output = {}}).started);
}

bool is_running(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
  std::string name;
  std::string state;
  return file >> name >> name >> state && state != "Z";
}

TEST(Process, DiesWithWhoeverStartedIt) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe(ends.data()), 0);
  const pid_t tool = fork();
  ASSERT_GE(tool, 0);
  if (tool == 0) {
    run_process({.command = {"sh", "-c", "echo $$; exec sleep 60"},
                 .output = [&](int, std::string_view bytes) {
                   return write(ends[1], bytes.data(), bytes.size()) > 0;
                 }});
    _exit(0);
  }
  std::array<char, 32> said{};
  ASSERT_GT(read(ends[0], said.data(), said.size() - 1), 0);
  const auto image = static_cast<pid_t>(std::strtol(said.data(), nullptr, 10));
  EXPECT_TRUE(is_running(image));
  kill(tool, SIGKILL);  // which no handler sees
  waitpid(tool, nullptr, 0);
  for (int i = 0; i < 500 && is_running(image); ++i) usleep(20000);
  EXPECT_FALSE(is_running(image));
  close(ends[0]);
  close(ends[1]);
}

TEST(Process, StopsWhereNobodyListens) {
  const ProcessEnd end = run_process({.command = {"sh", "-c", "while :; do echo x; done"},
                                      .output = [](int, std::string_view) { return false; }});
  EXPECT_TRUE(end.unheard);
  EXPECT_TRUE(nobody_is_left());
}

TEST(Process, IsEndedWithUs) {
  std::thread later([] {
    usleep(300000);
    kill(getpid(), SIGTERM);
  });
  const Heard h = shell("sleep 30");
  later.join();
  EXPECT_TRUE(h.end.interrupted);
  EXPECT_LT(h.end.seconds, 10);
  EXPECT_TRUE(nobody_is_left());
}

TEST(Process, HandsInputOn) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const int before = dup(STDIN_FILENO);
  dup2(ends[0], STDIN_FILENO);
  close(ends[0]);
  ASSERT_EQ(write(ends[1], "typed\n", 6), 6);
  close(ends[1]);
  const Heard h = shell("cat", 20, true);
  dup2(before, STDIN_FILENO);
  close(before);
  EXPECT_EQ(h.out, "typed\n");
  EXPECT_EQ(h.end.code, 0);
}

TEST(Process, FindsPrograms) {
  EXPECT_NE(find_program("sh"), "");
  EXPECT_EQ(find_program("no-such-program-anywhere"), "");
  EXPECT_EQ(find_program("/bin/sh"), "/bin/sh");
  EXPECT_EQ(find_program("/nonexistent/x"), "");
}

}  // namespace
}  // namespace flexos
