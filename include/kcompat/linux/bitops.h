/* SPDX-License-Identifier: MIT */
/*
 * Single bits of an array of longs, atomically; the forms with __ in front are for whoever holds a lock. Those that give
 * the old value are full barriers, the others order nothing.
 */
#ifndef KCOMPAT_LINUX_BITOPS_H
#define KCOMPAT_LINUX_BITOPS_H

#include <linux/bits.h>
#include <linux/compiler.h>

#define BITS_TO_LONGS(bits) (((bits) + BITS_PER_LONG - 1) / BITS_PER_LONG)
#define DECLARE_BITMAP(name, bits) unsigned long name[BITS_TO_LONGS(bits)]

#define __kcompat_word(bit, map) (&(map)[(bit) / BITS_PER_LONG])
#define __kcompat_mask(bit) (1UL << ((bit) % BITS_PER_LONG))

static inline bool test_bit(unsigned long bit, const volatile unsigned long *map)
{
	return __atomic_load_n(__kcompat_word(bit, map), __ATOMIC_RELAXED) & __kcompat_mask(bit);
}

static inline bool test_bit_acquire(unsigned long bit, const volatile unsigned long *map)
{
	return __atomic_load_n(__kcompat_word(bit, map), __ATOMIC_ACQUIRE) & __kcompat_mask(bit);
}

static inline void set_bit(unsigned long bit, volatile unsigned long *map)
{
	__atomic_fetch_or(__kcompat_word(bit, map), __kcompat_mask(bit), __ATOMIC_RELAXED);
}

static inline void clear_bit(unsigned long bit, volatile unsigned long *map)
{
	__atomic_fetch_and(__kcompat_word(bit, map), ~__kcompat_mask(bit), __ATOMIC_RELAXED);
}

static inline void clear_bit_unlock(unsigned long bit, volatile unsigned long *map)
{
	__atomic_fetch_and(__kcompat_word(bit, map), ~__kcompat_mask(bit), __ATOMIC_RELEASE);
}

static inline bool test_and_set_bit(unsigned long bit, volatile unsigned long *map)
{
	return __atomic_fetch_or(__kcompat_word(bit, map), __kcompat_mask(bit), __ATOMIC_SEQ_CST) & __kcompat_mask(bit);
}

static inline bool test_and_clear_bit(unsigned long bit, volatile unsigned long *map)
{
	return __atomic_fetch_and(__kcompat_word(bit, map), ~__kcompat_mask(bit), __ATOMIC_SEQ_CST) & __kcompat_mask(bit);
}

/* Not atomic against other writers; whoever reads with test_bit() still sees a whole word. */
static inline void __set_bit(unsigned long bit, volatile unsigned long *map)
{
	volatile unsigned long *word = __kcompat_word(bit, map);

	WRITE_ONCE(*word, READ_ONCE(*word) | __kcompat_mask(bit));
}

static inline void __clear_bit(unsigned long bit, volatile unsigned long *map)
{
	volatile unsigned long *word = __kcompat_word(bit, map);

	WRITE_ONCE(*word, READ_ONCE(*word) & ~__kcompat_mask(bit));
}

#define hweight8(x) ((unsigned int)__builtin_popcount((u8)(x)))
#define hweight16(x) ((unsigned int)__builtin_popcount((u16)(x)))
#define hweight32(x) ((unsigned int)__builtin_popcount((u32)(x)))
#define hweight64(x) ((unsigned int)__builtin_popcountll((u64)(x)))

/* Number of the lowest bit that is set; nothing sensible for 0. */
#define __ffs(x) ((unsigned int)__builtin_ctzl(x))

/* One more than the number of the highest bit that is set, 0 for 0. */
static inline int fls(unsigned int x)
{
	return x ? 32 - __builtin_clz(x) : 0;
}

static inline int fls64(u64 x)
{
	return x ? 64 - __builtin_clzll(x) : 0;
}

#endif
