#include "sched/sched.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <string>
#include <vector>

#include "fake_platform.h"
#include "time/time.h"

namespace flexos {
namespace {

using fake::platform;

std::string trace;

/// A thread that runs the function and ends.
int start(std::function<void()>* body) {
  return thread_add(
      [](void* argument) {
        (*static_cast<std::function<void()>*>(argument))();
        thread_rm(thread_self());
      },
      body);
}

class Sched : public ::testing::Test {
 protected:
  void SetUp() override {
    platform = {};
    trace.clear();
  }
};

TEST_F(Sched, YieldGoesRound) {
  std::function<void()> a = [] {
    for (int i = 0; i < 3; i++) trace += 'a', thread_yield();
  };
  std::function<void()> b = [] {
    for (int i = 0; i < 3; i++) trace += 'b', thread_yield();
  };
  EXPECT_EQ(thread_self(), 0);
  EXPECT_EQ(start(&a), 1);
  EXPECT_EQ(start(&b), 2);
  EXPECT_EQ(platform.prepared_for, 5u);
  EXPECT_EQ(trace, "");
  for (int i = 0; i < 4; i++) trace += '0', thread_yield();
  EXPECT_EQ(trace, "0ab0ab0ab0");
  EXPECT_EQ(thread_wake(1), -ESRCH);
  EXPECT_EQ(start(&a), 1);  // the number is free again
  EXPECT_EQ(thread_rm(1), 0);
  EXPECT_EQ(thread_rm(1), -ESRCH);
}

TEST_F(Sched, WakesAreNotLost) {
  std::function<void()> a = [] {
    trace += 'a';
    EXPECT_EQ(thread_block(INT64_MAX), 0);  // woken before it blocked
    trace += 'b';
    EXPECT_EQ(thread_block(INT64_MAX), 0);
    trace += 'c';
    thread_wake(0);
  };
  const int t = start(&a);
  EXPECT_EQ(thread_wake(t), 0);
  thread_yield();
  EXPECT_EQ(trace, "ab");
  thread_wake(t);
  EXPECT_EQ(thread_block(INT64_MAX), 0);
  EXPECT_EQ(trace, "abc");
  thread_yield();
}

TEST_F(Sched, DeadlinesComeInOrderAndTimePasses) {
  const std::int64_t begin = time_now(1);
  std::function<void()> late = [&] {
    EXPECT_EQ(thread_block(begin + 2000), -ETIMEDOUT);
    EXPECT_EQ(time_now(1), begin + 2000);
    trace += "late ";
  };
  std::function<void()> early = [&] {
    EXPECT_EQ(thread_wait(99, begin + 1000), -ETIMEDOUT);
    EXPECT_EQ(time_now(1), begin + 1000);
    trace += "early ";
  };
  start(&late);
  start(&early);
  EXPECT_EQ(time_sleep(begin + 5000), 0);
  EXPECT_EQ(time_now(1), begin + 5000);
  EXPECT_EQ(trace, "early late ");
  EXPECT_EQ(time_sleep(begin), 0);  // already past
}

TEST_F(Sched, SignalsWakeTheLongestWaiting) {
  std::vector<std::function<void()>> bodies;
  for (int i = 0; i < 4; i++) {
    bodies.emplace_back([i] {
      EXPECT_EQ(thread_wait(i == 3 ? 8 : 7, INT64_MAX), 0);
      trace += static_cast<char>('0' + i);
    });
  }
  for (auto& body : bodies) ASSERT_GT(start(&body), 0);
  thread_yield();
  EXPECT_EQ(thread_signal(6, 10), 0);
  EXPECT_EQ(thread_signal(7, 2), 2);
  thread_yield();
  EXPECT_EQ(trace, "01");
  EXPECT_EQ(thread_signal(7, INT32_MAX), 1);
  EXPECT_EQ(thread_signal(8, 0), 0);
  EXPECT_EQ(thread_signal(8, -1), 0);
  EXPECT_EQ(thread_signal(8, 1), 1);
  thread_yield();
  EXPECT_EQ(trace, "0123");
}

TEST_F(Sched, WhatComesInWakesThoseWhoBlockAndNotTheQueues) {
  platform.wakes_after = platform.clock + 500;
  std::function<void()> queued = [] { (void)thread_wait(1, INT64_MAX); };
  const int t = start(&queued);
  EXPECT_EQ(thread_block(INT64_MAX), 0);
  EXPECT_EQ(platform.idles, 1);
  EXPECT_EQ(thread_rm(t), 0);  // still waits
}

TEST_F(Sched, NoStackLeft) {
  platform.threads = 3;
  std::function<void()> wait = [] { (void)thread_wait(1, INT64_MAX); };
  EXPECT_EQ(start(&wait), 1);
  EXPECT_EQ(start(&wait), 2);
  EXPECT_EQ(start(&wait), -EAGAIN);
  EXPECT_EQ(thread_rm(2), 0);  // ready: it leaves the queue's end
  thread_yield();
  EXPECT_EQ(thread_rm(1), 0);
  EXPECT_EQ(start(&wait), 1);
  EXPECT_EQ(thread_rm(1), 0);
  thread_yield();
}

TEST_F(Sched, BadArguments) {
  EXPECT_EQ(thread_add(nullptr, nullptr), -EINVAL);
  EXPECT_EQ(thread_rm(0), -EINVAL);
  for (const int thread : {-1, 64, 1000, INT32_MIN, INT32_MAX, 7}) {
    EXPECT_EQ(thread_rm(thread), -ESRCH);
    EXPECT_EQ(thread_wake(thread), -ESRCH);
  }
}

}  // namespace
}  // namespace flexos
