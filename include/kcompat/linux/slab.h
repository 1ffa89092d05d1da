/* SPDX-License-Identifier: MIT */
/*
 * Memory: libc's, so that what one side allocates the other may free (dma_fence_free() of a fence from kmalloc(), kfree()
 * of the array from dma_resv_get_fences()). The GFP_ flags are hints, except __GFP_ZERO.
 */
#ifndef KCOMPAT_LINUX_SLAB_H
#define KCOMPAT_LINUX_SLAB_H

#include <linux/gfp.h>
#include <linux/kernel.h>
#include <linux/workqueue.h>

void *kmalloc(size_t size, gfp_t gfp) KCOMPAT_API(kmalloc) __attribute__((__malloc__));
void *krealloc(const void *ptr, size_t size, gfp_t gfp) KCOMPAT_API(krealloc);
void kfree(const void *ptr) KCOMPAT_API(kfree);
/* NULL also when the size of the whole cannot be said in a size_t. */
void *kmalloc_array(size_t n, size_t size, gfp_t gfp) KCOMPAT_API(kmalloc_array);

#define kzalloc(size, gfp) kmalloc(size, (gfp) | __GFP_ZERO)
#define kcalloc(n, size, gfp) kmalloc_array(n, size, (gfp) | __GFP_ZERO)
#define kvmalloc(size, gfp) kmalloc(size, gfp)
#define kvzalloc(size, gfp) kzalloc(size, gfp)
#define kvmalloc_array(n, size, gfp) kmalloc_array(n, size, gfp)
#define kvcalloc(n, size, gfp) kcalloc(n, size, gfp)
#define kvfree(ptr) kfree(ptr)

/*
 * Caches of objects of one size. With SLAB_TYPESAFE_BY_RCU an object may be given out again at once, but its memory stays
 * memory of such objects until the cache is destroyed: whoever finds it under RCU may look at it, and must then find out
 * which object it is. Without the flag, memory comes from malloc(), where a sanitizer watches it.
 */
struct kmem_cache;

#define SLAB_HWCACHE_ALIGN ((unsigned int)0x00002000)
#define SLAB_PANIC ((unsigned int)0x00040000)
#define SLAB_TYPESAFE_BY_RCU ((unsigned int)0x00080000)

/* NULL: out of memory. @ctor may be NULL; it runs once for the memory of a type-safe object, else at each allocation. */
struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, unsigned int flags,
				     void (*ctor)(void *object)) KCOMPAT_API(kmem_cache_create);
#define KMEM_CACHE(type, flags) \
	kmem_cache_create(#type, sizeof(struct type), __alignof__(struct type), flags, NULL)
void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp) KCOMPAT_API(kmem_cache_alloc);
#define kmem_cache_zalloc(cache, gfp) kmem_cache_alloc(cache, (gfp) | __GFP_ZERO)
void kmem_cache_free(struct kmem_cache *cache, void *object) KCOMPAT_API(kmem_cache_free);
/* Waits for a grace period. Warns, and leaves the memory alone, when objects are still in use. */
void kmem_cache_destroy(struct kmem_cache *cache) KCOMPAT_API(kmem_cache_destroy);

#endif
