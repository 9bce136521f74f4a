#pragma once

#include <stddef.h>

/// The heap of one compartment. Every compartment that calls `alloc` has an instance of its own
/// over an arena of its own; blocks never change hands between instances.
///
/// A block that is put twice, was never got or is somebody else's ends the image with a fault
/// `heap` that names the block and the caller.
#ifdef __cplusplus
extern "C" {
#endif

/// At least `size` bytes, aligned to `align` (a power of two; 0 = 16). NULL: no memory, or no such
/// alignment. errno stays as it is.
void* alloc_get(size_t size, size_t align);

/// Gives a block back. NULL is no block and no error.
void alloc_put(void* block);

/// Moves a block to one of another size, in place where there is room. NULL: the old one still
/// stands.
void* alloc_resize(void* block, size_t size);

/// The bytes that a block really has; 0 for NULL.
size_t alloc_size(void* block);

/// `count` pages of 4 KiB that hold zeros, on a page boundary; alloc_put takes them back.
void* alloc_pages(size_t count);

/// What C has; out of memory sets errno to ENOMEM (posix_memalign returns it).
void* malloc(size_t size);
void free(void* block);
void* calloc(size_t count, size_t size);
void* realloc(void* block, size_t size);
void* memalign(size_t align, size_t size);
void* aligned_alloc(size_t align, size_t size);
int posix_memalign(void** block, size_t align, size_t size);
size_t malloc_usable_size(void* block);

#ifdef __cplusplus
}
#endif
