#pragma once

#include <stdint.h>

namespace flexos {

void canary_init(uint64_t seed);

}  // namespace flexos
