#include "lwip/epoll.h"

#include <stdlib.h>

#include "flexos/abi.h"
#include "lwip/lwip_sockets.h"
#include "lwip/ready.h"

namespace epoll {

namespace {

enum { kAdd = 1, kDelete = 2, kModify = 3 };
constexpr uint32_t kOneShot = 1U << 30;
constexpr uint32_t kEdge = 1U << 31;

struct Watch {
  uint64_t data;
  uint32_t events;  ///< 0: asleep, after its one shot
  uint32_t seen;    ///< activity when it was last reported
  int16_t descriptor;
};

}  // namespace

/// Watches stand densely, and `place` finds one by its descriptor: number in `watches` + 1.
struct Set {
  Set* next;
  int count;
  int16_t place[ready::kAll];
  Watch watches[ready::kAll];
};

namespace {

Set* all;

void remove(Set* set, int descriptor) {
  const int at = set->place[descriptor] - 1;
  set->place[descriptor] = 0;
  const Watch& last = set->watches[--set->count];
  if (at == set->count) return;
  set->watches[at] = last;
  set->place[last.descriptor] = static_cast<int16_t>(at + 1);
}

int bits_of(const Watch& w) { return ready::of(w.descriptor, static_cast<int>(w.events & 0xffff)); }

uint64_t since(const Set* set, int place) {
  return ready::pulse(set->watches[place].descriptor)->since();
}

}  // namespace

Set* make() {
  Set* set = static_cast<Set*>(calloc(1, sizeof(Set)));
  if (set == nullptr) return nullptr;
  set->next = all;
  all = set;
  return set;
}

void release(Set* set) {
  Set** link = &all;
  while (*link != set) link = &(*link)->next;
  *link = set->next;
  free(set);
}

int control(Set* set, int operation, int descriptor, uint32_t events, uint64_t data) {
  if (descriptor < 0 || descriptor >= ready::kAll) return -FLEXOS_EBADF;
  if (ready::of(descriptor, 0) == FLEXOS_POLLNVAL) return -FLEXOS_EBADF;
  const bool watched = set->place[descriptor] != 0;
  switch (operation) {
    case kAdd:
      if (watched) return -FLEXOS_EEXIST;
      set->watches[set->count++] = {data, events, ready::pulse(descriptor)->activity() - 1,
                                    static_cast<int16_t>(descriptor)};
      set->place[descriptor] = static_cast<int16_t>(set->count);
      return 0;
    case kModify: {
      if (!watched) return -FLEXOS_ENOENT;
      Watch& w = set->watches[set->place[descriptor] - 1];
      w = {data, events, ready::pulse(descriptor)->activity() - 1, w.descriptor};
      return 0;
    }
    case kDelete:
      if (!watched) return -FLEXOS_ENOENT;
      remove(set, descriptor);
      return 0;
    default:
      return -FLEXOS_EINVAL;
  }
}

int collect(Set* set, flexos_event* events, size_t n) {
  // The places of those that are ready, who waits longest first.
  static int16_t found[ready::kAll];
  int count = 0;
  for (int at = 0; at < set->count; at++) {
    const Watch& w = set->watches[at];
    if (w.events == 0) continue;
    const ready::Pulse& pulse = *ready::pulse(w.descriptor);
    if ((w.events & kEdge) != 0 && w.seen == pulse.activity()) continue;
    if (bits_of(w) == 0) continue;
    int to = count++;
    for (; to > 0 && since(set, found[to - 1]) > pulse.since(); to--) found[to] = found[to - 1];
    found[to] = static_cast<int16_t>(at);
  }
  const int reported = static_cast<size_t>(count) < n ? count : static_cast<int>(n);
  for (int i = 0; i < reported; i++) {
    Watch& w = set->watches[found[i]];
    events[i] = {static_cast<uint32_t>(bits_of(w)), w.data};
    ready::Pulse& pulse = *ready::pulse(w.descriptor);
    w.seen = pulse.activity();
    if ((w.events & kOneShot) != 0) w.events = 0;
    pulse.reported();
  }
  return reported;
}

void forget(int descriptor) {
  if (descriptor < 0 || descriptor >= ready::kAll) return;
  for (Set* set = all; set != nullptr; set = set->next) {
    if (set->place[descriptor] != 0) remove(set, descriptor);
  }
}

}  // namespace epoll
