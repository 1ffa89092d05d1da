/* SPDX-License-Identifier: MIT */
/*
 * Atomic counters. An operation that returns a value is a full barrier, one that does not orders nothing; the names that
 * end in _acquire, _release or _relaxed say so.
 */
#ifndef KCOMPAT_LINUX_ATOMIC_H
#define KCOMPAT_LINUX_ATOMIC_H

#include <linux/compiler.h>

#define ATOMIC_INIT(value) { (value) }
#define ATOMIC64_INIT(value) { (value) }

/* All of it twice: for atomic_t (int) and atomic64_t (s64). */
#define __KCOMPAT_ATOMIC(name, word)                                                                                 \
	static inline word name##_read(const name##_t *v) { return __atomic_load_n(&v->counter, __ATOMIC_RELAXED); } \
	static inline word name##_read_acquire(const name##_t *v)                                                    \
	{                                                                                                            \
		return __atomic_load_n(&v->counter, __ATOMIC_ACQUIRE);                                               \
	}                                                                                                            \
	static inline void name##_set(name##_t *v, word i) { __atomic_store_n(&v->counter, i, __ATOMIC_RELAXED); }   \
	static inline void name##_set_release(name##_t *v, word i)                                                   \
	{                                                                                                            \
		__atomic_store_n(&v->counter, i, __ATOMIC_RELEASE);                                                  \
	}                                                                                                            \
	static inline void name##_add(word i, name##_t *v) { __atomic_fetch_add(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline void name##_sub(word i, name##_t *v) { __atomic_fetch_sub(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline void name##_inc(name##_t *v) { name##_add(1, v); }                                             \
	static inline void name##_dec(name##_t *v) { name##_sub(1, v); }                                             \
	static inline void name##_or(word i, name##_t *v) { __atomic_fetch_or(&v->counter, i, __ATOMIC_RELAXED); }   \
	static inline void name##_and(word i, name##_t *v) { __atomic_fetch_and(&v->counter, i, __ATOMIC_RELAXED); } \
	static inline word name##_fetch_add(word i, name##_t *v)                                                     \
	{                                                                                                            \
		return __atomic_fetch_add(&v->counter, i, __ATOMIC_SEQ_CST);                                         \
	}                                                                                                            \
	static inline word name##_fetch_or(word i, name##_t *v)                                                      \
	{                                                                                                            \
		return __atomic_fetch_or(&v->counter, i, __ATOMIC_SEQ_CST);                                          \
	}                                                                                                            \
	static inline word name##_fetch_inc(name##_t *v) { return name##_fetch_add(1, v); }                          \
	static inline word name##_fetch_dec(name##_t *v) { return name##_fetch_add(-1, v); }                         \
	static inline word name##_add_return(word i, name##_t *v) { return name##_fetch_add(i, v) + i; }             \
	static inline word name##_sub_return(word i, name##_t *v) { return name##_fetch_add(-i, v) - i; }            \
	static inline word name##_inc_return(name##_t *v) { return name##_add_return(1, v); }                        \
	static inline word name##_dec_return(name##_t *v) { return name##_sub_return(1, v); }                        \
	static inline bool name##_inc_and_test(name##_t *v) { return name##_inc_return(v) == 0; }                    \
	static inline bool name##_dec_and_test(name##_t *v) { return name##_dec_return(v) == 0; }                    \
	static inline bool name##_sub_and_test(word i, name##_t *v) { return name##_sub_return(i, v) == 0; }         \
	static inline word name##_xchg(name##_t *v, word i)                                                          \
	{                                                                                                            \
		return __atomic_exchange_n(&v->counter, i, __ATOMIC_SEQ_CST);                                        \
	}                                                                                                            \
	static inline bool name##_try_cmpxchg(name##_t *v, word *old, word i)                                        \
	{                                                                                                            \
		return __atomic_compare_exchange_n(&v->counter, old, i, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);  \
	}                                                                                                            \
	static inline word name##_cmpxchg(name##_t *v, word old, word i)                                             \
	{                                                                                                            \
		name##_try_cmpxchg(v, &old, i);                                                                      \
		return old;                                                                                          \
	}                                                                                                            \
	static inline bool name##_add_unless(name##_t *v, word i, word unless)                                       \
	{                                                                                                            \
		word now = name##_read(v);                                                                           \
                                                                                                                     \
		while (now != unless)                                                                                \
			if (name##_try_cmpxchg(v, &now, now + i))                                                    \
				return true;                                                                         \
		return false;                                                                                        \
	}                                                                                                            \
	static inline bool name##_inc_not_zero(name##_t *v) { return name##_add_unless(v, 1, 0); }

__KCOMPAT_ATOMIC(atomic, int)
__KCOMPAT_ATOMIC(atomic64, s64)

/* The same on any scalar. */
#define xchg(ptr, value) __atomic_exchange_n(ptr, value, __ATOMIC_SEQ_CST)
#define cmpxchg(ptr, old, value)                                                                                \
	({                                                                                                      \
		typeof(*(ptr)) old_ = (old);                                                                    \
		__atomic_compare_exchange_n(ptr, &old_, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);      \
		old_;                                                                                           \
	})
#define try_cmpxchg(ptr, old, value) \
	__atomic_compare_exchange_n(ptr, old, value, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)

#endif
