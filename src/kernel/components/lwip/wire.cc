#include "lwip/wire.h"

namespace wire {

void start() {}

void receive() {}

}  // namespace wire
