// In place of iperf's packet_ring.c, with its interface: what a traffic thread has done, for the
// reporter thread to add up. iperf's own takes a ring that fills before the reporter has looked
// once for an empty one, and forgets all that is in it. That needs some 10,000 receives in 16 ms:
// small buffers get there, on Linux as well, and sooner where threads are cooperative.
#include "packet_ring.h"

#include <stdio.h>
#include <stdlib.h>

namespace {

int behind(const PacketRing* ring, int place) {
  return place + 1 == ring->maxcount ? 0 : place + 1;
}

}  // namespace

/// One place stays free: it holds what the consumer looks at, and tells full from empty.
PacketRing* packetring_init(int count, Condition* awake_consumer, Condition* awake_producer) {
  if (count < 2) count = 2;
  auto* ring = static_cast<PacketRing*>(calloc(1, sizeof(PacketRing)));
  auto* data = static_cast<ReportStruct*>(calloc(static_cast<size_t>(count), sizeof(ReportStruct)));
  if (ring == nullptr || data == nullptr) {
    fprintf(stderr, "iperf: no memory for a ring of %d reports (--NUM_REPORT_STRUCTS)\n", count);
    exit(1);
  }
  ring->maxcount = count;
  ring->bytes =
      static_cast<int>(sizeof(PacketRing) + static_cast<size_t>(count) * sizeof(ReportStruct));
  ring->awake_consumer = awake_consumer;
  ring->awake_producer = awake_producer;
  ring->mutex_enable = awake_producer != nullptr;
  ring->data = data;
  return ring;
}

void packetring_enqueue(PacketRing* ring, ReportStruct* packet) {
  const int place = behind(ring, ring->producer);
  // Nobody else adds to a ring, so the place is the same one when it has become free. Who has no
  // condition to wait for empties the ring himself, after each packet.
  while (place == ring->consumer && ring->mutex_enable) {
    Condition_Signal(ring->awake_consumer);
    Condition_Lock((*ring->awake_producer));
    ring->awaitcounter++;
    Condition_TimedWait(ring->awake_producer, 1);
    Condition_Unlock((*ring->awake_producer));
  }
  ring->data[place] = *packet;
  ring->producer = place;
}

/// Null: the ring is empty. What it points to stays until the next call.
ReportStruct* packetring_dequeue(PacketRing* ring) {
  if (ring->producer == ring->consumer) return nullptr;
  ring->consumer = behind(ring, ring->consumer);
  if (ring->producer == ring->consumer && ring->mutex_enable) {
    Condition_Signal(ring->awake_producer);
  }
  return &ring->data[ring->consumer];
}

void packetring_free(PacketRing* ring) {
  if (ring == nullptr) return;
  free(ring->data);
  free(ring);
}
