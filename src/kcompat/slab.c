/* SPDX-License-Identifier: MIT */
/*
 * kcompat: memory, and caches of objects of one size.
 *
 * Called by: drivers. A type-safe cache carves its objects out of slabs that it keeps until it is destroyed; its free
 * objects hang on a list whose links lie outside them, since a reader may still look at an object that is free.
 *
 * Invariant: memory of a type-safe cache never holds anything but one of its objects.
 */
#include <stdlib.h>
#include <unistd.h>

#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#define CACHE_LINE 64
#define SLAB_OBJECTS 64

/* In front of each object of a type-safe cache, at a fixed distance. */
struct link {
	struct link *next;		/* while the object is free; NULL: the last one */
};

struct slab {
	struct slab *next;		/* NULL: the first one made */
};

struct kmem_cache {
	const char *name;
	size_t size, align;
	size_t distance, stride;	/* from link to object, and to the next link */
	unsigned int flags;
	void (*ctor)(void *object);
	spinlock_t lock;		/* of what follows */
	struct link *free;
	struct slab *slabs;
	unsigned long in_use;
};

void *kmalloc(size_t size, gfp_t gfp)
{
	return gfp & __GFP_ZERO ? calloc(1, size) : malloc(size);
}

void *krealloc(const void *ptr, size_t size, gfp_t gfp)
{
	(void)gfp;
	if (size)
		return realloc((void *)ptr, size);
	free((void *)ptr);
	return NULL;
}

void kfree(const void *ptr)
{
	free((void *)ptr);
}

void *kmalloc_array(size_t n, size_t size, gfp_t gfp)
{
	size_t bytes;

	return __builtin_mul_overflow(n, size, &bytes) ? NULL : kmalloc(bytes, gfp);
}

char *kstrdup(const char *text, gfp_t gfp)
{
	(void)gfp;
	return text ? strdup(text) : NULL;
}

void *kmemdup(const void *source, size_t size, gfp_t gfp)
{
	void *copy = kmalloc(size, gfp);

	return copy ? memcpy(copy, source, size) : NULL;
}

unsigned long __kcompat_page_size(void)
{
	return (unsigned long)sysconf(_SC_PAGESIZE);
}

/* --- caches --- */

struct kmem_cache *kmem_cache_create(const char *name, unsigned int size, unsigned int align, unsigned int flags,
				     void (*ctor)(void *object))
{
	struct kmem_cache *cache = calloc(1, sizeof(*cache));

	if (!cache) {
		BUG_ON(flags & SLAB_PANIC);
		return NULL;
	}
	cache->name = name;
	cache->align = max_t(size_t, align, flags & SLAB_HWCACHE_ALIGN ? CACHE_LINE : sizeof(void *));
	cache->size = ALIGN((size_t)size, cache->align);
	cache->distance = ALIGN(sizeof(struct link), cache->align);
	cache->stride = cache->distance + cache->size;
	cache->flags = flags;
	cache->ctor = ctor;
	spin_lock_init(&cache->lock);
	return cache;
}

static void *object_of(struct kmem_cache *cache, struct link *link)
{
	return (char *)link + cache->distance;
}

/* Cut one more slab into free objects. The lock is held. */
static void add_slab(struct kmem_cache *cache)
{
	size_t head = ALIGN(sizeof(struct slab), cache->align);
	struct slab *slab = aligned_alloc(cache->align, head + SLAB_OBJECTS * cache->stride);

	if (!slab)
		return;
	slab->next = cache->slabs;
	cache->slabs = slab;
	for (int i = SLAB_OBJECTS; i--;) {
		struct link *link = (struct link *)((char *)slab + head + (size_t)i * cache->stride);

		link->next = cache->free;
		cache->free = link;
		memset(object_of(cache, link), 0, cache->size);
		if (cache->ctor)
			cache->ctor(object_of(cache, link));
	}
}

static void *take_typesafe(struct kmem_cache *cache)
{
	struct link *link;

	spin_lock(&cache->lock);
	if (!cache->free)
		add_slab(cache);
	link = cache->free;
	if (link) {
		cache->free = link->next;
		cache->in_use++;
	}
	spin_unlock(&cache->lock);
	return link ? object_of(cache, link) : NULL;
}

static void *take_malloc(struct kmem_cache *cache)
{
	void *object = aligned_alloc(cache->align, cache->size);

	if (!object)
		return NULL;
	if (cache->ctor)
		cache->ctor(object);
	__atomic_fetch_add(&cache->in_use, 1, __ATOMIC_RELAXED);
	return object;
}

void *kmem_cache_alloc(struct kmem_cache *cache, gfp_t gfp)
{
	void *object = cache->flags & SLAB_TYPESAFE_BY_RCU ? take_typesafe(cache) : take_malloc(cache);

	if (object && gfp & __GFP_ZERO)
		memset(object, 0, cache->size);
	return object;
}

void kmem_cache_free(struct kmem_cache *cache, void *object)
{
	struct link *link;

	if (!object)
		return;
	if (!(cache->flags & SLAB_TYPESAFE_BY_RCU)) {
		__atomic_fetch_sub(&cache->in_use, 1, __ATOMIC_RELAXED);
		free(object);
		return;
	}
	link = (struct link *)((char *)object - cache->distance);
	spin_lock(&cache->lock);
	link->next = cache->free;
	cache->free = link;
	cache->in_use--;
	spin_unlock(&cache->lock);
}

void kmem_cache_destroy(struct kmem_cache *cache)
{
	struct slab *slab;

	if (!cache)
		return;
	rcu_barrier(); /* Readers have left, and what was to be freed has been. */
	if (WARN(cache->in_use, "kmem_cache_destroy: %lu objects of %s are in use", cache->in_use, cache->name))
		return;
	while ((slab = cache->slabs)) {
		cache->slabs = slab->next;
		free(slab);
	}
	free(cache);
}
