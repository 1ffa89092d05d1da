/* SPDX-License-Identifier: MIT */
/* Small arithmetic. min(), max() and clamp() evaluate each operand once, the others more than once, as in the kernel. */
#ifndef KCOMPAT_LINUX_MATH_H
#define KCOMPAT_LINUX_MATH_H

#include <linux/compiler.h>

#define ARRAY_SIZE(array)                                                                        \
	(sizeof(array) / sizeof((array)[0]) +                                                    \
	 0 * sizeof(struct {                                                                     \
		 int is_array : __builtin_types_compatible_p(typeof(array), typeof(&(array)[0])) ? -1 : 1; \
	 }))

#define __kcompat_pick(a, op, b) \
	({                       \
		typeof(a) a_ = (a); \
		typeof(b) b_ = (b); \
		(void)(&a_ == &b_); /* warns when the types differ */ \
		a_ op b_ ? a_ : b_; \
	})
#define min(a, b) __kcompat_pick(a, <, b)
#define max(a, b) __kcompat_pick(a, >, b)
#define min_t(type, a, b) min((type)(a), (type)(b))
#define max_t(type, a, b) max((type)(a), (type)(b))
#define clamp(value, low, high) min(max(value, low), high)
#define clamp_t(type, value, low, high) min_t(type, max_t(type, value, low), high)
#define swap(a, b)                   \
	do {                         \
		typeof(a) kept_ = (a); \
		(a) = (b);           \
		(b) = kept_;         \
	} while (0)

#define DIV_ROUND_UP(n, d) (((n) + (d) - 1) / (d))
#define roundup(x, y) (DIV_ROUND_UP(x, y) * (y))
#define ALIGN(x, a) (((x) + ((typeof(x))(a) - 1)) & ~((typeof(x))(a) - 1))
#define IS_ALIGNED(x, a) (((x) & ((typeof(x))(a) - 1)) == 0)

#define upper_32_bits(n) ((u32)((u64)(n) >> 32))
#define lower_32_bits(n) ((u32)(n))

#endif
