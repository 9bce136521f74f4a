#pragma once

#include <cstdlib>

#include "malloc_names.h"
// (after the names)
#include "alloc/alloc.h"
