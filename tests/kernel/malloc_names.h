#pragma once

/// The names under which the tests see what the component calls malloc and so on.
#define malloc flexos_malloc
#define free flexos_free
#define calloc flexos_calloc
#define realloc flexos_realloc
#define memalign flexos_memalign
#define aligned_alloc flexos_aligned_alloc
#define posix_memalign flexos_posix_memalign
#define malloc_usable_size flexos_malloc_usable_size
